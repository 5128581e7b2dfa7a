"""A whole bot between emulated services: built as the process builds it, over real sockets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.config import Config, load_config
from tests import bot_runs
from tests.bot_runs import KEY, running
from tests.emulators.openai import OpenAIEmulator
from tests.emulators.telegram import Chat, TelegramEmulator, User

__all__ = ["KEY", "Stage", "environment", "running"]


def environment(
    telegram: TelegramEmulator, openai: OpenAIEmulator, folder: Path, **more: str
) -> dict[str, str]:
    """What an operator would export; ``more`` by PARLEY_ names without the prefix."""
    return {
        **bot_runs.environment(openai, folder),
        "TELEGRAM_BOT_TOKEN": telegram.token,
        "PARLEY_TELEGRAM__API_BASE_URL": telegram.api_base_url,
        "PARLEY_TELEGRAM__FILE_BASE_URL": telegram.file_base_url,
        # The pace is tested where it matters; elsewhere it would only make tests slow.
        "PARLEY_TELEGRAM__UPDATE_INTERVAL_S": "0",
        "PARLEY_TELEGRAM__GROUP_UPDATE_INTERVAL_S": "0",
        "PARLEY_TELEGRAM__MESSAGES_PER_S": "0",
        **bot_runs.overrides(more),
    }


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
