"""Pages that a model asks for: from public addresses only, bounded in size and time.

A name is resolved here and the connection goes to what was checked, so that a name cannot mean
one address when it is looked at and another when it is used. Proxies of the environment are not
used: behind one, nobody here could know where a request goes.
"""

import asyncio
import socket
import zlib
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from bot.internet.addresses import is_public
from handlers.errors import PageFailedError, PageRefusedError
from handlers.ports.internet import Fetched

MAX_BYTES = 4 * 1024 * 1024
"""Unpacked. What is longer is cut: a page's words stand in its beginning."""
MAX_REDIRECTS = 5
MAX_URL = 4_000
TIMEOUT_S = 20.0
"""Of a page with all its redirects."""
CHUNK_BYTES = 64 * 1024
WEB_PORTS = frozenset({80, 443})
FIRST_FREE_PORT = 1024
"""Below it only the web's own: behind others are mail servers and the like."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {
    "User-Agent": "Parley (a person asked for this page)",
    "Accept": "text/html, text/plain;q=0.9, application/pdf;q=0.8, */*;q=0.5",
    "Accept-Encoding": "gzip, deflate",
}
_PACKED = {"gzip": 47, "x-gzip": 47, "deflate": 47}
"""zlib's window bits that read both gzip's and zlib's wrapping."""

Resolve = Callable[[str, int], Awaitable[list[ResolveResult]]]


class WebPages:
    """Fills the port PageFetcher. To be used inside ``async with``."""

    def __init__(
        self, own_hosts: frozenset[str] = frozenset(), resolver: AbstractResolver | None = None
    ) -> None:
        """``own_hosts``: ``host:port`` that may be read although they are not public."""
        self._own_hosts = own_hosts
        self._inner = resolver

    async def __aenter__(self) -> Self:
        resolver = _PublicOnly(self._inner or ThreadedResolver(), self._own_hosts)
        self._session = aiohttp.ClientSession(
            # No pool: what was kept open for one page is of no use for the next, and so each
            # request is looked at anew.
            connector=aiohttp.TCPConnector(
                resolver=resolver, use_dns_cache=False, force_close=True
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def fetch(self, url: str) -> Fetched:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._follow(_read_url(url))
        except TimeoutError as exc:
            raise PageFailedError("the page did not come in time") from exc
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            raise PageFailedError(f"the page cannot be had ({type(exc).__name__})") from exc

    async def _follow(self, url: URL) -> Fetched:
        for _ in range(MAX_REDIRECTS + 1):
            self._check(url)
            async with self._session.get(url, allow_redirects=False) as response:
                location = response.headers.get("Location", "")
                if response.status not in _REDIRECTS or not location:
                    return await _read(response)
                url = _read_url(str(url.join(URL(location[:MAX_URL]))))
        raise PageFailedError("the page leads from one address to the next without end")

    def _check(self, url: URL) -> None:
        """What no resolver is asked about: the port, and a host that is a number."""
        host, port = url.host or "", url.port or 0
        if f"{host}:{port}" in self._own_hosts:
            return
        if port not in WEB_PORTS and port < FIRST_FREE_PORT:
            raise PageRefusedError(f"port {port} is not for pages")
        if _is_number(host) and not is_public(host):
            raise PageRefusedError("that is not a public address")


class _PublicOnly(AbstractResolver):
    def __init__(self, inner: AbstractResolver, own_hosts: frozenset[str]) -> None:
        self._inner = inner
        self._own_hosts = own_hosts

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if f"{host}:{port}" in self._own_hosts:
            return found
        # One that is not public among others is a trap, not a server with two networks.
        if not found or not all(is_public(one["host"]) for one in found):
            raise PageRefusedError("that name does not lead to a public address")
        return found

    async def close(self) -> None:
        await self._inner.close()


def _is_number(host: str) -> bool:
    """Whether a host is an address, in any of the ways that C libraries read one."""
    if ":" in host:
        return True
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return True


def _read_url(text: str) -> URL:
    if len(text) > MAX_URL:
        raise PageRefusedError("the address is too long")
    try:
        url = URL(text.strip())
    except ValueError as exc:
        raise PageRefusedError("that is no address of a page") from exc
    if url.scheme not in ("http", "https") or not url.host:
        raise PageRefusedError("only http and https addresses can be read")
    if url.user or url.password:
        raise PageRefusedError("an address with a name or a password in it is not read")
    return url.with_fragment(None)


async def _read(response: aiohttp.ClientResponse) -> Fetched:
    if response.status >= 400:
        raise PageFailedError(f"the page's server answered with {response.status}")
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", *_PACKED):
        raise PageFailedError("the page is packed in a way that cannot be read")
    unpacker = zlib.decompressobj(_PACKED[encoding]) if encoding in _PACKED else None
    data, is_cut = bytearray(), False
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        room = MAX_BYTES - len(data)
        data += _unpack(unpacker, chunk, room + 1) if unpacker else chunk
        if len(data) > MAX_BYTES:
            del data[MAX_BYTES:]
            is_cut = True
            break
    return Fetched(
        url=str(response.url),
        mime=response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
        data=bytes(data),
        charset=response.charset or "",
        is_cut=is_cut,
    )


def _unpack(unpacker: "zlib._Decompress", chunk: bytes, room: int) -> bytes:
    try:
        return unpacker.decompress(chunk, room)
    except zlib.error as exc:
        raise PageFailedError("the page is damaged") from exc
