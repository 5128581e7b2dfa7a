"""What goes out: the exact JSON of each dialect, and every body judged by the published spec."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.openai.catalogue import ModelCatalogue
from bot.openai.chat import Chat, choose_dialects
from bot.openai.client import Client, create_client
from bot.openai.images import open_images
from bot.openai.options import OpenAIOptions
from handlers.ports.chat import ChatRequest, ModelMessage, PicturePart, TextPart
from handlers.ports.sounds import Sound, SpeechStyle
from tests import samples
from tests.emulators.openai import Answer, OpenAIEmulator
from tests.emulators.specs import problem_with, specs_folder
from tests.integration.openai_room import KEY, Pauses, open_room, read, started

SCHEMAS = {
    "/chat/completions": "CreateChatCompletionRequest",
    "/responses": "CreateResponse",
    "/images/generations": "CreateImageRequest",
    "/audio/speech": "CreateSpeechRequest",
    "/audio/transcriptions": "CreateTranscriptionRequest",
    "/audio/translations": "CreateTranslationRequest",
}
PNG = samples.png(32, 32)
DATA_URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"

REQUEST = ChatRequest(
    model="gpt-6-luna",
    system="Be brief.",
    messages=(
        ModelMessage("user", (TextPart("What is this?"), PicturePart("low", PNG, "image/png"))),
        ModelMessage("assistant", (TextPart("A square."),)),
        ModelMessage("user", (TextPart("And this: https://example.org/b.png"),)),
    ),
    effort="low",
    person="person-hash",
    cache_key="chat-hash",
)


@pytest.fixture
async def emulator() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(api_key=KEY) as emulator:
        yield emulator


@pytest.fixture
def specs() -> Path:
    folder = specs_folder()
    if folder is None:
        pytest.skip("no published specs: set PARLEY_SPECS to the folder that has openai.json")
    return folder


@asynccontextmanager
async def connect(emulator: OpenAIEmulator) -> AsyncIterator[Client]:
    options = OpenAIOptions(api_key=KEY, base_url=emulator.base_url)
    client = await asyncio.to_thread(create_client, options, Pauses())
    try:
        yield client
    finally:
        await client.aclose()


async def send(emulator: OpenAIEmulator, options: OpenAIOptions, request: ChatRequest) -> Any:
    """The body that goes to the emulator, in the words meant for the server of ``options``."""
    async with connect(emulator) as client:
        catalogue = await asyncio.to_thread(ModelCatalogue, options)
        chat = Chat(client, catalogue, choose_dialects(options))
        await read(await started(chat, request))
    return emulator.requests[-1].body


def bodies(emulator: OpenAIEmulator) -> list[Mapping[str, Any]]:
    return [request.body for request in emulator.requests]


async def test_openai_is_asked_by_responses(emulator: OpenAIEmulator) -> None:
    assert await send(emulator, OpenAIOptions(max_output_tokens=900), REQUEST) == {
        "model": "gpt-6-luna",
        "instructions": "Be brief.",
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is this?"},
                    {"type": "input_image", "image_url": DATA_URL, "detail": "low"},
                ],
            },
            {"role": "assistant", "content": "A square."},
            {"role": "user", "content": "And this: https://example.org/b.png"},
        ],
        "reasoning": {"effort": "low"},
        "max_output_tokens": 900,
        "store": False,
        "stream": True,
        "safety_identifier": "person-hash",
        "prompt_cache_key": "chat-hash",
    }
    assert emulator.requests[-1].route == "/responses"


MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": DATA_URL, "detail": "low"}},
        ],
    },
    {"role": "assistant", "content": "A square."},
    {"role": "user", "content": "And this: https://example.org/b.png"},
]


async def test_openai_may_be_asked_by_chat_completions(emulator: OpenAIEmulator) -> None:
    options = OpenAIOptions(chat_api="chat_completions", max_output_tokens=900)
    assert await send(emulator, options, REQUEST) == {
        "model": "gpt-6-luna",
        "messages": MESSAGES,
        "reasoning_effort": "low",
        "max_completion_tokens": 900,
        "stream": True,
        "stream_options": {"include_usage": True},
        "safety_identifier": "person-hash",
        "prompt_cache_key": "chat-hash",
    }
    assert emulator.requests[-1].route == "/chat/completions"


async def test_another_server_is_asked_by_chat_completions_in_older_words(
    emulator: OpenAIEmulator,
) -> None:
    options = OpenAIOptions(base_url="http://localhost:11434/v1", max_output_tokens=900)
    request = replace(REQUEST, model="some-model", effort="")
    assert await send(emulator, options, request) == {
        "model": "some-model",
        "messages": MESSAGES,
        "max_tokens": 900,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_a_bound_that_a_model_refuses_is_sent_again_by_its_newer_name(
    emulator: OpenAIEmulator,
) -> None:
    async with open_room(emulator.base_url, max_output_tokens=900) as room:
        for _ in range(2):
            await read(await started(room.chat, REQUEST))
    bounds = [body.keys() & {"max_tokens", "max_completion_tokens"} for body in bodies(emulator)]
    assert bounds == [{"max_tokens"}, {"max_completion_tokens"}, {"max_completion_tokens"}]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            OpenAIOptions(),
            {"input": [{"role": "user", "content": "Hi"}], "store": False, "stream": True},
        ),
        (
            OpenAIOptions(chat_api="chat_completions"),
            {
                "messages": [{"role": "user", "content": "Hi"}],
                "stream": True,
                "stream_options": {"include_usage": True},
            },
        ),
    ],
    ids=["responses", "chat_completions"],
)
async def test_what_nobody_chose_is_not_sent(
    emulator: OpenAIEmulator, options: OpenAIOptions, expected: dict[str, Any]
) -> None:
    request = ChatRequest("some-model", "", (ModelMessage("user", (TextPart("Hi"),)),))
    assert await send(emulator, options, request) == {"model": "some-model"} | expected


async def test_a_picture_by_address_goes_as_its_address(emulator: OpenAIEmulator) -> None:
    address = "https://example.org/a.jpg"
    message = ModelMessage("user", (TextPart("What?"), PicturePart("high", url=address)))
    request = ChatRequest("gpt-6-luna", "", (message,))
    body = await send(emulator, OpenAIOptions(), request)
    assert body["input"][0]["content"][1] == {
        "type": "input_image",
        "image_url": address,
        "detail": "high",
    }


async def test_every_body_is_as_the_published_spec_wants_it(
    emulator: OpenAIEmulator, specs: Path
) -> None:
    sound = Sound(await asyncio.to_thread(samples.ogg_opus, 1.0), "audio/ogg", "voice.ogg", 1.0)
    for chat_api in ("responses", "chat_completions"):
        options = OpenAIOptions(chat_api=chat_api, max_output_tokens=900)
        await send(emulator, options, REQUEST)
    emulator.script("/audio/transcriptions", Answer("Bonjour"))
    emulator.script("/audio/translations", Answer("Good morning"))
    pictures: dict[str, Any] = {"image_size": "1024x1024", "image_quality": "low"}
    for image_model in ("gpt-image-2", "some-other-model"):
        async with open_room(emulator.base_url, image_model=image_model, **pictures) as room:
            await room.images.generate("A fox")
    async with open_room(emulator.base_url, speech_instructions="Cheerfully.") as room:
        await room.synthesizer.speak("Good morning", SpeechStyle("coral"))
        await room.transcriber.transcribe(sound, "fr-CA")
        await room.translator.translate(sound)

    seen = {request.route for request in emulator.requests}
    assert seen >= SCHEMAS.keys()
    problems = [
        problem_with(
            SCHEMAS[request.route],
            {**request.body, **{upload.field: upload.filename for upload in request.files}},
            specs,
        )
        for request in emulator.requests
    ]
    assert [problem for problem in problems if problem] == []
    assert emulator.violations == []


async def test_openai_is_told_which_person_asks_for_a_picture(emulator: OpenAIEmulator) -> None:
    options = OpenAIOptions()
    async with connect(emulator) as client:
        catalogue = await asyncio.to_thread(ModelCatalogue, options)
        images = open_images(client, catalogue, options, lambda: date(2026, 11, 21))
        await images.generate("A fox", person="person-hash")
    assert emulator.requests[-1].body == {
        "model": options.image_model,
        "prompt": "A fox",
        "n": 1,
        "safety_identifier": "person-hash",
    }
