"""Sound made ready for a service that reads few formats, and for platforms that send one."""

import asyncio
import math
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from io import BytesIO

from handlers.errors import EmptyFileError, SoundUnreadableError
from handlers.media import clips
from handlers.media.clips import Clips
from handlers.media.containers import MIME_TYPES, is_ogg_opus, ogg_opus_duration, true_format
from handlers.media.ffmpeg import FORMATS, Ffmpeg
from handlers.media.ffmpeg_reports import Probe
from handlers.media.joining import Joined, joined
from handlers.media.recordings import Recording, SoundRoute, longest_request, recorded
from handlers.media.threads import run_to_end
from handlers.ports.sounds import Sound

# pydub takes about six times the decoded sound in memory (1.8 GB for an hour of MP3), ffmpeg a
# steady 60 MB outside this process. 16 MB decoded is 5 minutes of 24 kHz mono speech.
_PYDUB_DECODED_BYTES = 16 * 1024 * 1024
_PYDUB_BYTES = 5 * 1024 * 1024
_AT_ONCE = 2
_LONGER = 5
"""An hour is recorded in 8 s; one that lasts ten, on a busy machine, must not run into the end."""

_WAVEFORM_STEP_S = 0.1
_WAVEFORM_STEPS = 256

_ENCODERS = {"ogg": "ogg", "mp3": "mp3", "wav": "pcm16k"}


class SoundStudio:
    """Measures, joins and converts sound; nothing of it on the event loop.

    pydub does short clips, ffmpeg alone what is long or in an odd container. Errors:
    EmptyFileError; SoundUnreadableError for what is not sound, has no stream of sound, or takes
    longer than ``timeout_s``. A cancelled call leaves no process and no file.
    """

    def __init__(self, timeout_s: float = 120.0) -> None:
        self._ffmpeg = Ffmpeg(timeout_s)
        self._recorder = Ffmpeg(timeout_s * _LONGER)
        self._clips: Clips | None = None
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def duration(self, data: bytes, ending: str) -> float:
        """Seconds. ``ending`` is believed only where the bytes do not tell the format."""
        format_name = _format_of(data, ending)
        if is_ogg_opus(data):
            return await run_to_end(ogg_opus_duration, data)
        async with self._slots:
            probe = await self._ffmpeg.probe(data, format_name)
            if not _is_for_pydub([(data, format_name, probe)]):
                return probe.duration_s
            pydub = await self._pydub()
            return await run_to_end(pydub.duration, data, format_name, probe.codec)

    async def convert(self, sound: Sound, ending: str) -> Sound:
        """As mono ``ogg`` (Opus, 32 kbit/s), ``mp3`` (64 kbit/s) or ``wav`` (16 kHz)."""
        async with self._slots:
            return await self._convert(sound, ending)

    async def join(self, sounds: Sequence[bytes], ending: str = "ogg") -> tuple[bytes, float]:
        """Clips of speech, of whatever formats, one after the other without a gap; the seconds.

        ``ending``: one of FILE_FORMATS. A single clip that is OGG/Opus already stays as it is.
        """
        if len(sounds) == 1 and ending == "ogg":
            return await self.to_voice(sounds[0])
        whole = await self.join_within(sounds, (ending,), math.inf)
        return whole.data, whole.duration_s

    async def join_within(
        self, sounds: Sequence[bytes], endings: Sequence[str], max_bytes: float
    ) -> Joined:
        """As ``join``, in the first of the formats in which it is no larger than ``max_bytes``.

        FileTooLargeError if it is in none. What is too large never comes into memory.
        """
        named = [(data, _format_of(data, "")) for data in sounds]
        async with self._slots:
            return await joined(self._ffmpeg, named, endings, max_bytes)

    async def fit(self, sound: Sound, route: SoundRoute) -> Sound | None:
        """The sound as a service takes it in one request, its length measured.

        It goes as it is, under a name that tells the truth, where it can, else as OGG/Opus. None if
        it is too long or too large for one request: ``record`` makes pieces of it.
        """
        format_name = _format_of(sound.data, _ending(sound.name))
        duration_s = await self.duration(sound.data, format_name)
        if duration_s > route.max_seconds:
            return None
        name = _name_for(format_name, route.formats)
        if name and len(sound.data) <= route.max_bytes:
            return Sound(sound.data, MIME_TYPES[format_name], name, duration_s)
        if duration_s > longest_request(route):
            return None
        fitting = await self.convert(sound, "ogg")
        return fitting if len(fitting.data) <= route.max_bytes else None

    @asynccontextmanager
    async def record(self, sound: Sound, route: SoundRoute) -> AsyncIterator[Recording]:
        """What ``fit`` does not fit, in pieces; ``sound`` itself can be let go of in the block.

        FileTooLargeError (values ``size`` and ``limit``) if the route takes next to nothing.
        """
        format_name = _format_of(sound.data, _ending(sound.name))
        async with AsyncExitStack() as stack:
            async with self._slots:
                opening = recorded(self._recorder, sound.data, format_name, route)
                del sound
                recording = await stack.enter_async_context(opening)
            yield recording

    async def to_voice(self, data: bytes) -> tuple[bytes, float]:
        """A voice message: OGG/Opus and its seconds. What is OGG/Opus stays bit for bit."""
        ending = _format_of(data, "")
        if not is_ogg_opus(data):
            sound = Sound(data, MIME_TYPES[ending], f"sound.{ending}")
            data = (await self.convert(sound, "ogg")).data
        return data, await run_to_end(ogg_opus_duration, data)

    async def waveform(self, data: bytes) -> bytes:
        """How loud the sound is over time, as voice messages show it: the loudest step is 255.

        RMS; a byte for each tenth of a second, or 256 bytes for what is longer than 25.6 s.
        """
        format_name = _format_of(data, "")
        duration_s = await self.duration(data, format_name)
        step_s = max(_WAVEFORM_STEP_S, duration_s / _WAVEFORM_STEPS)
        async with self._slots:
            levels = await self._ffmpeg.loudness(data, format_name, step_s)
        return _scaled(_pooled(levels, _WAVEFORM_STEPS))

    async def _convert(self, sound: Sound, ending: str) -> Sound:
        data, format_name = sound.data, _format_of(sound.data, _ending(sound.name))
        probe = await self._ffmpeg.probe(data, format_name)
        duration_s = probe.duration_s
        if _is_for_pydub([(data, format_name, probe)]):
            data, duration_s = await self._as_wav([(data, format_name, probe)])
            format_name = "wav"
        made = await self._ffmpeg.encode(data, format_name, _ENCODERS[ending])
        if ending == "wav":
            made = await run_to_end(_with_wav_header, made)
        return Sound(made, MIME_TYPES[ending], f"sound.{ending}", duration_s)

    async def _as_wav(self, sounds: Sequence[tuple[bytes, str, Probe]]) -> tuple[bytes, float]:
        pydub = await self._pydub()
        parts = [(data, format_name, probe.codec) for data, format_name, probe in sounds]
        return await run_to_end(pydub.as_wav, parts)

    async def _pydub(self) -> Clips:
        if self._clips is None:
            self._clips = await run_to_end(Clips, await self._ffmpeg.binary())
        return self._clips


def _format_of(data: bytes, ending: str) -> str:
    if not data:
        raise EmptyFileError("a sound of zero bytes")
    # Some MP3 files begin with junk; no other format can be found in the middle.
    format_name = true_format(data) or ("mp3" if ending == "mp3" else "")
    if format_name not in FORMATS:
        raise SoundUnreadableError("no known format of sound")
    return format_name


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _name_for(format_name: str, formats: frozenset[str]) -> str:
    """A name whose ending the service knows; empty if it does not read the format."""
    same = ("m4a", "mp4") if format_name in ("m4a", "mp4") else (format_name,)
    for ending in (format_name, *same):
        if ending in formats:
            return f"sound.{ending}"
    return ""


def _is_for_pydub(sounds: Sequence[tuple[bytes, str, Probe]]) -> bool:
    return (
        all(format_name in clips.FORMATS for _, format_name, _ in sounds)
        and sum(len(data) for data, _, _ in sounds) <= _PYDUB_BYTES
        and sum(probe.decoded_bytes for _, _, probe in sounds) <= _PYDUB_DECODED_BYTES
    )


def _pooled(levels: Sequence[float], most: int) -> list[float]:
    """At most so many: a sound may be longer than its packets tell."""
    count = min(len(levels), most)
    return [
        max(levels[step * len(levels) // count : (step + 1) * len(levels) // count])
        for step in range(count)
    ]


def _scaled(levels: Sequence[float]) -> bytes:
    loudest = max(levels)
    return bytes(round(level / loudest * 255) if loudest else 0 for level in levels)


def _with_wav_header(samples: bytes) -> bytes:
    """ffmpeg cannot go back in a pipe to write the length, which some services insist on."""
    out = BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples)
    return out.getvalue()
