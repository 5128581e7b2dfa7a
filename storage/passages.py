"""The piece of an exchange that shows why it was found. CPU work, in proportion to the texts."""

import bisect
import re
from collections.abc import Sequence

from handlers.messages import Exchange
from handlers.ports.stores import Passage
from storage.words import Term, composed, fold, origins

PASSAGE_CHARACTERS = 110
BEFORE_CHARACTERS = 30
"""Of what stands before the first word that was found."""
MAX_MARKS = 12

_MARKUP = re.compile(
    r"```\w*|`+|\*\*|~~|\|\||^[ \t]*(?:#{1,6}|>|[-*+])[ \t]+|(?<!\S)[*_](?=\S)|(?<=\S)[*_](?!\S)"
    r"|!?\[(?=[^\]\n]*\]\()|(?<=[^\n])\]\([^)\s]*\)",
    re.MULTILINE,
)


def plain(markdown: str) -> str:
    """A model's Markdown without its marks: as good as an excerpt needs."""
    return _MARKUP.sub("", markdown)


def spoken(exchange: Exchange) -> tuple[str, str]:
    """What was asked, with what was quoted, and what was answered: the texts that are searched."""
    quoted = "\n".join(
        line.removeprefix("> ") for line in exchange.quote.splitlines() if line.startswith("> ")
    )
    return "\n".join(filter(None, (exchange.question, quoted))), plain(exchange.answer)


def rate(exchange: Exchange, terms: Sequence[Term]) -> tuple[int, int]:
    """How many of the terms are in it, and how many as whole words."""
    texts = [fold(text) for text in spoken(exchange)]
    found = sum(any(term.pattern.search(text) for text in texts) for term in terms)
    whole = sum(any(term.whole.search(text) for text in texts) for term in terms)
    return found, whole


def excerpt(exchange: Exchange, terms: Sequence[Term]) -> Passage:
    """Where the most terms are; the beginning of the question where there is none."""
    question, answer = spoken(exchange)
    in_question, in_answer = _count(question, terms), _count(answer, terms)
    is_answer = in_answer > in_question or not question.strip()
    text = composed(answer if is_answer else question)
    spans = _spans(text, terms)
    start, end = _window(text, spans)
    marks = [(a - start, b - start) for a, b in spans if a >= start and b <= end]
    return _tidied(text[start:end], marks[:MAX_MARKS], is_answer, start > 0, end < len(text))


def _count(text: str, terms: Sequence[Term]) -> int:
    folded = fold(text)
    return sum(term.pattern.search(folded) is not None for term in terms)


def _spans(text: str, terms: Sequence[Term]) -> list[tuple[int, int]]:
    """Where the terms stand, in order, none within another; a word is marked to its end."""
    folded, came_from = fold(text), origins(text)
    found = sorted(
        (came_from[hit.start()], came_from[_word_end(folded, hit.end()) - 1] + 1)
        for term in terms
        for hit in term.pattern.finditer(folded)
    )
    spans: list[tuple[int, int]] = []
    for start, end in found:
        if not spans or start >= spans[-1][1]:
            spans.append((start, end))
        elif end > spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
    return spans


def _word_end(folded: str, end: int) -> int:
    while end < len(folded) and folded[end - 1 : end + 1].isascii() and folded[end].isalnum():
        end += 1
    return end


def _window(text: str, spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The piece with the most spans in it; it begins and ends between words where it can."""
    best = 0
    if spans:
        starts = [start for start, _ in spans]
        room = PASSAGE_CHARACTERS - BEFORE_CHARACTERS
        counts = [bisect.bisect_left(starts, at + room) - n for n, at in enumerate(starts)]
        best = max(0, starts[counts.index(max(counts))] - BEFORE_CHARACTERS)
    start = best
    if best and (gap := text.find(" ", best, best + BEFORE_CHARACTERS)) >= 0:
        start = gap + 1
    end = min(len(text), start + PASSAGE_CHARACTERS)
    if end < len(text) and (gap := text.rfind(" ", end - BEFORE_CHARACTERS, end)) > start:
        end = gap
    return start, end


def _tidied(
    text: str, marks: list[tuple[int, int]], is_answer: bool, is_cut: bool, goes_on: bool
) -> Passage:
    """In one line, the marks moved with it."""
    said = ["… "] if is_cut else []
    length = len("".join(said))
    moved: list[int] = []
    for character in text:
        moved.append(length)
        if character.isspace():
            if length and not said[-1].endswith(" "):
                said.append(" ")
                length += 1
        else:
            said.append(character)
            length += 1
    moved.append(length)
    line = "".join(said).rstrip()
    kept = tuple((moved[a], min(moved[b], len(line))) for a, b in marks)
    return Passage(f"{line} …" if goes_on else line, kept, is_answer)
