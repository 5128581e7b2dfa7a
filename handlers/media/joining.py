"""Clips of speech put one after the other, so that nobody hears where one ends.

All are decoded first: what a container says of its encoder's padding is honoured by that. What is
left at a join is silence of two kinds. What an encoder added and its container does not tell is
cut off. What the speaker left is a pause, of which two meet at a join: they are shortened to one.
"""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from handlers.errors import FileTooLargeError, SoundUnreadableError
from handlers.media.ffmpeg import PCM_RATE_HZ, Ffmpeg, work_folder
from handlers.media.sizes import human_size
from handlers.media.threads import run_to_end

PAUSE_S = 0.45
"""The longest pause at a join: as between two sentences that are read aloud."""
_PADDING_S = {"mp3": 0.08, "aac": 0.14}
"""Of silence at an end: what the encoder's delay and its last frames come to at 24 kHz."""
_QUIET, _PADDING_QUIET = 50, 250
"""Of 32,767: about -56 dB, and -42 dB for padding, where a loud beginning throws its shadow."""
_STEP = PCM_RATE_HZ // 1000
_SAMPLE_BYTES = 2
_BLOCK_BYTES = 64 * 1024 * _SAMPLE_BYTES


@dataclass(frozen=True, slots=True)
class _Clip:
    """Bare samples in a file, and how many of them are padding and then pause at either end."""

    path: Path
    samples: int
    head_padding: int = 0
    head: int = 0
    tail: int = 0
    tail_padding: int = 0


@dataclass(frozen=True, slots=True)
class Joined:
    data: bytes
    ending: str
    duration_s: float


async def joined(
    ffmpeg: Ffmpeg,
    sounds: Sequence[tuple[bytes, str]],
    endings: Sequence[str],
    max_bytes: float = math.inf,
) -> Joined:
    """Clips, each with its format, as one file: in the first of the formats that is small enough.

    FileTooLargeError if none is. The samples are on the disk meanwhile, for an hour of speech has
    170 MB of them; so is what is made, until it is known to be small enough.
    """
    async with work_folder() as folder:
        clips = []
        for number, (data, format_name) in enumerate(sounds):
            path = folder / f"{number}.pcm"
            await ffmpeg.decode(data, format_name, path)
            clips.append(await run_to_end(_measured, path, format_name))
        whole = folder / "whole.pcm"
        samples = await run_to_end(_put_together, clips, whole)
        for ending in endings:
            made = folder / f"made.{ending}"
            await ffmpeg.encode_pcm(whole, ending, made)
            size = (await run_to_end(made.stat)).st_size
            if size <= max_bytes:
                data = await run_to_end(made.read_bytes)
                return Joined(data, ending, samples / PCM_RATE_HZ)
            await run_to_end(made.unlink)
    raise FileTooLargeError(
        "joined speech", size=human_size(size), limit=human_size(int(max_bytes))
    )


def _put_together(clips: Sequence[_Clip], whole: Path) -> int:
    """Write what is left of each; how many samples there are in all."""
    starts = [0] * len(clips)
    ends = [clip.samples for clip in clips]
    for number in range(len(clips) - 1):
        cut_before, cut_after = _excess(clips[number], clips[number + 1])
        ends[number] -= cut_before
        starts[number + 1] += cut_after
    with whole.open("wb") as target:
        for clip, start, end in zip(clips, starts, ends, strict=True):
            _copy(clip.path, start, end, target)
            clip.path.unlink()
    return whole.stat().st_size // _SAMPLE_BYTES


def _excess(before: _Clip, after: _Clip) -> tuple[int, int]:
    """How many samples go from the end of one and from the beginning of the next."""
    tail, head = before.tail, after.head
    too_long = max(0, tail + head - round(PAUSE_S * PCM_RATE_HZ))
    # The longer of the two gives first.
    from_tail = min(max(0, (too_long + tail - head + 1) // 2), tail, too_long)
    return before.tail_padding + from_tail, after.head_padding + too_long - from_tail


def _copy(path: Path, start: int, end: int, target: BinaryIO) -> None:
    with path.open("rb") as source:
        source.seek(start * _SAMPLE_BYTES)
        left = max(0, end - start) * _SAMPLE_BYTES
        while left and (block := source.read(min(left, _BLOCK_BYTES))):
            target.write(block)
            left -= len(block)


def _measured(path: Path, format_name: str) -> _Clip:
    samples = path.stat().st_size // _SAMPLE_BYTES
    if not samples:
        raise SoundUnreadableError("a sound without length")
    padding = round(_PADDING_S.get(format_name, 0.0) * PCM_RATE_HZ)
    if _silence(path, samples, _QUIET) >= samples:
        return _Clip(path, samples)  # silent from end to end: it is meant so
    head_padding, head = _end(path, samples, padding)
    tail_padding, tail = _end(path, samples, padding, is_backwards=True)
    return _Clip(path, samples, head_padding, head, tail, tail_padding)


def _end(
    path: Path, samples: int, most_padding: int, *, is_backwards: bool = False
) -> tuple[int, int]:
    """How much padding and how much pause is at one end."""
    padding = 0
    if most_padding:
        padding = min(
            most_padding, _silence(path, samples, _PADDING_QUIET, is_backwards=is_backwards)
        )
    quiet = _silence(path, samples, _QUIET, is_backwards=is_backwards)
    return padding, max(0, quiet - padding)


def _silence(path: Path, samples: int, quiet: int, *, is_backwards: bool = False) -> int:
    """Samples from one end to the first that is louder than ``quiet``, by the millisecond."""
    passed = 0
    with path.open("rb") as file:
        while passed < samples:
            count = min(_BLOCK_BYTES // _SAMPLE_BYTES, samples - passed)
            start = samples - passed - count if is_backwards else passed
            file.seek(start * _SAMPLE_BYTES)
            block = array("h", file.read(count * _SAMPLE_BYTES))
            if is_backwards:
                block.reverse()
            heard = _first_heard(block, quiet)
            passed += heard
            if heard < count:
                break
    return passed


def _first_heard(block: "array[int]", quiet: int) -> int:
    for at in range(0, len(block), _STEP):
        step = block[at : at + _STEP]
        if max(step) > quiet or min(step) < -quiet:
            return at
    return len(block)
