"""Requests to an image endpoint, whole or watched while the picture is made."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import structlog

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client, Files, Wire
from bot.openai.failures import read_failure
from bot.openai.fields import find, find_text
from bot.openai.image_answers import read_picture, read_pictures, read_usage
from handlers.errors import ParleyError, ServiceDownError, ServiceRejectedError
from handlers.messages import UsageEntry
from handlers.ports.images import OnPartial, OnRound, Pictures

log = structlog.get_logger(__name__)

Body = dict[str, Any]
Finish = Callable[[Pictures], Awaitable[Pictures]]
"""Brings what one request gave into the form that was asked for."""

_STREAMING = {"stream": True}
_STREAM_WORDS = ("stream", "partial_images")


class ImageRequests:
    """Sends requests for one model; knows whether its server lets itself be watched."""

    def __init__(
        self, client: Client, catalogue: ModelCatalogue, model: str, partials: int
    ) -> None:
        """``partials``: how often a picture is shown while it is made; 0 for never."""
        self._client = client
        self._catalogue = catalogue
        self._model = model
        self._partials = partials if catalogue.shows_partial_images(model) else 0

    async def send(
        self,
        path: str,
        body: Body,
        files: Files = (),
        *,
        count: int = 1,
        on_partial: OnPartial | None = None,
        on_round: OnRound | None = None,
        finish: Finish | None = None,
    ) -> Pictures:
        """So many pictures, in as few requests as the model allows.

        Busy and broken servers are tried again, but not once a picture was begun.
        """
        most = self._catalogue.images_per_request(self._model)

        async def ask(number: int, watcher: OnPartial | None) -> Pictures:
            made = await self._send(path, body | {"n": number}, files, watcher)
            if finish is None:
                return made
            with billed(made.usage):
                return await finish(made)

        return await in_rounds(count, most, ask, on_partial, on_round)

    async def _send(
        self, path: str, body: Body, files: Files, on_partial: OnPartial | None
    ) -> Pictures:
        if on_partial is not None and self._partials and body["n"] == 1:
            try:
                return await self._watch(path, body, files, on_partial)
            except ServiceRejectedError as refusal:
                if not any(word in str(refusal) for word in _STREAM_WORDS):
                    raise
                log.info("pictures are not shown while they are made", reason=str(refusal))
                self._partials = 0
        answer = await self._client.ask(
            lambda: self._client.post(path, body, files), model=self._model, subject="picture"
        )
        return await self._read(answer)

    async def _watch(self, path: str, body: Body, files: Files, on_partial: OnPartial) -> Pictures:
        body = body | _STREAMING | {"partial_images": self._partials}
        async with aclosing(picture_events(self._client, self._model, path, body, files)) as events:
            async for event in events:
                if (made := await self._read_event(event, on_partial)) is not None:
                    return made
        raise ServiceDownError("the stream ended before the picture was whole")

    async def _read_event(self, event: object, on_partial: OnPartial) -> Pictures | None:
        """The picture, once it is whole."""
        kind = find_text(event, "type")
        if kind.endswith(".partial_image"):
            await show_beginning(event, on_partial)
            return None
        if kind.endswith(".completed"):
            with billed(self._price(event, 0)):
                picture = await read_picture(event)
            return Pictures((picture,), self._price(event, 1))
        if kind == "error" or find(event, "error"):
            raise self._client.map_failure(read_failure(event), self._model, "picture")
        # A server that does not stream sends its whole answer, and that in one piece.
        return await self._read(event) if find(event, "data") is not None else None

    async def _read(self, answer: object) -> Pictures:
        with billed(self._price(answer, 0)):
            pictures = await read_pictures(answer)
        return Pictures(pictures, self._price(answer, len(pictures)))

    def _price(self, answer: object, count: int) -> UsageEntry:
        entry, picture_tokens = read_usage(answer, self._model, count)
        return self._catalogue.price(entry, picture_tokens)


@contextmanager
def billed(usage: UsageEntry) -> Iterator[None]:
    """What fails in the block has cost this, if that is anything."""
    try:
        yield
    except ParleyError as failure:
        if usage.input_tokens or usage.output_tokens or usage.cost_usd:
            failure.usage = (usage,)
        raise


async def in_rounds(
    count: int,
    most: int,
    ask: Callable[[int, OnPartial | None], Awaitable[Pictures]],
    on_partial: OnPartial | None,
    on_round: OnRound | None,
) -> Pictures:
    """``count`` pictures by requests of ``most`` each; only the first of them is watched.

    If a later request fails, what the earlier ones made is the answer: it is paid. What the failed
    one cost is told as a round without pictures.
    """
    made = await ask(min(count, most), on_partial)
    if on_round is not None:
        await on_round(made)
    while len(made.pictures) < count and count > most:
        try:
            more = await ask(min(count - len(made.pictures), most), None)
        except ParleyError as failure:
            log.warning("fewer pictures than asked for", reason=str(failure))
            for entry in failure.usage:
                made += (nothing := Pictures((), entry))
                if on_round is not None:
                    await on_round(nothing)
            break
        if on_round is not None:
            await on_round(more)
        made += more
    return made


async def picture_events(
    client: Client, model: str, path: str, body: Body, files: Files = ()
) -> AsyncGenerator[object, None]:
    """The events of a picture that is watched.

    Until the first has come, a busy or broken server is asked again; from then on it would be paid
    twice.
    """

    async def begin() -> tuple[Wire, object]:
        wire = await client.stream_form(path, body, files)
        try:
            return wire, await anext(wire)
        except StopAsyncIteration:
            await wire.close()
            raise ServiceDownError("the stream ended before it began") from None
        except BaseException:
            await wire.close()
            raise

    wire, event = await client.ask(begin, model=model, subject="picture")
    try:
        while True:
            yield event
            with client.mapped_errors(model, "picture"):
                try:
                    async with asyncio.timeout(client.whole_timeout_s):
                        event = await anext(wire)
                except StopAsyncIteration:
                    return
    finally:
        await wire.close()


async def show_beginning(event: object, on_partial: OnPartial) -> None:
    try:
        on_partial(await read_picture(event))
    except ParleyError as failure:
        log.info("a picture's beginning could not be shown", reason=str(failure))
