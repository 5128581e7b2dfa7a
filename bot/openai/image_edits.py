"""Pictures made from pictures: edits by words, and variations without any."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import structlog

from bot.openai.client import Files
from bot.openai.image_bodies import ImageBodies
from bot.openai.image_requests import ImageRequests
from handlers.errors import PictureOptionError, RouteMissingError
from handlers.media.squares import Square, from_square, mask_square, to_square
from handlers.media.threads import run_to_end
from handlers.ports.images import ImageOptions, OnPartial, OnRound, Picture, Pictures

log = structlog.get_logger(__name__)

Result = TypeVar("Result")

_EDITS = "/images/edits"
_VARIATIONS = "/images/variations"
_PNG = "image/png"


class Squares:
    """Brings pictures into a square and back, one at a time: each takes tens of megabytes."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def make(self, picture: Picture) -> Square:
        return await self._run(to_square, picture.data)

    async def mask(self, like: Square, mask: Picture | None) -> bytes:
        return await self._run(mask_square, like, mask.data if mask is not None else b"")

    async def undo(self, made: Pictures, square: Square) -> Pictures:
        pictures = []
        for picture in made.pictures:
            data = await self._run(from_square, picture.data, square.box)
            is_same = data is picture.data
            pictures.append(picture if is_same else replace(picture, data=data, mime=_PNG))
        return replace(made, pictures=tuple(pictures))

    async def _run(self, work: Callable[..., Result], *arguments: object) -> Result:
        async with self._lock:
            return await run_to_end(work, *arguments)


class EditRoute:
    def __init__(self, requests: ImageRequests, bodies: ImageBodies, *, is_square: bool) -> None:
        """``is_square``: the model takes one square PNG and nothing else."""
        self._requests = requests
        self._bodies = bodies
        self._squares = Squares() if is_square else None

    async def edit(
        self,
        prompt: str,
        pictures: Sequence[Picture],
        mask: Picture | None,
        options: ImageOptions,
        person: str,
        on_partial: OnPartial | None,
        on_round: OnRound | None,
    ) -> Pictures:
        if self._squares is not None:
            if len(pictures) > 1:
                raise PictureOptionError(f"{len(pictures)}", option="more than one picture")
            edited = (prompt, pictures[0], mask)
            return await self._edit_square(self._squares, edited, options, person, on_round)
        return await self._requests.send(
            _EDITS,
            self._bodies.build(options, person) | {"prompt": prompt},
            _form(pictures, mask),
            count=options.count,
            on_partial=on_partial,
            on_round=on_round,
        )

    async def _edit_square(
        self,
        squares: Squares,
        edited: tuple[str, Picture, Picture | None],
        options: ImageOptions,
        person: str,
        on_round: OnRound | None,
    ) -> Pictures:
        """``edited``: the words, the picture and its mask."""
        prompt, picture, mask = edited
        body = self._bodies.build_square(options, person) | {"prompt": prompt}
        square = await squares.make(picture)
        drawn_mask = None
        # Where the picture itself is transparent, such a model takes that for the mask.
        if mask is not None or not square.has_holes:
            drawn_mask = Picture(await squares.mask(square, mask), _PNG)
        return await self._requests.send(
            _EDITS,
            body,
            _form([Picture(square.png, _PNG)], drawn_mask),
            count=options.count,
            on_round=on_round,
            finish=lambda made: squares.undo(made, square),
        )


class VariationRoute:
    """The endpoint for variations, of which the SDK says that it is deprecated."""

    def __init__(self, requests: ImageRequests, bodies: ImageBodies) -> None:
        self._requests = requests
        self._bodies = bodies
        self._squares = Squares()
        self._is_missing = False

    async def vary(
        self, picture: Picture, options: ImageOptions, person: str, on_round: OnRound | None
    ) -> Pictures:
        if self._is_missing:
            raise RouteMissingError("no variations", model=self._bodies.model)
        body = self._bodies.build_square(options, person)
        square = await self._squares.make(picture)
        form = _form([Picture(square.png, _PNG)], None)
        try:
            return await self._requests.send(
                _VARIATIONS,
                body,
                form,
                count=options.count,
                on_round=on_round,
                finish=lambda made: self._squares.undo(made, square),
            )
        except RouteMissingError as missing:
            self._is_missing = True
            log.warning("the service makes no variations; edits take their place", why=str(missing))
            raise


def _form(pictures: Sequence[Picture], mask: Picture | None) -> Files:
    field = "image" if len(pictures) == 1 else "image[]"
    files = [
        (field, (f"picture{number}.{_ending(picture)}", picture.data, picture.mime))
        for number, picture in enumerate(pictures, start=1)
    ]
    if mask is not None:
        files.append(("mask", ("mask.png", mask.data, _PNG)))
    return files


def _ending(picture: Picture) -> str:
    return "jpg" if picture.mime == "image/jpeg" else picture.mime.rpartition("/")[2]
