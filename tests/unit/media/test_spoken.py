import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.media.spoken import pieces, sentence_ends, speakable
from handlers.texts.reading import PHRASES, phrases_for


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
        ("See https://www.example.com:80/x_y?z=1.", "See example.com."),
        ("See <https://example.com>!", "See example.com!"),
        ("[https://example.com](https://example.com/a)", "example.com"),
        ("Write to <me@example.com>.", "Write to me@example.com."),
        ("Text [one][1]\n\n[1]: https://example.com", "Text one"),
        ("above\n\n---\n\nbelow", "above\n\nbelow"),
        ("Text[^1] more.\n\n[^1]: A note", "Text more."),
        ("| a | b |\n|---|:-:|\n| 1 | **2** |", "a: 1, b: 2"),
        (
            "Look:\n|Name|Fits|\n|--|--|\n|Tom|✅|\n||-|\nEnd",
            "Look:\n\nName: Tom, Fits: white heavy check mark\nFits: -\n\nEnd",
        ),
        ("| a | b |\n|---|---|\n", "a, b"),
        ("| a \\| b | c |", "a | b, c"),
        ("> [!NOTE]\n> Mind it", "Note\nMind it"),
        ("-# small print", "small print"),
        ("Then $x = y^2$, \\(a<b\\) and\n$$\na+b\n$$", "Then x = y^2, a<b and\na+b"),
        ("Nice 👍🏽 work 🎉!", "Nice work!"),
        ("## 🎉 Title", "Title"),
        ("1️⃣ first", "1 first"),
        ("<:wave:12345> Hi <@123>", "Hi"),
        ("<b>Tom</b> &amp; Ann: a < b > c", "Tom & Ann: a < b > c"),
        (r"\*not soft\* \# not a title", "*not soft* # not a title"),
        ("这是**重点**，那是*轻*。", "这是重点，那是轻。"),
    ],
)
def test_marks_are_left_out_and_words_stay(markdown: str, spoken: str) -> None:
    assert speakable(markdown) == spoken


@pytest.mark.parametrize(
    "text",
    [
        "2*3*4 = 24",
        "2 * 3 * 4",
        "snake_case_name",
        "5 > 3 and #1",
        "**never closed",
        "a|b",
        "$5 or $10",
        "from $5/$6 to $7",
        "a List<T> and a <b and c> d",
        "Dr. Smith, e.g. at 3 p.m.",
    ],
)
def test_signs_that_are_no_marks_stay(text: str) -> None:
    assert speakable(text) == text


@pytest.mark.parametrize(
    ("markdown", "spoken"),
    [
        ("```py\nx = 1\n\ny = 2\n```\nDone.", "A code block of 2 lines in Python.\n\nDone."),
        ("```\nx\n```", "A code block of one line."),
        ("~~~text\nrm -rf\nmore", "A code block of 2 lines."),
        ("````md\n```\nx\n```\n````\nDone.", "A code block of 3 lines in Markdown.\n\nDone."),
        (
            "- so:\n    ```Zig\n    a\n    ```\n  or",
            "so:\n\nA code block of one line in Zig.\n\nor",
        ),
        ("> ```sh\n> ls\n> ```\n> See?", "A code block of one line in Shell.\n\nSee?"),
        ("so ```it is``` short", "so it is short"),
    ],
)
def test_code_is_announced_and_not_read(markdown: str, spoken: str) -> None:
    assert speakable(markdown) == spoken


@pytest.mark.parametrize(
    ("markdown", "announced"),
    [
        ("So geht das und nicht anders:", "Ein Codeblock mit 2 Zeilen in Python."),
        ("Voici ce que vous cherchez dans la liste :", "Un bloc de code de 2 lignes en Python."),
        ("用 Python 可以这样写：", "2行 Python 代码。"),
        ("Pythonでは次のように書きます：", "Pythonのコードブロック、2行。"),
        ("Вот пример на Python:", "Блок кода, строк: 2, Python."),
        ("OK", "A code block of 2 lines in Python."),
        ("Compute z, w and z:", "A code block of 2 lines in Python."),
        ("x o e", "A code block of 2 lines in Python."),
        ("Z i w po z:", "Blok kodu, liczba wierszy: 2, Python."),
    ],
)
def test_code_is_announced_in_the_language_of_the_text(markdown: str, announced: str) -> None:
    text = f"{markdown}\n```py\nx = 1\ny = 2\n```"
    assert speakable(text, phrases_for(text)).split("\n\n") == [markdown, announced]


def test_where_the_text_does_not_tell_the_chat_does() -> None:
    assert "Zeile" in speakable("OK\n```\nx\n```", phrases_for("OK", "de-AT"))
    assert "line" in speakable("OK\n```\nx\n```", phrases_for("OK", "xx"))


@pytest.mark.parametrize("tag", PHRASES)
def test_every_language_says_how_much_code_there_is(tag: str) -> None:
    said = PHRASES[tag].announce("a\nb\nc\nd\ne\nf\ng", "py")
    assert "7" in said
    assert "Python" in said
    assert "{" not in PHRASES[tag].announce("a", "")


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("👍🏽", "thumbs up sign"),
        ("🎉🎉 ❤️", "party popper, heavy black heart"),
        ("---", ""),
        ("?!", ""),
        ("| |", ""),
    ],
)
def test_emoji_are_named_where_they_are_all_there_is(text: str, spoken: str) -> None:
    assert speakable(text) == spoken


@given(st.text(alphabet="ab *_`~|[]()#>-\\\n<&;!.:/\0é中1", max_size=200))
def test_any_text_can_be_spoken(markdown: str) -> None:
    spoken = speakable(markdown)
    assert spoken == spoken.strip()
    assert "\0" not in spoken


WORDS = st.lists(
    st.sampled_from(["Tom", "isst", "中文", "12", "Äpfel", "ok"]), min_size=1, max_size=5
)
SHAPES = [
    "# {}",
    "- {}",
    "7. {}",
    "> {}",
    "**{}**",
    "*{}* and _{}_",
    "[{}](https://example.com)",
    "`{}`",
    "| {} | {} |",
    "| a | b |\n|---|---|\n| {} | {} |",
    "~~{}~~ 🎉",
    "<b>{}</b>",
    "$x$ {}",
    "- [ ] {}",
]


@given(st.lists(st.tuples(st.sampled_from(SHAPES), WORDS), min_size=1, max_size=8))
def test_no_word_is_lost_whatever_it_stands_in(parts: list[tuple[str, list[str]]]) -> None:
    markdown = "\n\n".join(shape.replace("{}", " ".join(words)) for shape, words in parts)
    spoken = Counter(re.findall(r"\w+", speakable(markdown)))
    written = Counter(word for shape, words in parts for word in words * shape.count("{}"))
    assert all(spoken[word] >= count for word, count in written.items())


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


@pytest.mark.parametrize(
    "sentence",
    [
        "Ask Dr. Smith about it.",
        "It is e.g. a fox.",
        "Das ist z. B. gut.",
        "J. R. R. Tolkien wrote.",
    ],
)
def test_a_point_after_an_abbreviation_ends_no_sentence(sentence: str) -> None:
    assert pieces(f"Yes. {sentence} And more.", len(sentence) + 6)[0] == f"Yes. {sentence}"
    assert pieces(f"Yes. {sentence} And more.", len(sentence))[0] == "Yes."


def test_a_point_inside_a_number_is_no_end() -> None:
    assert pieces("It is 3.14 or so", 9) == ["It is", "3.14 or", "so"]


def test_a_word_longer_than_a_piece_is_cut() -> None:
    assert pieces("abcdefgh", 3) == ["abc", "def", "gh"]


def test_nothing_to_say_makes_no_piece() -> None:
    assert pieces(" \n ", 10) == []


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Wait... what?! No.!? Yes…… (Oh!!) Well... End", 6),
        ("Look.... There", 1),
        ("Etc.! Then.", 2),
    ],
)
def test_a_sentence_ends_with_the_last_of_its_stops(text: str, sentences: int) -> None:
    assert len(sentence_ends(text, len(text))) == sentences


@pytest.mark.parametrize(
    ("markdown", "spoken"),
    [
        ("Run `` a`b `` now", "Run a`b now"),
        ("A ``` in a line and `code`", "A ``` in a line and code"),
    ],
)
def test_marks_that_nothing_closes_are_words(markdown: str, spoken: str) -> None:
    assert speakable(markdown) == spoken
