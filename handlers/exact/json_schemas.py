"""JSON Schemas as people give them, and as the service takes them. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handlers.errors import SchemaInvalidError
from handlers.exact.schema_worker import NAMED, VALUES

MAX_CHARACTERS = 32_000
"""Of a schema's text: it is sent with each request."""
MAX_DEPTH = 40
_DECODER = json.JSONDecoder()
_NAMED = re.compile(r"\s*schema\s*=\s*", re.IGNORECASE)
_NAME = re.compile(r"[\w-]{1,32}")
_WIRE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FENCED = re.compile(r"\s*```[\w-]*\n(.*?)```", re.DOTALL)
_STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "‟": '"', "\xa0": " "})
"""What keyboards of phones make of what is typed."""

_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})
_OBJECTS = ("properties", "$defs", "definitions", "patternProperties", "items", "not", "if")
_LISTS = ("enum", "anyOf", "oneOf", "allOf", "prefixItems")
_TEXTS = ("$schema", "$ref", "$dynamicRef")

# What the service's strict mode knows; a schema with anything else is asked for without it.
_ANNOTATIONS = frozenset(
    {"$schema", "$comment", "default", "examples", "deprecated", "readOnly", "writeOnly"}
)
_STRICT_WORDS = {
    "": frozenset({"type", "title", "description", "enum", "const", "anyOf", "$ref"}),
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "string": frozenset({"pattern", "format"}),
    "number": frozenset(
        {"multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    ),
}
_STRICT_WORDS["integer"] = _STRICT_WORDS["number"]
_STRICT_FORMATS = frozenset(
    ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid")
)
_STRICT_DEPTH = 10
_STRICT_PROPERTIES = 5000
_STRICT_ENUM_VALUES = 1000
_STRICT_NAME_CHARACTERS = 120_000

WRAPPED = "answer"
"""The property that holds an answer which is no object: the service makes objects only."""

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """What follows /json."""

    prompt: str
    schema: Schema | None = None
    name: str = ""
    """Of a saved schema."""


@dataclass(frozen=True, slots=True)
class WireSchema:
    """A schema as the service is given it."""

    schema: Schema
    is_strict: bool
    is_wrapped: bool
    """The answer stands in the property ``WRAPPED``."""


# ------------------------------------------------------------ as people write them


def read_line(line: str) -> Line:
    """``schema={…} prompt``, ``schema=name prompt``, ``{…} prompt`` or the prompt alone.

    SchemaInvalidError. An object at the beginning that is no schema is a part of the prompt.
    """
    named = _NAMED.match(line)
    rest = line[named.end() :] if named else line
    if not _begins_object(rest):
        name = _NAME.match(rest) if named else None
        if named and name is None:
            raise SchemaInvalidError("no name", where="schema=", what="{…} or a name is missing")
        return Line(rest[name.end() :].strip(), name=name[0].casefold()) if name else Line(rest)
    try:
        value, after = read_object(rest)
    except SchemaInvalidError:
        if named or '"type"' in rest.translate(_STRAIGHT):
            raise
        return Line(line)
    if named or looks_like_schema(value):
        return Line(after.strip(), value)
    return Line(line)


def read_schema(text: str) -> Schema:
    """A text that is a schema and nothing else. SchemaInvalidError."""
    if not _begins_object(text):
        raise SchemaInvalidError("no object", where="1:1", what="a schema begins with {")
    value, rest = read_object(text)
    if rest.strip():
        raise SchemaInvalidError("more", where="…", what=f"more follows it: {rest.strip()[:40]}")
    return value


def read_object(text: str) -> tuple[dict[str, Any], str]:
    """The JSON object that ``text`` begins with, and what follows it. SchemaInvalidError."""
    fenced = _FENCED.match(text)
    source, after = (fenced[1], text[fenced.end() :]) if fenced else (text, "")
    source = source.lstrip()
    try:
        value, end = _decode(source)
    except json.JSONDecodeError as exc:
        where = f"line {exc.lineno}, column {exc.colno}"
        raise SchemaInvalidError(str(exc), where=where, what=exc.msg) from exc
    except (RecursionError, ValueError) as exc:
        raise SchemaInvalidError(str(exc), where="{", what="it cannot be read") from exc
    if end > MAX_CHARACTERS or is_deeper(value, MAX_DEPTH):
        limit = f"at most {MAX_CHARACTERS:,} characters and {MAX_DEPTH} levels"
        raise SchemaInvalidError("too large", where="$", what=f"it is too large; {limit}")
    return value, f"{source[end:]}{after}"


def _decode(source: str) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(source)
    except json.JSONDecodeError:
        straight = source.translate(_STRAIGHT)
        if straight == source:
            raise
        return _DECODER.raw_decode(straight)


def _begins_object(text: str) -> bool:
    fenced = _FENCED.match(text)
    return (fenced[1] if fenced else text).lstrip().startswith("{")


def read_name(word: str) -> str:
    """The name of a saved schema as it is kept; empty if it cannot be one."""
    return word.casefold() if _NAME.fullmatch(word) else ""


def wire_name(name: str) -> str:
    """What the service is told a schema is called."""
    return name if _WIRE_NAME.fullmatch(name) else WRAPPED


def looks_like_schema(value: Any) -> bool:
    """Whether it says anything about JSON: to the rules any object is a schema.

    Data may have words of schemas too, but its ``type`` is its own: ``Feature``, ``module``.
    """
    if not isinstance(value, dict):
        return False
    kinds = value.get("type", ())
    kinds = kinds if isinstance(kinds, list) else [kinds] if isinstance(kinds, str) else []
    if kinds and "$schema" not in value:
        return all(isinstance(kind, str) and kind in _TYPES for kind in kinds)
    return (
        bool(kinds)
        or any(isinstance(value.get(word), dict) for word in _OBJECTS)
        or any(isinstance(value.get(word), list) for word in _LISTS)
        or any(isinstance(value.get(word), str) for word in _TEXTS)
        or "const" in value
    )


def is_deeper(value: Any, levels: int) -> bool:
    level = [value]
    for _ in range(levels):
        level = [
            child
            for one in level
            for child in (one.values() if isinstance(one, dict) else one)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


# ------------------------------------------------------------ as the service takes them


def to_wire(schema: Schema) -> WireSchema:
    """A schema for the service: an object, and strict where that loses nothing.

    What a strict answer may be is always allowed by ``schema`` too.
    """
    is_wrapped = not _is_object(schema)
    whole = _wrap(schema) if is_wrapped else schema
    strict = _Strict(whole).copy()
    return WireSchema(strict if strict is not None else whole, strict is not None, is_wrapped)


def _is_object(schema: Schema) -> bool:
    return schema.get("type") == "object" and "anyOf" not in schema


def _wrap(schema: Schema) -> Schema:
    """An object with the schema in it; definitions stay at the root, where references look."""
    shared = {name: schema[name] for name in ("$defs", "definitions") if name in schema}
    inner = {name: value for name, value in schema.items() if name not in (*shared, "$schema")}
    return {
        "type": "object",
        "properties": {WRAPPED: _rerooted(inner)},
        "required": [WRAPPED],
        "additionalProperties": False,
        **_rerooted(shared),
    }


def _rerooted(value: Any) -> Any:
    """The same with references to the root, or into it, led to where it is now."""
    if isinstance(value, list):
        return [_rerooted(one) for one in value]
    if not isinstance(value, dict):
        return value
    moved: dict[str, Any] = {}
    for word, one in value.items():
        if word in NAMED and isinstance(one, dict):
            moved[word] = {name: _rerooted(part) for name, part in one.items()}
        else:
            moved[word] = one if word in VALUES else _rerooted(one)
    ref = value.get("$ref")
    if isinstance(ref, str) and ref.startswith("#"):
        is_shared = ref.startswith(("#/$defs/", "#/definitions/"))
        moved["$ref"] = ref if is_shared else f"#/properties/{WRAPPED}{ref[1:]}"
    return moved


class _Lossy(Exception):  # noqa: N818  # no error: the schema is asked for without the strict mode
    pass


class _Strict:
    """Makes the copy of one schema that the strict mode takes."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._properties = 0
        self._values = 0
        self._characters = 0

    def copy(self) -> Schema | None:
        """None if it would be another schema."""
        try:
            made = self._of(self._schema, 0)
        except _Lossy:
            return None
        is_small = (
            self._properties <= _STRICT_PROPERTIES
            and self._values <= _STRICT_ENUM_VALUES
            and self._characters <= _STRICT_NAME_CHARACTERS
        )
        return made if is_small else None

    def _of(self, schema: Any, depth: int) -> dict[str, Any]:
        if not isinstance(schema, dict) or depth > _STRICT_DEPTH:
            raise _Lossy
        told = {name: value for name, value in schema.items() if name not in _ANNOTATIONS}
        made: dict[str, Any] = {}
        if depth == 0:
            for name in ("$defs", "definitions"):
                if name in told:
                    made[name] = {key: self._of(one, 1) for key, one in told.pop(name).items()}
        if "$ref" in told:
            # The strict mode takes nothing beside a reference; words are no loss.
            if set(told) - {"$ref", "title", "description"}:
                raise _Lossy
            return made | {"$ref": told["$ref"]}
        self._check_words(told)
        made |= told
        if "anyOf" in told:
            made["anyOf"] = [self._of(one, depth + 1) for one in told["anyOf"]]
        if "properties" in told:
            made |= self._object(told, depth)
        if "items" in told:
            made["items"] = self._of(told["items"], depth + 1)
        return made

    def _check_words(self, told: dict[str, Any]) -> None:
        kinds = told.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        allowed = _STRICT_WORDS[""].union(*(_STRICT_WORDS.get(kind, ()) for kind in kinds))
        is_typed = bool(kinds) or {"enum", "const", "anyOf"} & set(told)
        is_open = ("object" in kinds and "properties" not in told) or (
            "array" in kinds and "items" not in told
        )
        if not is_typed or is_open or set(told) - allowed:
            raise _Lossy
        if told.get("format", "date") not in _STRICT_FORMATS:
            raise _Lossy
        values = told.get("enum", [])
        self._values += len(values)
        self._characters += sum(len(value) for value in values if isinstance(value, str))

    def _object(self, told: dict[str, Any], depth: int) -> dict[str, Any]:
        names = told["properties"]
        is_closed = told.get("additionalProperties", False) is False
        if not is_closed or set(told.get("required", ())) != set(names):
            raise _Lossy
        self._properties += len(names)
        self._characters += sum(map(len, names))
        return {
            "properties": {name: self._of(one, depth + 1) for name, one in names.items()},
            "required": list(names),
            "additionalProperties": False,
        }
