"""Who may speak next: the pace of each chat and the bound over all, kept by every call.

Two sorts of calls are made. What must arrive waits in line, first come first served. What is
dispensable, a preview above all, never waits inside a call: it asks for its turn before, yields to
what must arrive, and is refused if its moment has passed.
"""

import asyncio
import datetime as dt
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from telegram.error import RetryAfter, TelegramError
from telegram.ext import BaseRateLimiter

from bot.telegram.pace import KINDS, Kind, Overall, Pace

LEAST_REST_S = 0.5
KEPT_CHATS = 10_000
DISPENSABLE = "dispensable"
"""The rate_limit_args of a call that is worth nothing later: it goes at once or not at all."""


class NotNowError(TelegramError):
    """A dispensable call did not go out, since its moment had passed. Nothing was sent."""

    __slots__ = ("kind",)

    def __init__(self, kind: Kind) -> None:
        super().__init__("not now")
        self.kind = kind


class Crowd:
    """Those who wait for something."""

    def __init__(self) -> None:
        self.count = 0
        self._gone = asyncio.Event()
        self._gone.set()

    @contextmanager
    def joined(self) -> Iterator[None]:
        self.count += 1
        self._gone.clear()
        try:
            yield
        finally:
            self.count -= 1
            if not self.count:
                self._gone.set()

    async def gone(self) -> None:
        await self._gone.wait()


class Lane:
    """One chat: its pace, and who waits for it. An asyncio.Lock is a fair line."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.needed = Crowd()
        self.line = asyncio.Lock()
        self.messages = asyncio.Lock()
        """New messages line up here first: an edit need not wait for their bound."""
        self.edits = asyncio.Lock()
        self.first_sends = asyncio.Lock()
        self.tokens: set[Kind] = set()
        """The previews whose turn it is were given their share of the overall bound."""

    def previews(self, kind: Kind) -> asyncio.Lock:
        """A stream that has shown nothing yet need not wait for the edits of the others."""
        return self.first_sends if kind is Kind.MESSAGE else self.edits

    @property
    def is_busy(self) -> bool:
        return self.needed.count > 0 or self.edits.locked() or self.first_sends.locked()


class ChatLimiter(BaseRateLimiter[str]):
    """Paces every call that people see, and waits out what Telegram asks to wait, per chat."""

    def __init__(
        self,
        interval_s: float,
        group_interval_s: float,
        messages_per_s: float,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``messages_per_s``: the bound over all chats; 0 for none."""
        self._interval_s = interval_s
        self._group_interval_s = group_interval_s
        self._overall = Overall(messages_per_s) if messages_per_s else None
        self._needed = Crowd()
        self._line = asyncio.Lock()
        self._preview_line = asyncio.Lock()
        self._clock = clock
        self._pause = pause
        self._lanes: OrderedDict[int, Lane] = OrderedDict()

    async def initialize(self) -> None:
        pass

    async def shutdown(self) -> None:
        pass

    def delay(self, chat_id: int, kind: Kind) -> float:
        """Seconds until the pace lets a call of this kind to this chat go out."""
        return max(self._lane(chat_id).pace.delay(kind, self._clock()), self._overall_delay())

    def quiet_delay(self, chat_id: int) -> float:
        """Seconds until it is worth to ask again whether the chat is quiet; 0 if it is."""
        lane = self._lane(chat_id)
        wait_s = max(lane.pace.quiet_delay(self._clock()), self.delay(chat_id, Kind.BUTTONS))
        if lane.is_busy or self._needed.count:
            return max(wait_s, lane.pace.quiet_s, LEAST_REST_S)
        return wait_s

    @asynccontextmanager
    async def turn(self, chat_id: int, kind: Kind) -> AsyncIterator[None]:
        """Wait until a dispensable call of this kind may go, and make it inside.

        What must arrive goes first; previews of one chat go one after the other, in order.
        """
        lane = self._lane(chat_id)
        async with lane.previews(kind):
            while True:
                await self._yield(lane, kind)
                async with self._preview_line:
                    while self._needed.count or self._overall_delay() > 0:
                        await self._needed.gone()
                        await self._rest(self._overall_delay)
                    if not lane.needed.count and self._lane_delay(lane, kind) <= 0:
                        self._take_overall()
                        break
            lane.tokens.add(kind)
            try:
                yield
            finally:
                lane.tokens.discard(kind)

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: str | None,
    ) -> Any:
        kind = KINDS.get(endpoint)
        chat_id = data.get("chat_id")
        if kind is None or not isinstance(chat_id, int):
            return await callback(*args, **kwargs)
        lane = self._lane(chat_id)
        while True:
            if rate_limit_args == DISPENSABLE:
                self._take_or_refuse(lane, kind)
            else:
                await self._take_in_line(lane, kind)
            try:
                return await callback(*args, **kwargs)
            except RetryAfter as wait:
                lane.pace.blocked_until = max(
                    lane.pace.blocked_until, self._clock() + seconds(wait)
                )
                if rate_limit_args == DISPENSABLE:
                    raise

    def _take_or_refuse(self, lane: Lane, kind: Kind) -> None:
        if lane.needed.count or self._lane_delay(lane, kind) > 0:
            raise NotNowError(kind)
        if kind not in lane.tokens:
            if self._needed.count or self._overall_delay() > 0:
                raise NotNowError(kind)
            self._take_overall()
        lane.tokens.discard(kind)
        lane.pace.take(kind, self._clock())

    async def _take_in_line(self, lane: Lane, kind: Kind) -> None:
        with lane.needed.joined():
            if kind is not Kind.MESSAGE:
                await self._take_next(lane, kind)
                return
            async with lane.messages:
                await self._rest(lambda: lane.pace.message_delay(self._clock()))
                await self._take_next(lane, kind)

    async def _take_next(self, lane: Lane, kind: Kind) -> None:
        async with lane.line:
            while True:
                await self._rest(lambda: self._lane_delay(lane, kind))
                with self._needed.joined():
                    async with self._line:
                        await self._rest(self._overall_delay)
                        if self._lane_delay(lane, kind) <= 0:
                            self._take_overall()
                            lane.pace.take(kind, self._clock())
                            return

    async def _yield(self, lane: Lane, kind: Kind) -> None:
        while lane.needed.count or self._lane_delay(lane, kind) > 0:
            await lane.needed.gone()
            await self._rest(lambda: self._lane_delay(lane, kind))

    async def _rest(self, delay: Callable[[], float]) -> None:
        while (wait_s := delay()) > 0:
            await self._pause(wait_s)

    def _lane_delay(self, lane: Lane, kind: Kind) -> float:
        return lane.pace.delay(kind, self._clock())

    def _overall_delay(self) -> float:
        return self._overall.delay(self._clock()) if self._overall is not None else 0.0

    def _take_overall(self) -> None:
        if self._overall is not None:
            self._overall.take(self._clock())

    def _lane(self, chat_id: int) -> Lane:
        lane = self._lanes.get(chat_id)
        if lane is None:
            is_group = chat_id < 0  # Telegram gives people positive ids, groups negative ones
            interval_s = self._group_interval_s if is_group else self._interval_s
            lane = self._lanes[chat_id] = Lane(Pace(interval_s, is_group=is_group))
            while len(self._lanes) > KEPT_CHATS:
                self._lanes.popitem(last=False)
        self._lanes.move_to_end(chat_id)
        return lane


def seconds(wait: RetryAfter) -> float:
    after = wait.retry_after
    return after.total_seconds() if isinstance(after, dt.timedelta) else float(after)
