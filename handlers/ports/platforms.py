"""What the handlers need from a platform where people write."""

from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Protocol

from handlers.messages import Attachment, ButtonRows, ChatKey, IncomingMessage
from handlers.ports.images import Picture


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

    async def line(
        self, slot: str, text: str, buttons: ButtonRows = (), reply_to: str = ""
    ) -> None:
        """Say something of our own, as plain text.

        ``reply_to``: a message of this chat that people are led to, where no link leads there.
        """
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

    @property
    def max_file_bytes(self) -> int:
        """What is larger than this, ``file`` refuses here for certain."""
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
    asks_by_messages: bool
    """Whatever is asked is a message that people see; False where a command is none."""

    def open_reply(self, message: IncomingMessage, sent: SentLog) -> ReplySink: ...

    async def open_thread(self, message: IncomingMessage, sent: SentLog) -> IncomingMessage:
        """The message, in the thread that it wants, and wanting none any more.

        Where no thread can be opened it stays where it is. Again, with the same ``sent``, gives
        the same thread.
        """
        ...

    def message_link(self, chat: ChatKey, message_id: str) -> str:
        """The address that opens a message of a chat; empty where there is none."""
        ...

    async def download(self, attachment: Attachment) -> bytes:
        """The bytes. FileTooLargeError over ``max_download_bytes``, else FileUnavailableError."""
        ...
