"""Servers that answer oddly when they are to speak or to listen."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from bot.openai.options import RouteChoices
from handlers.errors import (
    ContentRefusedError,
    RouteMissingError,
    ServiceDownError,
    ServiceRejectedError,
)
from handlers.messages import UsageEntry
from handlers.ports.sounds import Sound, SpeechStyle
from tests import samples
from tests.emulators.openai import Fail, FailInStream, Gated, OpenAIEmulator
from tests.integration.openai_room import KEY, open_room

TEXT = "Good morning, and welcome to this clip."
DEEP = "[" * 100_000
TOKENS = {"input_tokens": 50, "output_tokens": 40, "output_token_details": {"audio_tokens": 30}}
PCM = base64.b64encode(bytes(4_800)).decode()


def delta(encoded: object) -> dict[str, Any]:
    return {"type": "response.output_audio.delta", "delta": encoded}


def done(usage: object = TOKENS) -> dict[str, Any]:
    response = {"status": "completed", "usage": usage, "output": []}
    return {"type": "response.done", "response": response}


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def saying(*events: object) -> AsyncIterator[str]:
    """A Realtime server that tells these events, whatever it is to read; its base_url."""

    async def converse(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "session.created"})
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            match message.json()["type"]:
                case "session.update":
                    await socket.send_json({"type": "session.updated"})
                case "response.create":
                    for event in events:
                        text = event if isinstance(event, str) else json.dumps(event)
                        await socket.send_str(text)
        return socket

    app = web.Application()
    app.router.add_get("/v1/realtime", converse)
    async with serving(app) as url:
        yield url


@asynccontextmanager
async def answering(body: object, content_type: str = "application/json") -> AsyncIterator[str]:
    """A server that gives this one body, whatever it is asked; its base_url."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        data = data.encode() if isinstance(data, str) else data
        return web.Response(body=data, content_type=content_type)

    app = web.Application(client_max_size=10**8)
    app.router.add_post("/v1/{route:.*}", answer)
    async with serving(app) as url:
        yield url


@pytest.mark.parametrize(
    "events",
    [
        [delta(f"ü{PCM}"), done()],
        [delta("!!!"), done()],
        [DEEP],
        [f'{{"type": {"9" * 5_000}}}'],
    ],
    ids=["not ascii", "no base64", "deep", "long number"],
)
async def test_what_makes_no_sense_in_a_session_is_a_broken_server(events: list[object]) -> None:
    async with (
        saying(*events) as url,
        open_room(url, routes=RouteChoices(speech="realtime"), timeout_s=5.0) as room,
    ):
        with pytest.raises(ServiceDownError) as raised:
            await room.synthesizer.speak(TEXT)
    # Each try was asked for, and so may be paid.
    assert len(raised.value.usage) > 0
    assert all(entry.model for entry in raised.value.usage)


@pytest.mark.parametrize(
    "usage",
    [{"input_tokens": -9, "output_tokens": 4}, {"input_tokens": 10**30, "output_tokens": 4}],
)
async def test_numbers_of_tokens_that_cannot_be_are_estimated(usage: object) -> None:
    async with (
        saying(delta(PCM), done(usage)) as url,
        open_room(url, routes=RouteChoices(speech="realtime")) as room,
    ):
        speech = await room.synthesizer.speak(TEXT)
    (entry,) = speech.usage
    assert entry.is_estimate
    assert 0 < entry.input_tokens < 1_000


@pytest.mark.parametrize("data", [f"ü{PCM}", "!!!"])
async def test_a_chats_sound_that_is_no_base64_is_told_and_paid(data: str) -> None:
    message = {"audio": {"data": data, "transcript": TEXT}}
    body = {
        "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 8},
    }
    async with answering(body) as url, open_room(url, routes=RouteChoices(speech="chat")) as room:
        with pytest.raises(ServiceDownError) as raised:
            await room.synthesizer.speak(TEXT)
    assert {entry.input_tokens for entry in raised.value.usage} == {9}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ({"status": "ok"}, "application/json"),
        ("<html>hi</html>", "text/html"),
        (b"\xff", "audio/x"),
    ],
)
async def test_what_came_in_place_of_sound_may_be_paid(body: object, content_type: str) -> None:
    async with answering(body, content_type) as url, open_room(url, speech_model="tts-1") as room:
        with pytest.raises(ServiceDownError) as raised:
            await room.synthesizer.speak(TEXT)
    (entry,) = raised.value.usage
    assert (entry.characters, entry.is_estimate) == (len(TEXT), True)


async def test_a_wav_file_that_was_cut_costs_no_less_than_nothing() -> None:
    cut = samples.wav(1.0)[:42]
    async with answering(cut, "audio/wav") as url, open_room(url) as room:
        speech = await room.synthesizer.speak(TEXT)
    assert speech.usage[0].seconds > 0


# ------------------------------------------------------------ listening


@pytest.mark.parametrize(
    "segments", [5, "abc", {"a": 1}, [None], [{"start": 10**400, "end": 1, "text": "a"}], [[1]]]
)
async def test_times_that_are_none_leave_the_words(segments: object) -> None:
    async with (
        answering({"text": "words", "segments": segments}) as url,
        open_room(url, transcription_model="whisper-1") as room,
    ):
        heard = await room.transcriber.transcribe(voice_note(), with_times=True)
    assert (heard.text, heard.segments) == ("words", ())
    assert len(heard.usage) == 1


@pytest.mark.parametrize(
    "usage",
    [
        '{"type": "tokens", "input_tokens": -5, "output_tokens": 1}',
        '{"type": "duration", "seconds": NaN}',
        '{"type": "duration", "seconds": 1e999}',
        '{"type": "duration", "seconds": -4}',
    ],
)
async def test_a_bill_that_cannot_be_is_estimated(usage: str) -> None:
    async with answering(f'{{"text": "words", "usage": {usage}}}') as url, open_room(url) as room:
        heard = await room.transcriber.transcribe(voice_note())
    (entry,) = heard.usage
    assert (entry.seconds, entry.is_estimate) == (2.0, True)


async def test_json_without_end_is_a_broken_server() -> None:
    async with answering(DEEP) as url, open_room(url) as room:
        for asked in (room.transcriber.transcribe, room.translator.translate):
            with pytest.raises(ServiceDownError):
                await asked(voice_note())


async def test_a_transcript_that_was_filtered_is_paid() -> None:
    body = {
        "choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 8},
    }
    choices = RouteChoices(transcription="chat")
    async with (
        answering(body) as url,
        open_room(url, routes=choices, transcription_model="gpt-audio-mini") as room,
    ):
        with pytest.raises(ContentRefusedError) as raised:
            await room.transcriber.transcribe(Sound(samples.mp3(1.0), "audio/mpeg", "a.mp3", 1.0))
    assert [entry.input_tokens for entry in raised.value.usage] == [9]


def voice_note() -> Sound:
    return Sound(samples.ogg_opus(2.0), "audio/ogg", "voice.ogg", 2.0)


# ------------------------------------------------------------ one person's choice


@pytest.fixture
async def emulator() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(api_key=KEY) as emulator:
        yield emulator


@pytest.mark.parametrize(
    "refusal",
    [
        Fail(400, message="Model tts-1: voice 'verse' not found"),
        Fail(404, "voice_not_found", "model missing"),
        Fail(404, message="No model for this", param="voice"),
        Fail(404, message="Voice 'verse' not found"),
    ],
)
async def test_a_voice_that_a_server_lacks_leaves_its_route_alone(
    emulator: OpenAIEmulator, refusal: Fail
) -> None:
    emulator.script("/audio/speech", refusal)
    async with open_room(emulator.base_url, speech_model="tts-1") as room:
        with pytest.raises(ServiceRejectedError) as raised:
            await room.synthesizer.speak(TEXT, SpeechStyle("verse"))
        assert raised.value.text_key == "error_voice_missing"
        assert (await room.synthesizer.speak(TEXT, SpeechStyle("alloy"))).data
    assert [request.route for request in emulator.requests] == ["/audio/speech"] * 2


@pytest.mark.parametrize(
    ("model", "refusal"),
    [
        ("my-voice", Fail(400, message="The model `my-voice` does not exist")),
        ("my-voice", Fail(404, "model_not_found", "No such voice model")),
    ],
)
async def test_a_model_that_is_called_a_voice_can_be_missing(
    emulator: OpenAIEmulator, model: str, refusal: Fail
) -> None:
    emulator.script("/audio/speech", refusal)
    choices = RouteChoices(speech="endpoint")
    async with open_room(emulator.base_url, speech_model=model, routes=choices) as room:
        with pytest.raises(RouteMissingError):
            await room.synthesizer.speak(TEXT)


@pytest.mark.parametrize("route", ["endpoint", "realtime"])
@pytest.mark.parametrize(
    ("message", "later"),
    [
        ("speed must be between 0.5 and 2.0", [1.25]),
        ("Unsupported value: 'speed' does not support 4.0 with this model.", [1.25]),
        ("Unknown parameter: 'speed'.", [None]),
        ("Invalid parameter: speed is not supported by this model", [None]),
    ],
)
async def test_only_a_parameter_that_is_refused_is_left_out_from_then_on(
    emulator: OpenAIEmulator, route: str, message: str, later: list[float | None]
) -> None:
    if route == "endpoint":
        emulator.script("/audio/speech", Fail(400, message=message))
    else:
        emulator.script("/realtime", FailInStream((), "invalid_request_error", message))
    choices = RouteChoices(speech=route)  # type: ignore[arg-type]  # one of the names
    async with open_room(emulator.base_url, routes=choices) as room:
        await room.synthesizer.speak(TEXT, SpeechStyle(speed=1.5))
        before = len(emulator.requests)
        await room.synthesizer.speak(TEXT, SpeechStyle(speed=1.25))
    if route == "endpoint":
        sent = [request.body.get("speed") for request in emulator.requests[before:]]
    else:
        session = emulator.sessions[-1].events[0]["session"]
        sent = [session["audio"]["output"].get("speed")]
    assert sent == later


async def test_a_parameter_that_is_named_as_allowed_is_kept(emulator: OpenAIEmulator) -> None:
    emulator.script(
        "/audio/speech",
        Fail(400, message="Unknown parameter: 'instructions'. Allowed: input, voice, speed."),
    )
    style = SpeechStyle("alloy", "Sad.", 1.25)
    async with open_room(emulator.base_url) as room:
        for _ in range(2):
            await room.synthesizer.speak(TEXT, style)
    told = [("instructions" in r.body, r.body.get("speed")) for r in emulator.requests]
    assert told == [(True, 1.25), (False, 1.25), (False, 1.25)]


@pytest.mark.parametrize("is_streamed", [True, False])
async def test_what_a_cancelled_reading_cost_is_told(
    emulator: OpenAIEmulator, *, is_streamed: bool
) -> None:
    refusal = [Fail(400, message="Audio is only for stream=true.")] if is_streamed else []
    emulator.script("/chat/completions", *refusal, Gated("Good morning", asyncio.Event()))
    lost: list[UsageEntry] = []
    async with open_room(emulator.base_url, routes=RouteChoices(speech="chat")) as room:
        speaking = asyncio.create_task(
            room.synthesizer.speak(TEXT, lost=lambda *usage: lost.extend(usage))
        )
        await emulator.wait_for_request("/chat/completions", len(refusal) + 1)
        speaking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await speaking
    (entry,) = lost
    assert entry.is_estimate
    assert entry.input_tokens > len(TEXT) / 8
    assert (entry.cost_usd or 0) > 0
