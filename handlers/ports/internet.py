"""What the handlers need from the rest of the internet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Fetched:
    """What stands at an address."""

    url: str
    """Where it was found, after all redirects."""
    mime: str
    """Lower case, without parameters; empty if the server does not tell."""
    data: bytes
    charset: str = ""
    """As the server names it, or empty."""
    is_cut: bool = False
    """There was more than is taken."""


class PageFetcher(Protocol):
    async def fetch(self, url: str) -> Fetched:
        """Public http and https addresses only, also after every redirect.

        PageRefusedError for others, PageFailedError for what cannot be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """A place on earth."""

    name: str
    """With region and country: ``Springfield, Illinois, United States``."""
    latitude: float
    longitude: float
    timezone: str


class WeatherService(Protocol):
    attribution: str
    """What must be said where its data is shown."""

    async def find(self, name: str, language: str = "") -> tuple[Place, ...]:
        """Places of that name, the likeliest first; empty if there is none."""
        ...

    async def forecast(
        self, place: Place, days: int, *, is_metric: bool = True
    ) -> Mapping[str, Any]:
        """The weather now and on so many days from today (1 to 16), in the place's own time.

        Keys ``now``, ``days`` and ``units``, with words and numbers that a model reads.
        """
        ...
