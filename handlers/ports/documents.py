"""What the handlers need kept of documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from handlers.messages import ChatKey, Sender, UsageEntry


@dataclass(frozen=True, slots=True)
class KeptPassage:
    label: str
    """``p. 12``; empty if the document has no parts."""
    text: str
    words: str
    """The words of ``text`` as a search compares them."""


@dataclass(frozen=True, slots=True)
class NewDocument:
    sha256: str
    """Of the file."""
    name: str
    unit: str
    """``page``, ``slide``, ``sheet``, ``file``; empty if there is nothing to count."""
    count: int
    size_bytes: int
    is_cut: bool
    """The file holds more than the passages."""
    passages: tuple[KeptPassage, ...]


@dataclass(frozen=True, slots=True)
class KeptDocument:
    id: int
    sha256: str
    name: str
    unit: str
    count: int
    size_bytes: int
    passages: int
    is_cut: bool
    author: str
    """The name of who brought it, as people saw it."""
    added_at: float
    is_learned: bool
    """Every question is answered from it; otherwise those of the next hours are."""
    is_for_all: bool
    """It belongs to no chat: all see it."""


@dataclass(frozen=True, slots=True)
class Hit:
    document_id: int
    place: int
    """Of the passage in its document, from 0."""
    score: float
    """Higher is better; comparable within one search."""


@dataclass(frozen=True, slots=True)
class VectorBlock:
    """The vectors of passages that follow each other."""

    first: int
    count: int


class DocumentStore(Protocol):
    """Documents of chats, and those for all. No method shows a chat what another one keeps."""

    async def keep(
        self, chat: ChatKey, document: NewDocument, sender: Sender, *, is_for_all: bool = False
    ) -> KeptDocument:
        """Neither learned nor recent yet. A file that is kept already stays as it is."""
        ...

    async def find(
        self, chat: ChatKey, sha256: str, *, is_for_all: bool = False
    ) -> KeptDocument | None:
        """By its file, of the chat or of those for all; ``is_for_all`` looks at those alone."""
        ...

    async def in_reach(self, chat: ChatKey) -> tuple[KeptDocument, ...]:
        """What was learned here or for all, and what is recent here; what came last first."""
        ...

    async def learn(self, chat: ChatKey, document_id: int) -> None:
        """From now on every question is answered from it. What is gone stays gone."""
        ...

    async def set_recent(self, chat: ChatKey, document_ids: Sequence[int], until: float) -> None:
        """Questions until then are answered from them, but for those after /new."""
        ...

    async def forget(self, chat: ChatKey, document_ids: Sequence[int], *, for_all: bool) -> int:
        """Erase documents of the chat, and with ``for_all`` those for all; how many it were."""
        ...

    async def texts(self, document_id: int, first: int, count: int) -> tuple[str, ...]:
        """Of passages that follow each other."""
        ...

    async def passages(
        self, chat: ChatKey, document_id: int, places: Sequence[int]
    ) -> dict[int, KeptPassage]:
        """Those that are there, by their places."""
        ...

    async def labelled(
        self, chat: ChatKey, document_id: int, labels: Sequence[str], limit: int
    ) -> tuple[int, ...]:
        """The places of the passages with one of these labels, in order."""
        ...

    async def blocks(self, document_id: int, model: str) -> tuple[VectorBlock, ...]:
        """Which passages have vectors of the model, in order."""
        ...

    async def vectors(self, document_id: int, model: str, first: int) -> bytes:
        """Of one block, one after the other; empty if it is gone."""
        ...

    async def save_vectors(
        self,
        chat: ChatKey,
        document_id: int,
        first: int,
        vectors: Sequence[bytes],
        model: str,
        usage: Sequence[UsageEntry],
        person: str,
    ) -> None:
        """Keep vectors and what they cost, in one transaction; those of other models go.

        If the document is gone, only the cost is stored.
        """
        ...

    async def search(
        self, chat: ChatKey, document_ids: Sequence[int], terms: Sequence[str], limit: int
    ) -> tuple[Hit, ...]:
        """Passages that hold some of the terms, the best first; terms as ``words`` are made of."""
        ...


class HostedState(StrEnum):
    PENDING = "pending"
    """On its way: not to be found yet."""
    READY = "ready"
    REFUSED = "refused"
    """The service could do nothing with it, and would not another time."""


@dataclass(frozen=True, slots=True)
class HostedFile:
    """A document's text at the service, in the vector store of the chat that it belongs to."""

    document_id: int
    store: str
    file: str
    """Empty if it was refused."""
    state: HostedState


class RubbishKind(StrEnum):
    FILE = "file"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class Rubbish:
    """What is at the service for nobody."""

    id: str
    kind: RubbishKind


class HostedStore(Protocol):
    """What is at the service. What is dropped here becomes rubbish, to be removed there."""

    async def shelf(self, chat: ChatKey, *, is_for_all: bool) -> str:
        """The chat's vector store, or that for all; empty if there is none."""
        ...

    async def save_shelf(self, chat: ChatKey, store: str, *, is_for_all: bool) -> str:
        """The one that stands: another if that was there before."""
        ...

    async def drop_shelf(self, store: str) -> None:
        """With its files."""
        ...

    async def files(self, chat: ChatKey) -> tuple[HostedFile, ...]:
        """Of the chat's documents and those for all, each in the vector store of whose it is."""
        ...

    async def save_file(self, document_id: int, store: str, file: str) -> bool:
        """Pending; another file of the document goes. False if the document or its place is gone,
        and the file with it."""
        ...

    async def set_ready(self, document_id: int, file: str) -> bool:
        """False if it was dropped meanwhile."""
        ...

    async def refuse(self, document_id: int, file: str) -> None:
        """Remember that the service could do nothing with it; the file goes."""
        ...

    async def drop_file(self, document_id: int) -> None: ...

    async def drop_unfinished(self, before: float) -> None:
        """What was saved before then and still is on its way, or was never learned."""
        ...

    async def drop_all(self) -> None: ...

    async def rubbish(self, most: int) -> tuple[Rubbish, ...]: ...

    async def removed(self, ids: Sequence[str]) -> None:
        """It is no longer at the service."""
        ...


@dataclass(frozen=True, slots=True)
class HostedChunk:
    file: str
    text: str
    score: float
    """0 to 1; higher is better."""


class HostedSearch(Protocol):
    """Vector stores at the service. RouteMissingError where the server has none.

    HostedGoneError if a vector store or a file that is named is no longer there.
    """

    async def open(self) -> str:
        """A new vector store."""
        ...

    async def upload(self, name: str, data: bytes) -> str:
        """A text, as a file that is in no vector store yet."""
        ...

    async def add(self, store: str, file: str, document_id: int) -> bool:
        """Until it can be searched. False if the service can do nothing with it, ever."""
        ...

    async def search(
        self, store: str, question: str, limit: int, document_ids: Sequence[int] | None = None
    ) -> tuple[HostedChunk, ...]:
        """The best first; ``document_ids`` None: of all that is there."""
        ...

    async def remove(self, rubbish: Rubbish) -> None:
        """Also if it is gone already."""
        ...
