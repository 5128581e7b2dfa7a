import time

import pytest

from bot.openai.speech_reading import choose_voice, estimate_seconds, is_read_aloud

_POEM = (
    "The sea is calm tonight, the tide is full, the moon lies fair upon the straits; on the coast "
    "of France the light gleams and is gone; the cliffs of England stand, glimmering and vast, out "
    "in the tranquil bay. Come to the window, sweet is the night air, and listen to the waves."
)


@pytest.mark.parametrize(
    ("script", "transcript"),
    [
        ("Good morning.", "Good morning!"),
        ("What is 2+2?", "What is two plus two?"),
        ("It costs $5.50 at 10:30.", "It costs five dollars fifty at ten thirty."),
        ("Dr. Smith lives on 5th Ave.", "Doctor Smith lives on Fifth Avenue."),
        ("Où est la gare ?", "où est la gare"),
        ("今天天气很好，我们去公园吧。", "今天天气很好我们去公园吧"),
        ("สวัสดีครับ", "สวัสดี ครับ"),
        ("3.14159", "three point one four one five nine"),
        ("🎉🎉🎉", "Party!"),
        ("Say nothing", ""),  # no transcript was told
        (_POEM, _POEM.upper().replace(",", "")),
        (_POEM, _POEM.replace("glimmering and vast", "shimmering, vast")),
    ],
)
def test_what_was_read_is_taken_for_it(script: str, transcript: str) -> None:
    assert is_read_aloud(script, transcript)


@pytest.mark.parametrize(
    ("script", "transcript"),
    [
        ("Good morning.", "Hello! How can I help you today?"),
        ("What is 2+2?", "The answer is four."),
        ("What is 2+2?", "Four."),
        ("Tell me a joke.", "Why did the chicken cross the road? To get to the other side!"),
        ("Who wrote Hamlet?", "William Shakespeare wrote it around the year 1600."),
        ("Wie spät ist es?", "What time is it?"),
        ("今天天气怎么样？", "很抱歉，我无法查询实时信息。"),
        (_POEM, "What a lovely poem! It describes the sea at night, and the coast of France."),
        (_POEM, _POEM[:90]),
    ],
)
def test_what_was_answered_is_not(script: str, transcript: str) -> None:
    assert not is_read_aloud(script, transcript)


def test_the_longest_of_scripts_are_compared_in_no_time() -> None:
    script, transcript = "ab" * 2_000, "ba" * 2_000
    began = time.process_time()
    is_read_aloud(script, transcript)
    is_read_aloud("word another " * 300, "another word " * 300)
    assert time.process_time() - began < 5  # a hundred times what it takes


@pytest.mark.parametrize(
    ("voice", "known", "chosen"),
    [
        ("nova", ("alloy", "coral", "shimmer"), "coral"),
        ("nova", ("alloy", "shimmer"), "shimmer"),
        ("nova", ("alloy", "nova"), "nova"),
        ("nova", (), "nova"),
        ("af_heart", ("alloy",), "af_heart"),
        ("nova", ("alloy",), "nova"),
    ],
)
def test_a_voice_is_itself_or_the_most_similar(
    voice: str, known: tuple[str, ...], chosen: str
) -> None:
    assert choose_voice(voice, known) == chosen


def test_dense_scripts_take_longer_to_say() -> None:
    assert estimate_seconds("今天天气很好") > 3 * estimate_seconds("weathe")
