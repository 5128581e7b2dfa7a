"""Times of what was said, from servers that tell them and from those that do not."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from bot.openai.options import ModelFacts
from handlers.errors import ServiceDownError
from handlers.ports.sounds import Segment, Sound
from tests import samples
from tests.emulators.openai import Answer, Fail, OpenAIEmulator
from tests.integration.openai_room import KEY, open_room


@pytest.fixture
async def emulator() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(api_key=KEY) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def voice_note() -> Sound:
    return Sound(samples.ogg_opus(4.0), "audio/ogg", "voice.ogg", 4.0)


async def test_times_are_asked_for_and_read(emulator: OpenAIEmulator, voice_note: Sound) -> None:
    emulator.script("/audio/transcriptions", Answer("One here. Two there."))
    async with open_room(emulator.base_url, transcription_model="whisper-1") as room:
        heard = await room.transcriber.transcribe(voice_note, "en", with_times=True)
    assert emulator.requests[0].body == {
        "model": "whisper-1",
        "response_format": "verbose_json",
        "timestamp_granularities": ["segment"],
        "language": "en",
    }
    assert heard.text == "One here. Two there."
    assert [segment.text for segment in heard.segments] == ["One here.", "Two there."]
    assert heard.segments[1].start_s == pytest.approx(2.0, abs=0.1)
    assert heard.segments[1].end_s == pytest.approx(4.0, abs=0.1)
    [usage] = heard.usage
    assert usage.seconds == pytest.approx(4.0, abs=0.1)
    assert usage.cost_usd
    assert emulator.violations == []


async def test_without_the_wish_no_times_are_asked_for(
    emulator: OpenAIEmulator, voice_note: Sound
) -> None:
    async with open_room(emulator.base_url, transcription_model="whisper-1") as room:
        heard = await room.transcriber.transcribe(voice_note)
    assert emulator.requests[0].body["response_format"] == "json"
    assert heard.segments == ()


async def test_a_model_that_is_known_to_tell_none_is_not_asked(
    emulator: OpenAIEmulator, voice_note: Sound
) -> None:
    async with open_room(emulator.base_url) as room:
        heard = await room.transcriber.transcribe(voice_note, with_times=True)
    assert [request.body["response_format"] for request in emulator.requests] == ["json"]
    assert (heard.text, heard.segments) == ("hello from the recording", ())
    assert emulator.violations == []


async def test_the_operator_can_say_so_of_another_model(
    emulator: OpenAIEmulator, voice_note: Sound
) -> None:
    options: dict[str, Any] = {
        "transcription_model": "my-listener",
        "models": {"my-listener": ModelFacts(tells_times=False)},
    }
    async with open_room(emulator.base_url, **options) as room:
        await room.transcriber.transcribe(voice_note, with_times=True)
    assert emulator.requests[0].body["response_format"] == "json"


async def test_a_server_that_refuses_times_gives_the_text_and_is_not_asked_again(
    emulator: OpenAIEmulator, voice_note: Sound
) -> None:
    refusal = Fail(400, message="verbose_json is not supported", param="response_format")
    emulator.script("/audio/transcriptions", refusal)
    async with open_room(emulator.base_url, transcription_model="my-listener") as room:
        first = await room.transcriber.transcribe(voice_note, with_times=True)
        second = await room.transcriber.transcribe(voice_note, with_times=True)
    shapes = [request.body["response_format"] for request in emulator.requests]
    assert shapes == ["verbose_json", "json", "json"]
    assert first.text == second.text == "hello from the recording"
    assert first.segments == ()


async def test_a_broken_server_is_not_taken_for_one_without_times(
    emulator: OpenAIEmulator, voice_note: Sound
) -> None:
    emulator.script("/audio/transcriptions", *[Fail(500)] * 3)
    async with open_room(emulator.base_url, transcription_model="my-listener") as room:
        with pytest.raises(ServiceDownError):
            await room.transcriber.transcribe(voice_note, with_times=True)
        heard = await room.transcriber.transcribe(voice_note, with_times=True)
    assert heard.segments


@pytest.fixture
async def odd_server(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A server that tells the segments of the test's parameter."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"text": "One. Two.", "segments": request.param})

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    await runner.cleanup()


ONE = {"start": 0, "end": 1.5, "text": " One."}


@pytest.mark.parametrize(
    ("odd_server", "expected"),
    [
        ([ONE, {"start": 2, "end": 3, "text": " "}], (Segment(0.0, 1.5, "One."),)),
        ([ONE, {"start": None, "end": 3, "text": "Two."}], ()),
        ([ONE, {"start": -1, "end": 3, "text": "Two."}], ()),
        ([ONE, {"end": 3}], ()),
        ([ONE, "Two."], ()),
        (None, ()),
        ({}, ()),
    ],
    indirect=["odd_server"],
)
async def test_times_that_make_no_sense_are_none(
    odd_server: str, voice_note: Sound, expected: tuple[Segment, ...]
) -> None:
    async with open_room(odd_server, transcription_model="my-listener") as room:
        heard = await room.transcriber.transcribe(voice_note, with_times=True)
    assert heard.text == "One. Two."
    assert heard.segments == expected
