"""The question that a message asks: its words, what is heard and seen in it, what it replies to."""

from collections.abc import Awaitable, Callable, Sequence

from handlers.conversation import author_name, quote_text
from handlers.errors import ContentUnsupportedError
from handlers.messages import Attachment, AttachmentKind, Exchange
from handlers.texts import say
from handlers.turn import Turn
from handlers.vision import Vision

Hear = Callable[[Turn, Attachment], Awaitable[str]]


class Questions:
    def __init__(self, vision: Vision, hear: Hear) -> None:
        self._vision = vision
        self._hear = hear

    async def understand(self, turn: Turn, edited: Exchange | None = None) -> Exchange:
        """The question, not answered yet. ``edited``: what it was before the person changed it."""
        message = turn.message
        for attachment in message.attachments:
            if attachment.kind is AttachmentKind.OTHER:
                raise ContentUnsupportedError(attachment.name, kind=attachment.name)
        heard = await self._listen(turn, message.attachments)
        for number, words in enumerate(heard):
            await turn.reply.line(f"transcript {number}", say("transcript", text=words))
        quote, quoted_photos = await self._quote(turn)
        if edited is not None and len(edited.media) > 1:
            # An edit of an album's caption carries one of its pictures; all are still meant.
            media = edited.media
        else:
            media = await self._vision.see(turn, [*_photos(message.attachments), *quoted_photos])
        return Exchange(
            question="\n".join(text for text in (message.text, *heard) if text),
            answer="",
            author=author_of(turn),
            quote=quote,
            media=media,
            question_message_ids=edited.question_message_ids if edited else message.message_ids,
            is_spoken=bool(heard),
        )

    async def _listen(self, turn: Turn, attachments: Sequence[Attachment]) -> list[str]:
        return [await self._hear(turn, a) for a in attachments if a.kind.is_sound]

    async def _quote(self, turn: Turn) -> tuple[str, list[Attachment]]:
        quoted = turn.message.quoted
        if quoted is None:
            return "", []
        heard = await self._listen(turn, quoted.attachments)
        others = [f"[{a.name}]" for a in quoted.attachments if a.kind is AttachmentKind.OTHER]
        return quote_text(quoted, [*heard, *others]), _photos(quoted.attachments)


def author_of(turn: Turn) -> str:
    """Who asks, for the model to know, in a group; empty in a private chat."""
    return author_name(turn.message.sender.name) if turn.message.is_group else ""


def _photos(attachments: Sequence[Attachment]) -> list[Attachment]:
    return [a for a in attachments if a.kind is AttachmentKind.PHOTO]
