"""What a walk over Markdown has written so far: text, its styles, and where blocks begin."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from bot.telegram.rich_text import Span

_MAX_GAP_BYTES = 128
_BLANK_LINE = re.compile(rb"\n[ \t>]*\n[ \t>]*\Z")
_LINE_START = re.compile(rb"\n[ \t>]*\Z")


@dataclass(slots=True)
class _Scope:
    style: str
    start: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A state of the page to go back to."""

    parts: int
    spans: int
    length: int


class Page:
    def __init__(self, source: bytes) -> None:
        self.length = 0
        self._source = source
        self._parts: list[str] = []
        self._spans: list[Span] = []
        self._newlines = 0  # at the end of what is written
        self._is_fresh = False  # right after a list item's marker
        self._is_block_over = False
        self._open: list[_Scope] = []
        self._muted: Counter[str] = Counter()  # open inside another of their kind

    def finish(self) -> tuple[str, list[Span]]:
        return "".join(self._parts), self._spans

    def write(self, text: str) -> int:
        """Append, and tell where it begins: on a new line if a block has just ended."""
        if self._is_block_over:
            self._is_block_over = False
            if not self._newlines and self.length:
                self.write("\n")
        start = self.length
        if text:
            self._parts.append(text)
            self.length += len(text)
            body = text.rstrip("\n")
            self._newlines = len(text) - len(body) + (0 if body else self._newlines)
            self._is_fresh = False
        return start

    def mark(self, kind: str, start: int, url: str | None = None, language: str = "") -> None:
        if start < self.length:
            self._spans.append(Span(kind, start, self.length, url, language or None))

    # ------------------------------------------------------------ blocks

    def start_block(self, at: int, *, is_apart: bool = False) -> None:
        """Begin a line, after an empty one if there is one before byte ``at`` of the source.

        A block right after a list item's marker stays on its line, unless it is ``is_apart``.
        """
        self._is_block_over = False
        if not self.length or (self._is_fresh and not is_apart):
            return
        wanted = 2 if _BLANK_LINE.search(self._before(at)) and not self._is_fresh else 1
        if wanted > self._newlines:
            self.write("\n" * (wanted - self._newlines))

    def end_block(self) -> None:
        self._is_block_over = True
        self._open = [scope for scope in self._open if scope.style != "spoiler"]
        self._muted["spoiler"] = 0

    def start_item(self, at: int, marker: str, indent: str) -> None:
        if self._is_fresh and _LINE_START.search(self._before(at)):
            self._is_fresh = False
        self.start_block(at)
        self.write(f"{'' if self._is_fresh else indent}{marker} ")
        self._is_fresh = True

    def end_item(self) -> None:
        self.end_block()
        self._is_fresh = False

    def _before(self, at: int) -> bytes:
        return self._source[max(0, at - _MAX_GAP_BYTES) : at]

    # ------------------------------------------------------------ styles

    def is_open(self, style: str) -> bool:
        return any(scope.style == style for scope in self._open)

    def open_style(self, style: str) -> None:
        self.write("")
        if self.is_open(style):
            self._muted[style] += 1
        else:
            self._open.append(_Scope(style, self.length))

    def close_style(self, style: str) -> None:
        """Close a style; what was opened after it ends there and begins again."""
        if self._muted[style]:
            self._muted[style] -= 1
            return
        for index, scope in enumerate(self._open):
            if scope.style == style:
                self._interrupt(index)
                del self._open[index]
                return

    def write_code(self, code: str) -> None:
        """Inline code. Telegram lets it be part of a quote and of nothing else."""
        self.write("")
        self._interrupt()
        self.mark("code", self.write(code))
        for scope in self._open:
            scope.start = self.length

    def _interrupt(self, first: int = 0) -> None:
        for scope in self._open[first:]:
            self.mark(scope.style, scope.start)
            scope.start = self.length

    # ------------------------------------------------------------ going back

    def remember(self) -> Mark:
        return Mark(len(self._parts), len(self._spans), self.length)

    def since(self, mark: Mark) -> tuple[str, list[Span]]:
        """Text and spans written after the mark; the spans still count from the page's start."""
        return "".join(self._parts[mark.parts :]), self._spans[mark.spans :]

    def go_back(self, mark: Mark) -> None:
        del self._parts[mark.parts :], self._spans[mark.spans :]
        self.length = mark.length
        kept = self._parts[-1] if self._parts else ""
        self._newlines = len(kept) - len(kept.rstrip("\n"))
        self._is_fresh = False
        self._is_block_over = bool(self.length)
