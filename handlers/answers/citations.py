"""The pages that an answer rests on, as numbered links under it. Pure."""

import re
from collections.abc import Sequence
from itertools import islice
from urllib.parse import quote, urlsplit

from handlers.ports.chat import Source
from handlers.texts import say

MAX_SOURCES = 10
MAX_TITLE = 90
MAX_ADDRESS = 1_500
_MARKS = re.compile(r"[\\`*_~|$\[\]<>]")
_URL_LETTERS = "/:?#[]@!$&'*+,;=%~-._"


def list_sources(sources: Sequence[Source]) -> str:
    """Markdown; empty if there are none. Whatever a page calls itself stays a title."""
    links: dict[str, str] = {}
    for source in sources:
        if address := _address(source.url):
            links.setdefault(address, _title(source.title) or _title(urlsplit(source.url).netloc))
    if not links:
        return ""
    first = islice(links.items(), MAX_SOURCES)
    lines = [f"{n}. [{title}]({address})" for n, (address, title) in enumerate(first, 1)]
    return "\n".join((say("sources"), *lines))


def _address(url: str) -> str:
    """The address without what would end the link early; empty if it is none of the web's."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.netloc or len(url) > MAX_ADDRESS:
        return ""
    return quote(url.strip(), safe=_URL_LETTERS, errors="replace")


def _title(text: str) -> str:
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    if len(line) > MAX_TITLE:
        line = f"{line[: MAX_TITLE - 1].rstrip()}…"
    return _MARKS.sub(lambda mark: f"\\{mark[0]}", line)
