"""Schemas and values held against them, in a process that cannot outlast its time."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handlers.errors import SchemaInvalidError
from handlers.exact import schema_worker
from handlers.exact.json_schemas import Schema, looks_like_schema
from handlers.media.threads import run_to_end

WALL_S = 60.0
"""Until a checker is given up that waits for the machine; its own time is bounded by itself."""
CPU_S = 5
"""Of a core, for one check; starting takes 0.3 of them."""
AT_ONCE = 2
"""Checkers side by side: each is a process."""
_COMMAND = (sys.executable, "-P", str(Path(schema_worker.__file__)))


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not fit the schema."""

    where: str
    """As a JSONPath: ``$.items[0].price``."""
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class SchemaChecks:
    def __init__(self, cpu_s: int = CPU_S) -> None:
        self._cpu_s = cpu_s
        self._room = asyncio.Semaphore(AT_ONCE)

    async def require_schema(self, schema: Schema) -> None:
        """SchemaInvalidError if it is none, or one that is not checked here."""
        for reference in schema_worker.references(schema):
            if not reference.startswith("#"):
                what = "only references inside the schema work here (#/…)"
                raise SchemaInvalidError("remote reference", where=reference[:80], what=what)
        await self._ask(schema, [])
        if not looks_like_schema(schema):
            what = 'it says nothing about the JSON: "type" or "properties" is missing'
            raise SchemaInvalidError("no schema", where="$", what=what)

    async def find_faults(self, schema: Schema, value: Any) -> tuple[Fault, ...]:
        """What of ``value`` does not fit, the worst first; SchemaInvalidError."""
        [errors] = await self._ask(schema, [value])
        return tuple(Fault(where, what) for where, what in errors)

    async def _ask(self, schema: Schema, values: Sequence[Any]) -> list[Any]:
        task = {"schema": schema, "values": values}
        payload = await run_to_end(lambda: json.dumps(task).encode())
        async with self._room:
            told = await _run(payload, self._cpu_s)
        answer = json.loads(told)
        if answer["fault"] is not None:
            where, what = answer["fault"]
            raise SchemaInvalidError("a fault in it", where=where, what=what)
        errors: list[Any] = answer["errors"]
        return errors


async def _run(payload: bytes, cpu_s: int) -> bytes:
    """What the checker wrote; it is gone afterwards. SchemaInvalidError for its bounds."""
    process = await asyncio.create_subprocess_exec(
        *_COMMAND, str(cpu_s), stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )
    try:
        async with asyncio.timeout(WALL_S):
            out, _ = await process.communicate(payload)
    except TimeoutError as exc:
        raise _too_long(f"{WALL_S} s") from exc
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    code = process.returncode or 0
    if code < 0:
        raise _too_long(f"signal {-code}")
    if code:
        detail = f"the checker ended with {code}"
        raise SchemaInvalidError(detail, where="$", what="it cannot be checked here")
    return out


def _too_long(detail: str) -> SchemaInvalidError:
    what = "it takes too long to check; a pattern or its references may be the reason"
    return SchemaInvalidError(f"the checker was ended: {detail}", where="$", what=what)
