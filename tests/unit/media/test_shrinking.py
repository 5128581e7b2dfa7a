"""A picture made to fit into so many bytes, to be shown."""

import asyncio
import random
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from handlers.errors import (
    EmptyFileError,
    PersonError,
    PictureTooLargeError,
    PictureUnreadableError,
)
from handlers.media.photos import PhotoStudio
from tests import samples
from tests.unit.media.test_photos import (
    FORMATS,
    TEAL,
    WHITE,
    is_near,
    needs_proc,
    peak_growth_mb,
    white_corner,
)

MIMES = {
    "jpeg": "image/jpeg",
    "progressive_jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "heic": "image/heic",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "tiff": "image/tiff",
}


@pytest.fixture
def studio() -> Iterator[PhotoStudio]:
    studio = PhotoStudio()
    yield studio
    studio.close()


def opened(shrunk: tuple[bytes, str]) -> Image.Image:
    data, mime = shrunk
    image = Image.open(BytesIO(data))
    image.load()
    assert (image.format, mime) == ("JPEG", "image/jpeg")
    return image


def noise(width: int, height: int) -> bytes:
    """What no format makes small."""
    pixels = random.Random(1).randbytes(width * height * 3)
    out = BytesIO()
    Image.frombytes("RGB", (width, height), pixels).save(out, "PNG", compress_level=1)
    return out.getvalue()


@pytest.mark.parametrize("make", FORMATS, ids=lambda make: make.__name__)
async def test_what_fits_stays_bit_for_bit_and_is_named_truly(
    studio: PhotoStudio, make: Callable[[], bytes]
) -> None:
    data = make()
    assert await studio.shrink(data, len(data)) == (data, MIMES[make.__name__])


@pytest.mark.parametrize("make", FORMATS, ids=lambda make: make.__name__)
async def test_what_does_not_fit_becomes_a_jpeg_that_looks_the_same(
    studio: PhotoStudio, make: Callable[[], bytes]
) -> None:
    data = make()
    shrunk = await studio.shrink(data, len(data) - 1)
    assert len(shrunk[0]) < len(data)
    image = opened(shrunk)
    assert image.width / image.height == pytest.approx(640 / 480, abs=0.03)
    assert is_near(image.getpixel((image.width - 20, image.height - 20)), TEAL)
    assert white_corner(image) == (False, False)


async def test_quality_falls_before_the_size_does(studio: PhotoStudio) -> None:
    data = noise(400, 300)
    sizes: list[tuple[int, int]] = []
    lengths: list[int] = []
    for max_bytes in (200_000, 100_000, 50_000, 20_000, 5_000):
        shrunk = await studio.shrink(data, max_bytes)
        sizes.append(opened(shrunk).size)
        lengths.append(len(shrunk[0]))
        assert max_bytes / 4 < lengths[-1] <= max_bytes
    assert sizes[:3] == [(400, 300)] * 3
    assert (400, 300) > sizes[3] > sizes[4]


@pytest.mark.parametrize("max_bytes", [100_000, 20_000, 3_000])
@pytest.mark.parametrize(
    "make",
    [
        lambda: noise(1000, 600),
        lambda: noise(3000, 20),
        lambda: noise(7, 900),
        lambda: samples.png(4000, 3000),
    ],
    ids=["noise", "wide", "high", "large"],
)
async def test_the_result_is_never_larger_than_asked(
    studio: PhotoStudio, make: Callable[[], bytes], max_bytes: int
) -> None:
    data, _ = await studio.shrink(await asyncio.to_thread(make), max_bytes)
    assert 0 < len(data) <= max_bytes


@pytest.mark.parametrize("max_bytes", [0, 100, 600])
@pytest.mark.parametrize("size", [(800, 600), (1, 1), (64, 64)])
async def test_what_cannot_be_made_to_fit_is_too_large(
    studio: PhotoStudio, size: tuple[int, int], max_bytes: int
) -> None:
    data = samples.bmp(*size) + bytes(1000)  # so that it does not fit as it is
    with pytest.raises(PictureTooLargeError):
        await studio.shrink(data, max_bytes)


async def test_a_turned_photo_stands_upright_and_tells_nothing_of_the_camera(
    studio: PhotoStudio,
) -> None:
    data = samples.jpeg(640, 480, exif_orientation=6)
    shrunk = await studio.shrink(data, len(data) - 1)
    image = opened(shrunk)
    assert image.size == (480, 640)
    assert white_corner(image) == (True, False)
    assert b"Sample" not in shrunk[0]


async def test_what_is_transparent_lies_on_white(studio: PhotoStudio) -> None:
    image = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    out = BytesIO()
    image.save(out, "PNG", compress_level=0)
    shrunk = opened(await studio.shrink(out.getvalue(), 50_000))
    assert is_near(shrunk.getpixel((150, 150)), WHITE)


async def test_a_picture_wider_than_a_jpeg_can_be_is_scaled(studio: PhotoStudio) -> None:
    data = await asyncio.to_thread(samples.png, 70_000, 20)
    image = opened(await studio.shrink(data + bytes(5_000_000), 5_000_000))
    assert 60_000 < image.width <= 65_535


async def test_zero_bytes_are_an_empty_file(studio: PhotoStudio) -> None:
    with pytest.raises(EmptyFileError):
        await studio.shrink(b"", 1000)


@pytest.mark.parametrize("max_bytes", [10, 1_000_000])
@pytest.mark.parametrize(
    "data",
    [b"just words, named .jpg", b"\xff\xd8\xff", samples.ogg_opus()],
    ids=["text", "bare", "sound"],
)
async def test_what_is_no_picture_is_unreadable(
    studio: PhotoStudio, data: bytes, max_bytes: int
) -> None:
    with pytest.raises(PictureUnreadableError):
        await studio.shrink(data, max_bytes)


async def test_half_a_picture_that_must_be_made_smaller_is_unreadable(studio: PhotoStudio) -> None:
    data = samples.truncated_jpeg()
    with pytest.raises(PictureUnreadableError):
        await studio.shrink(data, len(data) - 1)


async def test_too_many_pixels_are_told_with_their_number(studio: PhotoStudio) -> None:
    with pytest.raises(PictureTooLargeError) as raised:
        await studio.shrink(samples.oversized_png(100), 1000)
    assert raised.value.values == {"megapixels": 100, "limit": 50}


@settings(max_examples=40, deadline=None)
@given(
    make=st.sampled_from(FORMATS),
    damage=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=8),
    max_bytes=st.sampled_from([100, 700, 900]),
)
def test_a_damaged_picture_fits_or_is_told_to_be_at_fault(
    make: Callable[..., bytes], damage: list[tuple[int, int]], max_bytes: int
) -> None:
    async def shrink() -> None:
        studio = PhotoStudio()
        try:
            assert len((await studio.shrink(bytes(data), max_bytes))[0]) <= max_bytes
        except PersonError:
            pass
        finally:
            studio.close()

    data = bytearray(make(64, 48))
    for at, value in damage:
        data[at % len(data)] = value
    asyncio.run(shrink())


async def test_the_loop_runs_on_meanwhile(studio: PhotoStudio) -> None:
    data = await asyncio.to_thread(noise, 1200, 900)
    photos = [asyncio.create_task(studio.shrink(data, 50_000)) for _ in range(4)]
    ticks = 0
    while not all(task.done() for task in photos):
        await asyncio.sleep(0.001)
        ticks += 1
    assert all(len(photo.result()[0]) <= 50_000 for photo in photos)
    assert ticks > 20


@needs_proc
@pytest.mark.parametrize(
    "make", [samples.png, samples.jpeg, samples.tiff], ids=["png", "jpeg", "tiff"]
)
def test_four_huge_pictures_at_once_take_the_memory_of_one(
    make: Callable[..., bytes], tmp_path: Path
) -> None:
    """48 megapixels are 192 MB decoded, a TIFF twice that; the bot may take 400 in all."""
    four = "await asyncio.gather(*(studio.shrink(data, 20_000) for _ in range(4)))"
    size = (6000, 4000) if make is samples.tiff else (8000, 6000)
    assert peak_growth_mb(four, make(*size), tmp_path) < 280
