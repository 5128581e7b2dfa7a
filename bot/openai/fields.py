"""Reading JSON of which nothing is promised: servers leave out and add what they like."""

from collections.abc import Mapping
from typing import Any

MOST = 10**12
"""What is more was never counted, and not every number of JSON can be stored."""


def find(node: Any, *path: str) -> Any:
    """The value at a path of keys; None where there is none."""
    for key in path:
        if not isinstance(node, Mapping):
            return None
        node = node.get(key)
    return node


def find_text(node: Any, *path: str) -> str:
    """The text at a path of keys; empty where there is none."""
    value = find(node, *path)
    return value if isinstance(value, str) else ""


def find_list(node: Any, *path: str) -> list[Any]:
    """The list at a path of keys; empty where there is none."""
    value = find(node, *path)
    return value if isinstance(value, list) else []


def find_count(node: Any, *path: str) -> int | None:
    """The number at a path of keys; None where there is none that something can have."""
    value = find(node, *path)
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return value if is_count and 0 <= value <= MOST else None
