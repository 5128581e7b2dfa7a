"""Reading JSON of which nothing is promised: servers leave out and add what they like."""

from collections.abc import Mapping
from typing import Any


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
    value = find(node, *path)
    return value if isinstance(value, int) else None
