"""Speech by the Realtime API over real WebSockets."""

import asyncio
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

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
    ServiceRejectedError,
    ServiceSilentError,
    SpeechUnfaithfulError,
)
from handlers.messages import Capability
from handlers.ports.sounds import SpeechStyle
from handlers.prompts.reading import insist, narrate
from tests.emulators.openai import (
    Answer,
    CloseSocket,
    CutAfter,
    Empty,
    EndWithoutFinish,
    Fail,
    FailInStream,
    Garbage,
    Gated,
    Hang,
    HangAfter,
    OpenAIEmulator,
    Step,
    Usage,
)
from tests.integration.openai_room import KEY, Pauses, open_room

TEXT = "Good morning, and welcome to this clip."
MODEL = "gpt-realtime-2.1-mini"
REALTIME: dict[str, Any] = {"routes": RouteChoices(speech="realtime")}
SHORT_S = 0.5
"""A silence that tests can afford to wait for."""


@pytest.fixture
async def emulator() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(api_key=KEY) as emulator:
        yield emulator
        assert not emulator.violations


def scripts_of(emulator: OpenAIEmulator) -> list[str]:
    """What was given to be read, session by session."""
    return [
        event["item"]["content"][0]["text"]
        for session in emulator.sessions
        for event in session.sent("conversation.item.create")
    ]


async def test_a_text_is_read_aloud_in_one_session(emulator: OpenAIEmulator) -> None:
    async with open_room(emulator.base_url, **REALTIME) as room:
        speech = await room.synthesizer.speak(TEXT, SpeechStyle("coral"))
    (session,) = emulator.sessions
    assert session.model == MODEL
    assert session.events == [
        {
            "type": "session.update",
            "session": {
                "type": "realtime",
                "output_modalities": ["audio"],
                "instructions": narrate(),
                "audio": {
                    "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "coral"}
                },
                "reasoning": {"effort": "minimal"},
            },
        },
        {
            "type": "conversation.item.create",
            "item": {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": TEXT}],
            },
        },
        {"type": "response.create"},
    ]
    assert speech.mime == "audio/wav"
    assert measure_wav(speech.data) == pytest.approx(0.06 * len(TEXT), abs=0.1)


async def test_sound_and_words_are_paid_at_their_own_prices(emulator: OpenAIEmulator) -> None:
    emulator.script("/realtime", Answer(TEXT, usage=Usage(120, 60, 40)))
    async with open_room(emulator.base_url, **REALTIME) as room:
        speech = await room.synthesizer.speak(TEXT)
    (usage,) = speech.usage
    assert (usage.capability, usage.model) == (Capability.SPEECH, MODEL)
    assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens) == (120, 40, 60)
    assert (usage.characters, usage.is_estimate) == (len(TEXT), False)
    spoken = round(0.06 * len(TEXT) * 20)
    paid = 80 * 0.6 + 40 * 0.06 + (60 - spoken) * 2.4 + spoken * 20
    assert usage.cost_usd == pytest.approx(paid / 1e6)


async def test_a_model_without_a_price_for_sound_has_no_cost(emulator: OpenAIEmulator) -> None:
    async with open_room(
        emulator.base_url, speech_realtime_model="gpt-realtime-2", **REALTIME
    ) as room:
        speech = await room.synthesizer.speak(TEXT)
    assert speech.usage[0].cost_usd is None


@pytest.mark.parametrize(("asked", "told"), [(0.1, 0.25), (0.8, 0.8), (1.0, None), (3.0, 1.5)])
async def test_a_style_is_told_as_far_as_the_model_goes(
    emulator: OpenAIEmulator, asked: float, told: float | None
) -> None:
    style = SpeechStyle(voice="nova", tone="Like a whisper.", speed=asked)
    async with open_room(emulator.base_url, **REALTIME) as room:
        speech = await room.synthesizer.speak(TEXT, style)
    session = emulator.sessions[0].events[0]["session"]
    assert session["instructions"] == narrate("Like a whisper.")
    assert session["audio"]["output"]["voice"] == "coral"
    assert session["audio"]["output"].get("speed") == told
    assert measure_wav(speech.data) == pytest.approx(0.06 * len(TEXT) / (told or 1), abs=0.1)


async def test_a_model_that_cannot_think_is_not_told_to_think_less(
    emulator: OpenAIEmulator,
) -> None:
    async with open_room(
        emulator.base_url, speech_realtime_model="gpt-realtime", **REALTIME
    ) as room:
        await room.synthesizer.speak(TEXT)
    assert "reasoning" not in emulator.sessions[0].events[0]["session"]


async def test_a_model_that_refuses_a_speed_speaks_without_it_from_then_on(
    emulator: OpenAIEmulator,
) -> None:
    refusal = "Unknown parameter: 'session.audio.output.speed'."
    emulator.script("/realtime", FailInStream((), "invalid_request_error", refusal))
    async with open_room(emulator.base_url, **REALTIME) as room:
        first = await room.synthesizer.speak(TEXT, SpeechStyle(speed=1.2))
        await room.synthesizer.speak(TEXT, SpeechStyle(speed=1.2))
    outputs = [s.events[0]["session"]["audio"]["output"] for s in emulator.sessions]
    assert [output.get("speed") for output in outputs] == [1.2, None, None]
    assert [entry.is_estimate for entry in first.usage] == [True, False]


async def test_a_long_text_of_dense_script_is_read_in_sessions_and_joined(
    emulator: OpenAIEmulator,
) -> None:
    text = "".join(
        f"今天天气很好我们去公园走一走吧朋友说第{chr(0x4E00 + n)}次。" for n in range(60)
    )
    async with open_room(emulator.base_url, **REALTIME) as room:
        speech = await room.synthesizer.speak(text)
    assert len(emulator.sessions) > 2
    assert "".join(scripts_of(emulator)) == text
    assert len(speech.usage) == len(emulator.sessions)
    assert measure_wav(speech.data) == pytest.approx(0.06 * len(text), abs=0.5)


async def test_what_was_read_before_a_failure_is_paid(emulator: OpenAIEmulator) -> None:
    text = "今天天气很好我们去公园走一走吧。" * 60
    emulator.script("/realtime", Answer(text[:400]), Fail(401))
    async with open_room(emulator.base_url, **REALTIME) as room:
        with pytest.raises(KeyRefusedError) as raised:
            await room.synthesizer.speak(text)
    assert [entry.is_estimate for entry in raised.value.usage] == [False]


async def test_a_voice_that_is_refused_costs_nothing(emulator: OpenAIEmulator) -> None:
    async with open_room(emulator.base_url, **REALTIME) as room:
        with pytest.raises(ServiceRejectedError) as raised:
            await room.synthesizer.speak(TEXT, SpeechStyle("af_heart"))
    assert not emulator.sessions[0].sent("response.create")
    assert raised.value.usage == ()
    emulator.violations.clear()


# ------------------------------------------------------------ answered instead of read


async def test_a_model_that_answers_is_asked_once_more(emulator: OpenAIEmulator) -> None:
    question = "What is the capital of France, and who lives there?"
    answer = "Paris! About two million people call it their home today."
    emulator.script("/realtime", Answer(answer), Answer(question))
    with capture_logs() as logs:
        async with open_room(emulator.base_url, **REALTIME) as room:
            speech = await room.synthesizer.speak(question)
    assert scripts_of(emulator) == [question, insist(question)]
    assert measure_wav(speech.data) == pytest.approx(0.06 * len(question), abs=0.1)
    assert len(speech.usage) == 2  # both are paid for
    assert "speech_unfaithful" in [entry["event"] for entry in logs]
    assert answer not in str(logs)


async def test_a_model_that_will_not_read_is_not_believed(emulator: OpenAIEmulator) -> None:
    steps = [Answer("I am sorry, but I cannot help with this."), Answer("Let us talk about it!")]
    emulator.script("/realtime", *steps)
    async with open_room(emulator.base_url, **REALTIME) as room:
        with pytest.raises(SpeechUnfaithfulError) as raised:
            await room.synthesizer.speak(TEXT)
    assert len(emulator.sessions) == 2
    assert sum(entry.output_tokens for entry in raised.value.usage) == sum(
        amount for (_, kind), amount in emulator.billed.items() if kind == "output_tokens"
    )


# ------------------------------------------------------------ faults


@pytest.mark.parametrize(
    ("step", "expected", "tries"),
    [
        (Fail(401, message=f"Incorrect key: {KEY}"), KeyRefusedError, 1),
        (Fail(403), KeyRefusedError, 1),
        (Fail(404), RouteMissingError, 1),
        (Fail(410), RouteMissingError, 1),
        (Fail(200), RouteMissingError, 1),
        (Fail(429, headers={"Retry-After": "2"}), ServiceBusyError, 3),
        (Fail(503), ServiceDownError, 3),
        (CloseSocket(4000, "invalid_request_error.invalid_model"), RouteMissingError, 1),
        (CloseSocket(4000, "invalid_request_error.bad_thing"), ServiceRejectedError, 1),
        (CloseSocket(3000), KeyRefusedError, 1),
        (CloseSocket(1013), ServiceDownError, 3),
        (CloseSocket(1011, chunks="Good morning"), ServiceDownError, 3),
        (FailInStream((), "model_not_found"), RouteMissingError, 1),
        (FailInStream("Good", "insufficient_quota"), CreditExhaustedError, 1),
        (FailInStream("Good", "insufficient_quota", event="response.failed"),
         CreditExhaustedError, 1),
        (FailInStream("Good", event="response.failed"), ServiceDownError, 3),
        (FailInStream((), "rate_limit_exceeded", event="response.failed"), ServiceBusyError, 3),
        (Answer("Good", finish="content_filter"), ContentRefusedError, 1),
        (Answer("Good", finish="length"), QuestionTooLongError, 1),
        (CutAfter("Good morning"), ServiceDownError, 3),
        (EndWithoutFinish("Good morning"), ServiceDownError, 3),
        (Garbage(), ServiceDownError, 3),
        (Empty(), AnswerEmptyError, 1),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
async def test_a_failure_is_told_as_what_it_is(
    emulator: OpenAIEmulator, step: Step, expected: type[ParleyError], tries: int
) -> None:
    emulator.script("/realtime", step, step, step)
    async with open_room(emulator.base_url, **REALTIME) as room:
        with pytest.raises(expected) as raised:
            await room.synthesizer.speak(TEXT)
    assert type(raised.value) is expected
    assert len(emulator.requests) == tries
    assert KEY not in "".join(traceback.format_exception(raised.value))
    # What was begun is paid for, at least about.
    begun = sum(bool(session.sent("response.create")) for session in emulator.sessions)
    assert len(raised.value.usage) == begun


async def test_a_retired_model_is_a_missing_route(emulator: OpenAIEmulator) -> None:
    emulator.missing_models.add(MODEL)
    async with open_room(emulator.base_url, **REALTIME) as room:
        with pytest.raises(RouteMissingError):
            await room.synthesizer.speak(TEXT)
    assert emulator.sessions[0].events == []


async def test_a_broken_session_is_opened_again_and_its_loss_noted(
    emulator: OpenAIEmulator,
) -> None:
    pauses = Pauses()
    emulator.script("/realtime", CutAfter("Good morning, and"))
    async with open_room(emulator.base_url, pauses, **REALTIME) as room:
        speech = await room.synthesizer.speak(TEXT)
    assert len(pauses.waited_s) == 1
    lost, paid = speech.usage
    assert (lost.is_estimate, paid.is_estimate) == (True, False)
    assert 0 < lost.seconds < paid.seconds
    assert lost.cost_usd
    assert measure_wav(speech.data) == pytest.approx(0.06 * len(TEXT), abs=0.1)


@pytest.mark.parametrize("step", [Hang(), HangAfter("Good morning")], ids=["at once", "half way"])
async def test_silence_is_told_and_not_asked_again(emulator: OpenAIEmulator, step: Step) -> None:
    emulator.script("/realtime", step)
    async with open_room(
        emulator.base_url, timeout_s=SHORT_S, whole_answer_timeout_s=600, **REALTIME
    ) as room:
        with pytest.raises(ServiceSilentError) as raised:
            await room.synthesizer.speak(TEXT)
    (session,) = emulator.sessions
    await emulator.wait_until(lambda: session.is_over)
    assert len(raised.value.usage) == isinstance(step, HangAfter)
    assert all(entry.is_estimate for entry in raised.value.usage)


async def test_who_stops_leaves_no_session_behind(emulator: OpenAIEmulator) -> None:
    emulator.script("/realtime", Gated("Good morning", asyncio.Event()))
    async with open_room(emulator.base_url, **REALTIME) as room:
        speaking = asyncio.create_task(room.synthesizer.speak(TEXT))
        await emulator.wait_until(
            lambda: any(session.sent("response.create") for session in emulator.sessions)
        )
        speaking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await speaking
    (session,) = emulator.sessions
    await emulator.wait_until(lambda: session.is_over)
    assert session.is_left_early


async def test_nobody_at_the_door_is_told_as_such() -> None:
    pauses = Pauses()
    async with OpenAIEmulator(api_key=KEY) as emulator:
        address = emulator.base_url
    async with open_room(address, pauses, **REALTIME) as room:
        with pytest.raises(ServiceDownError):
            await room.synthesizer.speak(TEXT)
    assert len(pauses.waited_s) == 2


@pytest.fixture
async def older_server() -> AsyncIterator[str]:
    """A server that names its events as the API did in its beta, and tells no usage."""

    async def converse(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "session.created"})
        async for message in socket:
            match message.json()["type"]:
                case "session.update":
                    await socket.send_json({"type": "session.updated"})
                case "response.create":
                    await socket.send_json({"type": "response.audio.delta", "delta": "AAAA" * 800})
                    await socket.send_json({"type": "response.done", "response": {}})
        return socket

    app = web.Application()
    app.router.add_get("/v1/realtime", converse)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    await runner.cleanup()


async def test_a_server_that_tells_neither_words_nor_usage_is_believed(older_server: str) -> None:
    async with open_room(older_server, **REALTIME) as room:
        speech = await room.synthesizer.speak(TEXT)
    assert measure_wav(speech.data) == pytest.approx(0.05)
    assert speech.usage[0].is_estimate
