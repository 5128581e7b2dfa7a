"""Files that people sent, from where Discord keeps them.

An address there is signed: whoever holds it has the file, until it expires after about a day. So
none stands in an error, and one that has expired is asked for anew.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable

import aiohttp
import discord
import structlog

from bot.discord.rest import Json, Rest
from handlers.errors import FileTooLargeError, FileUnavailableError, ParleyError
from handlers.media.sizes import human_size
from handlers.messages import Attachment

log = structlog.get_logger(__name__)

PAUSES_S = (0.5, 2.0)
"""Before each repeat, after a connection that broke or a server that failed."""
CONNECT_TIMEOUT_S = 10.0
SILENCE_TIMEOUT_S = 15.0
TOTAL_TIMEOUT_S = 90.0
"""With all repeats; 25 MB in that time are 2.2 Mbit/s."""
CHUNK_BYTES = 64 * 1024
EXPIRED = (403, 404)
BUSY = 429
UNREACHABLE = (aiohttp.ClientError, OSError, ValueError)
"""What aiohttp raises, for an address that is none too; TimeoutError is an OSError."""


class AddressExpiredError(FileUnavailableError):
    pass


class TransferBrokenError(FileUnavailableError):
    """May be gone when it is tried again."""


class FileFetcher:
    """Sends no credentials, keeps no cookies, follows no redirects."""

    def __init__(
        self,
        rest: Rest,
        max_bytes: int,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        silence_timeout_s: float = SILENCE_TIMEOUT_S,
        total_timeout_s: float = TOTAL_TIMEOUT_S,
    ) -> None:
        """``silence_timeout_s``: how long a server may send nothing before it is asked again."""
        self._rest = rest
        self._max_bytes = max_bytes
        self._pause = pause
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=silence_timeout_s
        )
        self._total_timeout_s = total_timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._is_closed = False

    async def fetch(self, attachment: Attachment) -> bytes:
        """The file's bytes, of which never more than ``max_bytes`` are held.

        FileTooLargeError over that, whatever the sender's app said of the size; else
        FileUnavailableError.
        """
        try:
            async with asyncio.timeout(self._total_timeout_s):
                return await self._fetch(attachment)
        except TimeoutError as exc:
            raise FileUnavailableError("it took too long") from exc

    async def aclose(self) -> None:
        """Ends what is being fetched. Again is harmless."""
        self._is_closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _fetch(self, attachment: Attachment) -> bytes:
        url, _, place = attachment.ref.partition(" ")
        try:
            return await self._download(url, attachment)
        except AddressExpiredError:
            if not place:
                raise
        log.info("the address of a file has expired", place=place)
        return await self._download(await self._fresh_url(place), attachment)

    async def _download(self, url: str, attachment: Attachment) -> bytes:
        for pause_s in PAUSES_S:
            try:
                return await self._try(url, attachment)
            except TransferBrokenError as failure:
                log.info("a file is asked for again", detail=str(failure))
                await self._pause(pause_s)
        return await self._try(url, attachment)

    async def _try(self, url: str, attachment: Attachment) -> bytes:
        try:
            async with self._open().get(url, allow_redirects=False) as response:
                if response.status != 200:
                    raise _refusal(response.status)
                return await self._read(response, attachment)
        except UNREACHABLE as exc:
            raise TransferBrokenError(type(exc).__name__) from exc

    async def _read(self, response: aiohttp.ClientResponse, attachment: Attachment) -> bytes:
        size = response.content_length
        if size is not None and size > self._max_bytes:
            raise self._too_large(attachment, human_size(size))
        data = io.BytesIO()  # gives its bytes without a copy
        async for chunk in response.content.iter_chunked(CHUNK_BYTES):
            if data.tell() + len(chunk) > self._max_bytes:
                raise self._too_large(attachment, f"more than {human_size(self._max_bytes)}")
            data.write(chunk)
        return data.getvalue()

    def _too_large(self, attachment: Attachment, size: str) -> FileTooLargeError:
        return FileTooLargeError(attachment.kind, size=size, limit=human_size(self._max_bytes))

    async def _fresh_url(self, place: str) -> str:
        """``place``: channel, message and file, as ``Attachment.ref`` has them."""
        channel_id, message_id, attachment_id = place.split("/")
        try:
            message = await self._rest.get_message(int(channel_id), int(message_id))
        except (discord.DiscordException, aiohttp.ClientError, OSError) as exc:
            raise FileUnavailableError(f"its message: {type(exc).__name__}") from exc
        url = _url_in(message, attachment_id)
        if url is None:
            raise FileUnavailableError("it does not hang on its message any more")
        return url

    def _open(self) -> aiohttp.ClientSession:
        if self._is_closed:
            raise FileUnavailableError("the process is ending")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                # What is small as it is sent may be without bound when it is unpacked.
                headers={"Accept-Encoding": "identity"},
                auto_decompress=False,
            )
        return self._session


def _refusal(status: int) -> ParleyError:
    if status in EXPIRED:
        return AddressExpiredError(f"HTTP {status}")
    if status == BUSY or status >= 500:
        return TransferBrokenError(f"HTTP {status}")
    return FileUnavailableError(f"HTTP {status}")


def _url_in(message: Json, attachment_id: str) -> str | None:
    """The address of a file that hangs on a message, or on one that it forwards."""
    forwarded = [one.get("message", {}) for one in message.get("message_snapshots") or []]
    for holder in (message, *forwarded):
        for attachment in holder.get("attachments") or []:
            if str(attachment.get("id")) == attachment_id:
                return str(attachment["url"])
    return None
