"""The image routes of the emulator, by the real client: old models, variations, streams."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.emulators.openai import OpenAIEmulator
from tests.unit.emulators.openai_samples import client_of, picture

SQUARE = picture("PNG", (64, 64))
CLEAR = picture("PNG", (64, 64), "RGBA")


@pytest.fixture
async def service() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator() as emulator:
        emulator.old_image_models.add("old")
        yield emulator


@pytest.fixture
async def client(service: OpenAIEmulator) -> AsyncIterator[AsyncOpenAI]:
    async with client_of(service) as client:
        yield client


async def test_a_stream_shows_beginnings_and_tells_what_all_of_it_cost(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    events = await client.images.generate(
        model="gpt-image-2", prompt="a cat", quality="low", stream=True, partial_images=3
    )
    seen = [event async for event in events]
    kinds = [event.type.rpartition(".")[2] for event in seen]
    assert kinds == ["partial_image"] * 3 + ["completed"]
    assert len({event.b64_json for event in seen}) == 4
    last = seen[-1]
    assert last.type == "image_generation.completed"
    assert last.usage.output_tokens == 272 + 300
    assert service.billed["gpt-image-2", "output_tokens"] == 572
    edits = await client.images.edit(
        model="gpt-image-2", prompt="a dog", image=("a.png", SQUARE), stream=True, partial_images=1
    )
    assert [event.type async for event in edits] == [
        "image_edit.partial_image",
        "image_edit.completed",
    ]
    assert service.violations == []


async def test_a_service_that_does_not_stream_sends_no_event(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    service.shows_partial_images = False
    events = await client.images.generate(
        model="gpt-image-2", prompt="a cat", stream=True, partial_images=1
    )
    assert [event async for event in events] == []


async def test_an_old_model_edits_and_varies_squares(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    edited = await client.images.edit(
        model="old", prompt="a dog", image=("a.png", CLEAR), response_format="b64_json", n=2
    )
    with pytest.warns(DeprecationWarning, match="deprecated"):
        varied = await client.images.create_variation(
            model="old", image=("a.png", SQUARE), response_format="b64_json", size="256x256"
        )
    assert [len(made.data or []) for made in (edited, varied)] == [2, 1]
    assert base64.b64decode((varied.data or [])[0].b64_json or "").startswith(b"\x89PNG")
    assert edited.usage is None
    assert service.violations == []


@pytest.mark.parametrize(
    ("image", "more", "said"),
    [
        (picture("PNG", (64, 48), "RGBA"), {}, "square"),
        (picture("JPEG", (64, 64)), {}, "format"),
        (SQUARE, {}, "transparent"),
        (CLEAR, {"quality": "high"}, "quality"),
        (CLEAR, {"size": "1536x1024"}, "512x512"),
        (CLEAR, {"prompt": "x" * 1_001}, "too long"),
        (CLEAR, {"mask": ("m.png", picture("PNG", (32, 32), "RGBA"))}, "mask"),
    ],
    ids=["not square", "no PNG", "opaque", "quality", "size", "prompt", "mask"],
)
async def test_an_old_model_refuses_what_it_cannot_edit(
    service: OpenAIEmulator, client: AsyncOpenAI, image: bytes, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=said):
        await client.images.edit(
            **({"model": "old", "prompt": "a dog", "image": ("a.png", image, _mime(image))} | more)
        )
    assert len(service.violations) == 1


@pytest.mark.parametrize(
    ("images", "mask", "said"),
    [
        ([("a.gif", picture("GIF"), "image/gif")], None, "format"),
        ([("a.png", picture("JPEG"), "image/png")], None, "mimetype"),
        ([("a.png", SQUARE, "image/png")] * 17, None, "many|maxItems|too long"),
        ([("a.png", SQUARE, "image/png")], SQUARE, "alpha"),
        ([("a.png", SQUARE, "image/png")], picture("WEBP", (64, 64), "RGBA"), "format"),
    ],
    ids=["gif", "mislabelled", "seventeen", "opaque mask", "webp mask"],
)
async def test_an_edit_that_breaks_a_rule_is_refused(
    service: OpenAIEmulator,
    client: AsyncOpenAI,
    images: list[tuple[str, bytes, str]],
    mask: bytes | None,
    said: str,
) -> None:
    more: dict[str, Any] = {} if mask is None else {"mask": ("m.png", mask)}
    with pytest.raises(openai.BadRequestError, match=said):
        await client.images.edit(model="gpt-image-2", prompt="a dog", image=images, **more)
    assert len(service.violations) == 1


async def test_a_variation_by_a_newer_model_is_refused_and_no_fault(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    with (
        pytest.raises(openai.BadRequestError) as refused,
        pytest.warns(DeprecationWarning, match="deprecated"),
    ):
        await client.images.create_variation(model="gpt-image-2", image=("a.png", SQUARE))
    assert refused.value.param == "model"
    assert service.violations == []


def _mime(image: bytes) -> str:
    return "image/png" if image.startswith(b"\x89PNG") else "image/jpeg"
