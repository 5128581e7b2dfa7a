"""What was said is found again by its words, in its own chat and in no other."""

import re
import sqlite3
import struct
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.messages import ChatKey, Exchange, Sender
from handlers.ports.stores import Outcome
from storage.stores import Stores, open_stores
from storage.word_index import (
    BACKLOG_CHARACTERS,
    backlog,
    find_all,
    index_backlog,
    require_rules,
)
from storage.words import read_query
from tests.unit.storage.samples import ADA, CHAT, OTHER_CHAT, SetClock, message, usage
from tests.unit.storage.test_memories import bytes_of
from tests.unit.storage.test_migrations import write_version

SUPERGROUP = ChatKey("telegram", "-1007")


async def say(
    stores: Stores,
    number: int,
    question: str,
    answer: str = "",
    chat: ChatKey = CHAT,
    sender: Sender = ADA,
    replaces: int = 0,
) -> int:
    """Store an exchange; its id."""
    asked = replace(message(str(number), question, chat), sender=sender)
    await stores.inbox.accept([asked])
    outcome = Outcome(exchange=Exchange(question, answer), replaces=replaces)
    stored = await stores.inbox.answer(asked, outcome)
    await stores.inbox.done(asked)
    return stored


async def found(stores: Stores, words: str, chat: ChatKey = CHAT) -> list[str]:
    """The questions that a search finds, the best first."""
    ids = await stores.recall.by_words(chat, words, 10)
    return [one.exchange.question for one in await stores.recall.read(chat, ids, words)]


async def marked(stores: Stores, words: str) -> str:
    """The passage of the first that is found, its marks in brackets."""
    [first, *_] = await stores.recall.by_words(CHAT, words, 10)
    [one] = await stores.recall.read(CHAT, [first], words)
    text = one.passage.text
    for start, end in reversed(one.passage.marks):
        text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
    return text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("harbour", "We met at the harbour."),
        ("HARB", "We met at the harbour."),
        ("cafe", "Das Café an der Straße"),
        ("strasse", "Das Café an der Straße"),
        ("北京", "我们在北京吃烤鸭"),
        ("烤鸭", "我们在北京吃烤鸭"),
        ("鸭", "我们在北京吃烤鸭"),
        ("京", "我们在北京吃烤鸭"),
        ("がく", "だいがくへ行く"),
        ("학교", "우리학교에서"),
        ("iphone15手机", "新的iPhone15手机"),
        ("手机", "新的iPhone15手机"),
        ("🍕", "Tonight 🍕!"),
        ("ไทย", "ภาษาไทยยาก"),
        ('"met at"', "We met at the harbour."),
        ("“met at”", "We met at the harbour."),
        ("at harbour met", "We met at the harbour."),
        ("3.14", "pi is 3.14"),
    ],
)
async def test_words_are_found_whatever_their_form_and_their_script(
    stores: Stores, words: str, text: str
) -> None:
    await say(stores, 1, text)
    await say(stores, 2, "Something else entirely, 完全不同")
    assert await found(stores, words) == [text]
    assert await marked(stores, words) != text


@pytest.mark.parametrize(
    "words",
    ["京烤", "北鸭", '"at met"', '"harb"', "arbour", "", " ?! ", '"', '""', "*", "OR", "NOT b*"],
)
async def test_what_was_not_said_so_is_not_found(stores: Stores, words: str) -> None:
    await say(stores, 1, "We met at the harbour. 我们在北京吃烤鸭")
    assert await found(stores, words) == []


async def test_whole_words_come_first_then_the_newest(stores: Stores) -> None:
    for number, text in enumerate(("a car", "my cardboard", "the car again", "carpets"), 1):
        await say(stores, number, text)
    assert await found(stores, "car") == ["the car again", "a car", "carpets", "my cardboard"]


async def test_where_nothing_holds_all_words_what_holds_most_is_found(stores: Stores) -> None:
    for number in range(3):
        await say(stores, number, f"the weather of day {number}")
    await say(stores, 7, "A hotel by the river in Lisbon")
    await say(stores, 8, "我们说的酒店在河边")
    assert (await found(stores, "the cheap hotel in lisbon"))[0].startswith("A hotel")
    assert await found(stores, "上次说的酒店") == ["我们说的酒店在河边"]


async def test_the_answer_and_what_was_quoted_are_searched_too(stores: Stores) -> None:
    asked = message("1")
    await stores.inbox.accept([asked])
    spoken = Exchange("And this?", "It is **Mont** Blanc.", quote="In reply to Bo:\n> a glacier")
    await stores.inbox.answer(asked, Outcome(exchange=spoken))
    assert await found(stores, '"mont blanc"') == ["And this?"]
    assert await marked(stores, "blanc") == "It is Mont [Blanc]."
    assert await found(stores, "glacier") == ["And this?"]
    assert await found(stores, "reply") == []


async def test_a_passage_is_one_short_line_around_what_was_found(stores: Stores) -> None:
    long = "word " * 200 + "here is\nthe **needle** of it\n" + "more " * 200
    await say(stores, 1, "Tell me", long)
    shown = await marked(stores, "needle")
    assert "here is the [needle] of it" in shown
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert len(shown) < 130


async def test_a_replaced_answer_is_found_by_its_new_words_only(stores: Stores) -> None:
    first = await say(stores, 1, "colour?", "green")
    assert await say(stores, 2, "colour?", "violet", replaces=first) == first
    assert (await found(stores, "green"), await found(stores, "violet")) == ([], ["colour?"])


async def test_what_was_said_before_new_is_found(stores: Stores) -> None:
    await say(stores, 1, "the password of the wifi")
    await stores.history.reset(CHAT)
    assert await found(stores, "wifi") == ["the password of the wifi"]


async def test_a_chat_finds_nothing_of_another(stores: Stores) -> None:
    number = await say(stores, 1, "a secret", chat=OTHER_CHAT)
    assert await found(stores, "secret") == []
    assert await stores.recall.read(CHAT, [number], "secret") == ()
    kept = await stores.recall.keep(OTHER_CHAT, "secret", [number])
    assert await stores.recall.kept(CHAT, kept.id) is None
    assert await stores.recall.kept(OTHER_CHAT, kept.id) == kept


async def test_answers_that_nobody_read_are_not_found(path: Path, clock: SetClock) -> None:
    async with open_stores(path, clock, unsaid=frozenset({"(sent)"})) as stores:
        await say(stores, 1, "draw a fox", "(sent)")
        assert await found(stores, "sent") == []
        assert await found(stores, "fox") == ["draw a fox"]


async def test_a_group_that_became_another_finds_what_was_said_in_both(stores: Stores) -> None:
    await say(stores, 1, "apples", chat=CHAT)
    await say(stores, 2, "pears", chat=SUPERGROUP)
    await stores.history.migrate(CHAT, SUPERGROUP)
    for words in ("apples", "pears"):
        assert await found(stores, words, SUPERGROUP) == [words]
        assert await found(stores, words, CHAT) == [words]


async def test_what_an_older_version_stored_is_indexed_bit_by_bit(
    path: Path, clock: SetClock
) -> None:
    write_version(path, 1)
    async with open_stores(path, clock) as stores:
        assert not await stores.recall.is_whole(CHAT)
        assert await found(stores, "q2") == []
        # Changed before its turn comes, it is indexed as it is then.
        await say(stores, 7, "instead", replaces=2)
        await stores.recall.catch_up()
        assert await stores.recall.is_whole(CHAT)
        assert await found(stores, "q1") == ["q1"]
        assert await found(stores, "instead") == ["instead"]
        assert await found(stores, "q2") == []
        await say(stores, 8, "once more", replaces=2)
        assert await found(stores, "more") == ["once more"]


async def test_an_index_that_other_rules_made_is_made_anew(path: Path, clock: SetClock) -> None:
    async with open_stores(path, clock) as stores:
        await say(stores, 1, "apples")
        await say(stores, 2, "pears")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE recall_backlog SET folding = 'of old'")
    async with open_stores(path, clock) as stores:
        assert await found(stores, "apples") == []
        await say(stores, 3, "plums", replaces=2)
        await say(stores, 4, "grapes")
        assert await found(stores, "grapes") == ["grapes"]
        await stores.recall.catch_up()
        for words, questions in (("apples", ["apples"]), ("pears", []), ("plums", ["plums"])):
            assert await found(stores, words) == questions
    async with open_stores(path, clock) as stores:
        assert await stores.recall.is_whole(CHAT)
        assert await found(stores, "grapes") == ["grapes"]
        assert await stores.database.find_problems() == ()


async def test_a_step_of_indexing_ends_after_much_text(stores: Stores) -> None:
    for number in range(5):
        await say(stores, number, f"plum{number}", "word " * (BACKLOG_CHARACTERS // 8))
    async with stores.database.transaction() as session:
        await session.execute("UPDATE recall_backlog SET folding = 'of old'")
        await require_rules(session)
        assert await index_backlog(session)
        assert await backlog(session) == 4
    await stores.recall.catch_up()
    assert await found(stores, "plum0") == ["plum0"]


@pytest.mark.parametrize(
    "halves", ["\ud800 plum", "plum\udc00", "plum \ud83c\udf55", "我\ud800们 plum"]
)
async def test_halves_of_a_pair_leave_nothing_in_the_index(stores: Stores, halves: str) -> None:
    first = await say(stores, 1, halves, halves)
    assert await stores.recall.by_words(CHAT, halves, 10) == (first,)
    await say(stores, 2, "pear", replaces=first)
    async with stores.database.reading() as session:
        for words in ("plum", halves):
            assert await find_all(session, 1, read_query(words), 10) == ()


# ---------------------------------------------------------------- by meaning


def vector(*numbers: float) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)


async def learn(stores: Stores, vectors: dict[str, bytes], model: str = "m") -> list[str]:
    """One lesson, by questions; what was in it."""
    lesson = await stores.recall.unlearned(CHAT, model, 3)
    if lesson is None:
        return []
    asked = [one.exchange.question for one in lesson.exchanges]
    await stores.recall.learn(CHAT, lesson, [vectors[one] for one in asked], [usage()])
    return asked


async def near(
    stores: Stores, *numbers: float, chat: ChatKey = CHAT, model: str = "m"
) -> list[str]:
    ids = await stores.recall.by_meaning(chat, vector(*numbers), model, 5)
    return [one.exchange.question for one in await stores.recall.read(chat, ids, "")]


VECTORS = {"sea": vector(1, 0), "ocean": vector(0.8, 0.6), "tax": vector(0, 1)}


async def test_what_is_near_in_meaning_is_found_the_nearest_first(stores: Stores) -> None:
    for number, text in enumerate(VECTORS):
        await say(stores, number, text)
    assert sorted(await learn(stores, VECTORS)) == sorted(VECTORS)
    assert await near(stores, 1, 0) == ["sea", "ocean"]
    assert await near(stores, 1, 0, chat=OTHER_CHAT) == []
    assert await near(stores, 1, 0, model="another") == []
    [total] = await stores.usage.by_day(ADA.key, 0)
    assert total.calls == 1


async def test_lessons_go_from_the_newest_back_and_nothing_is_learned_twice(
    stores: Stores,
) -> None:
    texts = {str(number): vector(1, 0) for number in range(9)}
    for number, text in enumerate([*texts][:7]):
        await say(stores, number, text)
    assert sorted(await learn(stores, texts)) == ["4", "5", "6"]
    await say(stores, 7, "7")
    assert sorted(await learn(stores, texts)) == ["2", "3", "7"]
    assert sorted(await learn(stores, texts)) == ["0", "1"]
    assert await learn(stores, texts) == []
    await say(stores, 8, "8")
    assert await learn(stores, texts) == ["8"]
    assert await learn(stores, texts) == []
    assert sorted(await learn(stores, texts, "another")) == ["6", "7", "8"]


async def test_a_replaced_answer_is_learned_anew(stores: Stores) -> None:
    first = await say(stores, 1, "sea")
    await learn(stores, VECTORS)
    await say(stores, 2, "tax", replaces=first)
    assert await near(stores, 1, 0) == []
    assert await learn(stores, VECTORS) == ["tax"]
    assert await near(stores, 0, 1) == ["tax"]


async def test_what_changed_while_it_was_learned_is_left_for_the_next_lesson(
    stores: Stores, clock: SetClock
) -> None:
    first = await say(stores, 1, "sea")
    lesson = await stores.recall.unlearned(CHAT, "m", 3)
    assert lesson is not None
    clock.time += 1
    await say(stores, 2, "tax", replaces=first)
    await stores.recall.learn(CHAT, lesson, [VECTORS["sea"]], [])
    assert await near(stores, 1, 0) == []
    assert await learn(stores, VECTORS) == ["tax"]


async def test_joined_chats_keep_what_they_learned(stores: Stores) -> None:
    await say(stores, 1, "sea")
    await learn(stores, VECTORS)
    await say(stores, 2, "ocean", chat=SUPERGROUP)
    await stores.history.migrate(CHAT, SUPERGROUP)
    assert await learn(stores, VECTORS) == ["ocean"]
    assert await near(stores, 1, 0, chat=SUPERGROUP) == ["sea", "ocean"]


async def test_vectors_of_another_length_are_passed_over(stores: Stores) -> None:
    await say(stores, 1, "sea")
    await learn(stores, {"sea": vector(1, 0, 0)})
    assert await near(stores, 1, 0) == []


async def test_old_searches_are_forgotten(stores: Stores, clock: SetClock) -> None:
    await say(stores, 1, "sea")
    first = await stores.recall.keep(CHAT, "sea", [1])
    for number in range(20):
        await stores.recall.keep(CHAT, str(number), [])
    assert await stores.recall.kept(CHAT, first.id) is None
    kept = await stores.recall.keep(CHAT, "sea", [1])
    clock.time += 90_000
    await stores.recall.keep(CHAT, "tax", [])
    assert await stores.recall.kept(CHAT, kept.id) is None


# ---------------------------------------------------------------- erased


BO = Sender("telegram", "2", "Bo")


async def test_what_a_person_said_is_erased_from_every_file(stores: Stores, path: Path) -> None:
    for number in range(300):
        who = BO if number % 3 else ADA
        await say(stores, number, f"{who.name} zzplum{number}", "zzpear " * 90, sender=who)
    await learn(stores, {f"{'Bo' if n % 3 else 'Ada'} zzplum{n}": vector(1, 0) for n in range(300)})
    await stores.history.save_summary(CHAT, "Bo likes zzplum7", 5, [])
    assert await stores.erasing.erase(person=BO.key) == 200
    assert (await stores.history.load(CHAT)).summary == ""
    assert await found(stores, "zzplum3") == [
        f"Ada zzplum{number}" for number in (3, 39, 36, 33, 30)
    ]
    content = bytes_of(path)
    left = [n for n in range(300) if re.search(rb"zzplum%d(?![0-9])" % n, content)]
    assert left == [n for n in range(300) if n % 3 == 0]


async def test_the_words_of_a_replaced_answer_go_with_the_next_erasure(
    stores: Stores, path: Path
) -> None:
    first = await say(stores, 1, "colour?", "zzgreen")
    await say(stores, 2, "colour?", "violet", replaces=first)
    await say(stores, 3, "anything", chat=OTHER_CHAT)
    await stores.erasing.erase(OTHER_CHAT)
    content = bytes_of(path)
    assert b"zzgreen" not in content
    assert b"violet" in content


async def test_a_chat_is_erased_and_no_other(stores: Stores) -> None:
    await say(stores, 1, "plum")
    await say(stores, 2, "plum of another", chat=OTHER_CHAT)
    assert await stores.erasing.erase(CHAT, BO.key) == 0
    assert await stores.erasing.erase(CHAT) == 1
    assert await stores.erasing.erase(SUPERGROUP) == 0
    assert (await found(stores, "plum"), await found(stores, "plum", OTHER_CHAT)) == (
        [],
        ["plum of another"],
    )
    with pytest.raises(ValueError, match="everything"):
        await stores.erasing.erase()
