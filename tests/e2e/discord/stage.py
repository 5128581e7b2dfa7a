"""A whole bot between an emulated Discord and an emulated model's service, over real sockets."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.config import Config, load_config
from tests import bot_runs
from tests.emulators.discord import Channel, DiscordEmulator, Message, User
from tests.emulators.openai import OpenAIEmulator


@dataclass
class DiscordStage:
    discord: DiscordEmulator
    openai: OpenAIEmulator
    folder: Path
    more: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.alice = self.discord.user("alice")
        self.bob = self.discord.user("bob")
        self.guild = self.discord.guild("Guild", [self.alice, self.bob])
        self.general = self.guild.text_channel("general")

    def environment(self, **more: str) -> dict[str, str]:
        """What an operator would export; ``more`` by PARLEY_ names without the prefix."""
        settings = {
            "DISCORD__API_BASE_URL": self.discord.api_base_url,
            "DISCORD__GATEWAY_URL": self.discord.gateway_url,
            "DISCORD__UPDATE_INTERVAL_S": "0",
            **self.more,
            **more,
        }
        return {
            **bot_runs.environment(self.openai, self.folder),
            "DISCORD_BOT_TOKEN": self.discord.token,
            **bot_runs.overrides(settings),
        }

    def config(self, **more: str) -> Config:
        return load_config(None, self.environment(**more))

    def dm(self, user: User | None = None) -> Channel:
        """A direct chat with the bot, Alice's unless said otherwise."""
        return self.discord.dm(user or self.alice)

    @asynccontextmanager
    async def running(self, settings: Mapping[str, str] | None = None) -> AsyncIterator[None]:
        """The bot, connected and with its commands registered; its clock is the emulator's."""
        registered = len(self.discord.calls_of("bulk_set_application_commands"))
        async with bot_runs.running(self.config(**(settings or {})), self.discord.clock):
            await self.discord.wait_until(
                lambda: (
                    self.discord.gateway.connected
                    and len(self.discord.calls_of("bulk_set_application_commands")) > registered
                    and self.discord.commands()
                )
            )
            yield


def labels(message: Message) -> list[str]:
    """Of the buttons under a message."""
    return [part["label"] for part in message.components]
