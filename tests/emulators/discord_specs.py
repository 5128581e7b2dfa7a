"""Judges the bot's requests by Discord's own OpenAPI description, where it is at hand.

The folder is named by PARLEY_SPECS, by default ../shared/specs beside the repository.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

Json = dict[str, Any]
# the description has text alone; the service takes numbers too, and discord.py sends them
NUMBER_OR_TEXT = {
    "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^(0|[1-9][0-9]*)$"}]
}


class DiscordSpec:
    def __init__(self, description: Json) -> None:
        components = _as_json_schema(description["components"])
        components["schemas"]["SnowflakeType"] = NUMBER_OR_TEXT
        self._components = components
        self._bodies: dict[str, Json] = {}
        for operations in description["paths"].values():
            for method, operation in operations.items():
                if method == "parameters":
                    continue
                content = operation.get("requestBody", {}).get("content", {})
                schema = content.get("application/json", {}).get("schema", {})
                self._bodies[operation["operationId"]] = _as_json_schema(schema)
        self._validators: dict[str, Any] = {}

    def knows(self, name: str) -> bool:
        return name in self._bodies

    def find_problem(self, name: str, body: object) -> str:
        """What the description has against the body of an operation, in a line; empty if nothing.

        Fields that it does not know are let pass: the service ignores them.
        """
        errors = self._validator(name).iter_errors(body)
        error = jsonschema.exceptions.best_match(errors)  # type: ignore[no-untyped-call]  # no types
        return f"{name} {error.json_path}: {error.message[:300]}" if error else ""

    def _validator(self, name: str) -> Any:
        if name not in self._validators:
            schema = self._bodies[name] | {"components": self._components}
            self._validators[name] = jsonschema.Draft202012Validator(schema)
        return self._validators[name]


def _as_json_schema(node: Any) -> Any:
    """``oneOf`` becomes ``anyOf``: two of the alternatives fit wherever they differ only in fields
    that may be missing.
    """
    if isinstance(node, list):
        return [_as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        "anyOf" if key == "oneOf" else key: _as_json_schema(value) for key, value in node.items()
    }


@cache
def load_discord_spec() -> DiscordSpec | None:
    """None where the folder is missing: the emulator then judges by its own rules alone."""
    beside = Path(__file__).parents[2].parent / "shared" / "specs"
    path = Path(os.environ.get("PARLEY_SPECS") or beside) / "discord.json"
    return DiscordSpec(json.loads(path.read_text("utf-8"))) if path.is_file() else None
