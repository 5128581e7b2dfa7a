"""JSON Schemas: what the service takes of them, and answers that fit them."""

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema

_MAX_DEPTH = 10
_PLAIN = {"integer": 1, "number": 1, "boolean": True, "null": None}


def problem_with_schema(schema: Any) -> str:
    """Why it is none; empty if it is one."""
    if not isinstance(schema, dict):
        return "expected an object"
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        return str(error.message)[:200]
    kind = schema.get("type")
    if kind != "object":
        return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'"
    for path, node in _walk(schema):
        if node.get("type") == "array" and "items" not in node and "prefixItems" not in node:
            return f"In context={path}, array schema missing items"
    return ""


def problem_with_strictness(schema: Mapping[str, Any]) -> str:
    """What strict schemas may not have; empty if nothing."""
    if "anyOf" in schema:
        return "schema must not have 'anyOf' at the top level"
    for path, node in _walk(schema):
        if len(path) > 2 * _MAX_DEPTH:
            return f"In context={path}, more than {_MAX_DEPTH} levels of nesting"
        if node.get("type") != "object" and "properties" not in node:
            continue
        if node.get("additionalProperties") is not False:
            return (
                f"In context={path}, 'additionalProperties' is required to be supplied and to be"
                " false"
            )
        properties = set(node.get("properties") or {})
        if properties != set(node.get("required") or ()):
            return (
                f"In context={path}, 'required' is required to be supplied and to be an array"
                f" including every key in properties. Keys: {sorted(properties)}"
            )
    return ""


def _walk(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The schema and all schemas in it, each with its path."""
    if not isinstance(node, dict):
        return
    yield path, node
    for name in ("properties", "$defs", "definitions"):
        for key, child in (node.get(name) or {}).items():
            yield from _walk(child, (*path, name, key))
    for name in ("items", "additionalProperties"):
        yield from _walk(node.get(name), (*path, name))
    for name in ("anyOf", "allOf", "oneOf"):
        for place, child in enumerate(node.get(name) or ()):
            yield from _walk(child, (*path, name, str(place)))


def example(schema: Mapping[str, Any], words: str) -> Any:
    """A value of a schema, with ``words`` where it has a free text."""
    return _example(schema, schema, words, 0)


def _example(node: Any, root: Mapping[str, Any], words: str, depth: int) -> Any:
    node = _resolve(node, root)
    if depth > _MAX_DEPTH or not isinstance(node, dict):
        return None
    if "const" in node or node.get("enum"):
        return node["const"] if "const" in node else node["enum"][0]
    branches = node.get("anyOf") or node.get("oneOf") or node.get("allOf")
    if branches:
        return _example(branches[0], root, words, depth + 1)
    kind = node.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "array":
        items = _example(node.get("items", {}), root, words, depth + 1)
        return [items] * node.get("minItems", 1)
    if kind == "string" or kind in _PLAIN:
        return node.get("minimum", _PLAIN[kind]) if kind in _PLAIN else _text(node, words)
    properties = node.get("properties") or {}
    return {key: _example(child, root, words, depth + 1) for key, child in properties.items()}


def _resolve(node: Any, root: Mapping[str, Any]) -> Any:
    reference = node.get("$ref") if isinstance(node, dict) else None
    if not isinstance(reference, str):
        return node
    found: Any = root
    for key in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(key, {}) if key else found
    return found


def _text(node: Mapping[str, Any], words: str) -> str:
    formats = {"date": "2026-11-21", "date-time": "2026-11-21T12:00:00Z", "time": "12:00:00Z"}
    if node.get("format") in formats:
        return formats[node["format"]]
    return words.ljust(node.get("minLength", 0), ".")[: node.get("maxLength", len(words) + 1_000)]
