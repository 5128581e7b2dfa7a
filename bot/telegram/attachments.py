"""What hangs on a Telegram message, as attachments."""

from telegram import (
    Animation,
    Audio,
    ExternalReplyInfo,
    Message,
    Video,
    VideoNote,
    Voice,
)

from bot.telegram.utf16 import clean
from handlers.media.kinds import file_attachment, other, sticker
from handlers.messages import Attachment, AttachmentKind

# A venue also has a location: the first that is there is the one.
OTHERS = {
    "contact": "a contact",
    "venue": "a place",
    "location": "a location",
    "poll": "a poll",
    "dice": "a dice roll",
    "story": "a story",
    "game": "a game",
    "paid_media": "paid media",
    "checklist": "a checklist",
    "invoice": "an invoice",
    "giveaway": "a giveaway",
    "giveaway_winners": "a giveaway",
}


def read_attachments(message: Message | ExternalReplyInfo) -> tuple[Attachment, ...]:
    """One or none: Telegram hangs no two things on one message."""
    attachment = (
        _picture(message)
        or _sound(message)
        or _film(message)  # an animation is a document too, for old clients
        or _sticker(message)
        or _document(message)
        or _other_content(message)
    )
    return () if attachment is None else (attachment,)


def _picture(message: Message | ExternalReplyInfo) -> Attachment | None:
    sizes = message.photo or (message.live_photo.photo if message.live_photo else None)
    if not sizes:
        return other("a live photo") if message.live_photo else None
    largest = max(sizes, key=lambda size: size.width * size.height)
    return Attachment(
        AttachmentKind.PHOTO,
        clean(largest.file_id),
        mime="image/jpeg",
        size_bytes=largest.file_size,
    )


def _sound(message: Message | ExternalReplyInfo) -> Attachment | None:
    if (voice := message.voice) is not None:
        return Attachment(
            AttachmentKind.VOICE,
            clean(voice.file_id),
            mime=clean(voice.mime_type) or "audio/ogg",
            size_bytes=voice.file_size,
            duration_s=_seconds(voice),
        )
    if (audio := message.audio) is not None:
        return Attachment(
            AttachmentKind.AUDIO,
            clean(audio.file_id),
            mime=clean(audio.mime_type),
            name=clean(audio.file_name),
            size_bytes=audio.file_size,
            duration_s=_seconds(audio),
        )
    if (note := message.video_note) is not None:
        return Attachment(
            AttachmentKind.VIDEO_NOTE,
            clean(note.file_id),
            mime="video/mp4",
            size_bytes=note.file_size,
            duration_s=_seconds(note),
        )
    return None


def _film(message: Message | ExternalReplyInfo) -> Attachment | None:
    film: Video | Animation | None = message.animation or message.video
    if film is None:
        return None
    return Attachment(
        AttachmentKind.ANIMATION if message.animation is not None else AttachmentKind.VIDEO,
        clean(film.file_id),
        mime=clean(film.mime_type) or "video/mp4",
        name=clean(film.file_name),
        size_bytes=film.file_size,
        duration_s=_seconds(film),
    )


def _sticker(message: Message | ExternalReplyInfo) -> Attachment | None:
    if (found := message.sticker) is None:
        return None
    emoji = clean(found.emoji)
    if found.is_animated:
        still = found.thumbnail
        return sticker(
            "" if still is None else clean(still.file_id),
            words=emoji,
            size_bytes=None if still is None else still.file_size,
            is_moving=True,
            is_still=True,
        )
    return sticker(
        clean(found.file_id),
        words=emoji,
        mime="video/webm" if found.is_video else "image/webp",
        size_bytes=found.file_size,
        is_moving=found.is_video,
    )


def _document(message: Message | ExternalReplyInfo) -> Attachment | None:
    if (document := message.document) is None:
        return None
    return file_attachment(
        clean(document.file_id),
        mime=clean(document.mime_type),
        name=clean(document.file_name),
        size_bytes=document.file_size,
    )


def _other_content(message: Message | ExternalReplyInfo) -> Attachment | None:
    for field, words in OTHERS.items():
        if getattr(message, field) is not None:
            return other(words)
    return None


def _seconds(medium: Voice | Audio | VideoNote | Video | Animation) -> float:
    # The attribute's type depends on an environment variable, and to read it warns of that.
    return float(medium.to_dict()["duration"])
