"""One line of arrivals: what people do on Discord, in its order, each thing handed over once.

The gateway tells a message once, and what comes while there is no session is never told. So the
chats in which the bot is active are places, each stored with the last message that was dealt with;
after every new session they are read from there on. What was handed over before a crash and is
found again has the same key.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import discord
import structlog

from bot.discord.catchup import Bounds, CatchUp, Found
from bot.discord.ear import Ear, Manners
from bot.discord.incoming import MessageReader
from bot.discord.places import Places, chat_of
from bot.discord.references import References
from bot.discord.rest import Rest
from handlers.errors import StorageError
from handlers.messages import ChatKey, IncomingMessage
from handlers.ports.machine import Clock
from handlers.ports.stores import PlaceStore

log = structlog.get_logger(__name__)

Json = dict[str, Any]
Submit = Callable[[list[IncomingMessage]], Awaitable[None]]

BATCH_SIZE = 100
FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    max_age_s: float = 24 * 3600.0
    """What is older is not caught up."""
    max_messages: int = 100
    """Caught up in one place, the newest."""
    max_places: int = 200
    """Caught up after one connect, the liveliest."""
    fill_every_s: float = 60.0
    """What could not be read is tried again so often."""
    save_every_s: float = 3.0
    """How far each place was read is stored so often; a crash reads again what came since."""
    max_waiting: int = 10_000
    """Messages in memory while they cannot be handed over; more are left to the catch-up."""


@dataclass(frozen=True, slots=True)
class Arrival:
    message: discord.Message
    is_edit: bool = False

    @property
    def chat(self) -> ChatKey:
        return chat_of(self.message)


@dataclass(frozen=True, slots=True)
class Connect:
    shard_id: int


class Intake:
    """``on_...`` and ``put`` are called in the order of the gateway's events and return at once."""

    def __init__(
        self,
        reader: MessageReader,
        places: PlaceStore,
        rest: Rest,
        build: Callable[[Json], discord.Message],
        manners: Manners,
        clock: Clock,
        options: IntakeOptions,
        *,
        until_ready: Callable[[int], Awaitable[object]],
        shard_count: Callable[[], int],
        is_member: Callable[[int], bool],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``build`` makes a message of Discord's JSON, to which "guild_id" is added in a server.

        ``until_ready`` waits until a shard, by its number, knows the channels of its servers.
        ``is_member``: whether the bot is in a server, by its id.
        """
        self._places = Places(places)
        self._ear = Ear(reader, self._places, manners)
        self._references = References(reader, rest, build)
        self._options = options
        self._pause = pause
        self._catch_up = CatchUp(
            rest,
            build,
            clock,
            Bounds(options.max_age_s, options.max_messages, options.max_places),
            self._put,
            until_ready=until_ready,
            shard_count=shard_count,
            is_member=is_member,
            pause=pause,
        )
        self._line: deque[Arrival | IncomingMessage | Found | Connect] = deque()
        self._has_more = asyncio.Event()
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._held: defaultdict[ChatKey, list[Arrival]] = defaultdict(list)
        self._waiting = 0
        """Messages in the line and among those that are held."""
        self._missed = 0
        """Messages that there was no room for, since there was."""

    # ------------------------------------------------------------ in

    def on_connect(self, shard_id: int) -> None:
        """A new session: what was said since the last one is looked for."""
        self._put(Connect(shard_id))

    def on_message(self, message: discord.Message) -> None:
        self._arrive(Arrival(message))

    def on_edit(self, message: discord.Message) -> None:
        self._arrive(Arrival(message, is_edit=True))

    def put(self, message: IncomingMessage) -> None:
        """An interaction. It waits for no catch-up: it is answered while somebody looks on."""
        self._put(message)

    async def follow(self, chat: ChatKey) -> None:
        """The bot opened a thread: what is said there is for it. Stored on return; StorageError."""
        await self._places.load()
        self._places.follow(chat, before=int(chat.thread))  # a thread is older than what is in it
        await self._places.save()

    def _arrive(self, arrival: Arrival) -> None:
        if self._missed == 0 and self._waiting < self._options.max_waiting:
            self._waiting += 1
            self._put(arrival)
            return
        if self._missed == 0:
            log.warning("too many messages wait; more are left to be read later")
        self._missed += 1

    def _put(self, item: Arrival | IncomingMessage | Found | Connect) -> None:
        self._line.append(item)
        self._is_idle.clear()
        self._has_more.set()

    async def flush(self, timeout_s: float) -> None:
        """Wait until all that came is handed over, but no longer than that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._is_idle.wait()

    # ------------------------------------------------------------ the line

    async def run(self, submit: Submit) -> None:
        """Hand over all that comes, in order, until cancelled.

        What ``submit`` raises does not end it: the same is submitted again after a pause, before
        anything else is. What is not submitted when it is cancelled is left to the next catch-up.
        """
        await self._insist("the places could not be read", self._places.load)
        writer = asyncio.create_task(self._write_again_and_again())
        filler = asyncio.create_task(self._fill_gaps())
        try:
            while True:
                await self._has_more.wait()
                await self._step(submit)
                await asyncio.sleep(0)  # a long line of what concerns nobody waits for nothing
        finally:
            writer.cancel()
            filler.cancel()
            await asyncio.gather(writer, filler, return_exceptions=True)
            await self._catch_up.aclose()
            await self._write()

    async def _step(self, submit: Submit) -> None:
        item = self._line.popleft()
        if isinstance(item, Connect):
            self._catch_up.ask(self._places, item.shard_id)
        elif isinstance(item, Found):
            await self._take_found(item, submit)
        else:
            batch = [item]
            while self._line and len(batch) < BATCH_SIZE:
                item = self._line[0]
                if isinstance(item, Connect | Found):
                    break
                batch.append(item)
                self._line.popleft()
            await self._hand_over([item for item in batch if not self._hold(item)], submit)
        if not self._line:
            self._has_more.clear()
            self._is_idle.set()
            self._look_for_missed()

    def _hold(self, item: Arrival | IncomingMessage) -> bool:
        if isinstance(item, IncomingMessage) or not self._catch_up.awaits(item.chat):
            return False
        self._held[item.chat].append(item)
        return True

    async def _take_found(self, found: Found, submit: Submit) -> None:
        place, chat = found.place, found.place.chat
        caught = {message.id for message in found.messages}
        self._waiting += len(caught)
        for start in range(0, len(found.messages), BATCH_SIZE):
            part = found.messages[start : start + BATCH_SIZE]
            await self._hand_over([Arrival(message) for message in part], submit)
        if found.is_failed:
            place.has_gap = True
        elif found.is_gone:
            self._places.forget(chat)
        else:
            place.has_gap = False
            self._places.pass_by(chat, found.through)
        self._catch_up.settle(chat)
        held = self._held.pop(chat, [])
        fresh = [one for one in held if one.is_edit or one.message.id not in caught]
        self._waiting -= len(held) - len(fresh)
        if self._catch_up.awaits(chat):
            self._held[chat] = fresh
        else:
            self._line.extendleft(reversed(fresh))

    async def _hand_over(self, batch: Sequence[Arrival | IncomingMessage], submit: Submit) -> None:
        messages = (item.message for item in batch if isinstance(item, Arrival))
        quoted = await self._references.fetch(messages)
        heard: list[IncomingMessage] = []
        for item in batch:
            if isinstance(item, IncomingMessage):
                self._ear.notice(item)
                heard.append(item)
                continue
            message = self._ear.hear(item.message, quoted.get(item.message.id), item.is_edit)
            if message is not None:
                heard.append(message)
        if self._places.is_urgent:
            await self._insist("a place could not be stored", self._places.save)
        if heard:
            await self._submit(heard, submit)
        for item in batch:
            if isinstance(item, Arrival):
                self._waiting -= 1
                if not item.is_edit:
                    self._places.pass_by(item.chat, item.message.id)

    async def _fill_gaps(self) -> None:
        """What could not be read after a connect is read later: the next may be days off."""
        while True:
            await asyncio.sleep(self._options.fill_every_s)
            if gaps := [place for place in self._places if place.has_gap]:
                self._catch_up.ask(gaps)

    def _look_for_missed(self) -> None:
        if self._missed and self._waiting <= self._options.max_waiting // 2:
            log.warning("there is room again; what was missed is read", messages=self._missed)
            self._missed = 0
            self._catch_up.ask(self._places)

    # ------------------------------------------------------------ the database

    async def _submit(self, heard: list[IncomingMessage], submit: Submit) -> None:
        """Until it is taken. One message that no repeating helps must not stop all others."""
        event = "messages were not accepted"
        if await self._insist(event, lambda: submit(heard), tries=5):
            return
        for message in heard:
            if not await self._insist(event, partial(submit, [message]), tries=1):
                log.error("a message cannot be taken", key=message.key)

    async def _insist(
        self, event: str, work: Callable[[], Awaitable[None]], tries: int | None = None
    ) -> bool:
        """Do it until it succeeds. False: after ``tries`` faults that are not the database's."""
        pause_s = FIRST_BACKOFF_S
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001  # nothing that was taken may be lost
                log.warning(
                    event, error=type(error).__name__, detail=str(error), retry_in_s=pause_s
                )
                if tries is not None and not isinstance(error, StorageError):
                    tries -= 1
                    if not tries:
                        return False
            else:
                return True
            await self._pause(pause_s)
            pause_s = min(2 * pause_s, LONGEST_BACKOFF_S)

    async def _write_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(self._options.save_every_s)
            await self._write()

    async def _write(self) -> None:
        try:
            await self._places.save()
        except Exception as error:  # noqa: BLE001  # it only saves reading again; the next one may do
            log.warning("how far places were read could not be stored", detail=repr(error))
