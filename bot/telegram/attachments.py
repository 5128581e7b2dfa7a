"""What hangs on a Telegram message, as attachments."""

from pathlib import PurePath

from telegram import Audio, ExternalReplyInfo, Message, VideoNote, Voice

from bot.telegram.utf16 import clean
from handlers.messages import Attachment, AttachmentKind

PICTURE_MIMES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
}
SOUND_MIMES = {
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".mp3": "audio/mpeg",
    ".mpga": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".aac": "audio/aac",
    ".amr": "audio/amr",
    ".wma": "audio/x-ms-wma",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
    ".caf": "audio/x-caf",
    ".weba": "audio/webm",
}

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


def other(words: str) -> Attachment:
    """What no handler reads; ``words`` say to people what it is."""
    return Attachment(AttachmentKind.OTHER, "", name=words)


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
    """A picture or a sound, by its type; by the ending of its name where the type tells neither."""
    if (document := message.document) is None:
        return None
    mime = clean(document.mime_type).lower()
    name = clean(document.file_name)
    ending = PurePath(name).suffix.lower()
    main_type = mime.partition("/")[0]
    if main_type == "video":
        return other("a video")
    if main_type not in ("image", "audio"):
        mime = PICTURE_MIMES.get(ending) or SOUND_MIMES.get(ending, "")
        main_type = mime.partition("/")[0]
    if not main_type:
        return other("a file of this type")
    return Attachment(
        AttachmentKind.PHOTO if main_type == "image" else AttachmentKind.AUDIO,
        clean(document.file_id),
        mime=mime,
        name=name,
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
