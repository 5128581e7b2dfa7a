"""Arguments of a call, held against a stranger's schema."""

import pytest

from handlers.tools.arguments import WrongArgumentsError, read

ENDLESS = {"type": "string", "pattern": "^(a+)+$", "maxLength": 100}


@pytest.mark.timeout(10)
def test_a_pattern_without_an_end_is_left_to_whose_tool_it_is() -> None:
    schema = {
        "type": "object",
        "properties": {"words": ENDLESS},
        "patternProperties": {"^(b+)+$": {"type": "integer"}},
        "additionalProperties": False,
    }
    words = "a" * 60 + "!"

    assert read(f'{{"words": "{words}", "{"b" * 60}!": 1}}', schema)["words"] == words
    with pytest.raises(WrongArgumentsError):
        read(f'{{"words": "{"a" * 101}"}}', schema)
