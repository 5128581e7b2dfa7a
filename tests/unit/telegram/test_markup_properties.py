"""Whatever a model writes, and however much of it has come so far."""

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.telegram.markup import Rendered, plain, render
from bot.telegram.splitting import render_parts, split
from tests.unit.markdown_samples import ANSWER, MARKDOWN, source_words
from tests.unit.telegram.markup_rules import (
    bare_words,
    check_entities,
    check_message,
    reader_words,
)


@settings(max_examples=400, deadline=None)
@given(MARKDOWN)
def test_a_rendered_text_keeps_the_words_and_telegrams_rules(markdown: str) -> None:
    rendered = render(markdown)
    assert reader_words(rendered) == source_words(markdown)
    check_entities(rendered, rendered.units)


@settings(max_examples=300, deadline=None)
@given(MARKDOWN, st.integers(8, 60), st.integers(1, 8))
def test_pieces_are_messages_that_telegram_takes(markdown: str, units: int, entities: int) -> None:
    rendered = render(markdown)
    pieces = split(rendered, max_units=units, max_entities=entities)
    for piece in pieces:
        check_message(piece, max_units=units, max_entities=entities)
    assert _visible(pieces) == _visible([rendered])


def _visible(messages: list[Rendered]) -> str:
    """A piece of nothing but joiners and controls is no message, and is left out."""
    return "".join(
        char for char in bare_words(messages) if unicodedata.category(char) not in {"Cf", "Cc"}
    )


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(["word", "Word.", "字", "🙂", "\n", "\n\n", " ", "longerword"])),
    st.data(),
)
def test_the_first_pieces_of_a_growing_text_stay(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    end = data.draw(st.integers(0, len(text)))
    grown, so_far = (split(plain(part), max_units=30) for part in (text, text[:end]))
    assert so_far[:-1] == grown[: max(len(so_far) - 1, 0)]


@settings(max_examples=100, deadline=None)
@given(MARKDOWN, st.text(max_size=50))
def test_an_answer_and_its_notice_are_messages_that_telegram_takes(
    markdown: str, notice: str
) -> None:
    for part in render_parts(markdown, notice):
        check_message(part)


def test_every_beginning_of_an_answer_can_be_shown() -> None:
    checked: set[Rendered] = set()
    for end in range(1, len(ANSWER) + 1):
        markdown = ANSWER[:end]
        rendered = render(markdown)
        assert reader_words(rendered) == source_words(markdown)
        for part in split(rendered, max_units=700, max_entities=20):
            if part not in checked:
                check_message(part, max_units=700, max_entities=20)
                checked.add(part)
