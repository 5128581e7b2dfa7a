"""Judges request bodies by the services' own published specs, where the folder with them exists."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

_REPOSITORY = Path(__file__).resolve().parents[2]
_LONGEST_JUDGED = 1_000


@dataclass(frozen=True, slots=True)
class NewerValue:
    """A value that the service takes and its published spec does not know yet."""

    schema: str
    key: str
    value: str
    stands_for: str
    """What the spec knows in its place, and is judged instead."""
    reason: str


ALLOWED = (
    NewerValue(
        "CreateChatCompletionRequest",
        "detail",
        "original",
        "high",
        "the spec has it for Responses and the SDK for both dialects",
    ),
    NewerValue("CreateImageRequest", "quality", "xhigh", "high", "in the SDK since gpt-image-2.5"),
    NewerValue("CreateImageRequest", "quality", "max", "high", "in the SDK since gpt-image-2.5"),
    NewerValue(
        "CreateImageEditRequest", "quality", "xhigh", "high", "in the SDK since gpt-image-2.5"
    ),
    NewerValue(
        "CreateImageEditRequest", "quality", "max", "high", "in the SDK since gpt-image-2.5"
    ),
)


def specs_folder() -> Path | None:
    """The folder that PARLEY_SPECS names, by default ../shared/specs; None where there is none."""
    folder = Path(os.environ.get("PARLEY_SPECS") or _REPOSITORY.parent / "shared" / "specs")
    return folder if (folder / "openai.json").is_file() else None


def problem_with(schema: str, body: Mapping[str, Any], folder: Path) -> str:
    """What the published OpenAI spec has against a body, in a line; empty if nothing."""
    errors = _validator(folder, schema).iter_errors(_as_spec_knows(schema, body))
    error = jsonschema.exceptions.best_match(errors)  # type: ignore[no-untyped-call]  # no types
    return f"{schema} {error.json_path}: {error.message[:300]}" if error else ""


@cache
def _validator(folder: Path, schema: str) -> Any:
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": _components(folder)}
    )


@cache
def _components(folder: Path) -> Any:
    spec = json.loads((folder / "openai.json").read_text(encoding="utf-8"))
    return _as_json_schema(spec["components"])


def _as_json_schema(node: Any) -> Any:
    """OpenAPI's own words in those of JSON Schema.

    ``oneOf`` becomes ``anyOf``: the spec's alternatives overlap (a plain message with a list of
    parts is two of them at once), and the service tells them apart by a discriminator.
    """
    if isinstance(node, list):
        return [_as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {
        "anyOf" if key == "oneOf" else key: _as_json_schema(value) for key, value in node.items()
    }
    return {"anyOf": [schema, {"type": "null"}]} if schema.get("nullable") is True else schema


def _as_spec_knows(schema: str, node: Any, key: str = "") -> Any:
    if isinstance(node, dict):
        return {name: _as_spec_knows(schema, value, name) for name, value in node.items()}
    if isinstance(node, list):
        return [_as_spec_knows(schema, value, key) for value in node]
    if isinstance(node, str):
        for newer in ALLOWED:
            if (newer.schema, newer.key, newer.value) == (schema, key, node):
                return newer.stands_for
        if node.startswith("data:"):
            return node[:_LONGEST_JUDGED]  # a picture's megabytes say nothing to a schema
    return node
