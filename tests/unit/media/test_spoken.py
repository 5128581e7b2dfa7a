import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.media.spoken import pieces, speakable


@pytest.mark.parametrize(
    ("markdown", "spoken"),
    [
        (
            "**Bold**, *soft*, ***both***, ~~gone~~ and ||hidden||",
            "Bold, soft, both, gone and hidden",
        ),
        ("__Bold__ and _soft_", "Bold and soft"),
        ("## A title ##\nText", "A title\nText"),
        ("> said *before*", "said before"),
        ("- one\n* two\n+ three\n• four\n- [x] five", "one\ntwo\nthree\nfour\nfive"),
        ("1. one\n2. two", "1. one\n2. two"),
        ("Run `a * b * c` now", "Run a * b * c now"),
        ('See [the *docs*](https://example.com/a_(b)_c "title").', "See the docs."),
        ("![a cat](https://example.com/cat.png)", "a cat"),
        ("See https://example.com/x_y?z=1.", "See (link)."),
        ("See <https://example.com>!", "See (link)!"),
        ("[https://example.com](https://example.com)", "(link)"),
        ("Text [one][1]\n\n[1]: https://example.com", "Text one"),
        ("above\n\n---\n\nbelow", "above\n\nbelow"),
        ("| a | b |\n|---|:-:|\n| 1 | **2** |", "a, b\n1, 2"),
        ("<b>Tom</b> &amp; Ann: a < b > c", "Tom & Ann: a < b > c"),
        (r"\*not soft\* \# not a title", "*not soft* # not a title"),
        ("这是**重点**，那是*轻*。", "这是重点，那是轻。"),
    ],
)
def test_marks_are_left_out_and_words_stay(markdown: str, spoken: str) -> None:
    assert speakable(markdown) == spoken


@pytest.mark.parametrize(
    "text", ["2*3*4 = 24", "2 * 3 * 4", "snake_case_name", "5 > 3 and #1", "**never closed", "a|b"]
)
def test_signs_that_are_no_marks_stay(text: str) -> None:
    assert speakable(text) == text


def test_code_is_named_and_not_read() -> None:
    assert speakable("Try:\n```py\nx = 1\n```\nDone.") == "Try:\n\n(code)\n\nDone."


def test_code_that_never_closes_is_not_read() -> None:
    assert speakable("Try:\n~~~\nrm -rf\nmore") == "Try:\n\n(code)"


def test_a_fence_inside_a_longer_fence_does_not_end_it() -> None:
    assert speakable("````\n```\nx\n```\n````\nDone.") == "(code)\n\nDone."


def test_phrases_can_be_in_the_language_of_the_chat() -> None:
    spoken = speakable("```\nx\n```\nhttps://example.com", code="(Programm)", link="(Adresse)")
    assert spoken == "(Programm)\n\n(Adresse)"


@given(st.text(alphabet="ab *_`~|[]()#>-\\\n<&;!.:/\0é中1", max_size=200))
def test_any_text_can_be_spoken(markdown: str) -> None:
    spoken = speakable(markdown)
    assert spoken == spoken.strip()
    assert "\0" not in spoken


@given(st.lists(st.sampled_from(["Tom", "isst", "中文", "12", "Äpfel,", "ok."]), max_size=40))
def test_plain_words_are_spoken_as_they_are(words: list[str]) -> None:
    assert speakable(" ".join(words)) == " ".join(words)


@given(st.text(max_size=400), st.integers(min_value=1, max_value=60))
def test_pieces_lose_nothing_but_white_space(text: str, max_characters: int) -> None:
    cut = pieces(text, max_characters)
    assert "".join("".join(cut).split()) == "".join(text.split())


@given(st.text(alphabet='ab .!?。！\n"', max_size=300), st.integers(min_value=1, max_value=60))
def test_every_piece_fits_and_says_something(text: str, max_characters: int) -> None:
    assert all(0 < len(piece.strip()) <= max_characters for piece in pieces(text, max_characters))


@given(
    st.lists(st.sampled_from(["One.", "Two is it!", "Three?", "Wait…"]), min_size=1, max_size=30)
)
def test_every_cut_is_at_a_sentence_end_where_sentences_fit(sentences: list[str]) -> None:
    assert all(piece[-1] in ".!?…" for piece in pieces(" ".join(sentences), 12))


def test_chinese_sentences_are_cut_without_spaces() -> None:
    assert pieces("你好。世界！再见？", 4) == ["你好。", "世界！", "再见？"]


def test_a_point_inside_a_number_is_no_end() -> None:
    assert pieces("It is 3.14 or so", 9) == ["It is", "3.14 or", "so"]


def test_a_word_longer_than_a_piece_is_cut() -> None:
    assert pieces("abcdefgh", 3) == ["abc", "def", "gh"]


def test_nothing_to_say_makes_no_piece() -> None:
    assert pieces(" \n ", 10) == []
