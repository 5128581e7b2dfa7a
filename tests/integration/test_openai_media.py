"""Sound and pictures over real sockets."""

import asyncio
import base64
import traceback
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from aiohttp import web

from bot.openai.inspection import Verdict
from bot.openai.options import ModelFacts
from bot.openai.speech_sounds import measure_opus
from handlers.errors import (
    AnswerEmptyError,
    ContentRefusedError,
    FileTooLargeError,
    KeyRefusedError,
    ModelMissingError,
    NothingHeardError,
    ParleyError,
    ServiceBusyError,
    ServiceDownError,
    ServiceRejectedError,
    ServiceSilentError,
    SoundUnreadableError,
)
from handlers.messages import Capability
from handlers.ports.sounds import Sound, SpeechStyle
from tests import samples
from tests.emulators.openai import Answer, CutAfter, Fail, Garbage, Hang, OpenAIEmulator, Step
from tests.integration.openai_room import KEY, Pauses, open_room

SHORT_S = 0.5
"""A silence that tests can afford to wait for."""


@pytest.fixture
async def emulator() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(api_key=KEY) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def voice_note() -> Sound:
    return Sound(samples.ogg_opus(2.0), "audio/ogg", "voice.ogg", 2.0)


async def test_a_voice_note_goes_as_it_is_and_comes_back_as_words(
    emulator: OpenAIEmulator, voice_note: Sound
) -> None:
    emulator.script("/audio/transcriptions", Answer(" Bonjour à tous. "))
    async with open_room(emulator.base_url) as room:
        heard = await room.transcriber.transcribe(voice_note, "fr-CA")
    assert heard.text == "Bonjour à tous."
    (request,) = emulator.requests
    assert request.body == {
        "model": "gpt-transcribe",
        "response_format": "json",
        "language": "fr",
    }
    (file,) = request.files
    assert (file.filename, file.content_type) == ("voice.ogg", "audio/ogg")
    assert file.data == voice_note.data
    (usage,) = heard.usage
    assert usage.capability is Capability.TRANSCRIPTION
    assert usage.seconds == pytest.approx(2.0, abs=0.1)
    assert usage.cost_usd == pytest.approx(usage.seconds / 60 * 0.0045)
    assert not usage.is_estimate


@pytest.mark.parametrize("language", ["", "yue", "??"])
async def test_a_language_without_a_code_of_two_letters_is_no_hint(
    emulator: OpenAIEmulator, voice_note: Sound, language: str
) -> None:
    emulator.script("/audio/transcriptions", Answer("Nei hou"))
    async with open_room(emulator.base_url) as room:
        await room.transcriber.transcribe(voice_note, language)
    assert "language" not in emulator.requests[0].body


async def test_the_file_limit_is_told_in_words(emulator: OpenAIEmulator, voice_note: Sound) -> None:
    emulator.script("/audio/transcriptions", Fail(413))
    async with open_room(emulator.base_url) as room:
        with pytest.raises(FileTooLargeError) as raised:
            await room.transcriber.transcribe(voice_note)
    assert raised.value.values == {"size": "0 MB", "limit": "25 MB"}


async def test_what_is_no_sound_is_told_as_such(emulator: OpenAIEmulator) -> None:
    sound = Sound(b"this is no sound at all", "audio/ogg", "voice.ogg")
    async with open_room(emulator.base_url) as room:
        with pytest.raises(SoundUnreadableError):
            await room.transcriber.transcribe(sound)


async def test_a_blink_of_sound_has_nothing_to_hear(emulator: OpenAIEmulator) -> None:
    blink = await asyncio.to_thread(samples.ogg_opus, 0.02)
    async with open_room(emulator.base_url) as room:
        with pytest.raises(NothingHeardError):
            await room.transcriber.transcribe(Sound(blink, "audio/ogg", "voice.ogg"))


async def test_translation_uses_the_endpoint_that_translates(
    emulator: OpenAIEmulator, voice_note: Sound
) -> None:
    emulator.script("/audio/translations", Answer("Good morning"))
    async with open_room(emulator.base_url) as room:
        heard = await room.translator.translate(voice_note)
    assert heard.text == "Good morning"
    assert [request.route for request in emulator.requests] == ["/audio/translations"]
    (usage,) = heard.usage
    assert (usage.capability, usage.model) == (Capability.TRANSLATION, "whisper-1")
    assert usage.cost_usd == pytest.approx(usage.seconds / 60 * 0.006)


@pytest.mark.parametrize(
    "gone",
    [Fail(404), Fail(405), Fail(410), Fail(400, message="The model `whisper-1` is deprecated.")],
    ids=["404", "405", "410", "400 retired"],
)
async def test_a_retired_translation_route_is_left_once_and_for_all(
    emulator: OpenAIEmulator, voice_note: Sound, gone: Fail
) -> None:
    emulator.script("/audio/translations", gone)
    emulator.script("/audio/transcriptions", Answer("Bonjour"), Answer("Bonsoir"))
    emulator.script("chat", Answer("Good morning"), Answer("Good evening"))
    async with open_room(emulator.base_url) as room:
        first = await room.translator.translate(voice_note)
        second = await room.translator.translate(voice_note)
    assert (first.text, second.text) == ("Good morning", "Good evening")
    assert [request.route for request in emulator.requests] == [
        "/audio/translations",
        "/audio/transcriptions",
        "/chat/completions",
        "/audio/transcriptions",
        "/chat/completions",
    ]
    assert [entry.capability for entry in first.usage] == [Capability.TRANSLATION] * 2
    assert [entry.model for entry in first.usage] == ["gpt-transcribe", "gpt-6-luna"]
    assert emulator.requests[2].body["messages"][-1]["content"] == "Bonjour"


async def test_a_busy_translation_route_is_not_left(
    emulator: OpenAIEmulator, voice_note: Sound
) -> None:
    emulator.script("/audio/translations", Fail(429), Fail(429), Fail(429), Answer("Good morning"))
    async with open_room(emulator.base_url) as room:
        with pytest.raises(ServiceBusyError):
            await room.translator.translate(voice_note)
        assert (await room.translator.translate(voice_note)).text == "Good morning"


async def test_a_translation_that_breaks_off_is_not_passed_off_as_whole(
    emulator: OpenAIEmulator, voice_note: Sound
) -> None:
    emulator.script("/audio/transcriptions", Answer("Bonjour"))
    emulator.script("chat", CutAfter(["Good"]))
    async with open_room(emulator.base_url, translation_model="") as room:
        with pytest.raises(ServiceDownError):
            await room.translator.translate(voice_note)


async def test_silence_in_a_recording_asks_no_chat_model(
    emulator: OpenAIEmulator, voice_note: Sound
) -> None:
    emulator.script("/audio/transcriptions", Answer([]))
    async with open_room(emulator.base_url, translation_model="") as room:
        heard = await room.translator.translate(voice_note)
    assert heard.text == ""
    assert [request.route for request in emulator.requests] == ["/audio/transcriptions"]


async def test_text_is_spoken_as_ogg_in_the_voice_that_was_chosen(
    emulator: OpenAIEmulator,
) -> None:
    text = "Good morning, and welcome to this clip."
    async with open_room(emulator.base_url, speech_instructions="Cheerfully.") as room:
        speech = await room.synthesizer.speak(text, SpeechStyle("coral"))
    assert emulator.requests[0].body == {
        "model": "gpt-4o-mini-tts",
        "voice": "coral",
        "input": text,
        "response_format": "opus",
        "instructions": "Cheerfully.",
    }
    assert speech.mime == "audio/ogg"
    [usage] = speech.usage
    assert usage.characters == len(text)
    assert usage.seconds == pytest.approx(measure_opus(speech.data))
    assert usage.seconds == pytest.approx(0.06 * len(text), abs=0.2)
    assert usage.cost_usd == pytest.approx(usage.seconds / 60 * 0.015)


async def test_no_voice_is_the_operators_voice(emulator: OpenAIEmulator) -> None:
    async with open_room(emulator.base_url, voice="sage") as room:
        await room.synthesizer.speak("Hello")
    assert emulator.requests[0].body["voice"] == "sage"


async def test_a_picture_comes_with_what_it_cost(emulator: OpenAIEmulator) -> None:
    prices = ModelFacts(input_per_million=5, output_per_million=30)
    async with open_room(
        emulator.base_url, image_model="gpt-image-2", models={"gpt-image-2": prices}
    ) as room:
        made = await room.images.generate("A fox in the snow", person="person-hash")
    assert emulator.requests[0].body == {
        "model": "gpt-image-2",
        "prompt": "A fox in the snow",
        "n": 1,
    }
    (picture,) = made.pictures
    assert picture.mime == "image/png"
    assert picture.data.startswith(b"\x89PNG")
    usage = made.usage
    assert (usage.capability, usage.images, usage.is_estimate) == (Capability.IMAGE, 1, False)
    expected = (usage.input_tokens * 5 + usage.output_tokens * 30) / 1e6
    assert usage.cost_usd == pytest.approx(expected)
    assert expected > 0


async def test_an_older_image_model_is_asked_for_bytes(emulator: OpenAIEmulator) -> None:
    options: dict[str, Any] = {"image_model": "stable-diffusion", "image_size": "512x512"}
    async with open_room(emulator.base_url, **options) as room:
        await room.images.generate("A fox")
    body = emulator.requests[0].body
    assert (body["response_format"], body["size"]) == ("b64_json", "512x512")


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Fail(400, code="moderation_blocked"), ContentRefusedError),
        (Fail(404, code="model_not_found"), ModelMissingError),
        (Fail(401, message=f"Incorrect key: {KEY}"), KeyRefusedError),
        (Garbage(), ServiceDownError),
    ],
    ids=["moderated", "no model", "key", "garbage"],
)
async def test_a_picture_that_is_not_made_is_told_why(
    emulator: OpenAIEmulator, step: Step, expected: type[ParleyError]
) -> None:
    emulator.script("/images/generations", step, step, step)
    async with open_room(emulator.base_url) as room:
        with pytest.raises(expected) as raised:
            await room.images.generate("A fox")
    assert KEY not in "".join(traceback.format_exception(raised.value))


async def test_silence_instead_of_a_picture_is_told_at_once(emulator: OpenAIEmulator) -> None:
    emulator.script("/images/generations", Hang())
    async with open_room(emulator.base_url, whole_answer_timeout_s=SHORT_S) as room:
        with pytest.raises(ServiceSilentError):
            await room.images.generate("A fox")
    assert len(emulator.requests) == 1


async def test_a_broken_server_is_tried_again_for_a_picture(emulator: OpenAIEmulator) -> None:
    pauses = Pauses()
    emulator.script("/images/generations", Fail(500), Fail(429, headers={"Retry-After": "3"}))
    async with open_room(emulator.base_url, pauses) as room:
        assert (await room.images.generate("A fox")).pictures
    assert len(emulator.requests) == 3
    assert pauses.waited_s[1] == 3.0


async def test_check_tells_what_is_there_and_until_when(emulator: OpenAIEmulator) -> None:
    options: dict[str, Any] = {
        "chat_models": ("gpt-4-vision-preview",),
        "image_model": "made-up-image",
    }
    async with open_room(emulator.base_url, **options) as room:
        findings = await room.check(date(2026, 11, 21))
    told = {finding.subject: finding for finding in findings}
    assert findings[0].verdict is Verdict.OK
    assert told["openai.chat_model gpt-6-luna"].verdict is Verdict.OK
    speech = told["openai.speech_model gpt-4o-mini-tts"]
    assert (speech.verdict, speech.detail) == (Verdict.WARNING, "present until 2027-01-06")
    assert told["openai.translation_model whisper-1"].verdict is Verdict.OK
    assert told["openai.image_model made-up-image"].verdict is Verdict.WARNING
    assert told["openai.chat_models gpt-4-vision-preview"].verdict is Verdict.WARNING


async def test_check_calls_a_missing_chat_model_broken(emulator: OpenAIEmulator) -> None:
    async with open_room(emulator.base_url, chat_model="made-up") as room:
        findings = await room.check(date(2026, 11, 21))
    verdicts = {finding.subject: finding.verdict for finding in findings}
    assert verdicts["openai.chat_model made-up"] is Verdict.BROKEN


async def test_check_tells_that_the_key_is_refused(emulator: OpenAIEmulator) -> None:
    async with open_room(emulator.base_url, api_key="sk-another-0123456789") as room:
        (finding,) = await room.check(date(2026, 11, 21))
    assert finding.verdict is Verdict.BROKEN
    assert "0123456789" not in finding.detail


async def test_a_server_without_a_list_of_models_is_no_fault(emulator: OpenAIEmulator) -> None:
    async with open_room(emulator.base_url.replace("/v1", "/elsewhere")) as room:
        (finding,) = await room.check(date(2026, 11, 21))
    assert finding.verdict is Verdict.WARNING


@pytest.fixture
async def odd_server(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A server that answers whatever it is asked with the given body, as JSON."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(request.param)

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    await runner.cleanup()


@pytest.mark.parametrize(
    ("odd_server", "expected"),
    [
        ({"data": [{"url": "http://10.0.0.1/picture.png"}]}, ServiceRejectedError),
        ({"data": []}, AnswerEmptyError),
        ({}, AnswerEmptyError),
        ({"data": [{"b64_json": "!"}]}, ServiceDownError),
        ({"data": [{"b64_json": "aGVsbG8="}]}, ServiceDownError),
    ],
    indirect=["odd_server"],
    ids=["address", "none", "no data", "no base64", "no picture"],
)
async def test_a_picture_that_did_not_come_is_an_error(
    odd_server: str, expected: type[ParleyError]
) -> None:
    async with open_room(odd_server) as room:
        with pytest.raises(expected):
            await room.images.generate("A fox")


PNG_URL = f"data:image/png;base64,{base64.b64encode(samples.png(8, 8)).decode()}"


@pytest.mark.parametrize("odd_server", [{"data": [{"url": PNG_URL}]}], indirect=True)
async def test_a_picture_as_a_data_url_is_taken(odd_server: str) -> None:
    async with open_room(odd_server) as room:
        made = await room.images.generate("A fox")
    assert made.pictures[0].data == samples.png(8, 8)
    assert made.usage.is_estimate
