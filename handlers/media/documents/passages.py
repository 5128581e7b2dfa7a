"""Cutting a document into passages that each make sense alone and can be cited."""

import re
from collections.abc import Iterator, Sequence

from handlers.media.documents.values import Passage, Section
from handlers.media.documents.words import searchable

MAX_PASSAGE = 1_200
"""Characters: about 300 tokens of English, so that a dozen of them fit into a question."""
OVERLAP = 160
"""Of a passage's end, said again at the beginning of the next of the same section."""
_MIN_LAST = 200
_HEADING = re.compile(r"#{1,6} \S|\\(?:chapter|(?:sub){0,2}section)\*?\{")
_TITLE = re.compile(r"^#{1,6} (.{1,60})", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?…][\"')\]]*\s|[。！？]|\n")


def cut(sections: Sequence[Section]) -> Iterator[Passage]:
    """What has neither a label nor lines is told by the heading that it stands under."""
    for section in sections:
        heading = ""
        for text, first, last in _pieces(section.text):
            label = section.label
            if section.has_lines:
                lines = f"line {first}" if first == last else f"lines {first}-{last}"
                label = f"{label}, {lines}" if label else lines
            elif not label:
                own = [found[1] for found in _TITLE.finditer(text)]
                label = own[0] if own and text.startswith("#") else heading
                heading = own[-1] if own else heading
            yield Passage(label, text, searchable(text))


def _pieces(text: str) -> Iterator[tuple[str, int, int]]:
    """Each with its first and last line."""
    start = 0
    while start < len(text) and text[start].isspace():
        start += 1
    end = len(text.rstrip())
    line, counted = 1, 0
    while start < end:
        stop = _stop(text, start, end)
        line += text.count("\n", counted, start)
        counted = start
        piece = text[start:stop].strip()
        if piece:
            yield piece, line, line + text.count("\n", start, len(text[:stop].rstrip()))
        if stop >= end:
            return
        start = _next_start(text, start, stop)


def _stop(text: str, start: int, end: int) -> int:
    """Where the piece that begins at ``start`` ends: before a heading, or else where it can."""
    limit = start + MAX_PASSAGE
    if end <= limit + _MIN_LAST:
        limit = end
    heading = _next_heading(text, start, limit)
    if heading is not None:
        return heading
    if limit >= end:
        return end
    half = start + MAX_PASSAGE // 2
    for border in ("\n\n", "\n"):
        found = text.rfind(border, half, limit)
        if found > 0:
            return found + len(border)
    sentences = [match.end() for match in _SENTENCE_END.finditer(text, half, limit)]
    if sentences:
        return sentences[-1]
    space = text.rfind(" ", half, limit)
    return space + 1 if space > 0 else limit


def _next_heading(text: str, start: int, limit: int) -> int | None:
    """The first heading that has enough before it to stand alone."""
    at = text.find("\n", start + _MIN_LAST, limit)
    while at != -1:
        if _HEADING.match(text, at + 1):
            return at + 1
        at = text.find("\n", at + 1, limit)
    return None


def _next_start(text: str, start: int, stop: int) -> int:
    """A little before ``stop``, at a border; a heading begins afresh."""
    if _HEADING.match(text, stop):
        return stop
    earliest = max(start + 1, stop - OVERLAP)
    for match in _SENTENCE_END.finditer(text, earliest, stop):
        if match.end() < stop:
            return match.end()
    space = text.find(" ", earliest, stop - 1)
    return space + 1 if space > 0 else stop
