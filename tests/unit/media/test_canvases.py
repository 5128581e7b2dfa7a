from io import BytesIO

import pytest
from PIL import Image

from handlers.errors import EmptyFileError, ParleyError, PictureUnreadableError
from handlers.media.canvases import lighten, read_shape, read_size
from tests import samples


def sideways_png() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = BytesIO()
    Image.new("RGBA", (64, 32), (0, 0, 0, 0)).save(buffer, "PNG", exif=exif)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "mime", "size", "is_ready"),
    [
        (samples.png(64, 32), "image/png", (64, 32), True),
        (samples.webp(64, 32), "image/webp", (64, 32), True),
        (samples.jpeg(64, 32), "image/jpeg", (64, 32), True),
        (samples.jpeg(64, 32, exif_orientation=6), "image/jpeg", (32, 64), False),
        (samples.gif(64, 32), "image/gif", (64, 32), False),
        (samples.heic(64, 32), "image/heic", (64, 32), False),
    ],
)
def test_what_can_be_edited_as_it_is(
    data: bytes, mime: str, size: tuple[int, int], is_ready: bool
) -> None:
    shape = read_shape(data)
    assert (shape.mime, shape.size) == (mime, size)
    assert shape.is_ready(len(data), 10_000_000) is is_ready
    assert not shape.is_ready(len(data), len(data) - 1)


def test_a_huge_png_is_not_even_decoded() -> None:
    shape = read_shape(samples.oversized_png(200))
    assert not shape.is_ready(1, 10)
    assert not shape.is_see_through


def test_transparency_is_told_where_there_is_any() -> None:
    opaque = BytesIO()
    Image.new("RGBA", (8, 8), (1, 2, 3, 255)).save(opaque, "PNG")
    assert read_shape(samples.transparent_png()).is_see_through
    assert not read_shape(opaque.getvalue()).is_see_through


def test_a_transparent_picture_is_made_lighter_and_upright() -> None:
    data, mime = lighten(sideways_png(), 10_000)
    image = Image.open(BytesIO(data))
    assert (mime, image.format, image.size) == ("image/webp", "WEBP", (32, 64))
    assert image.convert("RGBA").getchannel("A").getextrema() == (0, 0)
    assert len(data) <= 10_000


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", EmptyFileError),
        (b"no picture", PictureUnreadableError),
        (samples.transparent_png(500, 500)[:60], PictureUnreadableError),
    ],
)
def test_what_cannot_be_read_is_told(data: bytes, expected: type[ParleyError]) -> None:
    with pytest.raises(expected):
        read_shape(data)


def test_the_size_of_what_cannot_be_read_is_nothing() -> None:
    assert read_size(b"no picture") == (0, 0)
    assert read_size(samples.webp(30, 20)) == (30, 20)
