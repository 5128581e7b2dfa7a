"""A person on Telegram writes, and is answered."""

import asyncio

from tests import samples
from tests.e2e.stage import Stage, running
from tests.emulators.openai import Answer, CutAfter, EndWithoutFinish, Fail, Gated, Hang
from tests.emulators.telegram import Fail as Refuse


async def test_a_message_is_answered_with_the_persons_words_unchanged(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_text("  What is  *this*? <b>\n\u200fשלום")
        answer = await chat.wait_for_bot_message()

    [request] = stage.openai.chats()
    assert request.messages[-1].text == "  What is  *this*? <b>\n\u200fשלום"
    assert answer.text.startswith("echo:")
    assert answer.buttons == [["↻ Retry"]]


async def test_the_history_is_sent_with_the_next_question_and_survives_a_restart(
    stage: Stage,
) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_text("My name is Alice")
        await chat.wait_for_bot_message()
    async with running(stage.config()):
        chat.send_text("Who am I?")
        await chat.wait_for_bot_message(2)

    asked = [(m.role, m.text) for m in stage.openai.chats()[-1].messages]
    assert asked == [
        ("user", "My name is Alice"),
        ("assistant", "echo: My name is Alice"),
        ("user", "Who am I?"),
    ]


async def test_the_first_words_are_shown_while_the_rest_is_written(stage: Stage) -> None:
    _, chat = stage.alice()
    gate = asyncio.Event()
    stage.openai.script("chat", Gated(["Once "], gate, ["upon a time."]))
    async with running(stage.config()):
        chat.send_text("Tell me a story")
        draft = await chat.wait_for_draft("Once")
        assert chat.bot_messages == []
        gate.set()
        answer = await chat.wait_for_bot_message()

    assert draft.can_stop
    assert answer.text == "Once upon a time."


async def test_stop_on_the_draft_keeps_what_was_written(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", Gated(["Half an answer"], asyncio.Event()))
    async with running(stage.config()):
        chat.send_text("Tell me")
        await chat.wait_for_draft("Half")
        chat.stop_draft()
        answer = await chat.wait_for_bot_message()
        chat.send_text("And now?")
        await chat.wait_for_bot_message(2)

    assert answer.text == "Half an answer\n\n⏹ Stopped."
    assert stage.openai.disconnects == 1
    assert ("assistant", "Half an answer") in [
        (m.role, m.text) for m in stage.openai.chats()[-1].messages
    ]


async def test_a_long_answer_arrives_whole(stage: Stage) -> None:
    _, chat = stage.alice()
    words = " ".join(f"word{n}" for n in range(3_000))
    stage.openai.script("chat", Answer([words[i : i + 400] for i in range(0, len(words), 400)]))
    async with running(stage.config()):
        chat.send_text("Much, please")
        await chat.wait_for_bot_message(contains="word2999")

    parts = [m.text for m in chat.bot_messages]
    assert " ".join(parts).split() == words.split()
    assert len(parts) == len(words) // 4096 + 1


async def test_the_answer_arrives_whole_through_flood_control(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.telegram.script(
        "sendMessage", Refuse(429, "Too Many Requests: retry after 1", retry_after=1)
    )
    async with running(stage.config()):
        chat.send_text("hi")
        answer = await chat.wait_for_bot_message()

    assert answer.text == "echo: hi"
    assert len(chat.bot_messages) == 1


async def test_markdown_becomes_entities(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", Answer("**bold** and `code`\n\n```python\nprint(1)\n```"))
    async with running(stage.config()):
        chat.send_text("format")
        answer = await chat.wait_for_bot_message()

    assert answer.text == "bold and code\n\nprint(1)"
    assert [(e["type"], e.get("language")) for e in answer.entities] == [
        ("bold", None),
        ("code", None),
        ("pre", "python"),
    ]


async def test_each_failure_of_the_service_is_one_honest_line(stage: Stage) -> None:
    _, chat = stage.alice()
    codes = [400, 401, 403, 404, 429, 500]
    async with running(stage.config()):
        for number, code in enumerate(codes, start=1):
            # 429 and 500 are tried three times before anything is said.
            stage.openai.script("chat", *[Fail(code)] * (3 if code in (429, 500) else 1))
            chat.send_text(f"question {number}")
            line = await chat.wait_for_bot_message(number)
            assert "(ref " in line.text
            assert len(line.text.splitlines()) == 1
            assert not any(word in line.text for word in ("openai", "127.0.0.1", "Error", "HTTP"))
        chat.send_text("and now?")
        await chat.wait_for_bot_message(len(codes) + 1)

    assert [m.text for m in stage.openai.chats()[-1].messages] == ["and now?"]


async def test_silence_is_told_at_once_and_not_repeated(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", Hang())
    async with running(stage.config({"OPENAI__TIMEOUT_S": "0.3"})):
        chat.send_text("anyone?")
        line = await chat.wait_for_bot_message()

    assert "did not answer in time" in line.text
    assert len(stage.openai.chats()) == 1


async def test_a_broken_stream_is_shown_as_unfinished_and_can_be_continued(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", CutAfter(["The beginning"]), Answer(" and the end."))
    async with running(stage.config()):
        chat.send_text("all of it")
        half = await chat.wait_for_bot_message()
        assert half.text.startswith("The beginning\n\n⚠️")
        chat.press(half, "Continue")
        rest = await chat.wait_for_bot_message(2)

    assert rest.text == "and the end."


async def test_an_end_without_a_finish_reason_is_never_shown_as_complete(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", EndWithoutFinish(["Not all"]))
    async with running(stage.config()):
        chat.send_text("all of it")
        half = await chat.wait_for_bot_message()

    assert "broke off" in half.text


async def test_retry_under_the_last_answer_replaces_it_in_the_history(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", Answer("first"), Answer("second"), Answer("third"))
    async with running(stage.config()):
        chat.send_text("hm?")
        first = await chat.wait_for_bot_message()
        chat.press(first, "↻ Retry")
        await chat.wait_for_bot_message(2)
        await stage.telegram.wait_until(lambda: not first.buttons)
        chat.send_text("go on")
        await chat.wait_for_bot_message(3)

    assert [m.text for m in stage.openai.chats()[-1].messages] == ["hm?", "second", "go on"]


async def test_an_edited_question_is_answered_anew(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        sent = chat.send_text("teh question")
        await chat.wait_for_bot_message()
        chat.edit(sent, "the question")
        await chat.wait_for_bot_message(2)
        chat.send_text("next")
        await chat.wait_for_bot_message(3)

    assert [m.text for m in stage.openai.chats()[-1].messages] == [
        "the question",
        "echo: the question",
        "next",
    ]


async def test_a_paste_that_the_app_split_is_one_question(stage: Stage) -> None:
    _, chat = stage.alice()
    text = "".join(f"{n:07d} " for n in range(1_250))
    stage.openai.script("chat", Answer("read"))
    async with running(stage.config()):
        chat.send_paste(text)
        await chat.wait_for_bot_message(contains="read")

    [request] = stage.openai.chats()
    assert request.messages[-1].text.split() == text.split()


async def test_a_reply_brings_what_is_replied_to(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        note = chat.send_text("The train leaves at 9.")
        await chat.wait_for_bot_message()
        chat.send_text("/new")
        await chat.wait_for_bot_message(2)
        chat.send_text("When?", reply_to=note)
        await chat.wait_for_bot_message(3)

    asked = stage.openai.chats()[-1].messages
    assert len(asked) == 1
    assert "The train leaves at 9." in asked[0].text
    assert asked[0].text.endswith("When?")


async def test_what_nobody_can_read_gets_a_polite_line(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_contact()
        chat.send_poll("Tea?")
        chat.send_location()
        chat.send_dice()
        await chat.wait_for_bot_message(4)

    assert all("I cannot read" in m.text for m in chat.bot_messages)
    assert stage.openai.chats() == []


async def test_a_stranger_is_told_how_to_get_in(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config({"ACCESS__MODE": "listed"})):
        chat.send_text("hi")
        line = await chat.wait_for_bot_message()

    assert "telegram:101" in line.text
    assert stage.openai.requests == []


async def test_the_responses_api_answers_the_same_conversation(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config({"OPENAI__CHAT_API": "responses"})):
        chat.send_text("My name is Alice")
        await chat.wait_for_bot_message()
        chat.send_photo(samples.jpeg(800, 600), "And this?")
        await chat.wait_for_bot_message(2)

    asked = stage.openai.chats()[-1]
    assert asked.dialect == "responses"
    assert asked.body["store"] is False
    assert [m.role for m in asked.messages] == ["user", "assistant", "user"]
    assert len(asked.messages[-1].images) == 1


async def test_the_address_of_a_picture_is_passed_on_as_an_address(stage: Stage) -> None:
    _, chat = stage.alice()
    url = "https://example.com/cat.jpg?size=large"
    async with running(stage.config()):
        chat.send_text(f"What is on {url} ?")
        await chat.wait_for_bot_message()

    [picture] = stage.openai.chats()[0].messages[-1].images
    assert picture.url == url


async def test_an_old_link_that_died_does_not_take_the_next_question_with_it(
    stage: Stage,
) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_text("What is on https://example.com/cat.png ?")
        await chat.wait_for_bot_message()
        stage.openai.script("chat", Fail(400, code="invalid_image_url"))
        chat.send_text("And its colour?")
        await chat.wait_for_bot_message(2)

    assert chat.bot_messages[1].text.startswith("echo: And its colour?")


async def test_a_long_conversation_stays_within_the_budget(
    stage: Stage,
) -> None:
    _, chat = stage.alice()
    stage.openai.answer = lambda call: "A short answer."
    async with running(stage.config({"HISTORY__MAX_TOKENS": "600"})):
        for number in range(1, 61):
            chat.send_text(f"question {number}: " + "some more words " * 5)
            await chat.wait_for_bot_message(number)

    questions = [call for call in stage.openai.chats() if "keep the memory" not in call.system]
    assert len(questions) == 60
    assert max(len(call.messages) for call in questions) < 60


async def test_a_failed_question_is_asked_again_by_its_button_also_after_a_restart(
    stage: Stage,
) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", Fail(404), Fail(404))
    async with running(stage.config()):
        chat.send_text("first")
        first = await chat.wait_for_bot_message()
        chat.send_text("second")
        await chat.wait_for_bot_message(2)
        chat.send_text("/model another-model")
        await chat.wait_for_bot_message(3)
    async with running(stage.config()):
        chat.press(first, "↻ Try again")
        await chat.wait_for_bot_message(contains="echo: first")

    assert stage.openai.chats()[-1].model == "another-model"


async def test_a_question_to_a_model_that_sees_nothing_is_asked_without_old_pictures(
    stage: Stage,
) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_photo(samples.jpeg(320, 240), "this?")
        await chat.wait_for_bot_message()
        stage.openai.script("chat", Fail(400, message="This model does not support image input."))
        chat.send_text("and in words?")
        await chat.wait_for_bot_message(2)

    assert chat.bot_messages[1].text.startswith("echo: and in words?")
    assert stage.openai.chats()[-1].messages[0].images == ()


async def test_an_edit_of_an_albums_second_caption_is_an_edit_of_its_question(
    stage: Stage,
) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_photo(samples.jpeg(320, 240, "red"), album="a")
        second = chat.send_photo(samples.jpeg(320, 240, "blue"), "what are tehse?", album="a")
        await chat.wait_for_bot_message()
        chat.edit(second, "what are these?")
        await chat.wait_for_bot_message(2)
        chat.edit(second, "what are these?")
        chat.send_text("next")
        await chat.wait_for_bot_message(3)

    asked = stage.openai.chats()[-1].messages
    assert [m.role for m in asked] == ["user", "assistant", "user"]
    assert len(asked[0].images) == 2
    assert asked[0].text.endswith("what are these?")
