"""Judges the bot's requests by Telegram's own machine-readable description, where it is at hand.

The folder is named by PARLEY_SPECS, by default ../shared/specs beside the repository.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from tests.emulators.telegram_service.values import Upload

Json = dict[str, Any]

NEWER_FIELDS = {  # Bot API 10.3, the description at hand is 10.1
    ("sendMessageDraft", "can_stop"): "Boolean",  # shows a Stop button on the draft
    ("sendMessageDraft", "keep_on_stop"): "Boolean",  # the stopped draft stays in the chat
}
SCALARS: dict[str, tuple[type, ...]] = {
    "Integer": (int,),
    "Float": (int, float),
    "String": (str,),
    "InputFile": (str,),
}


class TelegramSpec:
    def __init__(self, description: Json) -> None:
        self._methods: dict[str, Json] = description["methods"]
        self._types: dict[str, Json] = description["types"]
        self._by_lower_name = {name.lower(): name for name in self._methods}

    def knows(self, method: str) -> bool:
        return method.lower() in self._by_lower_name

    def find_problems(self, method: str, params: Json) -> list[str]:
        """Unknown, missing and wrongly typed fields of a request, at any depth."""
        name = self._by_lower_name.get(method.lower())
        if name is None:
            return []
        fields = {field["name"]: field for field in self._methods[name].get("fields", [])}
        for (newer_method, field_name), kind in NEWER_FIELDS.items():
            if newer_method == name:
                fields[field_name] = {"name": field_name, "types": [kind], "required": False}
        return self._check_fields(params, fields, name)

    def allows_reaction(self, emoji: str) -> bool:
        described = self._types["ReactionTypeEmoji"]["fields"][1]["description"]
        return f'"{emoji}"' in described

    def _check_fields(self, value: Json, fields: dict[str, Json], where: str) -> list[str]:
        problems = [f"{where}: unknown field {name!r}" for name in value if name not in fields]
        for name, field in fields.items():
            if name in value:
                problems += self._check_any(value[name], field["types"], f"{where}.{name}")
            elif field["required"]:
                problems.append(f"{where}: {name!r} is missing")
        return problems

    def _check_any(self, value: object, kinds: list[str], where: str) -> list[str]:
        """The problems under the kind that fits best."""
        return min((self._check(value, kind, where) for kind in kinds), key=len)

    def _check(self, value: object, kind: str, where: str) -> list[str]:
        if kind.startswith("Array of ") and isinstance(value, list):
            inner = kind.removeprefix("Array of ")
            return [
                problem
                for index, item in enumerate(value)
                for problem in self._check(item, inner, f"{where}[{index}]")
            ]
        described = self._types.get(kind, {})
        if "subtypes" in described:
            return self._check_any(value, described["subtypes"], where)
        if kind not in SCALARS and isinstance(value, dict):
            fields = {field["name"]: field for field in described.get("fields", [])}
            return self._check_fields(value, fields, where)
        return [] if _is_scalar(value, kind) else [f"{where}: not {kind}: {value!r:.60}"]


def _is_scalar(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "Boolean"
    if isinstance(value, Upload):
        # it stands where a string said attach://name
        return kind in {"InputFile", "String"}
    return isinstance(value, SCALARS.get(kind, ()))


@cache
def load_telegram_spec() -> TelegramSpec | None:
    """None where the folder is missing: the emulator then judges by its own rules alone."""
    beside = Path(__file__).parents[2].parent / "shared" / "specs"
    path = Path(os.environ.get("PARLEY_SPECS") or beside) / "telegram.json"
    return TelegramSpec(json.loads(path.read_text("utf-8"))) if path.is_file() else None
