"""HTTP for python-telegram-bot, over aiohttp: under load many times as fast as its own client.

A Telegram URL holds the bot's token, and aiohttp's errors quote the URL they failed at. So its
errors are replaced by Telegram's, which say only what kind of error it was, and are not chained.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import getproxies, proxy_bypass

import aiohttp
from telegram._utils.defaultvalue import DefaultValue  # what an omitted timeout is, to a request
from telegram._utils.types import ODVInput
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData
from yarl import URL

from handlers.errors import FileTooLargeError, FileUnavailableError

CHUNK_BYTES = 64 * 1024


class NotSentError(NetworkError):
    """The request did not reach the server: to repeat it does nothing twice."""

    __slots__ = ()


class AiohttpRequest(BaseRequest):
    """Raises NotSentError, TimedOut or NetworkError; after the last two it may have been served.

    No cookies, no redirects. Proxies are taken from HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
    """

    def __init__(
        self,
        connection_limit: int = 256,
        *,
        read_timeout_s: float | None = 20.0,
        write_timeout_s: float | None = 10.0,
        connect_timeout_s: float | None = 10.0,
        pool_timeout_s: float | None = 5.0,
        upload_timeout_s: float | None = 120.0,
        download_timeout_s: float | None = 120.0,
    ) -> None:
        """``upload_timeout_s`` replaces ``write_timeout_s`` when there are files."""
        self._connection_limit = connection_limit
        self._read_timeout_s = read_timeout_s
        self._write_timeout_s = write_timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._pool_timeout_s = pool_timeout_s
        self._upload_timeout_s = upload_timeout_s
        self._download_timeout_s = download_timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[str, str] = {}
        self._is_shut_down = False

    @property
    def read_timeout(self) -> float | None:
        return self._read_timeout_s

    async def initialize(self) -> None:
        self._is_shut_down = False
        self._open()

    async def shutdown(self) -> None:
        self._is_shut_down = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        has_files = request_data is not None and request_data.contains_files
        timeout = _timeout(
            read_s=_chosen(read_timeout, self._read_timeout_s),
            write_s=_chosen(
                write_timeout, self._upload_timeout_s if has_files else self._write_timeout_s
            ),
            connect_s=_chosen(connect_timeout, self._connect_timeout_s),
            pool_s=_chosen(pool_timeout, self._pool_timeout_s),
        )
        with _telegram_errors():
            async with self._open().request(
                method,
                url,
                data=_body(request_data),
                timeout=timeout,
                allow_redirects=False,
                proxy=self._proxy(url),
            ) as response:
                return response.status, await response.read()

    async def download(self, url: str, max_bytes: int) -> bytes:
        """The file, of which never more than ``max_bytes`` are held.

        Raises FileTooLargeError, FileUnavailableError if the server has no such file, and what
        the class says.
        """
        timeout = aiohttp.ClientTimeout(
            total=self._download_timeout_s,
            connect=_sum(self._connect_timeout_s, self._pool_timeout_s),
            sock_read=self._read_timeout_s,
        )
        data = bytearray()
        with _telegram_errors():
            async with self._open().get(
                url, timeout=timeout, allow_redirects=False, proxy=self._proxy(url)
            ) as response:
                if response.status != 200:
                    raise FileUnavailableError(f"HTTP {response.status}")
                if (response.content_length or 0) > max_bytes:
                    raise _too_large(max_bytes)
                async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                    if len(data) + len(chunk) > max_bytes:
                        raise _too_large(max_bytes)
                    data += chunk
        return bytes(data)

    def _open(self) -> aiohttp.ClientSession:
        if self._is_shut_down:
            raise NotSentError("the connection to Telegram is shut down")
        if self._session is None:
            self._proxies = getproxies()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connection_limit),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
            )
        return self._session

    def _proxy(self, url: str) -> str | None:
        # aiohttp's own trust_env would also read ~/.netrc, from disk, before each request.
        if not self._proxies:
            return None
        target = URL(url)
        if proxy_bypass(target.host or ""):
            return None
        return self._proxies.get(target.scheme)


def _chosen(timeout_s: ODVInput[float], default_s: float | None) -> float | None:
    return default_s if isinstance(timeout_s, DefaultValue) else timeout_s


def _sum(*parts_s: float | None) -> float | None:
    """None, which is endless, if a part is."""
    known = [part for part in parts_s if part is not None]
    return sum(known) if len(known) == len(parts_s) else None


def _timeout(
    read_s: float | None, write_s: float | None, connect_s: float | None, pool_s: float | None
) -> aiohttp.ClientTimeout:
    # aiohttp has no bound on writing; the total is what ends an upload that hangs.
    return aiohttp.ClientTimeout(
        total=_sum(read_s, write_s, connect_s, pool_s),
        connect=_sum(connect_s, pool_s),
        sock_connect=connect_s,
        sock_read=read_s,
    )


def _body(request_data: RequestData | None) -> aiohttp.FormData | aiohttp.BytesPayload | None:
    if request_data is None:
        return None
    # A lone surrogate has no UTF-8; as an error it would look like one worth repeating.
    if not request_data.contains_files:
        encoded = request_data.url_encoded_parameters({"errors": "replace"}).encode()
        return aiohttp.BytesPayload(encoded, content_type="application/x-www-form-urlencoded")
    form = aiohttp.FormData(quote_fields=False, charset="utf-8")
    for name, text in request_data.json_parameters.items():
        form.add_field(name, text.encode(errors="replace").decode())
    for name, (file_name, content, mime) in request_data.multipart_data.items():
        # From a stream aiohttp sends large files in pieces, from bytes at once.
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, stream, filename=file_name, content_type=mime)
    return form


@contextmanager
def _telegram_errors() -> Iterator[None]:
    try:
        yield
    except (
        aiohttp.ClientConnectorError,
        aiohttp.ConnectionTimeoutError,
        aiohttp.ClientHttpProxyError,
        aiohttp.ServerFingerprintMismatch,
        aiohttp.InvalidURL,
        aiohttp.NonHttpUrlClientError,
    ) as error:
        raise NotSentError(f"not sent: {type(error).__name__}") from None
    except TimeoutError as error:
        raise TimedOut(f"timed out: {type(error).__name__}") from None
    except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:
        raise NetworkError(type(error).__name__) from None


def _too_large(max_bytes: int) -> FileTooLargeError:
    limit = f"{max_bytes // 10**6} MB" if max_bytes >= 10**6 else f"{max_bytes // 1000} kB"
    return FileTooLargeError("the platform's file", size=f"more than {limit}", limit=limit)
