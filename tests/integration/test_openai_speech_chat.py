"""Speech by chat models that answer with sound, over real sockets."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from bot.openai.options import RouteChoices
from bot.openai.speech_sounds import measure_wav
from handlers.errors import (
    AnswerEmptyError,
    ContentRefusedError,
    CreditExhaustedError,
    KeyRefusedError,
    ParleyError,
    QuestionTooLongError,
    RouteMissingError,
    ServiceBusyError,
    ServiceDownError,
    ServiceSilentError,
    SpeechUnfaithfulError,
)
from handlers.ports.sounds import SpeechStyle
from handlers.prompts.reading import insist, narrate
from tests.emulators.openai import (
    Answer,
    CutAfter,
    Empty,
    EndWithoutFinish,
    Fail,
    FailInStream,
    Garbage,
    Gated,
    Hang,
    OpenAIEmulator,
    Step,
    Usage,
)
from tests.integration.openai_room import KEY, Pauses, open_room

TEXT = "Good morning, and welcome to this clip."
CHAT: dict[str, Any] = {"routes": RouteChoices(speech="chat")}
STREAMS_ONLY = Fail(400, message="Audio output requires stream: true.")
SHORT_S = 0.5
"""A silence that tests can afford to wait for."""


@pytest.fixture
async def emulator() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(api_key=KEY) as emulator:
        yield emulator


async def test_a_chat_model_is_asked_to_read_aloud(emulator: OpenAIEmulator) -> None:
    async with open_room(emulator.base_url, **CHAT) as room:
        speech = await room.synthesizer.speak(TEXT, SpeechStyle("fable", "Sadly.", 2.0))
    assert emulator.requests[0].body == {
        "model": "gpt-audio-1.5",
        "modalities": ["text", "audio"],
        "audio": {"voice": "fable", "format": "wav"},
        "messages": [
            {"role": "system", "content": narrate("Sadly.", 2.0)},
            {"role": "user", "content": TEXT},
        ],
    }
    assert "2 times" in narrate("Sadly.", 2.0)
    assert speech.mime == "audio/wav"
    assert measure_wav(speech.data) == pytest.approx(0.06 * len(TEXT), abs=0.1)
    assert not emulator.violations


async def test_sound_and_words_are_paid_at_their_own_prices(emulator: OpenAIEmulator) -> None:
    emulator.script("/chat/completions", Answer(TEXT, usage=Usage(100, 70)))
    async with open_room(emulator.base_url, **CHAT) as room:
        speech = await room.synthesizer.speak(TEXT)
    (usage,) = speech.usage
    spoken = round(0.06 * len(TEXT) * 20)
    paid = 100 * 2.5 + (70 - spoken) * 10 + spoken * 64
    assert usage.cost_usd == pytest.approx(paid / 1e6)
    assert usage.seconds == pytest.approx(2.34, abs=0.1)
    assert not usage.is_estimate


async def test_a_server_that_only_streams_sound_is_asked_for_a_stream(
    emulator: OpenAIEmulator,
) -> None:
    emulator.script("/chat/completions", STREAMS_ONLY)
    async with open_room(emulator.base_url, **CHAT) as room:
        first = await room.synthesizer.speak(TEXT)
        second = await room.synthesizer.speak(TEXT)
    shapes = [
        (request.body.get("stream"), request.body["audio"]["format"])
        for request in emulator.requests
    ]
    assert shapes == [(None, "wav"), (True, "pcm16"), (True, "pcm16")]
    for speech in (first, second):
        assert measure_wav(speech.data) == pytest.approx(0.06 * len(TEXT), abs=0.1)
        assert [entry.is_estimate for entry in speech.usage] == [False]
    assert not emulator.violations


async def test_a_model_that_answers_is_asked_once_more(emulator: OpenAIEmulator) -> None:
    question = "What is the capital of France, and who lives there?"
    emulator.script(
        "/chat/completions", Answer("Paris! Two million people live in it."), Answer(question)
    )
    async with open_room(emulator.base_url, **CHAT) as room:
        speech = await room.synthesizer.speak(question)
    asked = [request.body["messages"][-1]["content"] for request in emulator.requests]
    assert asked == [question, insist(question)]
    assert len(speech.usage) == 2


async def test_a_model_that_will_not_read_is_not_believed(emulator: OpenAIEmulator) -> None:
    refusal = "I am sorry, but I cannot help you with this."
    emulator.script("/chat/completions", Answer(refusal), Answer(refusal))
    async with open_room(emulator.base_url, **CHAT) as room:
        with pytest.raises(SpeechUnfaithfulError) as raised:
            await room.synthesizer.speak(TEXT)
    assert len(raised.value.usage) == 2


async def test_a_model_that_does_not_speak_is_a_missing_route(emulator: OpenAIEmulator) -> None:
    async with open_room(emulator.base_url, speech_chat_model="gpt-6-luna", **CHAT) as room:
        with pytest.raises(RouteMissingError):
            await room.synthesizer.speak(TEXT)
    assert len(emulator.requests) == 1


@pytest.mark.parametrize(
    ("step", "expected", "tries"),
    [
        (Fail(401), KeyRefusedError, 1),
        (Fail(404), RouteMissingError, 1),
        (Fail(429), ServiceBusyError, 3),
        (Fail(500), ServiceDownError, 3),
        (Fail(402), CreditExhaustedError, 1),
        (Answer("Good", finish="content_filter"), ContentRefusedError, 1),
        (Answer("Good", finish="length"), QuestionTooLongError, 1),
        (Empty(), AnswerEmptyError, 1),
        (CutAfter("Good"), ServiceDownError, 3),
        (Garbage(), ServiceDownError, 3),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_failure_is_told_as_what_it_is(
    emulator: OpenAIEmulator, step: Step, expected: type[ParleyError], tries: int
) -> None:
    emulator.script("/chat/completions", step, step, step)
    async with open_room(emulator.base_url, **CHAT) as room:
        with pytest.raises(expected) as raised:
            await room.synthesizer.speak(TEXT)
    assert type(raised.value) is expected
    assert len(emulator.requests) == tries


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (CutAfter("Good morning"), ServiceDownError),
        (EndWithoutFinish("Good morning"), ServiceDownError),
        (FailInStream("Good morning", "insufficient_quota"), CreditExhaustedError),
        (Answer("Good", finish="length"), QuestionTooLongError),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_stream_that_does_not_come_to_its_end_is_told_and_paid(
    emulator: OpenAIEmulator, step: Step, expected: type[ParleyError]
) -> None:
    emulator.script("/chat/completions", STREAMS_ONLY, step, step, step)
    async with open_room(emulator.base_url, **CHAT) as room:
        with pytest.raises(expected) as raised:
            await room.synthesizer.speak(TEXT)
    assert type(raised.value) is expected
    assert len(raised.value.usage) == len(emulator.requests) - 1


async def test_silence_is_told_and_not_asked_again(emulator: OpenAIEmulator) -> None:
    emulator.script("/chat/completions", Hang())
    async with open_room(emulator.base_url, whole_answer_timeout_s=SHORT_S, **CHAT) as room:
        with pytest.raises(ServiceSilentError):
            await room.synthesizer.speak(TEXT)
    assert len(emulator.requests) == 1


async def test_who_stops_leaves_the_stream(emulator: OpenAIEmulator) -> None:
    emulator.script("/chat/completions", STREAMS_ONLY, Gated("Good", asyncio.Event()))
    async with open_room(emulator.base_url, **CHAT) as room:
        speaking = asyncio.create_task(room.synthesizer.speak(TEXT))
        await emulator.wait_for_request("/chat/completions", 2)
        speaking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await speaking
        await emulator.wait_until(lambda: emulator.disconnects == 1)


def _message(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant"} | fields, "finish_reason": "stop"}]}


@pytest.fixture
async def plain_server(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A server that answers whatever it is asked with the given body."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(request.param)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    await runner.cleanup()


@pytest.mark.parametrize("plain_server", [_message(content="Good morning to you!")], indirect=True)
async def test_words_in_place_of_sound_are_a_missing_route_and_paid(plain_server: str) -> None:
    """Servers without sound ignore that it was asked for."""
    async with open_room(plain_server, **CHAT) as room:
        with pytest.raises(RouteMissingError) as raised:
            await room.synthesizer.speak(TEXT)
    (usage,) = raised.value.usage
    assert usage.is_estimate
    assert usage.output_tokens > 0


@pytest.mark.parametrize(
    ("plain_server", "expected"),
    [
        (_message(audio={"data": "no base64!"}), ServiceDownError),
        (_message(audio={"data": base64.b64encode(b"no sound").decode()}), ServiceDownError),
        ({"error": {"code": "insufficient_quota", "message": "No."}}, CreditExhaustedError),
        ({"choices": []}, AnswerEmptyError),
        ([], AnswerEmptyError),
    ],
    indirect=["plain_server"],
    ids=["no base64", "no sound", "an error", "no choice", "no object"],
)
async def test_what_makes_no_sense_is_told_as_such(
    plain_server: str, expected: type[ParleyError]
) -> None:
    async with open_room(plain_server, Pauses(), **CHAT) as room:
        with pytest.raises(expected):
            await room.synthesizer.speak(TEXT)
