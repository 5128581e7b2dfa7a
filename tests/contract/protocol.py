"""What the contract speaks of: people, chats, what a chat shows, and what may fail on the way.

A driver per platform makes it real. Where platforms differ in what they can promise, a driver says
so in a property, and the test reads it.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from types import TracebackType
from typing import Any, Self

STOP, RETRY, AGAIN = "⏹ Stop", "↻ Retry", "↻ Try again"
WAIT_S = 15.0
SOUND_ENDINGS = (".mp3", ".wav", ".flac", ".aac", ".ogg")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    key: str
    """As configuration names them."""


@dataclass(frozen=True, slots=True)
class Code:
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What the bot said, as people see it now."""

    text: str
    buttons: tuple[str, ...] = ()
    code: tuple[Code, ...] = ()
    """Its code blocks."""
    voice: bytes = b""
    """The sound of a voice message."""
    picture: bytes = b""
    revisions: int = 1
    """How often it was written: 1 if it was never edited."""
    sound_file: str = ""
    """The name of a file of sound that is no voice message."""
    sound: bytes = b""
    """What is in it."""
    bold: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    """Where words lead that are links."""
    replied_to: str = ""
    """The text of the message that it replies to."""
    files: tuple[str, ...] = ()
    """The names of what was sent as files."""

    @property
    def is_being_written(self) -> bool:
        return STOP in self.buttons


class Kind(Enum):
    """What a file is sent as."""

    PHOTO = auto()
    VOICE = auto()
    """As spoken into the app."""
    SOUND = auto()
    VIDEO = auto()
    FILE = auto()


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What is sent with words, or without."""

    kind: Kind
    data: bytes
    name: str
    mime: str


class Fault(Enum):
    """What meets a request of the bot."""

    SERVER_ERROR = auto()
    BAD_GATEWAY = auto()
    """A proxy's page in the place of an answer."""
    CUT = auto()
    """The connection breaks; nothing was done."""
    CUT_AFTER = auto()
    """It was done, then the connection broke: the bot cannot know."""


class Chat(ABC):
    """One conversation: a private chat, a room, or one topic or thread of it.

    ``sender`` is by default the first person of the chat.
    """

    def __init__(self, platform: "Platform") -> None:
        self.platform = platform

    # What people do

    @abstractmethod
    def say(self, text: str, *, sender: Person | None = None, is_addressed: bool = True) -> Any:
        """What ``edit`` takes. In a private chat everything is addressed."""

    @abstractmethod
    def edit(self, said: Any, text: str) -> None: ...

    @abstractmethod
    async def send(self, text: str, enclosed: Sequence[Enclosed] = (), reply_to: Any = None) -> Any:
        """What ``reply_to`` takes, if it became a message that can be replied to.

        A line with a command is called the way people do here, with what is enclosed.
        """

    @property
    @abstractmethod
    def said(self) -> list[Any]:
        """The messages of ``shown``, as ``reply_to`` takes them."""

    @abstractmethod
    def send_photo(self, jpeg: bytes, caption: str) -> None: ...

    @abstractmethod
    def send_voice(self, ogg: bytes, duration_s: int) -> None: ...

    @abstractmethod
    def send_file(self, data: bytes, name: str, mime: str, caption: str = "") -> Any:
        """What ``reply`` takes."""

    @abstractmethod
    def reply(self, said: Any, text: str) -> None: ...

    @abstractmethod
    async def have_read_aloud(self, said: Any) -> None:
        """Ask for a message that somebody said to be read aloud, the way people do here."""

    @abstractmethod
    def send_too_large_a_picture(self) -> None:
        """More than the bot takes here."""

    @abstractmethod
    async def command(self, name: str, arguments: str = "") -> None:
        """Call a command the way people do here; waits until the platform offers it."""

    @abstractmethod
    def press(self, label: str) -> None:
        """The newest button with this label."""

    @abstractmethod
    def hold_sends(self) -> asyncio.Event:
        """The bot's next message here is carried out only once the event is set."""

    @abstractmethod
    def hold_voices(self) -> asyncio.Event:
        """The same of its next voice message."""

    @property
    @abstractmethod
    def voices_begun(self) -> int:
        """How many voice messages the bot has begun to send here."""

    # What they see

    @abstractmethod
    def address(self, contains: str) -> str:
        """What opens the message that holds these words; empty if nothing does.

        Where a question may be no message, it is the bot's.
        """

    @property
    @abstractmethod
    def shown(self) -> list[Shown]:
        """The bot's messages, oldest first; what vanishes by itself (a draft) is not among them."""

    @property
    @abstractmethod
    def preview(self) -> Shown | None:
        """The answer that is being written; None if there is none."""

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.shown]

    async def wait_for(self, contains: str = "", count: int = 1) -> Shown:
        """The count-th message with these words that is no longer being written."""

        def found() -> list[Shown]:
            return [s for s in self.shown if contains in s.text and not s.is_being_written]

        await self.wait_until(lambda: len(found()) >= count, f"{count} x {contains!r}")
        return found()[count - 1]

    async def wait_for_preview(self, contains: str, revisions: int = 1) -> Shown:
        """An answer that is being written, with these words in it and written so often."""

        def is_there() -> bool:
            shown = self.preview
            return shown is not None and contains in shown.text and shown.revisions >= revisions

        await self.wait_until(is_there, f"{contains!r} being written")
        assert self.preview is not None
        return self.preview

    async def wait_until(self, is_so: Callable[[], object], wanted: str = "it") -> None:
        try:
            await self.platform.wait_until(is_so)
        except TimeoutError as late:
            preview = f", being written: {self.preview}" if self.preview else ""
            raise TimeoutError(f"{wanted} did not come; shown: {self.shown}{preview}") from late


class Platform(ABC):
    """An emulated platform that runs while the block does."""

    name: str
    limit: int
    """Of one message, as ``measure`` counts."""
    sends_once: bool
    """A send that was carried out and not confirmed is not done twice by repeating it."""

    @abstractmethod
    async def __aenter__(self) -> Self: ...

    @abstractmethod
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    @abstractmethod
    def environment(self) -> Mapping[str, str]:
        """What makes a bot of this platform, without a pace of its own."""

    @property
    @abstractmethod
    def connections(self) -> int:
        """How often a bot has begun to listen; it grows when one starts."""

    # People and places

    @abstractmethod
    def person(self, name: str) -> Person: ...

    @abstractmethod
    def private(self, person: Person) -> Chat:
        """The same chat each time."""

    @abstractmethod
    def room(self, *people: Person) -> Chat: ...

    @abstractmethod
    def neighbours(self, *people: Person) -> tuple[Chat, ...]:
        """Conversations of one community: its topics, its channels and their threads."""

    # Faults

    @abstractmethod
    def limit_rate(self) -> None:
        """Refuse the next sends and the next edits as too many, more often than one would hope."""

    @abstractmethod
    def fail_sends(self, *faults: Fault) -> None:
        """The next messages of the bot meet these."""

    # Looking

    @property
    @abstractmethod
    def refusals(self) -> int:
        """Sends and edits that were answered with 429."""

    @property
    @abstractmethod
    def downloads(self) -> int:
        """Files that the bot asked for."""

    @abstractmethod
    def measure(self, text: str) -> int: ...

    @abstractmethod
    async def wait_until(self, is_so: Callable[[], object], timeout_s: float = WAIT_S) -> None:
        """TimeoutError if it is not so in time; asked whenever anything has changed."""

    @abstractmethod
    def find_faults(self) -> list[str]:
        """What a careful bot leaves nowhere: broken rules, refused requests, presses and commands
        that nobody answered, messages that say for ever that an answer will come.
        """
