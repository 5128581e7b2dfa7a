"""The Markdown parser, pulldown-cmark. The only importer of pyromark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyromark

_MAX_TABLE_COLUMNS = 60


class ParsingError(Exception):
    """The parser gave up. No text is known to bring it to that."""


def parse(markdown: str) -> Iterator[tuple[Any, Any]]:
    """Its events, each with where it stands: ``start`` and ``end`` in bytes of UTF-8."""
    options = pyromark.Options.ENABLE_STRIKETHROUGH
    if not any(line.count("|") > _MAX_TABLE_COLUMNS for line in markdown.split("\n")):
        options |= pyromark.Options.ENABLE_TABLES  # a huge one costs columns times rows
    try:
        yield from pyromark.events_with_range(markdown, options=options, merge_text=True)
    except BaseException as error:  # a panic is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise ParsingError(str(error)) from error
