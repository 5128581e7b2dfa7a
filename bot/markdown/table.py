"""A table as text in columns, for a font whose letters are all as wide as each other."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

MAX_PADDED_WIDTH = 40
"""Wider cells are not lined up: one long cell would fill every row with spaces."""
_MAX_PADDED_COLUMNS = 30


def lay_out(rows: Sequence[Sequence[str]], *, has_head: bool = True) -> str:
    """The first row is the head, but in what goes on from another part of the table."""
    if not rows:
        return ""
    count = max(len(row) for row in rows)
    widths = [0] * count
    if count <= _MAX_PADDED_COLUMNS:
        for row in rows:
            for column, cell in enumerate(row):
                if (width := cell_width(cell)) <= MAX_PADDED_WIDTH:
                    widths[column] = max(widths[column], width)
    lines = [_line(row, widths) for row in rows]
    if has_head and len(lines) > 1:
        lines.insert(1, "-+-".join("-" * max(width, 1) for width in widths))
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell + " " * (width - cell_width(cell)) for cell, width in zip(row, widths, strict=False)
    ]
    return " | ".join(padded).rstrip()


def cell_width(cell: str) -> int:
    """In columns: Chinese, Japanese and Korean letters and most emoji take two."""
    if cell.isascii():
        return len(cell)
    return sum(_char_width(char) for char in cell)


def _char_width(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
