import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from handlers.errors import (
    EmptyFileError,
    PersonError,
    PictureTooLargeError,
    PictureUnreadableError,
)
from handlers.media.photos import PhotoStudio, PreparedPhoto
from tests import samples

ROOT = Path(__file__).parents[3]
TEAL = (0, 128, 128)
WHITE = (255, 255, 255)

FORMATS: list[Callable[[], bytes]] = [
    samples.jpeg,
    samples.progressive_jpeg,
    samples.png,
    samples.webp,
    samples.heic,
    samples.gif,
    samples.bmp,
    samples.tiff,
]


@pytest.fixture
def studio() -> Iterator[PhotoStudio]:
    studio = PhotoStudio()
    yield studio
    studio.close()


def opened(photo: PreparedPhoto) -> Image.Image:
    image = Image.open(BytesIO(photo.data))
    image.load()
    assert image.format == "JPEG"
    assert photo.mime == "image/jpeg"
    assert image.size == (photo.width, photo.height)
    return image


def is_near(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 16 for one, other in zip(pixel, colour, strict=True))


def white_corner(image: Image.Image) -> tuple[bool, bool]:
    """Whether the white quarter is on the right, and at the bottom."""
    right, bottom = image.width - 5, image.height - 5
    corners = {(x > 5, y > 5): image.getpixel((x, y)) for x in (5, right) for y in (5, bottom)}
    [found] = [place for place, pixel in corners.items() if is_near(pixel, WHITE)]
    return found


@pytest.mark.parametrize("make", FORMATS, ids=lambda make: make.__name__)
async def test_every_format_becomes_a_jpeg_that_looks_the_same(
    studio: PhotoStudio, make: Callable[[], bytes]
) -> None:
    image = opened(await studio.prepare(make()))
    assert image.size == (640, 480)
    assert is_near(image.getpixel((600, 450)), TEAL)
    assert white_corner(image) == (False, False)


@pytest.mark.parametrize("make", [samples.jpeg, samples.tiff, samples.heic])
@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_turned_photo_stands_upright(
    studio: PhotoStudio, make: Callable[..., bytes], orientation: int
) -> None:
    turned = Image.open(BytesIO(samples.jpeg(640, 480, exif_orientation=orientation)))
    upright = ImageOps.exif_transpose(turned)
    image = opened(await studio.prepare(make(640, 480, exif_orientation=orientation)))
    assert image.size == upright.size
    assert white_corner(image) == white_corner(upright)


async def test_what_the_camera_noted_is_dropped(studio: PhotoStudio) -> None:
    data = samples.jpeg(exif_orientation=6)
    assert b"Sample Camera" in data
    photo = await studio.prepare(data)
    image = opened(photo)
    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"Sample" not in photo.data
    assert b"secret" not in photo.data


@pytest.mark.parametrize(
    ("size", "high"),
    [
        ((4000, 3000), (1024, 768)),
        ((3000, 4000), (768, 1024)),
        ((4000, 1000), (2048, 512)),
        ((1000, 1000), (768, 768)),
        ((100, 20_000), (10, 2048)),
        ((20_000, 1), (2048, 1)),
        ((800, 600), (800, 600)),
        ((1, 1), (1, 1)),
    ],
)
@pytest.mark.parametrize("make", [samples.jpeg, samples.png])
async def test_a_photo_is_kept_as_large_as_high_detail_needs_and_never_enlarged(
    studio: PhotoStudio,
    make: Callable[..., bytes],
    size: tuple[int, int],
    high: tuple[int, int],
) -> None:
    assert opened(await studio.prepare(make(*size))).size == high


async def test_what_is_transparent_lies_on_white(studio: PhotoStudio) -> None:
    image = opened(await studio.prepare(samples.transparent_png()))
    assert is_near(image.getpixel((32, 32)), WHITE)


async def test_sixteen_bits_of_grey_keep_their_brightness(studio: PhotoStudio) -> None:
    image = opened(await studio.prepare(samples.deep_png(grey=0x8000)))
    assert is_near(image.getpixel((32, 32)), (128, 128, 128))


@pytest.mark.parametrize(
    ("detail", "size"), [("low", (512, 384)), ("high", (1024, 768)), ("auto", (1024, 768))]
)
async def test_a_kept_photo_is_scaled_for_its_detail(
    studio: PhotoStudio, detail: str, size: tuple[int, int]
) -> None:
    kept = await studio.prepare(samples.jpeg(4000, 3000))
    assert opened(await studio.scale(detail, kept.data)).size == size


@pytest.mark.parametrize("detail", ["low", "high", "auto"])
async def test_a_kept_photo_that_fits_stays_bit_for_bit(studio: PhotoStudio, detail: str) -> None:
    kept = await studio.prepare(samples.jpeg(500, 400))
    assert await studio.scale(detail, kept.data) == kept


async def test_zero_bytes_are_an_empty_file(studio: PhotoStudio) -> None:
    with pytest.raises(EmptyFileError):
        await studio.prepare(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"just words, named .jpg",
        b"\xff\xd8\xff",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        samples.video_note(),
    ],
    ids=["text", "bare_jpeg_magic", "postscript", "video"],
)
async def test_what_is_no_picture_is_unreadable(studio: PhotoStudio, data: bytes) -> None:
    with pytest.raises(PictureUnreadableError):
        await studio.prepare(data)


async def test_a_truncated_jpeg_is_unreadable(studio: PhotoStudio) -> None:
    with pytest.raises(PictureUnreadableError):
        await studio.prepare(samples.truncated_jpeg())


@pytest.mark.parametrize("make", FORMATS, ids=lambda make: make.__name__)
async def test_half_a_picture_is_unreadable(studio: PhotoStudio, make: Callable[[], bytes]) -> None:
    data = make()
    with pytest.raises(PictureUnreadableError):
        await studio.prepare(data[: len(data) // 2])


async def test_a_gif_with_a_frame_of_gigapixels_is_unreadable(studio: PhotoStudio) -> None:
    data = bytearray(samples.gif())
    at = data.index(b",\0\0\0\0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(PictureUnreadableError):
        await studio.prepare(bytes(data))


@settings(max_examples=60, deadline=None)
@given(
    make=st.sampled_from(FORMATS),
    damage=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_a_damaged_picture_is_read_or_told_to_be_the_persons(
    make: Callable[..., bytes], damage: list[tuple[int, int]]
) -> None:
    async def prepare() -> None:
        studio = PhotoStudio()
        try:
            await studio.prepare(bytes(data))
        except PersonError:
            pass
        finally:
            studio.close()

    data = bytearray(make(64, 48))
    for at, value in damage:
        data[at % len(data)] = value
    asyncio.run(prepare())


@pytest.mark.parametrize("megapixels", [100, 200])
async def test_too_many_pixels_are_told_with_their_number(
    studio: PhotoStudio, megapixels: int
) -> None:
    with pytest.raises(PictureTooLargeError) as raised:
        await studio.prepare(samples.oversized_png(megapixels))
    assert raised.value.values == {"megapixels": megapixels, "limit": 50}


async def test_a_format_that_decodes_in_much_memory_has_a_lower_limit(studio: PhotoStudio) -> None:
    data = await asyncio.to_thread(samples.webp, 4000, 3500)
    with pytest.raises(PictureTooLargeError) as raised:
        await studio.prepare(data)
    assert raised.value.values == {"megapixels": 14, "limit": 13}


async def test_a_cancelled_photo_gives_its_memory_to_the_next(studio: PhotoStudio) -> None:
    large = await asyncio.to_thread(samples.png, 8000, 6000)
    tasks = [asyncio.create_task(studio.prepare(large)) for _ in range(3)]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:  # one is being decoded now, one waits
        task.cancel()
    await asyncio.wait(tasks)
    assert any(task.cancelled() for task in tasks)
    assert opened(await studio.prepare(large)).size == (1024, 768)


async def test_the_loop_runs_on_while_photos_are_prepared(studio: PhotoStudio) -> None:
    data = await asyncio.to_thread(samples.jpeg, 4000, 3000)
    photos = [asyncio.create_task(studio.prepare(data)) for _ in range(8)]
    ticks = 0
    while not all(task.done() for task in photos):
        await asyncio.sleep(0.001)
        ticks += 1
    assert ticks > 20


def peak_growth_mb(work: str, data: bytes, folder: Path) -> int:
    """How much the memory of a fresh process grew at most while it did ``work`` on ``data``."""
    (folder / "data").write_bytes(data)
    script = f"""
import asyncio, contextlib, pathlib, sys
from handlers.errors import PictureTooLargeError
from handlers.media.photos import PhotoStudio
def peak():
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))
async def main():
    studio = PhotoStudio()
    data = pathlib.Path(sys.argv[1]).read_bytes()
    before = peak()
    {work}
    print(peak() - before)
    studio.close()
asyncio.run(main())
"""
    command = [sys.executable, "-c", script, str(folder / "data")]
    done = subprocess.run(  # noqa: S603  # our own script
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")


@needs_proc
def test_two_hundred_megapixels_are_refused_without_decoding(tmp_path: Path) -> None:
    refused = "with contextlib.suppress(PictureTooLargeError): await studio.prepare(data); assert 0"
    assert peak_growth_mb(refused, samples.oversized_png(), tmp_path) < 20


@needs_proc
def test_eight_huge_photos_at_once_take_the_memory_of_one(tmp_path: Path) -> None:
    """48 megapixels are 192 MB decoded; with everything else the bot may take 400."""
    eight = "await asyncio.gather(*(studio.prepare(data) for _ in range(8)))"
    assert peak_growth_mb(eight, samples.png(8000, 6000), tmp_path) < 280
