"""/remember and /memories: what is kept, for whom, and who may press what."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import pytest

from handlers.errors import ArgumentsError, NothingToDoError
from handlers.knowledge.facts import MAX_FACT, MAX_FACTS, Facts
from handlers.knowledge.memories import Memories
from handlers.messages import ChatKey, IncomingMessage, Origin, Quoted, Sender
from handlers.ports.stores import Fact, FactOwner
from handlers.prompts import REMEMBERED, system_text
from handlers.tools.remember import Remember
from handlers.turn import Turn, Unrecorded
from tests.fakes import ALICE, FakePlatform, FakeReply, message

BOB = Sender("test", "8", "Bob")
GROUP = replace(message(), chat=ChatKey("test", "-5", "3"), is_group=True)


@dataclass
class FakeTurn:
    message: IncomingMessage
    reply: FakeReply


class FakeMemories:
    """Fills the port MemoryStore."""

    def __init__(self) -> None:
        self.facts: dict[FactOwner, list[Fact]] = {}
        self.count = 0

    async def load(self, owner: FactOwner) -> tuple[Fact, ...]:
        return tuple(self.facts.get(owner, ()))

    async def add(self, owner: FactOwner, text: str, max_count: int, max_characters: int) -> bool:
        known = self.facts.setdefault(owner, [])
        if len(known) >= max_count or sum(len(one.text) for one in known) > max_characters:
            return False
        self.count += 1
        known.append(Fact(self.count, text))
        return True

    async def change(self, owner: FactOwner, fact_id: int, text: str, max_characters: int) -> bool:
        known = self.facts.get(owner, [])
        self.facts[owner] = [Fact(one.id, text) if one.id == fact_id else one for one in known]
        return len(text) <= max_characters

    async def erase(self, owner: FactOwner, fact_ids: Sequence[int]) -> int:
        known = self.facts.get(owner, [])
        self.facts[owner] = [one for one in known if one.id not in fact_ids]
        return len(known) - len(self.facts[owner])


class Scene:
    def __init__(self) -> None:
        self.store = FakeMemories()
        self.platform = FakePlatform()
        self.facts = Facts(self.store)
        self.memories = Memories(self.facts)

    def turn(self, said: IncomingMessage) -> Turn:
        reply = self.platform.open_reply(said, Unrecorded())
        return cast("Turn", FakeTurn(said, reply))

    async def remember(self, text: str, said: IncomingMessage | None = None) -> str:
        await self.memories.remember(self.turn(replace(said or message(), text=text)))
        return self.platform.said[-1]

    async def ask(self, text: str = "", said: IncomingMessage | None = None) -> str:
        await self.memories.memories(self.turn(replace(said or message(), text=text)))
        return self.platform.said[-1]

    async def press(self, label: int, sender: Sender = ALICE) -> str:
        """The button of that place under the last list."""
        action = self.platform.buttons[-1][label].removeprefix("memories ")
        return await self.ask(action, replace(message(), sender=sender, origin=Origin.BUTTON))

    def texts(self, owner: FactOwner) -> list[str]:
        return [one.text for one in self.store.facts.get(owner, [])]


ALICES = FactOwner("test:7")


async def test_a_fact_is_kept_in_one_line_and_once() -> None:
    scene = Scene()
    assert "private chats only" in await scene.remember(" I like\n  tea ")
    assert "know that already" in await scene.remember("i like TEA")
    assert scene.texts(ALICES) == ["I like tea"]


async def test_a_fact_of_a_group_is_kept_for_the_group_and_all_its_topics() -> None:
    scene = Scene()
    assert "this group only" in await scene.remember("I like tea", GROUP)
    elsewhere = replace(GROUP, chat=ChatKey("test", "-5", "4"))
    assert [one.text for one in await scene.facts.of(elsewhere)] == ["I like tea"]
    for other in (
        message(),
        replace(GROUP, chat=ChatKey("test", "-6")),
        replace(GROUP, sender=BOB),
    ):
        assert await scene.facts.of(other) == ()


async def test_a_reply_keeps_what_it_replies_to_unless_it_has_words_of_its_own() -> None:
    scene = Scene()
    said = replace(message(), quoted=Quoted("1", "Bob", "the key is under the mat"))
    await scene.remember("", said)
    await scene.remember("I like tea", said)
    assert scene.texts(ALICES) == ["the key is under the mat", "I like tea"]
    with pytest.raises(ArgumentsError):
        await scene.remember("")


async def test_too_long_and_too_many_are_told() -> None:
    scene = Scene()
    assert str(MAX_FACT) in await scene.remember("x" * (MAX_FACT + 1))
    for number in range(MAX_FACTS):
        await scene.remember(f"fact {number}")
    assert str(MAX_FACTS) in await scene.remember("one more")
    assert len(scene.texts(ALICES)) == MAX_FACTS


async def test_facts_are_changed_and_forgotten_by_their_numbers() -> None:
    scene = Scene()
    for text in ("tea", "cats", "Rome"):
        await scene.remember(text)
    await scene.ask("change 2 two dogs")
    await scene.ask("forget 1")
    assert scene.texts(ALICES) == ["two dogs", "Rome"]
    for wrong in ("forget 3", "forget 0", "change 9 x"):
        with pytest.raises(NothingToDoError):
            await scene.ask(wrong)
    for wrong in ("forget", "change 1", "change", "forget 1 2", "erase 1"):
        with pytest.raises(ArgumentsError):
            await scene.ask(wrong)
    await scene.ask("forget ALL")
    assert scene.texts(ALICES) == []


@pytest.mark.parametrize("number", ["0", "2", "9" * 20, "9" * 5_000])
async def test_a_number_that_no_fact_has_is_told(number: str) -> None:
    scene = Scene()
    await scene.remember("I like tea")
    for words in (f"forget {number}", f"change {number} I like milk"):
        with pytest.raises(NothingToDoError):
            await scene.ask(words)
    assert scene.texts(ALICES) == ["I like tea"]


@pytest.mark.parametrize("words", ["page {} 7", "erase {} 0 7", "erase 1 {} 7"])
@pytest.mark.parametrize("number", ["9" * 20, "9" * 5_000])
async def test_a_forged_button_is_told_how_to_ask(words: str, number: str) -> None:
    scene = Scene()
    await scene.remember("I like tea")
    with pytest.raises(ArgumentsError):
        await scene.ask(words.format(number), replace(message(), origin=Origin.BUTTON))
    assert scene.texts(ALICES) == ["I like tea"]


async def test_buttons_erase_what_stood_beside_them_and_not_what_has_its_number_now() -> None:
    scene = Scene()
    for text in ("tea", "cats"):
        await scene.remember(text)
    await scene.ask()
    buttons = scene.platform.buttons[-1]
    await scene.ask("forget 1")
    scene.platform.buttons[-1] = buttons
    await scene.press(0)
    assert scene.texts(ALICES) == ["cats"]


async def test_nobody_presses_under_the_list_of_another() -> None:
    scene = Scene()
    await scene.remember("tea")
    await scene.ask()
    for place in range(len(scene.platform.buttons[-1])):
        with pytest.raises(NothingToDoError):
            await scene.press(place, BOB)
    assert scene.texts(ALICES) == ["tea"]


async def test_long_facts_are_shown_whole_on_pages_that_fit() -> None:
    scene = Scene()
    for number in range(10):
        await scene.remember(f"{number} " + "x" * (MAX_FACT - 2))
    shown = await scene.ask()
    seen = 1
    while scene.platform.buttons[-1][-2].startswith(f"memories page {seen} "):
        page = await scene.press(-2)
        assert len(page) < 1_900
        shown += page
        seen += 1
    assert all(f"\n{n + 1}. {n} xxx" in shown for n in range(10))
    assert seen > 3


async def test_buttons_fit_the_narrowest_platform() -> None:
    scene = Scene()
    scene.store.count = 10**9
    who = replace(message(), sender=Sender("discord", "1" * 19, "Alice"))
    for number in range(12):
        await scene.remember(f"fact {number}", who)
    await scene.ask("", who)
    assert max(len(action.encode()) for action in scene.platform.buttons[-1]) <= 64


async def test_the_model_keeps_a_fact_and_is_told_what_became_of_it() -> None:
    scene = Scene()
    tool = Remember(scene.facts)
    kept = await tool.call(scene.turn(message()), {"fact": "likes tea"})
    again = await tool.call(scene.turn(message()), {"fact": "likes tea"})
    empty = await tool.call(scene.turn(message()), {"fact": "  "})
    assert (kept.text, kept.title) == (REMEMBERED["fact_kept"], "remember: likes tea")
    assert (again.text, again.is_failed) == (REMEMBERED["fact_known"], False)
    assert empty.is_failed
    assert scene.texts(ALICES) == ["likes tea"]


def test_facts_stand_behind_what_changes_less_and_before_the_summary() -> None:
    text = system_text(
        persona="A pirate", is_group=True, language="de", summary="They met", facts=["tea", "Rome"]
    )
    places = [text.index(part) for part in ("A pirate", "group", "de", "- tea\n- Rome", "They met")]
    assert places == sorted(places)
    assert "- " not in system_text(persona="", is_group=False, language="", summary="")
