"""Files on Telegram's side: kept bytes, pictures in several sizes, checks of what a bot uploads."""

from __future__ import annotations

import asyncio
import io
import subprocess
import warnings
from dataclasses import dataclass

import imageio_ffmpeg
from PIL import Image, UnidentifiedImageError

from tests.emulators.telegram_service.values import Json, bad_request, breach

MAX_DOWNLOAD_BYTES = 20 << 20
MAX_UPLOAD_BYTES = 50 << 20
MAX_PHOTO_BYTES = 10 << 20
MAX_PHOTO_SIDES = 10_000
MAX_PHOTO_RATIO = 20
SMALL_SIDES = (90, 320, 800)  # the longest sides of the smaller PhotoSize entries
OPUS_RATE = 48_000


@dataclass(frozen=True, slots=True)
class StoredFile:
    """``scale_to`` is the longest side of a smaller picture, drawn only when it is downloaded."""

    file_id: str
    unique_id: str
    path: str
    content: bytes
    mime: str = "application/octet-stream"
    name: str = ""
    scale_to: int | None = None

    @property
    def raw(self) -> Json:
        size = len(self.content)
        return {"file_id": self.file_id, "file_unique_id": self.unique_id, "file_size": size}

    async def read(self) -> bytes:
        if self.scale_to is None:
            return self.content
        return await asyncio.to_thread(_shrink, self.content, self.scale_to)


class FileStore:
    def __init__(self) -> None:
        self._files: dict[str, StoredFile] = {}
        self._by_path: dict[str, StoredFile] = {}

    def add(
        self,
        content: bytes,
        folder: str,
        extension: str,
        *,
        mime: str = "application/octet-stream",
        name: str = "",
        scale_to: int | None = None,
    ) -> StoredFile:
        number = len(self._files) + 1
        path = f"{folder}/file_{number}.{extension}"
        unique_id = f"AQAD{number:08d}"
        file = StoredFile(f"AgAC-{number:08d}-F", unique_id, path, content, mime, name, scale_to)
        self._files[file.file_id] = self._by_path[path] = file
        return file

    def add_photo(self, content: bytes) -> tuple[list[Json], StoredFile]:
        """PhotoSize entries, smallest first; the largest downloads as the very bytes given."""
        width, height = picture_size(content)
        entries = []
        for side in SMALL_SIDES:
            if side < max(width, height):
                small = self.add(content, "photos", "jpg", mime="image/jpeg", scale_to=side)
                ratio = side / max(width, height)
                size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
                guess = max(1, min(len(content), size[0] * size[1] // 8))
                entries.append(_photo_size(small, *size) | {"file_size": guess})
        file = self.add(content, "photos", "jpg", mime="image/jpeg")
        return [*entries, _photo_size(file, width, height)], file

    def get(self, file_id: object) -> StoredFile:
        file = self._files.get(str(file_id))
        if file is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        return file

    def at_path(self, path: str) -> StoredFile | None:
        return self._by_path.get(path)


def _photo_size(file: StoredFile, width: int, height: int) -> Json:
    return file.raw | {"width": width, "height": height}


def _shrink(content: bytes, side: int) -> bytes:
    with Image.open(io.BytesIO(content)) as picture:
        small = picture.convert("RGB")
    small.thumbnail((side, side))
    drawn = io.BytesIO()
    small.save(drawn, "JPEG")
    return drawn.getvalue()


def picture_size(content: bytes) -> tuple[int, int]:
    """What the header says; 1280 x 960 for bytes that are no picture, which a person may send."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(content)) as picture:
                return picture.size
        except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError):
            return 1280, 960


async def check_photo(content: bytes) -> None:
    if len(content) > MAX_PHOTO_BYTES:
        raise breach(
            f"file of size {len(content)} bytes is too big for a photo;"
            f" the maximum size is {MAX_PHOTO_BYTES} bytes"
        )
    await asyncio.to_thread(_decode_photo, content)


def _decode_photo(content: bytes) -> None:
    try:
        with Image.open(io.BytesIO(content)) as picture:
            width, height = picture.size
            if width + height > MAX_PHOTO_SIDES or max(width, height) > MAX_PHOTO_RATIO * min(
                width, height
            ):
                raise breach("PHOTO_INVALID_DIMENSIONS")
            picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise breach("PHOTO_INVALID_DIMENSIONS") from exc
    except (UnidentifiedImageError, OSError, SyntaxError) as exc:
        raise breach("IMAGE_PROCESS_FAILED") from exc


async def check_voice(content: bytes) -> float:
    """Length in seconds. Stricter than Telegram, which shows anything else as a plain file."""
    duration_s = _walk_ogg_opus(content)
    await asyncio.to_thread(_decode_sound, content)
    return duration_s


def _walk_ogg_opus(content: bytes) -> float:
    at, pre_skip, last_granule = 0, None, 0
    while at < len(content):
        segments = content[at + 26] if len(content) > at + 26 else 0
        start = at + 27 + segments
        if content[at : at + 4] != b"OggS" or start > len(content):
            raise breach(f"a voice must be OGG/Opus: no Ogg page at byte {at}")
        if pre_skip is None:
            if content[start : start + 8] != b"OpusHead":
                raise breach("a voice must be OGG/Opus: the first page holds no OpusHead")
            pre_skip = int.from_bytes(content[start + 10 : start + 12], "little")
        granule = int.from_bytes(content[at + 6 : at + 14], "little", signed=True)
        last_granule = max(last_granule, granule)
        at = start + sum(content[at + 27 : start])
    if pre_skip is None or at != len(content):
        raise breach("a voice must be OGG/Opus: empty or cut off")
    return max(0, last_granule - pre_skip) / OPUS_RATE


def _decode_sound(content: bytes) -> None:
    program = imageio_ffmpeg.get_ffmpeg_exe()  # type: ignore[attr-defined,no-untyped-call]  # untyped
    command = [program, "-v", "error", "-i", "pipe:0", "-f", "null", "-"]
    result = subprocess.run(  # noqa: S603 - a fixed command, no shell
        command, input=content, capture_output=True, check=False, timeout=60
    )
    if result.returncode or result.stderr:
        detail = result.stderr.decode(errors="replace").strip().splitlines()
        raise breach(f"a voice must be OGG/Opus: it does not decode: {detail[:1]}")
