"""Sizes in words for people."""

import math

_STEP = 1024
_UNITS = ("bytes", "KB", "MB", "GB")


def human_size(size_bytes: int) -> str:
    """ "31 MB", with one decimal place where it matters.

    Steps of 1024, as the services count their limits, and rounded up: what is a little over a
    limit never reads like the limit itself.
    """
    if size_bytes < _STEP:
        return f"{size_bytes} byte" + ("" if size_bytes == 1 else "s")
    power = 1 if size_bytes <= 1023.9 * _STEP else 2 if size_bytes <= 1023.9 * _STEP**2 else 3
    tenths = math.ceil(size_bytes * 10 / _STEP**power)
    return f"{tenths / 10:.10g} {_UNITS[power]}"
