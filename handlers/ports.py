"""What the handlers need from the world, as small Protocols.

The rooms in bot/ and storage/ fill them; tests fill them with fakes. Unless a port says otherwise:
methods raise only errors of handlers/errors.py, may be called by many tasks at once, and leave
nothing half done when the awaiting task is cancelled.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from handlers.messages import (
    Attachment,
    ButtonRows,
    ChatKey,
    ChatSettings,
    Delivery,
    Exchange,
    IncomingMessage,
    MediaRef,
    Pending,
    UsageEntry,
)


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...


# ---------------------------------------------------------------- the service


@dataclass(frozen=True, slots=True)
class TextPart:
    text: str


@dataclass(frozen=True, slots=True)
class PicturePart:
    """A picture, by its bytes or by its address."""

    detail: str
    """low, high or auto."""
    data: bytes = b""
    mime: str = "image/jpeg"
    url: str = ""


@dataclass(frozen=True, slots=True)
class ModelMessage:
    role: Literal["user", "assistant"]
    parts: tuple[TextPart | PicturePart, ...]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    model: str
    system: str
    messages: tuple[ModelMessage, ...]
    """Roles alternate and the last is the user's."""
    effort: str = ""
    """Reasoning effort; empty leaves it to the service."""
    person: str = ""
    """A name for the person that tells the service nothing about them (a hash)."""
    cache_key: str = ""
    """The same for all requests of one chat, so that the service's prompt cache is found."""


class Finish(StrEnum):
    COMPLETE = "complete"
    LENGTH = "length"
    """The answer reached its bound."""
    FILTERED = "filtered"
    """The service's safety system broke it off."""
    CUT = "cut"
    """The stream ended, failed or fell silent without saying that the answer is whole."""


class ChatStream(Protocol):
    """An answer that is asked for and being made: start it, iterate it once, close it.

    The iteration gives pieces of text in order and raises nothing: what goes wrong after the first
    piece ends it with ``finish`` CUT, and the text so far stands. Cancelling closes the connection.
    ``usage`` can be read at any time, also after a failure.
    """

    async def start(self) -> None:
        """Ask, and return when the first piece of text is there.

        Busy and broken servers are tried again before it raises; silence is not.
        """
        ...

    def __aiter__(self) -> AsyncIterator[str]: ...
    async def aclose(self) -> None:
        """Close the connection; again is harmless."""
        ...

    @property
    def finish(self) -> Finish: ...
    @property
    def usage(self) -> tuple[UsageEntry, ...]:
        """What the service billed, an estimate where it has not said (yet); empty if nothing."""
        ...


class ChatModel(Protocol):
    def ask(self, request: ChatRequest) -> ChatStream:
        """An answer that nothing has been done for yet."""
        ...


@dataclass(frozen=True, slots=True)
class Sound:
    data: bytes
    mime: str
    name: str
    """A file name whose ending tells the format: the service goes by it."""
    duration_s: float = 0.0
    """0 if unknown."""


@dataclass(frozen=True, slots=True)
class Segment:
    """What was said from one second of a recording to another."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    text: str
    usage: tuple[UsageEntry, ...]
    segments: tuple[Segment, ...] = ()
    """The text by its times, if they were asked for and the route has them."""


class Transcriber(Protocol):
    formats: frozenset[str]
    """File endings that the route reads as they are, e.g. ``ogg``."""
    max_bytes: int
    max_seconds: float
    """Of one request, as ``max_bytes``."""

    async def transcribe(
        self, sound: Sound, language: str = "", *, with_times: bool = False
    ) -> Transcript:
        """Words as they were spoken. ``language``: a BCP 47 hint, or empty."""
        ...


class Translator(Protocol):
    formats: frozenset[str]
    max_bytes: int
    max_seconds: float

    async def translate(self, sound: Sound) -> Transcript:
        """English text of what was said in any language."""
        ...


@dataclass(frozen=True, slots=True)
class Speech:
    data: bytes
    mime: str
    """What the service really sent, told from its first bytes: audio/ogg, audio/mpeg, audio/wav."""
    usage: UsageEntry


class SpeechSynthesizer(Protocol):
    max_characters: int
    """Of one request."""

    async def speak(self, text: str, voice: str) -> Speech: ...


@dataclass(frozen=True, slots=True)
class Picture:
    data: bytes
    mime: str
    revised_prompt: str = ""


@dataclass(frozen=True, slots=True)
class Pictures:
    pictures: tuple[Picture, ...]
    usage: UsageEntry


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """How a picture is to be; what is empty is the operator's choice, or else the service's."""

    size: str = ""
    """``1024x1536``, or ``auto``."""
    quality: str = ""
    background: str = ""
    """transparent, opaque or auto."""
    format: str = ""
    """png, jpeg or webp."""
    count: int = 1


OnPartial = Callable[[Picture], None]
"""Told how far a picture is; returns at once."""


class ImageGenerator(Protocol):
    """Each gives one picture or more, never none; fewer than asked for if the rest failed.

    ContentRefusedError if the service's safety system declines; RouteMissingError where the server
    has no such endpoint; PictureOptionError if it does not take an option.
    """

    async def generate(
        self,
        prompt: str,
        options: ImageOptions = ...,
        person: str = "",
        on_partial: OnPartial | None = None,
    ) -> Pictures: ...

    async def edit(
        self,
        prompt: str,
        pictures: Sequence[Picture],
        mask: Picture | None = None,
        options: ImageOptions = ...,
        person: str = "",
        on_partial: OnPartial | None = None,
    ) -> Pictures:
        """New pictures of one to 16 upright PNG, WebP or JPEG.

        ``mask``: a PNG of the first one's size, transparent where it is to be changed.
        """
        ...

    async def vary(
        self, picture: Picture, options: ImageOptions = ..., person: str = ""
    ) -> Pictures:
        """Others like it. RouteMissingError where the server cannot do it without a prompt."""
        ...


class Catalogue(Protocol):
    """What is known about the models, from configuration and the service."""

    chat_model: str
    """The operator's default."""
    chat_models: tuple[str, ...]
    """Offered in menus; a model that is not among them works all the same."""
    voice: str
    voices: tuple[str, ...]

    def efforts(self, model: str) -> tuple[str, ...]:
        """Reasoning efforts that the model is known to take; empty if none or unknown."""
        ...


# ---------------------------------------------------------------- the stores


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


# ---------------------------------------------------------------- the platforms


class Activity(StrEnum):
    """What the bot is seen doing."""

    WRITING = "writing"
    LISTENING = "listening"
    DRAWING = "drawing"
    SPEAKING = "speaking"


class SentLog(Protocol):
    """What was already sent in answer to one message; survives a crash."""

    def ids(self, slot: str) -> tuple[str, ...]: ...
    async def record(self, slot: str, ids: tuple[str, ...]) -> None: ...


class ReplySink(Protocol):
    """The answer to one message, on its platform. Used by one task.

    Whatever names a slot is idempotent: what the SentLog says was sent is not sent again (a text
    answer is edited instead). Delivery is retried until the platform takes it; what it refuses for
    good raises DeliveryRefusedError.
    """

    def working(self, activity: Activity) -> AbstractAsyncContextManager[None]:
        """Show that the bot is busy while the block runs; never raises, never waits."""
        ...

    def show(self, text: str) -> None:
        """Show the answer so far, the whole text each time. Returns at once; paced, latest wins."""
        ...

    def is_showing(self, message_id: str) -> bool:
        """Whether a button with this id of its message stands under this answer."""
        ...

    async def drop_buttons(self) -> None:
        """Take the buttons from the message that was pressed under: they mean nothing any more."""
        ...

    async def finish(
        self, text: str, notice: str = "", buttons: ButtonRows = (), supersedes: str = ""
    ) -> tuple[str, ...]:
        """Deliver the whole answer (Markdown), under it a notice of ours, then the buttons.

        ``supersedes`` names the answer before, which loses its buttons: only the last has any.

        Returns the platform's ids of the messages that hold it.
        """
        ...

    async def line(self, slot: str, text: str, buttons: ButtonRows = ()) -> None:
        """Say something of our own, as plain text."""
        ...

    async def tell(self, text: str, buttons: ButtonRows = ()) -> None:
        """Say why there is no answer, in place of whatever was shown of one. Once per message."""
        ...

    async def menu(self, text: str, buttons: ButtonRows) -> None:
        """Say something with buttons; after a press, in place of the message pressed under."""
        ...

    def preview(self, picture: Picture) -> None:
        """Show how far a picture is. Returns at once; paced, latest wins, never raises.

        The next ``photo`` takes its place.
        """
        ...

    async def photo(
        self, slot: str, picture: Picture, caption: str = "", buttons: ButtonRows = ()
    ) -> tuple[str, ...]:
        """The platform's ids of the message that holds it."""
        ...

    async def file(self, slot: str, name: str, data: bytes, mime: str, caption: str = "") -> None:
        """A file as it is, to be kept or opened elsewhere."""
        ...

    async def voice(self, slot: str, ogg: bytes, duration_s: float) -> None:
        """A real voice message (OGG/Opus), or the platform's next best where it is forbidden."""
        ...

    async def settle(self) -> None:
        """All is said: take away what still shows that an answer will come. Never raises."""
        ...

    async def aclose(self) -> None:
        """Stop background work; what was shown stays. Again is harmless."""
        ...


class Platform(Protocol):
    name: str
    max_download_bytes: int

    def open_reply(self, message: IncomingMessage, sent: SentLog) -> ReplySink: ...

    async def open_thread(self, message: IncomingMessage, sent: SentLog) -> IncomingMessage:
        """The message, in the thread that it wants, and wanting none any more.

        Where no thread can be opened it stays where it is. Again, with the same ``sent``, gives
        the same thread.
        """
        ...

    async def download(self, attachment: Attachment) -> bytes:
        """The bytes. FileTooLargeError over ``max_download_bytes``, else FileUnavailableError."""
        ...


# ---------------------------------------------------------------- watching


class Meter(Protocol):
    """Counts for operators. Never raises."""

    def count(self, name: str, labels: Mapping[str, str]) -> None: ...
    def observe(self, name: str, seconds: float, labels: Mapping[str, str]) -> None: ...
