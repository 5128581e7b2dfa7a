"""/image: a picture made from words, and what the buttons under it do."""

from dataclasses import replace

from handlers.answers.conversation import pseudonym
from handlers.commands import wrong_arguments
from handlers.media.kinds import picture_name
from handlers.pictures.gallery import Gallery
from handlers.pictures.picture_options import read_line
from handlers.ports.images import ImageGenerator, ImageOptions
from handlers.turn import Turn


class Images:
    def __init__(self, generator: ImageGenerator, gallery: Gallery) -> None:
        self._generator = generator
        self._gallery = gallery

    async def make(self, turn: Turn) -> None:
        """/image [options] prompt. The pictures become part of the conversation."""
        await self._make(turn, turn.message.text.strip())

    async def again(self, turn: Turn) -> None:
        """The Again button: the same prompt and options anew.

        ``12 1 5be1a3c7``: as a tool was given them for that picture.
        """
        exchange_id, place, mark, *_ = [*turn.message.text.split(), "", "", ""]
        if place:
            line = (await self._gallery.find_step(turn, exchange_id, place, mark)).line
        else:
            line = (await self._gallery.find(turn, exchange_id)).question
        await self._make(turn, line.removeprefix("/image").strip())

    async def full_size(self, turn: Turn) -> None:
        """The Full size button: the picture's own bytes, which platforms make smaller."""
        ref = await self._gallery.find_picture(turn, turn.message.text)
        [picture] = await self._gallery.load([ref])
        place = "-".join(turn.message.text.split()[:2])
        name = picture_name(ref.mime, f"picture-{place}")
        await turn.reply.file("file", name, picture.data, ref.mime)

    async def _make(self, turn: Turn, line: str) -> None:
        options, prompt = read_line(line)
        if not prompt:
            raise wrong_arguments("image")
        left = await self._gallery.left(turn, options.count)
        if left > 0:
            await self._draw(turn, prompt, replace(options, count=left))
        work = await self._gallery.finish(turn, options.count)
        await self._gallery.deliver(turn, work, f"/image {line}")

    async def _draw(self, turn: Turn, prompt: str, options: ImageOptions) -> None:
        """Made and kept: only the names of the pictures are held while they are sent."""
        async with self._gallery.drawing(turn), self._gallery.room(options.count):
            await self._generator.generate(
                prompt,
                options,
                pseudonym(turn.message.sender.key),
                turn.reply.preview,
                self._gallery.keeper(turn),
            )
