"""The image routes, against the emulator: edits, variations, pictures that are watched."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from bot.openai.options import ModelFacts
from handlers.errors import (
    ContentRefusedError,
    ParleyError,
    PictureOptionError,
    PictureUnreadableError,
    RouteMissingError,
    ServiceDownError,
    ServiceSilentError,
)
from handlers.ports.images import ImageOptions, Picture
from tests import samples
from tests.emulators.openai import (
    Answer,
    CutAfter,
    EndWithoutFinish,
    Fail,
    FailInStream,
    Garbage,
    HangAfter,
    OpenAIEmulator,
    Step,
)
from tests.integration.openai_room import KEY, Pauses, open_room

GENERATE, EDIT, VARY = "/images/generations", "/images/edits", "/images/variations"
OLD = "old-painter"
OLD_OPTIONS: dict[str, Any] = {
    "image_model": OLD,
    "models": {OLD: ModelFacts(edits_square_png=True, per_image=0.02)},
}
PRICED: dict[str, Any] = {"image_model": "gpt-image-2"}


@pytest.fixture
async def emulator() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(api_key=KEY) as emulator:
        emulator.old_image_models.add(OLD)
        yield emulator
        assert emulator.violations == []


def picture(data: bytes = b"", mime: str = "image/png") -> Picture:
    return Picture(data or samples.png(64, 48), mime)


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data)).convert("RGBA")


class TestOptions:
    async def test_all_of_them_are_sent_and_the_picture_is_as_asked(
        self, emulator: OpenAIEmulator
    ) -> None:
        options = ImageOptions("1024x1536", "high", "transparent", "webp", 3)
        async with open_room(emulator.base_url) as room:
            made = await room.images.generate("A fox", options)

        assert len(made.pictures) == 3
        assert {p.mime for p in made.pictures} == {"image/webp"}
        image = opened(made.pictures[0].data)
        assert image.size == (1024, 1536)
        assert image.getpixel((0, 0))[3] == 0  # type: ignore[index]  # four bands
        assert made.usage.images == 3
        assert emulator.requests[0].body["n"] == 3

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (ImageOptions(size="333x333"), "size"),
            (ImageOptions(quality="hd"), "quality"),
            (ImageOptions(background="transparent", format="jpeg"), "background"),
        ],
    )
    async def test_one_that_the_service_refuses_is_named(
        self, emulator: OpenAIEmulator, options: ImageOptions, words: str
    ) -> None:
        async with open_room(emulator.base_url) as room:
            with pytest.raises(PictureOptionError) as refused:
                await room.images.generate("A fox", options)
        assert words in str(refused.value.values["option"])
        assert len(emulator.violations) == 1
        emulator.violations.clear()

    async def test_a_model_that_makes_one_at_a_time_is_asked_again(
        self, emulator: OpenAIEmulator
    ) -> None:
        facts = ModelFacts(images_per_request=1, per_image=0.04)
        options: dict[str, Any] = {"image_model": "single", "models": {"single": facts}}
        async with open_room(emulator.base_url, **options) as room:
            made = await room.images.generate("A fox", ImageOptions(count=3))
        assert [request.body["n"] for request in emulator.requests] == [1, 1, 1]
        assert len(made.pictures) == 3
        assert made.usage.cost_usd == pytest.approx(0.12)

    async def test_what_was_paid_is_kept_if_a_later_request_fails(
        self, emulator: OpenAIEmulator
    ) -> None:
        facts = ModelFacts(images_per_request=2, per_image=0.04)
        options: dict[str, Any] = {"image_model": "pairs", "models": {"pairs": facts}}
        emulator.script(GENERATE, Answer(""), Fail(400, code="moderation_blocked"))
        async with open_room(emulator.base_url, **options) as room:
            made = await room.images.generate("A fox", ImageOptions(count=4))
        assert len(made.pictures) == 2
        assert made.usage.cost_usd == pytest.approx(0.08)

    async def test_the_prompt_as_an_older_model_revised_it_is_told(
        self, emulator: OpenAIEmulator
    ) -> None:
        async with open_room(emulator.base_url, **OLD_OPTIONS) as room:
            made = await room.images.generate("A fox")
        assert made.pictures[0].revised_prompt == "A fox, in great detail"


class TestWatching:
    async def test_beginnings_are_shown_and_the_picture_is_whole(
        self, emulator: OpenAIEmulator
    ) -> None:
        seen: list[Picture] = []
        async with open_room(emulator.base_url, **PRICED) as room:
            made = await room.images.generate("A fox", on_partial=seen.append)
            edited = await room.images.edit("bluer", [picture()], on_partial=seen.append)

        assert len(seen) == 4
        brightness = [opened(p.data).getpixel((5, 5)) for p in (*seen[:2], made.pictures[0])]
        assert brightness == sorted(brightness)  # type: ignore[type-var]  # bands of numbers
        assert edited.pictures[0].mime == "image/png"
        told = (made.usage.input_tokens * 5 + made.usage.output_tokens * 30) / 1e6
        assert made.usage.cost_usd == pytest.approx(told)
        assert not made.usage.is_estimate
        assert emulator.billed["gpt-image-2", "images"] == 2
        assert [r.body["partial_images"] for r in emulator.requests] == [2, 2]

    @pytest.mark.parametrize(
        ("options", "count"),
        [({"image_partials": 0}, 1), ({}, 2), ({"image_model": "unknown-painter"}, 1)],
        ids=["switched off", "several", "a model that cannot"],
    )
    async def test_nothing_is_watched_where_it_makes_no_sense(
        self, emulator: OpenAIEmulator, options: dict[str, Any], count: int
    ) -> None:
        seen: list[Picture] = []
        async with open_room(emulator.base_url, **options) as room:
            await room.images.generate("A fox", ImageOptions(count=count), "", seen.append)
        assert "stream" not in emulator.requests[0].body
        assert seen == []

    async def test_a_whole_answer_to_a_streaming_request_is_taken(
        self, emulator: OpenAIEmulator
    ) -> None:
        emulator.shows_partial_images = False
        seen: list[Picture] = []
        async with open_room(emulator.base_url) as room:
            made = await room.images.generate("A fox", on_partial=seen.append)
        assert len(made.pictures) == 1
        assert seen == []
        assert len(emulator.requests) == 1

    async def test_a_server_that_refuses_to_stream_is_not_asked_to_again(
        self, emulator: OpenAIEmulator
    ) -> None:
        unknown = Fail(400, "unknown_parameter", "Unknown parameter: 'partial_images'.")
        emulator.script(GENERATE, unknown)
        async with open_room(emulator.base_url) as room:
            for _ in range(2):
                await room.images.generate("A fox", on_partial=lambda _: None)
        assert ["stream" in r.body for r in emulator.requests] == [True, False, False]

    @pytest.mark.parametrize(
        ("step", "expected", "requests"),
        [
            (CutAfter(""), ServiceDownError, 1),
            (EndWithoutFinish(""), ServiceDownError, 1),
            (FailInStream("", code="moderation_blocked"), ContentRefusedError, 1),
            (FailInStream("", code="server_error"), ServiceDownError, 1),
            (Fail(400, code="moderation_blocked"), ContentRefusedError, 1),
            (Fail(503), ServiceDownError, 3),
            (Garbage(), ServiceDownError, 3),
        ],
        ids=["cut", "end", "refused late", "failed late", "refused", "down", "garbage"],
    )
    async def test_what_goes_wrong_is_told_and_nothing_begun_is_paid_twice(
        self, emulator: OpenAIEmulator, step: Step, expected: type[ParleyError], requests: int
    ) -> None:
        emulator.script(GENERATE, step, step, step)
        async with open_room(emulator.base_url, Pauses()) as room:
            with pytest.raises(expected):
                await room.images.generate("A fox", on_partial=lambda _: None)
        assert len(emulator.requests) == requests

    async def test_silence_in_the_middle_is_told(self, emulator: OpenAIEmulator) -> None:
        emulator.script(GENERATE, HangAfter(""))
        async with open_room(emulator.base_url, whole_answer_timeout_s=0.5) as room:
            with pytest.raises(ServiceSilentError):
                await room.images.generate("A fox", on_partial=lambda _: None)
        assert len(emulator.requests) == 1


class TestEdits:
    async def test_sixteen_pictures_and_a_mask_go_as_they_are(
        self, emulator: OpenAIEmulator
    ) -> None:
        pictures = [
            picture(samples.jpeg(64, 48), "image/jpeg"),
            picture(samples.webp(64, 48), "image/webp"),
            *[picture() for _ in range(14)],
        ]
        mask = picture(samples.transparent_png(64, 48))
        async with open_room(emulator.base_url, **PRICED) as room:
            made = await room.images.edit("a collage", pictures, mask, ImageOptions(count=2))

        [request] = emulator.requests
        assert [file.field for file in request.files] == ["image[]"] * 16 + ["mask"]
        assert [file.data for file in request.files] == [p.data for p in (*pictures, mask)]
        assert len(made.pictures) == 2
        usage = made.usage
        pictures_tokens = 323 * 17
        text_tokens = usage.input_tokens - pictures_tokens
        expected = (text_tokens * 5 + pictures_tokens * 8 + usage.output_tokens * 30) / 1e6
        assert usage.cost_usd == pytest.approx(expected)

    async def test_an_older_model_gets_a_square_and_the_shape_comes_back(
        self, emulator: OpenAIEmulator
    ) -> None:
        photo = picture(samples.jpeg(1600, 800), "image/jpeg")
        async with open_room(emulator.base_url, **OLD_OPTIONS) as room:
            made = await room.images.edit("bluer", [photo])

        square, mask = emulator.requests[0].files
        assert opened(square.data).size == (1024, 1024)
        alpha = opened(mask.data).getchannel("A")
        assert alpha.getpixel((512, 512)) == 0
        assert alpha.getpixel((512, 5)) == 255  # what only fills the square is not repainted
        assert opened(made.pictures[0].data).size == (1024, 512)
        assert made.usage.cost_usd == pytest.approx(0.02)

    async def test_an_older_model_gets_the_mask_in_its_place(
        self, emulator: OpenAIEmulator
    ) -> None:
        mask = Image.new("RGBA", (100, 200), "black")
        mask.paste((0, 0, 0, 0), (0, 0, 100, 100))
        buffer = BytesIO()
        mask.save(buffer, "PNG")
        async with open_room(emulator.base_url, **OLD_OPTIONS) as room:
            await room.images.edit(
                "sky", [picture(samples.png(100, 200))], picture(buffer.getvalue())
            )
        alpha = opened(emulator.requests[0].files[1].data).getchannel("A")
        assert alpha.size == (200, 200)
        assert [alpha.getpixel(at) for at in ((100, 50), (100, 150), (10, 50))] == [0, 255, 255]

    async def test_transparency_of_its_own_is_an_older_models_mask(
        self, emulator: OpenAIEmulator
    ) -> None:
        async with open_room(emulator.base_url, **OLD_OPTIONS) as room:
            await room.images.edit("sky", [picture(samples.transparent_png())])
        assert len(emulator.requests[0].files) == 1

    @pytest.mark.parametrize(
        ("pictures", "options"),
        [
            ([picture(), picture()], ImageOptions()),
            ([picture()], ImageOptions(quality="high")),
            ([picture()], ImageOptions(size="1536x1024")),
        ],
        ids=["two pictures", "quality", "size"],
    )
    async def test_what_an_older_model_cannot_do_is_told_before_it_is_asked(
        self, emulator: OpenAIEmulator, pictures: list[Picture], options: ImageOptions
    ) -> None:
        async with open_room(emulator.base_url, **OLD_OPTIONS) as room:
            with pytest.raises(PictureOptionError):
                await room.images.edit("sky", pictures, None, options)
        assert emulator.requests == []

    @pytest.mark.parametrize(
        ("step", "expected"),
        [
            (Fail(400, code="moderation_blocked"), ContentRefusedError),
            (
                Fail(400, code="invalid_image_file", message="Invalid image file"),
                PictureUnreadableError,
            ),
            (Fail(404), RouteMissingError),
            (Fail(410), RouteMissingError),
        ],
        ids=["moderated", "unreadable", "404", "410"],
    )
    async def test_an_edit_that_is_not_made_is_told_why(
        self, emulator: OpenAIEmulator, step: Step, expected: type[ParleyError]
    ) -> None:
        emulator.script(EDIT, *[step] * 3)  # of each model that might take the place
        async with open_room(emulator.base_url) as room:
            with pytest.raises(expected):
                await room.images.edit("bluer", [picture()])


class TestVariations:
    async def test_the_endpoint_gets_a_square_and_the_shape_comes_back(
        self, emulator: OpenAIEmulator
    ) -> None:
        async with open_room(emulator.base_url, **OLD_OPTIONS) as room:
            made = await room.images.vary(picture(samples.png(300, 600)), ImageOptions(count=2))
        [request] = emulator.requests
        assert request.body == {"model": OLD, "n": 2, "response_format": "b64_json"}
        assert [opened(p.data).size for p in made.pictures] == [(512, 1024)] * 2
        assert made.usage.cost_usd == pytest.approx(0.04)

    @pytest.mark.parametrize("status", [404, 405, 410])
    async def test_a_missing_endpoint_is_remembered(
        self, emulator: OpenAIEmulator, status: int
    ) -> None:
        emulator.retired_routes[VARY] = status
        async with open_room(emulator.base_url, **OLD_OPTIONS) as room:
            for _ in range(2):
                with pytest.raises(RouteMissingError):
                    await room.images.vary(picture())
            emulator.retired_routes.clear()
            with pytest.raises(RouteMissingError):
                await room.images.vary(picture())
        assert emulator.requests == []

    async def test_an_endpoint_that_is_not_for_the_model_is_missing(
        self, emulator: OpenAIEmulator
    ) -> None:
        async with open_room(emulator.base_url) as room:
            for _ in range(2):
                with pytest.raises(RouteMissingError):
                    await room.images.vary(picture())
        assert len(emulator.requests) == 1

    async def test_a_failure_is_not_taken_for_a_missing_endpoint(
        self, emulator: OpenAIEmulator
    ) -> None:
        emulator.script(VARY, *[Fail(500)] * 3)
        async with open_room(emulator.base_url, Pauses(), **OLD_OPTIONS) as room:
            with pytest.raises(ServiceDownError):
                await room.images.vary(picture())
            assert (await room.images.vary(picture())).pictures
