"""/edit and /variation: pictures made from pictures."""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from handlers.answers.conversation import pseudonym
from handlers.commands import wrong_arguments
from handlers.errors import NothingToDoError, RouteMissingError
from handlers.messages import MediaRef, Origin
from handlers.pictures.gallery import Gallery
from handlers.pictures.made_pictures import TOOL
from handlers.pictures.picture_options import read_line
from handlers.pictures.picture_sources import PictureSources, Sources
from handlers.ports.images import ImageGenerator, ImageOptions, Picture
from handlers.prompts import VARY
from handlers.texts import say
from handlers.turn import Turn

log = structlog.get_logger(__name__)


class ImageEdits:
    def __init__(
        self, generator: ImageGenerator, gallery: Gallery, sources: PictureSources
    ) -> None:
        self._generator = generator
        self._gallery = gallery
        self._sources = sources

    # ------------------------------------------------------------ /edit

    async def edit(self, turn: Turn) -> None:
        """/edit [options] prompt, as a reply to pictures or with them; and its buttons.

        The Edit button has no words and asks for some; Again names the edit that it repeats.
        """
        message = turn.message
        sources, line = None, message.text.strip()
        if message.origin is Origin.BUTTON:
            if not line:
                await turn.reply.line("how", say("edit_how"))
                return
            sources, line = await self._earlier(turn, line.split())
        options, prompt = read_line(line)
        if not prompt:
            raise wrong_arguments("edit")
        left = await self._gallery.left(turn, options.count)
        if left > 0:
            await self._edit(turn, prompt, replace(options, count=left), sources)
        work = await self._gallery.finish(turn, options.count)
        await self._gallery.deliver(turn, work, f"/edit {line}")

    async def _earlier(self, turn: Turn, words: Sequence[str]) -> tuple[Sources, str]:
        """What ``12 2 m`` names: exchange 12, whose first two were made, whose last is the mask.

        ``12 t 1 5be1a3c7``: what a tool was given for the picture at place 1 with this mark.
        """
        if len(words) > 2 and words[1] == TOOL:
            mark = words[3] if len(words) > 3 else ""
            step = await self._gallery.find_step(turn, words[0], words[2], mark)
            return Sources(step.sources), step.line.removeprefix("/edit").strip()
        exchange = await self._gallery.find(turn, words[0])
        count = int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0
        refs = exchange.media[count:]
        mask = replace(refs[-1], is_mask=True) if "m" in words[2:] and len(refs) > 1 else None
        pictures = refs[:-1] if mask is not None else refs
        if not count or not pictures:
            raise NothingToDoError("picture_forgotten")
        return Sources(pictures, mask), exchange.question.removeprefix("/edit").strip()

    async def _edit(
        self, turn: Turn, prompt: str, options: ImageOptions, sources: Sources | None
    ) -> None:
        async with self._gallery.drawing(turn):
            sources = sources or await self._sources.collect(turn)
            async with self._gallery.room(options.count, len(sources.refs)):
                pictures = await self._gallery.load(sources.refs)
                mask = pictures.pop() if sources.mask is not None else None
                keep = self._gallery.keeper(
                    turn, sources=sources.refs, has_mask=sources.mask is not None
                )
                await self._generator.edit(
                    prompt, pictures, mask, options, _person(turn), turn.reply.preview, keep
                )

    # ------------------------------------------------------------ /variation

    async def variation(self, turn: Turn) -> None:
        """/variation [options], as a reply to a picture or with one; and its button."""
        message = turn.message
        source, line = None, message.text.strip()
        if message.origin is Origin.BUTTON:
            source, line = await self._gallery.find_picture(turn, line), ""
        options, words = read_line(line)
        if words:
            raise wrong_arguments("variation")
        left = await self._gallery.left(turn, options.count)
        if left > 0:
            await self._vary(turn, replace(options, count=left), source)
        work = await self._gallery.finish(turn, options.count)
        await self._gallery.deliver(turn, work, f"/variation {line}".strip())

    async def _vary(self, turn: Turn, options: ImageOptions, source: MediaRef | None) -> None:
        async with self._gallery.drawing(turn):
            source = source or await self._single(turn)
            async with self._gallery.room(options.count, 1):
                [picture] = await self._gallery.load([source])
                await self._make_variations(turn, source, picture, options)

    async def _single(self, turn: Turn) -> MediaRef:
        sources = await self._sources.collect(turn)
        if len(sources.refs) > 1:
            raise NothingToDoError("one_picture_only")
        return sources.pictures[0]

    async def _make_variations(
        self, turn: Turn, source: MediaRef, picture: Picture, options: ImageOptions
    ) -> None:
        """By the endpoint for it or, for want of that, by an edit, which is told."""
        keep = self._gallery.keeper(turn, sources=[source])
        try:
            await self._generator.vary(picture, options, _person(turn), keep)
        except RouteMissingError as missing:
            log.info("a variation is made by an edit", detail=str(missing))
            note = say("variation_by_edit")
            keep = self._gallery.keeper(turn, sources=[source], note=note)
            await self._generator.edit(
                VARY, [picture], None, options, _person(turn), turn.reply.preview, keep
            )


def _person(turn: Turn) -> str:
    return pseudonym(turn.message.sender.key)
