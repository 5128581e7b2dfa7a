"""Text with its formatting, as Telegram takes it: plain text and entities counted in UTF-16."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import telegram

from bot.markdown.characters import is_blank, unit_offsets
from bot.telegram import utf16


@dataclass(frozen=True, slots=True)
class Entity:
    """``offset`` and ``length`` are UTF-16 code units."""

    type: str
    offset: int
    length: int
    url: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    text: str
    entities: tuple[Entity, ...] = ()
    """Sorted by offset, outer before inner; none crosses another."""

    @property
    def units(self) -> int:
        """Length as Telegram counts it."""
        return utf16.length(self.text)


@dataclass(frozen=True, slots=True)
class Span:
    """An entity before its characters are counted in UTF-16: ``start`` and ``end`` index a str."""

    type: str
    start: int
    end: int
    url: str | None = None
    language: str | None = None


def assemble(text: str, spans: Iterable[Span]) -> Rendered:
    """Trim the text as Telegram would, and fit the spans to what is left.

    Only blank lines are trimmed before a first line of code, whose indentation Telegram keeps.
    """
    outer_first = sorted(spans, key=lambda span: (span.start, -span.end))
    start, end = _trimmed(text, outer_first)
    text = text[start:end]
    offsets = unit_offsets(text)
    entities: list[Entity] = []
    for span in outer_first:
        first, last = max(span.start - start, 0), min(span.end, end) - start
        if last <= first or is_blank(inside := text[first:last]):
            continue
        last -= len(inside) - len(inside.rstrip())
        if span.type not in {"pre", "blockquote"}:  # a quote may begin with indented code
            first += len(inside) - len(inside.lstrip())
        entities.append(
            Entity(
                span.type,
                offsets[first],
                offsets[last] - offsets[first],
                span.url,
                span.language,
            )
        )
    entities.sort(key=lambda entity: (entity.offset, -entity.length, _rank(entity.type)))
    return Rendered(text, tuple(entities))


def _rank(kind: str) -> int:
    """Which of two round the same characters is the outer one: nothing may hold a quote."""
    return {"blockquote": 0, "text_link": 1}.get(kind, 2)


_BLANK_LINES = re.compile(r"(?:[^\S\n]*\n)*")


def _trimmed(text: str, spans: Sequence[Span]) -> tuple[int, int]:
    end = len(text.rstrip())
    blank_lines = _BLANK_LINES.match(text)
    start = blank_lines.end() if blank_lines else 0
    is_code = any(span.type == "pre" and span.start <= start < span.end for span in spans)
    if not is_code:
        start = len(text) - len(text.lstrip())
    return min(start, end), end


def to_spans(rendered: Rendered, offsets: Sequence[int]) -> list[Span]:
    """The entities by character, sorted as they were; ``offsets`` are those of the text."""
    if isinstance(offsets, range):
        index_of: Sequence[int] | dict[int, int] = offsets
    else:
        index_of = {units: index for index, units in enumerate(offsets)}
    return [
        Span(
            entity.type,
            index_of[entity.offset],
            index_of[entity.offset + entity.length],
            entity.url,
            entity.language,
        )
        for entity in rendered.entities
    ]


def message_entities(rendered: Rendered) -> list[telegram.MessageEntity]:
    """The entities as python-telegram-bot sends them."""
    return [
        telegram.MessageEntity(
            entity.type, entity.offset, entity.length, url=entity.url, language=entity.language
        )
        for entity in rendered.entities
    ]
