"""The port Embedder against the emulated service."""

import struct

import pytest

from bot.openai.embeddings import MAX_INPUTS
from handlers.errors import (
    RouteMissingError,
    ServiceBusyError,
    ServiceDownError,
    ServiceRejectedError,
)
from handlers.messages import Capability
from tests.emulators.openai import Fail, Garbage, OpenAIEmulator, Step
from tests.integration.openai_room import open_room


def unpacked(vector: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(vector) // 4}f", vector)


def likeness(one: bytes, other: bytes) -> float:
    return sum(a * b for a, b in zip(unpacked(one), unpacked(other), strict=True))


@pytest.fixture
async def emulator() -> OpenAIEmulator:
    return OpenAIEmulator(api_key=None)


async def test_texts_become_vectors_of_length_1_with_their_price(emulator: OpenAIEmulator) -> None:
    async with emulator, open_room(emulator.base_url) as room:
        made = await room.embedder.embed(["red car", "a red car", "blue sea", "", "  "])

    [request] = emulator.requests
    assert request.body["encoding_format"] == "base64"
    assert request.body["dimensions"] == 512
    assert len(made.vectors) == 5
    assert all(len(vector) == 4 * 512 for vector in made.vectors)
    assert likeness(made.vectors[0], made.vectors[0]) == pytest.approx(1, abs=1e-5)
    assert likeness(made.vectors[0], made.vectors[1]) > likeness(made.vectors[0], made.vectors[2])
    assert made.model == room.embedder.model == "text-embedding-3-small/512"
    [usage] = made.usage
    assert (usage.capability, usage.model) == (Capability.EMBEDDING, "text-embedding-3-small")
    assert usage.input_tokens > 0
    assert usage.cost_usd == pytest.approx(usage.input_tokens * 0.02 / 1e6)
    assert not usage.is_estimate
    assert emulator.violations == []


async def test_many_texts_go_in_as_few_requests_as_the_service_takes(
    emulator: OpenAIEmulator,
) -> None:
    texts = [f"number {number}" for number in range(MAX_INPUTS + 5)]
    async with emulator, open_room(emulator.base_url) as room:
        made = await room.embedder.embed(texts)
        long = await room.embedder.embed(["word " * 5_000] * 160)
        alone = await room.embedder.embed([texts[-1]])

    sizes = [len(request.body["input"]) for request in emulator.requests]
    assert sizes[:2] == [MAX_INPUTS, 5]
    assert sum(sizes[2:-1]) == 160
    assert len(sizes[2:-1]) > 1  # by their tokens they are more than one request takes
    assert len(made.vectors) == len(texts)
    assert made.vectors[-1] == alone.vectors[0]
    assert len(made.usage) == 2
    assert len(long.vectors) == 160
    assert emulator.violations == []


async def test_a_text_that_is_too_long_is_embedded_by_its_beginning(
    emulator: OpenAIEmulator,
) -> None:
    async with emulator, open_room(emulator.base_url) as room:
        await room.embedder.embed(["你好" * 20_000])

    assert emulator.violations == []
    [text] = emulator.requests[0].body["input"]
    assert 2_000 < len(text) < 10_000


async def test_a_server_that_knows_no_encoding_is_asked_for_lists_from_then_on(
    emulator: OpenAIEmulator,
) -> None:
    emulator.script("/embeddings", Fail(400, message="encoding_format: unknown field"))
    async with emulator, open_room(emulator.base_url) as room:
        first = await room.embedder.embed(["red car"])
        second = await room.embedder.embed(["red car"])

    shapes = [request.body["encoding_format"] for request in emulator.requests]
    assert shapes == ["base64", "float", "float"]
    assert likeness(first.vectors[0], second.vectors[0]) == pytest.approx(1, abs=1e-5)


async def test_a_server_that_shortens_no_vectors_has_them_shortened_here(
    emulator: OpenAIEmulator,
) -> None:
    refusal = Fail(400, message="dimensions: unknown field")
    emulator.script("/embeddings", refusal, refusal)
    async with emulator, open_room(emulator.base_url) as room:
        made = await room.embedder.embed(["red car of many words " * 20])

    assert "dimensions" not in emulator.requests[-1].body
    assert len(made.vectors[0]) == 4 * 512
    assert likeness(made.vectors[0], made.vectors[0]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("text", ["你好" * 20_000, "龘靐齉" * 3_000, "ꦱꦸꦒꦼꦁ" * 2_000, "😀🦄" * 4_000])
async def test_no_script_has_more_tokens_than_the_service_takes(
    emulator: OpenAIEmulator, text: str
) -> None:
    async with emulator, open_room(emulator.base_url) as room:
        made = await room.embedder.embed([text] * 60)

    assert emulator.violations == []
    assert len(made.vectors) == 60
    assert text.startswith(emulator.requests[0].body["input"][0])


async def test_a_text_that_is_refused_in_every_shape_leaves_the_shapes_as_they_are(
    emulator: OpenAIEmulator,
) -> None:
    refusal = Fail(400, message="the text is refused")
    emulator.script("/embeddings", refusal, refusal, refusal)
    async with emulator, open_room(emulator.base_url) as room:
        with pytest.raises(ServiceRejectedError):
            await room.embedder.embed(["red car"])
        await room.embedder.embed(["red car"])

    first, *_, last = (request.body for request in emulator.requests)
    assert (last["encoding_format"], last["dimensions"]) == ("base64", 512)
    assert first == last


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (Fail(404, message="no such route"), RouteMissingError),
        (Garbage(), ServiceDownError),
        (Fail(429, message="slow down"), ServiceBusyError),
    ],
)
async def test_a_failure_has_its_error(
    emulator: OpenAIEmulator, step: Step, error: type[Exception]
) -> None:
    emulator.script("/embeddings", *[step] * 9)
    async with emulator, open_room(emulator.base_url) as room:
        with pytest.raises(error):
            await room.embedder.embed(["red car"])


async def test_without_a_model_there_are_no_embeddings(emulator: OpenAIEmulator) -> None:
    async with emulator, open_room(emulator.base_url, embedding_model="") as room:
        with pytest.raises(RouteMissingError):
            await room.embedder.embed(["red car"])
    assert emulator.requests == []
