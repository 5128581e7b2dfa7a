"""Schemas as the service takes them: strict where nothing is lost."""

from typing import Any

import pytest

from handlers.exact.json_schemas import read_line, to_wire


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


TEXT = {"type": "string"}


def test_an_open_object_is_closed_and_annotations_go() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "title": "Person",
        "properties": {"name": {"type": "string", "default": "Ada", "description": "full"}},
        "required": ["name"],
    }
    wire = to_wire(schema)
    assert wire.is_strict
    assert wire.schema == {
        "title": "Person",
        **closed(name={"type": "string", "description": "full"}),
    }


def test_definitions_and_references_stay() -> None:
    schema = closed(
        next={"anyOf": [{"$ref": "#/$defs/node", "description": "x"}, {"type": "null"}]}
    )
    schema["$defs"] = {"node": closed(next={"anyOf": [{"$ref": "#"}, {"type": "null"}]})}
    wire = to_wire(schema)
    assert wire.is_strict
    assert wire.schema["properties"]["next"]["anyOf"][0] == {"$ref": "#/$defs/node"}
    assert wire.schema["$defs"] == schema["$defs"]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "object"},
        {"type": "object", "properties": {"a": TEXT}, "required": []},
        {**closed(a=TEXT), "additionalProperties": True},
        {**closed(a=TEXT), "patternProperties": {"^x": TEXT}},
        {"type": "array"},
        {"type": "array", "items": TEXT, "uniqueItems": True},
        {"oneOf": [TEXT]},
        {"allOf": [TEXT]},
        {"type": "string", "minLength": 2},
        {"type": "string", "format": "uri-template"},
        {"description": "anything"},
        {"$ref": "#/$defs/x", "minimum": 3},
        {"enum": list(range(1001))},
        True,
    ],
)
def test_what_the_strict_mode_would_lose_is_asked_for_without_it(part: Any) -> None:
    schema = closed(part=part)
    wire = to_wire(schema)
    assert not wire.is_strict
    assert wire.schema == schema


def test_too_deep_for_the_strict_mode() -> None:
    schema = closed(a=TEXT)
    for _ in range(12):
        schema = closed(a=schema)
    assert not to_wire(schema).is_strict


def test_what_is_no_object_is_put_into_one_with_its_references() -> None:
    schema = {
        "type": "array",
        "items": {"anyOf": [{"$ref": "#/$defs/x"}, {"$ref": "#"}]},
        "$defs": {"x": closed(list={"$ref": "#"})},
    }
    wire = to_wire(schema)
    assert (wire.is_wrapped, wire.is_strict) == (True, True)
    inner = wire.schema["properties"]["answer"]
    assert inner["items"]["anyOf"] == [{"$ref": "#/$defs/x"}, {"$ref": "#/properties/answer"}]
    assert wire.schema["$defs"]["x"]["properties"]["list"] == {"$ref": "#/properties/answer"}


@pytest.mark.parametrize(
    ("line", "prompt", "name", "has_schema"),
    [
        ("three towns", "three towns", "", False),
        ("schema=Invoice read it", "read it", "invoice", False),
        ("schema = invoice", "", "invoice", False),
        ('schema={"type": "object"}', "", "", True),
        ('schema=```json\n{"type": "object"}\n``` read it', "read it", "", True),
        ('{"enum": [1]} pick', "pick", "", True),
        ("{town} is a name", "{town} is a name", "", False),
        ('{"type": "invoice"} to json', '{"type": "invoice"} to json', "", False),
        ("schema design: a table", "schema design: a table", "", False),
    ],
)
def test_a_line_is_read(line: str, prompt: str, name: str, *, has_schema: bool) -> None:
    read = read_line(line)
    assert (read.prompt, read.name, read.schema is not None) == (prompt, name, has_schema)


def test_a_value_that_looks_like_a_reference_stays_as_it_is() -> None:
    schema = {"type": "array", "items": {"const": {"$ref": "#/a"}, "type": "object"}}
    wire = to_wire(schema)
    assert wire.is_wrapped
    assert wire.schema["properties"]["answer"]["items"]["const"] == {"$ref": "#/a"}
