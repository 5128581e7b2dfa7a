"""What the handlers need of a machine elsewhere that runs code: containers, files and runs."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from handlers.errors import ParleyError
from handlers.messages import Attachment, ChatKey, UsageEntry
from handlers.ports.chat import ChatRequest


class RunState(StrEnum):
    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    NEEDS_TOOL = "needs_tool"
    """It waits for a tool that nobody here has."""
    COMPLETED = "completed"
    FAILED = "failed"
    INCOMPLETE = "incomplete"
    """It reached a bound of the service."""
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """The service no longer has it."""

    @property
    def is_over(self) -> bool:
        return self not in (RunState.QUEUED, RunState.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class CodeCall:
    """One piece of code that was, or is being, run."""

    code: str
    logs: str = ""
    pictures: tuple[bytes, ...] = ()
    """That it showed; a service may name them as files besides."""
    is_running: bool = False
    is_failed: bool = False


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that a run left in a container and names in its answer."""

    container: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Look:
    """A run as it is now."""

    state: RunState
    text: str = ""
    """Markdown; links to files are taken out of it."""
    calls: tuple[CodeCall, ...] = ()
    files: tuple[MadeFile, ...] = ()
    named: tuple[str, ...] = ()
    """Paths of files that the text speaks of without naming them as files."""
    usage: tuple[UsageEntry, ...] = ()
    """Once it is over; empty if the service did not tell."""
    failure: ParleyError | None = None
    """Why it FAILED, or is INCOMPLETE for another reason than its length."""


@dataclass(frozen=True, slots=True)
class Opened:
    container: str
    usage: UsageEntry


@dataclass(frozen=True, slots=True)
class ContainerFile:
    id: str
    path: str
    size_bytes: int
    is_ours: bool
    """Uploaded, not made by code."""


class CodeInterpreter(Protocol):
    """CodeMissingError where the server runs no code; ContainerGoneError for a container that is
    no longer there. Nothing is kept at the service for longer than it is needed here: ``forget``.
    """

    async def open(self, name: str) -> Opened:
        """A container of its own, which ends when it was idle for about 20 minutes."""
        ...

    async def is_alive(self, container: str) -> bool: ...

    async def upload(self, container: str, name: str, data: bytes, mime: str) -> str:
        """The path under which code finds it."""
        ...

    async def list_files(self, container: str) -> tuple[ContainerFile, ...]: ...

    async def begin(self, request: ChatRequest, container: str, key: str) -> str:
        """The id of a run that goes on by itself. Its tools are the container and no other.

        Not repeated where nobody knows whether the service took it. ``key`` names the try.
        """
        ...

    async def look(self, run: str) -> Look: ...

    async def cancel(self, run: str) -> None:
        """Stop it; one that is over, or gone, stays as it is."""
        ...

    async def forget(self, run: str) -> None:
        """Have the service erase it; again is harmless."""
        ...

    async def fetch(self, file: MadeFile, max_bytes: int) -> bytes | None:
        """None if it is larger. FileUnavailableError if it is gone."""
        ...


@dataclass(frozen=True, slots=True)
class KeptUpload:
    """A file of a person's in a container."""

    path: str
    attachment: Attachment
    """What brings it again, should the container end."""


@dataclass(frozen=True, slots=True)
class Container:
    id: str
    uploads: tuple[KeptUpload, ...] = ()
    """Oldest first."""
    font: str = ""
    """The path of the font in it; empty if it has none."""


class RunStore(Protocol):
    """The ids of runs that are at the service, each until it is erased there."""

    async def save(self, run: str, forget_at: float) -> None:
        """``forget_at``: from then on nobody here asks for it; in the place of what was known."""
        ...

    async def due(self, now: float, most: int) -> tuple[str, ...]:
        """Those that are to be forgotten, the longest due first."""
        ...

    async def drop(self, run: str) -> None: ...


class ContainerStore(Protocol):
    async def load(self, chat: ChatKey) -> Container | None: ...

    async def save(self, chat: ChatKey, container: Container) -> None:
        """In the place of the chat's container before."""
        ...
