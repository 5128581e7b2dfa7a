"""Pictures made ready to be edited: PNG, WebP or JPEG, upright, of bounded weight. Blocks."""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from handlers.errors import PersonError, PictureUnreadableError
from handlers.media.photos import UPRIGHT
from handlers.media.pixels import DECODER_ERRORS, open_pixels

FORMATS = {"PNG": "image/png", "WEBP": "image/webp", "JPEG": "image/jpeg"}
MAX_PIXELS = 16_000_000
"""Of a picture with transparency; a larger one is treated as one without."""
MAX_JPEG_PIXELS = 50_000_000
_ORIENTATION_TAG = 0x0112
_SIDEWAYS = 5
_FALLING_QUALITIES = (92, 80, 60, 40)


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a picture before it is worked on."""

    mime: str
    width: int
    height: int
    """Upright, as the width."""
    is_upright: bool
    """False also where it was not looked at: it cannot be edited as it is anyway."""
    is_see_through: bool
    """Transparent somewhere."""
    is_animated: bool = False

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    def is_ready(self, byte_count: int, max_bytes: int) -> bool:
        """Whether it can be edited as it is."""
        is_plain = self.mime in FORMATS.values() and self.is_upright and not self.is_animated
        return is_plain and byte_count <= max_bytes


def read_shape(data: bytes) -> Shape:
    """EmptyFileError, PictureUnreadableError. Decodes what may be transparent."""
    pixels = open_pixels(data)
    (width, height), mime = pixels.size, pixels.mime
    pixels.close()
    most = MAX_JPEG_PIXELS if mime == "image/jpeg" else MAX_PIXELS
    if mime not in FORMATS.values() or width * height > most:
        # Whoever makes another of it decodes it, and knows what is too large for that.
        return Shape(mime, width, height, is_upright=False, is_see_through=False)
    try:
        with Image.open(BytesIO(data), formats=tuple(FORMATS)) as image:
            orientation = _orientation(image)
            is_animated = getattr(image, "n_frames", 1) > 1
            is_open = width * height <= MAX_PIXELS and image.has_transparency_data
            is_see_through = is_open and _has_holes(image)
    except DECODER_ERRORS as exc:
        raise PictureUnreadableError(f"pixels: {exc}") from exc
    if orientation >= _SIDEWAYS:
        width, height = height, width
    return Shape(
        mime,
        width,
        height,
        is_upright=orientation == 1,
        is_see_through=is_see_through,
        is_animated=is_animated,
    )


def read_size(data: bytes) -> tuple[int, int]:
    """Width and height, from the header; zeros for what cannot be read."""
    try:
        pixels = open_pixels(data)
    except PersonError:
        return 0, 0
    pixels.close()
    return pixels.size


def lighten(data: bytes, max_bytes: int) -> tuple[bytes, str]:
    """A transparent picture in at most ``max_bytes``, where WebP can do that; and its MIME type."""
    try:
        with Image.open(BytesIO(data), formats=tuple(FORMATS)) as opened:
            image = opened.convert("RGBA")
            if (turn := UPRIGHT.get(_orientation(opened))) is not None:
                image = image.transpose(turn)
        made = b""
        for quality in _FALLING_QUALITIES:
            made = _as_webp(image, quality)
            if len(made) <= max_bytes:
                break
    except DECODER_ERRORS as exc:
        raise PictureUnreadableError(f"pixels: {exc}") from exc
    return made, "image/webp"


def _has_holes(image: Image.Image) -> bool:
    return any(image.convert("RGBA").getchannel("A").histogram()[:255])


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except DECODER_ERRORS:
        return 1  # the pixels are good, only the notes beside them are broken
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _as_webp(image: Image.Image, quality: int) -> bytes:
    out = BytesIO()
    image.save(out, "WEBP", quality=quality)
    return out.getvalue()
