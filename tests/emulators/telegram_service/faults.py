"""Faults on demand: scripted steps for the next calls of a method, and Telegram's flood control."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.emulators.telegram_service.values import ApiError, Json


@dataclass(frozen=True, slots=True)
class Fail:
    """Answer with this error; the call is not carried out."""

    code: int
    description: str
    retry_after: int | None = None
    migrate_to: int | None = None

    @property
    def error(self) -> ApiError:
        parameters: Json = {}
        if self.retry_after is not None:
            parameters["retry_after"] = self.retry_after
        if self.migrate_to is not None:
            parameters["migrate_to_chat_id"] = self.migrate_to
        return ApiError(self.description, self.code, parameters=parameters)


@dataclass(frozen=True, slots=True)
class Hang:
    """Never answer; the call is not carried out."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Cut the connection; the call is not carried out."""


@dataclass(frozen=True, slots=True)
class AcceptThenDrop:
    """Carry the call out, then cut the connection: the sender cannot know."""


@dataclass(frozen=True, slots=True)
class AcceptThenHang:
    """Carry the call out and never answer: whoever dies waiting has recorded nothing."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Carry the call out only once the event is set."""

    opened: asyncio.Event


@dataclass(frozen=True, slots=True)
class Html502:
    """A proxy's page instead of JSON; the call is not carried out."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Carry this call out as usual: to let the fault strike a later one."""


Step = Fail | Hang | Drop | AcceptThenDrop | Gate | Html502 | Pass


class Scripts:
    def __init__(self) -> None:
        self._scripts: list[tuple[str, int | None, deque[Step]]] = []

    def add(self, method: str, steps: tuple[Step, ...], chat_id: int | None) -> None:
        self._scripts.append((method.lower(), chat_id, deque(steps)))

    def take(self, method: str, chat_id: int | None) -> Step:
        for script in self._scripts:
            name, wanted_chat, steps = script
            if name == method.lower() and wanted_chat in {None, chat_id}:
                step = steps.popleft()
                if not steps:
                    self._scripts.remove(script)
                return step
        return Pass()

    @property
    def is_done(self) -> bool:
        return not self._scripts


@dataclass(slots=True)
class Flood:
    """Telegram's pace: sends and edits per private chat, sends and edits per group, all sends.

    The figures are what people have measured; Telegram publishes only rough ones. A gap of 0
    switches that check off.
    """

    private_per_s: float = 1.0
    burst: int = 3
    group_per_min: int = 20
    group_edit_gap_s: float = 1.5
    draft_gap_s: float = 0.0
    overall_per_s: int = 30
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[int, tuple[float, float]] = field(default_factory=dict)
    _sent: dict[int | None, deque[float]] = field(default_factory=dict)
    _last: dict[tuple[str, int], float] = field(default_factory=dict)

    def check(self, method: str, chat_id: int) -> None:
        name = method.lower()
        is_edit, is_group = name.startswith("edit"), chat_id < 0
        if name == "sendmessagedraft":
            wait_s = self._gap("draft", chat_id, self.draft_gap_s)
        elif name == "sendchataction" or not (is_edit or name.startswith("send")):
            return
        elif is_group and is_edit:
            wait_s = self._gap("edit", chat_id, self.group_edit_gap_s)
        elif is_group:
            wait_s = self._window(chat_id, self.group_per_min, 60)
        else:
            wait_s = self._bucket(chat_id)
        wait_s = wait_s or self._window(None, self.overall_per_s, 1)
        if wait_s > 0:
            retry_after = math.ceil(wait_s)
            raise ApiError(
                f"Too Many Requests: retry after {retry_after}",
                429,
                parameters={"retry_after": retry_after},
            )

    def _gap(self, kind: str, chat_id: int, gap_s: float) -> float:
        now = self.clock()
        wait_s = self._last.get((kind, chat_id), -math.inf) + gap_s - now
        if wait_s <= 0:
            self._last[kind, chat_id] = now
        return max(0.0, wait_s)

    def _window(self, key: int | None, limit: int, span_s: float) -> float:
        now, sent = self.clock(), self._sent.setdefault(key, deque())
        while sent and sent[0] <= now - span_s:
            sent.popleft()
        if len(sent) >= limit:
            return sent[0] + span_s - now
        sent.append(now)
        return 0.0

    def _bucket(self, chat_id: int) -> float:
        now = self.clock()
        tokens, since = self._buckets.get(chat_id, (float(self.burst), now))
        tokens = min(float(self.burst), tokens + (now - since) * self.private_per_s)
        if tokens >= 1:
            self._buckets[chat_id] = (tokens - 1, now)
            return 0.0
        self._buckets[chat_id] = (tokens, now)
        return (1 - tokens) / self.private_per_s
