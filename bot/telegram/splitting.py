"""Cutting a long answer into messages that Telegram takes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from bot.markdown.characters import is_blank, unit_offsets
from bot.markdown.cutting import Block, Cutter
from bot.telegram.markup import plain, render
from bot.telegram.rich_text import Rendered, Span, assemble, to_spans

MAX_UNITS = 4096
MAX_ENTITIES = 100


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
    view = _View(rendered)
    cutter = Cutter(rendered.text, view.blocks)
    pieces: list[Rendered] = []
    start = 0
    while start < len(rendered.text):
        limit, spans = view.window(start, max_units, max_entities)
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


class _View:
    """Walks a text from its start to its end; ``window`` is asked with growing positions."""

    def __init__(self, rendered: Rendered) -> None:
        self._offsets = unit_offsets(rendered.text)
        self._spans = to_spans(rendered, self._offsets)
        self.blocks = [
            Block(span.start, span.end, span.start + 1)
            for span in self._spans
            if span.type == "pre"
        ]
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
