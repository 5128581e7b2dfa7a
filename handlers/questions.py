"""The question that a message asks: its words, what is heard and seen in it, what it replies to."""

from collections.abc import Awaitable, Callable, Sequence

from handlers.conversation import author_name, quote_text
from handlers.errors import ContentUnsupportedError
from handlers.hearing import tell_heard
from handlers.messages import Attachment, AttachmentKind, Exchange, MediaRef
from handlers.turn import Turn
from handlers.watching import Watching

Hear = Callable[[Turn, Attachment], Awaitable[str]]


class Questions:
    def __init__(self, watching: Watching, hear: Hear) -> None:
        self._watching = watching
        self._hear = hear

    async def understand(self, turn: Turn, edited: Exchange | None = None) -> Exchange:
        """The question, not answered yet. ``edited``: what it was before the person changed it."""
        message = turn.message
        for attachment in message.attachments:
            if attachment.kind is AttachmentKind.OTHER:
                raise ContentUnsupportedError(attachment.name, kind=attachment.name)
        heard = await self._listen(turn, message.attachments)
        for number, words in enumerate(heard):
            await tell_heard(turn, number, words)
        if edited is not None and len(edited.question_message_ids) > 1:
            # An edit of an album's caption carries one of its pictures; all are still meant.
            quote, media = edited.quote, edited.media
        else:
            quote, media = await self._surroundings(turn)
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
        speech = [a for a in attachments if a.kind.is_sound and not _is_seen(turn, a)]
        return [await self._hear(turn, attachment) for attachment in speech]

    async def _surroundings(self, turn: Turn) -> tuple[str, tuple[MediaRef, ...]]:
        """What stands before the words, and the pictures that they are about."""
        message, quoted = turn.message, turn.message.quoted
        quote = ""
        quoted_files: tuple[Attachment, ...] = ()
        if quoted is not None:
            quoted_files = quoted.attachments
            heard = await self._listen(turn, quoted_files)
            others = [f"[{a.name}]" for a in quoted_files if a.kind is AttachmentKind.OTHER]
            quote = quote_text(quoted, [*heard, *others])
        looked = await self._watching.look(
            turn,
            [a for a in message.attachments if _is_seen(turn, a)],
            [a for a in quoted_files if _is_seen(turn, a)],
        )
        return "\n".join(text for text in (quote, *looked.notes) if text), looked.media


def author_of(turn: Turn) -> str:
    """Who asks, for the model to know, in a group; empty in a private chat."""
    return author_name(turn.message.sender.name) if turn.message.is_group else ""


def _is_seen(turn: Turn, attachment: Attachment) -> bool:
    """A round video is what somebody says, unless there are words that ask about it."""
    is_asked_about = attachment.kind is AttachmentKind.VIDEO_NOTE and bool(turn.message.text)
    return attachment.kind.is_visible or is_asked_about
