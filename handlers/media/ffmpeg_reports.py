"""What ffmpeg tells of a sound, read. Pure."""

from dataclasses import dataclass
from itertools import zip_longest

from handlers.errors import SoundUnreadableError

SILENCE_STARTS, SILENCE_ENDS = "lavfi.silence_start", "lavfi.silence_end"
LEVEL = "lavfi.astats.Overall.RMS_level"


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


@dataclass(frozen=True, slots=True)
class Recorded:
    """A long sound that was brought into one form."""

    duration_s: float
    silences: tuple[tuple[float, float], ...]
    """Pauses, each from and to a second of it."""


def read_probe(head: str, progress: str) -> Probe:
    told: dict[str, str] = {}
    for line in head.splitlines():
        name, _, value = line.partition(" 0: ")
        told[name] = value
    duration_s = read_end(progress)
    try:
        rate = int(told["#sample_rate"])
    except (KeyError, ValueError) as exc:
        raise SoundUnreadableError("ffmpeg told no rate") from exc
    channels = {"mono": 1, "stereo": 2}.get(told.get("#channel_layout_name", ""), 8)
    return Probe(duration_s, told.get("#codec_id", ""), rate, channels)


def read_end(progress: str) -> float:
    """The seconds at which ffmpeg was at last."""
    ends = [line[12:] for line in progress.splitlines() if line.startswith("out_time_us=")]
    try:
        duration_s = int(ends[-1]) / 1_000_000
    except (IndexError, ValueError) as exc:
        raise SoundUnreadableError("ffmpeg told no length") from exc
    if duration_s <= 0:
        raise SoundUnreadableError("a sound without length")
    return duration_s


def read_silences(told: str, duration_s: float) -> tuple[tuple[float, float], ...]:
    """Starts and ends in turn, one a line; the last has no end if the sound ends in silence."""
    starts: list[float] = []
    ends: list[float] = []
    for name, _, value in (line.partition("=") for line in told.splitlines()):
        try:
            if name == SILENCE_STARTS:
                starts.append(float(value))
            elif name == SILENCE_ENDS:
                ends.append(float(value))
        except ValueError as exc:
            raise SoundUnreadableError("ffmpeg told no silences") from exc
    return tuple(zip_longest(starts, ends[: len(starts)], fillvalue=duration_s))


def read_levels(told: str) -> list[float]:
    """Decibels below full scale, one a line, as amplitudes; silence is told as ``-inf``."""
    lines = (line.partition("=") for line in told.splitlines())
    try:
        levels = [10 ** (float(level) / 20) for name, _, level in lines if name == LEVEL]
    except ValueError as exc:
        raise SoundUnreadableError("ffmpeg told no loudness") from exc
    if not levels:
        raise SoundUnreadableError("a sound without length")
    return levels
