import random
from io import BytesIO

import pytest
from PIL import Image

from handlers.errors import PictureUnreadableError
from handlers.media.squares import MAX_BYTES, from_square, mask_square, only_alpha, to_square
from tests import samples


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def noise(side: int) -> bytes:
    """What no PNG makes smaller."""
    pixels = random.Random(1).randbytes(side * side * 4)  # the same each time
    image = Image.frombytes("RGBA", (side, side), pixels)
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(("width", "height"), [(300, 100), (100, 300), (64, 64), (4000, 1000)])
def test_there_and_back_keeps_the_shape_and_what_is_in_it(width: int, height: int) -> None:
    square = to_square(samples.jpeg(width, height))
    side = opened(square.png).size
    assert side[0] == side[1] <= 1024
    back = opened(from_square(square.png, square.box))
    assert back.width / back.height == pytest.approx(width / height, rel=0.02)
    assert back.convert("RGB").getpixel((2, 2)) == pytest.approx((255, 255, 255), abs=4)
    assert not square.has_holes


def test_a_larger_answer_is_cut_at_the_same_place() -> None:
    square = to_square(samples.png(200, 100))
    answer = Image.new("RGB", (512, 512), "red")
    answer.paste("blue", (0, 128, 512, 384))
    buffer = BytesIO()
    answer.save(buffer, "PNG")
    back = opened(from_square(buffer.getvalue(), square.box)).convert("RGB")
    assert back.size == (512, 256)
    assert back.getcolors() == [(512 * 256, (0, 0, 255))]


def test_a_square_answer_stays_byte_for_byte() -> None:
    square = to_square(samples.png(64, 64))
    answer = samples.webp(32, 32)
    assert from_square(answer, square.box) is answer


def test_what_compresses_badly_is_made_smaller_until_it_fits() -> None:
    square = to_square(noise(1024))
    assert len(square.png) < MAX_BYTES
    assert opened(square.png).size == (512, 512)


def test_without_a_mask_all_of_the_picture_may_change_and_nothing_around_it() -> None:
    square = to_square(samples.png(200, 100))
    alpha = opened(mask_square(square)).getchannel("A")
    assert alpha.size == (200, 200)
    assert [alpha.getpixel(at) for at in ((5, 100), (5, 5), (5, 195))] == [0, 255, 255]


def test_a_mask_keeps_its_transparency_and_loses_its_colours() -> None:
    mask = only_alpha(samples.transparent_png(64, 64), (128, 128))
    assert opened(mask).size == (128, 128)
    assert opened(mask).getextrema() == ((0, 0), (0, 0), (0, 0), (0, 0))


def test_transparency_of_the_picture_itself_is_told() -> None:
    assert to_square(samples.transparent_png(64, 32)).has_holes


@pytest.mark.parametrize("data", [b"no picture", samples.truncated_jpeg(), samples.png()[:99]])
def test_what_cannot_be_read_is_told(data: bytes) -> None:
    with pytest.raises(PictureUnreadableError):
        to_square(data)
