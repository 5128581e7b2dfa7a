"""Words as a search compares them: without case, and for scripts without spaces, pairs of signs."""

import re
import unicodedata
from collections.abc import Iterator

_RUNS = re.compile(
    r"(?P<dense>[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
    r"\uf900-\ufaff\U00020000-\U0003ffff]+)|(?P<word>\w+)"
)
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese and Korean: where a word ends is not written, or
endings hang on it."""
_COMMON = (
    "a about all an and any are as at be by can could did do does for from had has have how i if in"
    " is it its me my no not of on or our say says should so tell than that the their them there"
    " these they this to was we were what when where which who why will with would you your"
)
COMMON = frozenset(_COMMON.split())
"""English words that find everything; other languages' lose by being in every passage."""


def terms(text: str) -> Iterator[str]:
    """In order, with repetitions: words in lower case, and pairs of neighbours of dense scripts."""
    folded = unicodedata.normalize("NFKC", text).lower()
    for run in _RUNS.finditer(folded):
        if run["word"]:
            yield run["word"]
        elif len(run["dense"]) == 1:
            yield run["dense"]
        else:
            yield from (run["dense"][at : at + 2] for at in range(len(run["dense"]) - 1))


def searchable(text: str) -> str:
    """The terms as one line, which any word index can hold."""
    return " ".join(terms(text))


def asked(question: str, most: int = 64) -> list[str]:
    """The terms of a question that can tell one passage from another, each once."""
    told = dict.fromkeys(terms(question))
    telling = [term for term in told if term not in COMMON]
    return (telling or list(told))[:most]
