"""MCP servers that the operator named: each is connected, kept, and connected again if it dies.

They live in a thread with a loop of its own: the SDK reads and checks what a server says on the
loop it runs on. What comes out of the thread is bounded. The SDK takes half a second to load; only
who has such servers pays for it, and nobody waits for it.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import structlog

from bot.mcp.options import McpOptions
from bot.mcp.results import CallResult, ToldTool, failed
from handlers.ports.stores import MediaStore
from handlers.tools.tool import Tool, ToolOutput
from handlers.turn import Turn

if TYPE_CHECKING:
    from bot.mcp.connections import Connection

log = structlog.get_logger(__name__)


@asynccontextmanager
async def connected_tools(
    servers: Mapping[str, McpOptions], media: MediaStore
) -> AsyncIterator[Callable[[], Sequence[Tool]]]:
    """Begins at once. What it gives tells the tools that there are at that time, in the order of
    ``servers``; their names begin with the server's.

    At the end no program that was started is left.
    """
    if not servers:
        yield tuple
        return
    thread = ServerThread(servers)
    thread.start()
    try:
        yield Shelf(thread, media).tools
    finally:
        await asyncio.shield(asyncio.to_thread(thread.end))


class ServerThread:
    """All connections. Its public methods are called from other threads."""

    def __init__(self, servers: Mapping[str, McpOptions]) -> None:
        self._servers = servers
        self._connections: Mapping[str, Connection] = {}
        self._ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        # A daemon: the process may end when whoever should have ended this is gone.
        self._thread = threading.Thread(target=self._run, name="mcp-servers", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Waits for the end of the servers."""
        try:
            loop, stop = self._ready.result()
            loop.call_soon_threadsafe(stop.set)
        except Exception as failure:  # noqa: BLE001  # it has ended already; the log says why
            log.warning("mcp_servers_had_ended", reason=str(failure))
        self._thread.join()

    def told(self) -> tuple[ToldTool, ...]:
        return tuple(one for kept in self._connections.values() for one in kept.told)

    async def call(self, server: str, tool: str, arguments: dict[str, Any]) -> CallResult:
        """Cancelling it cancels the call there."""
        work = self._connections[server].call(tool, arguments)
        try:
            loop, _ = self._ready.result(timeout=0)  # there are tools, so it is
            running = asyncio.run_coroutine_threadsafe(work, loop)
        except RuntimeError:
            work.close()
            return failed(f"the server {server} is not there any more")
        return await asyncio.wrap_future(running)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as failure:
            log.exception("mcp_servers_failed")
            if not self._ready.done():
                self._ready.set_exception(failure)

    async def _serve(self) -> None:
        from bot.mcp.connections import Connection  # noqa: PLC0415  # loads the SDK

        stop = asyncio.Event()
        self._connections = {name: Connection(name, one) for name, one in self._servers.items()}
        tasks = [asyncio.create_task(one.keep()) for one in self._connections.values()]
        self._ready.set_result((asyncio.get_running_loop(), stop))
        try:
            await stop.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class Shelf:
    """The tools, made anew only when the servers tell others."""

    def __init__(self, thread: ServerThread, media: MediaStore) -> None:
        self._thread = thread
        self._media = media
        self._told: tuple[ToldTool, ...] = ()
        self._tools: tuple[Tool, ...] = ()

    def tools(self) -> Sequence[Tool]:
        told = self._thread.told()
        if told != self._told:
            self._told = told
            self._tools = tuple(McpTool(self._thread, one, self._media) for one in told)
        return self._tools


class McpTool(Tool):
    """A tool of a server. Its name is its server's and its own."""

    def __init__(self, thread: ServerThread, told: ToldTool, media: MediaStore) -> None:
        self._thread = thread
        self._told = told
        self._media = media
        self.spec = told.spec
        self.summary = told.summary
        self.is_lasting = told.is_lasting

    async def call(self, turn: Turn, arguments: Mapping[str, Any]) -> ToolOutput:  # noqa: ARG002  # the port's
        told = self._told
        result = await self._thread.call(told.server, told.name, dict(arguments))
        pictures = [await self._media.put(one.data, one.mime) for one in result.pictures]
        return ToolOutput(result.text, pictures=tuple(pictures), is_failed=result.is_failed)
