"""The loudness of a sound over time, a byte a step."""

import asyncio
import io
import math
import struct
import wave
from collections.abc import Callable, Sequence

import pytest

from handlers.errors import EmptyFileError, SoundUnreadableError
from handlers.media.sounds import SoundStudio
from handlers.ports.sounds import Sound
from tests import samples

RATE = 8000
FORMATS = [
    samples.ogg_opus,
    samples.ogg_vorbis,
    samples.mp3,
    samples.wav,
    samples.flac,
    samples.m4a,
    samples.aac,
    samples.amr,
    samples.webm,
    samples.video_note,
]


@pytest.fixture
def studio() -> SoundStudio:
    return SoundStudio()


def tones(*parts: tuple[float, float]) -> bytes:
    """Parts of (seconds, amplitude from 0 to 1) one after the other, as WAV."""
    frames = bytearray()
    for seconds, amplitude in parts:
        wavelength = [
            round(32767 * amplitude * math.sin(2 * math.pi * step / 20)) for step in range(20)
        ]
        period = struct.pack("<20h", *wavelength)
        frames += period * round(seconds * RATE / 20)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(frames))
    return out.getvalue()


async def spoken(studio: SoundStudio, wav: bytes) -> bytes:
    """As voice messages are: OGG/Opus."""
    return (await studio.convert(Sound(wav, "audio/wav", "a.wav"), "ogg")).data


def is_near(levels: Sequence[int], expected: int) -> bool:
    return all(abs(level - expected) <= 8 for level in levels)


@pytest.mark.parametrize("is_spoken", [False, True], ids=["wav", "ogg_opus"])
async def test_a_waveform_follows_the_loudness(studio: SoundStudio, *, is_spoken: bool) -> None:
    sound = tones((1, 0.4), (1, 0), (1, 0.8), (1, 0.2))
    waveform = await studio.waveform(await spoken(studio, sound) if is_spoken else sound)
    assert len(waveform) == 40
    for start, expected in ((0, 128), (10, 0), (20, 255), (30, 64)):
        # Opus smears a change of loudness over the steps beside it.
        assert is_near(waveform[start + 3 : start + 9], expected), list(waveform)


@pytest.mark.parametrize("amplitude", [1.0, 0.01])
async def test_the_loudest_step_is_the_highest_whatever_the_volume(
    studio: SoundStudio, amplitude: float
) -> None:
    waveform = await studio.waveform(tones((0.5, amplitude / 2), (0.5, amplitude)))
    assert max(waveform) == 255
    assert is_near(waveform[:5], 128)


@pytest.mark.parametrize("is_spoken", [False, True], ids=["wav", "ogg_opus"])
async def test_silence_is_flat(studio: SoundStudio, *, is_spoken: bool) -> None:
    silence = tones((2, 0))
    waveform = await studio.waveform(await spoken(studio, silence) if is_spoken else silence)
    assert waveform == bytes(20)


@pytest.mark.parametrize(
    ("seconds", "steps"), [(0.02, 1), (0.1, 1), (0.95, 10), (25.6, 256), (26, 256), (90, 256)]
)
async def test_a_step_is_a_tenth_of_a_second_until_there_are_256(
    studio: SoundStudio, seconds: float, steps: int
) -> None:
    assert len(await studio.waveform(tones((seconds, 0.5)))) == steps


async def test_the_end_of_an_hour_of_sound_is_in_its_waveform(studio: SoundStudio) -> None:
    data = await asyncio.to_thread(tones, (1800, 0.5), (1800, 0.25))
    waveform = await studio.waveform(data)
    assert len(waveform) == 256
    assert is_near(waveform[:127], 255)
    assert is_near(waveform[129:], 128)


@pytest.mark.parametrize("make", FORMATS, ids=lambda make: make.__name__)
async def test_every_format_has_a_waveform(studio: SoundStudio, make: Callable[..., bytes]) -> None:
    waveform = await studio.waveform(make(2.0))
    assert 20 <= len(waveform) <= 21
    assert max(waveform) == 255
    assert sum(waveform) / len(waveform) > 128  # a tone


async def test_a_sound_that_claims_to_be_long_is_shown_as_far_as_it_goes(
    studio: SoundStudio,
) -> None:
    data = bytearray(await spoken(studio, tones((2, 0.5))))
    at = data.rindex(b"OggS") + 6  # the last page's time
    data[at : at + 8] = struct.pack("<q", 48_000 * 10_000_000_000)
    assert 1 <= len(await studio.waveform(bytes(data))) <= 20


@pytest.mark.parametrize(
    "data",
    [
        b"just words " * 500,
        b"OggS" + b"just words " * 500,
        samples.ogg_opus()[:150],
        samples.silent_video(),
        samples.jpeg(),
    ],
    ids=["words", "words_named_ogg", "cut_off", "video_without_sound", "picture"],
)
async def test_what_is_no_sound_has_no_waveform(studio: SoundStudio, data: bytes) -> None:
    with pytest.raises(SoundUnreadableError):
        await studio.waveform(data)


async def test_zero_bytes_are_an_empty_file(studio: SoundStudio) -> None:
    with pytest.raises(EmptyFileError):
        await studio.waveform(b"")


async def test_a_waveform_that_takes_too_long_is_given_up() -> None:
    data = await asyncio.to_thread(tones, (3600, 0.5))
    with pytest.raises(SoundUnreadableError, match="took over"):
        await SoundStudio(timeout_s=0.01).waveform(data)


async def test_the_loop_runs_on_meanwhile(studio: SoundStudio) -> None:
    data = await asyncio.to_thread(tones, (600, 0.5))
    task = asyncio.create_task(studio.waveform(data))
    ticks = 0
    while not task.done():
        await asyncio.sleep(0.001)
        ticks += 1
    assert len(task.result()) == 256
    assert ticks > 10
