"""The model fails, people change their minds: one honest line, and an honest history."""

from tests.contract.protocol import AGAIN, RETRY
from tests.contract.stage import Stage
from tests.emulators.openai import Answer, CutAfter, Fail

DOWN = [Fail(500)] * 3
"""Tried three times before anything is said."""


async def test_a_failing_model_is_told_in_one_line_whose_button_asks_again(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", *DOWN)
    async with stage.running():
        chat.say("first")
        line = await chat.wait_for("(ref ")
        chat.press(AGAIN)
        await chat.wait_for("echo: first")
        chat.say("second")
        await chat.wait_for("echo: second")

    assert len(line.text.splitlines()) == 1
    assert line.buttons == (AGAIN,)
    assert not any(word in line.text for word in ("openai", "127.0.0.1", "Error", "500"))
    assert [text for _, text in stage.told()] == ["first", "echo: first", "second"]


async def test_a_failed_question_leaves_nothing_in_the_history(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", *DOWN)
    async with stage.running():
        chat.say("first")
        await chat.wait_for("(ref ")
        chat.say("second")
        await chat.wait_for("echo: second")

    assert stage.told() == [("user", "second")]
    assert len(chat.shown) == 2


async def test_an_answer_that_broke_off_says_so_and_goes_on_by_its_button(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", CutAfter(["The beginning"]), Answer(" and the end."))
    async with stage.running():
        chat.say("all of it")
        half = await chat.wait_for("broke off")
        chat.press("Continue")
        await chat.wait_for("and the end.")
        chat.say("next")
        await chat.wait_for("next")

    assert half.text.startswith("The beginning")
    assert ("assistant", "The beginning and the end.") in stage.told()


async def test_retry_answers_again_and_takes_the_answers_place(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", Answer("first"), Answer("second"), Answer("third"))
    async with stage.running():
        chat.say("hm?")
        await chat.wait_for("first")
        chat.press(RETRY)
        await chat.wait_for("second")
        await chat.wait_until(lambda: [s.buttons for s in chat.shown] == [(), (RETRY,)])
        chat.say("go on")
        await chat.wait_for("third")

    assert [text for _, text in stage.told()] == ["hm?", "second", "go on"]
    assert chat.texts == ["first", "second", "third"]


async def test_an_edit_of_the_last_question_is_answered_anew_in_its_place(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        said = chat.say("teh question")
        await chat.wait_for("echo: teh question")
        chat.edit(said, "the question")
        await chat.wait_for("echo: the question")
        chat.say("next")
        await chat.wait_for("echo: next")

    asked = [text for _, text in stage.told()]
    assert asked == ["the question", "echo: the question", "next"]
    assert len(chat.shown) == 3


async def test_an_edit_that_changes_no_word_asks_nothing(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        said = chat.say("the question")
        await chat.wait_for("echo: the question")
        chat.edit(said, "the question")
        chat.say("next")
        await chat.wait_for("echo: next")

    assert stage.questions() == ["the question", "next"]
