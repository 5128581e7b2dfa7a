import pytest
from hypothesis import given
from hypothesis import strategies as st
from rs_bpe.bpe import openai

from bot.openai.tokens import estimate_tokens

ENGLISH = (
    "The committee met on Tuesday to discuss whether the old bridge should be repaired or "
    "replaced. After three hours of argument, they agreed on nothing except that somebody ought "
    "to look at the foundations before winter came. A letter was sent to the county engineer."
)
CODE = '''
def load_settings(path: Path, *, strict: bool = True) -> dict[str, Any]:
    """Read the settings, or the defaults if there are none."""
    if not path.exists():
        return {"timeout_s": 30, "retries": [0.5, 1.0]}
    data = yaml.safe_load(path.read_text("utf-8"))
    for key, value in data.items():
        if strict and key not in KNOWN_KEYS:
            raise ConfigError(f"{key}: unknown (line {value.line})")
    return data
'''
CHINESE = (
    "人工智能正在改变我们的生活方式。今天早上我去市场买了一些新鲜的蔬菜和水果，然后回家做了一顿"
    "丰盛的午餐。你能告诉我明天北京的天气怎么样吗？请把下面这段话翻译成英文，并解释其中的语法。"
)


@pytest.mark.parametrize("text", [ENGLISH, CODE, CHINESE], ids=["english", "code", "chinese"])
def test_an_estimate_is_within_a_quarter_of_the_count(text: str) -> None:
    assert estimate_tokens(text) == pytest.approx(openai.o200k_base().count(text), rel=0.25)


def test_nothing_is_no_token_and_anything_is_one() -> None:
    assert estimate_tokens("") == 0
    assert estimate_tokens(" ") == 1


@given(st.text(), st.text())
def test_an_estimate_never_falls_as_the_text_grows(text: str, more: str) -> None:
    assert estimate_tokens(text + more) >= estimate_tokens(text)


def test_half_a_character_is_counted_without_an_error() -> None:
    assert estimate_tokens("\ud83d") >= 1
