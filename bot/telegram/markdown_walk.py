"""Markdown to text and spans: one walk over the events of pulldown-cmark."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bot.markdown.characters import is_blank
from bot.markdown.parser import parse
from bot.markdown.shield import Shielded
from bot.markdown.table import lay_out
from bot.markdown.words import words
from bot.telegram.markdown_page import Mark, Page
from bot.telegram.rich_text import Span
from bot.telegram.wording import delivered

BULLET = "•"
RULE = "———"
_MAX_INDENT = 8
"""Lists nested deeper are not indented further."""
_MAX_URL_LENGTH = 2048
_TAB_WIDTH = 4
_NUMBER = re.compile(rb"\d{1,9}[.)]")
_LANGUAGE = re.compile(r"[\w+#.\-]{1,32}")
_LINK = re.compile(
    r"https?://(?:(?:[\w\-]+\.)+[^\W\d][\w\-]+|\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?(?:[/?#]\S*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Link:
    url: str
    title: str
    start: int
    is_automatic: bool


def walk(shielded: Shielded) -> tuple[str, list[Span]]:
    """Text and spans. A block whose words would not all come through stands there as written."""
    return _Walk(shielded).run()


class _Walk:
    def __init__(self, shielded: Shielded) -> None:
        self._shielded = shielded
        self._restore = shielded.restore
        self._source = shielded.text.encode()
        self._page = Page(self._source)
        self._spoiler_marks = re.compile(f"([{shielded.spoiler_open}{shielded.spoiler_close}])")
        self._lists = 0
        self._quotes: list[int] = []
        self._links: list[_Link] = []
        self._code: list[str] | None = None
        self._info = ""
        self._rows: list[list[str]] = []
        self._cell: list[str] | None = None

    def run(self) -> tuple[str, list[Span]]:
        depth = 0
        before = self._page.remember()
        for event, place in parse(self._shielded.text):
            match event:
                case str():
                    self._on_sign(event, place["start"])
                case {"Start": tag}:
                    if depth == 0:
                        before = self._page.remember()
                    depth += 1
                    if not self._on_style(tag, place["start"], is_start=True):
                        self._on_start(tag, place["start"])
                case {"End": tag}:
                    depth -= 1
                    if not self._on_style(tag, place["start"], is_start=False):
                        self._on_end(tag)
                    if depth == 0:
                        self._check(before, place["start"], place["end"])
                case _:
                    ((kind, content),) = event.items()
                    self._on_content(kind, content)
        return self._page.finish()

    # ------------------------------------------------------------ events

    def _on_sign(self, sign: str, at: int) -> None:
        if sign == "Rule":
            self._page.start_block(at)
            self._page.write(RULE)
            self._page.end_block()
        else:
            self._write("\n" if self._cell is None else " ")

    def _on_content(self, kind: str, content: str) -> None:
        if kind == "Code" and self._cell is None and not self._links:
            self._page.write_code(self._restore(content))
        elif self._code is not None:
            self._code.append(self._restore(content))
        else:
            self._write_text(content)

    def _on_style(self, tag: object, at: int, *, is_start: bool) -> bool:
        """Whether the tag was a style."""
        style = {"Strong": "bold", "Emphasis": "italic"}.get(str(tag))
        if tag == "Strikethrough":
            if self._source[at : at + 2] != b"~~":  # one alone means "about"
                self._write("~")
                return True
            style = "strikethrough"
        if style and self._cell is None:
            (self._page.open_style if is_start else self._page.close_style)(style)
        return bool(style)

    def _on_start(self, tag: str | dict[str, Any], at: int) -> None:
        match tag:
            case "Paragraph" | "HtmlBlock":
                self._page.start_block(at)
            case "Item":
                number = _NUMBER.match(self._source, at)
                indent = "  " * min(self._lists - 1, _MAX_INDENT)
                self._page.start_item(at, number[0].decode() if number else BULLET, indent)
            case "TableHead" | "TableRow":
                self._rows.append([])
            case "TableCell":
                self._cell = []
            case {"Heading": _}:
                self._page.start_block(at)
                self._page.open_style("bold")
            case {"CodeBlock": kind}:
                self._page.start_block(at, is_apart=True)
                self._code = []
                self._info = kind["Fenced"] if isinstance(kind, dict) else ""
            case {"Link": dict(link)} | {"Image": dict(link)}:
                self._start_link(link)
            case {"List": _}:
                self._lists += 1
            case {"BlockQuote": _}:
                self._page.start_block(at)
                self._quotes.append(self._page.length)
            case {"Table": _}:
                self._page.start_block(at, is_apart=True)
                self._rows = []

    def _on_end(self, tag: str | dict[str, Any]) -> None:
        match tag:
            case "Paragraph" | "HtmlBlock":
                self._page.end_block()
            case "Item":
                self._page.end_item()
            case "TableCell":
                self._rows[-1].append("".join(self._cell or ()).strip())
                self._cell = None
            case "Table":
                self._page.mark("pre", self._page.write(lay_out(self._rows)))
                self._page.end_block()
            case "CodeBlock":
                self._end_code()
            case "Link" | "Image":
                self._end_link()
            case {"Heading": _}:
                self._page.close_style("bold")
                self._page.end_block()
            case {"List": _}:
                self._lists -= 1
                self._page.end_block()
            case {"BlockQuote": _}:
                start = self._quotes.pop()
                if not self._quotes:  # Telegram has no quotes in quotes
                    self._page.mark("blockquote", start)
                self._page.end_block()

    # ------------------------------------------------------------ what is written

    def _write(self, text: str) -> None:
        if self._cell is not None:
            self._cell.append(text)
        else:
            self._page.write(text)

    def _write_text(self, text: str) -> None:
        if self._cell is not None or self._links or not self._spoiler_marks.search(text):
            self._write(self._restore(text))
            return
        for part in self._spoiler_marks.split(text):
            if part == self._shielded.spoiler_open:
                self._page.open_style("spoiler")
            elif part == self._shielded.spoiler_close and self._page.is_open("spoiler"):
                self._page.close_style("spoiler")
            else:
                self._page.write(self._restore(part))

    def _end_code(self) -> None:
        code = "".join(self._code or ()).rstrip().expandtabs(_TAB_WIDTH)  # Telegram: one space
        self._code = None
        info = self._restore(self._info).strip()
        is_language = bool(_LANGUAGE.fullmatch(info)) and not is_blank(code)
        lines = [line for line in ("" if is_language else info, code) if line]
        start = self._page.write("\n".join(lines))
        self._page.mark("pre", start, language=info if is_language else "")
        self._page.end_block()

    def _position(self) -> int:
        return self._page.write("") if self._cell is None else len(self._cell)

    def _start_link(self, link: dict[str, str]) -> None:
        url, title = self._restore(link["dest_url"]), self._restore(link["title"])
        is_automatic = link["link_type"] in {"Autolink", "Email"}
        self._links.append(_Link(url, title, self._position(), is_automatic))

    def _end_link(self) -> None:
        """Where Telegram takes no link, the address is written out."""
        link = self._links.pop()
        tail = link.title
        if link.is_automatic:  # Telegram marks addresses by itself
            tail = ""
        elif link.start == self._position():
            self._write(link.url)
        elif self._links or self._cell is not None or not _is_linkable(link.url):
            tail = f"{link.url} {link.title}".strip()
        else:
            self._page.mark("text_link", link.start, url=link.url)
        if tail:
            self._write(f" ({tail})")

    # ------------------------------------------------------------ the check

    def _check(self, before: Mark, start: int, end: int) -> None:
        """Put a block's source in its place if what was made of it has lost or gained a word."""
        source = self._restore(self._source[start:end].decode())
        text, spans = self._page.since(before)
        if words(delivered(text, spans, before.length)) != words(source):
            self._page.go_back(before)
            self._page.start_block(start)
            self._page.write(source.rstrip())
            self._page.end_block()


def _is_linkable(url: str) -> bool:
    """Telegram refuses or drops other addresses; tg:// could mention a person."""
    return len(url) <= _MAX_URL_LENGTH and bool(_LINK.fullmatch(url))
