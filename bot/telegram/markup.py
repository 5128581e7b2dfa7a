"""A model's Markdown as Telegram shows it.

``render`` is CPU work: about a millisecond for each 1,000 characters. A whole answer may be
rendered on the event loop; a text of 100,000 characters belongs in a thread.
"""

from __future__ import annotations

from bot.markdown import words as wording
from bot.markdown.characters import clean, is_blank
from bot.markdown.parser import ParsingError
from bot.markdown.shield import shield
from bot.telegram.markdown_walk import walk
from bot.telegram.rich_text import Entity, Rendered, Span, assemble, message_entities
from bot.telegram.wording import delivered

__all__ = ["Entity", "Rendered", "message_entities", "plain", "render", "words"]


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
    except ParsingError:
        return plain(text)
    if is_blank(shown) or wording.words(delivered(shown, spans)) != wording.words(text):
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
