"""Answers that are to be JSON, as each dialect asks for them."""

import json
from typing import Any

from bot.openai.lacks import Lack, Lacks
from bot.openai.parts import write_text
from handlers.ports.chat import AnswerFormat

OBJECT = "Answer with one JSON object and nothing else: no words around it, no code fence."
_OF_SCHEMA = "Answer with JSON of this JSON Schema and nothing else, without a code fence:\n"


def choose_type(wanted: AnswerFormat, lacks: Lacks) -> str:
    """json_schema, json_object, or empty where the server knows neither."""
    if wanted.schema is not None and Lack.JSON_SCHEMA not in lacks:
        return "json_schema"
    return "" if Lack.JSON_OBJECT in lacks else "json_object"


def write_schema(wanted: AnswerFormat) -> dict[str, Any]:
    return {"name": wanted.name, "schema": dict(wanted.schema or {}), "strict": wanted.is_strict}


def write_system(system: str, wanted: AnswerFormat | None, lacks: Lacks) -> str:
    """The system text, with what the format could not say in the server's own field."""
    said = write_text(system)
    if wanted is None:
        return said
    kind = choose_type(wanted, lacks)
    if wanted.schema is not None and kind != "json_schema":
        schema = json.dumps(wanted.schema, ensure_ascii=False)
        return _join(said, _OF_SCHEMA + write_text(schema))
    return _join(said, OBJECT) if not kind else said


def _join(system: str, more: str) -> str:
    return f"{system}\n\n{more}" if system else more
