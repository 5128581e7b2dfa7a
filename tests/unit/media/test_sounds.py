import asyncio
import contextlib
import io
import os
import sys
import tempfile
import wave
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from handlers.errors import EmptyFileError, SoundUnreadableError
from handlers.media.containers import is_ogg_opus, ogg_opus_duration, true_format
from handlers.media.sounds import SoundStudio
from handlers.ports.sounds import Sound
from tests import samples

FORMATS: list[tuple[Callable[..., bytes], str]] = [
    (samples.ogg_opus, "ogg"),
    (samples.ogg_vorbis, "ogg"),
    (samples.mp3, "mp3"),
    (samples.wav, "wav"),
    (samples.flac, "flac"),
    (samples.m4a, "m4a"),
    (samples.aac, "aac"),
    (samples.amr, "amr"),
    (samples.webm, "webm"),
    (samples.video_note, "mp4"),
]
every_format = pytest.mark.parametrize(("make", "ending"), FORMATS)
MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Route:
    formats: frozenset[str] = frozenset({"ogg", "wav"})
    max_bytes: int = MB
    max_seconds: float = 600.0


@pytest.fixture
def studio() -> SoundStudio:
    return SoundStudio()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go while a test looks for what is left of them."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def quiet_wav(minutes: float) -> bytes:
    """Long, and made without ffmpeg: 8 kHz mono."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(int(minutes * 60 * 8000 * 2)))
    return out.getvalue()


def children() -> set[int]:
    """The processes that this one started and that still run."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # the thread has ended meanwhile
            found.update(int(pid) for pid in (task / "children").read_text().split())
    return found


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="processes are read from /proc")


@every_format
async def test_every_format_is_measured(
    studio: SoundStudio, make: Callable[..., bytes], ending: str
) -> None:
    assert await studio.duration(make(2.0), ending) == pytest.approx(2.0, abs=0.15)


@every_format
async def test_every_format_becomes_a_voice_message(
    studio: SoundStudio, make: Callable[..., bytes], ending: str
) -> None:
    ogg, duration_s = await studio.to_voice(make(2.0))
    assert is_ogg_opus(ogg)
    assert ogg[ogg.index(b"OpusHead") + 9] == 1  # channel
    assert duration_s == pytest.approx(2.0, abs=0.15)


async def test_a_voice_message_stays_bit_for_bit(studio: SoundStudio) -> None:
    data = samples.ogg_opus(3.0)
    ogg, duration_s = await studio.to_voice(data)
    assert ogg == data
    assert duration_s == pytest.approx(3.0, abs=0.02)


@pytest.mark.parametrize("ending", ["ogg", "mp3", "wav"])
@pytest.mark.parametrize("make", [samples.ogg_opus, samples.mp3, samples.wav, samples.m4a])
async def test_a_sound_is_converted(
    studio: SoundStudio, make: Callable[..., bytes], ending: str
) -> None:
    sound = await studio.convert(Sound(make(2.0), "", "any.bin"), ending)
    assert true_format(sound.data) == ending
    assert sound.name == f"sound.{ending}"
    assert sound.duration_s == pytest.approx(2.0, abs=0.15)
    assert await studio.duration(sound.data, ending) == pytest.approx(2.0, abs=0.15)


async def test_a_wav_is_sixteen_kilohertz_mono_and_tells_its_length(studio: SoundStudio) -> None:
    sound = await studio.convert(Sound(samples.mp3(2.0), "audio/mpeg", "a.mp3"), "wav")
    with wave.open(io.BytesIO(sound.data)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        assert file.getnframes() / 16_000 == pytest.approx(2.0, abs=0.15)


async def test_a_wav_that_does_not_tell_its_length_is_read_to_its_end(studio: SoundStudio) -> None:
    """As speech services send it: the length was not known when the header went out."""
    data = bytearray(samples.wav(2.0))
    data[4:8] = b"\xff\xff\xff\xff"
    at = data.index(b"data") + 4
    data[at : at + 4] = b"\xff\xff\xff\xff"
    ogg, duration_s = await studio.to_voice(bytes(data))
    assert is_ogg_opus(ogg)
    assert duration_s == pytest.approx(2.0, abs=0.1)


async def test_joined_clips_are_as_long_as_all_of_them(studio: SoundStudio) -> None:
    clips = [samples.ogg_opus(1.0), samples.mp3(2.0), samples.wav(0.5), samples.ogg_opus(1.5, 880)]
    ogg, duration_s = await studio.join(clips)
    assert is_ogg_opus(ogg)
    assert duration_s == pytest.approx(5.0, abs=0.2)
    assert ogg_opus_duration(ogg) == pytest.approx(duration_s, abs=0.05)


async def test_long_clips_are_joined_too(studio: SoundStudio) -> None:
    ogg, duration_s = await studio.join([quiet_wav(6), samples.m4a(2.0), quiet_wav(1)])
    assert is_ogg_opus(ogg)
    assert duration_s == pytest.approx(7 * 60 + 2, abs=0.2)


async def test_one_clip_joined_stays_as_it_is(studio: SoundStudio) -> None:
    data = samples.ogg_opus(1.0)
    ogg, duration_s = await studio.join([data])
    assert ogg == data
    assert duration_s == pytest.approx(1.0, abs=0.02)


@every_format
async def test_what_the_service_reads_goes_as_it_is_under_its_true_name(
    studio: SoundStudio, make: Callable[..., bytes], ending: str
) -> None:
    data = make(2.0)
    sound = await studio.fit(Sound(data, "text/plain", "lies.xyz"), Route(frozenset((ending,))))
    assert sound is not None
    assert sound.data == data
    assert sound.name == f"sound.{ending}"
    assert sound.mime.startswith(("audio/", "video/"))
    assert sound.duration_s == pytest.approx(2.0, abs=0.15)


@pytest.mark.parametrize("make", [samples.amr, samples.video_note, samples.mp3])
async def test_what_the_service_does_not_read_is_converted(
    studio: SoundStudio, make: Callable[..., bytes]
) -> None:
    named_wrong = Sound(make(2.0), "audio/wav", "a.wav")
    sound = await studio.fit(named_wrong, Route(frozenset(("wav", "ogg"))))
    assert sound is not None
    assert is_ogg_opus(sound.data)
    assert (sound.mime, sound.name) == ("audio/ogg", "sound.ogg")
    assert sound.duration_s == pytest.approx(2.0, abs=0.15)


async def test_what_is_too_large_is_made_smaller(studio: SoundStudio) -> None:
    data = samples.wav(10.0)
    route = Route(frozenset(("wav",)), 100_000)
    sound = await studio.fit(Sound(data, "audio/wav", "a.wav"), route)
    assert sound is not None
    assert is_ogg_opus(sound.data)
    assert len(sound.data) <= 100_000 < len(data)


@pytest.mark.parametrize(
    "route",
    [Route(max_bytes=10 * 1024), Route(max_seconds=9.0), Route(frozenset(("mp3",)), 40_000)],
    ids=["too large", "too long", "too large when it is converted"],
)
async def test_what_no_single_request_takes_is_not_fitted(
    studio: SoundStudio, route: Route
) -> None:
    sound = Sound(samples.wav(10.0), "audio/wav", "a.wav")
    assert await studio.fit(sound, route) is None


Work = Callable[[SoundStudio, bytes, str], Awaitable[object]]
WORKS: list[Work] = [
    lambda studio, data, name: studio.duration(data, name.rpartition(".")[2]),
    lambda studio, data, name: studio.convert(Sound(data, "", name), "ogg"),
    lambda studio, data, name: studio.fit(Sound(data, "", name), Route(frozenset(("ogg", "mp3")))),
    lambda studio, data, name: studio.to_voice(data),
    lambda studio, data, name: studio.join([samples.ogg_opus(), data]),
]
every_work = pytest.mark.parametrize(
    "work", WORKS, ids=["duration", "convert", "fit", "to_voice", "join"]
)


@every_work
async def test_zero_bytes_are_an_empty_file(studio: SoundStudio, work: Work) -> None:
    with pytest.raises(EmptyFileError):
        await work(studio, b"", "a.ogg")


@every_work
@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"just words " * 500, "words.ogg"),
        (b"just words " * 500, "words.mp3"),
        (b"#EXTM3U\nfile:///etc/hostname\n", "list.mp3"),
        (b"OggS" + b"just words " * 500, "words.ogg"),
        (samples.ogg_opus()[:150], "short.ogg"),
        (samples.mp3()[:60], "short.mp3"),
        (samples.m4a(5.0)[:-2000], "short.m4a"),
        (samples.silent_video(), "silent.mp4"),
        (samples.jpeg(), "picture.ogg"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_no_sound_is_unreadable(
    studio: SoundStudio, temporary: Path, work: Work, data: bytes, name: str
) -> None:
    with pytest.raises(SoundUnreadableError):
        await work(studio, data, name)
    assert not files_in(temporary)


@needs_proc
async def test_a_sound_that_takes_too_long_is_unreadable_and_its_process_ends() -> None:
    before = children()
    with pytest.raises(SoundUnreadableError, match="took over") as raised:
        await SoundStudio(timeout_s=0.05).convert(Sound(quiet_wav(20), "", "a.wav"), "ogg")
    assert children() == before
    assert raised.value.__cause__ is not None


@needs_proc
@pytest.mark.parametrize(
    ("make", "process"),
    [
        (lambda: quiet_wav(20), 1),
        (lambda: quiet_wav(20), 2),
        (lambda: samples.video_note(20.0), 1),
        (lambda: samples.video_note(20.0), 2),
        (lambda: samples.mp3(60.0), 1),
        (lambda: samples.mp3(60.0), 2),
        (lambda: samples.mp3(60.0), 3),
    ],
    ids=["long_1", "long_2", "video_1", "video_2", "short_1", "short_2", "short_3"],
)
async def test_a_cancelled_conversion_leaves_no_process_and_no_file(
    studio: SoundStudio, temporary: Path, make: Callable[[], bytes], process: int
) -> None:
    """Cancelled while its first, second or third process runs: to probe, to decode, to encode."""
    data = await asyncio.to_thread(make)
    await studio.duration(samples.wav(), "wav")  # what is started once is started
    before = children()
    task = asyncio.create_task(studio.convert(Sound(data, "", "sound"), "ogg"))
    seen: set[int] = set()
    while len(seen) < process and not task.done():
        await asyncio.sleep(0)
        seen |= children() - before
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert children() == before
    assert not files_in(temporary)


async def test_a_long_recording_with_its_index_at_the_end_is_converted(
    studio: SoundStudio,
) -> None:
    data = await asyncio.to_thread(samples.m4a, 120.0)
    assert data.rindex(b"moov") > data.index(b"mdat")
    sound = await studio.convert(Sound(data, "audio/mp4", "a.m4a"), "ogg")
    assert ogg_opus_duration(sound.data) == pytest.approx(120.0, abs=0.2)


async def test_the_loop_runs_on_while_sounds_are_converted(studio: SoundStudio) -> None:
    sound = Sound(samples.mp3(10.0), "audio/mpeg", "a.mp3")
    tasks = [asyncio.create_task(studio.convert(sound, "ogg")) for _ in range(8)]
    ticks = 0
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0.001)
        ticks += 1
    assert ticks > 40


async def test_nothing_is_looked_for_on_the_path(
    studio: SoundStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "PATH", "/nowhere")
    _, duration_s = await studio.join([samples.ogg_opus(), samples.mp3()])
    assert duration_s == pytest.approx(2.0, abs=0.1)
