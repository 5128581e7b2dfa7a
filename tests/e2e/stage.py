"""A whole bot between emulated services: built as the process builds it, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.bootstrap import build, serve
from bot.config import Config, load_config
from tests.emulators.openai import OpenAIEmulator
from tests.emulators.telegram import Chat, TelegramEmulator, User

KEY = "sk-test"


def environment(
    telegram: TelegramEmulator, openai: OpenAIEmulator, folder: Path, **more: str
) -> dict[str, str]:
    """What an operator would export; ``more`` by PARLEY_ names without the prefix."""
    return {
        "TELEGRAM_BOT_TOKEN": telegram.token,
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": openai.base_url,
        "PARLEY_TELEGRAM__API_BASE_URL": telegram.api_base_url,
        "PARLEY_TELEGRAM__FILE_BASE_URL": telegram.file_base_url,
        "PARLEY_STORAGE__PATH": str(folder / "parley.db"),
        "PARLEY_WEB__PORT": "0",
        "PARLEY_ACCESS__MODE": "open",
        # The pace is tested where it matters; elsewhere it would only make tests slow.
        "PARLEY_TELEGRAM__UPDATE_INTERVAL_S": "0",
        "PARLEY_TELEGRAM__GROUP_UPDATE_INTERVAL_S": "0",
        "PARLEY_TELEGRAM__MESSAGES_PER_S": "0",
        **{f"PARLEY_{name}": value for name, value in more.items()},
    }


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[None]:
    """The bot, answering while the block runs; then stopped as by SIGTERM."""
    stop = asyncio.Event()
    async with build(config) as bot:
        task = asyncio.create_task(serve(bot, stop, grace_s=5))
        try:
            yield
        finally:
            stop.set()
            await task


@dataclass
class Stage:
    telegram: TelegramEmulator
    openai: OpenAIEmulator
    folder: Path
    more: dict[str, str] = field(default_factory=dict)

    def config(self, settings: Mapping[str, str] | None = None) -> Config:
        more = {**self.more, **(settings or {})}
        return load_config(None, environment(self.telegram, self.openai, self.folder, **more))

    def alice(self) -> tuple[User, Chat]:
        """Alice and her private chat with the bot."""
        alice = self.telegram.user(101, "Alice")
        return alice, self.telegram.private(alice)
