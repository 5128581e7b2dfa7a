"""Characters as chat apps count, clean and show them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import accumulate

_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029]")
_DROPPED = re.compile(r"[\ufeff\u202a-\u202e]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def clean(text: str) -> str:
    """What a chat app would make of the characters, so that lengths and offsets stay true.

    Lone surrogates are replaced, control characters become spaces, and byte order marks and the
    marks that turn the direction of writing are dropped.
    """
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        text = _DROPPED.sub("", text)
    return _CONTROLS.sub(" ", _LINE_ENDS.sub("\n", text))


def is_blank(text: str) -> bool:
    """Whether nothing of it can be seen: a message of this would be refused as empty."""
    return all(char.isspace() or unicodedata.category(char) in {"Cf", "Cc"} for char in text)


def unit_offsets(text: str) -> Sequence[int]:
    """UTF-16 offset of every character, and of the end."""
    if not text or max(text) <= "\uffff":
        return range(len(text) + 1)
    return list(accumulate((2 if char > "\uffff" else 1 for char in text), initial=0))
