"""A model's Markdown as messages for Discord, which reads most of it itself.

It is CPU work, about a millisecond for each 1,000 characters: a text of 100,000 belongs in a
thread.
"""

from __future__ import annotations

import re

from bot.discord.blocks import lay
from bot.discord.inline import REFERENCE, URL, escape
from bot.discord.page import MAX_SPAN, Written
from bot.discord.splitting import MAX_UNITS, split
from bot.markdown import words as wording
from bot.markdown.characters import clean, is_blank, unit_offsets
from bot.markdown.shield import shield

_SEAM = re.compile(r"```[ \t>]*```[A-Za-z0-9_+\-.#]*\n[ \t>]*\n")
_LITERAL = re.compile(
    rf"(?P<url>{URL})"
    r"|^(?P<number>[ \t]*\d{1,10})(?=\.\s)"
    r"|^(?P<indent>[ \t]*)(?=#{1,3}\s|>|-[\s#])"
    rf"|(?P<mark>[\\*_~|`]|{REFERENCE})"
    r"|(?P<bracket>\[)",
    re.MULTILINE,
)
_URL = re.compile(URL)
_NOT_OF_URL = re.compile(r"[|`]")
_MARK = re.compile(r"[\\*_~|`]")


def render_parts(markdown: str, notice: str = "") -> list[str]:
    """An answer as the messages to send, in order; none if nothing of it can be seen. Never raises.

    The text is the model's: Discord shows its Markdown. What Discord has not is made of what it
    has (tables are code, small headings are bold, images are links, fences are of three ticks), and
    what it would take for marks that the model did not mean is escaped. While an answer grows, all
    messages but the last two stay as they are.

    ``notice``, lines of ours, stands small under the last, or after it if it has no room.
    """
    text = clean(markdown)
    shielded = shield(text, MAX_SPAN)
    parts = split(lay(shielded, MAX_UNITS)) if shielded else []
    if not parts:
        parts = plain_parts(text)
    if is_blank(clean(notice)):
        return parts
    rows = [" ".join(row.split()) for row in clean(notice).split("\n")]
    line = "\n".join(f"-# {_escaped(row)}" for row in rows if row)
    joined = f"{parts[-1]}\n\n{line}" if parts else line
    if unit_offsets(joined)[-1] <= MAX_UNITS:
        return [*parts[:-1], joined]
    return parts + ([line] if unit_offsets(line)[-1] <= MAX_UNITS else plain_parts(notice))


def plain_parts(text: str) -> list[str]:
    """A text as it is, as the messages to send: nothing in it is formatted, addresses are links."""
    escaped = _escaped(clean(text)).rstrip()
    return split(Written(escaped, links=[found.span() for found in _URL.finditer(escaped)]))


def words(text: str) -> str:
    """Letters, digits and signs of a text, in order, without white space and Markdown's marks.

    The words of the messages, joined without anything between them, are those of the text, but for
    its tables. What only opens code again behind a cut is left out.
    """
    return wording.words(_SEAM.sub("\n", clean(text))).replace("\u200b", "")


def _escaped(text: str) -> str:
    has_links = "](" in text

    def escaped(found: re.Match[str]) -> str:
        match found.lastgroup:
            case "url":
                return _closed_url(found)
            case "number" | "indent":
                return f"{found[0]}\\"
            case "bracket" if not has_links:
                return found[0]
        return f"\\{found[0]}"

    return _LITERAL.sub(escaped, text)


def _closed_url(found: re.Match[str]) -> str:
    """An address in brackets, which Discord does not show, if it would take escapes into it."""
    url = found[0]
    end = _NOT_OF_URL.search(url)
    behind = url[end.start() :] if end else ""
    is_ended = not behind and found.string[found.end() : found.end() + 1] not in {"*", "_", "~"}
    if is_ended or url.startswith("<"):
        return url
    behind = _MARK.sub(lambda mark: escape(mark[0]), behind)
    return f"<{url[: end.start()] if end else url}>{behind}"
