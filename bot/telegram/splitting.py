"""Cutting a long answer into messages that Telegram takes."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from bot.telegram.markup import plain, render
from bot.telegram.rich_text import (
    Rendered,
    Span,
    assemble,
    is_blank,
    to_spans,
    unit_offsets,
)

MAX_UNITS = 4096
MAX_ENTITIES = 100

_SENTENCE_END = re.compile(r"(?<!\d)[.!?…][\"'”’)\]]*(?=\s)|[。！？][”’」』）]*")
_BLANK = re.compile(r"\s*")
_BLANK_LINES = re.compile(r"(?:[^\S\n]*\n)*")
_NO_LINE_START = set("、。，．：；！？」』】）》〉”’…ー々")
_MAX_GRAPHEME_CHARS = 64


def render_parts(markdown: str, notice: str = "") -> list[Rendered]:
    """An answer as the messages to send, in order; none if nothing of it can be seen.

    ``notice``, a line of ours, stands in italics under the last, or after it if it has no room.
    """
    parts = split(render(markdown))
    line = plain(notice, "italic")
    if not line.text:
        return parts
    if parts and (joined := _joined(parts[-1], line)):
        return [*parts[:-1], joined]
    return parts + split(line)


def split(
    rendered: Rendered, max_units: int = MAX_UNITS, max_entities: int = MAX_ENTITIES
) -> list[Rendered]:
    """Pieces of at most so many UTF-16 units and entities, none of them empty.

    Nothing but white space is lost at the cuts. A piece depends on what comes before its end and on
    no more than a character behind it: while an answer grows, its first pieces stay.
    """
    cutter = _Cutter(rendered)
    pieces: list[Rendered] = []
    start = 0
    while start < len(rendered.text):
        limit, spans = cutter.window(start, max_units, max_entities)
        end = limit if limit == len(rendered.text) else cutter.cut(start, limit)
        piece = assemble(rendered.text[start:end], _clipped(spans, start, end))
        if not is_blank(piece.text):
            pieces.append(piece)
        start = cutter.next_start(end)
    return pieces


def _joined(part: Rendered, line: Rendered) -> Rendered | None:
    gap = "\n\n"
    moved = part.units + len(gap)
    entities = [*part.entities]
    entities += [replace(entity, offset=entity.offset + moved) for entity in line.entities]
    if moved + line.units > MAX_UNITS or len(entities) > MAX_ENTITIES:
        return None
    return Rendered(part.text + gap + line.text, tuple(entities))


def _clipped(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    return [
        replace(span, start=max(span.start, start) - start, end=min(span.end, end) - start)
        for span in spans
        if span.start < end
    ]


class _Cutter:
    """Walks a text from its start to its end; ``window`` is asked with growing positions."""

    def __init__(self, rendered: Rendered) -> None:
        self._text = rendered.text
        self._offsets = unit_offsets(rendered.text)
        self._spans = to_spans(rendered, self._offsets)
        self._blocks = [span for span in self._spans if span.type == "pre"]
        self._block_starts = [span.start for span in self._blocks]
        self._carried: list[Span] = []
        self._next = 0

    def window(self, start: int, max_units: int, max_entities: int) -> tuple[int, list[Span]]:
        """How far a message that begins at ``start`` may reach, and the spans it may have."""
        while self._next < len(self._spans) and self._spans[self._next].start < start:
            self._carried.append(self._spans[self._next])
            self._next += 1
        self._carried = [span for span in self._carried if span.end > start]
        limit = bisect_right(self._offsets, self._offsets[start] + max_units) - 1
        room = max(max_entities - len(self._carried), 0)
        first_outside = self._next + room
        if first_outside < len(self._spans):
            limit = min(limit, self._spans[first_outside].start)
        spans = self._carried[:max_entities] + self._spans[self._next : first_outside]
        return max(limit, start + 1), spans

    def next_start(self, end: int) -> int:
        """Skip the white space of a cut, but for the indentation of a line of code."""
        pattern = _BLANK_LINES if self._block_round(end, is_start_inside=True) else _BLANK
        found = pattern.match(self._text, end)
        return found.end() if found else end

    def cut(self, start: int, limit: int) -> int:
        """The best place after ``start`` and not after ``limit`` to end a message."""
        half = start + (limit - start) // 2
        quarter = limit - (limit - start) // 4
        block = self._block_round(limit)
        return (
            self._last_outside_code("\n\n", half, limit)
            or self._last_outside_code("\n", half, limit)
            or (block and self._last("\n\n", max(quarter, block.start + 1), limit))
            or (block and self._last("\n", max(half, block.start + 1), limit))
            or (None if block else self._last_sentence(half, limit))
            or self._last_word(start, limit)
            or self._last_grapheme(start, limit)
        )

    def _block_round(self, at: int, *, is_start_inside: bool = False) -> Span | None:
        """The code block that a cut at ``at`` would tear."""
        index = bisect_right(self._block_starts, at) - 1
        if index < 0:
            return None
        block = self._blocks[index]
        is_after_start = block.start < at or is_start_inside
        return block if is_after_start and at < block.end else None

    def _last(self, mark: str, low: int, high: int) -> int | None:
        found = self._text.rfind(mark, low, high + len(mark))
        return found if found > 0 else None

    def _last_outside_code(self, mark: str, low: int, high: int) -> int | None:
        while found := self._last(mark, low, high):
            block = self._block_round(found)
            if block is None:
                return found
            high = block.start
            if high < low:
                return None
        return None

    def _last_sentence(self, low: int, high: int) -> int | None:
        ends = [found.end() for found in _SENTENCE_END.finditer(self._text, low, high + 1)]
        return next((end for end in reversed(ends) if end <= high), None)

    def _last_word(self, start: int, limit: int) -> int | None:
        text = self._text
        for at in range(limit, start, -1):
            if text[at].isspace():
                return at
            if _is_wide(text[at - 1]) and text[at] not in _NO_LINE_START and _is_break(text, at):
                return at
        return None

    def _last_grapheme(self, start: int, limit: int) -> int:
        for at in range(limit, max(start, limit - _MAX_GRAPHEME_CHARS), -1):
            if _is_break(self._text, at):
                return at
        return limit


def _is_wide(char: str) -> bool:
    """Of a script that writes no spaces between words, or an emoji."""
    return char > "\u2e7f" and unicodedata.east_asian_width(char) in "WF"


def _is_break(text: str, at: int) -> bool:
    """Whether no character that people see as one lies across ``at``."""
    before, after = text[at - 1], text[at]
    if after.isascii() and before.isascii():
        return True
    if before == "\u200d" or _is_extending(after) or unicodedata.combining(before) == _VIRAMA:
        return False
    if _is_flag_letter(before) and _is_flag_letter(after):
        first = at - 1
        while first > 0 and at - first < _MAX_GRAPHEME_CHARS and _is_flag_letter(text[first - 1]):
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
