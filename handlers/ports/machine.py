"""What the handlers need from the machine that they run on."""

from collections.abc import Mapping
from typing import Protocol


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...


class Meter(Protocol):
    """Counts for operators. Never raises."""

    def count(self, name: str, labels: Mapping[str, str]) -> None: ...
    def observe(self, name: str, seconds: float, labels: Mapping[str, str]) -> None: ...
