"""What is in a file that moves: its frames by their times, without decoding any. Pure."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from handlers.errors import VideoUnreadableError, VideoWithoutFramesError
from handlers.media.processes import TOLD_BYTES

# Always named: left to guess, ffmpeg takes a playlist for a video and opens the addresses in it.
_MAGIC = (
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"GIF8", "gif"),
    (b"FLV\x01", "flv"),
    (b"OggS", "ogg"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
)
_MP4_ATOMS = frozenset((b"ftyp", b"moov", b"mdat", b"wide", b"pnot", b"free", b"skip"))
_TS_PACKET = 188
_SEEKABLE = frozenset(("mov", "matroska"))
"""Here a frame in the middle is found without decoding all before it."""

_IS_DISCARDED = 0x4
_IS_KEY = 0x1
_FLAGS = re.compile(r"\bF=0x([0-9A-Fa-f]+)")
_SOUND = re.compile(r"^\s+Stream #0:\d.*: Audio: ", re.MULTILINE)
_SEEK_COST = 40
"""Frames that are decoded in the time that a process takes to start and to find its place."""


def container_of(data: bytes) -> str:
    """ffmpeg's name for the container; empty for what is none that moves.

    A GIF is one even if it has one frame only, which its beginning does not tell.
    """
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return name
    if data[4:8] in _MP4_ATOMS:
        return "mov"
    if data[:4] == b"RIFF":
        is_moving_webp = data[8:16] == b"WEBPVP8X" and len(data) > 20 and data[20] & 2
        return "avi" if data[8:12] == b"AVI " else "webp_anim" if is_moving_webp else ""
    if data.startswith(b"\x89PNG"):
        return "apng" if b"acTL" in data[: max(0, data.find(b"IDAT"))] else ""
    if data[:1] == b"G" and data[_TS_PACKET : _TS_PACKET + 1] == b"G":
        return "mpegts"
    return ""


def is_moving_picture(data: bytes) -> bool:
    """A picture that may have several frames: GIF, WebP, PNG."""
    return container_of(data) in ("gif", "webp_anim", "apng")


@dataclass(frozen=True, slots=True)
class Film:
    """Frames in the order in which they are shown."""

    container: str
    codec: str
    starts_s: tuple[float, ...]
    """When each appears, from the film's beginning."""
    costs: tuple[int, ...]
    """How many frames are decoded to get at each by seeking; empty where that cannot be done."""
    duration_s: float
    has_sound: bool


@dataclass(frozen=True, slots=True)
class Choice:
    at_s: float
    """When the frame is on the screen: the moment that was asked for."""
    seek_s: float
    """Between the frame and the one before, so that no rounding misses it."""


def choose(film: Film, every_s: float, most: int) -> list[Choice]:
    """Frames spread over the length: one each ``every_s``, at least two, at most ``most``.

    By what is on the screen at a time, however long it has been: a slide may stand for a minute.
    """
    count = max(1, min(most, max(2, int(film.duration_s / every_s) + 1)))
    chosen: dict[int, float] = {}
    for number in range(count):
        at_s = film.duration_s * (number + 0.5) / count
        shown = max(0, bisect_right(film.starts_s, at_s) - 1)
        chosen.setdefault(shown, at_s)
    return [Choice(at_s, _before(film.starts_s, shown)) for shown, at_s in chosen.items()]


def _before(starts_s: Sequence[float], number: int) -> float:
    if number == 0:
        return 0.0
    return (starts_s[number - 1] + starts_s[number]) / 2


def is_sought(film: Film, choices: Sequence[Choice]) -> bool:
    """Whether it is cheaper to seek each frame than to decode all up to the last."""
    if not film.costs:
        return False
    numbers = [bisect_right(film.starts_s, choice.seek_s) for choice in choices]
    last = len(film.starts_s) - 1
    sought = sum(film.costs[min(last, number)] + _SEEK_COST for number in numbers)
    return sought < numbers[-1]


def read_film(container: str, packets: str, told: str) -> Film:
    """Of ffmpeg's ``framecrc`` of all packets, copied, and what it said of the streams."""
    # Of very much the end is missing: then it is found out by listening.
    has_sound = _SOUND.search(told) is not None or len(told) >= TOLD_BYTES
    head: dict[str, str] = {}
    rows: list[tuple[int, int, int]] = []  # shown at, for how long, frames since a key frame
    since_key = 0
    for line in packets.splitlines():
        if line.startswith("#"):
            name, _, value = line.partition(" 0: ")
            head[name] = value
            continue
        fields = line.split(",", 4)
        if len(fields) < 5:
            continue
        found = _FLAGS.search(fields[4])
        flags = int(found[1], 16) if found is not None else _IS_KEY
        since_key = 1 if flags & _IS_KEY else since_key + 1
        if not flags & _IS_DISCARDED:
            rows.append((int(fields[2]), int(fields[3]), since_key))
    if not rows:
        if has_sound:
            raise VideoWithoutFramesError("sound alone")
        last_line = told.strip().rpartition("\n")[2]
        raise VideoUnreadableError(f"ffmpeg found no frame: {last_line}")
    rows.sort()
    try:
        above, below = head["#tb"].split("/")
        tick_s = int(above) / int(below)
    except (KeyError, ValueError, ZeroDivisionError) as exc:
        raise VideoUnreadableError("ffmpeg told no times") from exc
    return Film(
        container=container,
        codec=head.get("#codec_id", ""),
        starts_s=tuple(max(0.0, start * tick_s) for start, _, _ in rows),
        costs=tuple(cost for _, _, cost in rows) if container in _SEEKABLE else (),
        duration_s=max(0.0, max(start + length for start, length, _ in rows) * tick_s),
        has_sound=has_sound,
    )
