"""What the handlers need of pictures that are made."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from handlers.messages import UsageEntry


@dataclass(frozen=True, slots=True)
class Picture:
    data: bytes
    mime: str
    revised_prompt: str = ""


@dataclass(frozen=True, slots=True)
class Pictures:
    pictures: tuple[Picture, ...]
    usage: UsageEntry

    def __add__(self, other: "Pictures") -> "Pictures":
        return Pictures((*self.pictures, *other.pictures), add_usage(self.usage, other.usage))


def add_usage(one: UsageEntry, other: UsageEntry) -> UsageEntry:
    """Of two requests that belong together; a price that is not known makes the sum unknown."""
    costs = (one.cost_usd, other.cost_usd)
    return replace(
        one,
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        images=one.images + other.images,
        cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        is_estimate=one.is_estimate or other.is_estimate,
    )


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """How a picture is to be; what is empty is the operator's choice, or else the service's."""

    size: str = ""
    """``1024x1536``, or ``auto``."""
    quality: str = ""
    background: str = ""
    """transparent, opaque or auto."""
    format: str = ""
    """png, jpeg or webp."""
    count: int = 1


OnPartial = Callable[[Picture], None]
"""Told how far a picture is; returns at once."""
OnRound = Callable[[Pictures], Awaitable[None]]
"""Told what one request gave, once it is paid and before the next is sent. What it raises ends the
work; what was told is in the result, too."""


class ImageGenerator(Protocol):
    """Each gives one picture or more, never none; fewer than asked for if the rest failed.

    Many pictures can take many requests: who is cancelled, or ends, between two of them keeps what
    ``on_round`` was told.

    ContentRefusedError if the service's safety system declines; RouteMissingError where the server
    has no such endpoint; PictureOptionError if it does not take an option.
    """

    async def generate(
        self,
        prompt: str,
        options: ImageOptions = ...,
        person: str = "",
        on_partial: OnPartial | None = None,
        on_round: OnRound | None = None,
    ) -> Pictures: ...

    async def edit(
        self,
        prompt: str,
        pictures: Sequence[Picture],
        mask: Picture | None = None,
        options: ImageOptions = ...,
        person: str = "",
        on_partial: OnPartial | None = None,
        on_round: OnRound | None = None,
    ) -> Pictures:
        """New pictures of one to 16 upright PNG, WebP or JPEG.

        ``mask``: a PNG of the first one's size, transparent where it is to be changed.
        """
        ...

    async def vary(
        self,
        picture: Picture,
        options: ImageOptions = ...,
        person: str = "",
        on_round: OnRound | None = None,
    ) -> Pictures:
        """Others like it. RouteMissingError where the server cannot do it without a prompt."""
        ...
