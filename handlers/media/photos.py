"""Photos made ready for a model: small enough, upright, and without what the camera noted."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from math import sqrt
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
_FALLING_QUALITIES = (_JPEG_QUALITY, 75, 60, 45)
_LONGEST_SIDE = 65_500  # of a JPEG
_LEAST_SIDE = 64
"""Pixels of the longer side; nobody sees anything in less."""

UPRIGHT = {
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
    slack: int = 2
    """The fine filter gets at most so many times the target; the rest is averaged in blocks.

    With 2 the difference cannot be seen, the time can.
    """

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

    async def shrink(self, data: bytes, max_bytes: int) -> tuple[bytes, str]:
        """The same picture in at most ``max_bytes``, to be shown, and its MIME type.

        It stays as it is if it fits; else it is a JPEG as ``prepare`` makes it, of lower quality
        and then of fewer pixels. PictureTooLargeError also if that is not enough.
        """
        mime = await self._run(_read_mime, data)
        if len(data) <= max_bytes:
            return data, mime
        cost = await self._run(_weigh_whole, data)
        async with self._memory.hold(cost):
            return await self._run(_shrink, data, max_bytes), "image/jpeg"

    async def lend(self, weight: int, work: Callable[..., Result], *args: object) -> Result:
        """Run other work on pixels in these threads; ``weight``: the bytes that it takes."""
        async with self._memory.hold(weight):
            return await self._run(work, *args)

    async def _run(self, work: Callable[..., Result], *args: object) -> Result:
        return await run_to_end(work, *args, executor=self._threads)


def _weigh(data: bytes, bound: _Bound) -> int:
    """How much memory the picture takes at once, at most."""
    pixels = open_pixels(data)
    _require_few(pixels)
    return min(_cost(pixels, bound), _DECODING_BYTES)


def _weigh_whole(data: bytes) -> int:
    pixels = open_pixels(data)
    _require_few(pixels)
    return min(_cost_whole(pixels, _whole(pixels)), _DECODING_BYTES)


def _require_few(pixels: Pixels) -> None:
    width, height = pixels.size
    count = width * height
    limit = min(_MAX_MEGAPIXELS, _DECODING_BYTES * count // pixels.decoding_bytes // 1_000_000)
    if count > limit * 1_000_000:
        raise PictureTooLargeError(
            f"{width}x{height}", megapixels=round(count / 1_000_000), limit=limit
        )


def _cost(pixels: Pixels, bound: _Bound) -> int:
    width, height = pixels.size
    target = bound.fit(pixels.size)
    if pixels.is_jpeg:  # decoded at less than twice the target's width and height
        canvas = target[0] * target[1] * 4 * 4
    else:
        canvas = width * height // _shrinking(pixels.size, target, bound.slack) ** 2 * 4
    return pixels.decoding_bytes + canvas


def _cost_whole(pixels: Pixels, bound: _Bound) -> int:
    width, height = bound.fit(pixels.size)
    return _cost(pixels, bound) + width * height * 4  # turned or scaled, it is there twice


def _whole(pixels: Pixels) -> _Bound:
    """The picture's own size, halved as often as memory demands."""
    side = min(max(pixels.size), _LONGEST_SIDE)
    for _ in range(3):
        if _cost_whole(pixels, _Bound(side, side, slack=1)) <= _DECODING_BYTES:
            break
        side = max(1, side // 2)
    return _Bound(side, side, slack=1)


def _shrinking(size: tuple[int, int], target: tuple[int, int], slack: int) -> int:
    """By how much whole blocks of pixels are averaged before the fine scaling."""
    return max(1, int(min(size[0] / target[0], size[1] / target[1]) / slack))


def _as_it_is(data: bytes, bound: _Bound) -> PreparedPhoto | None:
    pixels = open_pixels(data)
    if pixels.is_jpeg and bound.fit(pixels.size) == pixels.size:
        return PreparedPhoto(data, "image/jpeg", *pixels.size)
    return None


def _read_mime(data: bytes) -> str:
    return open_pixels(data).mime


def _render(data: bytes, bound: _Bound) -> PreparedPhoto:
    return _use(open_pixels(data), bound, _as_jpeg)


def _shrink(data: bytes, max_bytes: int) -> bytes:
    pixels = open_pixels(data)
    return _use(pixels, _whole(pixels), lambda image: _squeezed(image, max_bytes))


def _use(pixels: Pixels, bound: _Bound, finish: Callable[[Image.Image], Result]) -> Result:
    """Decode, scale and turn the picture, and make of it what ``finish`` does."""
    is_large = pixels.decoding_bytes > _LARGE_BYTES
    try:
        return finish(_decoded(pixels, bound))
    except DECODER_ERRORS as exc:
        raise PictureUnreadableError(f"pixels: {exc}") from exc
    finally:
        if is_large:
            return_freed_memory()


def _decoded(pixels: Pixels, bound: _Bound) -> Image.Image:
    try:
        return _scaled(pixels, bound.fit(pixels.size), bound.slack)
    finally:
        pixels.close()


def _scaled(pixels: Pixels, target: tuple[int, int], slack: int) -> Image.Image:
    pixels.load(at_least=target)
    image = _shrunk(pixels, _shrinking(pixels.size, target, slack))
    if image.size != target:
        image = image.resize(target, Image.Resampling.LANCZOS)
    if (turn := UPRIGHT.get(pixels.orientation())) is not None:
        image = image.transpose(turn)
    return image


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
    return PreparedPhoto(_encoded(image, _JPEG_QUALITY), "image/jpeg", image.width, image.height)


def _squeezed(image: Image.Image, max_bytes: int) -> bytes:
    made = b""
    for quality in _FALLING_QUALITIES:
        made = _encoded(image, quality)
        if len(made) <= max_bytes:
            return made
    long_side = max(image.size)
    while len(made) > max_bytes:
        if long_side <= _LEAST_SIDE:
            raise PictureTooLargeError(
                f"{len(made)} bytes at {long_side} pixels, of {max_bytes}", megapixels=1, limit=0
            )
        # A guess that is a little too small costs less time than one more try.
        scale = min(0.8, 0.95 * sqrt(max_bytes / len(made)))
        long_side = max(_LEAST_SIDE, int(long_side * scale))
        size = _Bound(long_side, long_side).fit(image.size)
        made = _encoded(image.resize(size, Image.Resampling.LANCZOS), _FALLING_QUALITIES[-1])
    return made


def _encoded(image: Image.Image, quality: int) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()
