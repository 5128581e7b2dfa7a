"""What the operator says of a server of tools."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class McpOptions:
    """A server: a program that is run, or an address."""

    command: str = ""
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Beside PATH, HOME and their like; nothing else of ours reaches it."""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
