"""What the handlers need of pictures that are made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


class ImageGenerator(Protocol):
    """Each gives one picture or more, never none; fewer than asked for if the rest failed.

    ContentRefusedError if the service's safety system declines; RouteMissingError where the server
    has no such endpoint; PictureOptionError if it does not take an option.
    """

    async def generate(
        self,
        prompt: str,
        options: ImageOptions = ...,
        person: str = "",
        on_partial: OnPartial | None = None,
    ) -> Pictures: ...

    async def edit(
        self,
        prompt: str,
        pictures: Sequence[Picture],
        mask: Picture | None = None,
        options: ImageOptions = ...,
        person: str = "",
        on_partial: OnPartial | None = None,
    ) -> Pictures:
        """New pictures of one to 16 upright PNG, WebP or JPEG.

        ``mask``: a PNG of the first one's size, transparent where it is to be changed.
        """
        ...

    async def vary(
        self, picture: Picture, options: ImageOptions = ..., person: str = ""
    ) -> Pictures:
        """Others like it. RouteMissingError where the server cannot do it without a prompt."""
        ...
