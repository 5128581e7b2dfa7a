"""A server that is an address, asked over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp.client.streamable_http import streamable_http_client

from bot.mcp.options import McpOptions
from bot.mcp.sizes import MAX_MESSAGE, Measure, MessageTooLargeError

TIMEOUT = httpx2.Timeout(30.0, read=300.0)


@asynccontextmanager
async def asked(options: McpOptions) -> AsyncIterator[tuple[Any, Any]]:
    """The streams to read from and to write to."""
    headers = {**options.headers, "Accept-Encoding": "identity"}
    hooks = {"response": [_bound]}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=TIMEOUT, event_hooks=hooks) as http,
        streamable_http_client(
            options.url, http_client=http, max_sse_event_size=MAX_MESSAGE
        ) as streams,
    ):
        yield streams


async def _bound(response: httpx2.Response) -> None:
    """What answers a request is one message. The stream of notices has no end, and needs no bound:
    the SDK bounds each of them."""
    if response.request.method == "POST" and isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream, response.headers)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, plain: httpx2.AsyncByteStream, headers: httpx2.Headers) -> None:
        self._plain = plain
        self._is_packed = headers.get("content-encoding", "identity").lower() != "identity"
        is_stream = headers.get("content-type", "").lower().startswith("text/event-stream")
        # Those that the SDK answers the call with.
        self._error = httpx2.SSEError if is_stream else httpx2.StreamError

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._is_packed:
            raise self._error("the server's answer is compressed, though that was not asked for")
        measure = Measure()
        async for data in self._plain:
            if not measure.add(data):
                raise self._error(str(MessageTooLargeError()))
            yield data

    async def aclose(self) -> None:
        await self._plain.aclose()
