"""The question that a message asks: its words, what is heard and seen in it, what it replies to."""

from collections.abc import Awaitable, Callable, Sequence

from handlers.answers.conversation import author_name, quote_text
from handlers.errors import ContentUnsupportedError
from handlers.knowledge.reading import Reading
from handlers.messages import Attachment, AttachmentKind, Exchange, MediaRef
from handlers.pictures.watching import Watching
from handlers.sounds.hearing import tell_heard
from handlers.turn import Turn

Hear = Callable[[Turn, Attachment], Awaitable[str]]


class Questions:
    def __init__(self, watching: Watching, hear: Hear, reading: Reading | None = None) -> None:
        """Without ``reading`` no document is read."""
        self._watching = watching
        self._hear = hear
        self._reading = reading

    async def understand(self, turn: Turn, edited: Exchange | None = None) -> Exchange:
        """The question, not answered yet. ``edited``: what it was before the person changed it."""
        if self._reading is not None:
            await self._reading.take_words(turn)
        message = turn.message
        for attachment in message.attachments:
            is_file = attachment.kind.is_read and self._reading is None
            if attachment.kind is AttachmentKind.OTHER or is_file:
                raise ContentUnsupportedError(attachment.name, kind=attachment.name)
        heard = await self._listen(turn, message.attachments)
        for number, words in enumerate(heard):
            await tell_heard(turn, number, words)
        if edited is not None and len(edited.question_message_ids) > 1:
            # An edit of an album's caption carries one of its pictures; all are still meant.
            quote, media = edited.quote, edited.media
        else:
            quote, media = await self._surroundings(turn, heard)
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

    async def _surroundings(
        self, turn: Turn, said: Sequence[str]
    ) -> tuple[str, tuple[MediaRef, ...]]:
        """What stands before the words, and the pictures that they are about.

        ``said``: the words that were spoken.
        """
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
        notes, media = list(looked.notes), looked.media
        if self._reading is not None:
            read = await self._reading.read(
                turn,
                "\n".join(text for text in (message.text, *said) if text),
                [a for a in message.attachments if a.kind.is_read],
                [a for a in quoted_files if a.kind.is_read],
                len(media) + 1,
            )
            notes, media = [*notes, read.note], (*media, *read.media)
        return "\n".join(text for text in (quote, *notes) if text), media


def author_of(turn: Turn) -> str:
    """Who asks, for the model to know, in a group; empty in a private chat."""
    return author_name(turn.message.sender.name) if turn.message.is_group else ""


def _is_seen(turn: Turn, attachment: Attachment) -> bool:
    """A round video is what somebody says, unless there are words that ask about it."""
    is_asked_about = attachment.kind is AttachmentKind.VIDEO_NOTE and bool(turn.message.text)
    return attachment.kind.is_visible or is_asked_about
