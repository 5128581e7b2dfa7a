"""Replies over the real discord.py to the Discord emulator, and what tests of them share."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from discord import Client, Intents
from discord.http import Route

from bot.discord.address import TOKEN_LASTS_S, Address, Opening, channel_key
from bot.discord.client import point_at
from bot.discord.replies import Replies, ReplyTools
from bot.discord.rest import Rest
from bot.discord.sink import DiscordReply
from handlers.messages import Button, IncomingMessage, Origin, Sender
from handlers.ports.platforms import SentLog
from tests.emulators.discord import Channel, DiscordEmulator, Interaction, Message, User

TOKEN = "test-token"
RETRY = ((Button("Retry", "retry"),),)
WAIT_S = 10.0
DEFER, DEFER_UPDATE = 5, 6
EPHEMERAL = 64
ASK = {
    "type": 1,
    "name": "ask",
    "description": "Ask",
    "integration_types": [0, 1],
    "contexts": [0, 1, 2],
}
LINES = "\n\n".join(f"{number} " + "word " * 30 for number in range(60))
"""A text of several messages."""


@dataclass
class Notes:
    """Fills the port SentLog, in memory."""

    slots: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def ids(self, slot: str) -> tuple[str, ...]:
        return self.slots.get(slot, ())

    async def record(self, slot: str, ids: tuple[str, ...]) -> None:
        self.slots[slot] = ids


class Forgetful(Notes):
    """Dies before the first real message of a slot is recorded, as a process might."""

    def __init__(self, slot: str) -> None:
        super().__init__()
        self._slot = slot

    async def record(self, slot: str, ids: tuple[str, ...]) -> None:
        if slot == self._slot:
            raise asyncio.CancelledError
        await super().record(slot, ids)


class Pauses:
    """Short ones instead of those that are asked for."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await asyncio.sleep(0.002)


@dataclass
class Tools:
    """Stand-ins for the work on files, which notes what it was asked."""

    shrunk_to: list[int] = field(default_factory=list)

    async def to_mp3(self, ogg: bytes) -> bytes:
        return b"ID3" + ogg[:64]

    async def waveform(self, ogg: bytes) -> bytes:
        return bytes(range(256))

    async def shrink(self, data: bytes, max_bytes: int) -> tuple[bytes, str]:
        self.shrunk_to.append(max_bytes)
        return data[:max_bytes], "image/jpeg"

    @property
    def as_reply_tools(self) -> ReplyTools:
        return ReplyTools(self.to_mp3, self.waveform, self.shrink)


class EmulatorClock:
    """Tells the emulator's time, which a test moves."""

    def __init__(self, emulator: DiscordEmulator) -> None:
        self._emulator = emulator

    def now(self) -> float:
        return self._emulator.clock.now()


@dataclass
class Room:
    discord: DiscordEmulator
    client: Client
    rest: Rest
    alice: User
    general: Channel
    tools: Tools = field(default_factory=Tools)

    def replies(self, interval_s: float = 0.0, pause: Pauses | None = None) -> Replies:
        return Replies(
            self.rest,
            self.tools.as_reply_tools,
            EmulatorClock(self.discord),
            interval_s,
            pause or asyncio.sleep,
        )

    def question(self, channel: Channel, text: str = "why?") -> IncomingMessage:
        return asked(channel, channel.send(text))

    async def called(
        self,
        opening: Opening = Opening.LOADING,
        *,
        channel: Channel | None = None,
        is_hidden: bool = False,
        may_write: bool = True,
        is_acknowledged: bool = True,
        pressed: Message | None = None,
        file_bytes: int = 10 << 20,
    ) -> tuple[Interaction, IncomingMessage]:
        """A slash command or, with ``pressed``, a button's press."""
        channel = channel or self.general
        if pressed is None:
            interaction = channel.slash("ask", as_user_app=not may_write)
        else:
            interaction = channel.press(pressed, pressed.components[0]["custom_id"])
            interaction.is_user_app = not may_write
        if is_acknowledged:
            await self.acknowledge(
                interaction, DEFER if pressed is None else DEFER_UPDATE, is_hidden
            )
        address = Address(
            opening=opening,
            token=interaction.token,
            application_id=self.rest.application_id,
            expires_at=interaction.began_s + TOKEN_LASTS_S,
            is_hidden=is_hidden,
            may_write=may_write,
            file_bytes=file_bytes,
        )
        return interaction, IncomingMessage(
            key=f"discord:i:{interaction.id}",
            chat=channel_key(channel.id, channel.guild_id),
            sender=Sender("discord", str(interaction.user.id), interaction.user.display_name),
            message_id=str(interaction.id if pressed is None else pressed.id),
            command="ask",
            origin=Origin.MESSAGE if pressed is None else Origin.BUTTON,
            is_group=channel.guild_id is not None,
            reply_ref=address.encode(),
        )

    async def pressed(
        self, message: Message, *, is_hidden: bool = False, may_write: bool = True
    ) -> tuple[Interaction, IncomingMessage]:
        return await self.called(
            Opening.PRESSED,
            channel=self.discord.channel(message.channel.id),
            pressed=message,
            is_hidden=is_hidden,
            may_write=may_write,
        )

    async def acknowledge(
        self, interaction: Interaction, kind: int = DEFER, is_hidden: bool = False
    ) -> None:
        route = Route(
            "POST",
            "/interactions/{interaction_id}/{interaction_token}/callback",
            interaction_id=interaction.id,
            interaction_token=interaction.token,
        )
        data = {"flags": EPHEMERAL} if is_hidden and kind == DEFER else {}
        await self.client.http.request(route, json={"type": kind, "data": data})

    def count(self, *names: str) -> int:
        return len(self.discord.calls_of(*names))

    async def wait_for_calls(self, name: str, count: int = 1) -> None:
        await self.discord.wait_until(lambda: self.count(name) >= count)

    async def round_trips(self) -> None:
        """So many that whatever was to be sent at once has been sent meanwhile."""
        marker = self.general.send("a marker")
        for _ in range(10):
            await self.rest.get_message(self.general.id, marker.id)

    def assert_ordinary(self) -> None:
        """Nothing was done that draws an error."""
        assert self.discord.refused_calls == []


def asked(channel: Channel, message: Message, key: str = "") -> IncomingMessage:
    return IncomingMessage(
        key=key or f"discord:m:{message.id}",
        chat=channel_key(channel.id, channel.guild_id),
        sender=Sender("discord", str(message.author.id), message.author.display_name),
        message_id=str(message.id),
        text=message.content,
        is_group=channel.guild_id is not None,
    )


@asynccontextmanager
async def room() -> AsyncIterator[Room]:
    base = Route.BASE
    async with DiscordEmulator(TOKEN) as emulator:
        point_at(emulator.api_base_url, "")
        try:
            alice = emulator.user("alice")
            general = emulator.guild("Guild", [alice]).text_channel("general")
            async with Client(intents=Intents.none()) as client:
                await client.login(TOKEN)
                rest = Rest()
                rest.open(client.http, emulator.world.application_id)
                await rest.put_commands([ASK])
                yield Room(emulator, client, rest, alice, general)
            assert emulator.violations == []
            assert emulator.pings == []
        finally:
            Route.BASE = base


@asynccontextmanager
async def opened(
    replies: Replies,
    message: IncomingMessage,
    sent: SentLog | None = None,
    acknowledged: Awaitable[bool] | None = None,
) -> AsyncIterator[DiscordReply]:
    """A reply, and the end of it and of what it left to do."""
    reply = replies.open(message, Notes() if sent is None else sent, acknowledged)
    try:
        yield reply
    finally:
        await reply.aclose()
        await replies.aclose()


def contents(channel: Channel) -> list[str]:
    return [message.content for message in channel.bot_messages]
