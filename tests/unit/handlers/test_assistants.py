"""Assistants: made, chosen, shared within their reach; what they say holds for the answers."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.errors import ArgumentsError, NothingToDoError
from handlers.knowledge.kept_documents import shelf_of
from handlers.knowledge.learning import Learning
from handlers.knowledge.retrieval import Retrieval
from handlers.knowledge.shelf import Shelf
from handlers.media.documents.studio import DocumentStudio
from handlers.media.memory import MemoryGate
from handlers.messages import (
    Attachment,
    AttachmentKind,
    ChatKey,
    ChatSettings,
    IncomingMessage,
    Pending,
    Sender,
)
from handlers.people.assistants import Assistants
from handlers.turn import Turn
from storage.stores import Stores, open_stores
from tests.fakes import FakeClock, FakePlatform, FakeStore
from tests.unit.handlers.test_retrieval import FakeEmbedder

CHAT, OTHER = ChatKey("test", "1"), ChatKey("test", "2")
ALICE, BOB, OWNER = Sender("test", "7", "Al"), Sender("test", "8", "Bob"), Sender("test", "9", "O")


class Room:
    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.platform = FakePlatform()
        retrieval = Retrieval(stores.documents, FakeEmbedder())
        self.shelf = Shelf(DocumentStudio(), stores.documents)
        self.assistants = Assistants(
            stores.assistants,
            stores.settings,
            Learning(self.shelf, stores.documents, retrieval),
            lambda message: message.sender == OWNER,
            lambda: ("weather", "calculator"),
        )

    async def turn(
        self, text: str, sender: Sender = ALICE, chat: ChatKey = CHAT, files: tuple[str, ...] = ()
    ) -> Turn:
        self.platform.files |= {name: f"What {name} holds.".encode() for name in files}
        message = IncomingMessage(
            "key",
            chat,
            sender,
            "5",
            text=text,
            command="assistant",
            attachments=tuple(Attachment(AttachmentKind.DOCUMENT, n, name=n) for n in files),
        )
        inbox = FakeStore()
        await inbox.accept([message])
        settings = await self.stores.settings.load(chat)
        return Turn(Pending(message), settings, self.platform, inbox, lambda _: None, MemoryGate(1))

    async def say(
        self, text: str, sender: Sender = ALICE, chat: ChatKey = CHAT, files: tuple[str, ...] = ()
    ) -> str:
        """What is shown of ``/assistant text``."""
        await self.assistants.assistant(await self.turn(text, sender, chat, files))
        return self.platform.said[-1]

    async def settings(self, sender: Sender = ALICE, chat: ChatKey = CHAT) -> ChatSettings:
        """As a question is answered with there."""
        seen: list[ChatSettings] = []

        async def look(turn: Turn) -> None:
            seen.append(turn.settings)

        await self.assistants.answering_as_chosen(look)(await self.turn("hello", sender, chat))
        return seen[0]


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_stores(tmp_path / "parley.db", FakeClock()) as stores:
        yield Room(stores)


async def test_one_that_is_made_answers_from_then_on_until_it_is_off(room: Room) -> None:
    assert "chef is there" in await room.say(
        "new chef model=gpt-9 tools=calculator You are a chef.\nBe short."
    )
    chosen = await room.settings()
    assert chosen.persona == "You are a chef.\nBe short."
    assert chosen.model == "gpt-9"
    assert (chosen.tools_on, chosen.tools_off) == (("calculator",), ("weather",))
    assert (await room.settings(chat=OTHER)).persona == ""

    await room.say("off")
    assert await room.settings() == ChatSettings()


async def test_the_chats_own_choices_hold_where_the_assistant_says_nothing(room: Room) -> None:
    await room.stores.settings.save(CHAT, ChatSettings(model="mine", voice="coral", persona="me"))
    await room.say("new poet Answer in verse.")
    chosen = await room.settings()
    assert (chosen.model, chosen.voice, chosen.persona) == ("mine", "coral", "Answer in verse.")
    await room.say("off")
    assert (await room.settings()).persona == "me"


async def test_an_assistant_is_its_makers_unless_it_is_shared(room: Room) -> None:
    await room.say("new poet Answer in verse.")
    with pytest.raises(NothingToDoError, match="assistant_unknown"):
        await room.say("poet", BOB)
    assert "poet answers" in await room.say("poet", chat=OTHER)

    await room.say("change poet share=chat")
    assert "poet answers" in await room.say("poet", BOB)
    with pytest.raises(NothingToDoError, match="assistant_unknown"):
        await room.say("poet", BOB, OTHER)
    with pytest.raises(NothingToDoError, match="assistant_not_yours"):
        await room.say("change poet You are mine.", BOB)
    with pytest.raises(NothingToDoError, match="assistant_not_yours"):
        await room.say("remove poet", BOB)


async def test_a_share_that_is_taken_back_ends_where_others_chose_it(room: Room) -> None:
    await room.say("new spy share=all You are helpful.", OWNER)
    await room.say("spy", BOB, OTHER)
    await room.say("off", OWNER)
    await room.say("spy", OWNER)
    await room.say("change spy share=me Something else.", OWNER)

    taken_back = await room.settings(BOB, OTHER)
    assert (taken_back.persona, taken_back.assistant) == ("", 0)
    assert (await room.settings(BOB, CHAT)).persona == "Something else."  # its maker chose it here


async def test_what_is_cut_while_its_files_are_learned_goes_on_with_them(room: Room) -> None:
    turn = await room.turn("new guide You know the house.", files=("heating.txt",))
    room.platform.files.clear()
    with pytest.raises(KeyError):
        await room.assistants.assistant(turn)
    room.platform.files["heating.txt"] = b"It is warm."
    await room.assistants.assistant(turn)

    assert "heating.txt" in room.platform.said[-1]
    assert len(await room.stores.assistants.in_reach(CHAT, ALICE.key)) == 1


async def test_instructions_may_begin_on_the_next_line(room: Room) -> None:
    await room.say("new\nbob\nYou are Bob.\nBe kind.")
    assert (await room.settings()).persona == "You are Bob.\nBe kind."


async def test_owners_share_with_all_and_change_any(room: Room) -> None:
    await room.say("new poet Answer in verse.")
    with pytest.raises(NothingToDoError, match="owners_only"):
        await room.say("change poet share=all")
    await room.say("new guide share=all You know the house.", OWNER)
    assert "guide answers" in await room.say("guide", BOB, OTHER)
    await room.say("change poet share=chat")
    await room.say("change poet Answer in prose.", OWNER)
    await room.say("poet")
    assert (await room.settings()).persona == "Answer in prose."


async def test_it_is_shown_changed_and_removed(room: Room) -> None:
    await room.say("new poet Answer in verse.")
    shown = await room.say("show poet")
    assert "Answer in verse." in shown
    assert "Shared with: me" in shown
    await room.say("change poet tools=none model=x")
    assert (await room.settings()).tools_off == ("weather", "calculator")
    await room.say("change poet tools=all model=default")
    assert (await room.settings()).model == ""
    assert "gone" in await room.say("remove poet")
    assert await room.settings() == ChatSettings()
    assert "There are no assistants yet" in await room.say("")


async def test_one_that_was_removed_elsewhere_leaves_the_usual_self(room: Room) -> None:
    await room.say("new poet Answer in verse.")
    await room.say("use poet", chat=OTHER)
    await room.say("remove poet", chat=OTHER)
    assert (await room.settings()).persona == ""


async def test_it_has_files_of_its_own_until_they_or_it_are_removed(room: Room) -> None:
    made = await room.say("new guide You know the house.", files=("heating.txt", "bins.md"))
    assert "heating.txt" in made
    assert "Files: bins.md, heating.txt" in await room.say("show guide")
    [own] = await room.stores.assistants.in_reach(CHAT, ALICE.key)
    documents = room.stores.documents
    assert len(await documents.in_reach(shelf_of(own.id))) == 2
    assert await documents.in_reach(CHAT) == ()

    await room.say("change guide files=none")
    assert "Files: -" in await room.say("show guide")
    await room.say("change guide", files=("roof.txt",))
    await room.say("remove guide")
    assert await documents.in_reach(shelf_of(own.id)) == ()


async def test_the_menu_chooses_by_id(room: Room) -> None:
    await room.say("new poet share=chat Mine.", ALICE)
    await room.say("off")
    await room.say("new poem share=chat Hers.", BOB)
    [poem, poet] = await room.stores.assistants.in_reach(CHAT, ALICE.key)
    await room.say(f"use #{poem.id}")
    assert (await room.settings()).persona == "Hers."
    assert replace(poet, id=0).name == "poet"


@pytest.mark.parametrize(
    "text",
    [
        "new",
        "new poet",
        "new off You.",
        "new two/words x",
        "change poet",
        "model=x",
        "new x share=x y",
    ],
)
async def test_what_is_called_wrongly_is_told_so(room: Room, text: str) -> None:
    with pytest.raises((ArgumentsError, NothingToDoError)):
        await room.say(text)


async def test_there_are_bounds(room: Room) -> None:
    with pytest.raises(NothingToDoError, match="assistant_long"):
        await room.say("new poet " + "x" * 16_001)
    with pytest.raises(NothingToDoError, match="assistant_tools"):
        await room.say("new poet tools=hammer x")
    for number in range(50):
        await room.say(f"new poet{number} x")
    with pytest.raises(NothingToDoError, match="assistants_full"):
        await room.say("new poet x")
    with pytest.raises(NothingToDoError, match="assistant_there"):
        await room.say("new poet7 x")
