"""Where a long text may be cut, best places first."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_SENTENCE_END = re.compile(r"(?<!\d)[.!?…][\"'”’)\]]*(?=\s)|[。！？][”’」』）]*")
_BLANK = re.compile(r"\s*")
_BLANK_LINES = re.compile(r"(?:[^\S\n]*\n)*")
_NO_LINE_START = set("、。，．：；！？」』】）》〉”’…ー々")
_MAX_GRAPHEME_CHARS = 64
_MAX_FLAG_LETTERS = 4096
"""Flags are letters in pairs: which two are one is told only by counting from the first."""


@dataclass(frozen=True, slots=True)
class Block:
    """Code. A cut after ``start`` and before ``end`` tears it."""

    start: int
    end: int
    inside: int
    """The first place where it may be torn."""


class Ranges:
    """Parts of a text that a cut should not tear, outermost only."""

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(ranges):
            if not self._ends or start >= self._ends[-1]:
                self._starts.append(start)
                self._ends.append(end)
            else:
                self._ends[-1] = max(self._ends[-1], end)

    def start_round(self, at: int) -> int | None:
        """Where the range begins that a cut at ``at`` would tear."""
        index = bisect_right(self._starts, at - 1) - 1
        return self._starts[index] if index >= 0 and at < self._ends[index] else None


class Cutter:
    """Finds the places of one text. ``may_tear`` is asked before a word is torn at an index."""

    def __init__(
        self,
        text: str,
        blocks: Sequence[Block],
        *,
        soft: Iterable[tuple[int, int]] = (),
        hard: Iterable[tuple[int, int]] = (),
        may_tear: Callable[[str, int], bool] | None = None,
    ) -> None:
        """``soft`` is torn only where nothing else is near, ``hard`` only where it has no end."""
        self._text = text
        self._blocks = blocks
        self._block_starts = [block.start for block in blocks]
        self._soft = Ranges(soft)
        self._hard = Ranges(hard)
        self._may_tear = may_tear

    def next_start(self, end: int) -> int:
        """Skip the white space of a cut, but for the indentation of a line of code."""
        is_code = self.block_round(end, is_start_inside=True)
        found = (_BLANK_LINES if is_code else _BLANK).match(self._text, end)
        return found.end() if found else end

    def cut(self, start: int, limit: int) -> int:
        """The best place after ``start`` and not after ``limit`` to end a message."""
        half = start + (limit - start) // 2
        quarter = limit - (limit - start) // 4
        block = self.block_round(limit)
        return (
            self._last_outside("\n\n", half, limit)
            or self._last_outside("\n", half, limit)
            or (block and self._last("\n\n", max(quarter, block.inside), limit))
            or (block and self._last("\n", max(half, block.inside), limit))
            or (None if block else self._last_sentence(half, limit))
            or (None if block else self._last_word(half, limit, self._soft))
            or self._last_word_or_block(start, limit, block)
            or self._last_grapheme(start, limit)
        )

    def block_round(self, at: int, *, is_start_inside: bool = False) -> Block | None:
        """The block that a cut at ``at`` would tear."""
        index = bisect_right(self._block_starts, at) - 1
        if index < 0:
            return None
        block = self._blocks[index]
        is_after_start = block.start < at or is_start_inside
        return block if is_after_start and at < block.end else None

    def _last(self, mark: str, low: int, high: int) -> int | None:
        found = self._text.rfind(mark, low, high + len(mark))
        return found if found > 0 else None

    def _last_outside(self, mark: str, low: int, high: int) -> int | None:
        while found := self._last(mark, low, high):
            block = self.block_round(found)
            start = block.start if block else self._soft.start_round(found)
            if start is None:
                return found
            high = start
            if high < low:
                return None
        return None

    def _last_sentence(self, low: int, high: int) -> int | None:
        ends = [found.end() for found in _SENTENCE_END.finditer(self._text, low, high + 1)]
        return next(
            (end for end in reversed(ends) if end <= high and not self._soft.start_round(end)), None
        )

    def _last_word_or_block(self, start: int, limit: int, block: Block | None) -> int | None:
        low = max(start, block.inside - 1) if block and block.start <= start else start
        found = self._last_word(low, limit, self._hard) or self._last_word(low, limit, Ranges(()))
        return block.start if found and block and block.start < found < block.inside else found

    def _last_word(self, low: int, high: int, whole: Ranges) -> int | None:
        text = self._text
        at = high
        while at > low:
            is_place = text[at].isspace() or (
                is_wide(text[at - 1]) and text[at] not in _NO_LINE_START and is_break(text, at)
            )
            torn = whole.start_round(at) if is_place else None
            if is_place and torn is None:
                return at
            at = at - 1 if torn is None else torn
        return None

    def _last_grapheme(self, start: int, limit: int) -> int:
        for at in range(limit, max(start, limit - _MAX_GRAPHEME_CHARS), -1):
            if is_break(self._text, at) and (not self._may_tear or self._may_tear(self._text, at)):
                return at
        return limit


def is_wide(char: str) -> bool:
    """Of a script that writes no spaces between words, or an emoji."""
    return char > "\u2e7f" and unicodedata.east_asian_width(char) in "WF"


def is_break(text: str, at: int) -> bool:
    """Whether no character that people see as one lies across ``at``."""
    before, after = text[at - 1], text[at]
    if after.isascii() and before.isascii():
        return True
    if before == "\u200d" or _is_extending(after) or unicodedata.combining(before) == _VIRAMA:
        return False
    if _is_flag_letter(before) and _is_flag_letter(after):
        first = at - 1
        while first > 0 and at - first < _MAX_FLAG_LETTERS and _is_flag_letter(text[first - 1]):
            first -= 1
        return (at - first) % 2 == 0
    return True


_VIRAMA = 9


def _is_extending(char: str) -> bool:
    return (
        unicodedata.category(char) in {"Mn", "Mc", "Me"}
        or char in "\u200c\u200d"
        or "\u1160" <= char <= "\u11ff"  # vowels and finals of Korean syllables
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # colours of skin
        or "\U000e0020" <= char <= "\U000e007f"  # tags of flags
    )


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
