"""Pictures that tools make: none is lost or paid twice, and each button means its own."""

import asyncio

import pytest

from tests.contract.protocol import RETRY, Chat, Shown
from tests.contract.stage import Stage
from tests.emulators.openai import Answer, Called, Calls, Empty, Gated

ONE_EACH = {
    "OPENAI__IMAGE_MODEL": "gpt-image-2",
    "OPENAI__MODELS": '{"gpt-image-2": {"images_per_request": 1}}',
}
FULL_SIZE = "Full size"


def pictures(chat: Chat) -> list[Shown]:
    return [one for one in chat.shown if one.picture and one.buttons]


def prompts(stage: Stage) -> list[object]:
    return [r.body["prompt"] for r in stage.openai.requests if r.route == "/images/generations"]


def draw(prompt: str, **more: object) -> Calls:
    return Calls([Called("make_image", {"prompt": prompt, **more})])


async def test_killed_between_two_pictures_it_makes_only_those_that_lack(stage: Stage) -> None:
    _, chat = stage.alice()
    never = asyncio.Event()
    stage.openai.script("chat", draw("an owl", count=3), Answer("Here it is."))
    stage.openai.script("/images/generations", Answer(""), Answer(""), Gated("", never))
    async with stage.process(**ONE_EACH) as bot:
        chat.say("draw three owls")
        await stage.openai.wait_until(lambda: len(prompts(stage)) == 3)
        await stage.kill(bot)
    async with stage.process(**ONE_EACH):
        await chat.wait_until(lambda: len(pictures(chat)) == 3, "pictures")
        await chat.wait_for("for 3 pictures")
    assert stage.openai.billed["gpt-image-2", "images"] == 3
    assert len(prompts(stage)) == 4


async def test_stopped_between_two_pictures_it_sends_those_that_are_paid(stage: Stage) -> None:
    _, chat = stage.alice()
    never = asyncio.Event()
    stage.openai.script("chat", draw("an owl", count=3))
    stage.openai.script("/images/generations", Answer(""), Answer(""), Gated("", never))
    async with stage.running(**ONE_EACH):
        chat.say("draw three owls")
        await stage.openai.wait_until(lambda: len(prompts(stage)) == 3)
        await chat.command("stop")
        await chat.wait_until(lambda: len(pictures(chat)) == 2, "pictures")
        await chat.wait_for("2 of 3")
    assert "Stopped" in chat.texts[0]


async def test_after_retry_a_button_under_the_old_picture_means_the_old_picture(
    stage: Stage,
) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", draw("a red owl"), Answer("Here it is."))
    async with stage.running():
        chat.say("draw an owl")
        await chat.wait_until(lambda: len(pictures(chat)) == 1, "a picture")
        stage.openai.script("chat", Answer("I would rather not."))
        chat.press(RETRY)
        await chat.wait_for("I would rather not.")
        chat.press(FULL_SIZE)
        await chat.wait_until(lambda: any(s.files and not s.buttons for s in chat.shown), "a file")
        chat.press("↻ Again")
        await chat.wait_until(lambda: len(pictures(chat)) == 2, "another")
    assert prompts(stage) == ["a red owl", "a red owl"]


@pytest.mark.parametrize("api", ["responses", "chat_completions"])
async def test_a_call_by_a_name_that_no_tool_can_have_ends_no_question(
    stage: Stage, api: str
) -> None:
    _, chat = stage.alice()
    stage.openai.script(
        "chat", Calls([Called("functions.calculator", {"expression": "1+1"})]), Answer("Two.")
    )
    async with stage.running(OPENAI__CHAT_API=api):
        chat.say("1+1?")
        await chat.wait_for("Two.")


async def test_what_a_request_without_a_picture_cost_is_in_the_usage(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("/responses", Empty())
    routed = {"OPENAI__ROUTES": '{"images": "responses"}', "OPENAI__IMAGE_MODEL": "gpt-image-2"}
    async with stage.running(**routed):
        await chat.command("image", "an owl")
        await chat.wait_for("empty answer")
        await chat.command("usage")
        await chat.wait_for("image, gpt-image-2: $0.0000")
