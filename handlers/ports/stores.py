"""What the handlers need kept."""

from collections.abc import Callable, Sequence
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
    last_ordinal: int = 0
    """Of the chat's newest exchange, in the window or not."""

    @property
    def next_ordinal(self) -> int:
        """Of the exchange that is to come."""
        newest = self.exchanges[-1].ordinal if self.exchanges else 0
        return max(self.last_ordinal, newest) + 1


class HistoryStore(Protocol):
    async def load(self, chat: ChatKey) -> History:
        """The exchanges without their steps: those may be long, and no window needs them."""
        ...

    async def unsummarised(self, chat: ChatKey) -> tuple[Exchange, ...]:
        """Exchanges that left the window and are not in the summary yet, oldest first."""
        ...

    async def save_summary(
        self, chat: ChatKey, summary: str, through: int, usage: Sequence[UsageEntry]
    ) -> None:
        """Replace the summary; if the chat was reset since, only the usage is stored."""
        ...

    async def find(self, chat: ChatKey, exchange_id: int) -> Exchange | None:
        """An exchange of this chat with its steps, in the window or not; None if there is none."""
        ...

    async def find_answer(self, chat: ChatKey, message_id: str) -> Exchange | None:
        """The exchange, with its steps, whose answer stands in a message; the newest thousand are
        looked at."""
        ...

    async def reset(self, chat: ChatKey) -> None:
        """Start afresh: the window is empty, the summary gone. What was said stays stored."""
        ...

    async def migrate(self, old: ChatKey, new: ChatKey) -> None:
        """Give ``new`` everything of ``old``: history, settings, waiting messages. Idempotent."""
        ...


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of an exchange that shows why a search found it; one line of plain text."""

    text: str = ""
    marks: tuple[tuple[int, int], ...] = ()
    """What was searched for: beginnings and ends in ``text``, in order."""
    is_answer: bool = False
    """It is of the answer, not of the question."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """An exchange that a search found."""

    exchange: Exchange
    """Without its steps and its pictures."""
    answered_at: float
    passage: Passage = Passage()


class HistorySearch(Protocol):
    async def search(
        self, chat: ChatKey, words: str, limit: int, spent: Callable[[UsageEntry], None]
    ) -> tuple[Recalled, ...]:
        """Exchanges of this chat, and of no other, that hold the words or mean them; best first.

        Those before /new too. Words in quotes stand together; others may be beginnings of words.
        Words that find nothing, and words that no index knows how to read, give nothing.
        ``spent`` is told what it cost.
        """
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """Which exchanges of a chat have vectors: all with ids from ``oldest`` to ``newest``."""

    model: str
    oldest: int
    newest: int


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a chat lacks of vectors."""

    exchanges: tuple[Recalled, ...]
    reach: Reach
    """Once these have theirs."""


@dataclass(frozen=True, slots=True)
class FoundBefore:
    """A search that was made, for its next page."""

    id: int
    words: str
    found: tuple[int, ...]
    """Ids of exchanges, the best first."""


class RecallStore(Protocol):
    """Where searches look. All that is given is of the chat that is named, and of no other."""

    async def by_words(self, chat: ChatKey, words: str, limit: int) -> tuple[int, ...]:
        """Ids of exchanges that hold all the words, whole words and new ones first.

        If nothing holds all of them, those that hold most.
        """
        ...

    async def by_meaning(
        self, chat: ChatKey, vector: bytes, model: str, limit: int
    ) -> tuple[int, ...]:
        """Ids of exchanges that mean something near it, the nearest first; of one model."""
        ...

    async def read(self, chat: ChatKey, ids: Sequence[int], words: str) -> tuple[Recalled, ...]:
        """In the order of ``ids``, each with its passage; those that are gone are left out."""
        ...

    async def is_whole(self, chat: ChatKey) -> bool:
        """Whether all that the chat said can be found by words already."""
        ...

    async def unlearned(self, chat: ChatKey, model: str, limit: int) -> Lesson | None:
        """What has no vector of the model yet, the newest first; None if nothing is to be done."""
        ...

    async def learn(
        self,
        chat: ChatKey,
        lesson: Lesson,
        vectors: Sequence[bytes],
        usage: Sequence[UsageEntry],
    ) -> None:
        """Keep one vector for each of the lesson's exchanges, and what they cost, on the bill of
        who asked last. What the lesson does not hold any more is passed over.

        An exchange that was changed meanwhile is left for the next lesson.
        """
        ...

    async def spend(self, chat: ChatKey, usage: Sequence[UsageEntry]) -> None:
        """Put this on the bill of who asked last in the chat."""
        ...

    async def keep(self, chat: ChatKey, words: str, found: Sequence[int]) -> FoundBefore:
        """Keep what a search found for about a day."""
        ...

    async def kept(self, chat: ChatKey, search_id: int) -> FoundBefore | None: ...


@dataclass(frozen=True, slots=True)
class Fact:
    """What a person asked to be remembered about them."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class FactOwner:
    """Whose facts, and where they were told: nowhere else are they used."""

    person: str
    """As configuration names them, e.g. ``telegram:123``."""
    place: str = ""
    """Empty for the person's private chats, else the group: ``telegram:-1001``."""


class MemoryStore(Protocol):
    async def load(self, owner: FactOwner) -> tuple[Fact, ...]:
        """In the order in which they were told; what was changed keeps its place."""
        ...

    async def add(self, owner: FactOwner, text: str, max_count: int, max_characters: int) -> bool:
        """False if there would be more than so many, or all together would be longer."""
        ...

    async def change(self, owner: FactOwner, fact_id: int, text: str, max_characters: int) -> bool:
        """False if there is no such fact of this owner, or it would be too much."""
        ...

    async def erase(self, owner: FactOwner, fact_ids: Sequence[int]) -> int:
        """Erase them from the file too, leaving no trace of their words; how many there were."""
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


@dataclass(frozen=True, slots=True)
class SavedSchema:
    """A JSON Schema that a chat keeps for /json."""

    name: str
    """In lower case."""
    text: str
    """As JSON."""


class SchemaStore(Protocol):
    async def load(self, chat: ChatKey) -> tuple[SavedSchema, ...]:
        """All of a chat, by name."""
        ...

    async def save(self, chat: ChatKey, schema: SavedSchema, most: int) -> bool:
        """Keep it, in the place of one with its name; False if there are ``most`` others."""
        ...

    async def remove(self, chat: ChatKey, name: str) -> bool:
        """False if there was none."""
        ...


class MediaStore(Protocol):
    async def put(self, data: bytes, mime: str, width: int = 0, height: int = 0) -> MediaRef:
        """Keep the bytes; the same bytes twice are one file."""
        ...

    async def get(self, ref: MediaRef) -> bytes | None:
        """The bytes, or None if the file is gone."""
        ...
