"""What hangs on a Discord message or came with a command, as attachments."""

from dataclasses import replace

import discord

from bot.discord.text import clean
from handlers.media.kinds import file_attachment, other, sticker
from handlers.messages import Attachment, AttachmentKind

PASTE_NAME = "message.txt"


def read_attachments(message: discord.Message) -> tuple[Attachment, ...]:
    """All files, in order, then the stickers; where there is no text either, a poll."""
    files = _read_files(message, place_of(message))
    if not message.content and not message.stickers:
        files = tuple(map(_as_paste, files)) if len(files) == 1 else files
    found = (*files, *map(_sticker, message.stickers))
    if found or message.content or message.poll is None:
        return found
    return (other("a poll"),)


def read_forwarded(
    snapshot: discord.MessageSnapshot, message: discord.Message
) -> tuple[Attachment, ...]:
    """The same of what was forwarded; ``message`` is the one that brings it."""
    return (*_read_files(snapshot, place_of(message)), *map(_sticker, snapshot.stickers))


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


def _as_paste(attachment: Attachment) -> Attachment:
    """Discord's apps make a file of this name of words that are too long for a message."""
    if attachment.kind is AttachmentKind.DOCUMENT and attachment.name == PASTE_NAME:
        return replace(attachment, kind=AttachmentKind.PASTE)
    return attachment


def _sticker(item: discord.StickerItem) -> Attachment:
    name = clean(item.name)
    match item.format:
        case discord.StickerFormatType.png | discord.StickerFormatType.apng:
            is_moving = item.format is discord.StickerFormatType.apng
            return sticker(clean(item.url), words=name, mime="image/png", is_moving=is_moving)
        case discord.StickerFormatType.gif:
            return sticker(clean(item.url), words=name, mime="image/gif", is_moving=True)
    return sticker("", words=name, is_moving=True, is_still=True)


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
