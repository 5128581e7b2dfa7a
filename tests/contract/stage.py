"""A whole bot between one emulated platform and the emulated service of the model."""

import asyncio
import gc
import io
import json
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from bot.config import Config, load_config
from bot.logs import configure_logging
from tests import bot_runs
from tests.bot_runs import BotProcess
from tests.contract.protocol import Chat, Person, Platform
from tests.emulators.openai import OpenAIEmulator

PLACES = ("private", "room")
"""What ``Stage.place`` takes."""
ALARMING = ("error", "critical")
START_TIMEOUT_S = 40.0
"""A process imports everything, and may share its machine."""


@dataclass
class Stage:
    platform: Platform
    openai: OpenAIEmulator
    folder: Path
    errors: list[str] = field(default_factory=list)
    """What was logged as an error, by a bot in this process or in its own."""

    def environment(self, **settings: str) -> dict[str, str]:
        """``settings`` by their PARLEY_ names without the prefix."""
        common = bot_runs.environment(self.openai, self.folder)
        return {**common, **self.platform.environment(), **bot_runs.overrides(settings)}

    def config(self, **settings: str) -> Config:
        return load_config(None, self.environment(**settings))

    def alice(self) -> tuple[Person, Chat]:
        """Alice and her private chat with the bot."""
        alice = self.platform.person("Alice")
        return alice, self.platform.private(alice)

    def place(self, kind: str) -> Chat:
        """Alice's private chat, or a room with her."""
        alice, private = self.alice()
        return private if kind == "private" else self.platform.room(alice)

    @asynccontextmanager
    async def running(self, **settings: str) -> AsyncIterator[None]:
        """The bot in this process, from when it listens; then stopped as by SIGTERM."""
        before = self.platform.connections
        async with bot_runs.running(self.config(**settings)):
            await self.platform.wait_until(lambda: self.platform.connections > before)
            yield

    @asynccontextmanager
    async def process(self, **settings: str) -> AsyncIterator[BotProcess]:
        """The bot as a process, from when it listens; killed at the end if it still runs."""
        before = self.platform.connections
        variables = self.environment(LOGGING__FORMAT="json", **settings)
        bot = await BotProcess.start(variables, "run")
        try:
            await self._listens(bot, before)
            yield bot
        finally:
            await self.kill(bot)
            sys.stderr.write(bot.output)  # shown where a test fails
            self.errors += errors_in(bot.output)

    async def kill(self, bot: BotProcess) -> None:
        if not bot.has_ended:
            bot.kill()
            await bot.ended()

    async def _listens(self, bot: BotProcess, before: int) -> None:
        listens = asyncio.create_task(
            self.platform.wait_until(lambda: self.platform.connections > before, START_TIMEOUT_S)
        )
        ends = asyncio.create_task(bot.process.wait())
        await asyncio.wait((listens, ends), return_when=asyncio.FIRST_COMPLETED)
        if listens.done():
            ends.cancel()
            return listens.result()
        listens.cancel()
        await bot.ended()
        raise AssertionError(f"the bot did not start: {bot.output}")

    def questions(self) -> list[str]:
        """The last question of each request to the model, in order."""
        return [call.last_user.text for call in self.openai.chats()]

    def told(self) -> list[tuple[str, str]]:
        """All that the last request told the model: who, and what."""
        return [(message.role, message.text) for message in self.openai.chats()[-1].messages]


@contextmanager
def logging_to(errors: list[str]) -> Iterator[None]:
    """Log as the process does; what is an error goes to the list when the block ends."""
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    stream = io.StringIO()
    configure_logging("info", "json", (), stream)
    try:
        yield
        gc.collect()  # a task's exception that nobody asked for is told when it is forgotten
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        sys.excepthook = hook
        logging.captureWarnings(capture=False)
        structlog.contextvars.clear_contextvars()
        structlog.reset_defaults()
        sys.stderr.write(stream.getvalue())  # shown where a test fails
        errors += errors_in(stream.getvalue())


def errors_in(log: str) -> list[str]:
    """The lines that an operator would be alarmed by."""
    return [line for line in log.splitlines() if "Traceback" in line or _level(line) in ALARMING]


def _level(line: str) -> str:
    is_whole = line.startswith("{") and line.endswith("}")  # a kill may cut the last one
    return str(json.loads(line)["level"]) if is_whole else ""
