"""Words as a search sees them: folded, and cut into what an index holds.

Case, accents and forms of a letter are folded. Scripts that are written without spaces (and
Korean, whose endings join the words) have no words here: each two neighbouring letters are a token,
and so is the last letter of a run. One letter alone is found as the beginning of such tokens.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

FOLDING = f"1 {unicodedata.unidata_version}"
"""Which tokens these rules make. Raise the number with every change of them."""
MAX_TOKEN = 48
"""Letters of a word that are indexed; what is longer is no word."""
MAX_INDEXED = 200_000
"""Characters of an exchange that are indexed."""
MAX_QUERY = 300
MAX_TERMS = 12

DENSE = (
    "\u3005-\u3007\u3040-\u30ff\u3100-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff\u1100-\u11ff\uac00-\ud7af"  # Chinese, Japanese, Korean
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Tibetan, Burmese, Khmer
    "\u2190-\u2bff\U0001f000-\U0001faff"  # pictures
)
_RUNS = re.compile(f"([{DENSE}]+)|([^{DENSE}]+)")
_QUOTED = re.compile('["“”„«»]([^"“”„«»]*)["“”„«»]')
_BEGINS, _ENDS = f"(?<![^ {DENSE}])", f"(?![^ {DENSE}])"
_VOICED = "\u3099\u309a"
"""The marks that make another letter of a Japanese one: no accents."""


class _Folding(dict[int, str]):
    """What each character becomes: nothing, a space, or letters."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


def _fold_character(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character)
    kept = "".join(c for c in parts if c in _VOICED or not unicodedata.combining(c))
    return "".join(map(_letter, unicodedata.normalize("NFC", kept).casefold()))


def _letter(character: str) -> str:
    category = unicodedata.category(character)
    is_modifier = "\ufe00" <= character <= "\ufe0f" or "\U0001f3fb" <= character <= "\U0001f3ff"
    if category == "Cf" or is_modifier:
        return ""
    is_kept = category[0] in "LNM" or category == "So" or character in _VOICED
    return character if is_kept else " "


_FOLDING = _Folding()


def composed(text: str) -> str:
    """The form of a text in which ``fold`` and ``origins`` count characters."""
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Letters, digits and pictures, with spaces for all that stands between words."""
    return composed(text).translate(_FOLDING)


def origins(text: str) -> list[int]:
    """For each character of ``fold(text)`` the place in ``composed(text)`` that it came from."""
    return [place for place, c in enumerate(composed(text)) for _ in _FOLDING[ord(c)]]


def tokens(text: str) -> set[str]:
    """What an index holds of a text. CPU work: about a millisecond for 5,000 characters."""
    found: set[str] = set()
    for word in fold(text[:MAX_INDEXED]).split():
        if word.isascii():
            found.add(word[:MAX_TOKEN])
            continue
        for dense, plain in _RUNS.findall(word):
            if plain:
                found.add(plain[:MAX_TOKEN])
            else:
                found.update(dense[place : place + 2] for place in range(len(dense)))
    return found


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    is_beginning: bool = False
    """Any token that begins with it will do."""


@dataclass(frozen=True, slots=True)
class Term:
    """A part of what is searched for: a word's beginning, a run, or a quoted phrase."""

    pattern: re.Pattern[str]
    """In folded text."""
    whole: re.Pattern[str]
    """The same, with no word going on behind it."""
    tokens: tuple[Token, ...]
    """All of them are in the index of every text that holds the term."""


def read_query(words: str) -> tuple[Term, ...]:
    """What people wrote, in order; words in quotes stand together. Empty if nothing is a word."""
    words = words[:MAX_QUERY]
    terms = [_term(phrase, is_open=False) for phrase in _QUOTED.findall(words)]
    terms += [_term(word, is_open=True) for word in fold(_QUOTED.sub(" ", words)).split()]
    return tuple(dict.fromkeys(term for term in terms if term is not None))[:MAX_TERMS]


def loosened(words: str) -> tuple[Term, ...]:
    """The smallest parts of a query, for when nothing holds it as it stands.

    None of one with quotes: who sets them means it.
    """
    if _QUOTED.search(words):
        return ()
    found: dict[str, Term | None] = {}
    for dense, plain in _RUNS.findall(" ".join(fold(words[:MAX_QUERY]).split())):
        for word in plain.split():
            found[word] = _term(word, is_open=True)
        for place in range(max(1, len(dense) - 1)) if dense else ():
            pair = dense[place : place + 2]
            found[pair] = _term(pair, is_open=False)
    return tuple(term for term in found.values() if term is not None)[: 2 * MAX_TERMS]


def _term(text: str, *, is_open: bool) -> Term | None:
    runs = [run for word in fold(text).split() for run in _runs_of(word)]
    if not runs:
        return None
    pattern = "".join(_joined(runs))
    _, is_dense = runs[-1]
    end = "" if is_dense else _ENDS
    return Term(
        re.compile(pattern if is_open else pattern + end),
        re.compile(pattern + end),
        tuple(_tokens_of(runs, is_open=is_open and not is_dense)),
    )


def _runs_of(word: str) -> Iterator[tuple[str, bool]]:
    for dense, plain in _RUNS.findall(word):
        yield (dense or plain, bool(dense))


def _joined(runs: list[tuple[str, bool]]) -> Iterator[str]:
    was_dense = True
    for number, (run, is_dense) in enumerate(runs):
        if number:
            yield " *" if is_dense or was_dense else " +"
        elif not is_dense:
            yield _BEGINS
        yield re.escape(run)
        was_dense = is_dense


def _tokens_of(runs: list[tuple[str, bool]], *, is_open: bool) -> Iterator[Token]:
    for number, (run, is_dense) in enumerate(runs):
        if not is_dense:
            is_last = number == len(runs) - 1
            yield Token(run[:MAX_TOKEN], is_beginning=is_last and is_open)
        elif len(run) == 1:
            yield Token(run, is_beginning=True)
        else:
            yield from (Token(run[place : place + 2]) for place in range(len(run) - 1))
