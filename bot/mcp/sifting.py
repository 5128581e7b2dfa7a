"""What of a message the SDK is given to check: it builds an object of every block there is, and one
that is broken breaks the message."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Self

import anyio
import structlog
from mcp.client import Transport
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCResponse

from handlers.tools.arguments import is_usable

log = structlog.get_logger(__name__)

MAX_TEXT = 200_000
"""Characters of one answer; the runner cuts it further, as every tool's."""
MAX_BLOCKS = 1_000
MAX_PICTURES = 4
MAX_TOOLS = 128
"""Of one server: each costs tokens in every request."""
MAX_SCHEMA = 50_000
"""Characters of JSON."""
MORE = "[More was left out.]"

Streams = tuple[Any, Any]
"""To read from and to write to, as the SDK's transports give them."""


@asynccontextmanager
async def sifted(
    transport: AbstractAsyncContextManager[Streams], ended: Callable[[], None]
) -> AsyncIterator[Streams]:
    """``ended`` is called when nothing more comes."""
    async with transport as (read, write):
        yield _Sifted(read, ended), write


def transport(plain: AbstractAsyncContextManager[Streams], ended: Callable[[], None]) -> Transport:
    return sifted(plain, ended)


class _Sifted:
    """The SDK's ReadStream."""

    def __init__(self, plain: Any, ended: Callable[[], None]) -> None:
        self._plain = plain
        self._ended = ended

    @property
    def last_context(self) -> Any:
        return getattr(self._plain, "last_context", None)

    async def receive(self) -> SessionMessage | Exception:
        try:
            message: SessionMessage | Exception = await self._plain.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
            self._ended()
            raise
        if isinstance(message, SessionMessage) and isinstance(message.message, JSONRPCResponse):
            sift(message.message.result)
        return message

    async def aclose(self) -> None:
        await self._plain.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


def sift(result: dict[str, Any]) -> None:
    """Bound a result in its place: an answer, or a list of tools. Others stay as they are."""
    if isinstance(tools := result.get("tools"), list):
        sound = (_sound_tool(one) for one in tools[: MAX_TOOLS + 1])
        result["tools"] = [tool for tool in sound if tool is not None]
    structured = result.pop("structuredContent", None)
    if not isinstance(content := result.get("content"), list):
        return
    if not content and structured is not None:
        content = [{"type": "text", "text": _json(structured)}]
    result["content"] = _bounded(content)


def _json(value: Any) -> str:
    """No more of it than is wanted."""
    parts, size = [], 0
    for part in json.JSONEncoder(ensure_ascii=False).iterencode(value):
        parts.append(part)
        size += len(part)
        if size > MAX_TEXT:
            break
    return "".join(parts)


def _bounded(content: list[Any]) -> list[Any]:
    kept: list[Any] = []
    left, pictures = MAX_TEXT, 0
    for block in content[:MAX_BLOCKS]:
        kind = block.get("type") if isinstance(block, dict) else ""
        if kind == "image":
            pictures += 1
            if pictures > MAX_PICTURES:
                continue
        if kind == "text" and isinstance(text := block.get("text"), str):
            if len(text) > left:
                kept.append({"type": "text", "text": text[:left] + f"\n{MORE}"})
                return kept
            left -= len(text)
        kept.append(block)
    if len(content) > MAX_BLOCKS:
        kept.append({"type": "text", "text": MORE})
    return kept


def _sound_tool(told: Any) -> dict[str, Any] | None:
    """What is asked of a tool; None for one that can't be used, which takes no other with it."""
    why = ""
    if not isinstance(told, dict) or not isinstance(name := told.get("name"), str) or not name:
        name, why = "", "it has no name"
    elif not isinstance(schema := told.get("inputSchema"), dict):
        why = "it has no parameters"
    elif len(_json(schema)) > MAX_SCHEMA:
        why = "its parameters are too long"
    elif not is_usable(schema):
        why = "its parameters are no JSON Schema of an object"
    if why:
        log.warning("mcp_tool_left_out", tool=name[:100], why=why)
        return None
    words = {key: told[key] for key in ("title", "description") if isinstance(told.get(key), str)}
    hints = told.get("annotations")
    only_reads = isinstance(hints, Mapping) and hints.get("readOnlyHint") is True
    return {
        "name": name,
        "inputSchema": schema,
        "annotations": {"readOnlyHint": only_reads},
        **words,
    }
