"""Photos made ready for a model: small enough, upright, and without what the camera noted."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import TypeVar

from PIL import Image

from handlers.errors import PictureTooLargeError, PictureUnreadableError
from handlers.media.memory import MemoryGate, return_freed_memory
from handlers.media.pixels import DECODER_ERRORS, Pixels, open_pixels
from handlers.media.threads import run_to_end

Result = TypeVar("Result")

_MAX_MEGAPIXELS = 50
# The bot with all its libraries takes about 120 MB of the 400 it may; this leaves room for files.
_DECODING_BYTES = 256 * 1024 * 1024
_LARGE_BYTES = 32 * 1024 * 1024
_JPEG_QUALITY = 85

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class PreparedPhoto:
    data: bytes
    mime: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Bound:
    long_side: int
    short_side: int

    def fit(self, size: tuple[int, int]) -> tuple[int, int]:
        scale = min(1.0, self.long_side / max(size), self.short_side / min(size))
        return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


_HIGH = _Bound(long_side=2048, short_side=768)
_LOW = _Bound(long_side=512, short_side=512)


class PhotoStudio:
    """Scales photos in its own two threads, and never more at once than memory allows.

    Errors: EmptyFileError; PictureUnreadableError; PictureTooLargeError (values ``megapixels`` and
    ``limit``), told from the header. A cancelled call ends when its thread does, within seconds.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="photos")
        self._memory = MemoryGate(_DECODING_BYTES)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def prepare(self, data: bytes) -> PreparedPhoto:
        """The form that is kept: a JPEG as large as detail ``high`` needs, never enlarged.

        Orientation is applied, metadata dropped, the first frame of an animation taken, and what
        is transparent lies on white.
        """
        cost = await self._run(_weigh, data, _HIGH)
        async with self._memory.hold(cost):
            return await self._run(_render, data, _HIGH)

    async def scale(self, detail: str, data: bytes) -> PreparedPhoto:
        """A prepared photo as ``detail`` needs it; the same bytes where they already fit."""
        bound = _LOW if detail == "low" else _HIGH
        if (photo := await self._run(_as_it_is, data, bound)) is not None:
            return photo
        cost = await self._run(_weigh, data, bound)
        async with self._memory.hold(cost):
            return await self._run(_render, data, bound)

    async def _run(self, work: Callable[..., Result], *args: object) -> Result:
        return await run_to_end(work, *args, executor=self._threads)


def _weigh(data: bytes, bound: _Bound) -> int:
    """How much memory the picture takes at once, at most."""
    pixels = open_pixels(data)
    width, height = pixels.size
    count = width * height
    limit = min(_MAX_MEGAPIXELS, _DECODING_BYTES * count // pixels.decoding_bytes // 1_000_000)
    if count > limit * 1_000_000:
        raise PictureTooLargeError(
            f"{width}x{height}", megapixels=round(count / 1_000_000), limit=limit
        )
    target = bound.fit(pixels.size)
    if pixels.is_jpeg:  # decoded at less than twice the target's width and height
        canvas = target[0] * target[1] * 4 * 4
    else:
        canvas = count // _shrinking(pixels.size, target) ** 2 * 4
    return min(pixels.decoding_bytes + canvas, _DECODING_BYTES)


def _shrinking(size: tuple[int, int], target: tuple[int, int]) -> int:
    """By how much whole blocks of pixels are averaged before the fine scaling, which gets the rest.

    Twice the target is left to the fine filter: the difference cannot be seen, the time can.
    """
    return max(1, int(min(size[0] / target[0], size[1] / target[1]) / 2))


def _as_it_is(data: bytes, bound: _Bound) -> PreparedPhoto | None:
    pixels = open_pixels(data)
    if pixels.is_jpeg and bound.fit(pixels.size) == pixels.size:
        return PreparedPhoto(data, "image/jpeg", *pixels.size)
    return None


def _render(data: bytes, bound: _Bound) -> PreparedPhoto:
    pixels = open_pixels(data)
    is_large = pixels.decoding_bytes > _LARGE_BYTES
    try:
        return _scaled(pixels, bound.fit(pixels.size))
    except DECODER_ERRORS as exc:
        raise PictureUnreadableError(f"pixels: {exc}") from exc
    finally:
        pixels.close()
        if is_large:
            return_freed_memory()


def _scaled(pixels: Pixels, target: tuple[int, int]) -> PreparedPhoto:
    pixels.load(at_least=target)
    image = _shrunk(pixels, _shrinking(pixels.size, target))
    if image.size != target:
        image = image.resize(target, Image.Resampling.LANCZOS)
    if (turn := _UPRIGHT.get(pixels.orientation())) is not None:
        image = image.transpose(turn)
    return _as_jpeg(image)


def _shrunk(pixels: Pixels, factor: int) -> Image.Image:
    """The picture averaged in blocks, strip by strip: no copy of a huge one is ever made."""
    width, height = pixels.size
    small = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    strip = factor * max(1, 1_000_000 // (width * factor))
    for top in range(0, height, strip):
        rows = pixels.rows(top, min(height, top + strip))
        small.paste(rows.reduce(factor), (0, top // factor))
    return small


def _as_jpeg(image: Image.Image) -> PreparedPhoto:
    out = BytesIO()
    image.save(out, "JPEG", quality=_JPEG_QUALITY)
    return PreparedPhoto(out.getvalue(), "image/jpeg", image.width, image.height)
