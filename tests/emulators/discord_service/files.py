"""Files on Discord's side: kept bytes, their addresses, and the check of a voice message."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from urllib.parse import quote

from tests.emulators.discord_service.values import Clock, Json, Upload, breach
from tests.emulators.telegram_service.media import check_voice, picture_size
from tests.emulators.telegram_service.values import ApiError as NotOggOpusError

DEFAULT_FILESIZE_LIMIT = 10 << 20
MAX_FILES = 10
MAX_WAVEFORM_BYTES = 256
VOICE_LENGTH_SLACK_S = 1.0
NOT_ONE_AUDIO = 50160, "Voice messages must have a single audio attachment."
NO_METADATA = 50161, "Voice messages must have supporting metadata."
MIMES = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"OggS": "audio/ogg",
    b"ID3": "audio/mpeg",
    b"\xff\xfb": "audio/mpeg",
    b"GIF8": "image/gif",
}


@dataclass(frozen=True, slots=True)
class StoredFile:
    id: int
    name: str
    content: bytes
    mime: str
    path: str
    raw: Json = field(repr=False)


@dataclass(slots=True)
class FileStore:
    """``root_url`` is known once the server listens; the addresses are built when asked for."""

    clock: Clock
    root_url: str = ""
    _by_id: dict[int, StoredFile] = field(default_factory=dict)

    def add(self, upload: Upload, channel_id: int, extra: Json | None = None) -> StoredFile:
        number = self.clock.snowflake()
        path = f"/attachments/{channel_id}/{number}/{quote(upload.name)}"
        mime = upload.mime
        if mime == "application/octet-stream":
            known = (kind for head, kind in MIMES.items() if upload.content.startswith(head))
            mime = next(known, mime)
        size = len(upload.content) if upload.claimed_bytes is None else upload.claimed_bytes
        raw: Json = {"id": str(number), "filename": upload.name, "size": size}
        raw["content_type"] = mime
        if mime.startswith("image/"):
            width, height = picture_size(upload.content)
            raw |= {"width": width, "height": height}
        file = StoredFile(number, upload.name, upload.content, mime, path, raw | (extra or {}))
        self._by_id[number] = file
        return file

    def get(self, file_id: object) -> StoredFile | None:
        text = str(file_id)
        return self._by_id.get(int(text)) if text.isdecimal() else None

    def render(self, file: StoredFile) -> Json:
        url = f"{self.root_url}{file.path}"
        return file.raw | {"url": url, "proxy_url": url}


async def check_voice_message(body: Json, files: dict[int, Upload]) -> None:
    """Stricter than Discord, which does not look into the sound."""
    if body.get("content") or body.get("embeds") or body.get("sticker_ids"):
        raise breach(50159, "Voice messages do not support additional content.")
    described = body.get("attachments") or []
    if len(files) != 1 or len(described) != 1:
        raise breach(*NOT_ONE_AUDIO)
    duration_s, waveform = described[0].get("duration_secs"), described[0].get("waveform")
    if not isinstance(duration_s, int | float) or not isinstance(waveform, str) or not waveform:
        raise breach(*NO_METADATA)
    try:
        samples = base64.b64decode(waveform, validate=True)
    except binascii.Error as exc:
        raise breach(NO_METADATA[0], f"{NO_METADATA[1]} (the waveform is no base64)") from exc
    if len(samples) > MAX_WAVEFORM_BYTES:
        raise breach(NO_METADATA[0], f"{NO_METADATA[1]} ({len(samples)} bytes of waveform)")
    (upload,) = files.values()
    try:
        real_s = await check_voice(upload.content)
    except NotOggOpusError as exc:
        raise breach(NOT_ONE_AUDIO[0], f"{NOT_ONE_AUDIO[1]} ({exc.description})") from exc
    if abs(real_s - duration_s) > VOICE_LENGTH_SLACK_S:
        detail = f"duration_secs {duration_s} of a sound of {real_s:.2f} s"
        raise breach(NO_METADATA[0], f"{NO_METADATA[1]} ({detail})")
