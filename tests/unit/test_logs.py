"""One way for every line that the process says about itself, without secrets."""

import asyncio
import io
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from telegram import Bot
from telegram.error import TelegramError
from telegram.ext import ExtBot

from bot.clock import SystemClock
from bot.logs import HIDDEN, OURS, Scrubber, configure_logging
from bot.telegram.transport import AiohttpRequest
from storage.database import Database

TOKEN = "123456:telegram-token"
KEY = 'key"with\\marks/é'

Lines = Callable[[], list[dict[str, Any]]]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.NOTSET)
    sys.excepthook = hook
    logging.captureWarnings(capture=False)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def lines(stream: io.StringIO) -> Lines:
    configure_logging("info", "auto", (TOKEN, KEY), stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(words: str) -> None:
    raise ValueError(words)


def test_away_from_a_terminal_each_line_is_one_json_object(lines: Lines) -> None:
    structlog.get_logger("bot.x").info("started", port=8080, words="naïve\nlines")
    (line,) = lines()
    assert line["event"] == "started"
    assert (line["level"], line["logger"], line["port"]) == ("info", "bot.x", 8080)
    assert line["words"] == "naïve\nlines"
    assert line["timestamp"].endswith("Z")


def test_on_a_terminal_a_line_is_for_people() -> None:
    terminal = Terminal()
    configure_logging("info", "auto", (), terminal)
    structlog.get_logger("bot.x").info("started", port=8080)
    assert "started" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


@pytest.mark.parametrize(("log_format", "is_json"), [("json", True), ("console", False)])
def test_the_format_can_be_chosen(stream: io.StringIO, log_format: str, is_json: bool) -> None:
    configure_logging("info", log_format, (), stream)
    structlog.get_logger("bot.x").info("started")
    assert stream.getvalue().startswith("{") is is_json


def test_the_reference_is_on_the_lines_of_all_libraries(lines: Lines) -> None:
    with structlog.contextvars.bound_contextvars(ref="a1b2c3"):
        structlog.get_logger("bot.x").warning("ours")
        logging.getLogger("aiohttp.client").warning("theirs %d", 1)
    structlog.get_logger("bot.x").warning("after")
    assert [(line["event"], line.get("ref")) for line in lines()] == [
        ("ours", "a1b2c3"),
        ("theirs 1", "a1b2c3"),
        ("after", None),
    ]


def test_lines_below_the_level_are_left_out(lines: Lines) -> None:
    structlog.get_logger("bot.x").debug("ours")
    logging.getLogger("asyncio").debug("theirs")
    for name in ("httpx2", "telegram.ext", "openai._base_client", "aiohttp.access"):
        logging.getLogger(name).info("GET /")
        logging.getLogger(name).warning("slow")
    assert [line["event"] for line in lines()] == ["slow"] * 4


def test_at_debug_only_our_own_lines_are_more(stream: io.StringIO) -> None:
    configure_logging("debug", "json", (), stream)
    structlog.get_logger("bot.x").debug("ours")
    logging.getLogger("handlers.x").debug("ours, too")
    for name in ("aiosqlite", "aiohttp.access", "openai._base_client", "telegram.Bot", "PIL.Image"):
        logging.getLogger(name).debug("words of people")
        logging.getLogger(name).info("words of people")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == [
        "ours",
        "ours, too",
    ]


async def test_at_debug_no_statement_with_its_values_is_logged(
    stream: io.StringIO, tmp_path: Path
) -> None:
    configure_logging("debug", "json", (), stream)
    database = await Database.open(tmp_path / "parley.db", SystemClock())
    async with database.transaction() as session:
        await session.execute("INSERT INTO chats (platform, chat) VALUES ('t', ?)", ("my-words",))
    await database.close()
    assert "migration_applied" in stream.getvalue()
    assert "my-words" not in stream.getvalue()
    assert "INSERT" not in stream.getvalue()


def test_a_library_that_chooses_its_own_level_is_held_nevertheless(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_logging("debug", "json", (), stream)
    library = logging.getLogger("openai")
    monkeypatch.setattr(library, "level", logging.DEBUG)
    logging.getLogger("openai.made_up").debug("words of people")
    assert stream.getvalue() == ""


async def test_an_answer_of_telegram_that_cannot_be_read_is_not_repeated(
    stream: io.StringIO,
) -> None:
    configure_logging("debug", "json", (), stream)
    with pytest.raises(TelegramError):
        AiohttpRequest.parse_json_payload(b'{"ok": true, "result": [{"text": "words of people"')
    bot = Bot("1:x", request=AiohttpRequest())
    bot._LOGGER.critical("Received data was %r", "words of people")  # as it would
    ExtBot("1:x", request=AiohttpRequest())._LOGGER.critical("%r", "words of people")
    assert stream.getvalue() == ""


async def test_at_debug_a_slow_callback_is_not_told_with_what_it_was_given(
    stream: io.StringIO,
) -> None:
    configure_logging("debug", "json", (), stream)
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0
    done = asyncio.Event()

    def take(words: str) -> None:
        assert words
        done.set()

    try:
        loop.call_soon(take, "words-of-people")
        await done.wait()
        await asyncio.sleep(0)
    finally:
        loop.set_debug(False)
    assert stream.getvalue() == ""


def test_warnings_are_lines(lines: Lines) -> None:
    warnings.showwarning("old-fashioned", UserWarning, "somewhere.py", 1)
    (line,) = lines()
    assert "old-fashioned" in line["event"]
    assert line["level"] == "warning"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_is_on_any_line(stream: io.StringIO, log_format: str) -> None:
    configure_logging("info", log_format, (TOKEN, KEY), stream)
    log = structlog.get_logger("bot.x")
    log.info("called", url=f"https://api.telegram.org/bot{TOKEN}/getMe", key=KEY)
    log.info("said", words=f"event {TOKEN}", nested={"a": [KEY]}, error=ValueError(TOKEN))
    try:
        fail(KEY)
    except ValueError:
        log.exception("failed")
        logging.getLogger("telegram").exception("failed with %s", TOKEN)
    written = stream.getvalue()
    assert "telegram-token" not in written
    assert "marks" not in written
    assert "Traceback" in written
    assert HIDDEN in written


def test_what_ends_the_process_is_a_line(lines: Lines) -> None:
    try:
        fail(f"broke on {KEY}")
    except ValueError as exc:
        sys.excepthook(type(exc), exc, exc.__traceback__)
    (line,) = lines()
    assert line["level"] == "critical"
    assert f"ValueError: broke on {HIDDEN}" in line["exception"]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("http://127.0.0.1:8081/bot12:ab_C-d/getMe", f"http://127.0.0.1:8081/bot{HIDDEN}/getMe"),
        ("/file/bot12:ab/photos/1.jpg", f"/file/bot{HIDDEN}/photos/1.jpg"),
        ("/bot12%3Aab/x", f"/bot{HIDDEN}/x"),
        (f"token 1234567:{'a' * 35}!", f"token {HIDDEN}!"),
        ("sk-proj-0123456789abcdefghij.", f"{HIDDEN}."),
        ("Authorization: Bearer abc.def=", f"Authorization: Bearer {HIDDEN}"),
        ("http://user:pass@proxy:1/", f"http://{HIDDEN}@proxy:1/"),
        ("telegram:123456 at 12:30:45", "telegram:123456 at 12:30:45"),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, clean: str) -> None:
    assert Scrubber()(text) == clean


def test_a_secret_is_hidden_in_every_spelling() -> None:
    secret = 'a/b"cé:d'
    scrub = Scrubber([secret])
    for spelling in (secret, "a%2Fb%22c%C3%A9%3Ad", json.dumps(secret), f"x{secret}y"):
        assert "b" not in scrub(spelling).replace(HIDDEN, "")


def test_a_placeholder_for_a_key_stays_a_word() -> None:
    assert Scrubber(["none", ""])("none of them") == "none of them"
