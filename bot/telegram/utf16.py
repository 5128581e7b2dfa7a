"""Telegram counts text in UTF-16 units: so are limits and the places of entities given."""

import re
from collections.abc import Iterable

_AFTER_LEADING = re.compile(r"(?:[,:](?=\s|$))?\s?")
_CLOSERS = ".,;:!?…)]}"


def clean(text: str | None) -> str:
    """The text, with U+FFFD for what has no encoding: half of a pair, which JSON can carry."""
    if text is None:
        return ""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _decode(_encode(text))
    return text


def length(text: str) -> int:
    return len(text) if text.isascii() else len(_encode(text)) // 2


def part(text: str, offset: int, units: int) -> str:
    return _decode(_encode(text)[2 * offset : 2 * (offset + units)])


def cut(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text without ``spans`` (offset, units), and without what they leave behind.

    That is one space beside each, and the comma or colon after one that the text begins with.
    """
    start = length(text)
    for offset, units in sorted(spans, reverse=True):
        if offset + units <= start:
            encoded = _encode(text)
            before = _decode(encoded[: 2 * offset])
            text = _closed(before, _decode(encoded[2 * (offset + units) :]))
            start = offset
    return text


def _closed(before: str, after: str) -> str:
    if not before:
        return _AFTER_LEADING.sub("", after, count=1)
    if before[-1].isspace() and after[:1] == " ":
        return before + after[1:]
    if before[-1] == " " and (not after or after[0].isspace() or after[0] in _CLOSERS):
        return before[:-1] + after
    return before + after


def _encode(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _decode(encoded: bytes) -> str:
    return encoded.decode("utf-16-le", "replace")
