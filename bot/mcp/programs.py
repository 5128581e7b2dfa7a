"""A server that is a program: started, spoken to in lines over its standard streams, and ended with
all that it started. The SDK's own transport reads a line of any length."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
import structlog
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp_types import INTERNAL_ERROR, ErrorData, JSONRPCError, jsonrpc_message_adapter

from bot.mcp.options import McpOptions
from bot.mcp.sizes import MAX_MESSAGE, Measure, MessageTooLargeError

log = structlog.get_logger(__name__)

Incoming = SessionMessage | Exception

CHUNK = 65_536
GRACE_S = 2.0
"""What a program has to end in once nothing more comes to it, and once more when it is told to."""
EDGE = 256
"""Bytes of a line that is too long, at either end: its id is in one of them."""
MAX_SKIPPED = 4 * MAX_MESSAGE
_ID = rb'"id"\s*:\s*(\d+|"[^"\\]*")\s*'
_ID_FIRST = re.compile(rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?' + _ID + rb"[,}]")
_ID_LAST = re.compile(_ID + rb"\}\s*$")


@asynccontextmanager
async def running(options: McpOptions) -> AsyncIterator[tuple[Any, Any]]:
    """The streams to read from and to write to. OSError if the program can't be started."""
    process = await asyncio.create_subprocess_exec(
        options.command,
        *options.arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**get_default_environment(), **options.environment},
        start_new_session=True,
    )
    said, asked = process.stdout, process.stdin
    if said is None or asked is None:
        raise OSError("the program has no streams")  # which were asked for
    into, read = anyio.create_memory_object_stream[Incoming](0)
    write, outof = anyio.create_memory_object_stream[SessionMessage](0)
    try:
        async with read, write, anyio.create_task_group() as tasks:
            tasks.start_soon(_listen, said, into)
            tasks.start_soon(_speak, asked, outof, into)
            try:
                yield read, write
            finally:
                tasks.cancel_scope.cancel()
    finally:
        asked.close()
        await _end(process, said)


async def _listen(said: asyncio.StreamReader, into: MemoryObjectSendStream[Incoming]) -> None:
    line = _Line()
    async with into:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, ConnectionError):
            while data := await said.read(CHUNK):
                *whole, rest = data.split(b"\n")
                for end in whole:
                    line.add(end)
                    if (message := line.read()) is not None:
                        await into.send(message)
                    line = _Line()
                line.add(rest)
                if line.size > MAX_SKIPPED:
                    log.warning("mcp_server_never_ends_its_line")
                    return


class _Line:
    """One that is too long is not kept: only what may hold its id."""

    def __init__(self) -> None:
        self._measure = Measure()
        self._parts: list[bytes] = []
        self._edges: tuple[bytes, bytes] | None = None

    @property
    def size(self) -> int:
        return self._measure.size

    def add(self, data: bytes) -> None:
        fits = self._measure.add(data)
        if self._edges is not None:
            self._edges = (self._edges[0], (self._edges[1] + data)[-EDGE:])
            return
        self._parts.append(data)
        if not fits:
            line = b"".join(self._parts)
            self._edges = (line[:EDGE], line[-EDGE:])
            self._parts = []

    def read(self) -> Incoming | None:
        """The message, or an error in its place; None for an empty line."""
        if self._edges is not None:
            return _error_instead(MessageTooLargeError(), *self._edges)
        line = b"".join(self._parts)
        if not line.strip():
            return None
        try:
            return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
        except ValueError as wrong:
            log.warning("mcp_message_unreadable", reason=str(wrong)[:300])
            return _error_instead(wrong, line[:EDGE], line[-EDGE:])


def _error_instead(wrong: ValueError, head: bytes, tail: bytes) -> Incoming:
    """An answer is known by its id, which stands first or last; nobody waits for anything else."""
    found = _ID_FIRST.match(head) or _ID_LAST.search(tail)
    if found is None:
        return wrong
    told = found[1].decode("utf-8", "replace")
    request = told.strip('"') if told.startswith('"') else int(told)
    reason = str(wrong) if isinstance(wrong, MessageTooLargeError) else "its answer is no JSON-RPC"
    error = ErrorData(code=INTERNAL_ERROR, message=reason)
    return SessionMessage(JSONRPCError(jsonrpc="2.0", id=request, error=error))


async def _speak(
    asked: asyncio.StreamWriter,
    outof: MemoryObjectReceiveStream[SessionMessage],
    into: MemoryObjectSendStream[Incoming],
) -> None:
    try:
        async with outof:
            async for one in outof:
                text = one.message.model_dump_json(by_alias=True, exclude_unset=True)
                asked.write(text.encode() + b"\n")
                await asked.drain()
    except OSError:
        await into.aclose()  # or a call would wait for ever


async def _end(process: asyncio.subprocess.Process, said: asyncio.StreamReader) -> None:
    """As the protocol says: its input has ended, then it is told to end, then it is ended."""
    ended = asyncio.create_task(_ended(process, said))
    try:
        await asyncio.wait([ended], timeout=GRACE_S)
        if not ended.done():
            _signal(process, signal.SIGTERM)
            await asyncio.wait([ended], timeout=GRACE_S)
    finally:
        # Whatever it started goes with it, also when this is cut short.
        _signal(process, signal.SIGKILL)
        await asyncio.wait([ended], timeout=GRACE_S)
        ended.cancel()


async def _ended(process: asyncio.subprocess.Process, said: asyncio.StreamReader) -> None:
    """Its output is read to the end, by nobody: who can't write does not end."""
    with suppress(ConnectionError):
        while await said.read(CHUNK):
            pass
    await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """To all of its group, whose number is the program's: it leads a session of its own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
