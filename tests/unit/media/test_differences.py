"""How two texts differ, and pictures of it."""

import random
import time
from collections.abc import Callable
from io import BytesIO
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from handlers.media.difference_pages import MAX_HEIGHT, MAX_PAGES, WIDTH, Labels, Pages, draw_pages
from handlers.media.differences import MAX_CHARACTERS, Change, compare, tokens
from handlers.media.lettering import BOX, Lettering

LABELS = Labels("With seed 42", "only the first", "only the second", "{count} words the same")
RED, GREEN = (0xFD, 0xE4, 0xE1), (0xD8, 0xF3, 0xEA)
RED_INK, GREEN_INK = (0xA3, 0x17, 0x0C), (0x00, 0x59, 0x4A)
TEXTS = st.text(alphabet="ab \n\t,.漢字かな한글é😀", max_size=60)


def told(first: str, second: str) -> list[tuple[str, str]]:
    return [(piece.change.value, piece.text) for piece in compare(first, second).pieces]


def drawn(first: str, second: str) -> tuple[Pages, list[Image.Image]]:
    pages = draw_pages(compare(first, second), LABELS)
    return pages, [Image.open(BytesIO(one.data)).convert("RGB") for one in pages.pictures]


def colours(image: Image.Image) -> dict[tuple[int, ...], int]:
    return {colour: count for count, colour in image.getcolors(1 << 24) or ()}  # type: ignore[misc]  # RGB: colours are tuples


def longest_run(image: Image.Image, colour: tuple[int, ...]) -> int:
    """Of neighbouring pixels of the colour in a row."""
    pixels = image.tobytes()
    row_bytes = 3 * image.width
    rows = (pixels[start : start + row_bytes] for start in range(0, len(pixels), row_bytes))
    return max(
        sum(1 for _ in group) if is_it else 0
        for row in rows
        for is_it, group in groupby(zip(*[iter(row)] * 3, strict=True), lambda one: one == colour)
    )


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_out_of_their_difference(first: str, second: str) -> None:
    pieces = compare(first, second).pieces
    old = "".join(piece.text for piece in pieces if piece.change is not Change.INSERTED)
    new = "".join(piece.text for piece in pieces if piece.change is not Change.DELETED)
    assert (old, new) == (first, second)


def test_words_are_compared_and_chinese_by_its_characters() -> None:
    assert told("a red fox", "a blue fox") == [
        ("same", "a "),
        ("deleted", "red"),
        ("inserted", "blue"),
        ("same", " fox"),
    ]
    assert tokens("今天hello, 世界") == ["今", "天", "hello", ",", " 世", "界"]
    assert told("天气很好", "天气不好")[1:3] == [("deleted", "很"), ("inserted", "不")]


def test_neighbouring_changes_are_read_as_one() -> None:
    assert told("see the old house now", "see a new house now") == [
        ("same", "see "),
        ("deleted", "the old"),
        ("inserted", "a new"),
        ("same", " house now"),
    ]


def test_likeness_is_below_one_for_anything_that_differs() -> None:
    assert compare("a" * 9, "a" * 9).likeness == 1
    long = "word " * 2000
    assert 0.9 < compare(long, f"{long} ").likeness < 1
    assert compare("a", "b").likeness == 0


def test_words_that_are_everywhere_in_a_text_align_nothing() -> None:
    """Or to compare two such texts would take minutes."""
    chance = random.Random(1)
    first, second = (" ".join(chance.choice("ab") for _ in range(1_000)) for _ in range(2))
    assert compare(first, second).likeness < 0.1
    assert compare(first[:600], second[:600]).likeness > 0.5


def test_what_is_long_is_compared_by_its_beginning() -> None:
    difference = compare("a " * MAX_CHARACTERS, "a " * MAX_CHARACTERS + "b")
    assert difference.is_cut
    assert difference.likeness < 1


def test_a_change_is_drawn_with_a_ground_and_with_a_line() -> None:
    _, [image] = drawn("a red fox", "a blue fox")
    assert image.width == WIDTH
    found = colours(image)
    for ground, ink in ((RED, RED_INK), (GREEN, GREEN_INK)):
        assert found[ground] > 1_000
        assert found[ink] > 400
    # The words "only the first" and "only the second" have a line through or under all of them.
    assert longest_run(image, RED_INK) > 200
    assert longest_run(image, GREEN_INK) > 200


def test_the_same_texts_are_drawn_without_any_change_but_in_the_legend() -> None:
    _, [same] = drawn("one fox", "one fox")
    _, [other] = drawn("one fox", "one dog")
    assert colours(other)[RED] > colours(same)[RED]


@pytest.mark.parametrize(("first", "second"), [("a ", "a"), ("a\n\nb", "a\nb"), ("a\t", "a")])
def test_white_space_that_differs_is_seen(first: str, second: str) -> None:
    _, [image] = drawn(first, second)
    _, [same] = drawn(first, first)
    assert colours(image)[RED_INK] > colours(same)[RED_INK]


def test_long_texts_take_several_pages_of_a_phones_height_and_no_more_than_some() -> None:
    first = " ".join(f"one{number}" for number in range(220))
    second = " ".join(f"two{number}" for number in range(220))
    pages, images = drawn(first, second)
    assert 2 <= len(images) <= MAX_PAGES
    assert all(image.height <= MAX_HEIGHT for image in images)
    assert not pages.has_more
    pages, images = drawn(first * 5, second * 5)
    assert len(images) == MAX_PAGES
    assert pages.has_more


def test_a_long_passage_that_is_the_same_is_left_out() -> None:
    passage = " ".join(f"word{number}" for number in range(1500))
    _, images = drawn(f"red {passage} end", f"blue {passage} stop")
    assert len(images) == 1


def test_no_line_leaves_the_picture() -> None:
    _, [image] = drawn("x" * 400 + " a", "x" * 400 + " b")
    margin = image.crop((WIDTH - 40, 0, WIDTH, image.height))
    assert set(colours(margin)) == {(255, 255, 255)}


def test_letters_of_many_scripts_are_drawn_by_their_own_fonts() -> None:
    letters = Lettering(40, "한국어")
    runs = list(letters.runs("Grüße, мир, 漢字, かな, 한국어"))
    assert [run.text for run in runs] == ["Grüße, мир, 漢字, かな, 한국어"]
    assert "KR" in str(runs[0].font.getname()[0])
    assert not letters.has_boxes


def test_a_letter_that_no_font_has_is_a_box_and_a_symbol_is_spelled() -> None:
    letters = Lettering(40)
    assert "".join(run.text for run in letters.runs("a\u200b\ufe0fb")) == "ab"
    assert (
        "".join(run.text for run in letters.runs("\U0001d800")) == ":signwriting hand-fist index:"
    )
    assert not letters.has_boxes
    assert "".join(run.text for run in letters.runs("x\U00012000\u0301")) == f"x{BOX}"
    assert letters.has_boxes


def work_of(task: Callable[[], object]) -> float:
    """Seconds of the processor, for ratios."""
    start = time.thread_time()
    task()
    return time.thread_time() - start


@pytest.mark.parametrize(
    ("first", "second"),
    [("👩‍👩‍👧‍👦🏳️‍🌈" * 360, "🙂👍🏽" * 1_300), ("a" + "\u0301" * 4_000, "b" + "\u0302" * 4_000)],
    ids=["emoji", "marks"],
)
def test_signs_without_spaces_take_no_more_work_than_words(first: str, second: str) -> None:
    plain = [" ".join(f"{word}{number}" for number in range(650)) for word in ("one", "two")]
    words = work_of(lambda: drawn(*plain))
    assert work_of(lambda: drawn(first, second)) < 8 * words


def test_many_small_differences_take_work_by_the_length_and_not_its_square() -> None:
    def texts(length: int) -> list[str]:
        """Every second character is the same in both."""
        return [
            "".join(f"{chr(0x4E00 + number)}{chr(first + number)}" for number in range(length // 2))
            for first in (0xAC00, 0x20000)
        ]

    short, long = texts(3_000), texts(18_000)
    assert compare(*long).likeness == pytest.approx(0.5, abs=0.01)
    assert work_of(lambda: compare(*long)) < 15 * work_of(lambda: compare(*short))


def test_a_long_text_is_compared_by_its_sentences_and_those_that_differ_by_their_words() -> None:
    sentences = [f"Number {number} is, as it were, a number." for number in range(450)]
    first = " ".join(sentences)
    second = " ".join(
        [*sentences[:2], "Ahead.", *sentences[2:200], "Between them.", *sentences[200:]]
    )
    assert len(tokens(first)) > 4_000
    second = second.replace("Number 300 is", "Number 300 was")
    changes = [one for one in told(first, second) if one[0] != "same"]
    assert changes == [
        ("inserted", " Ahead."),
        ("inserted", " Between them."),
        ("deleted", "is"),
        ("inserted", "was"),
    ]


def test_nothing_of_a_long_word_is_lost_where_wide_letters_meet_narrow_ones() -> None:
    """The ground behind it is as wide in whatever order they come."""
    word = "W" * 30 + "i" * 90

    def ground_of(first: str, second: str) -> int:
        _, [image] = drawn(first, second)
        return colours(image)[GREEN]

    legend = ground_of("a", "a")
    backwards = ground_of("", word[::-1]) - legend
    assert ground_of("", word) - legend == pytest.approx(backwards, rel=0.05)
