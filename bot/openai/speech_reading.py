"""Reading aloud by models that converse: whether they read or answered, and in which voice."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from difflib import SequenceMatcher

_LONG_WORDS = 40
"""Of more words than this, words are compared; of fewer, letters."""
_LEAST_ALIKE = 0.6
_LEAST_ALIKE_WITH_SIGNS = 0.4
"""Digits and signs come back as words: "2+2" as "two plus two"."""
_MOSTLY_LETTERS = 0.6
_SECONDS_A_LETTER, _SECONDS_A_SYLLABLE = 0.07, 0.25
_MOST_COMPARED = 400
"""Letters or words, from the beginning: an answer differs there already."""

_WORD = re.compile(r"[^\W\d_]+")
# The scripts that are written without spaces: a letter is compared as a word is.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")

# By how high and how bright they are: the routes that came later have no voice of these names.
_SIMILAR_VOICES = {
    "fable": ("ballad", "echo"),
    "nova": ("coral", "shimmer"),
    "onyx": ("ash", "echo"),
    "ballad": ("fable", "echo"),
    "verse": ("echo", "alloy"),
    "marin": ("nova", "coral"),
    "cedar": ("onyx", "ash"),
}


def choose_voice(voice: str, known: Collection[str]) -> str:
    """The voice, or the most similar one that a model has.

    A name that nobody knows stays as it is: servers have voices of their own. So does every name
    for a model of which nothing is known.
    """
    if not known or voice in known:
        return voice
    return next((other for other in _SIMILAR_VOICES.get(voice, ()) if other in known), voice)


def estimate_seconds(text: str) -> float:
    """How long it takes to say, about."""
    unspaced = len(_UNSPACED.findall(text))
    return unspaced * _SECONDS_A_SYLLABLE + (len(text) - unspaced) * _SECONDS_A_LETTER


def is_read_aloud(script: str, transcript: str) -> bool:
    """Whether what was said is the script rather than an answer to it.

    True where it cannot be told: no transcript, or a script of digits and signs. Some 20 ms of
    work: call it in a thread.
    """
    letters = sum(character.isalpha() for character in script)
    visible = sum(not character.isspace() for character in script)
    if not transcript.strip() or letters < _MOSTLY_LETTERS * visible:
        return True
    has_signs = any(_is_spoken_sign(character) for character in script)
    written, said = _read_words(script), _read_words(transcript)
    if len(written) > _LONG_WORDS:
        return _compare(written, said) >= _LEAST_ALIKE
    least = _LEAST_ALIKE_WITH_SIGNS if has_signs else _LEAST_ALIKE
    return _compare("".join(written), "".join(said)) >= least


def _compare(one: Sequence[str], other: Sequence[str]) -> float:
    one, other = one[:_MOST_COMPARED], other[:_MOST_COMPARED]
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _read_words(text: str) -> list[str]:
    """Words without case, accents, digits and punctuation."""
    apart = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(character for character in apart if not unicodedata.combining(character))
    words: list[str] = []
    for word in _WORD.findall(plain):
        words += list(word) if _UNSPACED.search(word) else [word]
    return words


def _is_spoken_sign(character: str) -> bool:
    return character.isdigit() or unicodedata.category(character) in ("Sc", "Sm", "So", "No", "Nl")
