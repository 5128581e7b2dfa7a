"""What hangs on a Telegram message, as attachments."""

from telegram import Audio, ExternalReplyInfo, Message, VideoNote, Voice

from bot.telegram.utf16 import clean
from handlers.media.kinds import file_attachment, other
from handlers.messages import Attachment, AttachmentKind

# A venue also has a location: the first that is there is the one.
OTHERS = {
    "video": "a video",
    "sticker": "a sticker",
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
        or _animation(message)  # which is a document too, for old clients
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


def _animation(message: Message | ExternalReplyInfo) -> Attachment | None:
    return None if message.animation is None else other("an animation")


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


def _seconds(medium: Voice | Audio | VideoNote) -> float:
    # The attribute's type depends on an environment variable, and to read it warns of that.
    return float(medium.to_dict()["duration"])
