"""ffmpeg as a process of its own: the binary that imageio-ffmpeg brings, fed through pipes."""

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from handlers.errors import SoundUnreadableError, SoundWorkError
from handlers.media.threads import run_to_end

# Always named: left to guess, ffmpeg takes a playlist for sound and opens the addresses in it.
_DEMUXERS = {
    "aac": "aac",
    "amr": "amr",
    "flac": "flac",
    "m4a": "mov",
    "mkv": "matroska",
    "mp3": "mp3",
    "mp4": "mov",
    "ogg": "ogg",
    "wav": "wav",
    "webm": "matroska",
}
FORMATS = frozenset(_DEMUXERS)
_NEEDS_SEEKING = frozenset(("mov",))

_ENCODERS = {
    "ogg": ("-c:a", "libopus", "-ac", "1", "-b:a", "32k", "-f", "ogg"),
    "mp3": ("-c:a", "libmp3lame", "-ac", "1", "-b:a", "64k", "-write_xing", "0", "-f", "mp3"),
    "pcm16k": ("-c:a", "pcm_s16le", "-ac", "1", "-ar", "16000", "-f", "s16le"),
}

_LEVEL = "lavfi.astats.Overall.RMS_level"
_LEVEL_RATE = 8000  # enough for how loud it is; in 16 bits, so that what nobody hears is silence


@dataclass(frozen=True, slots=True)
class Probe:
    """What the first stream of sound is."""

    duration_s: float
    codec: str
    rate: int
    channels: int

    @property
    def decoded_bytes(self) -> int:
        """As 16-bit samples."""
        return int(self.duration_s * self.rate * self.channels * 2)


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
        return _read_probe(out.decode(errors="replace"), told.decode(errors="replace"))

    async def encode(self, data: bytes, format_name: str, encoder: str) -> bytes:
        """The first stream of sound as mono ``ogg`` (Opus), ``mp3`` or bare ``pcm16k``."""
        async with _source(data, format_name) as (source, stdin):
            out, _ = await self._run(
                *source,
                *("-map", "0:a:0", "-map_metadata", "-1", *_ENCODERS[encoder], "pipe:1"),
                stdin=stdin,
            )
        return out

    async def join(self, clips: Sequence[tuple[bytes, str]], encoder: str) -> bytes:
        """Clips, each with its format, one after the other."""
        async with _folder() as folder:
            sources: list[str] = []
            for number, (data, format_name) in enumerate(clips):
                path = folder / str(number)
                await _write(path, data)
                sources += _file_source(path, _DEMUXERS[format_name])
            joined = f"concat=n={len(clips)}:v=0:a=1[all]"
            inputs = "".join(f"[{number}:a:0]" for number in range(len(clips)))
            out, _ = await self._run(
                *sources,
                *("-filter_complex", inputs + joined, "-map", "[all]", "-map_metadata", "-1"),
                *(*_ENCODERS[encoder], "pipe:1"),
                stdin=b"",
            )
        return out

    async def loudness(self, data: bytes, format_name: str, step_s: float) -> list[float]:
        """The amplitude (RMS) of each step of the sound, 0 to 1; the last step may be shorter.

        Only these numbers come back: the decoded sound stays in the process, a frame at a time.
        """
        filters = (
            f"aformat=sample_fmts=s16:sample_rates={_LEVEL_RATE}:channel_layouts=mono",
            f"asetnsamples=n={max(1, round(step_s * _LEVEL_RATE))}:p=0",
            "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=RMS_level",
            f"ametadata=print:key={_LEVEL}:file=-",
        )
        async with _source(data, format_name) as (source, stdin):
            out, _ = await self._run(
                *source,
                *("-map", "0:a:0", "-af", ",".join(filters), "-f", "null", "-"),
                stdin=stdin,
            )
        return _read_levels(out.decode(errors="replace"))

    async def _run(self, *arguments: str, stdin: bytes) -> tuple[bytes, bytes]:
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
        if process.returncode != 0 or not out:
            last_line = told.decode(errors="replace").strip().rpartition("\n")[2]
            raise SoundUnreadableError(f"ffmpeg ended with {process.returncode}: {last_line}")
        return out, told


async def _start(command: Sequence[str]) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    except OSError as exc:
        raise SoundWorkError(f"ffmpeg did not start: {exc.strerror}") from exc


async def _write(path: Path, data: bytes) -> None:
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
    async with _folder() as folder:
        path = folder / "sound"
        await _write(path, data)
        yield _file_source(path, demuxer), b""


@asynccontextmanager
async def _folder() -> AsyncIterator[Path]:
    """A folder of this call's own, gone afterwards whatever happens."""
    stack = ExitStack()  # here before the folder is, so that a cancelled start leaves none behind

    def make() -> Path:
        return Path(stack.enter_context(TemporaryDirectory(prefix="parley-")))

    try:
        try:
            folder = await run_to_end(make)
        except OSError as exc:
            raise SoundWorkError(f"no temporary folder: {exc.strerror}") from exc
        yield folder
    finally:
        await run_to_end(stack.close)


def _file_source(path: Path, demuxer: str) -> list[str]:
    return ["-protocol_whitelist", "file", "-f", demuxer, "-i", str(path)]


def _find_binary() -> str:
    import imageio_ffmpeg  # noqa: PLC0415  # only who sends sound needs it

    return str(imageio_ffmpeg.get_ffmpeg_exe())  # type: ignore[attr-defined, no-untyped-call]  # it ships no types


def _read_probe(head: str, progress: str) -> Probe:
    told: dict[str, str] = {}
    for line in head.splitlines():
        name, _, value = line.partition(" 0: ")
        told[name] = value
    ends = [line[12:] for line in progress.splitlines() if line.startswith("out_time_us=")]
    try:
        duration_s = int(ends[-1]) / 1_000_000
        rate = int(told["#sample_rate"])
    except (IndexError, KeyError, ValueError) as exc:
        raise SoundUnreadableError("ffmpeg told no length") from exc
    if duration_s <= 0:
        raise SoundUnreadableError("a sound without length")
    channels = {"mono": 1, "stereo": 2}.get(told.get("#channel_layout_name", ""), 8)
    return Probe(duration_s, told.get("#codec_id", ""), rate, channels)


def _read_levels(told: str) -> list[float]:
    """Decibels below full scale, one a line, as amplitudes; silence is told as ``-inf``."""
    lines = (line.partition("=") for line in told.splitlines())
    try:
        levels = [10 ** (float(level) / 20) for name, _, level in lines if name == _LEVEL]
    except ValueError as exc:
        raise SoundUnreadableError("ffmpeg told no loudness") from exc
    if not levels:
        raise SoundUnreadableError("a sound without length")
    return levels
