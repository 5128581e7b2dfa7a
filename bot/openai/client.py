"""The one connection to the service, and the one place where its errors become ours."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from bot.openai.failures import (
    Failure,
    Subject,
    foreign_errors,
    map_error,
    map_failure,
    read_refusal,
)
from bot.openai.options import OpenAIOptions
from bot.openai.retries import Pause, retry_before_first_chunk
from handlers.errors import ModelMissingError, ParleyError, RouteMissingError

if TYPE_CHECKING:
    import openai

T = TypeVar("T")

Files = Sequence[tuple[str, tuple[str, bytes, str]]]
"""Fields of a form, each with a file's name, bytes and MIME type."""

_CONNECT_TIMEOUT_S = 10.0


class Wire(Protocol):
    """An iterator of the server's events that can be closed."""

    def __aiter__(self) -> AsyncIterator[Any]: ...
    async def __anext__(self) -> Any: ...
    async def close(self) -> None: ...


class WholeBody:
    """An answer in one piece, as a Wire of one event."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        body, self._body = self._body, None
        if body is None:
            raise StopAsyncIteration
        return json.loads(body)

    async def close(self) -> None:
        pass


async def _as_wire(events: "openai.AsyncStream[object]") -> Wire:
    if "json" not in events.response.headers.get("content-type", ""):
        return events
    return WholeBody(await events.response.aread())


def _form(files: Files) -> Any:
    # The SDK writes a form only where the header asks for one.
    return {"headers": {"Content-Type": "multipart/form-data"}} if files else {}


class Client:
    """The SDK's client with our timeouts, our retries and our errors."""

    def __init__(
        self,
        sdk: "openai.AsyncOpenAI",
        patient_sdk: "openai.AsyncOpenAI",
        options: OpenAIOptions,
        pause: Pause,
    ) -> None:
        self.sdk = sdk
        """For streams."""
        self.patient_sdk = patient_sdk
        """For answers in one piece; the same connections, more patience."""
        self.timeout_s = options.timeout_s
        self.whole_timeout_s = options.whole_timeout_s
        self._secret = options.api_key
        self._pause = pause

    async def stream(self, path: str, body: dict[str, Any]) -> Wire:
        """The events of an answer, each as the server's JSON has it.

        A server that does not stream and sends its whole answer at once is one with one event.

        The SDK has types for them, but takes half a second of the first person's time to build
        those of Responses, and then ten times as long over every chunk (70 us against 7).
        """
        import openai  # noqa: PLC0415  # loaded long since: create_client does

        kind = openai.AsyncStream[object]
        events = await self.sdk.post(path, cast_to=object, body=body, stream=True, stream_cls=kind)
        return await _as_wire(events)

    async def post(
        self, path: str, body: dict[str, Any], files: Files = (), key: str = ""
    ) -> object:
        """A whole answer as the server's JSON has it; a string if it is none.

        With ``files`` the body is a form. ``key``: a server that knows such keys does the same
        once.
        """
        options = _form(files)
        if key:
            options = {"headers": {**options.get("headers", {}), "Idempotency-Key": key}}
        return await self.patient_sdk.post(
            path, cast_to=object, body=body, files=list(files) or None, options=options
        )

    async def get(self, path: str) -> object:
        return await self.patient_sdk.get(path, cast_to=object)

    async def delete(self, path: str) -> object:
        return await self.patient_sdk.delete(path, cast_to=object)

    async def stream_form(self, path: str, body: dict[str, Any], files: Files = ()) -> Wire:
        """As ``stream``, with files, and with the patience of ``post``."""
        import openai  # noqa: PLC0415  # loaded long since: create_client does

        events = await self.patient_sdk.post(
            path,
            cast_to=object,
            body=body,
            files=list(files) or None,
            options=_form(files),
            stream=True,
            stream_cls=openai.AsyncStream[object],
        )
        return await _as_wire(events)

    async def ask(
        self, request: Callable[[], Awaitable[T]], *, model: str, subject: Subject = "text"
    ) -> T:
        """The answer to a request whose answer comes in one piece."""

        async def attempt() -> T:
            with self.mapped_errors(model, subject):
                async with asyncio.timeout(self.whole_timeout_s):
                    return await request()

        try:
            return await self.retry(attempt, model=model)
        except ModelMissingError as exc:
            # /model chooses the chat's model: for this one it would be the wrong advice.
            raise RouteMissingError(str(exc), model=model) from exc

    async def retry(self, attempt: Callable[[], Awaitable[T]], *, model: str) -> T:
        return await retry_before_first_chunk(attempt, pause=self._pause, model=model)

    @contextmanager
    def mapped_errors(self, model: str, subject: Subject = "text") -> Iterator[None]:
        try:
            yield
        except foreign_errors() as exc:
            raise map_error(exc, model=model, secret=self._secret, subject=subject) from exc

    def read_refusal(self, exc: Exception) -> Failure:
        """What the server told in an answer that is no success."""
        return read_refusal(exc, self._secret)

    def map_failure(self, failure: Failure, model: str, subject: Subject = "text") -> ParleyError:
        """The error that a failure told in a stream means."""
        return map_failure(failure, model=model, secret=self._secret, subject=subject)

    async def aclose(self) -> None:
        await self.sdk.close()


def create_client(options: OpenAIOptions, pause: Pause = asyncio.sleep) -> Client:
    """Load the SDK (half a second, 50 MB) and open a client. Blocks: call it in a thread."""
    import openai  # noqa: PLC0415  # what does not talk to the service need not pay for it

    connect_s = min(_CONNECT_TIMEOUT_S, options.timeout_s)
    sdk = openai.AsyncOpenAI(
        # The SDK wants a key; servers of one's own mostly want none and ignore it.
        api_key=options.api_key or "none",
        base_url=options.url,
        max_retries=0,
        timeout=openai.Timeout(options.timeout_s, connect=connect_s),
    )
    patient_sdk = sdk.with_options(
        timeout=openai.Timeout(options.whole_timeout_s, connect=connect_s)
    )
    # Each is imported when it is first touched: here, rather than in the first person's question.
    _ = (patient_sdk.images, patient_sdk.models)
    audio = patient_sdk.audio
    _ = (audio.transcriptions, audio.translations, audio.speech)
    return Client(sdk, patient_sdk, options, pause)
