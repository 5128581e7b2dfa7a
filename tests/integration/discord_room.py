"""The line of arrivals over a real connection to the emulator, and who takes what it gives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import discord

from bot.discord.client import ParleyBot
from bot.discord.ear import Manners
from bot.discord.incoming import MessageReader
from bot.discord.intake import Intake, IntakeOptions
from bot.discord.rest import Rest
from handlers.errors import StorageError
from handlers.messages import ChatKey, IncomingMessage
from handlers.ports.stores import Place
from tests.emulators.discord import Channel, DiscordEmulator
from tests.emulators.telegram_service.values import Changes
from tests.fakes import FakePlaces

WAIT_S = 10.0
SELDOM_S = 1000.0
"""Longer than any test: how far places were read is stored at the end."""


class House:
    """Takes what is submitted: ``messages`` has each once, as an inbox has, ``twice`` the rest."""

    def __init__(self) -> None:
        self.messages: list[IncomingMessage] = []
        self.twice: list[str] = []
        self.faults: list[Exception] = []
        self.poison = ""
        """What can never be taken."""
        self.tries: list[list[str]] = []
        self.gate: asyncio.Event | None = None
        self.strangers: set[int] = set()
        self._changes = Changes()

    async def submit(self, messages: list[IncomingMessage]) -> None:
        self.tries.append([message.text for message in messages])
        self._changes.announce()
        if self.gate is not None:
            await self.gate.wait()
        if self.faults:
            raise self.faults.pop(0)
        if self.poison and any(message.text == self.poison for message in messages):
            raise ValueError("poison")
        known = {message.key for message in self.messages}
        self.twice += [message.text for message in messages if message.key in known]
        self.messages += [message for message in messages if message.key not in known]
        self._changes.announce()

    def welcome(self, message: IncomingMessage) -> bool:
        return int(message.sender.id) not in self.strangers

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]

    async def hear(self, count: int) -> list[str]:
        """What was said, once there is so much of it."""
        await self.until(lambda: len(self.messages) >= count)
        return self.texts

    async def until(self, predicate: Callable[[], bool]) -> None:
        assert await self._changes.wait_until(predicate, WAIT_S), f"said so far: {self.texts}"


class Ledger(FakePlaces):
    """Counts what is written, and dies when a test says so."""

    def __init__(self, *places: Place) -> None:
        super().__init__(*places)
        self.saves: list[list[Place]] = []
        self.faults: list[Exception] = []
        self.is_dead = False
        self.gate: asyncio.Event | None = None
        """While there is one, nothing is read before it is set."""

    async def load(self, platform: str) -> tuple[Place, ...]:
        if self.gate is not None:
            await self.gate.wait()
        return await super().load(platform)

    async def save(self, places: Sequence[Place]) -> None:
        if self.is_dead:
            raise StorageError("the process is no more")
        if self.faults:
            raise self.faults.pop(0)
        self.saves.append(list(places))
        await super().save(places)

    def place(self, channel: Channel) -> Place | None:
        return self.stored.get(key_of(channel))

    async def until(self, predicate: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S), self.saved:
            await self.saved.wait_for(predicate)


class Robot(ParleyBot):
    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """It would wait five seconds before every identify but the first."""


class Ear:
    """Listens to the gateway and passes all on."""

    intake: Intake

    def __init__(self) -> None:
        self.connects: asyncio.Queue[int] = asyncio.Queue()
        self._heard: list[str] = []
        self._changes = Changes()

    async def until_heard(self, text: str) -> None:
        """Until the gateway has told a message."""
        assert await self._changes.wait_until(lambda: text in self._heard, WAIT_S)

    def on_connect(self, shard_id: int) -> None:
        self.intake.on_connect(shard_id)
        self.connects.put_nowait(shard_id)

    def on_message(self, message: discord.Message) -> None:
        self.intake.on_message(message)
        self._heard.append(message.content)
        self._changes.announce()

    def on_edit(self, message: discord.Message) -> None:
        self.intake.on_edit(message)

    def on_interaction(self, interaction: discord.Interaction) -> None:
        """Others read it."""


class Running:
    def __init__(
        self,
        intake: Intake,
        ear: Ear,
        rest: Rest,
        line: asyncio.Task[None],
        pauses: list[float],
        muted: list[str],
    ) -> None:
        self.intake = intake
        self.ear = ear
        self.rest = rest
        self.line = line
        self.pauses = pauses
        self.muted = muted

    async def until_connected(self) -> None:
        """A new session; the one from the start counts as well."""
        async with asyncio.timeout(WAIT_S):
            await self.ear.connects.get()

    async def stop(self) -> None:
        self.line.cancel()
        await asyncio.gather(self.line, return_exceptions=True)


@asynccontextmanager
async def running(
    service: DiscordEmulator,
    house: House,
    ledger: Ledger,
    options: IntakeOptions | None = None,
    until_ready: Callable[[int], Awaitable[object]] | None = None,
    may_answer: Callable[[discord.Message], bool] = lambda _: True,
) -> AsyncIterator[Running]:
    """Connected, and knowing its servers. Pauses between tries take no time."""
    ear, rest, pauses, muted = Ear(), Rest(), list[float](), list[str]()
    bot = Robot(ear, ready_timeout_s=0.05)

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    ear.intake = Intake(
        MessageReader(),
        ledger,
        rest,
        bot.build_message,
        Manners(house.welcome, may_answer, lambda message: muted.append(message.content)),
        service.clock,
        options or IntakeOptions(save_every_s=SELDOM_S),
        until_ready=until_ready or bot.until_told,
        shard_count=lambda: bot.shard_count or 1,
        is_member=lambda guild_id: bot.get_guild(guild_id) is not None,
        pause=pause,
    )
    await bot.login(service.token)
    rest.open(bot.http, bot.application_id or 0)
    line = asyncio.create_task(ear.intake.run(house.submit))
    gateway = asyncio.create_task(bot.connect())
    run = Running(ear.intake, ear, rest, line, pauses, muted)
    try:
        async with asyncio.timeout(WAIT_S):
            await bot.wait_until_ready()
        await run.until_connected()
        yield run
        assert not line.done() or line.cancelled()
    finally:
        await run.stop()
        async with asyncio.timeout(WAIT_S):
            await bot.close()
            await gateway


def key_of(channel: Channel) -> ChatKey:
    if channel.guild_id is None:
        return ChatKey("discord", str(channel.id))
    return ChatKey("discord", str(channel.guild_id), str(channel.id))


async def talk_once(service: DiscordEmulator, ledger: Ledger, *channels: Channel) -> None:
    """The bot is addressed once in each, and ends: from then on it knows them."""
    house = House()
    async with running(service, house, ledger):
        for channel in channels:
            channel.send("hello", mention_bot=channel.guild is not None)
        await house.hear(len(channels))


def lists(service: DiscordEmulator, channel: Channel | None = None) -> int:
    """How often messages were asked for."""
    return len(
        service.calls_of("list_messages", channel_id=channel.id if channel is not None else None)
    )
