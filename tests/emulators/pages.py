"""A web server whose pages a test writes, and names that lead wherever a test wants."""

import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult


@dataclass
class Page:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: AsyncIterator[bytes] | None = None
    """In the place of ``body``, as they come."""


class PagesEmulator:
    """Serves ``pages`` by their paths on 127.0.0.1; remembers what was asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.requests: list[str] = []
        """Host and path, as the request named them."""
        self.headers: list[Mapping[str, str]] = []
        self.port = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(f"{request.host}{request.path_qs}")
        self.headers.append(dict(request.headers))
        page = self.pages.get(request.path)
        if page is None:
            return web.Response(status=404)
        if page.chunks is None:
            return web.Response(body=page.body, status=page.status, headers=page.headers)
        response = web.StreamResponse(status=page.status, headers=page.headers)
        await response.prepare(request)
        async for chunk in page.chunks:
            try:
                await response.write(chunk)
            except ConnectionError:
                break
        return response


class Names(AbstractResolver):
    """A name server: each name has the addresses that a test gives it, one lookup after another."""

    def __init__(self, **addresses: list[list[str]]) -> None:
        """``evil=[["1.2.3.4"], ["127.0.0.1"]]`` is ``evil.test``, first there, then here."""
        self._addresses = {f"{name}.test": told for name, told in addresses.items()}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        told = self._addresses.get(host)
        if told is None:
            raise OSError(f"no such name: {host}")
        addresses = told.pop(0) if len(told) > 1 else told[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        pass
