"""Markdown line by line, for Discord: fences, tables and headings as it can show them.

Every line depends on those before it and on no more than one behind it, so that what is written
for the beginning of a growing text stays.
"""

from __future__ import annotations

import re

from bot.discord.inline import write_inline
from bot.discord.page import Page, Written
from bot.discord.tables import Table, find_table
from bot.markdown.shield import Shielded

_CONTAINERS = r"[ \t]{0,16}(?:(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t]))[ \t]{0,16}){0,8}"
_FENCE = re.compile(rf"({_CONTAINERS})(`{{3,}}(?=[^`]*$)|~{{3,}})(.*)")
_HEADING = re.compile(rf"({_CONTAINERS})(#{{1,6}})(?=[ \t]|$)(.*)")
_ITEM = re.compile(r"[ \t>]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$)")
_RULE = re.compile(r"[ \t]{0,3}(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:-[ \t]+){2,}-[ \t]*)")
"""Of dashes in a row Discord makes nothing, as it should."""
_UNDERLINE = re.compile(r"[ \t]{0,3}={3,}[ \t]*")
_LANGUAGE = re.compile(r"[A-Za-z0-9_+\-.#]{1,32}")
_LEVELS = 3
_CODE_INDENT = 4
_TAB_WIDTH = 4


def lay(shielded: Shielded, max_units: int) -> Written:
    """The whole text. Tables are laid out in parts that a message has room for."""
    return _Blocks(shielded, max_units).run()


class _Blocks:
    def __init__(self, shielded: Shielded, max_units: int) -> None:
        self._page = Page(shielded)
        self._max_units = max_units
        self._lines = shielded.text.split("\n")
        self._paragraph: list[str] = []
        self._item_indent = 0
        """How far the text of the list that we are in is indented."""

    def run(self) -> Written:
        at = 0
        while at < len(self._lines):
            at = self._block(at)
        self._end_paragraph()
        return self._page.finish()

    def _block(self, at: int) -> int:
        """Take what begins with a line, and tell which line comes next."""
        line = self._lines[at]
        if not line.strip(" \t>"):
            self._line(f"{line} " if line.endswith(">") else line)
        elif fence := _FENCE.fullmatch(line):
            return self._fence(at, fence)
        elif self._is_indented_code(line):
            return self._indented(at)
        elif table := find_table(self._lines, at):
            return self._table(table)
        elif _RULE.fullmatch(line):
            self._line("---")
        elif heading := _HEADING.fullmatch(line):
            self._heading(heading[1], heading[2], heading[3])
        elif self._is_underlined(at):
            self._heading("", "#", f" {line}")
            return at + 2
        else:
            self._text(line)
        return at + 1

    def _text(self, line: str) -> None:
        if item := _ITEM.match(line):
            self._end_paragraph()
            self._item_indent = _width(item[0].ljust(2))
        elif not self._paragraph and not _width(_leading(line)):
            self._item_indent = 0
        self._paragraph.append(line)

    def _is_underlined(self, at: int) -> bool:
        """A heading of the first level."""
        line, following = self._lines[at], self._lines[at + 1 : at + 2]
        is_single = not self._paragraph and not _leading(line) and not _ITEM.match(line)
        return is_single and bool(following and _UNDERLINE.fullmatch(following[0]))

    def _is_indented_code(self, line: str) -> bool:
        if self._paragraph or (self._item_indent and _ITEM.match(line)):
            return False
        return _width(_leading(line)) >= self._item_indent + _CODE_INDENT

    def _end_paragraph(self) -> None:
        if self._paragraph:
            write_inline(self._page, "\n".join(self._paragraph))
            self._page.write("\n")
            self._paragraph = []

    def _line(self, line: str) -> None:
        self._end_paragraph()
        self._page.write(f"{line}\n")

    # ------------------------------------------------------------ headings

    def _heading(self, prefix: str, marks: str, rest: str) -> None:
        """Discord has three levels, none in a list and none empty: it would take the next line."""
        self._end_paragraph()
        page = self._page
        content = rest.strip()
        bare = content.rstrip("#")
        content = bare.rstrip() if bare[-1:] in {"", " ", "\t"} else content
        if not prefix:
            self._item_indent = 0
        start = page.write(prefix if prefix.strip() or self._item_indent else "")
        is_in_list = bool(prefix.strip(" \t>")) or (prefix.isspace() and self._item_indent > 0)
        if len(marks) <= _LEVELS and not is_in_list:
            page.write(f"{marks} " if content else "")
            write_inline(page, content)
        elif content:
            bold = page.write("**")
            write_inline(page, content, is_bold=True)
            page.write("**")
            page.mark(bold, page.length, "**")
        page.write("\n")
        page.keep(start, page.length + 1)  # with the line behind it

    # ------------------------------------------------------------ code

    def _fence(self, at: int, fence: re.Match[str]) -> int:
        """What is in a quote ends with it."""
        self._end_paragraph()
        prefix, marks, info = fence[1], fence[2], self._page.restore(fence[3]).strip()
        lead = re.sub(r"[^>\s]", " ", prefix)
        if lead != prefix:
            self._item_indent = _width(lead)
        quotes = re.compile(r"[ \t]{0,16}>" * prefix.count(">"))
        indent = lead.rpartition(">")[2]
        closing = re.compile(rf"[ \t]*{marks[0]}{{{len(marks)},}}[ \t]*")
        code: list[str] = []
        at += 1
        while at < len(self._lines) and (quoted := quotes.match(self._lines[at])):
            rest = self._lines[at][quoted.end() :]
            at += 1
            if closing.fullmatch(rest):
                break
            code.append(_dedented(rest, _width(indent)))
        self._write_code([self._page.restore(line) for line in code], info, prefix, lead)
        return at

    def _write_code(self, code: list[str], info: str, prefix: str, lead: str) -> None:
        filled = [index for index, line in enumerate(code) if line.strip()]
        code = code[filled[0] : filled[-1] + 1] if filled else []  # as Discord shows it
        is_language = bool(code) and bool(_LANGUAGE.fullmatch(info))
        if info and not is_language:
            code = [info, *code]
        if code:
            self._page.write_fence(code, info if is_language else "", prefix, lead)
        elif prefix.strip():
            self._page.write(f"{prefix}\n")

    def _indented(self, at: int) -> int:
        """Code that only its indentation marks. Discord would read marks in it."""
        indent = self._item_indent + _CODE_INDENT
        end = last = at
        while end < len(self._lines):
            line = self._lines[end]
            if line.strip() and _width(_leading(line)) < indent:
                break
            last = end if line.strip() else last
            end += 1
        code = [_dedented(line, indent) for line in self._lines[at : last + 1]]
        lead = " " * self._item_indent
        self._write_code([self._page.restore(line) for line in code], "", lead, lead)
        return last + 1

    def _table(self, table: Table) -> int:
        self._end_paragraph()
        room = self._max_units - 2 * len("```\n") - len(table.lead)
        for part in table.parts(self._page.restore, room):
            self._page.write_fence(part.split("\n"), "", table.lead, table.lead)
        return table.end


def _leading(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _width(indent: str) -> int:
    return len(indent.expandtabs(_TAB_WIDTH))


def _dedented(line: str, width: int) -> str:
    """Without so much of its indentation, or all that it has; a tab that is cut leaves spaces."""
    indent = _leading(line)
    at = column = 0
    while column < width and at < len(indent):
        column += _TAB_WIDTH - column % _TAB_WIDTH if indent[at] == "\t" else 1
        at += 1
    return " " * max(column - width, 0) + line[at:] if at else line
