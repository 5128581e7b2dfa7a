"""A model's Markdown as Telegram shows it.

``render`` is CPU work: about a millisecond for each 1,000 characters. A whole answer may be
rendered on the event loop; a text of 100,000 characters belongs in a thread.
"""

from __future__ import annotations

import re

from bot.telegram import wording
from bot.telegram.markdown_shield import shield
from bot.telegram.markdown_walk import walk
from bot.telegram.rich_text import Entity, Rendered, Span, assemble, is_blank, message_entities

__all__ = ["Entity", "Rendered", "clean", "message_entities", "plain", "render", "words"]

_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029]")
_DROPPED = re.compile(r"[\ufeff\u202a-\u202e]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def render(markdown: str) -> Rendered:
    """Text and entities, trimmed; empty if nothing of it can be seen. Never raises.

    What the reader gets is the model's text but for Markdown's marks, white space and our bullets
    and rules: HTML, formulas and prices stand as they were written, an address that Telegram cannot
    link is written out, and a block that would lose a word stands there as Markdown.
    """
    text = clean(markdown)
    shielded = shield(text)
    if shielded is None:
        return plain(text)
    try:
        shown, spans = walk(shielded)
    except BaseException as error:  # a panic of the parser is no Exception
        if type(error).__name__ != "PanicException":
            raise
        return plain(text)
    if is_blank(shown) or wording.words(wording.delivered(shown, spans)) != wording.words(text):
        return plain(text)
    return assemble(shown, spans)


def plain(text: str, style: str = "") -> Rendered:
    """The text as it is, all of it in one style if one is named, such as ``italic``."""
    text = clean(text)
    return assemble(text, [Span(style, 0, len(text))] if style else [])


def words(text: str) -> str:
    """Letters, digits and signs of a text, in order, without white space and Markdown's marks.

    The words of a rendered text (with its links' addresses and its code's languages) are those of
    its source.
    """
    return wording.words(clean(text))


def clean(text: str) -> str:
    """What Telegram would make of the characters, so that lengths and offsets stay true.

    Lone surrogates are replaced, control characters become spaces, and byte order marks and the
    marks that turn the direction of writing are dropped.
    """
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        text = _DROPPED.sub("", text)
    return _CONTROLS.sub(" ", _LINE_ENDS.sub("\n", text))
