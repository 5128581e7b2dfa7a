"""People stop an answer: what there was stays, and nothing else runs."""

import asyncio

import pytest

from tests.contract.protocol import STOP, Chat
from tests.contract.stage import PLACES, Stage
from tests.emulators.openai import Gated

HALF = "Half an answer"


async def stop(chat: Chat, how: str) -> None:
    if how == "button":
        chat.press(STOP)
    else:
        await chat.command("stop")


@pytest.mark.parametrize("how", ["button", "command"])
@pytest.mark.parametrize("kind", PLACES)
async def test_what_was_written_stays_and_is_remembered(stage: Stage, kind: str, how: str) -> None:
    chat = stage.place(kind)
    stage.openai.script("chat", Gated([HALF], asyncio.Event()))
    async with stage.running():
        chat.say("Tell me")
        await chat.wait_for_preview(HALF)
        await stop(chat, how)
        answer = await chat.wait_for("Stopped")
        await stage.openai.wait_until(lambda: stage.openai.disconnects == 1)
        shown = chat.texts
        chat.say("And now?")
        await chat.wait_for("And now?")

    assert shown == [answer.text]
    assert answer.text.startswith(HALF)
    assert answer.text.count(HALF) == 1
    assert STOP not in answer.buttons
    assert ("assistant", HALF) in stage.told()
    assert len(stage.openai.chats()) == 2


async def test_what_waits_behind_a_stopped_answer_is_answered(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", Gated([HALF], asyncio.Event()))
    async with stage.running():
        chat.say("first")
        await chat.wait_for_preview(HALF)
        chat.say("second")
        chat.press(STOP)
        await chat.wait_for("echo: second")

    assert chat.texts[0].startswith(HALF)
    assert len(chat.shown) == 2


async def test_stopping_one_chat_stops_no_other(stage: Stage) -> None:
    _, chat = stage.alice()
    bob = stage.platform.private(stage.platform.person("Bob"))
    gate = asyncio.Event()
    stage.openai.answer = lambda call: Gated([HALF], gate, [" and the rest"])
    async with stage.running():
        chat.say("one")
        bob.say("two")
        await chat.wait_for_preview(HALF)
        await bob.wait_for_preview(HALF)
        chat.press(STOP)
        await chat.wait_for("Stopped")
        gate.set()
        await bob.wait_for("the rest")

    assert bob.texts == [f"{HALF} and the rest"]
    assert "the rest" not in chat.texts[0]


async def test_stop_where_nothing_runs_says_so(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await chat.command("stop")
        await chat.wait_for("nothing to stop")

    assert stage.openai.requests == []
