"""Faults on demand: scripted steps for the next calls of an operation, and Discord's pace."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.emulators.discord_service.values import ApiError, Call, Json
from tests.emulators.telegram_service.faults import (
    AcceptThenDrop,
    AcceptThenHang,
    Drop,
    Gate,
    Hang,
    Html502,
    Pass,
)

__all__ = [
    "AcceptThenDrop",
    "AcceptThenHang",
    "Drop",
    "Fail",
    "Gate",
    "Hang",
    "Html502",
    "Late",
    "Pace",
    "Pass",
    "RateLimited",
    "Scripts",
    "Step",
    "plenty",
]

VIA = "1.1 google"  # discord.py takes a 429 without it for a ban by Cloudflare


@dataclass(frozen=True, slots=True)
class Fail:
    """Answer with this error; the call is not carried out."""

    status: int
    code: int = 0
    message: str = "scripted"

    @property
    def error(self) -> ApiError:
        return ApiError(self.status, self.code, self.message)


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Answer 429; the call is not carried out. Without ``has_via`` it looks like a ban."""

    retry_after_s: float
    is_global: bool = False
    has_via: bool = True

    @property
    def error(self) -> ApiError:
        headers = {"Retry-After": str(math.ceil(self.retry_after_s))}
        headers["X-RateLimit-Scope"] = "global" if self.is_global else "user"
        if self.is_global:
            headers["X-RateLimit-Global"] = "true"
        if self.has_via:
            headers["Via"] = VIA
        extra: Json = {"retry_after": self.retry_after_s, "global": self.is_global}
        return ApiError(429, 0, "You are being rate limited.", headers=headers, extra=extra)


@dataclass(frozen=True, slots=True)
class Late:
    """Carry the call out, and answer only once the event is set."""

    answered: asyncio.Event


Step = (
    Fail
    | RateLimited
    | Hang
    | Drop
    | AcceptThenDrop
    | AcceptThenHang
    | Gate
    | Late
    | Html502
    | Pass
)


class Scripts:
    def __init__(self) -> None:
        self._scripts: list[tuple[str, int | None, deque[Step]]] = []

    def add(self, name: str, steps: tuple[Step, ...], channel_id: int | None) -> None:
        self._scripts.append((name, channel_id, deque(steps)))

    def take(self, call: Call) -> Step:
        for script in self._scripts:
            name, channel_id, steps = script
            if name == call.name and channel_id in {None, call.channel_id}:
                step = steps.popleft()
                if not steps:
                    self._scripts.remove(script)
                return step
        return Pass()

    @property
    def is_done(self) -> bool:
        return not self._scripts


@dataclass(slots=True)
class Pace:
    """So many sends and so many edits a channel and span; more draw a 429.

    Discord publishes no figures, it tells them in headers; 5 in 5 s is what it has told for years.
    """

    limit: int = 5
    span_s: float = 5.0
    clock: Callable[[], float] = time.monotonic
    paced: frozenset[str] = frozenset(
        {"create_message", "update_message", "execute_webhook", "update_original_webhook_message"}
    )
    _sent: dict[str, deque[float]] = field(default_factory=dict)

    def headers(self, call: Call) -> dict[str, str]:
        """What is left for the next call after this one; ApiError 429 if it was one too many."""
        key = f"{call.name}:{call.ids.get('channel_id') or call.ids.get('webhook_token')}"
        if call.name not in self.paced:
            return plenty(call)
        now, sent = self.clock(), self._sent.setdefault(key, deque())
        while sent and sent[0] <= now - self.span_s:
            sent.popleft()
        if len(sent) >= self.limit:
            raise RateLimited(round(sent[0] + self.span_s - now, 3)).error
        sent.append(now)
        reset_s = sent[0] + self.span_s - now
        return _limits(call, self.limit, self.limit - len(sent), reset_s)


def plenty(call: Call) -> dict[str, str]:
    """discord.py sends one request at a time on a route whose answers have no such headers."""
    return _limits(call, 1000, 999, 1.0)


def _limits(call: Call, limit: int, remaining: int, reset_s: float) -> dict[str, str]:
    return {
        "X-RateLimit-Bucket": call.name,
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": f"{time.time() + reset_s:.3f}",
        "X-RateLimit-Reset-After": f"{reset_s:.3f}",
    }
