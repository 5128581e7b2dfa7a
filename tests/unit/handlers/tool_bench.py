"""Tools for tests, and short words for what a model calls."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from handlers.ports.chat import ToolCall, ToolSpec
from handlers.tools.tool import Tool, ToolDefault, ToolOutput
from handlers.turn import Turn
from tests.unit.handlers.bench import Bench

Work = Callable[[Mapping[str, Any]], Awaitable[ToolOutput]]


async def tell_weather(arguments: Mapping[str, Any]) -> ToolOutput:
    return ToolOutput(f"rain in {arguments['city']}")


class FakeTool(Tool):
    """Tells the weather unless told otherwise; remembers what it was asked."""

    def __init__(
        self,
        name: str = "weather",
        work: Work = tell_weather,
        *,
        schema: Mapping[str, Any] | None = None,
        default: ToolDefault = ToolDefault.ON,
        is_lasting: bool = False,
    ) -> None:
        parameters = schema or {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        }
        self.spec = ToolSpec(name, f"The {name}", parameters)
        self.summary = f"knows the {name}"
        self.default = default
        self.is_lasting = is_lasting
        self.asked: list[Mapping[str, Any]] = []
        self._work = work

    async def call(self, turn: Turn, arguments: Mapping[str, Any]) -> ToolOutput:
        self.asked.append(arguments)
        return await self._work(arguments)


def call(name: str = "weather", number: int = 1, **arguments: Any) -> ToolCall:
    return ToolCall(f"call_{number}", name, json.dumps(arguments))


async def crash(bench: Bench, steps: int) -> None:
    """End the process once so many steps are saved, and start another."""
    await bench.store.steps_saved(steps)
    await bench.dispatch.drain(0)
    bench.restart()
    await bench.dispatch.resume()
    await bench.store.all_done(1)


async def hang(arguments: Mapping[str, Any]) -> ToolOutput:
    await asyncio.Event().wait()
    raise AssertionError


async def fail(arguments: Mapping[str, Any]) -> ToolOutput:
    raise ZeroDivisionError("a fault of the tool's")
