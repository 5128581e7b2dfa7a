"""Finding passages by meaning and by words, and what is paid for on the way."""

import struct
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from handlers.errors import RouteMissingError, ServiceBusyError
from handlers.knowledge.retrieval import BLOCK, Retrieval
from handlers.media.documents.words import searchable
from handlers.media.memory import MemoryGate
from handlers.messages import Capability, ChatSettings, Pending, UsageEntry
from handlers.ports.documents import KeptDocument, KeptPassage, NewDocument
from handlers.ports.models import Embeddings
from handlers.turn import Turn
from storage.stores import Stores, open_stores
from tests.fakes import ALICE, CHAT, FakeClock, FakePlatform, FakeStore, message

SIDES = {
    "north": (1.0, 0.0),
    "south": (-1.0, 0.0),
    "east": (0.0, 1.0),
    "east-northeast": (0.6, 0.8),
}


def packed(*numbers: float) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)


class FakeEmbedder:
    """Knows the four winds; whatever else is said is west."""

    def __init__(self) -> None:
        self.model = "winds"
        self.embedded: list[str] = []
        self.requests = 0
        self.fails: Callable[[int], Exception | None] = lambda _: None
        """By the number of the request, from 1."""

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        self.requests += 1
        if (failure := self.fails(self.requests)) is not None:
            raise failure
        self.embedded += texts
        vectors = tuple(packed(*SIDES.get(text.split()[-1], (0.0, -1.0))) for text in texts)
        usage = UsageEntry(Capability.EMBEDDING, "winds", input_tokens=len(texts))
        return Embeddings(vectors, self.model, (usage,))


class Room:
    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.embedder = FakeEmbedder()
        self.retrieval = Retrieval(stores.documents, self.embedder)
        self.turn = Turn(
            Pending(message()), ChatSettings(), FakePlatform(), FakeStore(), print, MemoryGate(1)
        )

    async def learn(self, name: str, *texts: str) -> KeptDocument:
        passages = tuple(KeptPassage("", text, searchable(text)) for text in texts)
        new = NewDocument(name, name, "", 0, 1, False, passages)
        return await self.stores.documents.keep(CHAT, new, ALICE)

    async def find(self, question: str, *documents: KeptDocument, bar: float = 0.5) -> list[str]:
        found = await self.retrieval.search(self.turn, question, documents, 10)
        return [one.passage.text for one in found if one.is_over(bar)]

    async def paid(self) -> int:
        """Calls that the stores know of."""
        return sum(one.calls for one in await self.stores.usage.by_day(ALICE.key, 0))


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_stores(tmp_path / "parley.db", FakeClock()) as stores:
        yield Room(stores)


async def test_what_means_the_same_is_found_in_all_documents_the_best_first(room: Room) -> None:
    one = await room.learn("one", "blows from east-northeast", "calm in the south")
    two = await room.learn("two", "storm from the east")
    assert await room.find("wind: east", one, two) == [
        "storm from the east",
        "blows from east-northeast",
    ]
    assert await room.find("wind: east", one, two, bar=0.9) == ["storm from the east"]
    assert await room.find("which way is north", two) == []


async def test_what_holds_nearly_all_words_is_found_whatever_it_means(room: Room) -> None:
    document = await room.learn("one", "invoice 4711 of the north", "all about the south")
    assert await room.find("Where is invoice 4711?", document) == ["invoice 4711 of the north"]
    assert await room.find("Where is invoice 9999?", document) == []


async def test_a_document_is_paid_for_once_and_each_question_again(room: Room) -> None:
    document = await room.learn("one", "far north", "deep south")
    await room.find("go north", document)
    await room.find("go south", document)
    assert room.embedder.embedded == ["far north", "deep south", "go north", "go south"]
    assert await room.paid() == 1
    assert len(room.turn.take_usage()) == 2


async def test_what_was_paid_for_before_a_failure_is_not_paid_for_again(room: Room) -> None:
    texts = [f"{number} south" for number in range(2 * BLOCK)]
    document = await room.learn("one", *texts, "far north")
    room.embedder.fails = lambda request: ServiceBusyError("429") if request in (2, 3) else None
    await room.retrieval.prepare(room.turn, document)
    assert not await room.retrieval.is_prepared(document)
    for _ in range(2):
        assert await room.find("how far north", document) == ["far north"]  # at first by its words
    assert await room.retrieval.is_prepared(document)
    assert len([text for text in room.embedder.embedded if "how" not in text]) == 2 * BLOCK + 1
    assert await room.paid() == 3


async def test_with_another_model_documents_are_embedded_anew(room: Room) -> None:
    document = await room.learn("one", "the east", "the south")
    await room.retrieval.prepare(room.turn, document)
    room.embedder.model = "other winds"
    assert not await room.retrieval.is_prepared(document)
    assert await room.find("what is in the east", document) == ["the east"]
    assert await room.retrieval.is_prepared(document)
    assert await room.stores.documents.blocks(document.id, "winds") == ()


async def test_one_question_waits_only_for_so_many_passages(room: Room) -> None:
    document = await room.learn("one", *(f"{number} south" for number in range(5 * BLOCK)))
    await room.find("go south", document)
    assert not await room.retrieval.is_prepared(document)
    await room.find("go south", document)
    assert await room.retrieval.is_prepared(document)


async def test_a_server_without_embeddings_is_asked_once(room: Room) -> None:
    document = await room.learn("one", "far north", "deep south")
    room.embedder.fails = lambda _: RouteMissingError("404", model="winds")
    assert await room.find("how deep is the south", document) == ["deep south"]
    assert await room.find("how far is the north", document) == ["far north"]
    assert room.embedder.requests == 1


async def test_progress_is_told_before_each_block(room: Room) -> None:
    document = await room.learn("one", *(f"{number} south" for number in range(BLOCK + 1)))
    told: list[tuple[int, int]] = []

    async def progress(done: int, total: int) -> None:
        told.append((done, total))

    assert await room.retrieval.prepare(room.turn, document, progress=progress) == BLOCK + 1
    assert told == [(0, BLOCK + 1), (BLOCK, BLOCK + 1)]
