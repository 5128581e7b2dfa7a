import pytest

from bot.openai.options import OpenAIOptions


@pytest.mark.parametrize(
    ("base_url", "is_openai"),
    [
        ("", True),
        ("https://api.openai.com/v1", True),
        ("https://eu.api.openai.com/v1", True),
        ("http://127.0.0.1:11434/v1", False),
        ("https://openrouter.ai/api/v1", False),
        ("https://api.openai.com.example.org/v1", False),
    ],
)
def test_openai_itself_is_told_by_its_host(base_url: str, is_openai: bool) -> None:
    assert OpenAIOptions(base_url=base_url).is_openai is is_openai


def test_the_key_is_not_shown() -> None:
    assert "secret" not in repr(OpenAIOptions(api_key="secret"))


def test_an_answer_in_one_piece_is_waited_for_longer() -> None:
    assert OpenAIOptions(timeout_s=10).whole_timeout_s == 60
    assert OpenAIOptions(timeout_s=10, whole_answer_timeout_s=15).whole_timeout_s == 15
