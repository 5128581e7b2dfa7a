"""Cutting a long text into messages that Discord takes."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from bot.discord.page import FENCE, Fence, Style, Written
from bot.markdown.characters import is_blank, unit_offsets
from bot.markdown.cutting import Block, Cutter

MAX_UNITS = 2000
_MAX_MARKS = 3
"""Styles in each other that are closed and opened again at a cut; more are left as they are."""
_QUOTED = re.compile(r"[ \t]*> ")
_MARKS = "*_~`|"
_MAX_BACKSLASHES = 4096


def split(written: Written, max_units: int = MAX_UNITS) -> list[str]:
    """Pieces of at most so many UTF-16 units, none of them blank.

    Code is closed at a cut and opened again behind it, so are inline code and emphasis, and a quote
    goes on. A link longer than a piece is cut as text.
    """
    return _Splitter(written, max_units).run()


class _Splitter:
    def __init__(self, written: Written, max_units: int) -> None:
        self._text = written.text
        self._max_units = max_units
        self._offsets = unit_offsets(written.text)
        self._fences = written.fences
        self._fence_starts = [fence.start for fence in written.fences]
        self._styles = written.styles
        self._style_starts = [style.start for style in written.styles]
        self._longest = max((style.end - style.start for style in written.styles), default=0)
        styles = [(style.start, style.end) for style in written.styles]
        code = [(style.start, style.end) for style in written.styles if "`" in style.mark]
        self._cutter = Cutter(
            written.text,
            [Block(fence.start, fence.end, fence.code + 1) for fence in written.fences],
            soft=[*written.links, *written.kept, *styles],
            hard=[*written.links, *code],
            may_tear=_may_tear,
        )

    def run(self) -> list[str]:
        pieces: list[str] = []
        start = self._cutter.next_start(0)
        while start < len(self._text):
            head = self._head(start)
            end, tail = self._end(start, self._max_units - len(head))
            if not is_blank(body := self._body(start, end)):
                pieces.append(f"{head}{body}{tail}")
            start = self._next_start(end)
        return pieces

    def _next_start(self, end: int) -> int:
        start = self._cutter.next_start(end)
        over = [style.end for style in self._styles_at(start) if style.end - style.width <= start]
        return self._cutter.next_start(max(over)) if over else start

    # ------------------------------------------------------------ one piece

    def _head(self, start: int) -> str:
        """What has to be opened again for what begins in the middle of it."""
        text = self._text
        if fence := self._fence_round(start):
            lead = fence.lead if fence.lead.strip() else ""
            # The empty line, which Discord does not show, tells ``words`` that no new block begins.
            again = f"{lead}{fence.opening}\n{lead}\n"
            return again if text[start - 1] == "\n" else f"{again}{lead}"
        line = text.rfind("\n", 0, start) + 1
        quote = "> " if text[line:start].strip() and _QUOTED.match(text, line) else ""
        return quote + "".join(style.mark for style in self._styles_round(start))

    def _end(self, start: int, room: int) -> tuple[int, str]:
        """Where the piece ends, and what has to be closed there."""
        reserved = 0
        while True:
            units = self._offsets[start] + max(room - reserved, 1)
            limit = max(bisect_right(self._offsets, units) - 1, start + 1)
            if limit >= len(self._text):
                return len(self._text), ""
            end = self._cutter.cut(start, limit)
            begun = [at.start for at in self._styles_at(end) if at.start + at.width >= end]
            end = min(begun) if begun and min(begun) > start else end
            tail = self._tail(start, end)
            is_fit = self._offsets[end] - self._offsets[start] + len(tail) <= room
            if is_fit or reserved >= room:
                return end, tail
            reserved = max(reserved + 1, len(tail))

    def _tail(self, start: int, end: int) -> str:
        if fence := self._fence_round(end):
            return f"\n{'' if self._is_apart(start, fence) else fence.lead}{FENCE}"
        return "".join(style.mark for style in reversed(self._styles_round(end)))

    def _body(self, start: int, end: int) -> str:
        body = self._text[start:end].rstrip()
        fence = self._fence_round(start + 1)
        if not fence or not self._is_apart(start, fence):
            return body
        code, rest = body[: fence.end - start], body[fence.end - start :]
        return re.sub(rf"^[ \t]{{1,{len(fence.lead)}}}", "", code, flags=re.MULTILINE) + rest

    # ------------------------------------------------------------ what is torn

    def _fence_round(self, at: int) -> Fence | None:
        index = bisect_left(self._fence_starts, at) - 1
        if index < 0 or at >= self._fences[index].end:
            return None
        return self._fences[index]

    def _is_apart(self, start: int, fence: Fence) -> bool:
        """Whether the list that indents the code is not in the piece that begins at ``start``."""
        is_cut = start > fence.start or (start == fence.start and self._opens(start))
        return is_cut and bool(fence.lead) and not fence.lead.strip()

    def _opens(self, start: int) -> bool:
        return self._text.startswith(FENCE, start)

    def _styles_round(self, at: int) -> list[Style]:
        """Those with text on both sides, outer before inner."""
        found = [
            style
            for style in self._styles_at(at)
            if style.start + style.width < at < style.end - style.width
        ]
        return found if len(found) <= _MAX_MARKS else []

    def _styles_at(self, at: int) -> list[Style]:
        first = bisect_left(self._style_starts, at - self._longest)
        last = bisect_left(self._style_starts, at)
        return [style for style in self._styles[first:last] if at < style.end]


def _may_tear(text: str, at: int) -> bool:
    """Whether neither an escape nor marks in a row lie across ``at``."""
    if text[at] in _MARKS:
        return False
    before = text[max(at - _MAX_BACKSLASHES, 0) : at]
    is_escaped = (len(before) - len(before.rstrip("\\"))) % 2 == 1
    is_behind_marks = text[at - 1] in _MARKS and text[max(at - 2, 0)] != "\\"
    return not is_escaped and not is_behind_marks
