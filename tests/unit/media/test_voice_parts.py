"""What goes into which voice message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.media.voice_parts import voice_parts

SENTENCE = "This is a sentence of fifty letters, and no more. "


def test_a_short_text_is_one_voice_message() -> None:
    assert voice_parts("Hello there.") == ["Hello there."]
    assert len(voice_parts(SENTENCE * 6)) == 1
    assert voice_parts(" \n ") == []


def test_the_first_is_short_and_the_next_are_longer() -> None:
    lengths = [len(part) for part in voice_parts(SENTENCE * 100)]

    assert lengths[0] <= 250
    assert 250 < lengths[1] <= 900
    assert 900 < lengths[2] <= 2_000


def test_the_first_ends_with_its_sentence_even_if_that_is_long() -> None:
    long = "a word " * 60 + "and the end."
    assert voice_parts(f"{long} {SENTENCE * 40}")[0] == long


def test_chinese_takes_longer_to_say_than_the_same_number_of_letters() -> None:
    parts = voice_parts("你好世界，这是一句话。" * 200)

    assert len(parts[0]) <= 84
    assert all(part.endswith("。") for part in parts)
    assert max(map(len, parts)) <= 834


def test_slow_speech_has_less_in_a_message() -> None:
    text = SENTENCE * 100
    assert max(map(len, voice_parts(text, 0.25))) <= 625
    assert voice_parts(text, 4.0) == voice_parts(text)


def test_nobody_gets_a_last_message_of_two_words() -> None:
    text = SENTENCE * (5 + 18 + 40) + "The end."
    assert len(voice_parts(text)[-1]) > 100


@given(
    st.lists(st.sampled_from(["One.", "two", "中文。", "x" * 300, "Really?\n", "…"]), max_size=400),
    st.floats(0.25, 4.0),
)
def test_nothing_is_lost_and_nothing_is_blank(words: list[str], speed: float) -> None:
    text = " ".join(words)
    parts = voice_parts(text, speed)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(part.strip() for part in parts)


@pytest.mark.parametrize("text", ["a" * 20_000, "中" * 20_000, ". " * 20_000, "\n" * 20_000])
def test_texts_without_sentences_are_cut_too(text: str) -> None:
    assert max(map(len, voice_parts(text)), default=0) <= 2_500
