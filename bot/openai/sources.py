"""The pages that an answer names as what it rests on."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from bot.openai.fields import find, find_text
from handlers.ports.chat import Source

_MAX_SOURCES = 50
_MAX_TITLE = 200
_MAX_URL = 2048


class Sources:
    """Each page once, in the order in which they are named first."""

    def __init__(self) -> None:
        self._found: dict[str, Source] = {}

    @property
    def found(self) -> tuple[Source, ...]:
        return tuple(self._found.values())

    def add(self, told: Iterable[Any]) -> None:
        """Take annotations, of either dialect, or plain addresses; what is neither is left out."""
        for node in told:
            url = node if isinstance(node, str) else _read_url(node)
            if url in self._found or len(self._found) >= _MAX_SOURCES or not _is_page(url):
                continue
            title = find_text(node, "url_citation", "title") or find_text(node, "title")
            self._found[url] = Source(" ".join(title.split())[:_MAX_TITLE], url)


def _read_url(node: Any) -> str:
    if find(node, "type") not in (None, "url_citation"):
        return ""
    return find_text(node, "url_citation", "url") or find_text(node, "url")


def _is_page(url: str) -> bool:
    if len(url) > _MAX_URL or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
