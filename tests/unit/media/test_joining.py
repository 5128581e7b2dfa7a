"""Clips are joined as people hear them: what is measured is the sound of the result, decoded."""

import asyncio
import io
import itertools
import math
import struct
import subprocess
import tempfile
import wave
from array import array
from pathlib import Path

import imageio_ffmpeg
import pytest

from handlers.errors import FileTooLargeError
from handlers.media.containers import is_ogg_opus, true_format
from handlers.media.ffmpeg import FILE_FORMATS
from handlers.media.joining import PAUSE_S
from handlers.media.sounds import SoundStudio

RATE = 24_000
QUIET = 600
"""Lossy formats ring a little before and after a sound."""
ENCODINGS = {
    "mp3": ("-c:a", "libmp3lame", "-b:a", "64k", "-f", "mp3"),
    # As it streams: nothing tells how much of it is padding.
    "bare mp3": ("-c:a", "libmp3lame", "-b:a", "64k", "-write_xing", "0", "-f", "mp3"),
    "opus": ("-c:a", "libopus", "-b:a", "32k", "-f", "ogg"),
    "wav": ("-f", "wav"),
    "flac": ("-f", "flac"),
    "aac": ("-c:a", "aac", "-f", "adts"),
}


@pytest.fixture
def studio() -> SoundStudio:
    return SoundStudio()


def ffmpeg(data: bytes, *arguments: str) -> bytes:
    binary = imageio_ffmpeg.get_ffmpeg_exe()  # type: ignore[attr-defined, no-untyped-call]  # it ships no types
    with tempfile.TemporaryDirectory(prefix="samples-") as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        source.write_bytes(data)
        subprocess.run(  # noqa: S603  # our own arguments
            [binary, "-v", "error", "-nostdin", "-i", str(source), *arguments, str(target)],
            check=True,
        )
        return target.read_bytes()


def clip(tone_s: float, head_s: float = 0.0, tail_s: float = 0.0, encoding: str = "wav") -> bytes:
    """A tone of 400 Hz with silence before and after it."""
    tone = (round(12_000 * math.sin(2 * math.pi * n / 60)) for n in range(round(tone_s * RATE)))
    samples = [0] * round(head_s * RATE) + [*tone] + [0] * round(tail_s * RATE)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return ffmpeg(out.getvalue(), *ENCODINGS[encoding])


def silences(sound: bytes) -> tuple[float, list[float], float]:
    """Seconds of silence before the first tone, between tones, and after the last."""
    samples = array("h", ffmpeg(sound, "-f", "s16le", "-ac", "1", "-ar", str(RATE)))
    loud = [at for at, sample in enumerate(samples) if abs(sample) > QUIET]
    # A tone of 400 Hz crosses zero: less than a period of it is no gap.
    gaps = [b - a for a, b in itertools.pairwise(loud) if b - a > RATE // 200]
    return loud[0] / RATE, [gap / RATE for gap in gaps], (len(samples) - loud[-1]) / RATE


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_speech_that_goes_on_is_joined_without_a_gap(
    studio: SoundStudio, encoding: str
) -> None:
    """Every codec pads its clips; of that nothing is heard."""
    clips = await asyncio.to_thread(lambda: [clip(1.0, encoding=encoding)] * 3)
    joined, duration_s = await studio.join(clips, "wav")
    _, gaps, _ = await asyncio.to_thread(silences, joined)

    assert max(gaps, default=0.0) < 0.02
    assert duration_s == pytest.approx(3.0, abs=0.15)


@pytest.mark.parametrize("encoding", ["mp3", "opus", "wav"])
async def test_two_pauses_that_meet_become_one(studio: SoundStudio, encoding: str) -> None:
    clips = await asyncio.to_thread(lambda: [clip(1.0, 0.3, 0.8, encoding)] * 2)
    joined, _ = await studio.join(clips, "wav")
    head_s, [gap_s], tail_s = await asyncio.to_thread(silences, joined)

    assert gap_s == pytest.approx(PAUSE_S, abs=0.05)
    assert head_s == pytest.approx(0.3, abs=0.03)
    assert tail_s == pytest.approx(0.8, abs=0.08)


async def test_a_pause_as_people_make_it_stays(studio: SoundStudio) -> None:
    joined, duration_s = await studio.join([clip(1.0, 0.0, 0.25), clip(1.0, 0.1)], "wav")
    _, [gap_s], _ = await asyncio.to_thread(silences, joined)

    assert gap_s == pytest.approx(0.35, abs=0.005)
    assert duration_s == pytest.approx(2.35, abs=0.001)


async def test_the_longer_pause_gives_first(studio: SoundStudio) -> None:
    """Three clips in one: the pauses are shortened where they are long."""
    joined, _ = await studio.join([clip(0.5, 0.0, 2.0), clip(0.5, 0.1, 0.0), clip(0.5)], "wav")
    _, gaps, _ = await asyncio.to_thread(silences, joined)

    assert gaps == [pytest.approx(PAUSE_S, abs=0.005)]


async def test_a_clip_of_silence_is_kept_whole(studio: SoundStudio) -> None:
    joined, duration_s = await studio.join([clip(0.5), clip(0.0, 2.0), clip(0.5)], "wav")
    _, [gap_s], _ = await asyncio.to_thread(silences, joined)

    assert gap_s == pytest.approx(2.0, abs=0.005)
    assert duration_s == pytest.approx(3.0, abs=0.005)


@pytest.mark.parametrize("ending", FILE_FORMATS)
async def test_every_format_is_what_it_says_and_knows_its_length(
    studio: SoundStudio, ending: str
) -> None:
    clips = await asyncio.to_thread(lambda: [clip(1.0, encoding="opus"), clip(0.5)])
    joined, duration_s = await studio.join(clips, ending)

    assert true_format(joined) == ending
    assert duration_s == pytest.approx(1.5, abs=0.02)
    assert await studio.duration(joined, ending) == pytest.approx(1.5, abs=0.15)


@pytest.mark.parametrize(
    ("max_bytes", "ending"), [(1_000_000, "wav"), (40_000, "ogg"), (20_000, "ogg")]
)
async def test_what_is_too_large_takes_the_next_format(
    studio: SoundStudio, max_bytes: int, ending: str
) -> None:
    clips = await asyncio.to_thread(lambda: [clip(1.0), clip(0.5)])
    joined = await studio.join_within(clips, ("wav", "ogg"), max_bytes)

    assert joined.ending == ending == true_format(joined.data)
    assert len(joined.data) <= max_bytes
    assert joined.duration_s == pytest.approx(1.5, abs=0.02)


async def test_what_fits_in_no_format_is_too_large(studio: SoundStudio) -> None:
    clips = await asyncio.to_thread(lambda: [clip(1.0), clip(0.5)])
    with pytest.raises(FileTooLargeError):
        await studio.join_within(clips, ("wav", "ogg"), 100)


async def test_a_single_clip_becomes_the_format_that_is_asked_for(studio: SoundStudio) -> None:
    data = await asyncio.to_thread(clip, 1.0, 0.3, 0.3, "opus")
    as_mp3, duration_s = await studio.join([data], "mp3")
    as_voice, _ = await studio.join([data])

    assert true_format(as_mp3) == "mp3"
    assert duration_s == pytest.approx(1.6, abs=0.02)
    assert as_voice == data
    assert is_ogg_opus(as_voice)
