"""The program that holds JSON against a schema: started by ``schema_checks``, alone with both.

A pattern can keep Python busy for years, and no thread can be stopped in one: a process can.
Reads ``{"schema": …, "values": […]}``; writes ``{"fault": …, "errors": [[…], …]}``, where each
fault is ``[place, what]``.
"""

import contextlib
import json
import sys
import warnings
from typing import Any

MAX_ERRORS = 5
MAX_CHARACTERS = 300
MEMORY_BYTES = 1024 * 1024 * 1024
VALUES = frozenset({"const", "enum", "default", "examples"})
"""Words after which values stand, and no schemas."""
NAMED = frozenset(
    {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"}
)
"""Words after which schemas stand under names that are no words."""


def bound(cpu_s: int) -> None:
    """So much of the machine and no more, where the system can hold a process to it."""
    try:
        import resource  # noqa: PLC0415  # not everywhere
    except ImportError:
        return
    for kind, most in ((resource.RLIMIT_CPU, cpu_s), (resource.RLIMIT_AS, MEMORY_BYTES)):
        with contextlib.suppress(ValueError, OSError):  # the system's own bound is closer
            resource.setrlimit(kind, (most, most))


def shorten(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]} …"


def check(schema: dict[str, Any], values: list[Any]) -> dict[str, Any]:
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415  # after the bounds
    from jsonschema.exceptions import relevance  # noqa: PLC0415
    from jsonschema.validators import validator_for  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415
    from referencing.jsonschema import DRAFT202012, specification_with  # noqa: PLC0415

    if not isinstance(schema.get("$schema", ""), str):
        return {"fault": ["$schema", "it is no text"]}
    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
    except SchemaError as exc:
        return {"fault": [exc.json_path, shorten(exc.message)]}
    draft = specification_with(str(schema.get("$schema", "")), default=DRAFT202012)
    root = draft.create_resource(schema)
    # A registry of its own: nothing is ever fetched for a reference.
    registry: Registry[Any] = Registry()
    resolver = registry.resolver_with_root(root)
    waiting = references(schema)
    known = set(waiting)
    while waiting:
        reference = waiting.pop()
        try:
            found = resolver.lookup(reference).contents
        except Unresolvable:
            return {"fault": [reference, "it refers to nothing in the schema"]}
        # What is referred to is a schema also where a value stands.
        new = set(references(found)) - known
        known |= new
        waiting += new
    validator = kind(schema, registry=registry)
    errors = []
    for value in values:
        found = sorted(validator.iter_errors(value), key=relevance)[:MAX_ERRORS]
        errors.append([[error.json_path, shorten(error.message)] for error in found])
    return {"fault": None, "errors": errors}


def references(schema: Any) -> list[str]:
    """All that a schema refers to."""
    found: list[str] = []
    waiting = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        if not isinstance(one, dict):
            continue
        words = ("$ref", "$dynamicRef", "$recursiveRef")
        found += [one[word] for word in words if isinstance(one.get(word), str)]
        for word, part in one.items():
            if word in NAMED and isinstance(part, dict):
                waiting += part.values()
            elif word not in VALUES:
                waiting.append(part)
    return found


def main() -> None:
    bound(int(sys.argv[1]))
    warnings.simplefilter("ignore")
    task = json.load(sys.stdin.buffer)
    try:
        told = check(task["schema"], task["values"])
    except RecursionError:
        told = {"fault": ["$ref", "it refers to itself without end"]}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
