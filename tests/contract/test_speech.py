"""Texts said aloud: on request, as answers, in pieces, and never twice."""

import asyncio
from collections.abc import Sequence

import pytest

from handlers.media.containers import ogg_opus_duration, true_format
from handlers.media.voice_parts import voice_parts
from tests.contract.protocol import Chat
from tests.contract.stage import PLACES, Stage
from tests.emulators.openai import Gated

SPEECH = "/audio/speech"
TEXT = ("This is a sentence of fifty letters, and no more. " * 74).strip()
PARTS = voice_parts(TEXT)
SECONDS = [min(60.0, 0.06 * len(part)) for part in PARTS]
"""As long as the emulated service takes to say them; no two are the same."""


def spoken(stage: Stage) -> list[str]:
    """What the service was asked to say, in the order of the requests."""
    return [str(r.body["input"]) for r in stage.openai.requests if r.route == SPEECH]


def voices(chat: Chat) -> list[bytes]:
    return [one.voice for one in chat.shown if one.voice]


def lengths(chat: Chat) -> list[float]:
    return [ogg_opus_duration(voice) for voice in voices(chat)]


async def wait_for_voices(chat: Chat, count: int) -> None:
    await chat.wait_until(lambda: len(voices(chat)) >= count, f"{count} voice messages")


async def begin(stage: Stage, chat: Chat) -> Sequence[asyncio.Event]:
    """/say a long text, and have its first part made; nothing else is before its gate is set."""
    gates = [asyncio.Event() for _ in PARTS]
    stage.openai.script(SPEECH, *(Gated((), gate) for gate in gates))
    await chat.command("say", TEXT)
    await stage.openai.wait_for_request(SPEECH, 2)
    gates[spoken(stage).index(PARTS[0])].set()
    await wait_for_voices(chat, 1)
    return gates


@pytest.mark.parametrize("kind", PLACES)
async def test_say_speaks_a_text_and_leaves_the_conversation_alone(stage: Stage, kind: str) -> None:
    chat = stage.place(kind)
    async with stage.running():
        await chat.command("say", "Hello **there**.")
        await wait_for_voices(chat, 1)
        chat.say("next")
        await chat.wait_for("next")

    assert spoken(stage) == ["Hello there."]
    assert voices(chat)[0].startswith(b"OggS")
    assert len(chat.shown) == 2
    assert [text.removeprefix("Alice: ") for _, text in stage.told()] == ["next"]


async def test_a_message_is_read_aloud(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        said = chat.say("Read me, please.")
        await chat.wait_for("Read me")
        await chat.have_read_aloud(said)
        await wait_for_voices(chat, 1)

    assert spoken(stage) == ["Read me, please."]


async def test_options_reach_the_service(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await chat.command("say", 'voice=coral speed=1.25 tone="calm and slow" Hello.')
        await wait_for_voices(chat, 1)

    [asked] = [r.body for r in stage.openai.requests if r.route == SPEECH]
    assert (asked["input"], asked["voice"], asked["speed"]) == ("Hello.", "coral", 1.25)
    assert "calm and slow" in str(asked["instructions"])


async def test_a_long_text_is_said_in_order_and_its_beginning_at_once(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        gates = await begin(stage, chat)
        early = lengths(chat)
        for gate in gates:
            gate.set()
        await wait_for_voices(chat, len(PARTS))

    assert early == [pytest.approx(SECONDS[0], abs=0.2)]
    assert lengths(chat) == [pytest.approx(seconds, abs=0.2) for seconds in SECONDS]
    assert sorted(spoken(stage)) == sorted(PARTS)


async def test_a_text_can_be_one_file(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await chat.command("say", f"format=mp3 {TEXT}")
        await chat.wait_until(lambda: any(one.sound for one in chat.shown), "a file")

    [file] = [one for one in chat.shown if one.sound]
    assert file.sound_file.startswith("this-is-a-sentence-of-fifty")
    assert true_format(file.sound) == "mp3"
    assert voices(chat) == []
    assert any("as a file" in text for text in chat.texts)
    assert not any("Speaking" in text for text in chat.texts)


async def test_answers_are_spoken_as_it_was_chosen(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await chat.command("voice", 'speed=1.5 tone="calm and slow" on')
        await chat.wait_for("Spoken answers: on")
        chat.say("Hello there")
        await wait_for_voices(chat, 1)

    [asked] = [r.body for r in stage.openai.requests if r.route == SPEECH]
    assert (asked["input"], asked["speed"]) == ("echo: Hello there", 1.5)
    assert "calm and slow" in str(asked["instructions"])


async def test_a_value_that_cannot_be_is_told_in_one_line(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await chat.command("say", "speed=9 Hello.")
        line = await chat.wait_for("0.25 to 4")

    assert len(line.text.splitlines()) == 1
    assert spoken(stage) == []


async def test_stop_ends_it_and_what_was_said_stays(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await begin(stage, chat)
        await chat.command("stop")
        await chat.wait_for("Stopped")
        chat.say("next")
        await chat.wait_for("next")

    assert len(voices(chat)) == 1


@pytest.mark.parametrize("kind", PLACES)
async def test_killed_while_it_speaks_nothing_is_said_or_paid_twice(
    stage: Stage, kind: str
) -> None:
    """The second is made and on its way when the process ends."""
    chat = stage.place(kind)
    async with stage.process() as bot:
        gates = await begin(stage, chat)
        chat.hold_voices()
        await stage.openai.wait_for_request(SPEECH, 3)
        gates[spoken(stage).index(PARTS[1])].set()
        # A second is begun when the first is sent and recorded.
        await chat.wait_until(lambda: chat.voices_begun == 2)
        await stage.kill(bot)
    async with stage.process():
        await wait_for_voices(chat, len(PARTS))
        chat.say("next")
        await chat.wait_for("next")

    assert lengths(chat) == [pytest.approx(seconds, abs=0.2) for seconds in SECONDS]
    assert [spoken(stage).count(part) for part in PARTS[:2]] == [1, 1]
