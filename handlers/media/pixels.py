"""Pictures as they arrive: told by their first bytes, weighed before decoding, read in rows.

Pillow's own open() is not used: it guesses among dozens of formats, some of which run other
programs, and it warns about large pictures before their size can be read.
"""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Protocol

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from handlers.errors import EmptyFileError, PictureUnreadableError

if TYPE_CHECKING:  # libheif is loaded when the first HEIC comes
    from pillow_heif import HeifFile

_ORIENTATION_TAG = 0x0112
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))

# What Pillow and libheif raise on broken pictures, found by feeding them damaged files.
DECODER_ERRORS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    Image.DecompressionBombError,  # a frame of a GIF may be larger than the GIF
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,  # where warnings are errors
    struct.error,
    zlib.error,
)


class Pixels(Protocol):
    """A picture whose header was read. Only ``load`` and what follows it decode anything."""

    size: tuple[int, int]
    """Width and height; ``load`` may make them smaller."""
    decoding_bytes: int
    """Most memory that decoding takes, as measured."""
    is_jpeg: bool
    mime: str

    def load(self, at_least: tuple[int, int]) -> None:
        """Decode, at a smaller size where the format can, but not below ``at_least``."""
        ...

    def rows(self, top: int, bottom: int) -> Image.Image:
        """Some rows as RGB, what is transparent on white."""
        ...

    def orientation(self) -> int:
        """EXIF orientation, 1 to 8, that the pixels still need; ask after ``load``."""
        ...

    def close(self) -> None: ...


def open_pixels(data: bytes) -> Pixels:
    """Read a picture's header. EmptyFileError, PictureUnreadableError."""
    if not data:
        raise EmptyFileError("a picture of zero bytes")
    opener = _opener(data)
    if opener is None:
        raise PictureUnreadableError("no known picture format")
    try:
        pixels = opener(data)
    except DECODER_ERRORS as exc:
        raise PictureUnreadableError(f"header: {exc}") from exc
    if min(pixels.size) < 1:
        raise PictureUnreadableError("a picture without pixels")
    return pixels


def _opener(data: bytes) -> Callable[[bytes], Pixels] | None:
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return _HeifPixels
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return lambda data: _PillowPixels(WebPImagePlugin.WebPImageFile(BytesIO(data)), 20)
    # Bytes a pixel: 4 for Pillow's RGB; a rotated TIFF is turned at full size, a WebP has its
    # canvas twice beside two copies; JPEG depends on its coefficients.
    for magic, plugin, bytes_per_pixel in (
        (b"\xff\xd8\xff", JpegImagePlugin.JpegImageFile, 0),
        (b"\x89PNG\r\n\x1a\n", PngImagePlugin.PngImageFile, 4),
        (b"GIF8", GifImagePlugin.GifImageFile, 4),
        (b"BM", BmpImagePlugin.BmpImageFile, 4),
        (b"II*\0", TiffImagePlugin.TiffImageFile, 8),
        (b"MM\0*", TiffImagePlugin.TiffImageFile, 8),
    ):
        if data.startswith(magic):
            return lambda data: _PillowPixels(plugin(BytesIO(data)), bytes_per_pixel)
    return None


class _PillowPixels:
    def __init__(self, image: ImageFile.ImageFile, bytes_per_pixel: int) -> None:
        self._image = image
        self.size = image.size
        self.is_jpeg = isinstance(image, JpegImagePlugin.JpegImageFile)
        self.mime = Image.MIME[image.format or ""]
        self.decoding_bytes = (
            _coefficient_bytes(image)
            if isinstance(image, JpegImagePlugin.JpegImageFile)
            else image.width * image.height * bytes_per_pixel
        )

    def load(self, at_least: tuple[int, int]) -> None:
        self._image.draft(self._image.mode, at_least)
        self._image.load()
        self.size = self._image.size

    def rows(self, top: int, bottom: int) -> Image.Image:
        return _plain(self._image.crop((0, top, self._image.width, bottom)))

    def orientation(self) -> int:
        try:
            value = self._image.getexif().get(_ORIENTATION_TAG, 1)
        except DECODER_ERRORS:
            return 1  # the pixels are good, only the notes beside them are broken
        return value if isinstance(value, int) else 1

    def close(self) -> None:
        self._image.close()


class _HeifPixels:
    """Read through libheif without Pillow's copy of it, which would double the memory."""

    is_jpeg = False
    mime = "image/heic"

    def __init__(self, data: bytes) -> None:
        from pillow_heif import open_heif  # noqa: PLC0415  # heavy, and seldom needed

        self._file: HeifFile = open_heif(BytesIO(data))
        self.size: tuple[int, int] = self._file.size
        self._data: memoryview[int] = memoryview(b"")
        self.decoding_bytes = self.size[0] * self.size[1] * 5

    def load(self, at_least: tuple[int, int]) -> None:  # noqa: ARG002  # the format has one size
        self._data = self._file.data
        self.size = self._file.size

    def rows(self, top: int, bottom: int) -> Image.Image:
        stride = self._file.stride
        size = (self.size[0], bottom - top)
        rows = bytes(self._data[top * stride : bottom * stride])
        mode = self._file.mode
        return _plain(Image.frombytes(mode, size, rows, "raw", mode, stride))

    def orientation(self) -> int:
        return 1  # libheif has turned the pixels

    def close(self) -> None:
        del self._data, self._file


def _coefficient_bytes(image: JpegImagePlugin.JpegImageFile) -> int:
    """A JPEG in several scans is held whole as 16-bit coefficients, however small it is decoded.

    A progressive one is; another may be, which its header does not tell.
    """
    pixels = image.width * image.height
    full = max(across * down for _, across, down, _ in image.layer)
    samples = sum(across * down for _, across, down, _ in image.layer) / full
    needed = int(pixels * 2 * samples)
    return needed if "progressive" in image.info else min(needed, pixels * 5)


def _plain(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        plain = Image.new("RGB", image.size, "white")
        plain.paste(image, mask=image.getchannel("A"))
        return plain
    if image.mode.startswith("I"):  # 16 bits of grey, which convert() would cut off at 255
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    return image if image.mode == "RGB" else image.convert("RGB")
