"""Tools that other packages bring: functions under the entry point group ``parley.tools``.

Whoever installs such a package runs its code with the bot's rights.
"""

import inspect
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ArgsKwargs

from handlers.ports.chat import ToolSpec
from handlers.tools.tool import Tool, ToolOutput
from handlers.turn import Turn

log = structlog.get_logger(__name__)

GROUP = "parley.tools"


def installed_tools(points: Iterable[EntryPoint] | None = None) -> tuple[Tool, ...]:
    """Those that can be loaded; the others are named in the log. Imports: call it in a thread."""
    found = entry_points(group=GROUP) if points is None else points
    tools = []
    for point in sorted(found, key=lambda one: one.name):
        try:
            tools.append(FunctionTool(point.name, point.load()))
        except Exception as failure:  # noqa: BLE001  # a stranger's package must not end the start
            reason = f"{type(failure).__name__}: {failure}"
            log.warning("a tool could not be loaded", name=point.name, of=point.value, why=reason)
    return tuple(tools)


class FunctionTool(Tool):
    """An async function with types and a docstring. What it gives is put into words by ``str``.

    Its first line is for people, all of its docstring for the model. The function's attribute
    ``is_lasting`` says that it costs or changes something.
    """

    def __init__(self, name: str, function: Any) -> None:
        """TypeError or pydantic's own errors for what is none."""
        words = inspect.getdoc(function)
        if not inspect.iscoroutinefunction(function) or not words:
            raise TypeError("a tool is an async function with a docstring")
        self._call: TypeAdapter[Any] = TypeAdapter(function)
        schema = self._call.json_schema()
        if schema.get("type") != "object":
            raise TypeError("a tool takes its arguments by name")
        self.spec = ToolSpec(name, words, _without_titles(schema))
        self.summary = words.splitlines()[0]
        self.is_lasting = bool(getattr(function, "is_lasting", False))

    async def call(self, turn: Turn, arguments: Mapping[str, Any]) -> ToolOutput:  # noqa: ARG002  # the port's
        try:
            running = self._call.validate_python(ArgsKwargs((), dict(arguments)))
        except ValidationError as wrong:
            reasons = "; ".join(f"{error['loc']}: {error['msg']}" for error in wrong.errors())
            return ToolOutput(f"Error: {reasons}", is_failed=True)
        return ToolOutput(str(await running))


def _without_titles(schema: Any) -> Any:
    """A title that only repeats the name costs tokens in every request."""
    if isinstance(schema, list):
        return [_without_titles(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if not _is_title(key, value)}
    return {key: _without_titles(value) for key, value in kept.items()}


def _is_title(key: str, value: object) -> bool:
    return key == "title" and isinstance(value, str)
