"""Which part of a command line is a language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.command import command_line
from handlers.commands import BY_NAME
from handlers.sounds.languages import ENGLISH, is_known, read_target


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", (ENGLISH, "")),
        ("Guten Tag", (ENGLISH, "Guten Tag")),
        ("French", (ENGLISH, "French")),
        ("to French Guten Tag", ("French", "Guten Tag")),
        ("TO french\nGuten Tag", ("french", "Guten Tag")),
        ("to French", ("French", "")),
        ("to Brazilian Portuguese Guten Tag", ("Brazilian Portuguese", "Guten Tag")),
        ("to Klingon: Guten Tag: ja", ("Klingon", "Guten Tag: ja")),
        ("to Klingon：早上好", ("Klingon", "早上好")),
        ("to pt-BR:", ("pt-BR", "")),
        ("to 中文: hello", ("中文", "hello")),
        ("to Klingon Guten Tag", (ENGLISH, "to Klingon Guten Tag")),
        ("to jest bardzo dobre", (ENGLISH, "to jest bardzo dobre")),
        ("to be or not to be: that is it", (ENGLISH, "to be or not to be: that is it")),
        ("to it", (ENGLISH, "to it")),
        ("to do: buy milk", (ENGLISH, "to do: buy milk")),
        ("to my mother\nI love you", (ENGLISH, "to my mother\nI love you")),
        ("together: we are strong", (ENGLISH, "together: we are strong")),
        ("to", (ENGLISH, "to")),
    ],
)
def test_a_line_alone(line: str, expected: tuple[str, str]) -> None:
    assert read_target(line, has_more=False) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", (ENGLISH, "")),
        ("French", ("French", "")),
        ("de", ("de", "")),
        ("Swiss German", ("Swiss German", "")),
        ("to Klingon", ("Klingon", "")),
        ("to Chinese (Taiwan)", ("Chinese (Taiwan)", "")),
        ("to it", ("it", "")),
        ("Klingon", (ENGLISH, "Klingon")),
        ("to whom it may concern, with regards", (ENGLISH, "to whom it may concern, with regards")),
        ("to French: Guten Tag", ("French", "Guten Tag")),
    ],
)
def test_a_line_with_something_beside_it(line: str, expected: tuple[str, str]) -> None:
    assert read_target(line, has_more=True) == expected


@given(st.text(max_size=80), st.booleans())
def test_any_line_can_be_read(line: str, has_more: bool) -> None:
    for prefix in ("", "to ", "to French"):
        language, text = read_target(prefix + line, has_more=has_more)
        assert language.strip()
        assert len(language) <= 45
        assert text in prefix + line


@pytest.mark.parametrize("name", ["", " ", "to", "old German", "German text"])
def test_what_is_no_language(name: str) -> None:
    assert not is_known(name)


@pytest.mark.parametrize(
    ("filled", "expected"),
    [
        ({"to": "Klingon", "text": "Guten Tag"}, ("Klingon", "Guten Tag")),
        ({"to": "Old Church Slavonic", "text": "to: be"}, ("Old Church Slavonic", "to: be")),
        ({"text": "Guten Tag"}, (ENGLISH, "Guten Tag")),
        ({"to": "French"}, ("French", "")),
    ],
)
def test_fields_make_a_line_that_is_read_the_same(
    filled: dict[str, str], expected: tuple[str, str]
) -> None:
    line = command_line(BY_NAME["translate"], filled)
    assert read_target(line, has_more=False) == expected
