"""Long recordings on their way to a service: on the disk, small, and cut where nobody speaks."""

import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from handlers.errors import FileTooLargeError
from handlers.media.containers import MIME_TYPES
from handlers.media.ffmpeg import Ffmpeg, work_folder, write_file
from handlers.media.sizes import human_size
from handlers.media.threads import run_to_end
from handlers.ports.sounds import Sound

PIECE_S = 600.0
"""What is cut at all is cut into pieces of at most this: they are heard side by side, and the words
of ten minutes still fit into what a model writes at once."""
_BYTES_A_SECOND = 5_000
"""Of mono OGG/Opus at 32 kbit/s, a quarter more than its mean."""
_SHORTEST_S = 1.0
_REACH = 0.25
"""How far from its best place a cut may move to fall into a silence, as a share of the piece."""
_FILLING = 0.9
"""How full a piece is at best: a cut may then move either way."""


class SoundRoute(Protocol):
    """What a service takes in one request."""

    @property
    def formats(self) -> frozenset[str]: ...
    @property
    def max_bytes(self) -> int: ...
    @property
    def max_seconds(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Span:
    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s

    def __str__(self) -> str:
        """The same for the same cut, to name what became of it."""
        return f"{self.start_s:.3f}-{self.end_s:.3f}"


class Recording:
    """Mono OGG/Opus of 32 kbit/s in a file, and the pieces to send it in."""

    def __init__(self, ffmpeg: Ffmpeg, path: Path, spans: Sequence[Span]) -> None:
        self.spans = tuple(spans)
        self._ffmpeg = ffmpeg
        self._path = path

    async def read(self, span: Span) -> Sound:
        data = await self._ffmpeg.cut(self._path, span.start_s, span.length_s)
        return Sound(data, MIME_TYPES["ogg"], "sound.ogg", span.length_s)


@asynccontextmanager
async def recorded(
    ffmpeg: Ffmpeg, data: bytes, format_name: str, route: SoundRoute
) -> AsyncIterator[Recording]:
    """The sound as pieces that the route takes, for as long as the block works on them.

    ``data`` is not needed any more inside it. FileTooLargeError if the route takes next to nothing.
    """
    most_s = longest_request(route)
    if most_s < _SHORTEST_S:
        size, limit = human_size(len(data)), human_size(route.max_bytes)
        raise FileTooLargeError("no piece is small enough", size=size, limit=limit)
    async with work_folder() as folder:
        source, target = folder / "source", folder / "recording"
        await write_file(source, data)
        del data
        made = await ffmpeg.record(source, format_name, target)
        await run_to_end(source.unlink)
        longest_s = most_s if made.duration_s <= most_s else min(PIECE_S, most_s)
        yield Recording(ffmpeg, target, cut_at_silences(made.duration_s, made.silences, longest_s))


def longest_request(route: SoundRoute) -> float:
    """The seconds of a recording that the route takes at once for certain."""
    return min(route.max_seconds, route.max_bytes / _BYTES_A_SECOND)


def cut_at_silences(
    duration_s: float, silences: Sequence[tuple[float, float]], longest_s: float
) -> list[Span]:
    """Spans of at most ``longest_s`` that follow each other without a gap, and none much shorter.

    A cut is in the middle of the longest silence near the best place, or else exactly there.
    """

    def worth(silence: tuple[float, float]) -> tuple[float, float]:
        begin, end = silence
        return round(end - begin, 1), -abs((begin + end) / 2 - start_s - best_s)

    spans: list[Span] = []
    start_s = 0.0
    while (left_s := duration_s - start_s) > longest_s:
        best_s = left_s / math.ceil(left_s / (longest_s * _FILLING))
        from_s = start_s + best_s * (1 - _REACH)
        to_s = start_s + min(longest_s, best_s * (1 + _REACH))
        near = [(begin, end) for begin, end in silences if from_s <= (begin + end) / 2 <= to_s]
        begin_s, end_s = max(near, key=worth, default=(start_s + best_s, start_s + best_s))
        cut_s = (begin_s + end_s) / 2
        spans.append(Span(start_s, cut_s))
        start_s = cut_s
    return [*spans, Span(start_s, duration_s)]
