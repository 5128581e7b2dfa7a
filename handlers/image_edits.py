"""/edit and /variation: pictures made from pictures."""

from collections.abc import Sequence

import structlog

from handlers.commands import wrong_arguments
from handlers.conversation import pseudonym
from handlers.errors import NothingToDoError, RouteMissingError
from handlers.gallery import Gallery, Work
from handlers.messages import MediaRef, Origin
from handlers.picture_options import read_line
from handlers.picture_sources import PictureSources, Sources
from handlers.ports.images import ImageGenerator, ImageOptions, Picture, Pictures
from handlers.ports.platforms import Activity
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
        work = await self._gallery.restore(turn)
        if work is None:
            work = await self._edit(turn, prompt, options, sources)
        await self._gallery.deliver(turn, work, f"/edit {line}")

    async def _earlier(self, turn: Turn, words: Sequence[str]) -> tuple[Sources, str]:
        """What ``12 2 m`` names: exchange 12, whose first two were made, whose last is the mask."""
        exchange = await self._gallery.find(turn, words[0])
        count = int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0
        refs = exchange.media[count:]
        mask = refs[-1] if "m" in words[2:] and len(refs) > 1 else None
        pictures = refs[:-1] if mask is not None else refs
        if not count or not pictures:
            raise NothingToDoError("picture_forgotten")
        return Sources(pictures, mask), exchange.question.removeprefix("/edit").strip()

    async def _edit(
        self, turn: Turn, prompt: str, options: ImageOptions, sources: Sources | None
    ) -> Work:
        with turn.stoppable():
            async with turn.reply.working(Activity.DRAWING):
                sources = sources or await self._sources.collect(turn)
                async with self._gallery.room(options.count, len(sources.refs)):
                    pictures = await self._gallery.load(sources.refs)
                    mask = pictures.pop() if sources.mask is not None else None
                    made = await self._generator.edit(
                        prompt, pictures, mask, options, _person(turn), turn.reply.preview
                    )
                    turn.spent(made.usage)
        return await self._gallery.keep(
            turn, made, sources=sources.refs, has_mask=sources.mask is not None
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
        work = await self._gallery.restore(turn)
        if work is None:
            work = await self._vary(turn, options, source)
        await self._gallery.deliver(turn, work, f"/variation {line}".strip())

    async def _vary(self, turn: Turn, options: ImageOptions, source: MediaRef | None) -> Work:
        with turn.stoppable():
            async with turn.reply.working(Activity.DRAWING):
                source = source or await self._single(turn)
                async with self._gallery.room(options.count, 1):
                    [picture] = await self._gallery.load([source])
                    made, is_edit = await self._varied(turn, picture, options)
                    turn.spent(made.usage)
        note = say("variation_by_edit") if is_edit else ""
        return await self._gallery.keep(turn, made, sources=[source], note=note)

    async def _single(self, turn: Turn) -> MediaRef:
        sources = await self._sources.collect(turn)
        if len(sources.refs) > 1:
            raise NothingToDoError("one_picture_only")
        return sources.pictures[0]

    async def _varied(
        self, turn: Turn, picture: Picture, options: ImageOptions
    ) -> tuple[Pictures, bool]:
        """The pictures, and whether they are an edit, for want of a better route."""
        try:
            return await self._generator.vary(picture, options, _person(turn)), False
        except RouteMissingError as missing:
            log.info("a variation is made by an edit", detail=str(missing))
        edited = self._generator.edit(
            VARY, [picture], None, options, _person(turn), turn.reply.preview
        )
        return await edited, True


def _person(turn: Turn) -> str:
    return pseudonym(turn.message.sender.key)
