"""The font that goes to where charts are drawn."""

import io

import pytest
from PIL import ImageFont

from handlers.media.fonts import (
    CHINESE,
    JAPANESE,
    KOREAN,
    TRADITIONAL,
    face_for,
    may_hold_cjk,
    read_face,
    speaks_of_cjk,
)

LETTERS = "骨直売上汉字漢字ひらカタ한국어한글〇「」，。Ünßéжω−"


@pytest.mark.parametrize(
    ("face", "country"),
    [(JAPANESE, "JP"), (KOREAN, "KR"), (CHINESE, "SC"), (TRADITIONAL, "TC")],
)
def test_a_face_is_a_font_of_its_own_that_has_all_letters(face: int, country: str) -> None:
    data = read_face(face)
    font = ImageFont.truetype(io.BytesIO(data), 24)
    missing = bytes(font.getmask("\uffff"))

    assert data[:4] == b"OTTO"
    assert font.getname() == (f"Noto Sans CJK {country}", "Regular")
    assert 10_000_000 < len(data) < 20_000_000
    assert [letter for letter in LETTERS if bytes(font.getmask(letter)) == missing] == []


@pytest.mark.parametrize(
    ("text", "language", "face"),
    [
        ("売上のグラフ", "zh", JAPANESE),
        ("매출", "", KOREAN),
        ("销售额", "", CHINESE),
        ("銷售額", "zh-Hant-TW", TRADITIONAL),
        ("图", "ja", JAPANESE),
        ("chart", "ko", KOREAN),
    ],
)
def test_the_face_is_that_of_the_text_and_else_of_the_language(
    text: str, language: str, face: int
) -> None:
    assert face_for(text, language) == face


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("add it up", False),
        ("Größe, température, жук, emoji 😀", False),
        ("label it in Chinese", True),
        ("图", True),
        ("ひ", True),
        ("한", True),
    ],
)
def test_it_is_told_by_letters_and_by_names(text: str, is_so: bool) -> None:
    assert speaks_of_cjk(text) is is_so


@pytest.mark.parametrize(
    ("data", "is_so"),
    [
        (b"a,b\n1,2\n", False),
        ("größe\n".encode(), False),
        ("größe\n".encode("latin-1") + b" " * 9, True),
        ("月\n".encode(), True),
        ("月\n".encode("utf-16"), True),
        ("売上高の表".encode("shift-jis"), True),
        (b"PK\x03\x04\0", True),
    ],
)
def test_a_file_that_is_not_plain_text_may_need_it(data: bytes, is_so: bool) -> None:
    assert may_hold_cjk(data) is is_so


def test_a_letter_that_the_bound_cuts_through_is_no_sign() -> None:
    assert not may_hold_cjk(b"a" * (4 * 1024 * 1024 - 1) + "é".encode())
