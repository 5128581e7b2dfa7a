"""What a model wrote as the arguments of a call: read, and held against the tool's schema."""

import json
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import SchemaError, ValidationError, relevance
from referencing import Registry
from referencing.exceptions import Unresolvable

MAX_CHARACTERS = 100_000
"""Of one call's arguments."""
MAX_REASON = 500
MAX_VALUE = 60
MAX_TITLE = 80
_NOWHERE: Registry[Any] = Registry()
"""A schema of a stranger's must not make us fetch what it refers to."""


def _unchecked(*_: object) -> tuple[()]:
    """A stranger's pattern can keep Python busy for years; whose tool it is can check it."""
    return ()


def _additional(validator: Any, allowed: Any, given: Any, schema: Mapping[str, Any]) -> Any:
    if "patternProperties" in schema:
        return ()  # which names are additional is told by patterns
    return Draft202012Validator.VALIDATORS["additionalProperties"](
        validator, allowed, given, schema
    )


_UNCHECKED = {
    "pattern": _unchecked,
    "patternProperties": _unchecked,
    "additionalProperties": _additional,
}
_Validator: Any = validators.extend(Draft202012Validator, _UNCHECKED)  # type: ignore[no-untyped-call]  # theirs


class WrongArgumentsError(Exception):
    """The message is for the model: it says what to do better."""


def is_usable(schema: Mapping[str, Any]) -> bool:
    """Whether arguments can be held against it."""
    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, RecursionError):
        return False
    return schema.get("type") == "object"


def read(arguments: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """WrongArgumentsError if they are not what the schema says."""
    if len(arguments) > MAX_CHARACTERS:
        raise WrongArgumentsError("the arguments are too long")
    try:
        given = json.loads(arguments.strip() or "{}")
    except (ValueError, RecursionError) as exc:
        raise WrongArgumentsError(f"the arguments are no JSON ({exc})"[:MAX_REASON]) from exc
    if not isinstance(given, dict):
        raise WrongArgumentsError("the arguments must be a JSON object")
    try:
        errors = _Validator(schema, registry=_NOWHERE).iter_errors(given)
        problem: ValidationError | None = max(errors, key=relevance, default=None)
    except (Unresolvable, RecursionError) as exc:
        raise WrongArgumentsError("the arguments could not be checked") from exc
    if problem is not None:
        raise WrongArgumentsError(_reason(problem))
    return {name: _whole(value, _of(schema, name)) for name, value in given.items()}


def _of(schema: Mapping[str, Any], name: str) -> Any:
    """The schema of a property."""
    properties = schema.get("properties", {})
    return properties.get(name, schema.get("additionalProperties", {}))


def _whole(value: Any, schema: Any) -> Any:
    """2.0 is a whole number for JSON Schema, but nobody can count with it."""
    if not isinstance(schema, Mapping):
        return value
    if isinstance(value, float) and value.is_integer():
        kinds = schema.get("type")
        is_wanted = kinds == "integer" or (
            isinstance(kinds, list) and "integer" in kinds and "number" not in kinds
        )
        return int(value) if is_wanted else value
    if isinstance(value, list):
        return [_whole(one, schema.get("items")) for one in value]
    if isinstance(value, dict):
        return {name: _whole(one, _of(schema, name)) for name, one in value.items()}
    return value


def _reason(problem: ValidationError) -> str:
    place = problem.json_path.removeprefix("$").lstrip(".")
    return f"{place}: {problem.message}"[:MAX_REASON] if place else problem.message[:MAX_REASON]


def describe(name: str, arguments: str) -> str:
    """One line for people: ``weather: Berlin``."""
    try:
        given = json.loads(arguments[:MAX_CHARACTERS].strip() or "{}")
    except (ValueError, RecursionError):
        given = {}
    values = given.values() if isinstance(given, dict) else ()
    words = [_short(value) for value in values if isinstance(value, str | int | float)]
    return title(f"{name}: {', '.join(filter(None, words))}" if any(words) else name)


def title(text: str) -> str:
    """A line that fits, without half a pair, which nothing can store or send."""
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    return f"{line[: MAX_TITLE - 1].rstrip()}…" if len(line) > MAX_TITLE else line


def _short(value: object) -> str:
    text = " ".join(str(value)[: MAX_VALUE + 1].split())
    return f"{text[: MAX_VALUE - 1]}…" if len(text) > MAX_VALUE else text
