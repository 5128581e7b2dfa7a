"""Documents and their passages in SQLite."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.media.documents.words import asked, searchable
from handlers.messages import Capability, ChatKey
from handlers.ports.documents import KeptPassage, NewDocument, VectorBlock
from storage.documents import MAX_UNLEARNED, UNLEARNED_KEPT_S
from storage.stores import Stores, open_stores
from tests.unit.storage.samples import (
    ADA,
    CHAT,
    NOON,
    OTHER_CHAT,
    SetClock,
    everything_stored,
    message,
    usage,
)

VECTOR = b"\0\0\x80?" + bytes(12)


def document(name: str, *texts: str) -> NewDocument:
    passages = tuple(
        KeptPassage(f"p. {number}", text, searchable(text)) for number, text in enumerate(texts, 1)
    )
    return NewDocument(f"sha of {name}", name, "page", len(texts), 1000, False, passages)


async def learned(stores: Stores, name: str, *texts: str, chat: ChatKey = CHAT) -> int:
    kept = await stores.documents.keep(chat, document(name, *texts), ADA)
    await stores.documents.learn(chat, kept.id)
    return kept.id


async def names(stores: Stores, chat: ChatKey = CHAT) -> list[str]:
    return [one.name for one in await stores.documents.in_reach(chat)]


async def test_what_was_learned_is_in_reach_of_its_chat_alone(stores: Stores) -> None:
    await learned(stores, "a.pdf", "one", "two")
    [kept] = await stores.documents.in_reach(CHAT)
    assert (kept.name, kept.unit, kept.count, kept.passages) == ("a.pdf", "page", 2, 2)
    assert (kept.author, kept.added_at, kept.is_learned) == ("Ada", NOON, True)
    assert (kept.is_for_all, kept.is_cut) == (False, False)
    assert await names(stores, OTHER_CHAT) == []
    found = await stores.documents.passages(CHAT, kept.id, [1, 7])
    assert found == {1: KeptPassage("p. 2", "two", "two")}
    assert await stores.documents.passages(OTHER_CHAT, kept.id, [1]) == {}
    assert await stores.documents.search(OTHER_CHAT, [kept.id], ["two"], 5) == ()
    assert await stores.documents.labelled(OTHER_CHAT, kept.id, ["p. 2"], 5) == ()
    assert await stores.documents.forget(OTHER_CHAT, [kept.id], for_all=True) == 0


async def test_the_same_file_is_kept_once(stores: Stores) -> None:
    first = await stores.documents.keep(CHAT, document("a.pdf", "one"), ADA)
    again = await stores.documents.keep(CHAT, replace(document("a.pdf"), name="b.pdf"), ADA)
    assert again == first
    assert await stores.documents.find(CHAT, "sha of a.pdf") == first
    assert await stores.documents.find(OTHER_CHAT, "sha of a.pdf") is None


async def test_what_a_chat_has_becomes_for_all_with_what_was_paid_for(stores: Stores) -> None:
    own = await stores.documents.keep(CHAT, document("a.pdf", "one"), ADA)
    await stores.documents.save_vectors(CHAT, own.id, 0, [VECTOR], "m", [], ADA.key)
    for_all = await stores.documents.keep(CHAT, document("a.pdf", "one"), ADA, is_for_all=True)
    await stores.documents.learn(CHAT, for_all.id)
    assert for_all.id == own.id
    assert await names(stores, OTHER_CHAT) == ["a.pdf"]
    assert await stores.documents.blocks(own.id, "m") == (VectorBlock(0, 1),)
    assert await stores.documents.forget(CHAT, [own.id], for_all=False) == 0
    assert await stores.documents.forget(OTHER_CHAT, [own.id], for_all=True) == 1
    assert await names(stores) == []


async def test_what_is_recent_is_in_reach_for_a_time_or_until_new(
    stores: Stores, clock: SetClock
) -> None:
    kept = await stores.documents.keep(CHAT, document("a.pdf", "one"), ADA)
    assert await names(stores) == []
    await stores.documents.set_recent(CHAT, [kept.id], NOON + 10)
    assert await names(stores) == ["a.pdf"]
    clock.time += 11
    assert await names(stores) == []
    await stores.documents.set_recent(CHAT, [kept.id], NOON + 100)
    await learned(stores, "b.pdf", "two")
    await stores.history.reset(CHAT)
    assert await names(stores) == ["b.pdf"]


async def test_what_was_never_learned_goes_in_time_and_in_number(
    stores: Stores, clock: SetClock
) -> None:
    for number in range(MAX_UNLEARNED + 3):
        await stores.documents.keep(CHAT, document(f"{number}.pdf", "one"), ADA)
    await learned(stores, "kept.pdf", "one")
    assert await stores.documents.find(CHAT, "sha of 2.pdf") is None
    assert await stores.documents.find(CHAT, "sha of 5.pdf") is not None
    clock.time += UNLEARNED_KEPT_S + 1
    await stores.documents.tidy()
    assert await stores.documents.find(CHAT, "sha of 5.pdf") is None
    assert await names(stores) == ["kept.pdf"]


@pytest.mark.parametrize(
    ("question", "places"),
    [
        ("BEES?", [2]),
        ("北京大学", [1]),
        ("大学", [1]),
        ('bees" OR * NEAR(', [2]),
        ("café", [0]),
        ("nothing like it", []),
    ],
)
async def test_words_find_passages(stores: Stores, question: str, places: list[int]) -> None:
    texts = ("The cafe is open.", "我在北京大学学习。", "Bees, bees! Sixty thousand bees.")
    kept = await learned(stores, "a.pdf", *texts)
    found = await stores.documents.search(CHAT, [kept], asked(question), 5)
    assert [hit.place for hit in found] == places
    assert all(hit.document_id == kept and hit.score > 0 for hit in found)


async def test_passages_are_found_by_their_labels(stores: Stores) -> None:
    kept = await learned(stores, "a.pdf", *(f"text {number}" for number in range(450)))
    assert await stores.documents.labelled(CHAT, kept, ["p. 3", "p. 450"], 9) == (2, 449)
    assert await stores.documents.texts(kept, 440, 100) == tuple(
        f"text {number}" for number in range(440, 450)
    )


async def test_vectors_are_kept_in_blocks_with_what_they_cost(stores: Stores) -> None:
    kept = await learned(stores, "a.pdf", "one", "two", "three")
    spent = usage(0.25, Capability.EMBEDDING)
    save = stores.documents.save_vectors
    await save(CHAT, kept, 0, [VECTOR, VECTOR], "m", [spent], ADA.key)
    await save(CHAT, kept, 2, [VECTOR], "m", [spent], ADA.key)
    assert await stores.documents.blocks(kept, "m") == (VectorBlock(0, 2), VectorBlock(2, 1))
    assert await stores.documents.vectors(kept, "m", 0) == VECTOR * 2
    assert await stores.documents.blocks(kept, "other") == ()
    await save(CHAT, kept, 0, [VECTOR], "other", [], ADA.key)
    assert await stores.documents.blocks(kept, "m") == ()  # only today's model is of any use
    await stores.documents.forget(CHAT, [kept], for_all=False)
    await save(CHAT, kept, 0, [VECTOR], "m", [spent], ADA.key)  # it was on its way
    assert await stores.documents.vectors(kept, "m", 0) == b""
    [total] = await stores.usage.by_day(ADA.key, 0)
    assert (total.capability, total.calls, total.cost_usd) == ("embedding", 3, 0.75)


async def test_what_is_forgotten_is_nowhere_in_the_file(path: Path, clock: SetClock) -> None:
    async with open_stores(path, clock) as stores:
        kept = await learned(stores, "a.pdf", "zanzibar and quokkas")
        await learned(stores, "b.pdf", "plain words")
        assert await stores.documents.search(CHAT, [kept], ["zanzibar"], 5)
        assert await stores.documents.forget(CHAT, [kept], for_all=False) == 1
        assert await stores.documents.search(CHAT, [kept], ["zanzibar"], 5) == ()
        assert await stores.database.find_problems() == ()
    stored = everything_stored(path)
    with closing(sqlite3.connect(path)) as connection:
        blocks = connection.execute("SELECT block FROM passage_words_data").fetchall()
    assert "zanzibar" not in stored
    assert all(b"zanzibar" not in block and b"quokka" not in block for (block,) in blocks)
    assert any(b"plain" in block for (block,) in blocks)


async def test_chats_that_become_one_have_the_documents_of_both(stores: Stores) -> None:
    old, new = ChatKey("telegram", "1"), ChatKey("telegram", "2")
    await stores.inbox.accept([message("1", chat=old), message("2", chat=new)])
    await learned(stores, "old.pdf", "one", chat=old)
    await stores.documents.keep(old, document("both.pdf", "two"), ADA)
    await learned(stores, "both.pdf", "two", chat=new)
    await learned(stores, "new.pdf", "three", chat=new)
    await stores.history.migrate(old, new)
    assert sorted(await names(stores, new)) == ["both.pdf", "new.pdf", "old.pdf"]
    assert sorted(await names(stores, old)) == ["both.pdf", "new.pdf", "old.pdf"]
    assert await stores.database.find_problems() == ()
