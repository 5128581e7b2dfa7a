"""Telegram fails, text is odd: one honest line or the whole answer, and the bot stays up."""

import pytest

from tests.e2e.stage import Stage, running
from tests.emulators.openai import Answer
from tests.emulators.telegram import AcceptThenDrop, Drop, Fail, Html502


@pytest.mark.parametrize(
    "fault",
    [
        Fail(500, "Internal Server Error"),
        Html502(),
        Drop(),
        Fail(429, "Too Many Requests: retry after 1", retry_after=1),
    ],
    ids=["500", "502", "cut", "429"],
)
async def test_a_fault_of_telegrams_delays_the_answer_and_loses_nothing(
    stage: Stage, fault: Fail | Html502 | Drop
) -> None:
    _, chat = stage.alice()
    stage.telegram.script("sendMessage", fault, fault)
    async with running(stage.config()):
        chat.send_text("hi")
        await chat.wait_for_bot_message()
        chat.send_text("and?")
        await chat.wait_for_bot_message(2)

    assert [m.text for m in chat.bot_messages] == ["echo: hi", "echo: and?"]


async def test_the_last_edit_in_a_group_outlives_flood_control(stage: Stage) -> None:
    alice, _ = stage.alice()
    group = stage.telegram.group("Family", [alice])
    stage.openai.script("chat", Answer([f"w{n} " for n in range(20)], chunk_delay_s=0.01))
    refusal = Fail(429, "Too Many Requests: retry after 1", retry_after=1)
    stage.telegram.script("editMessageText", refusal, refusal)
    async with running(stage.config()):
        group.send_text("/ask much")
        answer = await group.wait_for_bot_message()
        await stage.telegram.wait_until(lambda: "w19" in answer.text, timeout_s=15)

    assert answer.text.split() == [f"w{n}" for n in range(20)]
    assert len(group.bot_messages) == 1


async def test_a_person_who_blocks_the_bot_stops_nobody_else(stage: Stage) -> None:
    _, chat = stage.alice()
    bob = stage.telegram.private(stage.telegram.user(202, "Bob"))
    async with running(stage.config()):
        chat.block()
        chat.send_text("hi")
        await stage.openai.wait_until(lambda: bool(stage.openai.chats()))
        bob.send_text("hi")
        await bob.wait_for_bot_message()
        chat.unblock()
        chat.send_text("back")
        await chat.wait_for_bot_message()

    assert chat.bot_messages[0].text == "echo: back"


async def test_markup_that_telegram_refuses_is_sent_as_plain_text(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", Answer("**bold**"))
    stage.telegram.script("sendMessage", Fail(400, "Bad Request: can't parse entities"))
    async with running(stage.config()):
        chat.send_text("hi")
        answer = await chat.wait_for_bot_message()

    assert answer.text == "bold"
    assert answer.entities == []


async def test_a_deleted_answer_is_sent_anew(stage: Stage) -> None:
    alice, _ = stage.alice()
    group = stage.telegram.group("Family", [alice])
    stage.openai.script("chat", Answer([f"w{n} " for n in range(60)], chunk_delay_s=0.02))
    async with running(stage.config()):
        group.send_text("/ask much")
        first = await group.wait_for_bot_message()
        await stage.telegram.wait_until(lambda: len(first.history) > 1)
        group.remove(first.message_id)
        await group.wait_for_bot_message(contains="w59")

    assert len(group.bot_messages) == 1


async def test_a_server_without_drafts_is_streamed_to_by_edits(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.telegram.script("sendMessageDraft", Fail(404, "Not Found"))
    stage.openai.script("chat", Answer([f"w{n} " for n in range(40)], chunk_delay_s=0.01))
    async with running(stage.config()):
        chat.send_text("hi")
        answer = await chat.wait_for_bot_message()
        await stage.telegram.wait_until(lambda: "w39" in answer.text)

    assert len(chat.bot_messages) == 1
    assert len(answer.history) > 1


async def test_an_accepted_send_without_an_answer_is_repeated_once_at_most(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.telegram.script("sendMessage", AcceptThenDrop())
    async with running(stage.config()):
        chat.send_text("hi")
        await chat.wait_for_bot_message(2)
        chat.send_text("next")
        await chat.wait_for_bot_message(3)

    assert [m.text for m in chat.bot_messages] == ["echo: hi", "echo: hi", "echo: next"]


@pytest.mark.parametrize(
    "text",
    ["a\0b", "\u202eright to left\u202c", "שלום\u200f", "👩\u200d👩\u200d👧" * 50, "*_`[", "/"],
)
async def test_odd_text_is_asked_as_it_is(stage: Stage, text: str) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", Answer("fine"))
    async with running(stage.config()):
        chat.send_text(text)
        await chat.wait_for_bot_message(contains="fine")

    assert stage.openai.chats()[0].messages[-1].text == text


async def test_a_hundred_thousand_characters_in_one_update_are_asked(stage: Stage) -> None:
    _, chat = stage.alice()
    text = "word " * 20_000
    stage.openai.script("chat", Answer("read it all"))
    async with running(stage.config()):
        update = {
            "message": {
                "message_id": 1,
                "date": 1,
                "chat": chat.info,
                "from": chat.members[0].raw,
                "text": text,
            }
        }
        stage.telegram.push_update(update)
        await chat.wait_for_bot_message(contains="read it all")
        chat.send_text("still there?")
        await chat.wait_for_bot_message(2)

    assert stage.openai.chats()[0].messages[-1].text == text


async def test_a_broken_update_does_not_hide_the_next(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        stage.telegram.push_update({"message": {"message_id": "what", "chat": 5}})
        chat.send_text("hi")
        await chat.wait_for_bot_message()

    assert chat.bot_messages[0].text == "echo: hi"


async def test_the_same_update_twice_is_answered_once(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_text("hi")
        await chat.wait_for_bot_message()
        stage.telegram.push_duplicate()
        chat.send_text("next")
        await chat.wait_for_bot_message(2)

    assert [m.text for m in chat.bot_messages] == ["echo: hi", "echo: next"]
