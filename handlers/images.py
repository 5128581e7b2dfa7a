"""/image: a picture made from words, and what the buttons under it do."""

from handlers.commands import wrong_arguments
from handlers.conversation import pseudonym
from handlers.gallery import Gallery, Work
from handlers.media.kinds import picture_name
from handlers.picture_options import read_line
from handlers.ports.images import ImageGenerator, ImageOptions
from handlers.ports.platforms import Activity
from handlers.turn import Turn


class Images:
    def __init__(self, generator: ImageGenerator, gallery: Gallery) -> None:
        self._generator = generator
        self._gallery = gallery

    async def make(self, turn: Turn) -> None:
        """/image [options] prompt. The pictures become part of the conversation."""
        await self._make(turn, turn.message.text.strip())

    async def again(self, turn: Turn) -> None:
        """The Again button: the same prompt and options anew."""
        exchange = await self._gallery.find(turn, turn.message.text)
        await self._make(turn, exchange.question.removeprefix("/image").strip())

    async def full_size(self, turn: Turn) -> None:
        """The Full size button: the picture's own bytes, which platforms make smaller."""
        ref = await self._gallery.find_picture(turn, turn.message.text)
        [picture] = await self._gallery.load([ref])
        name = picture_name(ref.mime, f"picture-{turn.message.text.replace(' ', '-')}")
        await turn.reply.file("file", name, picture.data, ref.mime)

    async def _make(self, turn: Turn, line: str) -> None:
        options, prompt = read_line(line)
        if not prompt:
            raise wrong_arguments("image")
        work = await self._gallery.restore(turn) or await self._draw(turn, prompt, options)
        await self._gallery.deliver(turn, work, f"/image {line}")

    async def _draw(self, turn: Turn, prompt: str, options: ImageOptions) -> Work:
        """Made and kept: only the names of the pictures are held while they are sent."""
        with turn.stoppable():
            async with self._gallery.room(options.count), turn.reply.working(Activity.DRAWING):
                made = await self._generator.generate(
                    prompt, options, pseudonym(turn.message.sender.key), turn.reply.preview
                )
                turn.spent(made.usage)
        # Paid for: whoever stops it now gets it all the same.
        return await self._gallery.keep(turn, made)
