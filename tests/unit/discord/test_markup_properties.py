"""Whatever a model writes, and however much of it has come so far."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.discord.markup import plain_parts, render_parts, words
from tests.unit.discord.markup_rules import bare, check_part
from tests.unit.markdown_samples import ANSWER, MARKDOWN, source_words

LONG_PIECES = st.sampled_from(
    [
        "word word word. " * 40 + "\n\n",
        "```python\n" + "".join(f"    line_{n} = {n}\n" for n in range(60)) + "```\n",
        "1. Do\n   ~~~sh\n" + "   ls -la\n" * 50 + "   ~~~\n",
        "- item **bold** and `code`\n" * 20,
        "| a | b |\n|---|---|\n" + "| **x** cell | `y` and more |\n" * 70 + "\n",
        *("字" * 300 + "。\n", "**" + "bold words here " * 30 + "**\n\n", "`" + "code " * 90 + "`"),
        "> " + "quoted words here " * 30 + "\n",
        *("a" * 700 + "\n", "https://e.org/" + "x" * 90 + " ", "[link](https://e.org/a) " * 10),
        *("🙂👨‍👩‍👧" * 100, "*a **b " * 60, "||" * 90, "\\(" * 90, "```\n", "`", "**", "\n\n", " "),
    ]
)
LONG_MARKDOWN = st.lists(LONG_PIECES | MARKDOWN, min_size=4, max_size=30).map("".join)


def visible(text: str) -> str:
    """A message of nothing but joiners and controls is none, and is left out."""
    return "".join(char for char in text if unicodedata.category(char) not in {"Cf", "Cc"})


@settings(max_examples=400, deadline=None)
@given(MARKDOWN)
def test_messages_keep_the_words_and_show_nothing_that_was_not_meant(markdown: str) -> None:
    parts = render_parts(markdown)
    for part in parts:
        check_part(part)
    assert visible(source_words("".join(parts))) == visible(source_words(markdown))


@settings(max_examples=100, deadline=None)
@given(LONG_MARKDOWN)
def test_a_long_answer_is_cut_into_messages_that_discord_takes(markdown: str) -> None:
    parts = render_parts(markdown)
    for part in parts:
        check_part(part)
    assert visible(words("".join(parts))) == visible(words(markdown))


@settings(max_examples=60, deadline=None)
@given(LONG_MARKDOWN, st.data())
def test_the_first_messages_of_a_growing_answer_stay(markdown: str, data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(markdown)))
    so_far, grown = render_parts(markdown[:end]), render_parts(markdown)
    assert so_far[:-2] == grown[: max(len(so_far) - 2, 0)]


@settings(max_examples=200, deadline=None)
@given(MARKDOWN)
def test_plain_text_is_formatted_by_nothing_in_it(text: str) -> None:
    parts = plain_parts(text)
    for part in parts:
        check_part(part)
        assert not {"*", "_", "~"} & set(bare(part))
    assert visible(source_words("".join(parts))) == visible(source_words(text))


@settings(max_examples=100, deadline=None)
@given(MARKDOWN, st.text(max_size=50))
def test_an_answer_and_its_notice_are_messages_that_discord_takes(
    markdown: str, notice: str
) -> None:
    parts = render_parts(markdown, notice)
    if visible(notice).strip():
        *parts, last = parts
        lines = last.split("\n")
        assert lines[-1].startswith("-# ")
        while lines and lines[-1].startswith("-# "):
            lines.pop()
        last = "\n".join(lines).rstrip()
        parts += [last] if last else []
    for part in parts:
        check_part(part)


def test_every_beginning_of_an_answer_can_be_shown() -> None:
    for end in range(1, len(ANSWER) + 1):
        markdown = ANSWER[:end]
        parts = render_parts(markdown)
        for part in parts:
            check_part(part)
        assert words("".join(parts)) == words(markdown)


@pytest.mark.parametrize(
    "markdown",
    [
        *("`" * 10_000, "` " * 5_000, "".join("`" * (n % 90) + " " for n in range(200))),
        *("|" * 10_000, "|a" * 5_000, "|a" * 40 + "\n" + "|-" * 40 + "\n" + "|b\n" * 2_000),
        *("[" * 10_000, "[a](" * 2_500, "![a" * 3_000, "[](" * 3_000, "[a](b" + "(" * 9_000),
        *("> " * 5_000 + "x", ">" * 9_000, "> ```\n" * 1_500, "- " * 5_000 + "x", "1. " * 3_000),
        *("*a " * 3_000, "_a_ " * 3_000, "*a _b " * 2_000 + "_ *" * 2_000, "~" * 9_000),
        *("# " + " " * 9_000 + "x", "# " + " #" * 4_000 + "x", "#### " + "*a* " * 2_500),
        *("\\" * 9_000, "<" * 9_000, "https://" * 1_200, "\\(" * 5_000, "||a" * 3_000),
        *("\ud83d", "a\udc00\ud800b", "".join(map(chr, range(0xE000, 0xF900)))),
    ],
)
def test_hostile_text_is_sent_without_loss(markdown: str) -> None:
    for parts in (render_parts(markdown), plain_parts(markdown)):
        for part in parts:
            check_part(part)
        assert source_words("".join(parts)) == source_words(markdown)
