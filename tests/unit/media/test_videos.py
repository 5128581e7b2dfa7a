"""Frames of real videos and animations: which, how large, and what becomes of broken files."""

import asyncio
import contextlib
import os
import tempfile
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from handlers.errors import EmptyFileError, VideoUnreadableError, VideoWithoutFramesError
from handlers.media.videos import Sampled, VideoStudio
from tests import samples

NAMES = {
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
}
needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")


@pytest.fixture
def studio() -> VideoStudio:
    return VideoStudio()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go while a test looks for what is left of them."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def children() -> set[int]:
    """The processes that this one started and that still run."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def sample(
    studio: VideoStudio, data: bytes, every_s: float = 1.0, most: int = 16, side: int = 512
) -> Sampled:
    return await studio.sample(data, every_s=every_s, most=most, side=side)


def pictures(sampled: Sampled) -> list[Image.Image]:
    return [Image.open(BytesIO(frame.png)) for frame in sampled.frames]


def colours(sampled: Sampled) -> list[str]:
    """The nearest by name of each frame's middle."""
    found = []
    for picture in pictures(sampled):
        pixel = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))
        assert isinstance(pixel, tuple)
        found.append(
            min(NAMES, key=lambda n: sum(abs(a - b) for a, b in zip(NAMES[n], pixel, strict=True)))
        )
    return found


async def test_frames_are_spread_over_the_length(studio: VideoStudio) -> None:
    sampled = await sample(studio, samples.film(4.0), every_s=1.2, most=4)

    assert colours(sampled) == ["red", "green", "blue", "yellow"]
    assert [frame.at_s for frame in sampled.frames] == [0.5, 1.5, 2.5, 3.5]
    assert sampled.duration_s == pytest.approx(4.0, abs=0.1)


async def test_there_are_at_most_so_many_and_of_a_short_one_two(studio: VideoStudio) -> None:
    assert len((await sample(studio, samples.film(4.0), 0.1, most=3)).frames) == 3
    assert len((await sample(studio, samples.film(4.0), 60, most=16)).frames) == 2


async def test_ten_minutes_are_told_by_frames_from_all_of_them(studio: VideoStudio) -> None:
    """Here frames are sought, not all of them decoded."""
    film = await asyncio.to_thread(samples.film, 600.0, samples.COLOURS, "160x120", 5)
    sampled = await sample(studio, film, every_s=2.0, most=8)

    assert colours(sampled) == [name for name in samples.COLOURS for _ in range(2)]
    assert sampled.frames[-1].at_s == pytest.approx(562.5, abs=0.5)


async def test_a_slide_that_stands_long_is_seen_all_the_while(studio: VideoStudio) -> None:
    sampled = await sample(studio, samples.slides(), every_s=6.0, most=6)

    assert colours(sampled)[0] == "red"
    assert colours(sampled)[-1] == "blue"
    assert sampled.duration_s > 30


@pytest.mark.parametrize(
    ("size", "side", "fitting"),
    [("640x360", 512, (512, 288)), ("320x240", 512, (320, 240)), ("360x640", 320, (180, 320))],
)
async def test_frames_fit_and_are_never_enlarged(
    studio: VideoStudio, size: str, side: int, fitting: tuple[int, int]
) -> None:
    film = samples.film(1.0, ("red", "blue"), size)
    assert {p.size for p in pictures(await sample(studio, film, side=side))} == {fitting}


async def test_what_was_filmed_on_end_stands_upright(studio: VideoStudio) -> None:
    assert {p.size for p in pictures(await sample(studio, samples.film_on_its_side()))} == {
        (288, 512)
    }


@pytest.mark.parametrize(
    "container", ["mov", "webm", "matroska", "avi", "mpegts", "mpeg", "flv", "asf", "ogg"]
)
async def test_what_phones_and_computers_make_is_read(studio: VideoStudio, container: str) -> None:
    film = await asyncio.to_thread(samples.film_as, container)
    assert colours(await sample(studio, film, every_s=1.2, most=4)) == list(samples.COLOURS)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
async def test_an_animated_picture_is_told_by_its_frames(studio: VideoStudio, kind: str) -> None:
    sampled = await sample(studio, samples.moving_picture(kind), every_s=0.5, most=4)

    assert colours(sampled) == list(samples.COLOURS)
    assert sampled.duration_s == pytest.approx(2.0)
    assert not sampled.has_sound


async def test_what_is_transparent_stays_so(studio: VideoStudio) -> None:
    sampled = await sample(studio, samples.see_through_webm(), every_s=1.0, most=2)

    for picture in pictures(sampled):
        assert picture.mode == "RGBA"
        assert picture.getpixel((100, 256))[3] == 0  # type: ignore[index]
        assert picture.getpixel((400, 256))[3] == 255  # type: ignore[index]


async def test_it_is_told_whether_there_is_sound(studio: VideoStudio) -> None:
    assert (await sample(studio, samples.film())).has_sound
    assert not (await sample(studio, samples.silent_film())).has_sound


async def test_sound_alone_has_no_frames(studio: VideoStudio, temporary: Path) -> None:
    for data in (samples.m4a(), samples.webm()):
        with pytest.raises(VideoWithoutFramesError):
            await sample(studio, data)
    assert not files_in(temporary)


@pytest.mark.parametrize(
    "data",
    [
        b"I am no video at all. " * 100,
        b"\0\0\0\x18ftypmp42" + b"junk" * 500,
        b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/secret\n",
        samples.jpeg(),
        samples.wav(),
        b"\x1a\x45\xdf\xa3webm" + b"\0" * 500,
        b"GIF89a" + b"\xff" * 100,
    ],
    ids=["words", "mp4_junk", "playlist", "picture", "sound", "webm_junk", "gif_junk"],
)
async def test_what_is_no_video_is_unreadable(
    studio: VideoStudio, temporary: Path, data: bytes
) -> None:
    with pytest.raises(VideoUnreadableError):
        await sample(studio, data)
    assert not files_in(temporary)


async def test_an_mp4_that_was_cut_off_is_unreadable(studio: VideoStudio) -> None:
    """Its index stands at the end."""
    film = samples.film(4.0)
    with pytest.raises(VideoUnreadableError):
        await sample(studio, film[: len(film) // 2])


async def test_of_a_webm_that_was_cut_off_the_beginning_is_seen(studio: VideoStudio) -> None:
    film = await asyncio.to_thread(samples.film_as, "webm")
    sampled = await sample(studio, film[: len(film) * 2 // 3])
    assert colours(sampled)[0] == "red"


async def test_nothing_is_told_as_such(studio: VideoStudio) -> None:
    with pytest.raises(EmptyFileError):
        await sample(studio, b"")


@needs_proc
async def test_what_takes_too_long_is_unreadable_and_leaves_nothing(temporary: Path) -> None:
    before = children()
    with pytest.raises(VideoUnreadableError, match="took over"):
        await sample(VideoStudio(timeout_s=0), samples.film(4.0))
    assert children() == before
    assert not files_in(temporary)


@needs_proc
@pytest.mark.parametrize("process", [1, 2])
async def test_a_cancelled_look_leaves_no_process_and_no_file(
    studio: VideoStudio, temporary: Path, process: int
) -> None:
    """Cancelled while its first or second process runs: to list the frames, to draw them."""
    film = samples.film(4.0, rate=100)
    before = children()
    task = asyncio.create_task(sample(studio, film))
    seen: set[int] = set()
    while len(seen) < process and not task.done():
        await asyncio.sleep(0)
        seen |= children() - before
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert children() == before
    assert not files_in(temporary)


async def test_nothing_is_looked_for_on_the_path(
    studio: VideoStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = samples.film()
    monkeypatch.setitem(os.environ, "PATH", "/nowhere")
    assert (await sample(studio, film)).frames
