"""What the handlers need kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from handlers.messages import (
    ChatKey,
    ChatSettings,
    Delivery,
    Exchange,
    IncomingMessage,
    MediaRef,
    Pending,
    UsageEntry,
)


class InboxStore(Protocol):
    """The durable queue: a message is here before its platform may forget it."""

    async def accept(self, messages: Sequence[IncomingMessage]) -> list[IncomingMessage]:
        """Commit all in one transaction; return those not seen before, in order."""
        ...

    async def unfinished(self) -> list[Pending]:
        """All rows that are not done, in the order of their arrival."""
        ...

    async def record_sent(self, key: str, slot: str, ids: tuple[str, ...]) -> None:
        """Remember the platform's ids of what is shown in ``slot``, replacing what was there."""
        ...

    async def save_step(
        self, key: str, name: str, value: str, usage: Sequence[UsageEntry] = ()
    ) -> None:
        """Keep a costly result and what it cost, in one transaction."""
        ...

    async def answer(self, message: IncomingMessage, outcome: "Outcome") -> int:
        """Store exchange, usage, trim and delivery in one transaction; the exchange's id, or 0.

        A message that was answered before keeps its first answer: the call changes nothing.
        """
        ...

    async def fail(self, message: IncomingMessage, usage: Sequence[UsageEntry] = ()) -> None:
        """Finish a message whose failure was told, and keep it for a day to be tried again."""
        ...

    async def take_failed(self, retry: IncomingMessage) -> Pending | None:
        """The failed message that ``retry`` asks for, now in the retry's place, or None.

        A button means the failure that it stands under; a typed command the newest, unless
        something was answered since.
        """
        ...

    async def move(self, message: IncomingMessage) -> None:
        """Put a message that waits where it now says it belongs: another chat, a new thread."""
        ...

    async def done(
        self,
        message: IncomingMessage,
        usage: Sequence[UsageEntry] = (),
        exchange_id: int = 0,
        answer_message_ids: tuple[str, ...] = (),
    ) -> None:
        """Finish the message's rows and erase what they said; put the ids on the exchange."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a turn leaves behind, stored in one transaction before it is delivered."""

    delivery: Delivery | None = None
    exchange: Exchange | None = None
    replaces: int = 0
    """Id of the exchange whose place the new one takes; 0 to append."""
    usage: tuple[UsageEntry, ...] = ()
    window_start: int | None = None
    """Exchanges with this id and before it leave the window; None leaves the window as it is."""


@dataclass(frozen=True, slots=True)
class History:
    """What the model may see of a chat."""

    exchanges: tuple[Exchange, ...] = ()
    """Those inside the window, oldest first."""
    summary: str = ""
    """Of what fell out of the window."""
    summarised_through: int = 0
    """Id of the last exchange that the summary covers."""


class HistoryStore(Protocol):
    async def load(self, chat: ChatKey) -> History: ...

    async def unsummarised(self, chat: ChatKey) -> tuple[Exchange, ...]:
        """Exchanges that left the window and are not in the summary yet, oldest first."""
        ...

    async def save_summary(
        self, chat: ChatKey, summary: str, through: int, usage: Sequence[UsageEntry]
    ) -> None:
        """Replace the summary; if the chat was reset since, only the usage is stored."""
        ...

    async def find(self, chat: ChatKey, exchange_id: int) -> Exchange | None:
        """An exchange of this chat, in the window or not; None if there is none of the id."""
        ...

    async def find_answer(self, chat: ChatKey, message_id: str) -> Exchange | None:
        """The exchange whose answer stands in a message; the newest thousand are looked at."""
        ...

    async def reset(self, chat: ChatKey) -> None:
        """Start afresh: the window is empty, the summary gone. What was said stays stored."""
        ...

    async def migrate(self, old: ChatKey, new: ChatKey) -> None:
        """Give ``new`` everything of ``old``: history, settings, waiting messages. Idempotent."""
        ...


class SettingsStore(Protocol):
    async def load(self, chat: ChatKey) -> ChatSettings: ...
    async def save(self, chat: ChatKey, settings: ChatSettings) -> None: ...


@dataclass(frozen=True, slots=True)
class UsageTotal:
    period: str
    """A day, ``2026-11-21``, or a month, ``2026-11``; UTC."""
    capability: str
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    seconds: float
    images: int
    characters: int
    cost_usd: float
    unpriced_calls: int
    """Calls whose cost is unknown and so not in ``cost_usd``."""
    estimated_calls: int


class UsageStore(Protocol):
    async def by_day(self, person: str, since: float) -> list[UsageTotal]:
        """Totals of a person (``telegram:123``) per day, capability and model; newest day first."""
        ...

    async def by_month(self, person: str, since: float) -> list[UsageTotal]: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A chat where a platform listens that brings no message twice."""

    chat: ChatKey
    is_followed: bool = False
    """Every message there is for the bot, named or not."""
    seen: str = ""
    """The platform's id of the last message that was read there."""


class PlaceStore(Protocol):
    async def load(self, platform: str) -> tuple[Place, ...]:
        """All of a platform, those that were saved last first."""
        ...

    async def save(self, places: Sequence[Place]) -> None:
        """All in one transaction; each replaces what was known of its chat."""
        ...


class MediaStore(Protocol):
    async def put(self, data: bytes, mime: str, width: int = 0, height: int = 0) -> MediaRef:
        """Keep the bytes; the same bytes twice are one file."""
        ...

    async def get(self, ref: MediaRef) -> bytes | None:
        """The bytes, or None if the file is gone."""
        ...
