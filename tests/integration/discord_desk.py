"""Parley's connection to the emulator, as far as interactions need it, with what it heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord

from bot.discord.acknowledging import Acknowledger
from bot.discord.client import ParleyBot
from bot.discord.commands import payloads
from bot.discord.interactions import Heard, InteractionReader
from bot.discord.rest import Json, Rest
from handlers.filling import Filling
from handlers.messages import IncomingMessage
from handlers.ports.stores import SettingsStore
from tests.emulators.discord import Channel, DiscordEmulator, Message, User
from tests.fakes import FakeCatalogue

WAIT_S = 10


class Desk:
    """Reads every interaction and acknowledges it, as the platform does."""

    def __init__(self, settings: SettingsStore) -> None:
        self.strangers: set[str] = set()
        self.bot = ParleyBot(self, ready_timeout_s=0.05)
        self.rest = Rest()
        self.filling = Filling(FakeCatalogue(), settings)
        self.acknowledger = Acknowledger(self.rest, self.filling)
        self.restart()
        self.last_words = ""
        """Set while the bot ends: whoever comes is told this."""
        self.waits_for: asyncio.Event | None = None
        """Nothing is acknowledged before it is set; ``arrived`` tells that something waits."""
        self.arrived = asyncio.Event()
        self._done: asyncio.Queue[tuple[Heard, bool]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    async def next(self) -> tuple[Heard, bool]:
        """The next interaction, and whether it was acknowledged."""
        async with asyncio.timeout(WAIT_S):
            return await self._done.get()

    async def next_message(self) -> IncomingMessage:
        heard, is_acknowledged = await self.next()
        assert is_acknowledged
        assert heard.message is not None
        return heard.message

    def restart(self) -> None:
        """Forget what was kept of earlier interactions."""
        self.reader = InteractionReader(self.bot, self._allows)

    def refuse(self, user: User) -> None:
        self.strangers.add(str(user.id))

    def _allows(self, message: IncomingMessage) -> bool:
        return message.sender.id not in self.strangers

    async def show_buttons(self, channel: Channel, rows: list[Json]) -> Message:
        """The bot's message in a channel, with buttons."""
        body = {"content": "menu", "components": rows}
        raw = await self.rest.create_message(
            channel.id, body, nonce=f"menu {len(channel.messages)}"
        )
        message = channel.message(int(raw["id"]))
        assert message is not None
        return message

    # Listener

    def on_connect(self, shard_id: int) -> None: ...
    def on_message(self, message: discord.Message) -> None: ...
    def on_edit(self, message: discord.Message) -> None: ...

    def on_interaction(self, interaction: discord.Interaction) -> None:
        heard = self.reader.read(interaction)
        task = asyncio.create_task(self._acknowledge(interaction, heard))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _acknowledge(self, interaction: discord.Interaction, heard: Heard) -> None:
        self.arrived.set()
        if self.waits_for is not None:
            await self.waits_for.wait()
        if self.last_words:
            is_taken = await self.acknowledger.decline(interaction, self.last_words)
        else:
            heard = await self.acknowledger.complete(interaction, heard)
            is_taken = await self.acknowledger.acknowledge(interaction, heard)
        self._done.put_nowait((heard, is_taken))


@asynccontextmanager
async def open_desk(service: DiscordEmulator, settings: SettingsStore) -> AsyncIterator[Desk]:
    """A desk that is connected, with its commands registered."""
    desk = Desk(settings)
    bot = desk.bot
    await bot.login(service.token)
    desk.rest.open(bot.http, service.world.application_id)
    await desk.rest.put_commands(payloads())
    gateway = asyncio.create_task(bot.connect())
    try:
        async with asyncio.timeout(WAIT_S):
            await bot.wait_until_ready()
        yield desk
    finally:
        await bot.close()
        await gateway
