"""How fast the bot may speak: in each chat, and altogether.

Telegram lets a bot send about one message a second to a chat (with short bursts), 20 a minute to a
group, 30 a second overall, and answers 429 with a time to wait to what is faster. A chat that it
told to wait waits alone.
"""

import asyncio
import datetime as dt
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Coroutine
from enum import StrEnum
from typing import Any

from telegram.error import RetryAfter
from telegram.ext import BaseRateLimiter

BURST = 3
"""Messages a chat may get at once before they are spread out."""
GROUP_WINDOW_S = 60.0
GROUP_PER_WINDOW = 20
"""Telegram's bound on what a group gets from a bot in a minute."""
GROUP_CALM_FROM = 8
"""From so many in the window on, the rest of the bound is spread over the rest of the minute."""
KEPT_CHATS = 10_000


class Kind(StrEnum):
    DRAFT = "draft"
    EDIT = "edit"
    MESSAGE = "message"


KINDS = {
    "sendMessageDraft": Kind.DRAFT,
    "editMessageText": Kind.EDIT,
    "editMessageReplyMarkup": Kind.EDIT,
    "sendMessage": Kind.MESSAGE,
    "sendPhoto": Kind.MESSAGE,
    "sendVoice": Kind.MESSAGE,
    "sendAudio": Kind.MESSAGE,
    "sendDocument": Kind.MESSAGE,
}
"""Methods that people see; the others are not paced."""

DISPENSABLE = "dispensable"
"""The rate_limit_args of a call that is worth nothing later: a 429 is raised, not waited out."""


class Bucket:
    """A token bucket: ``capacity`` at once, then one each ``period_s``."""

    def __init__(self, capacity: int, period_s: float) -> None:
        self._capacity = capacity
        self._period_s = period_s
        self._full_at = float("-inf")

    def delay(self, now: float) -> float:
        """Seconds until there is a token."""
        return max(0.0, self._full_at - now - (self._capacity - 1) * self._period_s)

    def take(self, now: float) -> None:
        self._full_at = max(self._full_at, now) + self._period_s


class Pace:
    """The pace of one chat. ``interval_s`` 0 leaves only what Telegram itself asks to wait."""

    def __init__(self, interval_s: float, *, is_group: bool) -> None:
        self._interval_s = interval_s
        self._is_group = is_group
        self._messages = Bucket(BURST, interval_s)
        self._last: dict[Kind, float] = {}
        self._recent: deque[float] = deque()
        self.blocked_until = float("-inf")

    def delay(self, kind: Kind, now: float) -> float:
        """Seconds to wait before the next of this kind."""
        wait_s = max(0.0, self.blocked_until - now)
        if not self._interval_s:
            return wait_s
        if kind is Kind.DRAFT:
            return max(wait_s, self._gap(self._interval_s, now, Kind.DRAFT))
        if kind is Kind.EDIT:
            wait_s = max(wait_s, self._gap(self._interval_s, now, *Kind))
        else:
            # A message replaces a draft: half the gap keeps the end of a short answer quick.
            gap_s = self._gap(self._interval_s / 2, now, Kind.DRAFT, Kind.EDIT)
            wait_s = max(wait_s, gap_s, self._messages.delay(now))
        return max(wait_s, self._group_delay(now)) if self._is_group else wait_s

    def take(self, kind: Kind, now: float) -> None:
        self._last[kind] = now
        if kind is Kind.MESSAGE:
            self._messages.take(now)
        if self._is_group:
            self._recent.append(now)

    def _gap(self, gap_s: float, now: float, *kinds: Kind) -> float:
        last = max((self._last[kind] for kind in kinds if kind in self._last), default=None)
        return 0.0 if last is None else max(0.0, last + gap_s - now)

    def _group_delay(self, now: float) -> float:
        while self._recent and now - self._recent[0] >= GROUP_WINDOW_S:
            self._recent.popleft()
        count = len(self._recent)
        if count < GROUP_CALM_FROM:
            return 0.0
        left_s = GROUP_WINDOW_S - (now - self._recent[0])
        if count >= GROUP_PER_WINDOW - 1:
            return left_s
        return max(0.0, left_s / (GROUP_PER_WINDOW - count) - (now - self._recent[-1]))


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
        rate = messages_per_s
        self._overall = Bucket(max(1, int(rate)), 1 / rate) if rate else None
        self._clock = clock
        self._pause = pause
        self._paces: OrderedDict[int, Pace] = OrderedDict()

    async def initialize(self) -> None:
        pass

    async def shutdown(self) -> None:
        pass

    def delay(self, chat_id: int, kind: Kind) -> float:
        """Seconds until a call of this kind to this chat would go out at once."""
        now = self._clock()
        overall_s = self._overall.delay(now) if self._overall is not None else 0.0
        return max(self._pace(chat_id).delay(kind, now), overall_s)

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
        while True:
            await self._wait(chat_id, kind)
            try:
                return await callback(*args, **kwargs)
            except RetryAfter as wait:
                pace = self._pace(chat_id)
                pace.blocked_until = max(pace.blocked_until, self._clock() + seconds(wait))
                if rate_limit_args == DISPENSABLE:
                    raise

    async def _wait(self, chat_id: int, kind: Kind) -> None:
        while (wait_s := self.delay(chat_id, kind)) > 0:
            await self._pause(wait_s)
        now = self._clock()
        self._pace(chat_id).take(kind, now)
        if self._overall is not None:
            self._overall.take(now)

    def _pace(self, chat_id: int) -> Pace:
        pace = self._paces.get(chat_id)
        if pace is None:
            is_group = chat_id < 0  # Telegram gives people positive ids, groups negative ones
            interval_s = self._group_interval_s if is_group else self._interval_s
            pace = self._paces[chat_id] = Pace(interval_s, is_group=is_group)
            while len(self._paces) > KEPT_CHATS:
                self._paces.popitem(last=False)
        self._paces.move_to_end(chat_id)
        return pace


def seconds(wait: RetryAfter) -> float:
    after = wait.retry_after
    return after.total_seconds() if isinstance(after, dt.timedelta) else float(after)
