"""One server's connection: opened, kept, opened again. Lives in the servers' thread."""

import asyncio
import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import anyio
import structlog
from mcp.client.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types import Tool, ToolListChangedNotification

from bot.mcp.addresses import asked
from bot.mcp.options import McpOptions
from bot.mcp.programs import running
from bot.mcp.results import CallResult, Picture, ToldTool, failed
from bot.mcp.sifting import MAX_TEXT, MAX_TOOLS, transport
from bot.patience import growing_pauses
from handlers.ports.chat import ToolSpec

log = structlog.get_logger(__name__)

CONNECT_S = 120.0
"""What a server has to come up in and to tell its tools; a program may have to be fetched first."""
STEADY_S = 30.0
"""Who was there so long is looked for again at once."""
MAX_PAGES = 32
MAX_NAME = 64
MAX_DESCRIPTION = 4_000
MAX_PICTURE = 8_000_000
_SIGNATURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
)


class Connection:
    """One task opens and closes the client, as the SDK wants it; any other of its loop may call."""

    def __init__(self, name: str, options: McpOptions) -> None:
        self.name = name
        self.told: tuple[ToldTool, ...] = ()
        """What it offers. May be read from any thread."""
        self._options = options
        self._client: Client | None = None
        self._is_lost = False
        self._stirred = asyncio.Event()
        """It is lost, or has other tools than before."""

    async def keep(self) -> None:
        """Until cancelled."""
        now = asyncio.get_running_loop().time
        pauses: Iterator[float] = growing_pauses()
        while True:
            began_s = now()
            try:
                await self._open()
            except Exception as failure:  # noqa: BLE001  # whatever a stranger's server does
                log.warning("mcp_server_failed", server=self.name, reason=_reason(failure))
            if self._client is None:  # it did not come up; one that went is likely to come back
                self.told = ()
            self._client = None
            if now() - began_s > STEADY_S:
                pauses = growing_pauses()
            await asyncio.sleep(next(pauses))

    async def _open(self) -> None:
        """Until it is lost."""
        self._is_lost = False
        self._stirred.clear()
        plain = running(self._options) if self._options.command else asked(self._options)
        client = Client(transport(plain, self._lose), cache=None, message_handler=self._hear)
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(CONNECT_S):
                await stack.enter_async_context(client)
                self.told = await self._list(client)
            self._client = client
            log.info("mcp_server_connected", server=self.name, tools=len(self.told))
            while True:
                await self._stirred.wait()
                self._stirred.clear()
                if self._is_lost:
                    return
                async with asyncio.timeout(CONNECT_S):
                    self.told = await self._list(client)

    def _lose(self) -> None:
        self._is_lost = True
        self._stirred.set()

    async def _hear(self, message: object) -> None:
        if isinstance(message, ToolListChangedNotification):
            self._stirred.set()

    async def _list(self, client: Client) -> tuple[ToldTool, ...]:
        tools: list[Tool] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = await client.list_tools(cursor=cursor)
            tools += page.tools
            cursor = page.next_cursor
            if cursor is None or len(tools) > MAX_TOOLS:
                break
        if len(tools) > MAX_TOOLS:
            log.warning("mcp_server_has_too_many_tools", server=self.name, taken=MAX_TOOLS)
        return tuple(_told(self.name, one) for one in tools[:MAX_TOOLS])

    async def call(self, name: str, arguments: dict[str, Any]) -> CallResult:
        """Whatever goes wrong is said in the result."""
        client = self._client
        if client is None:
            return failed(f"the server {self.name} is not there right now")
        try:
            result = await client.call_tool(name, arguments)
            return _result(result.content, is_failed=result.is_error)
        except Exception as failure:  # noqa: BLE001  # the model is told, whatever it was
            reason = _reason(failure)
            if _says_lost(failure):
                self._lose()
                reason = f"the server {self.name} is gone"
            log.warning("mcp_call_failed", server=self.name, tool=name[:100], reason=reason)
            return failed(reason)


def _told(server: str, tool: Tool) -> ToldTool:
    words = (tool.description or tool.title or tool.name)[: 4 * MAX_DESCRIPTION]
    description = " ".join(words.split())[:MAX_DESCRIPTION]
    name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{server}_{tool.name}"[:MAX_NAME])
    hints = tool.annotations
    return ToldTool(
        server,
        tool.name,
        ToolSpec(name, description, dict(tool.input_schema)),
        summary=f"{server}: {description[:80]}",
        # A server that does not say that a tool only reads may do something by it.
        is_lasting=not (hints is not None and hints.read_only_hint),
    )


def _result(content: Sequence[Any], *, is_failed: bool) -> CallResult:
    text = "\n".join(filter(None, map(_text, content)))[: MAX_TEXT + 100]
    pictures = filter(None, (_picture(block) for block in content if block.type == "image"))
    return CallResult(text or "(nothing)", tuple(pictures), is_failed)


def _text(block: Any) -> str:
    match block.type:
        case "text":
            return str(block.text)
        case "resource":
            return str(getattr(block.resource, "text", "") or f"[{block.resource.uri}]")
        case "resource_link":
            return f"[{block.name}]({block.uri})"
    return f"[{block.type}]"


def _picture(block: Any) -> Picture | None:
    """By what its bytes say; None for what is no picture, or too large."""
    if len(block.data) > MAX_PICTURE * 4 // 3 + 4:
        return None
    try:
        data = base64.b64decode(block.data, validate=True)
    except (binascii.Error, ValueError):
        return None
    kinds = (mime for signature, mime in _SIGNATURES if signature.match(data))
    mime = next(kinds, None)
    return Picture(data, mime) if mime else None


def _says_lost(failure: BaseException) -> bool:
    """Whether the connection is of no more use."""
    if isinstance(failure, MCPError):
        words = str(failure)[:300].lower()
        return "connection closed" in words or "session terminated" in words
    return isinstance(failure, OSError | anyio.ClosedResourceError | anyio.BrokenResourceError)


def _reason(failure: BaseException) -> str:
    """One line, of the first cause: task groups wrap what happened in them."""
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return " ".join(f"{failure}"[:1_000].split())[:300] or type(failure).__name__
