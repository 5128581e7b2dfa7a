"""``check`` against the emulated services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from bot.check import check
from bot.config import Config
from tests.e2e.stage import Stage
from tests.emulators.discord import DiscordEmulator
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
    line = about(lines, "openai.api_key: the service refuses this key (401)")
    assert line.startswith("FAIL")
    assert "sk-wrong-key" not in "\n".join(lines)


@asynccontextmanager
async def serving(
    text: str, status: int = 200, kind: str = "application/json"
) -> AsyncIterator[str]:
    """The root address of a server that answers everything with this."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text, status=status, content_type=kind)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<html>Welcome</html>", "text/html"),
        ("<html>Welcome</html>", "application/json"),
        ("[]", "application/json"),
        ('["a-model"]', "application/json"),
        ("null", "application/json"),
        ("7", "application/json"),
        ('{"error": "Unexpected endpoint or method."}', "application/json"),
        ('{"data": {"id": "a"}}', "application/json"),
    ],
)
async def test_what_is_no_openai_endpoint_is_a_failure(stage: Stage, text: str, kind: str) -> None:
    async with serving(text, kind=kind) as url:
        is_well, lines = await look(stage.config({"OPENAI__BASE_URL": url}))
    assert not is_well
    line = about(lines, "openai.")
    assert line.startswith("FAIL")
    assert "openai.base_url: what answers there is no OpenAI-style endpoint" in line
    assert "/v1" in line


@pytest.mark.parametrize("text", ['{"data": []}', '{"object": "list", "data": null}'])
async def test_a_server_that_lists_no_models_is_a_warning(stage: Stage, text: str) -> None:
    async with serving(text) as url:
        is_well, lines = await look(stage.config({"OPENAI__BASE_URL": f"{url}/v1"}))
    assert is_well
    assert about(lines, "openai.base_url: ").startswith("warn")


async def test_a_list_of_models_that_is_not_called_json_is_read(stage: Stage) -> None:
    models = '{"data": [{"id": "gpt-6-luna", "extra": 1}, {"name": "no id"}, "odd"]}'
    async with serving(models, kind="text/plain") as url:
        is_well, lines = await look(stage.config({"OPENAI__BASE_URL": f"{url}/v1"}))
    assert is_well
    assert about(lines, "openai.base_url: ").startswith("ok ")
    assert about(lines, "openai.chat_model").startswith("ok ")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("404 page not found", "text/plain"),
        ("<html>Not found</html>", "text/html"),
        ('{"detail": "Not Found"}', "application/json"),
    ],
)
async def test_nothing_at_an_address_without_v1_is_a_failure(
    stage: Stage, text: str, kind: str
) -> None:
    async with serving(text, 404, kind) as url:
        is_well, lines = await look(stage.config({"OPENAI__BASE_URL": url}))
    assert not is_well
    line = about(lines, "openai.base_url: ")
    assert line.startswith("FAIL")
    assert "/v1" in line


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"error": {"message": "no such route"}}', ""),
        ('{"error": {"message": "no such route"}}', "/v1"),
        ("404 page not found", "/v1"),
        ("404 page not found", "/elsewhere"),
    ],
)
async def test_a_server_that_does_not_tell_its_models_is_a_warning(
    stage: Stage, text: str, path: str
) -> None:
    async with serving(text, 404) as url:
        is_well, lines = await look(stage.config({"OPENAI__BASE_URL": f"{url}{path}"}))
    assert is_well
    assert about(lines, "openai.base_url: ").startswith("warn")


@pytest.mark.parametrize(
    ("status", "body", "key", "words"),
    [
        (401, "{}", "openai.api_key", "refuses this key (401)"),
        (403, '{"error": {"message": "not in your country"}}', "openai.api_key", "country"),
        (402, "{}", "openai.api_key", "no credit"),
        (400, '{"error": {"message": "odd question"}}', "openai.base_url", "odd question"),
        (413, "{}", "openai.base_url", "413"),
    ],
)
async def test_a_failing_service_is_told_in_words(
    stage: Stage, status: int, body: str, key: str, words: str
) -> None:
    async with serving(body, status) as url:
        is_well, lines = await look(stage.config({"OPENAI__BASE_URL": f"{url}/v1"}))
    assert not is_well
    line = about(lines, f"{key}: ")
    assert line.startswith("FAIL")
    assert words in line
    assert "Error:" not in line


async def test_where_nothing_answers_the_address_is_told(stage: Stage) -> None:
    is_well, lines = await look(stage.config({"OPENAI__BASE_URL": "http://127.0.0.1:9/v1"}))
    assert not is_well
    line = about(lines, "openai.base_url: nothing answers at 127.0.0.1:9")
    assert line.startswith("FAIL")
    assert "ConnectError" not in line


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
    line = about(lines, "parley.db")
    assert line.startswith("FAIL")
    assert "storage.path: " in line


async def test_what_is_down_does_not_hide_what_works(stage: Stage) -> None:
    is_well, lines = await look(stage.config({"TELEGRAM__API_BASE_URL": "http://127.0.0.1:9/bot"}))
    assert not is_well
    assert about(lines, "telegram.api_base_url").startswith("FAIL")
    assert about(lines, "parley.db").startswith("ok ")


async def test_what_is_open_is_a_warning(stage: Stage) -> None:
    settings = {"ACCESS__MODE": "open", "WEB__HOST": "0.0.0.0"}  # noqa: S104  # the point
    is_well, lines = await look(stage.config(settings))
    assert is_well
    for key in ("access.mode", "web.host"):
        assert about(lines, key).startswith("warn")


async def test_a_list_that_lets_nobody_in_is_a_warning(stage: Stage) -> None:
    settings = {"ACCESS__MODE": "listed", "ACCESS__OWNERS": "discord:1"}
    _, lines = await look(stage.config(settings))
    assert about(lines, "nobody of telegram is listed").startswith("warn")
    assert about(lines, "discord is not started").startswith("warn")


async def test_a_platform_without_a_token_is_not_asked(stage: Stage) -> None:
    _, lines = await look(stage.config())
    assert about(lines, "discord.token is not set").startswith("ok ")


async def test_discord_tells_the_link_that_invites_the_bot(stage: Stage) -> None:
    async with DiscordEmulator() as discord:
        settings = {
            "DISCORD__TOKEN": discord.token,
            "DISCORD__API_BASE_URL": discord.api_base_url,
            "TELEGRAM__TOKEN": "",
        }
        is_well, lines = await look(stage.config(settings))

    assert is_well
    assert about(lines, "oauth2/authorize").startswith("ok ")
    assert about(lines, "telegram.token is not set")


async def test_nobody_listed_is_a_warning(stage: Stage) -> None:
    _, lines = await look(stage.config({"ACCESS__MODE": "listed"}))
    assert about(lines, "access.owners").startswith("warn")
