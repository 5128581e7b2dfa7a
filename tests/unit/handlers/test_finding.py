"""Searching by words and by meaning, and learning what things mean once they are answered."""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.errors import (
    ArgumentsError,
    ContentRefusedError,
    ParleyError,
    QuestionTooLongError,
    RouteMissingError,
    ServiceDownError,
    ServiceRejectedError,
)
from handlers.knowledge.finding import LEFT_ALONE_S, LESSON, Finding, fused
from handlers.knowledge.recall import Recall
from handlers.messages import Capability, Exchange, IncomingMessage, Origin, UsageEntry
from handlers.ports.models import Embeddings
from handlers.ports.stores import Outcome
from handlers.turn import Turn
from storage.stores import Stores, open_stores
from tests.fakes import ALICE, CHAT, FakeClock, message


class FakeEmbedder:
    """Knows the sea from all else."""

    model = "fake"

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.fails_with: ParleyError | None = None
        self.refuses: dict[str, ParleyError] = {}
        self.is_silent = False

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        self.asked.append(list(texts))
        if self.is_silent:
            await asyncio.Event().wait()
        if self.fails_with is not None:
            raise self.fails_with
        for text in texts:
            for word, refusal in self.refuses.items():
                if word in text:
                    raise refusal
        vectors = tuple(
            struct.pack("<2f", 1, 0)
            if "sea" in text or "ocean" in text
            else struct.pack("<2f", 0, 1)
            for text in texts
        )
        entry = UsageEntry(Capability.EMBEDDING, "fake", input_tokens=len(texts), cost_usd=0.1)
        return Embeddings(vectors, self.model, (entry,))


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with open_stores(tmp_path / "parley.db", FakeClock()) as opened:
        yield opened


async def say(stores: Stores, *questions: str) -> None:
    for question in questions:
        asked = message(question, key=question)
        await stores.inbox.accept([asked])
        await stores.inbox.answer(asked, Outcome(exchange=Exchange(question, "Yes.")))


async def found(finding: Finding, words: str) -> list[str]:
    spent: list[UsageEntry] = []
    hits = await finding.search(CHAT, words, 5, spent.append)
    return [one.exchange.question for one in hits]


def test_what_stands_high_in_several_rankings_stands_highest() -> None:
    assert fused((1, 2, 3), (3, 4)) == (3, 1, 2, 4)
    assert fused((), (2, 1)) == (2, 1)
    assert fused() == ()


async def test_meaning_adds_what_words_miss(stores: Stores) -> None:
    finding = Finding(stores.recall, FakeEmbedder())
    await say(stores, "the sea", "an ocean", "a tax")
    await finding.learn(CHAT)
    assert await found(finding, "sea") == ["the sea", "an ocean"]
    assert await found(finding, "   ") == []


async def test_without_an_embedder_words_are_searched(stores: Stores) -> None:
    finding = Finding(stores.recall, None)
    await say(stores, "the sea", "an ocean")
    await finding.learn(CHAT)
    assert await found(finding, "sea") == ["the sea"]


async def test_a_lesson_is_on_the_bill_of_who_asked_last_and_a_search_of_who_searches(
    stores: Stores,
) -> None:
    finding = Finding(stores.recall, FakeEmbedder())
    await say(stores, "the sea")
    await finding.learn(CHAT)
    spent: list[UsageEntry] = []
    await finding.search(CHAT, "sea", 5, spent.append)
    [total] = await stores.usage.by_day(ALICE.key, 0)
    assert (total.calls, total.capability) == (1, Capability.EMBEDDING)
    assert [entry.capability for entry in spent] == [Capability.EMBEDDING]


async def test_a_server_that_is_silent_is_given_up_and_left_alone_for_a_while(
    stores: Stores,
) -> None:
    embedder, clock = FakeEmbedder(), FakeClock()
    finding = Finding(stores.recall, embedder, patience_s=0, now=clock.now)
    await say(stores, "the sea", "an ocean")
    await finding.learn(CHAT)
    embedder.is_silent = True
    assert await found(finding, "sea") == ["the sea"]
    embedder.is_silent = False
    asked = len(embedder.asked)
    assert await found(finding, "sea") == ["the sea"]
    assert len(embedder.asked) == asked
    clock.time += LEFT_ALONE_S
    patient = Finding(stores.recall, embedder, now=clock.now)
    assert await found(patient, "sea") == ["the sea", "an ocean"]


async def test_a_failed_search_is_tried_again_after_a_while(stores: Stores) -> None:
    embedder, clock = FakeEmbedder(), FakeClock()
    finding = Finding(stores.recall, embedder, now=clock.now)
    await say(stores, "the sea", "an ocean")
    await finding.learn(CHAT)
    embedder.fails_with = ServiceDownError("gone")
    assert await found(finding, "sea") == ["the sea"]
    embedder.fails_with = None
    assert await found(finding, "sea") == ["the sea"]
    clock.time += LEFT_ALONE_S
    assert await found(finding, "sea") == ["the sea", "an ocean"]


@pytest.mark.parametrize(
    "refusal", [QuestionTooLongError("8192"), ServiceRejectedError("no"), ContentRefusedError("no")]
)
async def test_what_the_service_refuses_is_passed_over_and_the_rest_is_learned(
    stores: Stores, refusal: ParleyError
) -> None:
    embedder = FakeEmbedder()
    finding = Finding(stores.recall, embedder)
    embedder.refuses["poison"] = refusal
    await say(stores, "the sea", "poison", "an ocean")
    await finding.learn(CHAT)
    assert await found(finding, "sea") == ["the sea", "an ocean"]
    asked = len(embedder.asked)
    await finding.learn(CHAT, lessons=10)
    assert len(embedder.asked) == asked
    await say(stores, "poison again")
    await finding.learn(CHAT)
    await say(stores, "at sea")
    await finding.learn(CHAT)
    assert embedder.asked[-1] == ["at sea\nYes."]
    [total] = await stores.usage.by_day(ALICE.key, 0)
    assert total.calls == 5  # those four, and once more to see that the service is not at fault


async def test_a_server_that_refuses_everything_is_asked_again_the_next_time(
    stores: Stores,
) -> None:
    embedder = FakeEmbedder()
    finding = Finding(stores.recall, embedder)
    await say(stores, "the sea", "an ocean")
    embedder.fails_with = ServiceRejectedError("no")
    await finding.learn(CHAT)
    assert [len(texts) for texts in embedder.asked] == [2, 1]
    embedder.fails_with = None
    await finding.learn(CHAT)
    assert await found(finding, "sea") == ["the sea", "an ocean"]


async def test_what_a_lesson_cost_before_it_broke_off_is_on_the_bill(stores: Stores) -> None:
    embedder = FakeEmbedder()
    finding = Finding(stores.recall, embedder)
    await say(stores, "a tax", "an ocean", "the sea")
    embedder.refuses = {"sea": ServiceRejectedError("no"), "tax": ServiceDownError("gone")}
    await finding.learn(CHAT)
    [total] = await stores.usage.by_day(ALICE.key, 0)
    assert total.calls == 2  # a harmless text, and the ocean


async def test_a_failure_leaves_the_search_to_words_and_the_lesson_to_the_next_time(
    stores: Stores,
) -> None:
    embedder = FakeEmbedder()
    finding = Finding(stores.recall, embedder)
    await say(stores, "the sea", "an ocean")
    embedder.fails_with = ServiceDownError("gone")
    await finding.learn(CHAT)
    assert await found(finding, "sea") == ["the sea"]
    embedder.fails_with = None
    await finding.learn(CHAT)
    assert await found(finding, "sea") == ["the sea", "an ocean"]


async def test_a_server_that_has_no_embeddings_is_not_asked_again(stores: Stores) -> None:
    embedder = FakeEmbedder()
    embedder.fails_with = RouteMissingError("none", model="")
    finding = Finding(stores.recall, embedder)
    await say(stores, "the sea")
    await finding.learn(CHAT)
    assert await found(finding, "sea") == ["the sea"]
    await finding.learn(CHAT)
    assert len(embedder.asked) == 1


async def test_a_lesson_is_bounded_and_old_things_are_learned_bit_by_bit(stores: Stores) -> None:
    embedder = FakeEmbedder()
    finding = Finding(stores.recall, embedder)
    await say(stores, *(f"question {number}" for number in range(LESSON + 5)))
    await finding.learn(CHAT)
    assert [len(texts) for texts in embedder.asked] == [LESSON]
    await finding.learn(CHAT, lessons=10)
    assert [len(texts) for texts in embedder.asked] == [LESSON, 5]
    await finding.learn(CHAT, lessons=10)
    assert len(embedder.asked) == 2


class FakeTurn:
    """As much of a turn as a handler's wrapping sees."""

    def __init__(self, exchange_id: int, said: IncomingMessage | None = None) -> None:
        self.exchange_id = exchange_id
        self.message = said or message()
        self.behind: list[object] = []

    def background(self, work: object) -> None:
        self.behind.append(work)


@pytest.mark.parametrize(("exchange_id", "count"), [(7, 1), (0, 0)])
async def test_only_what_left_an_exchange_is_learned_and_only_afterwards(
    stores: Stores, exchange_id: int, count: int
) -> None:
    turn = FakeTurn(exchange_id)

    async def handle(_: Turn) -> None:
        assert turn.behind == []

    await Finding(stores.recall, FakeEmbedder()).then_learn(handle)(turn)  # type: ignore[arg-type]  # as said there
    assert len(turn.behind) == count
    for work in turn.behind:
        await work  # type: ignore[misc]  # it is a coroutine


@pytest.mark.parametrize("words", ["page {} 0", "page 1 {}", "show {} answer"])
@pytest.mark.parametrize("number", ["9" * 20, "9" * 5_000])
async def test_a_forged_button_is_told_how_to_search(
    stores: Stores, words: str, number: str
) -> None:
    await say(stores, "the sea")
    await stores.recall.keep(CHAT, "sea", [1])
    recall = Recall(Finding(stores.recall, None), stores.recall, stores.history)
    pressed = replace(message(words.format(number)), origin=Origin.BUTTON)
    with pytest.raises(ArgumentsError):
        await recall.search(FakeTurn(0, pressed))  # type: ignore[arg-type]  # as said there
