"""What of a text must reach the reader, whatever becomes of the Markdown round it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.telegram.rich_text import Span

_NOT_WORDS = re.compile(r"""[\s\\`*_~#>|<\[\]()!+\-=:"'•—]+""")


def words(text: str) -> str:
    """The letters, digits and signs of ``text`` in order: no white space, none of Markdown's marks.

    The marks are left out wherever they stand, also where they mean themselves, and with them the
    bullets and rules that we draw.
    """
    return _NOT_WORDS.sub("", text)


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
