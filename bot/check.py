"""``python -m bot check``: what works, line by line, before people find out what does not."""

import asyncio
import ipaddress
import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import imageio_ffmpeg

from bot.clock import SystemClock
from bot.config import Config
from bot.discord import check as discord
from bot.openai.inspection import Verdict
from bot.openai.service import OpenAIService
from bot.telegram import check as telegram
from handlers.errors import ParleyError
from storage.database import Database
from storage.inspection import inspect_database

Level = Literal["ok", "warn", "FAIL"]

_LEVELS: dict[Verdict, Level] = {
    Verdict.OK: "ok",
    Verdict.WARNING: "warn",
    Verdict.BROKEN: "FAIL",
}


@dataclass(frozen=True, slots=True)
class Line:
    level: Level
    text: str


async def check(config: Config, tell: Callable[[str], None]) -> bool:
    """Whether everything works that is needed. Each line is told as soon as it is known.

    The database is created if there is none; nothing else is changed, and no model is asked.
    """
    is_well = True
    for subject, look in (
        ("configuration", _check_configuration),
        ("database", _check_database),
        ("ffmpeg", _check_ffmpeg),
        ("telegram", _check_telegram),
        ("discord", _check_discord),
        ("model", _check_models),
    ):
        for line in await _look(look, config):
            is_well = is_well and line.level != "FAIL"
            tell(f"{line.level:4}  {subject:13}  {line.text}")
    return is_well


async def _look(look: Callable[[Config], Awaitable[list[Line]]], config: Config) -> list[Line]:
    try:
        return await look(config)
    except ParleyError as exc:
        return [Line("FAIL", str(exc))]


async def _check_configuration(config: Config) -> list[Line]:
    lines = [Line("ok", "read")]
    access = config.access
    if access.mode == "open":
        lines.append(Line("warn", "access.mode: open; everybody may write, at your cost"))
    elif not (access.owners or access.users):
        lines.append(
            Line(
                "warn",
                "access.owners: nobody is listed; write to the bot, it tells you your id",
            )
        )
    else:
        lines += _check_owners(config)
    if not _is_loopback(config.web.host):
        lines.append(Line("warn", "web.host: other machines can read the metrics"))
    return lines


def _check_owners(config: Config) -> Iterator[Line]:
    """A platform that runs for nobody, a person on one that does not run."""
    tokens = {"telegram": config.telegram.token, "discord": config.discord.token}
    listed = {key.partition(":")[0] for key in (*config.access.owners, *config.access.users)}
    for platform, token in tokens.items():
        if token and platform not in listed:
            yield Line("warn", f"access.owners: nobody of {platform} is listed")
        if platform in listed and not token:
            yield Line(
                "warn", f"access.owners: {platform} is not started: {platform}.token is empty"
            )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _check_database(config: Config) -> list[Line]:
    path = config.storage.path
    report = await inspect_database(path)
    if not report.exists:
        database = await Database.open(path, SystemClock())
        await database.close()
        return [Line("ok", f"{path}, created")]
    if report.problems:
        return [
            Line("FAIL", f"storage.path: {path} is damaged ({problem}); restore a backup")
            for problem in report.problems
        ]
    if not await asyncio.to_thread(os.access, path, os.W_OK):
        return [Line("FAIL", f"storage.path: {path} may not be written; give the bot the right to")]
    state = "in use by a bot" if report.is_in_use else "whole"
    if report.schema < report.newest_schema:
        state += ", is brought up to date at the next start"
    return [Line("ok", f"{path}, {state}")]


async def _check_ffmpeg(_config: Config) -> list[Line]:
    try:
        program = await asyncio.to_thread(imageio_ffmpeg.get_ffmpeg_exe)  # type: ignore[attr-defined]  # it ships no types
        process = await asyncio.create_subprocess_exec(
            program,
            "-version",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        output, _ = await process.communicate()
    except (OSError, RuntimeError) as exc:
        return [Line("FAIL", f"cannot be started, so no voice messages: {exc}")]
    if process.returncode:
        return [Line("FAIL", f"ends with code {process.returncode}, so no voice messages")]
    return [Line("ok", " ".join(output.decode(errors="replace").split()[:3]))]


async def _check_telegram(config: Config) -> list[Line]:
    section = config.telegram
    if not section.token:
        return [Line("ok", "not used: telegram.token is not set")]
    line = await telegram.check_token(section.token, section.api_base_url, section.file_url)
    return [Line("ok", line)]


async def _check_discord(config: Config) -> list[Line]:
    section = config.discord
    if not section.token:
        return [Line("ok", "not used: discord.token is not set")]
    findings = await discord.check_token(section.token, section.api_base_url, section.gateway_url)
    return [Line("warn" if finding.is_warning else "ok", finding.text) for finding in findings]


async def _check_models(config: Config) -> list[Line]:
    async with OpenAIService(config.openai.to_options()) as service:
        findings = await service.check(datetime.now(UTC).date())
    return [
        Line(_LEVELS[finding.verdict], f"{finding.subject}: {finding.detail}")
        for finding in findings
    ]
