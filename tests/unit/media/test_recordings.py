"""Long recordings: cut where nobody speaks, in pieces that a service takes."""

import asyncio
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.errors import EmptyFileError, FileTooLargeError, SoundUnreadableError
from handlers.media.containers import is_ogg_opus, ogg_opus_duration, true_format
from handlers.media.recordings import PIECE_S, Span, cut_at_silences
from handlers.media.sounds import SoundStudio
from handlers.ports.sounds import Sound
from tests import samples

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Route:
    formats: frozenset[str] = frozenset({"mp3", "ogg", "wav"})
    max_bytes: int = 25_000_000
    max_seconds: float = 1390.0


@pytest.fixture
def studio() -> SoundStudio:
    return SoundStudio()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go while a test looks for what is left of them."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def files_in(folder: Path) -> list[str]:
    """Names, of folders too."""
    return [path.name for path in folder.iterdir()]


def is_recording(folder: Path) -> bool:
    return any(folder.glob("*/recording"))


def as_sound(data: bytes, name: str = "a.bin") -> Sound:
    return Sound(data, "", name)


# ---------------------------------------------------------------- where it is cut


def test_what_is_short_enough_is_not_cut() -> None:
    assert cut_at_silences(600, [(299, 301)], 600) == [Span(0, 600)]


def test_a_cut_is_in_the_middle_of_the_longest_silence_near_the_best_place() -> None:
    silences = [(10, 20), (95, 95.4), (110, 112), (120, 120.4)]
    assert cut_at_silences(200, silences, 150) == [Span(0, 111), Span(111, 200)]


def test_of_silences_that_are_as_long_the_nearest_is_taken() -> None:
    silences = [(80, 81), (99, 100), (115, 116)]
    assert cut_at_silences(200, silences, 150) == [Span(0, 99.5), Span(99.5, 200)]


def test_a_piece_that_would_be_full_can_end_later_too() -> None:
    silences = [(70, 71), (140, 141)]
    assert cut_at_silences(200, silences, 100) == [
        Span(0, 70.5),
        Span(70.5, 140.5),
        Span(140.5, 200),
    ]


def test_who_speaks_without_a_pause_is_cut_evenly() -> None:
    assert cut_at_silences(300, [], 120) == [Span(0, 100), Span(100, 200), Span(200, 300)]


@given(
    duration_s=st.floats(1, 20_000),
    longest_s=st.floats(10, 2_000),
    silences=st.lists(st.tuples(st.floats(0, 20_000), st.floats(0.3, 60)), max_size=40),
)
def test_pieces_follow_each_other_and_none_is_too_long_or_a_splinter(
    duration_s: float, longest_s: float, silences: list[tuple[float, float]]
) -> None:
    spans = cut_at_silences(duration_s, [(at, at + length) for at, length in silences], longest_s)
    assert spans[0].start_s == 0
    assert spans[-1].end_s == duration_s
    assert all(one.end_s == next_.start_s for one, next_ in pairwise(spans))
    assert all(span.length_s <= longest_s for span in spans)
    assert len(spans) == 1 or min(span.length_s for span in spans) > longest_s * 0.3


# ---------------------------------------------------------------- what is done to it

ODD: list[tuple[Callable[..., bytes], str]] = [
    (samples.amr, "amr"),
    (samples.aac, "aac"),
    (samples.m4a, "m4a"),
    (samples.mov, "mp4"),
    (samples.mkv, "mkv"),
    (samples.webm, "webm"),
    (samples.wma, "wma"),
    (samples.aiff, "aiff"),
    (samples.caf, "caf"),
    (samples.avi, "avi"),
    (samples.mpeg_ts, "ts"),
    (samples.video_note, "mp4"),
]


@pytest.mark.parametrize(("make", "name"), ODD)
async def test_whatever_ffmpeg_reads_is_fitted(
    studio: SoundStudio, make: Callable[..., bytes], name: str
) -> None:
    data = make(2.0)
    assert true_format(data) == name
    sound = await studio.fit(as_sound(data), Route(formats=frozenset({"ogg"})))
    assert sound is not None
    assert is_ogg_opus(sound.data)
    assert ogg_opus_duration(sound.data) == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize("make", [samples.wma, samples.caf, samples.mov, samples.mpeg_ts])
async def test_whatever_ffmpeg_reads_is_recorded(
    studio: SoundStudio, temporary: Path, make: Callable[..., bytes]
) -> None:
    async with studio.record(as_sound(make(12.0)), Route(max_seconds=5)) as recording:
        sounds = [await recording.read(span) for span in recording.spans]
    assert [sound.duration_s for sound in sounds] == pytest.approx([4.0] * 3, abs=0.2)
    assert not files_in(temporary)


async def test_pieces_hold_the_phrases_that_were_spoken(studio: SoundStudio) -> None:
    """Each piece is itself a sound, without what is before or after it."""
    data = samples.phrases(4.0, 6.0, 5.0)
    route = Route(max_seconds=8)
    assert await studio.fit(as_sound(data), route) is None
    async with studio.record(as_sound(data), route) as recording:
        lengths = [span.length_s for span in recording.spans]
        assert lengths == pytest.approx([4.5, 7.0, 6.5], abs=0.1)
        for span in recording.spans:
            sound = await recording.read(span)
            assert is_ogg_opus(sound.data)
            assert sound.name == "sound.ogg"
            assert ogg_opus_duration(sound.data) == pytest.approx(span.length_s, abs=0.05)
            levels = await studio.waveform(sound.data)
            is_loud = [level > 50 for level in levels]
            # Half a second of silence where it was cut, and a tone between.
            assert is_loud[len(is_loud) // 2]
            assert not is_loud[-2]


async def test_what_is_too_large_but_not_too_long_goes_in_one_piece(studio: SoundStudio) -> None:
    data = samples.wav(30.0)
    route = Route(max_bytes=len(data) // 4)
    async with studio.record(as_sound(data), route) as recording:
        [span] = recording.spans
        sound = await recording.read(span)
    assert len(sound.data) <= route.max_bytes


async def test_a_gap_in_a_recordings_own_times_is_no_length(studio: SoundStudio) -> None:
    data = await asyncio.to_thread(samples.sound_with_a_gap, 20.0, 3000.0)
    async with studio.record(as_sound(data), Route()) as recording:
        [span] = recording.spans
    assert span.end_s - span.start_s == pytest.approx(20, abs=0.5)


async def test_pieces_of_a_long_recording_are_no_longer_than_ten_minutes(
    studio: SoundStudio,
) -> None:
    async with studio.record(
        as_sound(await asyncio.to_thread(samples.talk, 30.0)), Route()
    ) as made:
        assert len(made.spans) == 4
        assert all(span.length_s <= PIECE_S for span in made.spans)
        assert all(span.end_s % 11 == pytest.approx(10.5, abs=0.1) for span in made.spans[:-1])


async def test_a_route_that_takes_next_to_nothing_is_told_with_size_and_limit(
    studio: SoundStudio, temporary: Path
) -> None:
    with pytest.raises(FileTooLargeError) as raised:
        async with studio.record(as_sound(samples.mp3(30.0)), Route(max_bytes=2048)):
            pass
    assert raised.value.values["limit"] == "2 KB"
    assert not files_in(temporary)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EmptyFileError),
        (b"just words " * 500, SoundUnreadableError),
        (b"OggS" + b"just words " * 500, SoundUnreadableError),
        (b"#EXTM3U\nfile:///etc/hostname\n", SoundUnreadableError),
        (samples.silent_video(), SoundUnreadableError),
        (samples.m4a(5.0)[:-2000], SoundUnreadableError),
    ],
    ids=["empty", "words", "ogg", "list", "silent video", "cut"],
)
async def test_what_is_no_sound_leaves_nothing_behind(
    studio: SoundStudio, temporary: Path, data: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        async with studio.record(as_sound(data), Route()):
            pass
    assert not files_in(temporary)


async def test_a_cancelled_recording_leaves_no_file(studio: SoundStudio, temporary: Path) -> None:
    data = await asyncio.to_thread(samples.talk, 30.0)

    async def work() -> None:
        async with studio.record(as_sound(data), Route()):
            raise AssertionError("cancelled before")

    task = asyncio.create_task(work())
    while not is_recording(temporary):
        assert not task.done()
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert not files_in(temporary)


@pytest.mark.skipif(sys.platform != "linux", reason="the memory is read from /proc")
async def test_an_hour_of_sound_needs_less_than_150_mb(tmp_path: Path) -> None:
    """25 MB, the largest file that a platform hands over; in a process of its own."""
    path = tmp_path / "hour.wav"
    path.write_bytes(await asyncio.to_thread(samples.large_talk, 60.0))
    ended = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.unit.media.hour_of_sound", str(path)],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    pieces, _, peak_mb = map(int, ended.stdout.split())
    assert pieces == 7
    assert peak_mb < 150
