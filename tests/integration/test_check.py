"""``check`` against the emulated services."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.check import check
from bot.config import Config
from tests.e2e.stage import Stage
from tests.emulators.openai import OpenAIEmulator
from tests.emulators.telegram import TelegramEmulator


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with TelegramEmulator() as telegram, OpenAIEmulator() as openai:
        yield Stage(telegram, openai, tmp_path)


async def look(config: Config) -> tuple[bool, list[str]]:
    lines: list[str] = []
    return await check(config, lines.append), lines


def about(lines: list[str], words: str) -> str:
    (line,) = (line for line in lines if words in line)
    return line


async def test_each_thing_that_works_is_a_line(stage: Stage) -> None:
    is_well, lines = await look(stage.config({"ACCESS__OWNERS": "telegram:1"}))
    assert is_well
    for words in (
        "configuration  read",
        "parley.db",
        "ffmpeg version",
        "@parley_test_bot",
        "reachable",
    ):
        assert about(lines, words).startswith("ok ")
    for key in ("chat_model", "transcription_model", "speech_model", "image_model"):
        assert about(lines, f"openai.{key}")
    assert stage.telegram.violations == []
    assert stage.openai.violations == []


async def test_a_second_check_finds_the_database_whole(stage: Stage) -> None:
    config = stage.config()
    assert "created" in about((await look(config))[1], "parley.db")
    assert "whole" in about((await look(config))[1], "parley.db")


async def test_an_unknown_token_is_a_failure_that_does_not_repeat_it(stage: Stage) -> None:
    is_well, lines = await look(stage.config({"TELEGRAM__TOKEN": "987:another-token"}))
    assert not is_well
    line = about(lines, "telegram.token")
    assert line.startswith("FAIL")
    assert "another-token" not in "\n".join(lines)


async def test_a_refused_key_is_a_failure(stage: Stage) -> None:
    is_well, lines = await look(stage.config({"OPENAI__API_KEY": "sk-wrong-key"}))
    assert not is_well
    assert about(lines, "openai endpoint").startswith("FAIL")
    assert "sk-wrong-key" not in "\n".join(lines)


async def test_a_chat_model_that_the_server_lacks_is_a_failure(stage: Stage) -> None:
    is_well, lines = await look(stage.config({"OPENAI__CHAT_MODEL": "no-such-model"}))
    assert not is_well
    assert about(lines, "no-such-model").startswith("FAIL")


async def test_a_model_that_ends_is_told_with_its_day(stage: Stage) -> None:
    is_well, lines = await look(stage.config({"OPENAI__CHAT_MODELS": "gpt-4o"}))
    assert is_well
    assert "2027-01-14" in about(lines, " gpt-4o:")


async def test_a_database_of_another_program_is_a_failure(stage: Stage) -> None:
    config = stage.config()
    config.storage.path.write_bytes(b"not a database at all" * 100)
    is_well, lines = await look(config)
    assert not is_well
    assert about(lines, "parley.db").startswith("FAIL")


async def test_what_is_down_does_not_hide_what_works(stage: Stage) -> None:
    is_well, lines = await look(stage.config({"TELEGRAM__API_BASE_URL": "http://127.0.0.1:9/bot"}))
    assert not is_well
    assert about(lines, "telegram.api_base_url").startswith("FAIL")
    assert about(lines, "parley.db").startswith("ok ")


async def test_what_is_open_is_a_warning(stage: Stage) -> None:
    settings = {"ACCESS__MODE": "open", "WEB__HOST": "0.0.0.0", "DISCORD__TOKEN": "x"}  # noqa: S104  # the point
    is_well, lines = await look(stage.config(settings))
    assert is_well
    for key in ("access.mode", "web.host", "discord.token"):
        assert about(lines, key).startswith("warn")


async def test_nobody_listed_is_a_warning(stage: Stage) -> None:
    _, lines = await look(stage.config({"ACCESS__MODE": "listed"}))
    assert about(lines, "access.owners").startswith("warn")
