"""What hangs on a Discord message or came with a command, as attachments."""

import discord

from bot.discord.text import clean
from handlers.media.kinds import file_attachment, other
from handlers.messages import Attachment, AttachmentKind


def read_attachments(message: discord.Message) -> tuple[Attachment, ...]:
    """All files, in order; where there is neither file nor text, what there is instead."""
    files = _read_files(message, place_of(message))
    if files or message.content:
        return files
    if message.stickers:
        return (other("a sticker"),)
    return (other("a poll"),) if message.poll is not None else ()


def read_forwarded(
    snapshot: discord.MessageSnapshot, message: discord.Message
) -> tuple[Attachment, ...]:
    """The same of what was forwarded; ``message`` is the one that brings it."""
    files = _read_files(snapshot, place_of(message))
    if files or snapshot.content or not snapshot.stickers:
        return files
    return (other("a sticker"),)


def read_attachment(attachment: discord.Attachment, where: str = "") -> Attachment:
    """``where``: the place of the message that it hangs on, empty if it hangs on none."""
    return _read(attachment, where, is_voice=attachment.is_voice_message())


def place_of(message: discord.Message) -> str:
    """By which a message, and with it the fresh address of its files, can be asked for."""
    return f"{message.channel.id}/{message.id}"


def _read_files(
    holder: discord.Message | discord.MessageSnapshot, where: str
) -> tuple[Attachment, ...]:
    return tuple(
        _read(file, where, is_voice=holder.flags.voice or file.is_voice_message())
        for file in holder.attachments
    )


def _read(attachment: discord.Attachment, where: str, *, is_voice: bool) -> Attachment:
    url = clean(attachment.url)
    ref = f"{url} {where}/{attachment.id}" if where else url
    mime, name = clean(attachment.content_type), clean(attachment.filename)
    if is_voice:
        return Attachment(
            AttachmentKind.VOICE,
            ref,
            mime=mime or "audio/ogg",
            name=name,
            size_bytes=attachment.size,
            duration_s=attachment.duration,
        )
    return file_attachment(
        ref, mime=mime, name=name, size_bytes=attachment.size, duration_s=attachment.duration
    )
