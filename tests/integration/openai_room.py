"""The room bot/openai, opened against an emulator."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

from bot.openai.options import OpenAIOptions
from bot.openai.service import OpenAIService
from handlers.ports.chat import (
    ChatModel,
    ChatRequest,
    ChatStream,
    ModelMessage,
    PicturePart,
    TextPart,
)

KEY = "sk-test-0123456789abcdef"
MODEL = "gpt-6-luna"


class Pauses:
    """Stands in for asyncio.sleep between tries: remembers, and does not wait."""

    def __init__(self) -> None:
        self.waited_s: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.waited_s.append(seconds)


@asynccontextmanager
async def open_room(
    base_url: str,
    pauses: Pauses | None = None,
    today: Callable[[], date] = lambda: date(2026, 11, 21),
    **options: Any,
) -> AsyncIterator[OpenAIService]:
    chosen = OpenAIOptions(
        **({"api_key": KEY, "base_url": base_url, "chat_model": MODEL} | options)
    )
    async with OpenAIService(chosen, pauses or Pauses(), today) as service:
        yield service


def ask(
    *parts: str | PicturePart, model: str = MODEL, system: str = "", **more: Any
) -> ChatRequest:
    """A request of one message."""
    content = tuple(TextPart(part) if isinstance(part, str) else part for part in parts)
    return ChatRequest(model, system, (ModelMessage("user", content),), **more)


async def started(chat: ChatModel, request: ChatRequest) -> ChatStream:
    """The answer, once its first text is there."""
    stream = chat.ask(request)
    await stream.start()
    return stream


async def read(stream: ChatStream) -> str:
    return "".join([piece async for piece in stream])
