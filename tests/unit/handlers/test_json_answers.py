"""JSON is read strictly, and shown so that it is still the same JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.exact.json_answers import AnswerFaultError, code_block, pretty, read_answer

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_shown_is_the_same_json(value: object) -> None:
    shown = code_block(pretty({"value": value}))
    inner = shown.removeprefix("```json\n").removesuffix("\n```")
    assert "```" not in inner
    assert json.loads(inner) == {"value": value}
    inner.encode()


@pytest.mark.parametrize(
    "text",
    ['{"a": 1}', ' {"a":1}\n', '```json\n{"a": 1}\n```', '\ufeff{"a": 1}', '```\n{"a": 1}\n```'],
)
def test_an_object_is_read_also_out_of_a_code_block(text: str) -> None:
    assert read_answer(text) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1, column 1"),
        ('{"a": 1', "line 1, column 8"),
        ('{"a": NaN}', "NaN is no JSON"),
        ('{"a": 1e999}', "too large"),
        ('{"a": 1, "a": 2}', 'the key "a" stands twice'),
        ('"words"', "no object"),
        ("1" * 5000, "digits"),
        ("[" * 100_000, "nested too deeply"),
        ("[" * 300 + "]" * 300, "nested too deeply"),
        ('{"a": 1} and more', "Extra data"),
    ],
)
def test_anything_else_is_a_fault_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(AnswerFaultError, match=why):
        read_answer(text)


def test_half_a_letter_is_written_as_an_escape() -> None:
    assert "\\ud800" in pretty(["\ud800", "é"])
