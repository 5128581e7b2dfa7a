"""Text as people send it, made fit to be kept and shown."""

import re
import unicodedata

_HALF_PAIR = re.compile("[\ud800-\udfff]")
_JOINERS = "\u200c\u200d"
"""Invisible, but emoji of several people and names in some scripts are not the same without."""


def clean(text: str | None) -> str:
    """The text, with U+FFFD for what has no encoding: half of a pair, which JSON can carry."""
    return _HALF_PAIR.sub("\ufffd", text or "")


def clean_name(name: str | None) -> str:
    """One line, without what cannot be seen; empty if nothing else is in it."""
    kept = "".join(_kept(letter) for letter in clean(name))
    return " ".join(kept.split()) if kept.strip(f"{_JOINERS} ") else ""


def _kept(letter: str) -> str:
    if letter in _JOINERS:
        return letter
    match unicodedata.category(letter):
        case "Cc" | "Zl" | "Zp":
            return " "
        case "Cf":  # marks of direction, and letters that only a machine reads
            return ""
        case _:
            return letter
