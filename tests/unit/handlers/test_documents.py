"""/learn and /files over a real store."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.errors import ArgumentsError, DocumentEncryptedError, NothingToDoError
from handlers.knowledge import shelf
from handlers.knowledge.documents import PER_PAGE, Documents
from handlers.knowledge.learning import Learning
from handlers.knowledge.retrieval import Retrieval
from handlers.knowledge.shelf import Shelf
from handlers.media.documents.studio import DocumentStudio
from handlers.media.memory import MemoryGate
from handlers.messages import Attachment, AttachmentKind, ChatSettings, Pending, Quoted
from handlers.ports.documents import KeptPassage, NewDocument
from handlers.turn import Turn
from storage.stores import Stores, open_stores
from tests import document_samples as samples
from tests.fakes import ALICE, CHAT, FakeClock, FakePlatform, FakeStore, Row, message
from tests.unit.handlers.test_retrieval import FakeEmbedder


class Room:
    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.platform = FakePlatform()
        self.owners: set[str] = set()
        retrieval = Retrieval(stores.documents, FakeEmbedder())
        self._shelf = Shelf(DocumentStudio(), stores.documents)
        self._documents = Documents(
            Learning(self._shelf, stores.documents, retrieval),
            stores.documents,
            lambda m: m.sender.key in self.owners,
        )

    def file(self, name: str, data: bytes) -> Attachment:
        self.platform.files[name] = data
        return Attachment(AttachmentKind.DOCUMENT, name, name=name)

    def turn(self, text: str, *files: Attachment, quoted: Quoted | None = None) -> Turn:
        asked = message(text, attachments=files, quoted=quoted)
        store = FakeStore()
        pending = Pending(asked)
        return Turn(
            pending, ChatSettings(), self.platform, _accepting(store, pending), print, FILES
        )

    async def learn(self, text: str, *files: Attachment, quoted: Quoted | None = None) -> str:
        await self._documents.learn(self.turn(text, *files, quoted=quoted))
        return self.platform.said[-1]

    async def files(self, text: str = "") -> str:
        await self._documents.files(self.turn(text))
        return self.platform.said[-1]

    async def keep(self, name: str, passages: int = 1) -> None:
        texts = tuple(KeptPassage("", f"{name} {n}", f"{n}") for n in range(passages))
        new = NewDocument(name, name, "page", 1, 2048, False, texts)
        kept = await self.stores.documents.keep(CHAT, new, ALICE)
        await self.stores.documents.learn(CHAT, kept.id)


FILES = MemoryGate(1_000_000)


def _accepting(store: FakeStore, pending: Pending) -> FakeStore:
    store.rows[pending.message.key] = Row(pending.message)
    return store


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_stores(tmp_path / "parley.db", FakeClock()) as stores:
        yield Room(stores)


async def test_of_several_files_those_that_can_be_read_are_learned(room: Room) -> None:
    told = await room.learn(
        "",
        room.file("a.pdf", samples.pdf("one")),
        room.file("secret.pdf", samples.encrypted_pdf()),
        room.file("scan.pdf", samples.pdf("")),
    )
    first, second, third = told.splitlines()
    assert first.startswith("📚 I keep a.pdf (1 page)")
    assert second.startswith("secret.pdf has a password")
    assert third.startswith("scan.pdf has no text")
    assert re.search(
        r"^1\. a\.pdf: 1 page, .*, 1970-01-12, Alice$", await room.files(), re.MULTILINE
    )


async def test_a_single_file_that_cannot_be_read_is_an_error(room: Room) -> None:
    with pytest.raises(DocumentEncryptedError):
        await room.learn("", room.file("secret.pdf", samples.encrypted_pdf()))


async def test_a_reply_learns_what_it_replies_to(room: Room) -> None:
    quoted = Quoted("1", "Bob", attachments=(room.file("a.pdf", samples.pdf("one")),))
    assert "I keep a.pdf" in await room.learn("", quoted=quoted)


async def test_what_unreadable_files_an_archive_holds_is_told(room: Room) -> None:
    packed = samples.zipped({"a.txt": b"words", "b.bin": b"\0\1\2\3\4"})
    assert "I could not read b.bin" in await room.learn("", room.file("a.zip", packed))


@pytest.mark.parametrize("text", ["everything", "all of it"])
async def test_a_wrong_word_is_told_how_to_call_it(room: Room, text: str) -> None:
    with pytest.raises(ArgumentsError):
        await room.learn(text, room.file("a.pdf", samples.pdf("one")))


async def test_without_a_file_it_is_told_how_to_give_one(room: Room) -> None:
    with pytest.raises(NothingToDoError) as raised:
        await room.learn("")
    assert raised.value.text_key == "learn_how"


async def test_more_than_there_is_room_for_is_refused(room: Room) -> None:
    await room.keep("long.pdf", shelf.MAX_PASSAGES)
    with pytest.raises(NothingToDoError) as raised:
        await room.learn("", room.file("a.pdf", samples.pdf("one")))
    assert raised.value.text_key == "learned_too_much"
    await room.files("forget LONG.pdf")
    assert "I keep a.pdf" in await room.learn("", room.file("a.pdf", samples.pdf("one")))


async def test_files_are_listed_in_pages_with_buttons_to_forget(room: Room) -> None:
    for number in range(PER_PAGE + 2):
        await room.keep(f"{number}.pdf")
    first = await room.files()
    assert "1. 11.pdf: 1 page, 2 KB" in first
    assert "11. 1.pdf" not in first
    *forgets, more = room.platform.buttons[-1]
    assert (len(forgets), more) == (PER_PAGE, "files 2")
    second = await room.files("2")
    assert "12. 0.pdf" in second
    assert room.platform.buttons[-1][-1] == "files 1"
    assert "I forgot 1 document" in await room.files(forgets[0].removeprefix("files "))
    assert "I forgot 11 documents" in await room.files("forget all")
    assert await room.stores.documents.in_reach(CHAT) == ()


async def test_what_is_for_all_is_forgotten_by_owners_alone(room: Room) -> None:
    room.owners.add(ALICE.key)
    assert "in every chat" in await room.learn("all", room.file("a.pdf", samples.pdf("one")))
    assert len(room.platform.buttons[-1]) == 0
    assert "for all chats" in await room.files()
    assert len(room.platform.buttons[-1]) == 1
    room.owners.clear()
    await room.files()
    assert room.platform.buttons[-1] == []
    with pytest.raises(NothingToDoError):
        await room.files("forget a.pdf")
    with pytest.raises(NothingToDoError):
        await room.files("forget all")
    room.owners.add(ALICE.key)
    assert "I forgot 1 document" in await room.files("forget a.pdf")


async def test_another_chat_forgets_nothing_here(room: Room) -> None:
    await room.keep("a.pdf")
    [kept] = await room.stores.documents.in_reach(CHAT)
    other = room.turn(f"forget #{kept.id}")
    other.message = replace(other.message, chat=replace(CHAT, thread="9"))
    with pytest.raises(NothingToDoError):
        await room._documents.files(other)


async def test_the_name_may_stand_on_a_line_of_its_own(room: Room) -> None:
    await room.keep("a  b.pdf")
    assert "I forgot 1 document" in await room.files("forget\na  b.pdf")
