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


VIDEO_MIMES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
    ".3gp": "video/3gpp",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".ogv": "video/ogg",
    ".wmv": "video/x-ms-wmv",
    ".flv": "video/x-flv",
}
DOCUMENT_ENDINGS = frozenset(
    f".{ending}"
    for ending in (
        *("pdf", "docx", "docm", "pptx", "pptm", "xlsx", "xlsm", "xlsb", "xls", "ods"),
        *("csv", "tsv", "html", "htm", "xhtml", "md", "markdown", "rst", "txt", "text", "log"),
        *("json", "jsonl", "ndjson", "xml", "yaml", "yml", "toml", "ini", "cfg", "conf", "env"),
        *("tex", "bib", "srt", "vtt", "ics", "eml", "diff", "patch", "ipynb", "sql", "css"),
        *("py", "pyi", "js", "mjs", "ts", "tsx", "jsx", "vue", "java", "kt", "swift", "go"),
        *("rs", "c", "h", "cc", "cpp", "hpp", "cs", "rb", "php", "pl", "lua", "r", "jl", "scala"),
        *("sh", "bash", "zsh", "ps1", "bat", "m", "f90", "hs", "ml", "ex", "exs", "erl", "clj"),
        *("dart", "gradle", "cmake", "proto", "graphql", "tf", "asm", "s", "pas", "vb", "org"),
        *("zip", "tar", "gz", "tgz"),
    )
)
DOCUMENT_MIMES = frozenset(
    {
        "application/pdf",
        "application/json",
        "application/xml",
        "application/x-yaml",
        "application/yaml",
        "application/toml",
        "application/javascript",
        "application/x-sh",
        "application/x-python",
        "application/x-tex",
        "application/zip",
        "application/x-zip-compressed",
        "application/gzip",
        "application/x-gzip",
        "application/x-tar",
        "application/vnd.ms-excel",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
)
CODE_NOT_VIDEO = ".ts"
"""TypeScript, which apps take for a video of the same ending."""
KINDS = {
    "image": AttachmentKind.PHOTO,
    "audio": AttachmentKind.AUDIO,
    "video": AttachmentKind.VIDEO,
}
MAX_ABOUT = 100


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
    """A picture, a sound, a video, a document or none.

    ``mime`` and ``name`` as the sender's app tells them.
    """
    mime = mime.partition(";")[0].strip().lower()
    ending = PurePath(name).suffix.lower()
    if ending in DOCUMENT_ENDINGS and (
        mime.partition("/")[0] not in KINDS or ending == CODE_NOT_VIDEO
    ):
        return Attachment(AttachmentKind.DOCUMENT, ref, mime=mime, name=name, size_bytes=size_bytes)
    told = mime
    if mime.partition("/")[0] not in KINDS:
        mime = {**PICTURE_MIMES, **SOUND_MIMES, **VIDEO_MIMES}.get(ending, "")
    kind = KINDS.get(mime.partition("/")[0])
    if kind is None and (told in DOCUMENT_MIMES or told.startswith("text/")):
        return Attachment(AttachmentKind.DOCUMENT, ref, mime=told, name=name, size_bytes=size_bytes)
    if kind is None:
        return other("a file of this type")
    return Attachment(
        kind,
        ref,
        mime=mime,
        name=name,
        size_bytes=size_bytes,
        duration_s=duration_s,
    )


def sticker(
    ref: str,
    *,
    words: str,
    mime: str = "",
    size_bytes: int | None = None,
    is_moving: bool = False,
    is_still: bool = False,
) -> Attachment:
    """``words``: its emoji or name. ``is_still``: ``ref`` is of a picture of what really moves.

    Drawings that move (Lottie) have no renderer here: they are told by their words and a still.
    """
    about = "an animated sticker" if is_moving else "a sticker"
    if words := " ".join(words.split())[:MAX_ABOUT]:
        about += f" ({words})"
    if is_still:
        about += ", of which only a still can be seen" if ref else ", which cannot be seen here"
    return Attachment(AttachmentKind.STICKER, ref, mime=mime, size_bytes=size_bytes, about=about)


def picture_name(mime: str, stem: str = "picture") -> str:
    """What the file of a picture of ours is called."""
    ending = mime.partition("/")[2] or "png"
    return f"{stem}.{'jpg' if ending == 'jpeg' else ending}"
