"""The process dies, or was not there: nothing is lost, nothing is answered twice."""

import asyncio
import signal

import pytest

from tests import samples
from tests.contract.protocol import RETRY, Fault
from tests.contract.stage import PLACES, Stage
from tests.emulators.openai import Answer, Gated, Hang


@pytest.mark.parametrize("kind", PLACES)
async def test_killed_in_mid_stream_there_is_one_whole_answer(stage: Stage, kind: str) -> None:
    chat = stage.place(kind)
    endless = Answer([f"half{number} " for number in range(5_000)], chunk_delay_s=0.01)
    stage.openai.script("chat", endless, Answer("The whole answer."))
    async with stage.process() as bot:
        chat.say("tell me")
        # A second writing shows that the bot knows of its first.
        await chat.wait_for_preview("half", revisions=2)
        await stage.kill(bot)
    async with stage.process():
        await chat.wait_for("The whole answer.")
        shown = chat.shown
        chat.say("next")
        await chat.wait_for("next")

    assert [(one.text, one.buttons) for one in shown] == [("The whole answer.", (RETRY,))]
    assert len(chat.shown) == 2
    asked = [text.removeprefix("Alice: ") for _, text in stage.told()]
    assert asked == ["tell me", "The whole answer.", "next"]
    assert len(stage.openai.chats()) == 3


async def test_killed_before_the_answer_begins_it_comes_after_the_start(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", Hang())
    async with stage.process() as bot:
        chat.say("one")
        chat.say("two")
        await stage.openai.wait_until(lambda: bool(stage.openai.chats()))
        await stage.kill(bot)
    async with stage.process():
        await chat.wait_for("echo: two")

    assert chat.texts == ["echo: one", "echo: two"]
    assert [text for _, text in stage.told()] == ["one", "echo: one", "two"]


async def test_killed_between_a_send_and_its_confirmation_the_answer_is_there(
    stage: Stage,
) -> None:
    _, chat = stage.alice()
    stage.platform.fail_sends(Fault.CUT_AFTER)
    async with stage.process() as bot:
        chat.say("hi")
        await chat.wait_until(lambda: chat.shown, "a message")
        await stage.kill(bot)
    async with stage.process():
        chat.say("next")
        await chat.wait_for("echo: next")

    times = 1 if stage.platform.sends_once else 2
    assert chat.texts == ["echo: hi"] * times + ["echo: next"]
    assert [text for _, text in stage.told()] == ["hi", "echo: hi", "next"]


async def test_what_was_paid_for_before_a_kill_is_not_paid_for_again(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", Gated(["Half"], asyncio.Event()))
    async with stage.process() as bot:
        chat.send_voice(samples.ogg_opus(1), 1)
        await chat.wait_for_preview("Half")
        await stage.kill(bot)
    async with stage.process():
        await chat.wait_for("echo:")
        await chat.wait_until(lambda: any(one.voice for one in chat.shown), "a voice message")

    heard = [r for r in stage.openai.requests if r.route == "/audio/transcriptions"]
    assert len(heard) == 1
    assert len([text for text in chat.texts if text.startswith("🎤")]) == 1
    assert len([text for text in chat.texts if text.startswith("echo:")]) == 1


async def test_what_was_said_meanwhile_is_answered_once_after_the_start(stage: Stage) -> None:
    alice, chat = stage.alice()
    room = stage.platform.room(alice)
    async with stage.running():
        chat.say("before")
        await chat.wait_for("before")
        room.say("here")
        await room.wait_for("here")
    chat.say("one")
    chat.say("two")
    room.say("not for you", is_addressed=False)
    room.say("three")
    async with stage.running():
        await chat.wait_for("two")
        await room.wait_for("three")
    async with stage.running():
        chat.say("after")
        await chat.wait_for("after")
        room.say("at last")
        await room.wait_for("at last")

    assert chat.texts == ["echo: before", "echo: one", "echo: two", "echo: after"]
    assert room.texts == [f"echo: Alice: {text}" for text in ("here", "three", "at last")]


async def test_what_was_said_after_a_kill_is_answered_once_after_the_start(stage: Stage) -> None:
    alice, chat = stage.alice()
    room = stage.platform.room(alice)
    async with stage.process() as bot:
        chat.say("before")
        room.say("here")
        for _ in range(2):
            await bot.line_with("message done")
        await stage.kill(bot)
    chat.say("one")
    room.say("two")
    async with stage.process():
        await chat.wait_for("one")
        await room.wait_for("two")
        chat.say("after")
        await chat.wait_for("after")

    assert chat.texts == ["echo: before", "echo: one", "echo: after"]
    assert room.texts == ["echo: Alice: here", "echo: Alice: two"]


async def test_the_button_under_an_answer_works_after_a_restart(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", Answer("first"), Answer("second"))
    async with stage.running():
        chat.say("hm?")
        await chat.wait_for("first")
    async with stage.running():
        chat.press(RETRY)
        await chat.wait_for("second")

    assert stage.told() == [("user", "hm?")]


async def test_a_running_answer_is_finished_within_the_grace_period(stage: Stage) -> None:
    _, chat = stage.alice()
    gate = asyncio.Event()
    stage.openai.script("chat", Gated(["Almost "], gate, ["done."]))
    async with stage.process() as bot:
        chat.say("hi")
        await chat.wait_for_preview("Almost")
        bot.process.send_signal(signal.SIGTERM)
        await bot.line_with("stopping")
        gate.set()
        assert await bot.ended() == 0

    assert chat.texts == ["Almost done."]
