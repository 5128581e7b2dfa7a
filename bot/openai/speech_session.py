"""A session of the Realtime API: events of JSON over a WebSocket.

It is opened by aiohttp, which Telegram and Discord are spoken to with already. The SDK's own client
would need one more library, keeps failures at the door from its callers, and builds each event as
one of a hundred types.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from bot.openai.client import Client
from bot.openai.failures import Failure, read_failure, read_retry_after
from bot.openai.fields import find, find_text
from handlers.errors import ModelMissingError, ParleyError, ServiceDownError

_CONNECT_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 1.0
"""How long the server's goodbye is waited for; whoever stopped is waiting, too."""
_MAX_EVENT_BYTES = 16 * 1024 * 1024
_MISSING_CODES = frozenset({"invalid_model", "model_not_found"})
_STATUS_OF_CLOSE = {1013: 503, 3000: 401, 3003: 403, 3008: 408, 4429: 429}
"""What a close code means where no reason is given; the private ones are what proxies use."""

Event = Mapping[str, Any]


class RealtimeSession:
    """Raises what the server tells or does as ParleyErrors; silence as ServiceSilentError."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, client: Client, model: str) -> None:
        self._socket = socket
        self._client = client
        self._model = model

    async def send(self, event: Event) -> None:
        with _mapped_errors(self._client, self._model):
            await self._socket.send_str(json.dumps(event))

    async def receive(self) -> Event:
        """The next event; an ``error`` is raised."""
        with _mapped_errors(self._client, self._model):
            async with asyncio.timeout(self._client.timeout_s):
                message = await self._socket.receive()
            if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                raise self._explain_end(message)
            try:
                event = json.loads(message.data)
            except ValueError as exc:  # also a number of thousands of digits
                raise ServiceDownError("an event that is no JSON") from exc
        if not isinstance(event, Mapping):
            raise ServiceDownError("an event that is no object")
        if find_text(event, "type") == "error":
            raise self.explain(find(event, "error"))
        return event

    async def wait_for(self, kind: str) -> Event:
        while True:
            event = await self.receive()
            if find_text(event, "type") == kind:
                return event

    def explain(self, told: object) -> ParleyError:
        """The error of ours that an error object of the server means."""
        return _explain(read_failure(told), self._client, self._model)

    def _explain_end(self, message: aiohttp.WSMessage) -> ParleyError:
        if message.type is not aiohttp.WSMsgType.CLOSE:
            error = self._socket.exception()
            return ServiceDownError(f"the connection broke: {type(error).__name__}")
        # Reasons are written as kind and code: invalid_request_error.invalid_model
        kind, _, code = str(message.extra or "").partition(".")
        status = 0 if kind else _STATUS_OF_CLOSE.get(message.data, 0)
        told = f"closed with {message.data}"
        return _explain(Failure(status, code, kind, told), self._client, self._model)


@asynccontextmanager
async def open_session(client: Client, model: str) -> AsyncIterator[RealtimeSession]:
    """Once the server has said that there is a session. Cancelled, it closes the connection."""
    url = URL(str(client.sdk.base_url)) / "realtime" % {"model": model}
    timeout = aiohttp.ClientTimeout(
        total=None, sock_connect=min(_CONNECT_TIMEOUT_S, client.timeout_s)
    )
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http:
        with _mapped_errors(client, model):
            async with asyncio.timeout(client.timeout_s):
                socket = await http.ws_connect(
                    url,
                    headers=_write_headers(client),
                    proxy=_find_proxy(url),
                    max_msg_size=_MAX_EVENT_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_TIMEOUT_S),
                )
        async with socket:
            session = RealtimeSession(socket, client, model)
            await session.wait_for("session.created")
            yield session


@contextmanager
def _mapped_errors(client: Client, model: str) -> Iterator[None]:
    with client.mapped_errors(model):
        try:
            yield
        except aiohttp.WSServerHandshakeError as exc:
            raise _explain_refusal(exc, client, model) from exc
        except aiohttp.ConnectionTimeoutError as exc:
            raise ServiceDownError("no connection in time") from exc
        except aiohttp.ClientError as exc:
            raise ServiceDownError(f"no connection: {type(exc).__name__}") from exc


def _explain_refusal(
    refusal: aiohttp.WSServerHandshakeError, client: Client, model: str
) -> ParleyError:
    if refusal.status < 400:
        # It answers, but not with a WebSocket: there is no such thing here.
        return ModelMissingError(f"{refusal.status} instead of a WebSocket", model=model)
    retry_after_s = read_retry_after(refusal.headers or {})
    failure = Failure(refusal.status, message=refusal.message, retry_after_s=retry_after_s)
    return _explain(failure, client, model)


def _explain(failure: Failure, client: Client, model: str) -> ParleyError:
    if failure.codes & _MISSING_CODES:
        return ModelMissingError(failure.detail, model=model)
    return client.map_failure(failure, model, "speech")


def _write_headers(client: Client) -> dict[str, str]:
    """The key, and the organisation and project if the environment names them."""
    sdk = client.sdk
    named = {"OpenAI-Organization": sdk.organization, "OpenAI-Project": sdk.project}
    return {**sdk.auth_headers, **{name: told for name, told in named.items() if told}}


def _find_proxy(url: URL) -> str | None:
    """As the SDK's client finds it. aiohttp's own way would also read ~/.netrc from the disk."""
    if proxy_bypass(url.host or ""):
        return None
    return getproxies().get(url.scheme)
