"""ffmpeg as a process of its own: the binary that imageio-ffmpeg brings, fed through pipes."""

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from handlers.errors import SoundUnreadableError, SoundWorkError
from handlers.media.ffmpeg_reports import (
    LEVEL,
    SILENCE_ENDS,
    SILENCE_STARTS,
    Probe,
    Recorded,
    read_end,
    read_levels,
    read_probe,
    read_silences,
)
from handlers.media.processes import temporary_folder
from handlers.media.threads import run_to_end

# Always named: left to guess, ffmpeg takes a playlist for sound and opens the addresses in it.
_DEMUXERS = {
    "aac": "aac",
    "aiff": "aiff",
    "amr": "amr",
    "avi": "avi",
    "caf": "caf",
    "flac": "flac",
    "flv": "flv",
    "m4a": "mov",
    "mkv": "matroska",
    "mp3": "mp3",
    "mp4": "mov",
    "mpg": "mpeg",
    "ogg": "ogg",
    "ts": "mpegts",
    "wav": "wav",
    "webm": "matroska",
    "wma": "asf",
}
FORMATS = frozenset(_DEMUXERS)
_NEEDS_SEEKING = frozenset(("aiff", "asf", "avi", "caf", "mov"))

_ENCODERS = {
    "ogg": ("-c:a", "libopus", "-ac", "1", "-b:a", "32k", "-f", "ogg"),
    "mp3": ("-c:a", "libmp3lame", "-ac", "1", "-b:a", "64k", "-write_xing", "0", "-f", "mp3"),
    "pcm16k": ("-c:a", "pcm_s16le", "-ac", "1", "-ar", "16000", "-f", "s16le"),
}

PCM_RATE_HZ = 24_000
"""Of samples without a container: what speech is made in."""
_PCM = ("-f", "s16le", "-ar", str(PCM_RATE_HZ), "-ac", "1")
# In files to keep. ffmpeg can go back in them and write how long they are.
_FILE_ENCODERS = {
    "aac": ("-c:a", "aac", "-b:a", "64k", "-f", "adts"),
    "flac": ("-c:a", "flac", "-f", "flac"),
    "mp3": ("-c:a", "libmp3lame", "-b:a", "64k", "-f", "mp3"),
    "ogg": ("-c:a", "libopus", "-b:a", "32k", "-f", "ogg"),
    "wav": ("-c:a", "pcm_s16le", "-f", "wav"),
}
FILE_FORMATS = tuple(sorted(_FILE_ENCODERS))

# Quieter than this for so long is a pause between words, also where a fan or a street is heard.
_SILENCE = "silencedetect=noise=-35dB:duration=0.3"

_LEVEL_RATE = 8000  # enough for how loud it is; in 16 bits, so that what nobody hears is silence


class Ffmpeg:
    """One process a call; killed when the call is cancelled or takes longer than ``timeout_s``.

    What ffmpeg cannot read, or not in time, raises SoundUnreadableError.
    """

    def __init__(self, timeout_s: float = 120.0) -> None:
        self._timeout_s = timeout_s

    async def binary(self) -> str:
        return await run_to_end(_find_binary)

    async def probe(self, data: bytes, format_name: str) -> Probe:
        """Length and kind, by reading the packets without decoding them: headers may lie."""
        async with _source(data, format_name) as (source, stdin):
            out, told = await self._run(
                *source,
                *("-map", "0:a:0", "-c", "copy", "-frames:a", "1", "-f", "framecrc", "pipe:1"),
                *("-map", "0:a:0", "-c", "copy", "-f", "null", "-", "-progress", "pipe:2"),
                stdin=stdin,
            )
        return read_probe(out.decode(errors="replace"), told.decode(errors="replace"))

    async def encode(self, data: bytes, format_name: str, encoder: str) -> bytes:
        """The first stream of sound as mono ``ogg`` (Opus), ``mp3`` or bare ``pcm16k``."""
        async with _source(data, format_name) as (source, stdin):
            out, _ = await self._run(
                *source,
                *("-map", "0:a:0", "-map_metadata", "-1", *_ENCODERS[encoder], "pipe:1"),
                stdin=stdin,
            )
        return out

    async def decode(self, data: bytes, format_name: str, target: Path) -> None:
        """The first stream of sound as bare samples of ``PCM_RATE_HZ``, mono, in a file."""
        async with _source(data, format_name) as (source, stdin):
            await self._run(
                *(*source, "-map", "0:a:0", "-c:a", "pcm_s16le", *_PCM, str(target)),
                stdin=stdin,
                is_silent=True,
            )

    async def encode_pcm(self, source: Path, ending: str, target: Path) -> None:
        """A file of what ``decode`` makes as one of ``FILE_FORMATS``, in another file."""
        await self._run(
            *("-protocol_whitelist", "file", *_PCM, "-i", str(source)),
            *("-fflags", "+bitexact", *_FILE_ENCODERS[ending], str(target)),
            stdin=b"",
            is_silent=True,
        )

    async def loudness(self, data: bytes, format_name: str, step_s: float) -> list[float]:
        """The amplitude (RMS) of each step of the sound, 0 to 1; the last step may be shorter.

        Only these numbers come back: the decoded sound stays in the process, a frame at a time.
        """
        filters = (
            f"aformat=sample_fmts=s16:sample_rates={_LEVEL_RATE}:channel_layouts=mono",
            f"asetnsamples=n={max(1, round(step_s * _LEVEL_RATE))}:p=0",
            "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=RMS_level",
            f"ametadata=print:key={LEVEL}:file=-",
        )
        async with _source(data, format_name) as (source, stdin):
            out, _ = await self._run(
                *source,
                *("-map", "0:a:0", "-af", ",".join(filters), "-f", "null", "-"),
                stdin=stdin,
            )
        return read_levels(out.decode(errors="replace"))

    async def record(self, source: Path, format_name: str, target: Path) -> Recorded:
        """The first stream of sound of a file as mono OGG/Opus of 32 kbit/s, in another file.

        The pauses in it are found on the way. The memory of this process does not grow with the
        sound.
        """
        filters = (
            "asetpts=N/SR/TB",  # by the sound alone: a recording's own times may have gaps of hours
            _SILENCE,
            f"ametadata=print:key={SILENCE_STARTS}:file=-:direct=1",
            f"ametadata=print:key={SILENCE_ENDS}:file=-:direct=1",
        )
        out, told = await self._run(
            *_file_source(source, _DEMUXERS[format_name]),
            *("-map", "0:a:0", "-map_metadata", "-1", "-af", ",".join(filters)),
            *(*_ENCODERS["ogg"], str(target), "-progress", "pipe:2"),
            stdin=b"",
            is_silent=True,
        )
        duration_s = read_end(told.decode(errors="replace"))
        return Recorded(duration_s, read_silences(out.decode(errors="replace"), duration_s))

    async def cut(self, source: Path, start_s: float, length_s: float) -> bytes:
        """A part of an OGG, as exact as its packets of 20 ms and without encoding it again."""
        out, _ = await self._run(
            *("-ss", f"{start_s:.3f}", "-t", f"{length_s:.3f}"),
            *(*_file_source(source, "ogg"), "-map_metadata", "-1", "-c", "copy"),
            *("-f", "ogg", "pipe:1"),
            stdin=b"",
        )
        return out

    async def _run(
        self, *arguments: str, stdin: bytes, is_silent: bool = False
    ) -> tuple[bytes, bytes]:
        """``is_silent``: that it writes nothing is no failure."""
        command = [await self.binary(), "-hide_banner", "-nostdin", "-v", "error", *arguments]
        process = await _start(command)
        try:
            async with asyncio.timeout(self._timeout_s):
                out, told = await process.communicate(stdin)
        except TimeoutError as exc:
            raise SoundUnreadableError(f"ffmpeg took over {self._timeout_s:g} s") from exc
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()  # reads its pipes to their ends, so that they close
        if process.returncode != 0 or not (out or is_silent):
            last_line = told.decode(errors="replace").strip().rpartition("\n")[2]
            raise SoundUnreadableError(f"ffmpeg ended with {process.returncode}: {last_line}")
        return out, told


async def _start(command: Sequence[str]) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    except OSError as exc:
        raise SoundWorkError(f"ffmpeg did not start: {exc.strerror}") from exc


async def write_file(path: Path, data: bytes) -> None:
    try:
        await run_to_end(path.write_bytes, data)
    except OSError as exc:
        raise SoundWorkError(f"no temporary file: {exc.strerror}") from exc


@asynccontextmanager
async def _source(data: bytes, format_name: str) -> AsyncIterator[tuple[list[str], bytes]]:
    """The arguments that name the input, and what to feed it."""
    demuxer = _DEMUXERS[format_name]
    if demuxer not in _NEEDS_SEEKING:
        yield ["-protocol_whitelist", "pipe", "-f", demuxer, "-i", "pipe:0"], data
        return
    async with work_folder() as folder:
        path = folder / "sound"
        await write_file(path, data)
        yield _file_source(path, demuxer), b""


@asynccontextmanager
async def work_folder() -> AsyncIterator[Path]:
    """A folder of this call's own, gone afterwards whatever happens."""
    async with AsyncExitStack() as stack:
        try:
            folder = await stack.enter_async_context(temporary_folder())
        except OSError as exc:
            raise SoundWorkError(f"no temporary folder: {exc.strerror}") from exc
        yield folder


def _file_source(path: Path, demuxer: str) -> list[str]:
    return ["-protocol_whitelist", "file", "-f", demuxer, "-i", str(path)]


def _find_binary() -> str:
    import imageio_ffmpeg  # noqa: PLC0415  # only who sends sound needs it

    return str(imageio_ffmpeg.get_ffmpeg_exe())  # type: ignore[attr-defined, no-untyped-call]  # it ships no types
