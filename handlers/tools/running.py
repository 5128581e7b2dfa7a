"""Calls carried out side by side, within bounds. Whatever goes wrong, the model is told of it."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

import structlog

from handlers.errors import ParleyError, Stopped
from handlers.ports.chat import ToolCall
from handlers.texts import say
from handlers.tools.arguments import WrongArgumentsError, describe, read, title
from handlers.tools.tool import ToolOutput
from handlers.tools.toolbox import Offer, Toolbox
from handlers.turn import Turn

log = structlog.get_logger(__name__)

GRACE_S = 1.0
"""What a tool has to end in after it was cancelled; then it is left alone."""
LASTING_GRACE_S = 10.0
"""The same for one that may have to keep what is paid."""


@dataclass(frozen=True, slots=True)
class ToolLimits:
    """Of one answer."""

    rounds: int = 8
    calls: int = 16
    call_timeout_s: float = 60.0
    total_timeout_s: float = 600.0
    """Of all calls together; those side by side count once."""
    output_characters: int = 32_000
    """Of one result."""


class ToolRunner:
    def __init__(self, toolbox: Toolbox, limits: ToolLimits) -> None:
        self.limits = limits
        self._toolbox = toolbox
        self._abandoned: set[asyncio.Task[ToolOutput]] = set()

    def is_lasting(self, name: str) -> bool:
        tool = self._toolbox.find(name)
        return tool is not None and tool.is_lasting

    async def run(
        self, turn: Turn, call: ToolCall, offer: Offer, left_s: float, step: str
    ) -> ToolOutput:
        """What the model is told of a call. Raises only when it is stopped.

        ``left_s``: what all calls of this answer may still take. ``step``: the call's own.
        """
        output = await self._run(turn, call, offer, left_s, step)
        if output.is_failed:
            output = self.kept(turn, call, step) or output
        return replace(
            output,
            text=self._cut(output.text),
            title=title(output.title) or describe(call.name, call.arguments),
        )

    def kept(self, turn: Turn, call: ToolCall, step: str) -> ToolOutput | None:
        """What a call made before it was cut short; None if nothing that lasts."""
        tool = self._toolbox.find(call.name)
        try:
            arguments = read(call.arguments, tool.spec.parameters) if tool is not None else {}
        except WrongArgumentsError:
            return None
        return tool.kept(turn, arguments, step) if tool is not None else None

    async def _run(
        self, turn: Turn, call: ToolCall, offer: Offer, left_s: float, step: str
    ) -> ToolOutput:
        tool = self._toolbox.find(call.name) if offer.has(call.name) else None
        if tool is None:
            known = ", ".join(spec.name for spec in offer.specs) or "none"
            return _failed(call, f"there is no tool of that name. There are: {known}")
        try:
            arguments = read(call.arguments, tool.spec.parameters)
        except WrongArgumentsError as wrong:
            return _failed(call, f"{wrong}. Call it again as its parameters say.")
        bound_s = max(tool.timeout_s or 0.0, self.limits.call_timeout_s)
        work = tool.carry_out(turn, arguments, step)
        return await self._bounded(turn, work, call, min(bound_s, left_s))

    async def _bounded(
        self, turn: Turn, work: Coroutine[Any, Any, ToolOutput], call: ToolCall, bound_s: float
    ) -> ToolOutput:
        if bound_s <= 0:
            work.close()
            return _failed(call, "the time for tools is used up. Answer with what you know.")
        task = asyncio.create_task(_told(turn, work, call))
        try:
            done, _ = await asyncio.wait((task,), timeout=bound_s)
        finally:
            if not task.done():
                await self._abandon(task, call)
        if not done:
            return _failed(call, f"it took longer than {bound_s:.0f} s and was given up.")
        if task.cancelled():  # by itself
            return _failed(call, "the tool broke off. Answer without it.")
        return task.result()

    async def _abandon(self, task: asyncio.Task[ToolOutput], call: ToolCall) -> None:
        """Somebody else's code may not even end when it is cancelled; nobody waits for that."""
        task.cancel()
        self._abandoned.add(task)
        task.add_done_callback(self._abandoned.discard)
        grace_s = LASTING_GRACE_S if self.is_lasting(call.name) else GRACE_S
        await asyncio.wait((task,), timeout=grace_s)
        if not task.done():
            log.error("a tool goes on though it was cancelled", tool=call.name)

    def _cut(self, text: str) -> str:
        limit = self.limits.output_characters
        kept = text[:limit].encode("utf-8", "replace").decode()
        if len(text) <= limit:
            return kept
        return f"{kept}\n[Cut here: these are the first {limit:,} of {len(text):,} characters.]"


async def _told(turn: Turn, work: Coroutine[Any, Any, ToolOutput], call: ToolCall) -> ToolOutput:
    """What came of it, or the error in words for the model."""
    try:
        output = await work
        if not isinstance(output, ToolOutput):
            raise TypeError(f"{call.name} gave {type(output).__name__}")  # noqa: TRY301  # as any fault
    except Stopped:
        raise
    except ParleyError as error:
        turn.spent(*error.usage)
        log.info("a tool failed", tool=call.name, error=type(error).__name__, detail=str(error))
        return _failed(call, say(error.text_key, **error.values))
    except Exception:  # a tool may be anybody's code: the answer goes on without it
        log.exception("a tool failed", tool=call.name)
        return _failed(call, "the tool failed. Answer without it, or try something else.")
    return output


def _failed(call: ToolCall, reason: str) -> ToolOutput:
    return ToolOutput(f"Error: {reason}", title=describe(call.name, call.arguments), is_failed=True)
