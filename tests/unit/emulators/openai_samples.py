"""Real pictures and sound for the emulator's tests, and the real client."""

import base64
import io
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import imageio_ffmpeg
from openai import AsyncOpenAI, AsyncStream, DefaultAsyncHttpxClient
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent
from PIL import Image

from tests.emulators.openai import OpenAIEmulator

MODEL = "gpt-6-luna"
QUESTION: list[Any] = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"}]


@cache
def _tls() -> ssl.SSLContext:
    """One for all clients: none of them uses it, and each would take 0.1 s to build its own."""
    return ssl.create_default_context()


@asynccontextmanager
async def client_of(emulator: OpenAIEmulator, key: str = "sk-test") -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(
        base_url=emulator.base_url,
        api_key=key,
        max_retries=0,
        timeout=10,
        http_client=DefaultAsyncHttpxClient(verify=_tls()),
    ) as client:
        yield client


def picture(kind: str = "JPEG", size: tuple[int, int] = (768, 1024), mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, (192, 48, 32, 0)[: len(mode)]).save(buffer, kind)
    return buffer.getvalue()


def data_url(data: bytes, mime: str = "image/jpeg") -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def sound(seconds: float = 2.0, form: str = "-c:a libopus -f ogg") -> bytes:
    ffmpeg = str(imageio_ffmpeg.get_ffmpeg_exe())  # type: ignore[attr-defined, no-untyped-call]  # no types
    source = f"sine=frequency=300:duration={seconds}"
    return subprocess.run(  # noqa: S603  -- our own ffmpeg, our own arguments
        [ffmpeg, "-loglevel", "error", "-f", "lavfi", "-i", source, *form.split(), "pipe:1"],
        capture_output=True,
        check=True,
    ).stdout


async def completions(client: AsyncOpenAI, **more: Any) -> AsyncStream[ChatCompletionChunk]:
    body: dict[str, Any] = {"model": MODEL, "messages": QUESTION, "stream": True} | more
    stream: AsyncStream[ChatCompletionChunk] = await client.chat.completions.create(**body)
    return stream


async def responses(client: AsyncOpenAI, **more: Any) -> AsyncStream[ResponseStreamEvent]:
    body: dict[str, Any] = {"model": MODEL, "input": "hi", "store": False, "stream": True} | more
    stream: AsyncStream[ResponseStreamEvent] = await client.responses.create(**body)
    return stream


async def text_of(stream: AsyncStream[ChatCompletionChunk]) -> str:
    return "".join(
        [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
    )
