"""The emulated Realtime API and chat audio are as strict and as ordered as the service."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.emulators.openai import OpenAIEmulator

KEY = "sk-test"
HEADERS = {"Authorization": f"Bearer {KEY}"}
PCM = {"type": "audio/pcm", "rate": 24_000}


@pytest.fixture
async def emulator() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(api_key=KEY) as emulator:
        yield emulator


@asynccontextmanager
async def connect(
    emulator: OpenAIEmulator, model: str = "gpt-realtime-2.1-mini"
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    url = f"{emulator.base_url}/realtime?model={model}"
    async with aiohttp.ClientSession() as http, http.ws_connect(url, headers=HEADERS) as socket:
        yield socket


def update(**session: Any) -> dict[str, Any]:
    return {"type": "session.update", "session": {"type": "realtime"} | session}


def item(**changes: Any) -> dict[str, Any]:
    content = [{"type": "input_text", "text": "Hello there"}]
    message = {"type": "message", "role": "user", "content": content} | changes
    return {"type": "conversation.item.create", "item": message}


async def test_a_response_comes_in_the_order_of_the_service(emulator: OpenAIEmulator) -> None:
    async with connect(emulator) as socket:
        for event in (update(), item(), {"type": "response.create"}):
            await socket.send_json(event)
        events: list[dict[str, Any]] = []
        while not events or events[-1]["type"] != "response.done":
            events.append(await socket.receive_json())
    kinds = [event["type"] for event in events]
    delta = ["response.output_audio_transcript.delta", "response.output_audio.delta"]
    assert kinds == [
        *("session.created", "session.updated"),
        *("conversation.item.added", "conversation.item.done"),
        *("response.created", "response.output_item.added", "conversation.item.added"),
        *("response.content_part.added", *delta, *delta),
        *("response.output_audio.done", "response.output_audio_transcript.done"),
        *("response.content_part.done", "conversation.item.done", "response.output_item.done"),
        "response.done",
    ]
    sound = b"".join(
        base64.b64decode(event["delta"]) for event in events if event["type"] == delta[1]
    )
    assert len(sound) / 48_000 == pytest.approx(0.06 * len("Hello there"), abs=0.01)
    usage = events[-1]["response"]["usage"]
    details = usage["output_token_details"]
    assert usage["output_tokens"] == details["text_tokens"] + details["audio_tokens"]
    assert len({event["event_id"] for event in events}) == len(events)


@pytest.mark.parametrize(
    "event",
    [
        update(voice="alloy"),
        update(audio={"output": {"voice": "onyx", "format": PCM}}),
        update(audio={"output": {"speed": 2}}),
        update(audio={"output": {"format": PCM | {"rate": 16_000}}}),
        update(audio={"output": {"format": {"type": "audio/opus"}}}),
        update(output_modalities=["text", "audio"]),
        update(reasoning={"effort": "none"}),
        update(type="transcription"),
        item(role="tool"),
        item(content=[{"type": "text", "text": "Hello"}]),
        {"type": "response.create", "response": {"voice": "alloy"}},
        {"type": "say.something"},
        {"type": "session.update"},
        update(instructions=5),
    ],
    ids=lambda event: str(event)[:80],
)
async def test_what_breaks_a_rule_is_refused_and_kept(
    emulator: OpenAIEmulator, event: dict[str, Any]
) -> None:
    async with connect(emulator) as socket:
        await socket.receive_json()
        await socket.send_json(event)
        answer = await socket.receive_json()
    assert answer["type"] == "error"
    assert len(emulator.violations) == 1


async def test_an_unknown_model_is_refused_after_the_upgrade(emulator: OpenAIEmulator) -> None:
    emulator.missing_models.add("gpt-realtime-2.1-mini")
    async with connect(emulator) as socket:
        assert (await socket.receive_json())["error"]["code"] == "model_not_found"
        await socket.receive()
        assert socket.close_code == 4000


async def test_without_the_key_there_is_no_socket(emulator: OpenAIEmulator) -> None:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
            await http.ws_connect(f"{emulator.base_url}/realtime?model=gpt-realtime-2.1")
    assert raised.value.status == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"audio": None},
        {"audio": {"voice": "alloy"}},
        {"audio": {"voice": "nobody", "format": "wav"}},
        {"audio": {"voice": "alloy", "format": "ogg"}},
        {"audio": {"voice": "alloy", "format": "wav"}, "stream": True},
        {"modalities": ["audio", "smell"]},
        {"model": "gpt-6-luna"},
    ],
    ids=str,
)
async def test_chat_with_sound_is_asked_for_as_the_service_wants_it(
    emulator: OpenAIEmulator, changes: dict[str, Any]
) -> None:
    body = {
        "model": "gpt-audio-1.5",
        "modalities": ["text", "audio"],
        "audio": {"voice": "alloy", "format": "wav"},
        "messages": [{"role": "user", "content": "Hello"}],
    }
    statuses = []
    async with aiohttp.ClientSession(headers=HEADERS) as http:
        for told in (body, body | changes):
            async with http.post(f"{emulator.base_url}/chat/completions", json=told) as response:
                statuses.append(response.status)
    assert statuses == [200, 400]
    assert len(emulator.violations) == 1
