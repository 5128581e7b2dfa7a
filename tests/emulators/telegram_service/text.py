"""Texts and entities as Telegram measures, cleans and checks them: in UTF-16 code units."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from typing import Any

from tests.emulators.telegram_service.values import Json, breach

MAX_TEXT_UNITS = 4096
MAX_CAPTION_UNITS = 1024
MAX_ENTITIES = 100
FORMATS = {
    *("bold", "italic", "underline", "strikethrough", "spoiler", "blockquote"),
    *("expandable_blockquote", "code", "pre", "text_link", "text_mention", "custom_emoji"),
    *("date_time", "mention", "hashtag", "cashtag", "bot_command", "url", "email"),
    *("phone_number", "bank_card_number"),
}
NEEDED_FIELDS = {"text_link": "url", "text_mention": "user", "custom_emoji": "custom_emoji_id"}
QUOTES = {"blockquote", "expandable_blockquote"}
TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "s": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
}
DETECTED = {  # what the apps mark by themselves in a person's text; the first to match wins
    "url": re.compile(r"https?://[^\s<>]+"),
    "bot_command": re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?"),
    "mention": re.compile(r"(?<!\w)@\w{3,32}"),
}


def utf16_len(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def format_text(
    text: str,
    entities: Sequence[Json] | None,
    parse_mode: str | None,
    *,
    note: Callable[[str], None],
) -> tuple[str, list[Json]]:
    """The text and entities that Telegram stores; ``note`` hears what it mends in silence."""
    if parse_mode and not entities:
        if parse_mode.lower() != "html":
            raise breach(f"this emulator reads entities and HTML, not parse_mode {parse_mode}")
        reader = _HtmlText()
        reader.feed(text)
        text, entities = reader.finish()
    checked = _check_entities(text, entities or [], note)
    return _clean(text, checked)


def detect_entities(text: str) -> list[Json]:
    found: list[tuple[int, int, str]] = []
    for kind, pattern in DETECTED.items():
        for match in pattern.finditer(text):
            if not any(start < match.end() and match.start() < end for start, end, _ in found):
                found.append((match.start(), match.end(), kind))
    return [
        {"type": kind, "offset": utf16_len(text[:start]), "length": utf16_len(text[start:end])}
        for start, end, kind in sorted(found)
    ]


def _check_entities(
    text: str, entities: Sequence[Json], note: Callable[[str], None]
) -> Sequence[Json]:
    edges = _character_edges(text)
    for entity in entities:
        _check_entity(entity, edges)
    if len(entities) > MAX_ENTITIES:
        note(f"{len(entities)} entities in a message: Telegram ignores all after {MAX_ENTITIES}")
        entities = entities[:MAX_ENTITIES]
    in_order = sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))
    around: list[Json] = []
    for entity in in_order:
        around = [outer for outer in around if _end(outer) > entity["offset"]]
        if any(_end(outer) < _end(entity) for outer in around):
            note(f"entities cross: {around[-1]} and {entity}")
        if entity["type"] in QUOTES and any(outer["type"] in QUOTES for outer in around):
            note(f"blockquotes nested: {entity}")
        around.append(entity)
    return in_order


def _check_entity(entity: Json, edges: dict[int, int]) -> None:
    kind, start, length = entity.get("type"), entity.get("offset"), entity.get("length")
    if kind not in FORMATS:
        raise breach(f"can't parse entities: unsupported entity type {kind!r}")
    if not isinstance(start, int) or start < 0:
        raise breach(f"receive an entity with incorrect offset {start}")
    if not isinstance(length, int) or length <= 0:
        raise breach(f"receive an entity with incorrect length {length}")
    needed = NEEDED_FIELDS.get(kind)
    if needed and not entity.get(needed):
        raise breach(f"can't parse MessageEntity: Can't find field \"{needed}\"")
    end, last = start + length, max(edges)
    if start > last:
        raise breach(f"entity begins after the end of the text at UTF-16 offset {start}")
    if end > last:
        raise breach(
            f"entity beginning at UTF-16 offset {start} ends after the end of the text"
            f" at UTF-16 offset {end}"
        )
    if start not in edges:
        at = edges[start + 1]
        raise breach(f"entity begins in a middle of a UTF-16 symbol at byte offset {at}")
    if end not in edges:
        raise breach(
            f"entity beginning at UTF-16 offset {start} ends in a middle of a UTF-16 symbol"
            f" at byte offset {edges[end + 1]}"
        )


def _end(entity: Json) -> int:
    end: int = entity["offset"] + entity["length"]
    return end


def _character_edges(text: str) -> dict[int, int]:
    """UTF-16 offset of each character's start (and of the end) to its byte offset in UTF-8."""
    edges, units, size = {0: 0}, 0, 0
    for character in text:
        units += 2 if character > "\uffff" else 1
        size += len(character.encode("utf-8", "surrogatepass"))
        edges[units] = size
    return edges


def _clean(text: str, entities: Sequence[Json]) -> tuple[str, list[Json]]:
    """Control characters go, both ends are trimmed (a leading entity stays), offsets follow."""
    wanted = [_cleaned(character) for character in text]
    start_of_entities = min((entity["offset"] for entity in entities), default=len(text))
    first = 0  # also in UTF-16 units: white space never takes two
    while first < min(len(wanted), start_of_entities) and wanted[first] in {"", " ", "\n"}:
        first += 1
    last = len(wanted)
    while last > first and wanted[last - 1] in {"", " ", "\n"}:
        last -= 1
    moved, kept = [0], 0
    for index, character in enumerate(text):
        stays = first <= index < last and wanted[index] != ""
        for _ in range(2 if character > "\uffff" else 1):
            kept += stays
            moved.append(kept)
    stored = [
        entity
        | {"offset": moved[entity["offset"]]}
        | {"length": moved[_end(entity)] - moved[entity["offset"]]}
        for entity in entities
    ]
    return "".join(wanted[first:last]), [entity for entity in stored if entity["length"]]


def _cleaned(character: str) -> str:
    if character == "\r" or "\u2028" <= character <= "\u202e":
        return ""
    return " " if character < " " and character != "\n" else character


def is_blank(text: str) -> bool:
    return all(char.isspace() or unicodedata.category(char) == "Cf" for char in text)


class _HtmlText(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.entities: list[Json] = []
        self._open: list[tuple[str, Json]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            raise breach(f'can\'t parse entities: unsupported start tag "{tag}"')
        given = dict(attrs)
        entity: dict[str, Any] = {"type": TAGS[tag], "offset": utf16_len(self.text)}
        if tag == "a":
            entity["url"] = given.get("href") or ""
        if tag == "blockquote" and "expandable" in given:
            entity["type"] = "expandable_blockquote"
        self._open.append((tag, entity))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            raise breach(f'can\'t parse entities: unexpected end tag "{tag}"')
        _, entity = self._open.pop()
        entity["length"] = utf16_len(self.text) - entity["offset"]
        if entity["length"]:
            self.entities.append(entity)

    def handle_data(self, data: str) -> None:
        self.text += data

    def finish(self) -> tuple[str, list[Json]]:
        self.close()
        if self._open:
            raise breach(f"can't parse entities: can't find end tag for \"{self._open[-1][0]}\"")
        return self.text, self.entities
