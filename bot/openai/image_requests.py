"""One request to an image route, whole or watched while the picture is made."""

import asyncio
from typing import Any

import structlog

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client, Files, Wire
from bot.openai.failures import read_failure
from bot.openai.fields import find, find_text
from bot.openai.image_answers import add_usage, read_picture, read_pictures, read_usage
from handlers.errors import ParleyError, ServiceDownError, ServiceRejectedError
from handlers.ports.images import OnPartial, Picture, Pictures

log = structlog.get_logger(__name__)

Body = dict[str, Any]

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
    ) -> Pictures:
        """So many pictures, in as few requests as the model allows.

        Busy and broken servers are tried again, but not once a picture was begun. If a later
        request fails, what the earlier ones made is the answer: it is paid.
        """
        most = self._catalogue.images_per_request(self._model)
        made = await self._send(path, body | {"n": min(count, most)}, files, on_partial)
        while len(made.pictures) < count and count > most:
            left = min(count - len(made.pictures), most)
            try:
                more = await self._send(path, body | {"n": left}, files, None)
            except ParleyError as failure:
                log.warning("fewer pictures than asked for", reason=str(failure))
                break
            usage = add_usage(made.usage, more.usage)
            made = Pictures((*made.pictures, *more.pictures), usage)
        return made

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

        async def begin() -> tuple[Wire, object]:
            wire = await self._client.stream_form(path, body, files)
            try:
                return wire, await anext(wire)
            except StopAsyncIteration:
                await wire.close()
                raise ServiceDownError("the stream ended before it began") from None
            except BaseException:
                await wire.close()
                raise

        wire, event = await self._client.ask(begin, model=self._model, subject="picture")
        try:
            while (made := await self._read_event(event, on_partial)) is None:
                event = await self._next(wire)
            return made
        finally:
            await wire.close()

    async def _next(self, wire: Wire) -> object:
        with self._client.mapped_errors(self._model, "picture"):
            try:
                async with asyncio.timeout(self._client.whole_timeout_s):
                    return await anext(wire)
            except StopAsyncIteration:
                raise ServiceDownError("the stream ended before the picture was whole") from None

    async def _read_event(self, event: object, on_partial: OnPartial) -> Pictures | None:
        """The picture, once it is whole."""
        kind = find_text(event, "type")
        if kind.endswith(".partial_image"):
            try:
                on_partial(await read_picture(event))
            except ParleyError as failure:
                log.info("a picture's beginning could not be shown", reason=str(failure))
            return None
        if kind.endswith(".completed"):
            return self._priced(event, (await read_picture(event),))
        if kind == "error" or find(event, "error"):
            raise self._client.map_failure(read_failure(event), self._model, "picture")
        # A server that does not stream sends its whole answer, and that in one piece.
        return await self._read(event) if find(event, "data") is not None else None

    async def _read(self, answer: object) -> Pictures:
        return self._priced(answer, await read_pictures(answer))

    def _priced(self, answer: object, pictures: tuple[Picture, ...]) -> Pictures:
        entry, picture_tokens = read_usage(answer, self._model, len(pictures))
        return Pictures(pictures, self._catalogue.price(entry, picture_tokens))
