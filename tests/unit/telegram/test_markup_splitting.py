import itertools

import pytest

from bot.telegram.markup import Entity, Rendered, plain, render
from bot.telegram.splitting import render_parts, split
from tests.unit.telegram.markup_rules import bare_words, check_message, marked

FAMILY = "👨‍👩‍👧"
FLAG = "🇩🇪"
WAVE = "👋🏽"
ACCENTED = "e\u0301\u0323"


def texts(pieces: list[Rendered]) -> list[str]:
    return [piece.text for piece in pieces]


def test_what_fits_stays_whole() -> None:
    rendered = render("**a** b")
    assert split(rendered) == [rendered]


def test_nothing_makes_no_piece() -> None:
    assert split(Rendered("")) == []
    assert split(Rendered(" \n ")) == []


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("aaa bbb. ccc\nddd\n\neee fff ggg", ["aaa bbb. ccc\nddd", "eee fff ggg"]),
        ("aaa bbb. ccc\n\nddd\neee fff ggg", ["aaa bbb. ccc", "ddd\neee fff ggg"]),
        ("aaa bbb. ccc\nddd eee fff ggg", ["aaa bbb. ccc", "ddd eee fff ggg"]),
        ("aaa bb 1.5 ccc. ddd eee fff", ["aaa bb 1.5 ccc.", "ddd eee fff"]),
        ("aaa bbb ccc ddd eee fff ggg", ["aaa bbb ccc ddd eee", "fff ggg"]),
        ("a " + "b" * 20 + " c", ["a", "b" * 20, "c"]),
        ("b" * 45, ["b" * 20, "b" * 20, "b" * 5]),
        (
            "第一句很长很长很长很长。第二句也很长很长很长",
            ["第一句很长很长很长很长。", "第二句也很长很长很长"],
        ),
        ("字" * 20 + "、字字", ["字" * 19, "字、字字"]),
    ],
)
def test_a_cut_is_made_at_the_best_place_in_the_last_part(text: str, pieces: list[str]) -> None:
    assert texts(split(plain(text), max_units=20)) == pieces


@pytest.mark.parametrize("cluster", [FAMILY, FLAG, WAVE, ACCENTED, "🙂", "한", "👍"])
@pytest.mark.parametrize("before", ["", "x", "xy"])
def test_what_looks_like_one_character_is_never_cut(cluster: str, before: str) -> None:
    pieces = split(plain(before + cluster * 40), max_units=21)
    assert len(pieces) > 1
    for piece in pieces:
        assert piece.text.removeprefix(before).replace(cluster, "") == ""


def test_an_endless_cluster_is_cut_between_characters() -> None:
    pieces = split(plain("e" + "\u0301" * 500), max_units=100)
    assert "".join(texts(pieces)) == "e" + "\u0301" * 500


def test_bold_across_a_cut_goes_on_behind_it() -> None:
    pieces = split(render("x **one two three** y"), max_units=10)
    assert texts(pieces) == ["x one two", "three y"]
    assert [marked(piece) for piece in pieces] == [[("bold", "one two")], [("bold", "three")]]


def test_a_link_across_a_cut_keeps_its_address() -> None:
    pieces = split(render("x [one two three](https://e.org) y"), max_units=10)
    assert [piece.entities for piece in pieces] == [
        (Entity("text_link", 2, 7, url="https://e.org"),),
        (Entity("text_link", 0, 5, url="https://e.org"),),
    ]


def test_code_is_cut_between_lines_and_keeps_language_and_indentation() -> None:
    code = "\n".join(f"    line {number}" for number in range(50))
    pieces = split(render(f"```python\ndef f():\n{code}\n```"), max_units=100)
    assert "\n".join(texts(pieces)) == f"def f():\n{code}"
    for piece in pieces:
        assert piece.entities == (Entity("pre", 0, len(piece.text), language="python"),)
        check_message(piece, max_units=100)


def test_code_that_begins_in_the_last_part_moves_to_the_next_piece() -> None:
    code = "x = 1\n\ny = 2\nz = 3"
    pieces = split(render(f"{'word ' * 12}\n\n```\n{code}\n```"), max_units=75)
    assert texts(pieces) == [("word " * 12).strip(), code]


def test_code_in_a_quote_is_cut_without_crossing() -> None:
    source = (
        "> a\n> ```\n" + "".join(f">     line {number}\n" for number in range(40)) + "> ```\n> b"
    )
    pieces = split(render(source), max_units=100)
    for piece in pieces:
        check_message(piece, max_units=100)
        assert {entity.type for entity in piece.entities} <= {"blockquote", "pre"}


def test_no_piece_has_more_entities_than_telegram_reads() -> None:
    rendered = render(" ".join(f"**b{number}** *i*" for number in range(170)))
    assert len(rendered.entities) == 340
    pieces = split(rendered)
    assert [len(piece.entities) for piece in pieces] == [100, 100, 100, 40]
    assert bare_words(pieces) == bare_words([rendered])


def test_entities_all_round_one_place_do_not_stop_the_cutting() -> None:
    entities = tuple(Entity("bold", 0, 5) for _ in range(9))
    pieces = split(Rendered("aa bb", entities), max_entities=3)
    assert bare_words(pieces) == "aabb"
    assert all(len(piece.entities) <= 3 for piece in pieces)


def test_pieces_of_a_growing_text_stay() -> None:
    text = "Some words, then more. And\nlines 字字字字字字 too 🙂🙂.\n\nParagraphs 12 come. " * 6
    whole = split(plain(text), max_units=60)
    for end in range(len(text)):
        pieces = split(plain(text[:end]), max_units=60)
        assert pieces[:-1] == whole[: max(len(pieces) - 1, 0)]


def test_a_cut_costs_only_white_space() -> None:
    pieces = split(plain("a\n\n \n\n" + "b" * 10 + " \n " + "c"), max_units=10)
    assert texts(pieces) == ["a", "b" * 10, "c"]


def test_a_notice_stands_in_italics_under_the_last_piece() -> None:
    (part,) = render_parts("🙂 **a**", "Stopped.")
    assert part.text == "🙂 a\n\nStopped."
    assert marked(part) == [("bold", "a"), ("italic", "Stopped.")]
    check_message(part)


@pytest.mark.parametrize("markdown", ["a" * 4090, "*a* b " * 100])
def test_a_notice_without_room_is_a_piece_of_its_own(markdown: str) -> None:
    *parts, last = render_parts(markdown, "Stopped here.")
    assert marked(last) == [("italic", "Stopped here.")]
    assert parts == render_parts(markdown)


def test_a_notice_alone_is_a_piece() -> None:
    assert texts(render_parts("", "Stopped.")) == ["Stopped."]
    assert render_parts(" ", " ") == []


def test_a_long_answer_comes_whole() -> None:
    block = "## H\n\nText **bold** `code` [l](https://e.org).\n\n- a\n- b\n\n```py\nx = 1\n```\n\n"
    parts = render_parts(block * 1_500)
    for part in parts:
        check_message(part)
    assert bare_words(parts) == bare_words([render(block * 1_500)])
    for before, after in itertools.pairwise(parts):
        assert not (before.text[-1].isalnum() and after.text[0].isspace())
