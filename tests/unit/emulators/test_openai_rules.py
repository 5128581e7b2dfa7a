"""The emulator refuses, by its own rules, what the service would; the real client sends it."""

from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.emulators.openai import OpenAIEmulator
from tests.unit.emulators.openai_samples import (
    client_of,
    completions,
    data_url,
    picture,
    responses,
    sound,
)


@pytest.fixture
async def service() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(is_spec_checked=False) as emulator:  # or the spec would answer for it
        yield emulator


@pytest.fixture
async def client(service: OpenAIEmulator) -> AsyncIterator[AsyncOpenAI]:
    async with client_of(service) as client:
        yield client


async def test_the_wrong_key_is_refused(service: OpenAIEmulator) -> None:
    async with client_of(service, key="sk-other") as client:
        with pytest.raises(openai.AuthenticationError):
            await completions(client)
    assert service.violations == []


@pytest.mark.parametrize(
    ("more", "part_of_message"),
    [
        ({"extra_body": {"colour": "red"}}, "Unknown parameter: 'colour'"),
        ({"max_tokens": 5}, "max_completion_tokens"),
        ({"messages": [{"role": "robot", "content": "hi"}]}, "'robot'"),
        ({"messages": [{"role": "user", "content": None}]}, "content"),
        ({"messages": [{"role": "user", "content": "hi", "mood": 1}]}, "mood"),
        ({"response_format": {"type": "json_object"}}, "word 'json'"),
        ({"prompt_cache_key": "k" * 65}, "string too long"),
        ({"model": "gpt-4o", "reasoning_effort": "low"}, "reasoning_effort"),
        ({"stream": False, "stream_options": {"include_usage": True}}, "stream_options"),
    ],
)
async def test_a_chat_completion_that_breaks_a_rule_is_refused(
    service: OpenAIEmulator, client: AsyncOpenAI, more: dict[str, Any], part_of_message: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=part_of_message):
        await completions(client, **more)
    assert len(service.violations) == 1
    assert len(service.requests) == 1
    assert service.chats() == []


@pytest.mark.parametrize(
    ("more", "part_of_message"),
    [
        ({"extra_body": {"seed": 5}}, "Unknown parameter: 'seed'"),
        ({"max_output_tokens": 5}, "max_output_tokens"),
        ({"reasoning": {"effort": "huge"}}, "huge"),
        ({"model": "gpt-4o", "reasoning": {"effort": "low"}}, "reasoning.effort"),
        (
            {"input": [{"role": "assistant", "content": [{"type": "input_text", "text": "a"}]}]},
            "output_text",
        ),
    ],
)
async def test_a_response_that_breaks_a_rule_is_refused(
    service: OpenAIEmulator, client: AsyncOpenAI, more: dict[str, Any], part_of_message: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=part_of_message):
        await responses(client, **more)
    assert len(service.violations) == 1


@pytest.mark.parametrize("ask", [completions, responses])
async def test_what_a_model_cannot_is_refused_and_no_violation(
    service: OpenAIEmulator, client: AsyncOpenAI, ask: Any
) -> None:
    with pytest.raises(openai.BadRequestError, match="temperature"):
        await ask(client, temperature=0.3)
    assert service.violations == []
    assert service.chats() == []


@pytest.mark.parametrize(
    "url",
    [
        data_url(picture()[:-1000]),
        data_url(b"no picture"),
        data_url(picture("TIFF")),
        data_url(picture(), "image/heic"),
        "data:image/png;base64,%%%",
        "photo.jpg",
        data_url(picture() + bytes(21_000_000)),
    ],
    ids=["truncated", "text", "tiff", "heic", "not base64", "no url", "21 MB"],
)
async def test_what_is_no_picture_is_refused(
    service: OpenAIEmulator, client: AsyncOpenAI, url: str
) -> None:
    content = [{"type": "image_url", "image_url": {"url": url}}]
    with pytest.raises(openai.BadRequestError):
        await completions(client, messages=[{"role": "user", "content": content}])
    assert len(service.violations) == 1


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("note.ogg", b"a text that is named .ogg", 400),
        ("note.ogg", b"", 400),
        ("note.mp3", sound(1.0), 400),
        ("note.amr", sound(1.0), 400),
        ("note", sound(1.0), 400),
        ("note.ogg", sound(0.05), 400),
        ("note.wav", bytes(26 * 1024 * 1024 + 1), 413),
    ],
    ids=["text", "zero bytes", "ogg as mp3", "amr", "no ending", "too short", "too large"],
)
async def test_a_file_that_is_no_readable_sound_is_refused(
    service: OpenAIEmulator, client: AsyncOpenAI, name: str, data: bytes, status: int
) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        await client.audio.transcriptions.create(model="gpt-transcribe", file=(name, data))
    assert caught.value.status_code == status
    assert len(service.violations) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"input": "x" * 4097},
        {"input": ""},
        {"voice": "nobody"},
        {"response_format": "ogg"},
        {"speed": 5},
        {"model": "tts-1", "instructions": "softly"},
    ],
)
async def test_speech_that_breaks_a_rule_is_refused(
    service: OpenAIEmulator, client: AsyncOpenAI, more: dict[str, Any]
) -> None:
    body: dict[str, Any] = {"model": "gpt-4o-mini-tts", "voice": "ash", "input": "hi"} | more
    with pytest.raises(openai.BadRequestError):
        await client.audio.speech.create(**body)
    assert len(service.violations) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"response_format": "b64_json"},
        {"prompt": "x" * 32_001},
        {"size": "1000x1000"},
        {"size": "4096x2048"},
        {"size": "3840x1024"},
        {"quality": "hd"},
        {"n": 11},
        {"background": "transparent", "output_format": "jpeg"},
    ],
)
async def test_a_picture_that_breaks_a_rule_is_refused(
    service: OpenAIEmulator, client: AsyncOpenAI, more: dict[str, Any]
) -> None:
    with pytest.raises(openai.BadRequestError):
        await client.images.generate(**({"model": "gpt-image-2", "prompt": "a cat"} | more))
    assert len(service.violations) == 1


async def test_a_mask_of_another_size_is_refused(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    with pytest.raises(openai.BadRequestError, match="mask"):
        await client.images.edit(
            model="gpt-image-2",
            prompt="a dog",
            image=("a.png", picture("PNG")),
            mask=("mask.png", picture("PNG", (64, 64), "RGBA")),
        )
