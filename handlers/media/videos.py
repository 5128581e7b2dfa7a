"""Frames of videos and animations, taken by ffmpeg in a process of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from handlers.errors import (
    EmptyFileError,
    VideoUnreadableError,
    VideoWorkError,
)
from handlers.media.ffmpeg import Ffmpeg
from handlers.media.films import Choice, Film, choose, container_of, is_sought, read_film
from handlers.media.processes import Ended, run, temporary_folder
from handlers.media.threads import run_to_end

_AT_ONCE = 2
_MAX_PIXELS = 9_500_000  # 4096x2304; a decoder keeps up to 17 frames, here 240 MB
_MAX_LISTED_BYTES = 24 * 1024 * 1024
"""Some 400,000 frames, hours of video; a short file that claims more is made to do harm."""
_MAX_TOLD_BYTES = 64 * 1024
_WITH_TRANSPARENCY = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Decoders that see it where ffmpeg's own do not: in video stickers."""
_TO_SQUARE_PIXELS = r"scale=w=trunc(iw*max(0.25\,min(4\,sar))):h=ih,setsar=1"
_INTO_BOX = r"scale=w=min(iw\,{side}):h=min(ih\,{side}):force_original_aspect_ratio=decrease"
_AS_PNG = ("-c:v", "png", "-compression_level", "1", "-f", "image2", "-atomic_writing", "1")


@dataclass(frozen=True, slots=True)
class Frame:
    at_s: float
    png: bytes
    """Upright, with square pixels, never enlarged; transparent where the video is."""


@dataclass(frozen=True, slots=True)
class Sampled:
    frames: tuple[Frame, ...]
    """In order, at least one."""
    duration_s: float
    has_sound: bool


class VideoStudio:
    """Takes frames of whatever moves: MP4, MOV, WebM, MKV, AVI, MPEG, GIF, animated WebP and PNG.

    At most two ffmpeg at once, each with one thread; this process holds the file and the frames.
    Errors: EmptyFileError; VideoUnreadableError, also for what takes longer than ``timeout_s``;
    VideoWithoutFramesError for sound alone; VideoWorkError. A cancelled call leaves no process
    and no file.
    """

    def __init__(self, timeout_s: float = 90.0) -> None:
        self._ffmpeg = Ffmpeg()
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def sample(self, data: bytes, *, every_s: float, most: int, side: int) -> Sampled:
        """Frames spread over the length, see ``choose``, each within ``side`` x ``side`` pixels.

        What could be read of a damaged or an endless file before its end or the time ran out.
        """
        if not data:
            raise EmptyFileError("a video of zero bytes")
        container = container_of(data)
        if not container:
            raise VideoUnreadableError("no known format of video")
        async with self._slots, _guarded(), temporary_folder() as folder:
            path = folder / "film"
            await run_to_end(path.write_bytes, data)
            film = await self._read(path, container)
            choices = choose(film, every_s, most)
            try:
                async with asyncio.timeout(self._timeout_s):
                    await self._take(path, film, choices, side)
            except TimeoutError:
                pass  # those that are there by now will do
            frames = await run_to_end(_frames_in, folder, choices)
        if not frames:
            raise VideoUnreadableError("no frame of it could be decoded")
        return Sampled(frames, film.duration_s, film.has_sound)

    async def _read(self, path: Path, container: str) -> Film:
        try:
            async with asyncio.timeout(self._timeout_s):
                listed = await self._run(
                    *("-v", "info", *_source(path, container)),
                    *("-map", "0:V:0", "-c", "copy", "-f", "framecrc", "pipe:1"),
                    max_bytes=_MAX_LISTED_BYTES,
                )
        except TimeoutError as exc:
            raise VideoUnreadableError(f"listing took over {self._timeout_s:g} s") from exc
        if len(listed.out) > _MAX_LISTED_BYTES:
            raise VideoUnreadableError("too many frames")
        packets = listed.out.decode(errors="replace")
        return await run_to_end(read_film, container, packets, listed.told.decode(errors="replace"))

    async def _take(self, path: Path, film: Film, choices: Sequence[Choice], side: int) -> None:
        if not is_sought(film, choices):
            passing = r"+".join(
                rf"eq(selected_n\,{number})*gte(t\,{choice.seek_s:.6f})"
                for number, choice in enumerate(choices)
            )
            await self._draw(path, film, (), f"select={passing},", len(choices), side, 0)
            return
        for number, choice in enumerate(choices):
            seek = ("-ss", f"{choice.seek_s:.6f}")
            await self._draw(path, film, seek, "", 1, side, number)

    async def _draw(
        self,
        path: Path,
        film: Film,
        seek: tuple[str, ...],
        select: str,
        count: int,
        side: int,
        first: int,
    ) -> None:
        """Draw ``count`` frames as numbered files; ffmpeg turns upright what was filmed on end."""
        decoder = _WITH_TRANSPARENCY.get(film.codec)
        filters = f"{select}{_TO_SQUARE_PIXELS},{_INTO_BOX.format(side=side)},format=rgba"
        await self._run(
            *("-v", "error", "-threads", "1", "-max_pixels", str(_MAX_PIXELS)),
            *(("-c:v", decoder) if decoder else ()),
            *(*seek, *_source(path, film.container), "-map", "0:V:0", "-vf", filters),
            *("-filter_threads", "1", "-fps_mode", "passthrough", "-frames:v", str(count)),
            *(*_AS_PNG, "-start_number", str(first), str(path.parent / "%d.png")),
            max_bytes=_MAX_TOLD_BYTES,
        )

    async def _run(self, *arguments: str, max_bytes: int) -> Ended:
        binary = await self._ffmpeg.binary()
        return await run([binary, "-hide_banner", "-nostdin", "-y", *arguments], max_bytes)


def _source(path: Path, container: str) -> tuple[str, ...]:
    return ("-protocol_whitelist", "file", "-f", container, "-i", str(path))


def _frames_in(folder: Path, choices: Sequence[Choice]) -> tuple[Frame, ...]:
    drawn = ((choice.at_s, folder / f"{number}.png") for number, choice in enumerate(choices))
    return tuple(Frame(at_s, path.read_bytes()) for at_s, path in drawn if path.is_file())


@asynccontextmanager
async def _guarded() -> AsyncIterator[None]:
    """What the machine refuses, rather than the file."""
    try:
        yield
    except OSError as exc:
        raise VideoWorkError(f"no process or file for a video: {exc.strerror}") from exc
