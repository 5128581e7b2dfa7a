"""What the model is told of pictures that are more than pictures: the frames of a video, a sticker.

It stands before the pictures, where a quoted message stands, not among the person's words.
"""

from collections.abc import Sequence

OWN = "With this message came"
QUOTED = "The message replied to holds"

SILENT = "It has no sound."
WORDLESS = "No words could be heard in it."
UNHEARD = "Its sound could not be listened to."
MAX_SAID = 12_000
"""Characters of what is said in a video: about a quarter of an hour."""


def film_note(
    where: str, what: str, duration_s: float, first: int, times_s: Sequence[float], sound: str
) -> str:
    """``first``: the number of its first frame among the pictures; ``sound``: a sentence or two."""
    last = first + len(times_s) - 1
    which = (
        f"Picture {first} is a frame" if last == first else f"Pictures {first}-{last} are frames"
    )
    when = ", ".join(clock(at_s) for at_s in times_s)
    told = f"{where} {what} of {length(duration_s)}. {which} of it, taken at {when}."
    return _bracketed(told, sound)


def soundtrack_note(where: str, sound: str) -> str:
    return _bracketed(f"{where} a video without pictures.", sound)


def sticker_note(where: str, about: str, number: int) -> str:
    """``number``: of the picture that shows it; 0 if none does."""
    shown = f" Picture {number} shows it." if number else ""
    return f"[{where} {about}.{shown}]"


def said(words: str) -> str:
    clipped = words if len(words) <= MAX_SAID else f"{words[:MAX_SAID]} …"
    return "What is said in it:]\n" + "\n".join(f"> {line}" for line in clipped.splitlines())


def clock(at_s: float) -> str:
    """0:07.5, 12:30: with a tenth of a second where it matters."""
    tenths = round(at_s * 10)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes}:{rest // 10:02d}" + (f".{rest % 10}" if rest % 10 else "")


def length(duration_s: float) -> str:
    if duration_s < 60:
        return f"{duration_s:.1f} s" if duration_s < 10 else f"{duration_s:.0f} s"
    return f"{clock(round(duration_s))} min"


def _bracketed(told: str, sound: str) -> str:
    if not sound:
        return f"[{told}]"
    return f"[{told} {sound}" + ("" if "]\n" in sound else "]")
