"""/image: a picture made from words."""

from handlers.commands import wrong_arguments
from handlers.conversation import pseudonym
from handlers.messages import Exchange, MediaRef
from handlers.ports import Activity, ImageGenerator, MediaStore, Outcome, Picture
from handlers.prompts import PICTURE_MADE
from handlers.questions import author_of
from handlers.turn import Turn


class Images:
    def __init__(self, generator: ImageGenerator, media: MediaStore) -> None:
        self._generator = generator
        self._media = media

    async def make(self, turn: Turn) -> None:
        """/image prompt. The picture becomes part of the conversation."""
        prompt = turn.message.text.strip()
        if not prompt:
            raise wrong_arguments("image")
        with turn.stoppable():
            async with turn.reply.working(Activity.DRAWING):
                ref, picture = await self._draw(turn, prompt)
        await turn.commit(Outcome(exchange=_exchange(turn, prompt, ref)))
        await turn.reply.photo("photo", picture)

    async def _draw(self, turn: Turn, prompt: str) -> tuple[MediaRef, Picture]:
        """The picture, and where it is kept; one that was paid for before a crash is not remade."""
        known = turn.step("picture")
        if known is not None:
            sha256, _, mime = known.partition(" ")
            ref = MediaRef(sha256, mime)
            data = await self._media.get(ref)
            if data is not None:
                return ref, Picture(data, mime)
        made = await self._generator.generate(prompt, pseudonym(turn.message.sender.key))
        turn.spent(made.usage)
        picture = made.pictures[0]
        ref = await self._media.put(picture.data, picture.mime)
        await turn.save_step("picture", f"{ref.sha256} {ref.mime}")
        return ref, picture


def _exchange(turn: Turn, prompt: str, ref: MediaRef) -> Exchange:
    return Exchange(
        question=f"/image {prompt}",
        answer=PICTURE_MADE,
        author=author_of(turn),
        media=(ref,),
        question_message_ids=turn.message.message_ids,
    )
