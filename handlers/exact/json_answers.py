"""JSON that a model wrote: read strictly, shown so that people can read it. Pure."""

import json
import re
from typing import Any

from handlers.exact.json_schemas import is_deeper
from handlers.sounds.long_texts import LONG_CHARACTERS

MAX_DEPTH = 200
_FENCED = re.compile(r"```[\w-]*[ \t]*\n(.*)\n```", re.DOTALL)
_SHOWN_CHARACTERS = 1_000
"""Of what is long: all of it comes as a file besides."""
_FENCE = "```"
_ESCAPED_FENCE = r"\u0060" * 3
"""The same to whoever reads the JSON; the apps end a code block at the other."""


class AnswerFaultError(ValueError):
    """It is no JSON; the message says where and why, for the model and for people."""


def read_answer(text: str) -> Any:
    """The value. AnswerFaultError.

    More strictly than the standard library reads it: no NaN, no number that overflows, no key
    twice. A code block around it is taken off; not every server keeps a model from writing one.
    """
    text = text.strip().removeprefix("\ufeff")
    if (fenced := _FENCED.fullmatch(text)) is not None:
        text = fenced[1]
    try:
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_unique,
        )
    except json.JSONDecodeError as exc:
        place = f"line {exc.lineno}, column {exc.colno}"
        raise AnswerFaultError(f"{place}: {exc.msg}") from exc
    except RecursionError as exc:
        raise AnswerFaultError("it is nested too deeply") from exc
    except AnswerFaultError:
        raise
    except ValueError as exc:  # an integer of thousands of digits
        raise AnswerFaultError(str(exc)) from exc
    if not isinstance(value, dict | list):
        raise AnswerFaultError(f"$: it is no object, but {json.dumps(value)[:60]}")
    if is_deeper(value, MAX_DEPTH):
        raise AnswerFaultError("it is nested too deeply")
    return value


def pretty(value: Any) -> str:
    """The value over several lines, with the letters of people's languages as they are."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(value, indent=2)
    return text


def code_block(text: str) -> str:
    """Markdown that shows JSON as code, whatever stands in its strings."""
    return f"{_FENCE}json\n{text.replace(_FENCE, _ESCAPED_FENCE)}\n{_FENCE}"


def excerpt(text: str) -> str:
    """The beginning of pretty JSON, whole lines of it; all of it where it is not long."""
    if len(text) <= LONG_CHARACTERS:
        return text
    end = text.rfind("\n", 0, _SHOWN_CHARACTERS)
    return f"{text[: end if end > 0 else _SHOWN_CHARACTERS]}\n…"


def _refuse_constant(name: str) -> Any:
    raise AnswerFaultError(f"{name} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise AnswerFaultError(f"the number {digits[:40]} is too large")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise AnswerFaultError(f'the key "{twice[:60]}" stands twice in one object')
    return made
