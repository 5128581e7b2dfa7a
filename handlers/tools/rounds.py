"""Rounds of calls as steps of an inbox row: what was called, and what came of it.

A crash, or a failure that is tried again, goes on behind the last of them: the model is not asked
for them anew, and nothing that costs or changes something is done twice.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from handlers.messages import MediaRef
from handlers.ports.chat import Source, ToolCall
from handlers.tools.tool import ToolOutput
from handlers.turn import Turn

FRESH_S = 600.0
"""For so long what came of a call is as good as new: what is older is asked for again, unless the
tool is lasting."""


@dataclass(frozen=True, slots=True)
class Called:
    """An answer that called tools."""

    number: int
    """Of the round, from 0."""
    calls: tuple[ToolCall, ...]
    text: str
    """What was said before."""
    carried: str
    model: str
    at: float
    sources: tuple[Source, ...] = ()

    async def save(self, turn: Turn) -> None:
        await turn.save_step(f"round {self.number}", json.dumps(asdict(self)))

    async def save_output(self, turn: Turn, place: int, output: ToolOutput) -> None:
        await turn.save_step(self.step(place), json.dumps(asdict(output)))

    def output(self, turn: Turn, place: int) -> ToolOutput | None:
        """What came of a call before a crash."""
        known = turn.step(self.step(place))
        return _output(json.loads(known)) if known is not None else None

    def step(self, place: int) -> str:
        """Where what came of a call is kept."""
        return f"call {self.number}.{place}"


def restored(turn: Turn) -> Iterator[Called]:
    number = 0
    while (known := turn.step(f"round {number}")) is not None:
        told: dict[str, Any] = json.loads(known)
        told["calls"] = tuple(ToolCall(**call) for call in told["calls"])
        told["sources"] = tuple(Source(**source) for source in told["sources"])
        yield Called(**told)
        number += 1


def _output(told: Mapping[str, Any]) -> ToolOutput:
    refs = {name: tuple(MediaRef(**ref) for ref in told[name]) for name in ("pictures", "sources")}
    return ToolOutput(**{**told, **refs})
