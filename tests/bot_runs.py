"""A bot between emulated services: in this process, or in its own as an operator starts it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from bot.bootstrap import build, serve
from bot.config import Config
from handlers.ports.machine import Clock
from tests.emulators.openai import OpenAIEmulator

ROOT = Path(__file__).resolve().parents[1]
KEY = "sk-test"


def environment(openai: OpenAIEmulator, folder: Path) -> dict[str, str]:
    """What an operator would export whatever the platform: a bot for everybody.

    The tokens are empty, lest those of the developer's .env start a bot that is meant for people.
    """
    return {
        "TELEGRAM_BOT_TOKEN": "",
        "DISCORD_BOT_TOKEN": "",
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": openai.base_url,
        "PARLEY_STORAGE__PATH": str(folder / "parley.db"),
        "PARLEY_WEB__PORT": "0",
        "PARLEY_ACCESS__MODE": "open",
    }


def overrides(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings by their PARLEY_ names without the prefix, as variables."""
    return {f"PARLEY_{name}": value for name, value in settings.items()}


@asynccontextmanager
async def running(config: Config, clock: Clock | None = None) -> AsyncIterator[None]:
    """The bot, answering while the block runs; then stopped as by SIGTERM."""
    stop = asyncio.Event()
    async with build(config, clock) as bot:
        task = asyncio.create_task(serve(bot, stop, grace_s=5))
        try:
            yield
        finally:
            stop.set()
            await task


class BotProcess:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.output = ""

    @classmethod
    async def start(cls, variables: Mapping[str, str], *arguments: str) -> Self:
        """``python -m bot``, with these variables over ours, without what ours say of a bot."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PARLEY_", "OPENAI_"))}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *arguments,
            cwd=ROOT,
            env={**clean, **variables},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=2**20,
        )
        return cls(process)

    @property
    def has_ended(self) -> bool:
        return self.process.returncode is not None

    def kill(self) -> None:
        self.process.kill()

    async def ended(self, within_s: float = 50.0) -> int:
        """The exit code; all that it printed is in ``output`` then."""
        async with asyncio.timeout(within_s):
            out, _ = await self.process.communicate()
        self.output += out.decode()
        return int(self.process.returncode or 0)

    async def line_with(self, words: str) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(50):
            while line := (await self.process.stdout.readline()).decode():
                self.output += line
                if words in line:
                    return line
        raise AssertionError(f"no line with {words!r} in {self.output}")
