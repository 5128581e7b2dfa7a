"""Whatever people send is worked on in a time that grows as its length does.

What counts is how much longer a text of marks takes than plain words of the same length, so that a
slow or busy machine changes nothing.
"""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import pytest

from handlers.errors import SpeechOptionError
from handlers.media.spoken import pieces, speakable
from handlers.media.subtitles import srt, vtt
from handlers.media.tongues import tongue_of
from handlers.media.voice_parts import voice_parts
from handlers.messages import ChatSettings
from handlers.ports.sounds import Segment
from handlers.sounds.languages import read_target
from handlers.sounds.long_texts import deliverable, verbatim
from handlers.sounds.speech_options import read_options
from handlers.texts.reading import phrases_for

SIZES = (2_000, 50_000)
"""The smaller first: there what goes wrong is seen before it takes minutes."""
MOST_TIMES_AS_LONG = 100.0
"""Spans of marks may be looked for in the next 1,000 or 2,000 characters, some in a fast loop."""
LEAST_S = 1e-4
"""What a text of words takes is taken to be as much, where it is faster than clocks are exact."""
PLAIN = "Some words, and another sentence of them. "

STOPS = (
    ".",
    "..",
    "…",
    "!",
    "?",
    "!?.",
    '."',
    ".)",
    ". ",
    ". a",
    ".\n",
    "。",
    "！」",
    "Dr. ",
    "a. ",
)
SPACES = (" ", "\t", "\n", " \n", "\r\n", "\0", "\x000\0", "\u200d", "\ufe0f")
FENCES = (
    "`",
    "``",
    "```",
    "```\n",
    "```py\n",
    "~~~\n",
    "```\n~~~~\n",
    "````\n> > >\n",
    "`a",
    "``a`",
)
LINKS = (
    *("[", "]", "[[", "[a", "[a]", "[a](", "[a](x", "[a](x ", "[a]((", "[a](()", "[a](b(", "[a]["),
    *("![", "[^", "[^a", "[a]: x\n", "[]", "()", "](", "[ ] ", "[!NOTE]\n", "[[a]x"),
    *("http://", "http://.", "https://a.", "<http://a", "www.", "<a@", "a@", "a."),
)
TAGS = (
    "<",
    "<a ",
    "<a b=c ",
    '<a b="',
    "<a b=' ",
    "</a ",
    "<a b=/",
    "<a:",
    "<@",
    "&",
    "&amp;",
    "&#1",
)
FORMULAS = ("$", "$$", "$a", "$a ", "$$a ", "\\[", "\\]", "\\(", "\\)", "\\", "\\*", "\\[a\\(")
EMPHASIS = (
    "*",
    "**",
    "***",
    "*a ",
    "**a ",
    "_",
    "_a ",
    "__a ",
    "~~a ",
    "||a ",
    "**a*",
    "_*",
    "*_a",
)
LINES = ("# ", "#", " #", "> ", ">", "- ", "-#", "-", "= ", "=", "* * *x\n", "---\n", "1. ", "x\n")
TABLES = ("|", "|a", "|-", "-|-", "|:-", "| - ", "\\|", "|-|\n", "|a\n|-|\n", "|a|b|\n|-|-|\n")
LETTERS = (
    "a",
    "1",
    "é",
    "你",
    "你。",
    "🎉",
    "🎉 ",
    "👍",
    "👍.",
    "1️⃣",
    "to ",
    "a:",
    "French ",
    '"',
    "“",
    "voice=a ",
)
FRAGMENTS = (
    *(*STOPS, *SPACES, *FENCES, *LINKS, *TAGS),
    *(*FORMULAS, *EMPHASIS, *LINES, *TABLES, *LETTERS),
)


def cut(text: str) -> None:
    pieces(text, 2_000)
    pieces(text, 40_000)


def say(text: str) -> None:
    voice_parts(text)
    voice_parts(text, 0.25)


def read(text: str) -> None:
    tongue_of(text)
    phrases_for(text)


def read_line(text: str) -> None:
    for line in (text, f"to {text}", f"to French: {text}"):
        read_target(line, has_more=False)
        read_target(line, has_more=True)
    for line in (text, f'tone="{text}', f"voice={text}"):
        with suppress(SpeechOptionError):
            read_options(line, ChatSettings(), ("alloy",))


def write_down(text: str) -> None:
    segments = [Segment(0.0, 1.0, text)]
    srt(segments)
    vtt(segments)
    verbatim(text)
    deliverable(text, "t.txt", is_plain=True)


WORK = (speakable, cut, say, read, read_line, write_down)


def taken_s(work: Callable[[str], object], text: str) -> float:
    began_s = time.thread_time()
    work(text)
    return time.thread_time() - began_s


@cache
def plain_s(work: Callable[[str], object], size: int) -> float:
    """What so many characters of words take."""
    plain = (PLAIN * (size // len(PLAIN) + 1))[:size]
    return max(LEAST_S, min(taken_s(work, plain) for _ in range(2)))


def assert_linear(work: Callable[[str], object], fragment: str) -> None:
    for size in SIZES:
        marks = (fragment * (size // len(fragment) + 1))[:size]
        for text in (marks, f"a{marks}.x\nb"):
            # Twice, for anything may come between once.
            times = (taken_s(work, text) / plain_s(work, size) for _ in range(2))
            assert any(ratio < MOST_TIMES_AS_LONG for ratio in times), (size, text[:20])


@pytest.mark.parametrize("work", WORK)
@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_no_text_of_marks_takes_much_longer_than_words(
    work: Callable[[str], object], fragment: str
) -> None:
    assert_linear(work, fragment)


def test_a_wide_table_of_many_rows_takes_no_longer_than_its_letters() -> None:
    wide = "|a" * 6_000 + "|\n" + "|-" * 6_000 + "|\n"
    table = wide + "|b|\n" * 6_000
    plain = re.sub(r"\W", "x", table)
    assert taken_s(speakable, table) < MOST_TIMES_AS_LONG * taken_s(speakable, plain)
