"""Telegram's rules for a message and its entities, and the words of one, written on their own.

They share nothing with the code under test but the values it returns.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from bot.telegram.markup import Entity, Rendered
from tests.unit.markdown_samples import source_words

STYLES = {"bold", "italic", "underline", "strikethrough", "spoiler"}
KNOWN = STYLES | {"code", "pre", "text_link", "blockquote"}


def part_of(message: Rendered, entity: Entity) -> str:
    units = message.text.encode("utf-16-le")
    return units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")


def marked(message: Rendered) -> list[tuple[str, str]]:
    return [(entity.type, part_of(message, entity)) for entity in message.entities]


def check_message(message: Rendered, *, max_units: int = 4096, max_entities: int = 100) -> None:
    """What Telegram takes without changing or refusing any of it."""
    size = len(message.text.encode("utf-16-le")) // 2
    assert 0 < size <= max_units
    assert any(
        not char.isspace() and unicodedata.category(char) not in {"Cf", "Cc"}
        for char in message.text
    )
    assert message.text == message.text.rstrip()
    assert not message.text.startswith("\n")
    if message.text[0].isspace():  # only the indentation of code may stand there
        assert message.entities[0].offset == 0
        assert any(entity.type == "pre" for entity in message.entities[:2])
    assert len(message.entities) <= max_entities
    check_entities(message, size)


def check_entities(message: Rendered, size: int) -> None:
    borders = _borders(message.text)
    places = [(entity.offset, -entity.length) for entity in message.entities]
    assert places == sorted(places)
    for entity in message.entities:
        assert entity.type in KNOWN
        assert entity.length > 0
        assert entity.offset >= 0
        assert entity.offset + entity.length <= size
        assert entity.offset in borders
        assert entity.offset + entity.length in borders
        assert part_of(message, entity).strip()
        assert bool(entity.url) == (entity.type == "text_link")
        assert entity.language is None or entity.type == "pre"
    for outer, inner in _overlapping(message.entities):
        assert inner.offset + inner.length <= outer.offset + outer.length, "entities cross"
        assert outer.type != inner.type, "an entity in another of its type"
        assert outer.type not in {"pre", "code"}, "something inside code"
        if inner.type in {"pre", "code"}:
            assert outer.type == "blockquote", "code inside something"
        assert inner.type != "blockquote", "a quote inside something"


def _borders(text: str) -> set[int]:
    borders = [0]
    for char in text:
        borders.append(borders[-1] + (2 if ord(char) > 0xFFFF else 1))
    return set(borders)


def _overlapping(entities: Sequence[Entity]) -> Iterable[tuple[Entity, Entity]]:
    open_: list[Entity] = []
    for entity in entities:
        open_ = [outer for outer in open_ if outer.offset + outer.length > entity.offset]
        yield from ((outer, entity) for outer in open_)
        open_.append(entity)


def reader_words(message: Rendered) -> str:
    """The same of what arrives: with the address after a link and the language before code."""
    extra: dict[int, str] = {}
    for entity in message.entities:
        end = entity.offset + entity.length
        if entity.url:
            extra[end] = entity.url + extra.get(end, "")
        if entity.language:
            extra[entity.offset] = extra.get(entity.offset, "") + entity.language
    units = message.text.encode("utf-16-le")
    shown, done = "", 0
    for at in sorted(extra):
        shown += units[2 * done : 2 * at].decode("utf-16-le") + extra[at]
        done = at
    return source_words(shown + units[2 * done :].decode("utf-16-le"))


def bare_words(messages: Iterable[Rendered]) -> str:
    return re.sub(r"\s+", "", "".join(message.text for message in messages))
