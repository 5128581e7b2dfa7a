"""What reaches the reader besides the text: addresses and languages."""

from __future__ import annotations

from collections.abc import Iterable

from bot.telegram.rich_text import Span


def delivered(text: str, spans: Iterable[Span], base: int = 0) -> str:
    """``text`` with the addresses of its links and the languages of its code where they stood.

    ``base`` is the index of the text's first character in what the spans count.
    """
    insertions = [
        *((span.end - base, 0, span.url) for span in spans if span.url),
        *((span.start - base, 1, span.language) for span in spans if span.language),
    ]
    if not insertions:
        return text
    parts: list[str] = []
    done = 0
    for at, _, insertion in sorted(insertions):
        parts += (text[done:at], insertion)
        done = at
    parts.append(text[done:])
    return "".join(parts)
