"""A person writes and is answered: in order, with what was said before, and whole."""

import asyncio

import pytest

from tests.contract.protocol import RETRY
from tests.contract.stage import PLACES, Stage
from tests.emulators.openai import Answer, ChatCall, Gated, Step


async def test_a_message_is_answered_with_the_persons_words_unchanged(stage: Stage) -> None:
    _, chat = stage.alice()
    text = "What is  *this*? <b>\n\u200fשלום @everyone"
    async with stage.running():
        chat.say(text)
        answer = await chat.wait_for("echo:")

    assert stage.told() == [("user", text)]
    assert answer.buttons == (RETRY,)


async def test_a_room_is_answered_where_it_addresses_the_bot_and_nowhere_else(
    stage: Stage,
) -> None:
    alice, bob = stage.platform.person("Alice"), stage.platform.person("Bob")
    room = stage.platform.room(alice, bob)
    async with stage.running():
        room.say("nobody asked you", is_addressed=False)
        room.say("what is up?", sender=bob)
        answer = await room.wait_for("echo:")
        room.say("nor now", is_addressed=False)
        room.say("and then?")
        await room.wait_for("and then?")

    assert answer.text == "echo: Bob: what is up?"
    assert stage.questions() == ["Bob: what is up?", "Alice: and then?"]
    assert len(room.shown) == 2


@pytest.mark.parametrize("kind", PLACES)
async def test_an_answer_shows_while_it_is_written_and_ends_as_one_message(
    stage: Stage, kind: str
) -> None:
    chat = stage.place(kind)
    gate = asyncio.Event()
    stage.openai.script("chat", Gated(["Once "], gate, ["upon ", "a time."]))
    async with stage.running():
        chat.say("Tell me a story")
        preview = await chat.wait_for_preview("Once")
        assert preview.is_being_written
        gate.set()
        await chat.wait_for("a time.")

    [answer] = chat.shown
    assert answer.text == "Once upon a time."
    assert answer.buttons == (RETRY,)


@pytest.mark.parametrize("kind", PLACES)
async def test_the_next_question_brings_what_was_said_also_after_a_restart(
    stage: Stage, kind: str
) -> None:
    chat = stage.place(kind)
    stage.openai.script("chat", Answer("Hello Alice"), Answer("Alice"))
    async with stage.running():
        chat.say("My name is Alice")
        await chat.wait_for("Hello Alice")
    async with stage.running():
        chat.say("Who am I?")
        await chat.wait_for(count=2)

    assert [(role, text.removeprefix("Alice: ")) for role, text in stage.told()] == [
        ("user", "My name is Alice"),
        ("assistant", "Hello Alice"),
        ("user", "Who am I?"),
    ]


@pytest.mark.parametrize("kind", PLACES)
async def test_new_forgets_what_was_said(stage: Stage, kind: str) -> None:
    chat = stage.place(kind)
    async with stage.running():
        chat.say("one")
        await chat.wait_for("echo:")
        await chat.command("new")
        await chat.wait_for("A new conversation")
        chat.say("two")
        await chat.wait_for("two")

    assert [text.removeprefix("Alice: ") for _, text in stage.told()] == ["two"]
    assert len(chat.shown) == 3


async def test_a_chat_is_answered_one_by_one_and_in_order_while_others_go_on(
    stage: Stage,
) -> None:
    _, chat = stage.alice()
    bob = stage.platform.private(stage.platform.person("Bob"))
    gate = asyncio.Event()
    questions = [f"question {number}" for number in range(1, 6)]

    def answer(call: ChatCall) -> str | Step:
        text = call.last_user.text
        return Gated([], gate, [f"answer to {text}"]) if text in questions else "quick"

    stage.openai.answer = answer
    async with stage.running():
        for question in questions:
            chat.say(question)
        await stage.openai.wait_until(lambda: bool(stage.openai.chats()))
        bob.say("and me?")
        await bob.wait_for("quick")
        asked_meanwhile = stage.questions()
        gate.set()
        await chat.wait_for("answer to question 5")

    assert asked_meanwhile == ["question 1", "and me?"]
    assert chat.texts == [f"answer to {question}" for question in questions]
    asked = [call for call in stage.openai.chats() if call.last_user.text in questions]
    # Each was asked when the one before had its answer.
    assert [len(call.messages) for call in asked] == [1, 3, 5, 7, 9]


@pytest.mark.parametrize("kind", PLACES)
async def test_a_long_answer_arrives_whole_in_parts_that_fit(stage: Stage, kind: str) -> None:
    chat, platform = stage.place(kind), stage.platform
    words = [f"word{number}" for number in range(3 * platform.limit // 8)]
    text = " ".join(words)
    chunks = [text[start : start + 400] for start in range(0, len(text), 400)]
    stage.openai.script("chat", Answer(chunks))
    async with stage.running():
        chat.say("Much, please")
        await chat.wait_for(words[-1])

    assert [word for part in chat.texts for word in part.split()] == words
    assert 3 <= len(chat.shown) <= 5
    assert max(map(platform.measure, chat.texts)) <= platform.limit
    assert [one.buttons for one in chat.shown] == [()] * (len(chat.shown) - 1) + [(RETRY,)]


async def test_code_that_a_cut_divides_goes_on_as_code_in_its_language(stage: Stage) -> None:
    _, chat = stage.alice()
    lines = [f"value_{number} = {number} * 2" for number in range(stage.platform.limit // 8)]
    program = "\n".join(lines)
    whole = f"Here it is:\n\n```python\n{program}\n```\n\nThat was it."
    stage.openai.script("chat", Answer([whole[i : i + 300] for i in range(0, len(whole), 300)]))
    async with stage.running():
        chat.say("Write a program")
        await chat.wait_for("That was it.")

    blocks = [block for part in chat.shown for block in part.code]
    assert [line for block in blocks for line in block.text.splitlines()] == lines
    assert {block.language for block in blocks} == {"python"}
    assert len(blocks) >= 3
    assert chat.texts[0].startswith("Here it is:")
    assert max(map(stage.platform.measure, chat.texts)) <= stage.platform.limit
