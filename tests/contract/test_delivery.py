"""The platform refuses, fails or cuts the line: the whole answer arrives all the same."""

import asyncio

import pytest

from tests.contract.protocol import RETRY, Fault
from tests.contract.stage import PLACES, Stage
from tests.emulators.openai import Answer, Gated


@pytest.mark.parametrize("kind", PLACES)
async def test_the_end_of_an_answer_outlives_a_row_of_refusals(stage: Stage, kind: str) -> None:
    chat = stage.place(kind)
    gate = asyncio.Event()
    stage.openai.script("chat", Gated(["First words"], gate, [" and", " last."]))
    async with stage.running():
        chat.say("tell me")
        await chat.wait_for_preview("First words")
        stage.platform.limit_rate()
        gate.set()
        await chat.wait_for("last.")
        chat.say("next")
        await chat.wait_for("next")

    assert stage.platform.refusals >= 2
    assert chat.texts[0] == "First words and last."
    assert len(chat.shown) == 2


async def test_a_long_answer_outlives_a_row_of_refusals_whole_and_in_order(stage: Stage) -> None:
    _, chat = stage.alice()
    words = [f"word{number}" for number in range(3 * stage.platform.limit // 8)]
    stage.openai.script("chat", Answer(" ".join(words)))
    stage.platform.limit_rate()
    async with stage.running():
        chat.say("much")
        await chat.wait_for(words[-1])

    assert stage.platform.refusals >= 2
    assert [word for part in chat.texts for word in part.split()] == words


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name.lower())
async def test_a_send_that_fails_is_repeated_until_it_is_there(stage: Stage, fault: Fault) -> None:
    _, chat = stage.alice()
    stage.platform.fail_sends(fault)
    async with stage.running():
        chat.say("hi")
        await chat.wait_for("echo: hi")
        chat.say("and?")
        await chat.wait_for("echo: and?")

    may_double = fault is Fault.CUT_AFTER and not stage.platform.sends_once
    assert chat.texts[-1] == "echo: and?"
    assert chat.texts[:-1] == ["echo: hi"] * (2 if may_double else 1)
    assert chat.shown[-1].buttons == (RETRY,)


async def test_one_chat_in_trouble_holds_up_no_other(stage: Stage) -> None:
    _, chat = stage.alice()
    bob = stage.platform.private(stage.platform.person("Bob"))
    async with stage.running():
        release = chat.hold_sends()
        chat.say("hi")
        await stage.openai.wait_until(lambda: bool(stage.openai.chats()))
        bob.say("hello")
        await bob.wait_for("echo: hello")
        assert chat.shown == []
        release.set()
        await chat.wait_for("echo: hi")

    assert chat.texts == ["echo: hi"]
