"""What was said is found again, what people want remembered is, and neither where it must not."""

import re
from pathlib import Path

import pytest

from tests.contract.protocol import Chat
from tests.contract.stage import PLACES, Stage
from tests.emulators.openai import Called, Calls, ChatCall
from tests.emulators.openai_service.steps import Hang

WORDS_ONLY = {"HISTORY__SEARCH_BY_MEANING": "false"}
NOTHING = "I found nothing like that"


async def ask(chat: Chat, text: str) -> None:
    before = len(chat.shown)
    chat.say(text)
    await chat.wait_until(
        lambda: len(chat.shown) > before and chat.shown[-1].buttons, f"an answer to {text!r}"
    )
    await chat.wait_for(text)


async def search(chat: Chat, words: str) -> str:
    """The text of what was found."""
    before = len([one for one in chat.shown if "🔎" in one.text or NOTHING in one.text])
    await chat.command("search", words)

    def results() -> list[str]:
        return [one.text for one in chat.shown if "🔎" in one.text or NOTHING in one.text]

    await chat.wait_until(lambda: len(results()) > before, f"what {words!r} finds")
    return results()[-1]


def bytes_of(folder: Path) -> bytes:
    return b"".join(one.read_bytes() for one in folder.iterdir() if one.is_file())


# ---------------------------------------------------------------- /search


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize(
    ("said", "words", "hit"),
    [
        ("The harbour café opens at nine", "cafe harb", "harbour"),
        ("我们在北京吃烤鸭", "烤鸭", "烤鸭"),
        ("我们在北京吃烤鸭", "鸭", "鸭"),
    ],
)
async def test_words_are_found_with_the_hit_in_bold_and_a_way_to_the_message(
    stage: Stage, kind: str, said: str, words: str, hit: str
) -> None:
    chat = stage.place(kind)
    async with stage.running(**WORDS_ONLY):
        await ask(chat, said)
        await ask(chat, "Something else entirely")
        address = chat.address(said)
        text = await search(chat, words)
        found = await chat.wait_for("🔎")
        if address:
            assert found.links == (address,)
        else:
            assert found.links == ()
            chat.press("Show 1")
            shown = await chat.wait_for(said, 3)
            assert said in shown.replied_to
            assert shown.text == said

    assert hit in found.bold
    assert said.rsplit(maxsplit=1)[-1] in text.replace("**", "")
    assert "Something else" not in text


async def test_what_was_said_before_new_and_before_a_restart_is_found(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running(**WORDS_ONLY):
        await ask(chat, "The wifi is called plum")
        await chat.command("new")
        await chat.wait_for("A new conversation")
    async with stage.running(**WORDS_ONLY):
        assert "plum" in await search(chat, "wifi")
        assert await search(chat, "elephant") == await search(chat, '"called wifi"')


async def test_what_is_alike_in_meaning_is_found_without_the_words_and_is_on_the_bill(
    stage: Stage,
) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await ask(chat, "horses")
        await stage.openai.wait_for_request("/embeddings")
        # One word of six is shared: too few to be found by.
        words = "zebra stripes lion horses elephant river"
        # What was asked for may not be stored yet.
        assert any(["horses" in await search(chat, words) for _ in range(5)])
        await chat.command("usage")
        report = await chat.wait_for("embedding")
    assert "text-embedding-3-small" in report.text
    learned = [r for r in stage.openai.requests if r.route == "/embeddings"]
    assert "horses" in str(learned[0].body["input"])


async def test_a_search_is_on_the_bill_of_who_searches(stage: Stage) -> None:
    alice, _ = stage.alice()
    bob = stage.platform.person("Bob")
    room = stage.platform.room(alice, bob)
    async with stage.running():
        await ask(room, "horses and ponies")
        await stage.openai.wait_for_request("/embeddings")
        room.say("/search ponies", sender=bob)
        await room.wait_for("🔎")
        room.say("/usage", sender=bob)
        await room.wait_for("embedding")


async def test_a_search_that_the_service_holds_up_can_be_stopped(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await ask(chat, "The harbour opens at nine")
        await stage.openai.wait_for_request("/embeddings")
        asked = len(stage.openai.requests)
        stage.openai.script("/embeddings", *[Hang()] * 9)
        await chat.command("search", "harbour")
        await stage.openai.wait_until(
            lambda: any(r.route == "/embeddings" for r in stage.openai.requests[asked:])
        )
        await chat.command("cancel")
        await chat.wait_for("Stopped")
        await ask(chat, "afterwards")
    assert not [one for one in chat.shown if "🔎" in one.text]


async def test_a_server_without_embeddings_is_searched_by_words(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.retired_routes["/embeddings"] = 404
    async with stage.running():
        await ask(chat, "The harbour opens at nine")
        assert "harbour" in await search(chat, "harbour")
        assert NOTHING in await search(chat, "elephant")


async def test_more_than_a_page_comes_by_a_button_also_after_a_restart(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running(**WORDS_ONLY):
        for number in range(11):
            await ask(chat, f"apple{number:02d} pie")
        await search(chat, "pie")
    async with stage.running(**WORDS_ONLY):
        pages = 1
        while "More" in chat.shown[-1].buttons:
            chat.press("More")
            pages += 1
            await chat.wait_for("🔎", pages)
    found = "".join(one.text for one in chat.shown if "🔎" in one.text)
    assert pages > 1
    for number in range(11):
        assert f"apple{number:02d}" in found


async def test_what_people_wrote_is_shown_as_they_wrote_it(stage: Stage) -> None:
    _, chat = stage.alice()
    said = "#plum: set *x* to _y_ [here](http://a.b) <b> ||z|| `c` @everyone"
    stage.openai.answer = lambda call: "Done."
    async with stage.running(**WORDS_ONLY):
        chat.say(said)
        await chat.wait_for("Done.")
        await search(chat, "plum")
        found = await chat.wait_for("🔎")
    assert found.bold.count("plum") == 1
    assert found.links == tuple(
        filter(None, [chat.address("#plum" if stage.platform.name == "telegram" else "Done.")])
    )
    shown = re.sub(r"\\(.)", r"\1", found.text.replace("**", ""))
    assert said in shown


async def test_a_search_sees_its_own_chat_and_no_other(stage: Stage) -> None:
    alice, private = stage.alice()
    bob = stage.platform.person("Bob")
    room = stage.platform.room(alice, bob)
    others = [private, stage.platform.private(bob), room, *stage.platform.neighbours(alice, bob)]
    async with stage.running():
        for number, chat in enumerate(others):
            await ask(chat, f"plum{number} jam")
        for number, chat in enumerate(others):
            text = await search(chat, "jam plum")
            found = {other for other in range(len(others)) if f"plum{other}" in text}
            assert found == {number}
            address = chat.address(f"plum{number} jam")
            assert chat.shown[-1].links == tuple(filter(None, [address]))


@pytest.mark.parametrize("words", ["", "x" * 301])
async def test_a_search_for_nothing_or_for_a_book_is_told_how_to_ask(
    stage: Stage, words: str
) -> None:
    _, chat = stage.alice()
    if not words and stage.platform.name == "discord":
        pytest.skip("the app asks for the words itself")
    async with stage.running():
        await chat.command("search", words)
        await chat.wait_for("Please write it like this: /search")


# ---------------------------------------------------------------- /remember and /memories


def told(stage: Stage) -> str:
    """What the last request told the model before the conversation."""
    return str(stage.openai.chats()[-1].system)


@pytest.mark.parametrize("kind", PLACES)
async def test_a_fact_is_told_to_the_model_from_then_on_until_it_is_erased(
    stage: Stage, kind: str
) -> None:
    chat = stage.place(kind)
    async with stage.running():
        await chat.command("remember", "I am allergic to nuts")
        await chat.wait_for("I remember that")
        await chat.command("remember", "My dog is Rex")
        await chat.wait_for("I remember that", 2)
        await ask(chat, "one")
        assert "- I am allergic to nuts\n- My dog is Rex" in told(stage)
    async with stage.running():
        await chat.command("memories", "change 1 I am allergic to milk")
        await chat.wait_for("I remember that", 3)
        await chat.command("memories", "forget 2")
        await chat.wait_for("Forgotten")
        await ask(chat, "two")
        assert "- I am allergic to milk" in told(stage)
        assert "nuts" not in told(stage)
        assert "Rex" not in told(stage)
        await chat.command("memories", "forget all")
        await chat.wait_for("All forgotten")
        await ask(chat, "three")
        assert "milk" not in told(stage)


async def test_facts_stay_where_they_were_told_and_with_whom(stage: Stage) -> None:
    alice, private = stage.alice()
    bob = stage.platform.person("Bob")
    room, club = stage.platform.room(alice, bob), stage.platform.neighbours(alice, bob)
    async with stage.running():
        await private.command("remember", "fact of the private chat")
        await private.wait_for("private chats only")
        await room.command("remember", "fact of the room")
        await room.wait_for("this group only")
        await ask(private, "in private")
        assert ("fact of the private chat" in told(stage), "of the room" in told(stage)) == (
            True,
            False,
        )
        await ask(room, "in the room")
        assert ("private chat" in told(stage), "fact of the room" in told(stage)) == (False, True)
        for one in club:
            await ask(one, "in the club")
            assert "fact of" not in told(stage)
        room.say("by Bob", sender=bob)
        await room.wait_for("by Bob")
        assert "fact of" not in told(stage)
        his = stage.platform.private(bob)
        await ask(his, "by Bob in private")
        assert "fact of" not in told(stage)
        await his.command("memories")
        await his.wait_for("I remember nothing about you here")


async def test_of_what_is_erased_no_byte_is_left_in_the_files(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await chat.command("remember", "zzplumjam is my secret")
        await chat.wait_for("I remember that")
        assert b"zzplumjam" in bytes_of(stage.folder)
        await chat.command("memories")
        await chat.wait_for("zzplumjam is my secret")
        chat.press("🗑 1")
        await chat.wait_for("I remember nothing about you here")
        await ask(chat, "next")
        assert b"zzplumjam" not in bytes_of(stage.folder)
    assert b"zzplumjam" not in bytes_of(stage.folder)


async def test_the_list_turns_its_pages_and_erases_all_if_one_is_sure(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        for number in range(12):
            await chat.command("remember", f"fact number {number}")
            await chat.wait_for("I remember that", number + 1)
        await chat.command("memories")
        await chat.wait_for("fact number 9")
        chat.press("›")
        second = await chat.wait_for("fact number 11")
        assert "fact number 9" not in second.text
        chat.press("‹")
        await chat.wait_for("fact number 9")
        chat.press("🗑 All")
        await chat.wait_for("Erase all 12?")
        chat.press("Keep them")
        await chat.wait_for("fact number 9")
        chat.press("🗑 All")
        await chat.wait_for("Erase all 12?")
        chat.press("Erase all")
        await chat.wait_for("All forgotten")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("forget 7", "no fact of that number"),
        ("change 1 x", "no fact of that number"),
        ("forget all", "I remember nothing"),
        ("forget", "Please write it like this"),
        ("change 1", "Please write it like this"),
    ],
)
async def test_what_cannot_be_done_with_memories_is_told_in_a_line(
    stage: Stage, arguments: str, line: str
) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await chat.command("memories", arguments)
        await chat.wait_for(line)


async def test_too_long_a_fact_is_not_kept(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await chat.command("remember", "x" * 501)
        await chat.wait_for("too long for me to keep")
        await chat.command("memories")
        await chat.wait_for("I remember nothing")


async def test_the_model_keeps_a_fact_when_it_is_asked_to(stage: Stage) -> None:
    _, chat = stage.alice()

    def answer(call: ChatCall) -> str | Calls:
        if "remember" in call.last_user.text and not call.results:
            return Calls([Called("remember", {"fact": "Their name is Alice"})])
        return f"done: {call.last_user.text}"

    stage.openai.answer = answer
    async with stage.running():
        chat.say("please remember my name: Alice")
        await chat.wait_for("done:")
        await chat.command("memories")
        assert "Their name is Alice" in (await chat.wait_for("for our private chats:")).text
        chat.say("who am I?")
        await chat.wait_for("done: who am I?")
        assert "- Their name is Alice" in told(stage)
