"""The small web server: is the process alive, is it ready, what does it count."""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

import structlog
from aiohttp import web

from bot.web.metrics import CONTENT_TYPE, PrometheusMeter
from handlers.errors import OperatorError

log = structlog.get_logger(__name__)

FindReasons = Callable[[], Awaitable[Sequence[str]]]
"""Why the bot is not ready to answer people, in words for operators; nothing if it is."""

READINESS_TIMEOUT_S = 5.0


class WebServer:
    """Serves while its ``async with`` block runs; ``address`` tells where."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        find_reasons: FindReasons,
        meter: PrometheusMeter,
        routes: Sequence[web.RouteDef] = (),
    ) -> None:
        """``port`` 0 takes a free one. ``routes``: what others serve here, such as a webhook."""
        self._host = host
        self._port = port
        self._find_reasons = find_reasons
        self._meter = meter
        app = web.Application()
        app.add_routes(
            [
                web.get("/healthz", self._tell_health),
                web.get("/readyz", self._tell_readiness),
                web.get("/metrics", self._tell_metrics),
                *routes,
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)

    async def __aenter__(self) -> Self:
        """Start; OperatorError if the address cannot be had."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        try:
            await site.start()
        except OSError as exc:
            await self._runner.cleanup()
            raise _explain(exc, self._host, self._port) from exc
        log.info("web_server_listens", url=self.address)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    @property
    def port(self) -> int:
        """The port that is served, once the server runs."""
        return int(self._runner.addresses[0][1])

    @property
    def address(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    async def _tell_health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _tell_readiness(self, _request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(READINESS_TIMEOUT_S):
                reasons = list(await self._find_reasons())
        except TimeoutError:
            reasons = [f"no answer within {READINESS_TIMEOUT_S:g} s"]
        if reasons:
            return web.json_response({"status": "not ready", "reasons": reasons}, status=503)
        return web.json_response({"status": "ready"})

    async def _tell_metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._meter.render(), headers={"Content-Type": CONTENT_TYPE})


def _explain(error: OSError, host: str, port: int) -> OperatorError:
    # From Python 3.13 on, asyncio tells an address that is not there without a number.
    if isinstance(error, socket.gaierror) or error.errno in (errno.EADDRNOTAVAIL, None):
        return OperatorError(f"web.host: {host} is no address of this machine; try 127.0.0.1")
    if error.errno == errno.EADDRINUSE:
        return OperatorError(
            f"web.port: {port} is taken on {host}; set another, or 0 for any that is free"
        )
    if error.errno == errno.EACCES:
        return OperatorError(f"web.port: {port} may not be opened; set one above 1023")
    return OperatorError(f"web.port: {port} on {host} cannot be opened: {error.strerror}")
