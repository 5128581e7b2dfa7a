"""Pictures as older image routes want them, one square PNG under 4 MB, and back again. Blocks."""

from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from handlers.errors import PictureUnreadableError
from handlers.media.pixels import DECODER_ERRORS, open_pixels

MAX_SIDE = 1024
"""Pixels; those routes make none larger."""
MAX_BYTES = 4_000_000
_LEAST_SIDE = 64
_FULL = 255

Box = tuple[float, float, float, float]
"""Left, top, right and bottom as shares of the side."""


@dataclass(frozen=True, slots=True)
class Square:
    png: bytes
    box: Box
    """Where in it the picture lies; the rest only fills the square."""
    has_holes: bool
    """The picture itself is transparent somewhere."""


def to_square(data: bytes) -> Square:
    """The picture in the middle of a square, not enlarged. PictureUnreadableError."""
    side = MAX_SIDE
    while True:
        square = _draw(data, side)
        if len(square.png) < MAX_BYTES or side <= _LEAST_SIDE:
            return square
        side //= 2


def mask_square(like: Square, mask: bytes = b"") -> bytes:
    """The mask of a squared picture, as PNG: transparent where it is to be changed.

    Without a ``mask``: everywhere in the picture, and not around it.
    """
    canvas = _opened(like.png)
    area = _area(like.box, canvas.width)
    size = (area[2] - area[0], area[3] - area[1])
    alpha = Image.new("L", canvas.size, _FULL)
    alpha.paste(_alpha(mask).resize(size) if mask else Image.new("L", size, 0), area)
    black = Image.new("L", canvas.size, 0)
    return _as_png(Image.merge("RGBA", (black, black, black, alpha)))


def from_square(data: bytes, box: Box) -> bytes:
    """What lies in the box, as PNG; a square picture stays as it is. PictureUnreadableError."""
    if box == (0.0, 0.0, 1.0, 1.0):
        return data
    image = _opened(data)
    return _as_png(image.crop(_area(box, image.width, image.height)))


def only_alpha(data: bytes, size: tuple[int, int]) -> bytes:
    """A mask of this size without its colours, which nobody looks at: a small PNG."""
    alpha = _alpha(data)
    if alpha.size != size:
        alpha = alpha.resize(size)
    black = Image.new("L", size, 0)
    return _as_png(Image.merge("RGBA", (black, black, black, alpha)))


def _draw(data: bytes, most: int) -> Square:
    image = _opened(data, most)
    image.thumbnail((most, most), Image.Resampling.LANCZOS)
    side = max(image.size)
    left, top = (side - image.width) // 2, (side - image.height) // 2
    has_holes = any(image.getchannel("A").histogram()[:_FULL])
    canvas = Image.new("RGBA", (side, side), "white")
    canvas.paste(image, (left, top))
    box = (left / side, top / side, (left + image.width) / side, (top + image.height) / side)
    return Square(_as_png(canvas), box, has_holes)


def _opened(data: bytes, most: int = 0) -> Image.Image:
    """As RGBA; a JPEG that is far larger than ``most`` is not decoded in full."""
    open_pixels(data).close()  # refuses what is no picture, and formats that nobody needs here
    try:
        with Image.open(BytesIO(data)) as image:
            if most:
                image.draft("RGB", (most, most))
            return image.convert("RGBA")
    except DECODER_ERRORS as exc:
        raise PictureUnreadableError(f"pixels: {exc}") from exc


def _alpha(data: bytes) -> Image.Image:
    return _opened(data).getchannel("A")


def _area(box: Box, width: int, height: int = 0) -> tuple[int, int, int, int]:
    height = height or width
    left, top, right, bottom = box
    return round(left * width), round(top * height), round(right * width), round(bottom * height)


def _as_png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
