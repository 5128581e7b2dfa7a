"""Long texts as a beginning and a file; plain texts as Markdown that shows them unchanged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telegram.splitting import render_parts
from handlers.media.subtitles import srt, vtt
from handlers.messages import TextFile
from handlers.ports.sounds import Segment
from handlers.sounds.long_texts import LONG_CHARACTERS, deliverable, shorten, verbatim

WORDS = st.lists(
    st.text(alphabet="ab1 *_`#-+=.)([]<>&|~\\$!:/", min_size=1, max_size=12), min_size=1, max_size=6
)


def test_what_is_not_long_stays_whole() -> None:
    text = "a" * LONG_CHARACTERS
    delivery = deliverable(text, "t.txt", "Notice", is_plain=True)
    assert (delivery.text, delivery.notice, delivery.files) == (text, "Notice", ())


def test_what_is_long_ends_with_a_sentence_and_is_whole_in_the_file() -> None:
    text = "A sentence of it. " * 200
    more = TextFile("t.srt", "1")
    delivery = deliverable(text, "t.txt", files=[more], is_plain=True)
    assert delivery.text.endswith("A sentence of it. …")
    assert len(delivery.text) < 1_010
    assert delivery.files == (TextFile("t.txt", text), more)
    assert "file holds all of it" in delivery.notice


def test_one_long_word_is_shortened_too() -> None:
    assert len(shorten("a" * 5_000)) < 1_010


@given(WORDS)
def test_a_plain_text_is_shown_as_it_is(words: list[str]) -> None:
    text = "\n".join(line for line in (" ".join(word.split()) for word in words) if line)
    shown = "\n".join(part.text for part in render_parts(verbatim(text), ""))
    assert shown == text


@pytest.mark.parametrize(
    "text", ["2 * 3 * 4", "1. one\n2. two", "- a\n- b", "# no title", "a_b_c <b> &amp; [x](y)"]
)
def test_marks_of_markdown_are_shown(text: str) -> None:
    assert "\n".join(part.text for part in render_parts(verbatim(text), "")) == text


def test_subtitles_hold_no_line_that_would_end_them() -> None:
    segments = (Segment(3599.9996, 3725.04, " one\n\ntwo --> <b> & "),)
    assert srt(segments) == "1\n01:00:00,000 --> 01:02:05,040\none two --> <b> &\n"
    assert vtt(segments) == (
        "WEBVTT\n\n01:00:00.000 --> 01:02:05.040\none two --&gt; &lt;b&gt; &amp;\n"
    )
