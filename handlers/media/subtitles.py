"""What was said by its times, as players of films read it. Pure."""

import math
from collections.abc import Sequence

from handlers.ports.sounds import Segment


def srt(segments: Sequence[Segment]) -> str:
    """SubRip: numbered from 1."""
    blocks = (
        f"{number}\n{_time(segment.start_s, ',')} --> {_time(segment.end_s, ',')}\n{_text(segment)}"
        for number, segment in enumerate(segments, start=1)
    )
    return "\n\n".join(blocks) + "\n"


def vtt(segments: Sequence[Segment]) -> str:
    """WebVTT."""
    blocks = (
        f"{_time(segment.start_s, '.')} --> {_time(segment.end_s, '.')}\n{_escaped(segment)}"
        for segment in segments
    )
    return "\n\n".join(("WEBVTT", *blocks)) + "\n"


def _time(seconds: float, mark: str) -> str:
    if not math.isfinite(seconds):
        seconds = 0.0
    whole, milliseconds = divmod(round(max(0.0, seconds) * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}{mark}{milliseconds:03}"


def _text(segment: Segment) -> str:
    """On one line: an empty one would end the block."""
    return " ".join(segment.text.split())


def _escaped(segment: Segment) -> str:
    """WebVTT has tags; without ">" no text can hold its arrow either."""
    return _text(segment).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
