"""The real bot, connected to the emulator, in a server with two people, and what it hears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest

from bot.discord.client import ParleyBot
from bot.discord.incoming import MessageReader
from handlers.messages import IncomingMessage
from tests.emulators.discord import DiscordEmulator, Message, permissions
from tests.unit.emulators.discord_client import point_at

WAIT_S = 10
POLL = {
    "question": {"text": "Tea?"},
    "answers": [],
    "expiry": "2026-11-21T10:00:00+00:00",
    "allow_multiselect": False,
    "layout_type": 1,
}
STICKER = {"id": "1", "name": "Wave", "format_type": 1}


class Ear:
    """Fills the port Listener."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[discord.Message] = asyncio.Queue()
        self._edits: asyncio.Queue[discord.Message] = asyncio.Queue()

    def on_connect(self, shard_id: int) -> None:
        pass

    def on_message(self, message: discord.Message) -> None:
        self._messages.put_nowait(message)

    def on_edit(self, message: discord.Message) -> None:
        self._edits.put_nowait(message)

    def on_interaction(self, interaction: discord.Interaction) -> None:
        pass

    async def message(self) -> discord.Message:
        """The next that was told, whoever wrote it."""
        async with asyncio.timeout(WAIT_S):
            return await self._messages.get()

    async def edit(self) -> discord.Message:
        async with asyncio.timeout(WAIT_S):
            return await self._edits.get()


class Scene:
    def __init__(self, service: DiscordEmulator) -> None:
        self.service = service
        self.us = service.world.bot
        self.alice, self.bob = service.user("alice"), service.user("bob")
        self.guild = service.guild("Guild", [self.alice, self.bob])
        self.general = self.guild.text_channel("general")
        self.direct = service.dm(self.alice)
        self.ear = Ear()
        self.bot = ParleyBot(self.ear, ready_timeout_s=0.05)

    async def read(self, **how: Any) -> IncomingMessage | None:
        """The next message that was told."""
        return read(await self.ear.message(), **how)

    async def hear(self, **how: Any) -> IncomingMessage:
        """The same, of which something is asked."""
        heard = await self.read(**how)
        assert heard is not None
        return heard

    def build(self, message: Message, **changes: Any) -> discord.Message:
        """As the bot makes it of what REST says, with changes to that."""
        guild_id = message.channel.guild_id
        where = {"guild_id": str(guild_id)} if guild_id else {}
        return self.bot.build_message(message.raw | where | changes)


def read(
    message: discord.Message, *, is_followed: bool = False, **how: Any
) -> IncomingMessage | None:
    return MessageReader().read(message, is_followed=is_followed, **how)


@asynccontextmanager
async def listening(
    monkeypatch: pytest.MonkeyPatch, *, may_read: bool = True
) -> AsyncIterator[Scene]:
    """``may_read``: whether the message content intent is granted."""
    intents = permissions.PRIVILEGED_INTENTS if may_read else 0
    async with DiscordEmulator(portal_intents=intents) as service:
        point_at(service, monkeypatch)
        scene = Scene(service)
        async with scene.bot as bot:
            task = asyncio.create_task(bot.start(service.token))
            ready = asyncio.create_task(bot.wait_until_ready())
            await asyncio.wait({task, ready}, timeout=WAIT_S, return_when=asyncio.FIRST_COMPLETED)
            try:
                if task.done():
                    task.result()
                assert ready.done()
                yield scene
            finally:
                ready.cancel()
                async with asyncio.timeout(WAIT_S):
                    await bot.close()
                    await task
