"""A paragraph for Discord: code, links and emphasis as they are, the rest escaped.

Discord pairs marks in ways of its own, across paragraphs and in the middle of words. So marks that
pair with none in their paragraph are escaped.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.discord.page import MAX_SPAN, Page, defuse

_CLOSERS = r".,:;!?\"')\]"
URL = (
    r"<https?://[^\s<>]+>|https?://"
    rf"(?:[^\s<*_~]|[*_~]+(?=[{_CLOSERS}]*[^\s<*_~{_CLOSERS}]))+"  # marks behind it are not its own
)
"""As far as Discord takes it, whatever is in it."""
_LABEL = r"(?:[^\[\]\\\n]|\\.){0,300}"
_ADDRESS = r"(?:<[^<>\s]{1,1000}>|(?:[^\s()<>]|\([^\s()<>]{0,200}\)){0,1000})"
_TARGET = rf"\({_ADDRESS}(?:\s\"[^\"\n]{{0,200}}\")?\)"
_MARKERS = r"^[ \t]*(?:(?:[-*+>]|\d{1,9}[.)])[ \t]+)"
_TOKEN = re.compile(
    rf"(?P<literal>{_MARKERS}*(?:>>>|-\#)(?=\s|$))"
    rf"|(?P<markers>{_MARKERS}+)"
    r"|(?P<break>\\$)"
    r"|(?P<escape>\\[!-/:-@\[-`{-~])"
    r"|(?P<code>`+)"
    rf"|(?P<linked>\[!\[(?P<alt>{_LABEL})\](?P<source>{_TARGET})\](?P<around>{_TARGET}))"
    rf"|(?P<link>!?\[(?P<label>{_LABEL})\](?P<target>{_TARGET}))"
    rf"|(?P<url>{URL})"
    r"|(?P<emphasis>\*+|_+|~~+)",
    re.MULTILINE,
)
REFERENCE = r"<(?=@[!&]?\d|#\d|a?:\w{1,32}:\d|t:-?\d|/[^<>\n]{1,100}:\d|id:)"
"""What begins a name, an emoji, a time or a command."""
_BARS_OR_REFERENCE = re.compile(rf"\|{{2,}}|{REFERENCE}")


def write_inline(page: Page, text: str, *, is_bold: bool = False) -> None:
    """Write a shielded paragraph. One that is bold as a whole drops its own bold marks."""
    _Paragraph(page, text, is_bold=is_bold).write()


def escape(marks: str) -> str:
    return "".join(f"\\{mark}" for mark in marks)


@dataclass(slots=True, eq=False)
class _Run:
    """Marks of one kind in a row: some close, then some pair with none, then some open."""

    char: str
    left: int
    at: int
    is_before_word: bool
    closing: list[str] = field(default_factory=list)
    opening: list[str] = field(default_factory=list)
    start: int = 0
    """Index of the page where the first of them stands."""

    def written(self) -> str:
        is_harmless = self.char == "_" and self.left == 1 and self.is_before_word
        unpaired = self.char if is_harmless else escape(self.char)
        return "".join([*self.closing, unpaired * self.left, *reversed(self.opening)])


@dataclass(frozen=True, slots=True)
class _Pair:
    opener: _Run
    closer: _Run
    mark: str
    from_end: int
    """Where the mark begins in the opener, from its end."""
    to: int
    """Where it ends in the closer."""


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    ticks: str = ""
    is_link: bool = False


class _Paragraph:
    def __init__(self, page: Page, text: str, *, is_bold: bool = False) -> None:
        self._page = page
        self._text = text
        self._is_bold = is_bold
        self._ticks: dict[int, list[int]] = {}
        for found in re.finditer("`+", text):
            self._ticks.setdefault(len(found[0]), []).append(found.start())
        self._open: deque[_Run] = deque()
        self._count_open: Counter[str] = Counter()
        self._pairs: list[_Pair] = []

    def write(self) -> None:
        for piece in [*self._pieces()]:  # which marks pair is known only at the end
            if isinstance(piece, _Run):
                piece.start = self._page.write(piece.written())
            elif piece.is_link:
                self._page.write_link(piece.text)
            else:
                start = self._page.write(piece.text)
                if piece.ticks:
                    self._page.mark(start, self._page.length, piece.ticks)
        for pair in self._pairs:
            start = pair.opener.start + len(pair.opener.written()) - pair.from_end
            self._page.mark(start, pair.closer.start + pair.to, pair.mark)

    def written(self) -> str:
        pieces = [*self._pieces()]
        return "".join(
            piece.written() if isinstance(piece, _Run) else piece.text for piece in pieces
        )

    # ------------------------------------------------------------ tokens

    def _pieces(self) -> Iterator[_Piece | _Run]:
        done = 0
        while found := _TOKEN.search(self._text, done):
            if done < found.start():
                yield self._plain(self._text[done : found.start()])
            done = found.end()
            kind = found.lastgroup
            if kind == "emphasis":
                yield self._pair(found)
            elif kind == "code" and (code := self._code(found)):
                piece, done = code
                yield piece
            elif kind == "url" and not found[0].startswith("<"):
                url = found[0].partition(self._page.less)[0]
                done = found.start() + len(url)
                yield _Piece(self._page.restore(url), is_link=True)
            else:
                yield self._other(found)
        if done < len(self._text):
            yield self._plain(self._text[done:])

    def _plain(self, text: str) -> _Piece:
        text = self._page.restore_escaped(text)
        return _Piece(_BARS_OR_REFERENCE.sub(lambda found: escape(found[0]), text))

    def _other(self, found: re.Match[str]) -> _Piece:
        restore = self._page.restore
        match found.lastgroup:
            case "literal":
                mark = ">>>" if found[0].endswith(">") else "-#"
                text = f"{found[0].removesuffix(mark)}\\{mark}"
            case "break":
                text = ""
            case "code":  # ticks that nothing closes
                text = escape(found[0])
            case "linked":
                image = self._link(found["alt"], found["source"])
                text = f"{image} {restore(found['around'])}"
            case "link" if found["label"] or found[0].startswith("["):
                text = self._link(found["label"], found["target"])
            case "link":
                text = restore(found["target"][1:-1])
            case _:
                text = restore(found[0])
        return _Piece(text, is_link=found.lastgroup in {"linked", "link", "url"})

    def _link(self, label: str, target: str) -> str:
        return f"[{_Paragraph(self._page, label).written()}]{self._page.restore(target)}"

    def _code(self, found: re.Match[str]) -> tuple[_Piece, int] | None:
        """Inline code and where it ends, unless its ticks open none."""
        ticks, start = found[0], found.end()
        places = self._ticks.get(len(ticks), [])
        index = bisect_left(places, start)
        if index == len(places) or places[index] - start > MAX_SPAN:
            return None
        code = self._page.restore(self._text[start : places[index]])
        if len(ticks) > 2 or "``" in code:  # would be a block, or hold what looks like a fence
            ticks = "``" if "`" in code else "`"
            code = f" {defuse(code, 2).strip(' ')} " if "`" in code else code
        return _Piece(f"{ticks}{code}{ticks}", ticks), places[index] + len(found[0])

    # ------------------------------------------------------------ emphasis

    def _pair(self, found: re.Match[str]) -> _Run:
        text, at, char = self._text, found.start(), found[0][0]
        before, after = text[at - 1 : at] or " ", text[found.end() : found.end() + 1] or " "
        is_word = char == "_" and before.isalnum(), char == "_" and after.isalnum()
        run = _Run(char, len(found[0]), at, after.isascii() and after.isalnum())
        if char != "~" or run.left == 2:
            if not before.isspace() and not is_word[1]:
                self._close(run)
            if run.left and not after.isspace() and not is_word[0]:
                self._open.append(run)
                self._count_open[char] += 1
        return run

    def _close(self, run: _Run) -> None:
        while self._open and run.at - self._open[0].at > MAX_SPAN:
            self._count_open[self._open.popleft().char] -= 1
        while run.left and self._count_open[run.char]:
            opener = self._open[-1]
            if opener.char == run.char:
                self._join(opener, run)
            if opener.char != run.char or not opener.left:
                self._count_open[self._open.pop().char] -= 1

    def _join(self, opener: _Run, closer: _Run) -> None:
        width = 2 if min(opener.left, closer.left) > 1 else 1
        opener.left -= width
        closer.left -= width
        mark = opener.char * width
        if width == 2 and opener.char != "~":
            mark = "" if self._is_bold else "**"  # __x__ would be underlined
        opener.opening.append(mark)
        closer.closing.append(mark)
        from_end, to = sum(map(len, opener.opening)), sum(map(len, closer.closing))
        if mark:
            self._pairs.append(_Pair(opener, closer, mark, from_end, to))
