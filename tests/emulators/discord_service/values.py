"""What the emulator's parts hand each other, and what tests read."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

DISCORD_EPOCH_MS = 1_420_070_400_000  # 2015-01-01, where snowflakes begin to count
UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_MESSAGE = 10003, 10004, 10008
UNKNOWN_USER, UNKNOWN_EMOJI, UNKNOWN_WEBHOOK = 10013, 10014, 10015
UNKNOWN_INTERACTION, UNKNOWN_COMMAND = 10062, 10063
TOO_LARGE, ALREADY_ACKNOWLEDGED = 40005, 40060
MISSING_ACCESS, EMPTY_MESSAGE, CANNOT_DM, MISSING_PERMISSIONS = 50001, 50006, 50007, 50013
INVALID_FORM = 50035


class ApiError(Exception):
    """A refusal as Discord words it.

    ``is_violation`` marks what a careful bot never does (too long a text, a late acknowledgement),
    in contrast to what may happen to anybody (a deleted channel, a missing permission).
    """

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        errors: Json | None = None,
        headers: dict[str, str] | None = None,
        extra: Json | None = None,
        is_violation: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors
        self.headers = headers or {}
        self.extra = extra or {}
        self.is_violation = is_violation

    @property
    def body(self) -> Json:
        body: Json = {"message": self.message, "code": self.code}
        return body | ({"errors": self.errors} if self.errors else {}) | self.extra

    def __str__(self) -> str:
        return f"{self.status} {self.code} {self.message} {self.errors or ''}".rstrip()


def unknown(code: int, what: str) -> ApiError:
    return ApiError(404, code, f"Unknown {what}")


def breach(code: int, message: str, status: int = 400) -> ApiError:
    return ApiError(status, code, message, is_violation=True)


def invalid_form(path: str, code: str, message: str) -> ApiError:
    """Discord's "Invalid Form Body" about the field at a dotted ``path``."""
    errors: Json = {"_errors": [{"code": code, "message": message}]}
    for name in reversed(path.split(".") if path else []):
        errors = {name: errors}
    return ApiError(400, INVALID_FORM, "Invalid Form Body", errors=errors, is_violation=True)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file; ``claimed_bytes`` is the size that people's apps show of one that is not really
    that large.
    """

    name: str
    content: bytes
    mime: str = "application/octet-stream"
    claimed_bytes: int | None = None


@dataclass(slots=True)
class Call:
    """One request of the bot; ``status`` is None while (or if) it was not answered.

    ``name`` is the operation as Discord's own description calls it, such as "create_message".
    """

    name: str
    method: str
    path: str
    time_s: float
    ids: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    files: dict[int, Upload] = field(default_factory=dict)
    status: int | None = None
    error: str | None = None
    is_scripted: bool = False
    is_cut: bool = False

    @property
    def channel_id(self) -> int | None:
        channel_id = self.ids.get("channel_id")
        return int(channel_id) if channel_id else None

    def number(self, name: str) -> int:
        """An id in the path; what is no snowflake is refused."""
        value = self.ids[name]
        if not value.isdecimal():
            raise invalid_form(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        return int(value)

    @property
    def fields(self) -> Json:
        """The body as an object; most operations take nothing else."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise breach(50109, "The request body contains invalid JSON.")
        return self.body


@dataclass(frozen=True, slots=True)
class User:
    id: int
    name: str
    display_name: str
    is_bot: bool = False

    @property
    def raw(self) -> Json:
        raw: Json = {"id": str(self.id), "username": self.name, "discriminator": "0"}
        raw |= {"global_name": None if self.is_bot else self.display_name, "avatar": None}
        return raw | {"public_flags": 0} | ({"bot": True} if self.is_bot else {})

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"


@dataclass(frozen=True, slots=True)
class Typing:
    """The bot's typing, shown for ten seconds from ``time_s`` (monotonic) on."""

    channel_id: int
    time_s: float


@dataclass(frozen=True, slots=True)
class Pings:
    """Whom a message really notified, by what it says and its allowed_mentions."""

    users: frozenset[int] = frozenset()
    roles: frozenset[int] = frozenset()
    is_everyone: bool = False

    def __bool__(self) -> bool:
        return bool(self.users or self.roles or self.is_everyone)


@dataclass(slots=True)
class Clock:
    """The service's own time, which a test may move: ids, timestamps and all time limits."""

    read: Callable[[], float] = time.time
    _shift_s: float = 0.0
    _last_ms: int = 0
    _serial: itertools.count[int] = field(default_factory=itertools.count)

    def now(self) -> float:
        """Unix seconds."""
        return self.read() + self._shift_s

    def advance(self, seconds: float) -> None:
        self._shift_s += seconds

    def timestamp(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).isoformat()

    def snowflake(self) -> int:
        """A new id, larger than all before, that tells its time as Discord's do."""
        self._last_ms = max(self._last_ms, int(self.now() * 1000))
        serial = next(self._serial) % 4096
        if serial == 4095:
            self._last_ms += 1
        return ((self._last_ms - DISCORD_EPOCH_MS) << 22) | serial


def timestamp_of(snowflake: int) -> str:
    moment_s = ((snowflake >> 22) + DISCORD_EPOCH_MS) / 1000
    return datetime.fromtimestamp(moment_s, UTC).isoformat()
