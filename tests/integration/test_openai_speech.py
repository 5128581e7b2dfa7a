"""Speech over real sockets: the endpoint, and which route is taken when it is not there."""

from collections.abc import AsyncIterator
from datetime import date

import pytest
from structlog.testing import capture_logs

from bot.openai.options import RouteChoices
from bot.openai.speech_sounds import measure_wav
from handlers.errors import (
    AnswerEmptyError,
    CreditExhaustedError,
    RouteMissingError,
    ServiceBusyError,
    ServiceRejectedError,
)
from handlers.ports.sounds import SpeechStyle
from tests.emulators.openai import Empty, Fail, OpenAIEmulator
from tests.integration.openai_room import KEY, open_room

TEXT = "Good morning, and welcome to this clip."
OPENAI = "http://api.openai.com/v1"


@pytest.fixture
async def emulator() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(api_key=KEY) as emulator:
        yield emulator


@pytest.fixture
async def openai_itself(
    emulator: OpenAIEmulator, monkeypatch: pytest.MonkeyPatch
) -> OpenAIEmulator:
    """The emulator at OpenAI's own address: as the proxy on the way there."""
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, emulator.base_url.removesuffix("/v1"))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    return emulator


def routes_of(emulator: OpenAIEmulator) -> list[str]:
    return [request.route for request in emulator.requests]


# ------------------------------------------------------------ the endpoint


async def test_a_style_is_told_to_the_endpoint(emulator: OpenAIEmulator) -> None:
    style = SpeechStyle(voice="verse", tone="As if it were a secret.", speed=1.5)
    async with open_room(emulator.base_url, speech_instructions="Loud.") as room:
        speech = await room.synthesizer.speak(TEXT, style)
    assert emulator.requests[0].body == {
        "model": "gpt-4o-mini-tts",
        "voice": "verse",
        "input": TEXT,
        "response_format": "opus",
        "instructions": "As if it were a secret.",
        "speed": 1.5,
    }
    (usage,) = speech.usage
    assert usage.seconds == pytest.approx(0.06 * len(TEXT) / 1.5, abs=0.2)


async def test_no_style_is_the_operators(emulator: OpenAIEmulator) -> None:
    async with open_room(emulator.base_url, speech_instructions="Calm.", speech_speed=0.8) as room:
        await room.synthesizer.speak(TEXT)
    body = emulator.requests[0].body
    assert (body["instructions"], body["speed"]) == ("Calm.", 0.8)


@pytest.mark.parametrize(("asked", "sent"), [(0.1, 0.25), (9.0, 4.0)])
async def test_a_speed_beyond_the_bounds_is_the_nearest(
    emulator: OpenAIEmulator, asked: float, sent: float
) -> None:
    async with open_room(emulator.base_url) as room:
        await room.synthesizer.speak(TEXT, SpeechStyle(speed=asked))
    assert emulator.requests[0].body["speed"] == sent


@pytest.mark.parametrize("model", ["tts-1", "tts-1-hd"])
async def test_an_old_model_is_told_no_tone_and_given_a_voice_that_it_has(
    emulator: OpenAIEmulator, model: str
) -> None:
    async with open_room(emulator.base_url) as room:
        speech = await room.synthesizer.speak(
            TEXT, SpeechStyle(voice="cedar", tone="Sad.", model=model)
        )
    body = emulator.requests[0].body
    assert "instructions" not in body
    assert (body["model"], body["voice"]) == (model, "onyx")
    assert speech.usage[0].model == model
    assert not emulator.violations


async def test_a_voice_that_nobody_knows_is_left_to_the_server(emulator: OpenAIEmulator) -> None:
    async with open_room(emulator.base_url, speech_model="kokoro") as room:
        with pytest.raises(ServiceRejectedError):  # which here knows OpenAI's only
            await room.synthesizer.speak(TEXT, SpeechStyle(voice="af_heart"))
    assert emulator.requests[0].body["voice"] == "af_heart"


async def test_what_a_server_refuses_to_be_told_is_left_out_from_then_on(
    emulator: OpenAIEmulator,
) -> None:
    emulator.script(
        "/audio/speech", Fail(400, message="Unknown parameter: 'instructions'.", code="unknown")
    )
    style = SpeechStyle(tone="Sad.", speed=1.2)
    async with open_room(emulator.base_url) as room:
        for _ in range(2):
            await room.synthesizer.speak(TEXT, style)
    told = [
        ("instructions" in request.body, request.body["speed"]) for request in emulator.requests
    ]
    assert told == [(True, 1.2), (False, 1.2), (False, 1.2)]


async def test_no_sound_is_told_as_such(emulator: OpenAIEmulator) -> None:
    emulator.script("/audio/speech", Empty())
    async with open_room(emulator.base_url) as room:
        with pytest.raises(AnswerEmptyError):
            await room.synthesizer.speak(TEXT)


# ------------------------------------------------------------ which route


@pytest.mark.parametrize(
    "gone",
    [Fail(404), Fail(405), Fail(410), Fail(400, message="The model `tts` has been deprecated.")],
    ids=["404", "405", "410", "400 retired"],
)
async def test_openais_endpoint_once_gone_is_followed_by_realtime(
    openai_itself: OpenAIEmulator, gone: Fail
) -> None:
    openai_itself.script("/audio/speech", gone)
    with capture_logs() as logs:
        async with open_room(OPENAI) as room:
            speeches = [await room.synthesizer.speak(text) for text in ("Good morning.", "Hello.")]
    assert routes_of(openai_itself) == ["/audio/speech", "/realtime", "/realtime"]
    assert [speech.mime for speech in speeches] == ["audio/wav"] * 2
    # Each was paid once, to the model that spoke.
    assert [[entry.model for entry in speech.usage] for speech in speeches] == [
        ["gpt-realtime-2.1-mini"]
    ] * 2
    assert {model for model, _ in openai_itself.billed} == {"gpt-realtime-2.1-mini"}
    (told,) = [entry for entry in logs if entry["event"] == "route_gone"]
    assert (told["from"], told["to"]) == (
        "endpoint (gpt-4o-mini-tts)",
        "realtime (gpt-realtime-2.1-mini)",
    )


async def test_openais_endpoint_is_left_on_the_day_it_ends(openai_itself: OpenAIEmulator) -> None:
    day = date(2027, 1, 5)
    async with open_room(OPENAI, today=lambda: day) as room:
        await room.synthesizer.speak(TEXT)
        day = date(2027, 1, 6)
        await room.synthesizer.speak(TEXT)
        names = [picked.name for picked in room.synthesizer.routes.ranking]
    assert routes_of(openai_itself) == ["/audio/speech", "/realtime"]
    assert names == ["realtime", "chat", "endpoint"]


async def test_realtime_once_gone_is_followed_by_a_chat_that_speaks(
    openai_itself: OpenAIEmulator,
) -> None:
    openai_itself.script("/audio/speech", Fail(410))
    openai_itself.script("/realtime", Fail(404))
    async with open_room(OPENAI) as room:
        speech = await room.synthesizer.speak(TEXT)
    assert routes_of(openai_itself) == ["/audio/speech", "/realtime", "/chat/completions"]
    assert [entry.model for entry in speech.usage] == ["gpt-audio-1.5"]


async def test_another_server_is_asked_for_its_own_model_then_for_a_chat_that_speaks(
    emulator: OpenAIEmulator,
) -> None:
    emulator.script("/audio/speech", Fail(404), Fail(404))
    async with open_room(emulator.base_url) as room:
        speech = await room.synthesizer.speak(TEXT)
    assert [request.body["model"] for request in emulator.requests] == [
        "gpt-4o-mini-tts",
        "tts-1",
        "gpt-audio-1.5",
    ]
    assert routes_of(emulator)[-1] == "/chat/completions"
    assert measure_wav(speech.data) == pytest.approx(0.06 * len(TEXT), abs=0.1)


async def test_a_server_without_any_route_says_so_and_is_asked_again_later(
    emulator: OpenAIEmulator,
) -> None:
    emulator.script("/audio/speech", Fail(404), Fail(404))
    emulator.script("/chat/completions", Fail(404))
    async with open_room(emulator.base_url) as room:
        with pytest.raises(RouteMissingError):
            await room.synthesizer.speak(TEXT)
        assert (await room.synthesizer.speak(TEXT)).data


@pytest.mark.parametrize("failure", [Fail(429), Fail(429, code="insufficient_quota")])
async def test_a_busy_or_unpaid_endpoint_is_not_left(
    openai_itself: OpenAIEmulator, failure: Fail
) -> None:
    openai_itself.script("/audio/speech", failure, failure, failure)
    async with open_room(OPENAI) as room:
        with pytest.raises((ServiceBusyError, CreditExhaustedError)):
            await room.synthesizer.speak(TEXT)
        picked = room.synthesizer.routes.picked
    assert picked is not None
    assert picked.name == "endpoint"
    assert set(routes_of(openai_itself)) == {"/audio/speech"}


@pytest.mark.parametrize(
    ("chosen", "route"),
    [
        ("endpoint", "/audio/speech"),
        ("realtime", "/realtime"),
        ("chat", "/chat/completions"),
    ],
)
async def test_the_operators_choice_holds(
    emulator: OpenAIEmulator, chosen: str, route: str
) -> None:
    emulator.script(route, Fail(404))
    choices = RouteChoices(speech=chosen)  # type: ignore[arg-type]  # one of the names
    async with open_room(emulator.base_url, routes=choices, speech_model="made-up") as room:
        with pytest.raises(RouteMissingError) as raised:
            await room.synthesizer.speak(TEXT)
        assert chosen in str(raised.value)
        assert (await room.synthesizer.speak(TEXT)).data
    assert routes_of(emulator) == [route, route]


async def test_a_speech_model_of_another_route_is_asked_there(emulator: OpenAIEmulator) -> None:
    async with open_room(emulator.base_url, speech_model="gpt-realtime-2.1") as room:
        await room.synthesizer.speak(TEXT)
    assert [(request.route, request.body["model"]) for request in emulator.requests] == [
        ("/realtime", "gpt-realtime-2.1")
    ]


# ------------------------------------------------------------ a chat's own model


@pytest.mark.parametrize(
    ("model", "route"),
    [
        ("gpt-realtime-2.1", "/realtime"),
        ("gpt-audio-mini", "/chat/completions"),
        ("tts-1", "/audio/speech"),
        ("made-up-voice", "/audio/speech"),
    ],
)
async def test_a_chats_model_is_asked_by_the_route_it_belongs_to(
    emulator: OpenAIEmulator, model: str, route: str
) -> None:
    async with open_room(emulator.base_url) as room:
        speech = await room.synthesizer.speak(TEXT, SpeechStyle(model=model))
    (request,) = emulator.requests
    assert (request.route, request.body["model"]) == (route, model)
    assert [entry.model for entry in speech.usage] == [model]


async def test_a_chats_model_once_gone_is_followed_by_the_operators(
    emulator: OpenAIEmulator,
) -> None:
    emulator.missing_models.add("tts-1")
    style = SpeechStyle(voice="ash", model="tts-1")
    with capture_logs() as logs:
        async with open_room(emulator.base_url) as room:
            for _ in range(2):
                await room.synthesizer.speak(TEXT, style)
    assert [(request.body["model"], request.body["voice"]) for request in emulator.requests] == [
        ("tts-1", "ash"),
        ("gpt-4o-mini-tts", "ash"),
        ("gpt-4o-mini-tts", "ash"),
    ]
    assert [entry["model"] for entry in logs if entry["event"] == "speech_model_gone"] == ["tts-1"]


async def test_what_is_accepted_suits_every_route_that_may_come(
    emulator: OpenAIEmulator, openai_itself: OpenAIEmulator
) -> None:
    async with open_room(emulator.base_url) as room:
        assert room.synthesizer.max_characters == 4096
    async with open_room(OPENAI) as room:
        assert room.synthesizer.max_characters == 1500
