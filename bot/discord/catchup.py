"""What was said while no session told it: read from the last message that was dealt with."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import discord
import structlog
from discord.utils import time_snowflake

from bot.discord.address import channel_of
from bot.discord.incoming import MALFORMED
from bot.discord.places import KnownPlace
from bot.discord.rest import Rest
from handlers.messages import ChatKey
from handlers.ports.machine import Clock

log = structlog.get_logger(__name__)

Json = dict[str, Any]

PAGE_SIZE = 100
"""The most that Discord gives at once."""
PLACES_AT_ONCE = 4
READ_PAUSES_S = (0.5, 2.0, 5.0)
"""A place that could not be read is asked for again after so long."""
READ_TIMEOUT_S = 10.0
"""For one page: meanwhile what is said there has to wait."""
READY_TIMEOUT_S = 60.0
"""So long the servers' channels are waited for; without them a thread is not known as one."""
UNKNOWN_CHANNEL = 10003
"""Discord's code of an error."""
UNREACHABLE = (discord.DiscordException, aiohttp.ClientError, OSError)  # TimeoutError is an OSError


@dataclass(frozen=True, slots=True)
class Bounds:
    max_age_s: float
    max_messages: int
    """Of one place, the newest."""
    max_places: int
    """Of one shard and round, those in which something was said last."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one place has that was not told."""

    place: KnownPlace
    messages: tuple[discord.Message, ...] = ()
    """Oldest first."""
    through: int = 0
    """The id of the last message there; 0 if there is nothing new."""
    is_gone: bool = False
    """The channel was deleted."""
    is_failed: bool = False
    """It could not be read."""


class CatchUp:
    """Reads places side by side, a few at a time; no place twice at once.

    A place is awaited from ``ask`` until what was found is handed to ``tell`` and settled. One that
    is asked for again while it is being read is read once more after it is settled.
    """

    def __init__(
        self,
        rest: Rest,
        build: Callable[[Json], discord.Message],
        clock: Clock,
        bounds: Bounds,
        tell: Callable[[Found], None],
        *,
        until_ready: Callable[[int], Awaitable[object]],
        shard_count: Callable[[], int],
        is_member: Callable[[int], bool],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        """``until_ready``: waits until a shard, by its number, knows its servers' channels.

        ``is_member``: whether the bot is (still) in a server, by its id.
        """
        self._rest = rest
        self._build = build
        self._clock = clock
        self._bounds = bounds
        self._tell = tell
        self._until_ready = until_ready
        self._shard_count = shard_count
        self._is_member = is_member
        self._pause = pause
        self._due: dict[ChatKey, KnownPlace] = {}
        self._reading: set[ChatKey] = set()
        self._workers: set[asyncio.Task[None]] = set()

    def ask(self, places: Iterable[KnownPlace], shard_id: int | None = None) -> None:
        """Read what these places have that was not told; of all shards if none is named."""
        wanted = [
            place for place in places if place.seen and shard_id in {None, self._shard_of(place)}
        ]
        wanted.sort(key=lambda place: place.seen, reverse=True)
        if left_out := wanted[self._bounds.max_places :]:
            log.warning(
                "more places than are caught up; the quietest are left out",
                places=self._bounds.max_places,
                left_out=len(left_out),
            )
        self._due |= {place.chat: place for place in wanted[: self._bounds.max_places]}
        # Direct chats need not wait for any server.
        order = sorted(self._due.values(), key=lambda place: (bool(place.chat.thread), -place.seen))
        self._due = {place.chat: place for place in order}
        self._work_on()

    def awaits(self, chat: ChatKey) -> bool:
        """Whether what is told of the place now must come after what will be found."""
        return chat in self._due or chat in self._reading

    def settle(self, chat: ChatKey) -> None:
        """What was found in the place is dealt with."""
        self._reading.discard(chat)
        self._work_on()

    async def aclose(self) -> None:
        """Stop reading."""
        self._due.clear()
        for task in (workers := list(self._workers)):
            task.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    # ------------------------------------------------------------ the work

    def _work_on(self) -> None:
        idle = len(self._due.keys() - self._reading)
        for _ in range(min(idle, PLACES_AT_ONCE - len(self._workers))):
            task = asyncio.create_task(self._work())
            self._workers.add(task)
            task.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        while (chat := next((c for c in self._due if c not in self._reading), None)) is not None:
            place = self._due.pop(chat)
            self._reading.add(chat)
            try:
                found = await self._read(place)
            except MALFORMED as error:
                log.warning("a place was read as nonsense", chat=str(chat), error=repr(error))
                found = Found(place, is_failed=True)
            self._tell(found)

    async def _read(self, place: KnownPlace) -> Found:
        chat = str(place.chat)
        pauses = iter(READ_PAUSES_S)
        while True:
            try:
                return await self._look(place)
            except UNREACHABLE as failure:
                if isinstance(failure, discord.HTTPException) and _is_refusal(failure):
                    is_gone = failure.code == UNKNOWN_CHANNEL
                    log.info("a place cannot be caught up", chat=chat, detail=str(failure))
                    return Found(place, is_gone=is_gone)
                pause_s = next(pauses, None)
                if pause_s is None:
                    log.warning("a place was not caught up", chat=chat, detail=repr(failure))
                    return Found(place, is_failed=True)
            await self._pause(pause_s)

    async def _look(self, place: KnownPlace) -> Found:
        if place.chat.thread:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READY_TIMEOUT_S):
                    await self._until_ready(self._shard_of(place))
            if not self._is_member(int(place.chat.chat)):
                log.info("not a member there any more", chat=str(place.chat))
                return Found(place)
        raws, through, left_out = await self._list(channel_of(place.chat), place.seen)
        if left_out:
            log.warning(
                "not all that was said meanwhile was caught up",
                chat=str(place.chat),
                messages=len(raws),
                left_out_at_least=left_out,
            )
        elif raws:
            log.info("caught up", chat=str(place.chat), messages=len(raws))
        server = {"guild_id": place.chat.chat} if place.chat.thread else {}
        built = (self._built(raw | server) for raw in reversed(raws))
        return Found(place, tuple(message for message in built if message is not None), through)

    async def _list(self, channel_id: int, seen: int) -> tuple[list[Json], int, int]:
        """Messages, newest first; the id of the last one; how many are known to be left out."""
        bounds = self._bounds
        oldest_s = max(0.0, self._clock.now() - bounds.max_age_s)
        oldest = max(seen + 1, time_snowflake(datetime.fromtimestamp(oldest_s, UTC)))
        kept: list[Json] = []
        through, too_old, before = 0, 0, None
        while len(kept) <= bounds.max_messages:  # one more tells whether there are more
            limit = min(PAGE_SIZE, bounds.max_messages + 1 - len(kept))
            async with asyncio.timeout(READ_TIMEOUT_S):
                page = await self._rest.list_messages(channel_id, before=before, limit=limit)
            page.sort(key=_id, reverse=True)
            fresh = [raw for raw in page if _id(raw) > seen]
            recent = [raw for raw in fresh if _id(raw) >= oldest]
            through = through or (_id(fresh[0]) if fresh else 0)
            too_old = len(fresh) - len(recent)
            kept += recent
            if len(recent) < limit:
                break
            before = _id(page[-1])
        too_many = kept[bounds.max_messages :]
        return kept[: bounds.max_messages], through, too_old + len(too_many)

    def _built(self, raw: Json) -> discord.Message | None:
        try:
            return self._build(raw)
        except MALFORMED as error:
            log.warning("a message is malformed", message=raw.get("id"), error=repr(error))
            return None

    def _shard_of(self, place: KnownPlace) -> int:
        """Discord's rule: servers are spread by their ids, direct chats are all on the first."""
        if not place.chat.thread:
            return 0
        return (int(place.chat.chat) >> 22) % self._shard_count()


def _id(raw: Json) -> int:
    return int(raw["id"])


def _is_refusal(failure: discord.HTTPException) -> bool:
    """Whether asking again would draw the same answer: no right to read there, no such channel."""
    return 400 <= failure.status < 500 and failure.status != 429
