"""Routes that end: transcription, translation and pictures go on by what is left."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from bot.openai.inspection import Finding, Verdict
from bot.openai.options import ModelFacts, OpenAIOptions, RouteChoices
from bot.openai.service import OpenAIService
from handlers.errors import (
    AnswerEmptyError,
    ContentRefusedError,
    ParleyError,
    RouteMissingError,
    ServiceDownError,
)
from handlers.messages import UsageEntry
from handlers.ports.images import ImageOptions, Picture, Pictures
from handlers.ports.sounds import Sound
from tests import samples
from tests.emulators.openai import (
    Answer,
    CutAfter,
    Empty,
    EndWithoutFinish,
    Fail,
    FailInStream,
    OpenAIEmulator,
    Step,
)
from tests.integration.openai_room import KEY, Pauses, open_room

TRANSCRIBE, TRANSLATE = "/audio/transcriptions", "/audio/translations"
CHAT, RESPONSES = "/chat/completions", "/responses"
GENERATE, EDIT = "/images/generations", "/images/edits"
TODAY = date(2026, 11, 21)
HEARING: dict[str, Any] = {"models": {"my-omni": ModelFacts(hears=True)}, "chat_model": "my-omni"}


@dataclass(frozen=True, slots=True)
class AtOpenAI(OpenAIOptions):
    """The emulator, taken for OpenAI's own server."""

    @property
    def is_openai(self) -> bool:
        return True


@asynccontextmanager
async def at_openai(
    emulator: OpenAIEmulator, today: date = TODAY, **options: Any
) -> AsyncIterator[OpenAIService]:
    chosen = AtOpenAI(api_key=KEY, base_url=emulator.base_url, **options)
    async with OpenAIService(chosen, Pauses(), lambda: today) as service:
        yield service


@pytest.fixture
async def emulator() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(api_key=KEY) as emulator:
        yield emulator
        assert emulator.violations == []


@pytest.fixture(scope="module")
def voice_note() -> Sound:
    return Sound(samples.ogg_opus(2.0), "audio/ogg", "voice.ogg", 2.0)


def asked(emulator: OpenAIEmulator) -> list[tuple[str, str]]:
    return [(request.route, str(request.body["model"])) for request in emulator.requests]


def picture(data: bytes = b"") -> Picture:
    return Picture(data or samples.png(64, 48), "image/png")


class TestTranscription:
    @pytest.mark.parametrize("status", [404, 410])
    async def test_a_model_that_is_gone_is_followed_by_the_next_for_good(
        self, emulator: OpenAIEmulator, voice_note: Sound, status: int
    ) -> None:
        emulator.script(TRANSCRIBE, Fail(status, "model_not_found"))
        async with open_room(emulator.base_url) as room:
            for _ in range(2):
                heard = await room.transcriber.transcribe(voice_note)
                assert heard.text == "hello from the recording"
            assert str(room.transcriber.routes.picked) == "endpoint (whisper-1)"
        models = [model for _, model in asked(emulator)]
        assert models == ["gpt-transcribe", "whisper-1", "whisper-1"]
        assert heard.usage[0].model == "whisper-1"

    async def test_the_refusal_of_a_deprecated_model_counts_as_gone(
        self, emulator: OpenAIEmulator, voice_note: Sound
    ) -> None:
        refusal = Fail(400, message="The model `gpt-transcribe` has been deprecated.")
        emulator.script(TRANSCRIBE, refusal)
        async with open_room(emulator.base_url) as room:
            assert (await room.transcriber.transcribe(voice_note)).text
        assert [model for _, model in asked(emulator)] == ["gpt-transcribe", "whisper-1"]

    async def test_at_openai_what_ended_is_not_even_asked(
        self, emulator: OpenAIEmulator, voice_note: Sound
    ) -> None:
        model = "gpt-4o-mini-transcribe"
        async with at_openai(emulator, date(2027, 2, 26), transcription_model=model) as room:
            await room.transcriber.transcribe(voice_note)
        assert asked(emulator) == [(TRANSCRIBE, "gpt-transcribe")]

    async def test_elsewhere_openai_s_days_mean_nothing(
        self, emulator: OpenAIEmulator, voice_note: Sound
    ) -> None:
        options = OpenAIOptions(KEY, emulator.base_url, transcription_model="whisper-1")
        async with OpenAIService(options, Pauses(), lambda: date(2028, 1, 1)) as room:
            await room.transcriber.transcribe(voice_note)
        assert asked(emulator) == [(TRANSCRIBE, "whisper-1")]

    async def test_a_chat_model_that_hears_writes_it_down(
        self, emulator: OpenAIEmulator, voice_note: Sound
    ) -> None:
        emulator.retired_routes[TRANSCRIBE] = 404
        async with open_room(emulator.base_url, **HEARING) as room:
            heard = await room.transcriber.transcribe(voice_note, "fr")
        assert heard.text == "hello from the recording"
        [request] = emulator.requests
        [part] = request.body["messages"][-1]["content"]
        assert part["input_audio"]["format"] == "mp3"
        assert base64.b64decode(part["input_audio"]["data"])
        assert "fr" in request.body["messages"][0]["content"]
        [usage] = heard.usage
        assert usage.model == "my-omni"
        assert usage.seconds == pytest.approx(2.0, abs=0.1)
        assert usage.input_tokens > 0
        assert not usage.is_estimate

    @pytest.mark.parametrize(
        ("step", "expected"),
        [
            (Answer("Half of", finish="length"), ServiceDownError),
            (Answer("...", finish="content_filter"), ContentRefusedError),
        ],
        ids=["cut", "filtered"],
    )
    async def test_a_chat_s_half_transcript_is_not_passed_off_as_whole(
        self,
        emulator: OpenAIEmulator,
        voice_note: Sound,
        step: Step,
        expected: type[ParleyError],
    ) -> None:
        emulator.retired_routes[TRANSCRIBE] = 404
        emulator.script(CHAT, step)
        async with open_room(emulator.base_url, **HEARING) as room:
            with pytest.raises(expected):
                await room.transcriber.transcribe(voice_note)

    async def test_silence_is_no_words(self, emulator: OpenAIEmulator, voice_note: Sound) -> None:
        emulator.retired_routes[TRANSCRIBE] = 404
        emulator.script(CHAT, Answer("[silence]"))
        async with open_room(emulator.base_url, **HEARING) as room:
            assert (await room.transcriber.transcribe(voice_note)).text == ""

    async def test_a_model_that_is_not_known_to_hear_is_never_asked_to(
        self, emulator: OpenAIEmulator, voice_note: Sound
    ) -> None:
        emulator.retired_routes[TRANSCRIBE] = 404
        async with open_room(emulator.base_url) as room:
            with pytest.raises(RouteMissingError):
                await room.transcriber.transcribe(voice_note)
        assert emulator.requests == []

    async def test_the_operator_may_have_it_all_done_by_chat(
        self, emulator: OpenAIEmulator, voice_note: Sound
    ) -> None:
        routes = RouteChoices(transcription="chat")
        async with open_room(
            emulator.base_url, transcription_model="my-omni", routes=routes
        ) as room:
            assert (await room.transcriber.transcribe(voice_note)).text
        assert asked(emulator) == [(CHAT, "my-omni")]

    async def test_a_route_that_the_operator_named_is_not_left(
        self, emulator: OpenAIEmulator, voice_note: Sound
    ) -> None:
        emulator.retired_routes[TRANSCRIBE] = 410
        routes = RouteChoices(transcription="endpoint")
        async with open_room(emulator.base_url, routes=routes, **HEARING) as room:
            with pytest.raises(RouteMissingError, match=r"openai\.routes\.transcription"):
                await room.transcriber.transcribe(voice_note)


class TestCheck:
    async def find(self, service: OpenAIService, key: str) -> Finding:
        findings = await service.check(TODAY)
        return next(f for f in findings if f.subject == f"openai.routes.{key}")

    async def test_it_tells_the_route_its_end_and_what_comes_then(
        self, emulator: OpenAIEmulator
    ) -> None:
        async with at_openai(emulator) as room:
            found = await self.find(room, "translation")
        assert found.detail == (
            "auto: endpoint (whisper-1), until 2027-02-26; then chat (gpt-6-luna, of a transcript)"
        )
        assert found.verdict is Verdict.OK

    @pytest.mark.parametrize(
        ("days", "verdict"), [(90, Verdict.WARNING), (91, Verdict.OK)], ids=["90 days", "91 days"]
    )
    async def test_it_warns_ninety_days_ahead(
        self, emulator: OpenAIEmulator, days: int, verdict: Verdict
    ) -> None:
        facts = ModelFacts(shutdown=TODAY + timedelta(days=days))
        options: dict[str, Any] = {"image_model": "gpt-image-2", "models": {"gpt-image-2": facts}}
        async with open_room(emulator.base_url, **options) as room:
            found = await self.find(room, "images")
        assert found.verdict is verdict
        assert str(facts.shutdown) in found.detail

    async def test_a_route_whose_model_is_not_listed_is_not_counted_on(
        self, emulator: OpenAIEmulator
    ) -> None:
        emulator.missing_models.add("gpt-transcribe")
        async with open_room(emulator.base_url) as room:
            found = await self.find(room, "transcription")
        assert found.detail == "auto: endpoint (whisper-1), until 2027-02-26"

    async def test_where_nothing_is_listed_that_serves_it_warns(
        self, emulator: OpenAIEmulator
    ) -> None:
        emulator.missing_models |= {"gpt-transcribe", "whisper-1"}
        async with open_room(emulator.base_url) as room:
            found = await self.find(room, "transcription")
        assert found.verdict is Verdict.WARNING
        assert "does not list" in found.detail
        assert "nothing is known to come after it" in found.detail

    async def test_a_choice_that_nothing_serves_is_a_warning(
        self, emulator: OpenAIEmulator
    ) -> None:
        options: dict[str, Any] = {
            "routes": RouteChoices(translation="endpoint"),
            "translation_model": "",
        }
        async with open_room(emulator.base_url, **options) as room:
            found = await self.find(room, "translation")
        assert found.verdict is Verdict.WARNING
        assert found.detail.startswith("endpoint: nothing here is served in this way")


class KeptHalf:
    """Fills the port Halfway."""

    def __init__(self) -> None:
        self.known: str | None = None
        self.usage: tuple[UsageEntry, ...] = ()

    async def keep(self, text: str, usage: tuple[UsageEntry, ...]) -> None:
        self.known, self.usage = text, usage


class TestTranslation:
    async def test_a_transcript_that_was_kept_is_not_made_again(
        self, emulator: OpenAIEmulator, voice_note: Sound
    ) -> None:
        emulator.retired_routes[TRANSLATE] = 404
        emulator.script("chat", Fail(400))
        half = KeptHalf()
        async with open_room(emulator.base_url) as room:
            with pytest.raises(ParleyError) as failed:
                await room.translator.translate(voice_note, half)
            translated = await room.translator.translate(voice_note, half)

        assert [route for route, _ in asked(emulator)] == [TRANSCRIBE, CHAT, CHAT]
        assert [entry.seconds > 0 for entry in half.usage] == [True]
        told = (*failed.value.usage, *translated.usage)
        assert all(entry.seconds == 0 for entry in told)
        assert translated.text == "echo: hello from the recording"

    async def test_at_openai_the_endpoint_is_left_on_its_day(
        self, emulator: OpenAIEmulator, voice_note: Sound
    ) -> None:
        async with at_openai(emulator, date(2027, 2, 26)) as room:
            await room.translator.translate(voice_note)
        assert [route for route, _ in asked(emulator)] == [TRANSCRIBE, RESPONSES]


class TestPictures:
    async def test_a_model_that_is_gone_is_followed_by_the_next_for_good(
        self, emulator: OpenAIEmulator
    ) -> None:
        emulator.missing_models.add("gpt-image-2.6-flare")
        async with open_room(emulator.base_url) as room:
            for _ in range(2):
                made = await room.images.generate("A fox")
        models = [model for _, model in asked(emulator)]
        assert models == ["gpt-image-2.6-flare", "gpt-image-2.5-flare", "gpt-image-2.5-flare"]
        assert made.usage.model == "gpt-image-2.5-flare"

    async def test_edits_that_a_server_lacks_leave_the_making_alone(
        self, emulator: OpenAIEmulator
    ) -> None:
        emulator.retired_routes[EDIT] = 404
        async with open_room(emulator.base_url) as room:
            with pytest.raises(RouteMissingError):
                await room.images.edit("bluer", [picture()])
            await room.images.generate("A fox")
        assert asked(emulator) == [(GENERATE, "gpt-image-2.6-flare")]

    async def test_at_openai_the_tool_takes_the_place_of_the_endpoint(
        self, emulator: OpenAIEmulator
    ) -> None:
        emulator.retired_routes[GENERATE] = 410
        seen: list[Picture] = []
        options = ImageOptions("1024x1536", "high", "transparent", "webp", 2)
        async with at_openai(emulator, image_model="gpt-image-2") as room:
            made = await room.images.generate("A fox", options, "person-hash", seen.append)

        assert asked(emulator) == [(RESPONSES, "gpt-6-luna")] * 2
        first, second = (request.body for request in emulator.requests)
        assert first["tools"] == [
            {
                "type": "image_generation",
                "model": "gpt-image-2",
                "action": "generate",
                "size": "1024x1536",
                "quality": "high",
                "background": "transparent",
                "output_format": "webp",
                "partial_images": 2,
            }
        ]
        assert first["safety_identifier"] == "person-hash"
        assert first["store"] is False
        assert "partial_images" not in second["tools"][0]
        assert len(seen) == 2
        assert [Image.open(BytesIO(p.data)).size for p in made.pictures] == [(1024, 1536)] * 2
        assert made.pictures[0].mime == "image/webp"
        assert made.pictures[0].revised_prompt == "A fox, as it was understood"
        assert (made.usage.images, made.usage.is_estimate) == (2, False)
        drawn = (made.usage.input_tokens * 5 + made.usage.output_tokens * 30) / 1e6
        billed = emulator.billed
        asking = (
            billed["gpt-6-luna", "input_tokens"] * 0.1 + billed["gpt-6-luna", "output_tokens"] * 0.5
        ) / 1e6
        assert made.usage.cost_usd == pytest.approx(drawn + asking)

    async def test_the_tool_edits_pictures_and_takes_a_mask(self, emulator: OpenAIEmulator) -> None:
        emulator.retired_routes[EDIT] = 410
        mask = picture(samples.transparent_png(64, 48))
        async with at_openai(emulator) as room:
            made = await room.images.edit("bluer", [picture(), picture()], mask)
        [call] = emulator.chats()
        assert [len(image.data) > 0 for image in call.last_user.images] == [True, True]
        tool = call.body["tools"][0]
        assert tool["action"] == "edit"
        encoded = tool["input_image_mask"]["image_url"].partition(",")[2]
        assert base64.b64decode(encoded) == mask.data
        assert made.pictures[0].mime == "image/png"

    @pytest.mark.parametrize(
        ("step", "expected", "requests"),
        [
            (Empty(), AnswerEmptyError, 1),
            (FailInStream("", code="moderation_blocked"), ContentRefusedError, 1),
            (
                FailInStream("", code="moderation_blocked", event="response.failed"),
                ContentRefusedError,
                1,
            ),
            (CutAfter(""), ServiceDownError, 1),
            (EndWithoutFinish(""), ServiceDownError, 1),
            (Fail(503), ServiceDownError, 3),
        ],
        ids=["no picture", "refused", "refused at the end", "cut", "end", "down"],
    )
    async def test_what_goes_wrong_with_the_tool_is_told(
        self,
        emulator: OpenAIEmulator,
        step: Step,
        expected: type[ParleyError],
        requests: int,
    ) -> None:
        emulator.script(RESPONSES, *[step] * requests)
        async with at_openai(emulator, routes=RouteChoices(images="responses")) as room:
            with pytest.raises(expected):
                await room.images.generate("A fox")
        assert len(emulator.requests) == requests

    async def test_a_chat_model_without_the_tool_is_a_missing_route(
        self, emulator: OpenAIEmulator
    ) -> None:
        routes = RouteChoices(images="responses")
        async with at_openai(emulator, routes=routes, chat_model="o3-mini") as room:
            with pytest.raises(RouteMissingError, match=r"openai\.routes\.images is responses"):
                await room.images.generate("A fox")

    async def test_elsewhere_the_tool_is_not_tried_unasked(self, emulator: OpenAIEmulator) -> None:
        emulator.retired_routes[GENERATE] = 404
        async with open_room(emulator.base_url) as room:
            with pytest.raises(RouteMissingError):
                await room.images.generate("A fox")
        assert emulator.requests == []

    async def test_each_request_is_told_as_soon_as_it_is_paid(
        self, emulator: OpenAIEmulator
    ) -> None:
        facts = ModelFacts(images_per_request=2, per_image=0.04)
        rounds: list[tuple[int, int]] = []

        async def note(made: Pictures) -> None:
            rounds.append((len(made.pictures), len(emulator.requests)))

        async with open_room(
            emulator.base_url, image_model="pairs", models={"pairs": facts}
        ) as room:
            made = await room.images.generate("A fox", ImageOptions(count=5), on_round=note)
            edited = await room.images.edit(
                "bluer", [picture()], None, ImageOptions(count=3), on_round=note
            )
        assert rounds == [(2, 1), (2, 2), (1, 3), (2, 4), (1, 5)]
        assert made.usage.cost_usd == pytest.approx(0.2)
        assert len(edited.pictures) == 3
