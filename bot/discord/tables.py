"""Tables, which Discord has none of, as code in columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.markdown.parser import ParsingError, parse
from bot.markdown.table import MAX_PADDED_WIDTH, cell_width, lay_out
from bot.markdown.words import words

_MAX_COLUMNS = 50
_LEAD = re.compile(r"[ \t]{0,16}(?:>[ \t]{0,16}){0,8}")
_DELIMITERS = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_BEGUN = re.compile(r"\|[|:\- \t]*")
_BAR = re.compile(r"(?<!\\)\|")
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])[ \t]")
_BETWEEN = len(" | ")


@dataclass(frozen=True, slots=True)
class Table:
    lead: str
    """The quote or the indentation that it stands in."""
    rows: tuple[str, ...]
    """As they were written, each beginning with a bar; the first is the head."""
    end: int
    """Which line follows it."""

    def parts(self, restore: Callable[[str], str], room: int) -> Iterator[str]:
        """Laid out, in parts of about ``room`` characters at most.

        Columns are as wide as one part needs: rows to come change none that is full.
        """
        part: list[list[str]] = []
        widths: list[int] = []
        excess, is_first = 0, True
        for row in (_cells(row, restore) for row in self.rows):
            fitted, more = _fit(row, widths)
            line = len(self.lead) + sum(fitted) + _BETWEEN * len(fitted)
            if part and (len(part) + 1) * line + excess + more > room:
                yield lay_out(part, has_head=is_first)
                part, is_first, excess = [], False, 0
                fitted, more = _fit(row, [])
            part.append(row)
            widths, excess = fitted, excess + more
        yield lay_out(part, has_head=is_first)


def find_table(lines: Sequence[str], at: int) -> Table | None:
    """The table whose head is the line at ``at``, also when no more than its head has come."""
    if "|" not in lines[at] or at + 1 == len(lines):
        return None
    found = _LEAD.match(lines[at])
    lead = found[0] if found else ""
    head, following = lines[at][len(lead) :], _inside(lines[at + 1], lead)
    columns = len(_split(head))
    if columns > _MAX_COLUMNS or following is None or _ITEM.match(head):
        return None
    is_whole = bool(_DELIMITERS.fullmatch(following)) and len(_split(following)) == columns
    is_begun = at + 2 == len(lines) and head.startswith("|") and bool(_BEGUN.fullmatch(following))
    if "|" not in following or not (is_whole or (is_begun and following.count("|") <= columns)):
        return None
    rows, end = [head], at + 2
    while end < len(lines) and (row := _inside(lines[end], lead)) and "|" in row:
        rows.append(row)
        end += 1
    return Table(lead, tuple(row if row.startswith("|") else f"|{row}" for row in rows), end)


def _inside(line: str, lead: str) -> str | None:
    """A line without the marks of the quotes that the table stands in; None if it is outside."""
    quotes = lead.count(">")
    found = _LEAD.match(line)
    if not found or found[0].count(">") < quotes:
        return None
    return line.split(">", quotes)[-1].strip()


def _split(row: str) -> list[str]:
    bare = row.strip().removeprefix("|")
    cells = [cell.strip() for cell in _BAR.split(bare)]
    return cells[:-1] if len(cells) > 1 and not cells[-1] else cells


def _fit(row: Sequence[str], widths: Sequence[int]) -> tuple[list[int], int]:
    """The columns' widths with this row, and how much it is longer than they are."""
    fitted = [*widths, *[0] * (len(row) - len(widths))]
    excess = 0
    for column, cell in enumerate(row):
        width = cell_width(cell)
        if width <= MAX_PADDED_WIDTH:
            fitted[column] = max(fitted[column], width)
        excess += max(len(cell) - fitted[column], 0)
    return fitted, excess


def _cells(row: str, restore: Callable[[str], str]) -> list[str]:
    """Without marks, unless a word would be lost."""
    written = _split(row)
    source = "\n".join(
        [row, "|-" * len(written) + "|"]
    )  # each row for itself: none depends on more
    try:
        cells = [restore(cell) for cell in _parsed(source)]
    except ParsingError:
        cells = []
    is_whole = words("".join(cells)) == words(restore(row))
    return cells if is_whole else [restore(cell) for cell in written]


def _parsed(row: str) -> list[str]:
    """The cells' text, with the addresses of links behind them."""
    encoded = row.encode()
    cells: list[list[str]] = []
    links: list[str] = []
    for event, place in parse(row):
        match event:
            case {"Start": "TableCell"}:
                cells.append([])
            case {"Start": {"Link": link}} | {"Start": {"Image": link}} if cells:
                is_address = link["link_type"] in {"Autolink", "Email"}
                tail = "" if is_address else f"{link['dest_url']} {link['title']}".strip()
                links.append(f" ({tail})" if tail else "")
            case {"End": "Link" | "Image"} if links:
                cells[-1].append(links.pop())
            case {"Start": "Strikethrough"} | {"End": "Strikethrough"} if cells:
                is_single = encoded[place["start"] : place["start"] + 2] != b"~~"
                cells[-1].append("~" if is_single else "")  # one alone means "about"
            case {"Text": str(text)} | {"Code": str(text)} | {"InlineHtml": str(text)} if cells:
                cells[-1].append(text)
    return ["".join(cell).strip() for cell in cells]
