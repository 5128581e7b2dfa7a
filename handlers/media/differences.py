"""How two texts differ, and pictures of it that are read on a phone. Blocks.

What only the first has is struck out, what only the second has is underlined: the colours, red and
green, are besides, for not everybody tells them apart. White space that differs is made visible.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from itertools import chain, groupby
from typing import TypeVar

MAX_CHARACTERS = 20_000
"""Of each text; what is longer is compared and drawn by its beginning."""
MAX_WORDS = 3_000
"""Words of each text that are aligned at once: the work grows with their square."""
_MAX_ANCHORS = 150_000
"""Pairs of the same word in both texts: with more of them, frequent words align nothing."""
_IDEOGRAPHS = (
    "\u2e80-\u2fdf\u3005-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_MARKS = r"!-/:-@\[-^`{-~\u2000-\u206f\u3000-\u3004\uff00-\uff0f\uff1a-\uff20"
_ENDS = frozenset("\n.!?…。！？")
_T = TypeVar("_T", str, tuple[str, ...])
_TOKEN = re.compile(rf"\n| ?[{_IDEOGRAPHS}]| ?[^\s{_MARKS}{_IDEOGRAPHS}]+| ?\S|[^\S\n]+", re.DOTALL)


class Change(Enum):
    SAME = "same"
    DELETED = "deleted"
    INSERTED = "inserted"


@dataclass(frozen=True, slots=True)
class Piece:
    """Neighbouring words that are all in both texts, or all in one."""

    change: Change
    tokens: tuple[str, ...]

    @property
    def text(self) -> str:
        return "".join(self.tokens)


@dataclass(frozen=True, slots=True)
class Difference:
    pieces: tuple[Piece, ...]
    likeness: float
    """Share of the characters that are the same; below 1 if anything differs."""
    is_cut: bool
    """A text was too long: its end was not compared."""


def tokens(text: str) -> list[str]:
    """Words with the space before them, marks, other white space; Chinese, Japanese and Korean
    character by character."""
    return _TOKEN.findall(text)


def compare(first: str, second: str) -> Difference:
    """What is to be taken from the first, and put into it, to have the second."""
    old, new = tokens(first[:MAX_CHARACTERS]), tokens(second[:MAX_CHARACTERS])
    pieces = tuple(
        Piece(change, tuple(word for piece in neighbours for word in piece.tokens))
        for change, neighbours in groupby(_pieces(old, new), lambda piece: piece.change)
    )
    same = sum(len(piece.text) for piece in pieces if piece.change is Change.SAME)
    total = max(1, len(first[:MAX_CHARACTERS]) + len(second[:MAX_CHARACTERS]))
    likeness = 1.0 if first == second else min(2 * same / total, 0.99)
    return Difference(pieces, likeness, max(len(first), len(second)) > MAX_CHARACTERS)


def _pieces(old: list[str], new: list[str]) -> Iterator[Piece]:
    # What most answers share is not searched for: it is there.
    start = _shared(old, new)
    end = _shared(old[start:][::-1], new[start:][::-1])
    if start:
        yield Piece(Change.SAME, tuple(old[:start]))
    yield from _between(old[start : len(old) - end], new[start : len(new) - end])
    if end:
        yield Piece(Change.SAME, tuple(old[len(old) - end :]))


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    """How many words both begin with."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(old), len(new)))


def _between(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    """By sentences first where there are too many words, which also finds what moved far."""
    if max(len(old), len(new)) <= MAX_WORDS:
        yield from _by_words(old, new)
        return
    for is_same, gone, come in _aligned(_sentences(old), _sentences(new)):
        words = tuple(chain.from_iterable(gone))
        if is_same:
            yield Piece(Change.SAME, words)
        else:
            yield from _by_words(words, tuple(chain.from_iterable(come)))


def _sentences(words: Sequence[str]) -> list[tuple[str, ...]]:
    """And lines."""
    found: list[tuple[str, ...]] = []
    start = 0
    for end, word in enumerate(words, start=1):
        if word in _ENDS or end == len(words):
            found.append(tuple(words[start:end]))
            start = end
    return found


def _aligned(old: Sequence[_T], new: Sequence[_T]) -> Iterator[tuple[bool, list[_T], list[_T]]]:
    """What is the same and what is not, in order; so many at once as are soon aligned."""
    for start in range(0, max(len(old), len(new)), MAX_WORDS):
        gone, come = old[start : start + MAX_WORDS], new[start : start + MAX_WORDS]
        is_crowded = _anchors(gone, come) > _MAX_ANCHORS
        matcher = SequenceMatcher(None, gone, come, autojunk=is_crowded)
        for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
            yield kind == "equal", list(gone[old_start:old_end]), list(come[new_start:new_end])


def _by_words(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    for is_same, gone, come in _aligned(old, new):
        if is_same:
            yield Piece(Change.SAME, tuple(gone))
            continue
        if gone and come and gone[0][0] == come[0][0] == " ":
            # The space before the first word is in both.
            yield Piece(Change.SAME, (" ",))
            gone[0], come[0] = gone[0][1:], come[0][1:]
        for change, words in ((Change.DELETED, gone), (Change.INSERTED, come)):
            if kept := tuple(filter(None, words)):
                yield Piece(change, kept)


def _anchors(old: Sequence[_T], new: Sequence[_T]) -> int:
    theirs = Counter(new)
    return sum(theirs[word] for word in old)
