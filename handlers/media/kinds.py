"""What a file is to the handlers: told by its type, or else by the ending of its name."""

from pathlib import PurePath

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


def other(words: str) -> Attachment:
    """What no handler reads; ``words`` say to people what it is."""
    return Attachment(AttachmentKind.OTHER, "", name=words)


def file_attachment(
    ref: str,
    *,
    mime: str,
    name: str,
    size_bytes: int | None,
    duration_s: float | None = None,
) -> Attachment:
    """A picture, a sound or neither. ``mime`` and ``name`` as the sender's app tells them."""
    mime = mime.partition(";")[0].strip().lower()
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
        ref,
        mime=mime,
        name=name,
        size_bytes=size_bytes,
        duration_s=duration_s,
    )
