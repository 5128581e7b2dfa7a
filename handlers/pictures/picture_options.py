"""The words before a prompt that say how its picture is to be: ``size=1024x1536 n=2 a red fox``."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from handlers.errors import NothingToDoError, PictureValueError
from handlers.ports.images import ImageOptions

MAX_COUNT = 10
QUALITIES = ("auto", "low", "medium", "high", "xhigh", "max", "standard", "hd")
BACKGROUNDS = ("auto", "transparent", "opaque")
FORMATS = ("png", "jpeg", "webp")

_WORD = re.compile(r"\s*(size|quality|background|format|n)=(\S+)", re.IGNORECASE)
_SIZE = re.compile(r"auto|[1-9]\d{1,3}x[1-9]\d{1,3}")


def read_line(line: str) -> tuple[ImageOptions, str]:
    """The options and the prompt, as it was written. PictureValueError, NothingToDoError.

    Options stand before the prompt, each once: what looks like one later on is a part of it.
    """
    options, seen = ImageOptions(), set[str]()
    while (found := _WORD.match(line)) is not None and (name := found[1].lower()) not in seen:
        seen.add(name)
        options = _READERS[name](options, found[2].lower().rstrip(",;"))
        line = line[found.end() :]
    if options.background == "transparent" and options.format == "jpeg":
        raise NothingToDoError("picture_transparent_jpeg")
    return options, line.strip()


def _size(options: ImageOptions, value: str) -> ImageOptions:
    value = value.replace("×", "x").replace("*", "x")
    if not _SIZE.fullmatch(value):
        raise PictureValueError(value, name="size", allowed="auto, 1024x1024, 1536x1024, …")
    return replace(options, size=value)


def _count(options: ImageOptions, value: str) -> ImageOptions:
    is_count = value.isascii() and value.isdigit() and 1 <= int(value[:3]) <= MAX_COUNT
    if not is_count or len(value) > 2:
        raise PictureValueError(value, name="n", allowed=f"1 to {MAX_COUNT}")
    return replace(options, count=int(value))


def _quality(options: ImageOptions, value: str) -> ImageOptions:
    return replace(options, quality=_one_of(QUALITIES, "quality", value))


def _background(options: ImageOptions, value: str) -> ImageOptions:
    return replace(options, background=_one_of(BACKGROUNDS, "background", value))


def _format(options: ImageOptions, value: str) -> ImageOptions:
    value = "jpeg" if value == "jpg" else value
    return replace(options, format=_one_of(FORMATS, "format", value))


def _one_of(choices: tuple[str, ...], name: str, value: str) -> str:
    if value not in choices:
        raise PictureValueError(value, name=name, allowed=", ".join(choices))
    return value


_READERS: Mapping[str, Callable[[ImageOptions, str], ImageOptions]] = {
    "size": _size,
    "n": _count,
    "quality": _quality,
    "background": _background,
    "format": _format,
}
