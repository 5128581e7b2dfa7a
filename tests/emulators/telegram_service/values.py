"""What the emulator's parts hand each other, and what tests read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """A refusal as the Bot API words it.

    ``is_violation`` marks what a careful sender never does (too long a text, a bad entity), in
    contrast to what may happen to anybody (blocked, not found, too fast).
    """

    def __init__(
        self,
        description: str,
        code: int = 400,
        *,
        parameters: Json | None = None,
        is_violation: bool = False,
    ) -> None:
        super().__init__(description)
        self.description = description
        self.code = code
        self.parameters = parameters
        self.is_violation = is_violation

    @property
    def body(self) -> Json:
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        return body | ({"parameters": self.parameters} if self.parameters else {})


def bad_request(detail: str) -> ApiError:
    return ApiError(f"Bad Request: {detail}")


def breach(detail: str) -> ApiError:
    return ApiError(f"Bad Request: {detail}", is_violation=True)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file inside a request."""

    name: str
    content: bytes
    mime: str


@dataclass(slots=True)
class Call:
    """One request of the bot; ``status`` is None while (or if) it was not answered."""

    method: str
    params: Json
    time_s: float
    status: int | None = None
    error: str | None = None
    is_cut: bool = False

    @property
    def chat_id(self) -> int | None:
        chat_id = self.params.get("chat_id")
        return chat_id if isinstance(chat_id, int) else None


@dataclass(frozen=True, slots=True)
class Draft:
    draft_id: int
    text: str
    entities: tuple[Json, ...]
    time_s: float
    thread_id: int | None = None
    can_stop: bool = False
    keep_on_stop: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    action: str
    thread_id: int | None
    time_s: float


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    query_id: str
    text: str
    is_alert: bool


@dataclass(frozen=True, slots=True)
class User:
    id: int
    first_name: str
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False

    @property
    def raw(self) -> Json:
        raw: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            raw["username"] = self.username
        if self.language_code:
            raw["language_code"] = self.language_code
        return raw


@dataclass(slots=True)
class Changes:
    """Wakes whoever waits for a condition whenever anything in the emulator has changed."""

    _waiters: set[asyncio.Future[None]] = field(default_factory=set)

    def announce(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait_until(self, is_met: Callable[[], object], timeout_s: float | None) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                while not is_met():
                    waiter = asyncio.get_running_loop().create_future()
                    self._waiters.add(waiter)
                    try:
                        await waiter
                    finally:
                        self._waiters.discard(waiter)
        except TimeoutError:
            return bool(is_met())
        return True


def without_nones(values: Mapping[str, Any]) -> Json:
    return {key: value for key, value in values.items() if value is not None}
