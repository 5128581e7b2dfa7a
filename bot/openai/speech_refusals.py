"""What a server says when it refuses one part of what is asked of a voice."""

import re
from collections.abc import Iterable

_UNKNOWN = "unknown|unsupported|unrecogni[sz]ed|unexpected|unpermitted|extra"
_PARAMETER = "parameter|param|argument|field|property|key|input"
_TAKEN = "supported|permitted|allowed|accepted"
_REFUSED = (
    rf"\b({_UNKNOWN})\b[^.]{{0,20}}\b({_PARAMETER})s?\b[^.\w]{{0,20}}(\w+\.)*NAME\b",
    rf"\bNAME\b[^.]{{0,20}}\b(is|are) (not ({_TAKEN})|{_UNKNOWN})\b",
    r"\b(does not|doesn't|do not|cannot) (support|accept|take|allow|have)( \w+){0,3} \W?NAME\b",
    r"\bNAME\b.{0,80}extra (inputs|fields)|\bextra_forbidden\b.{0,80}\bNAME\b",
)
"""Of a parameter that a server does not know."""
_OF_A_VALUE = re.compile(
    r"\b(values?|between|range|at (least|most)|must be|(greater|less|more) than|minimum|maximum)\b",
    re.IGNORECASE,
)


def find_refused(names: Iterable[str], message: str) -> tuple[frozenset[str], frozenset[str]]:
    """Of the parameters, those to leave out now, and those of them to leave out from then on.

    The latter are what the server does not know at all. What has a value that it does not take is
    one person's choice.
    """
    named = frozenset(name for name in names if re.search(rf"\b{name}\b", message, re.IGNORECASE))
    unknown = frozenset(name for name in named if _is_unknown(name, message))
    return unknown or named, unknown


def _is_unknown(name: str, message: str) -> bool:
    return not _OF_A_VALUE.search(message) and any(
        re.search(pattern.replace("NAME", name), message, re.IGNORECASE) for pattern in _REFUSED
    )
