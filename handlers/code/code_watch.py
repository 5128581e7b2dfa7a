"""A run of code from its beginning to its end, watched from here and told in the chat."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

import structlog

from handlers.code.forgotten_runs import ForgottenRuns
from handlers.errors import (
    ParleyError,
    ServiceBusyError,
    ServiceDownError,
    ServiceError,
    ServiceSilentError,
)
from handlers.ports.chat import ChatRequest
from handlers.ports.code import CodeInterpreter, Look, RunState
from handlers.ports.machine import Clock
from handlers.texts import say
from handlers.turn import Turn

log = structlog.get_logger(__name__)

FIRST_PAUSE_S = 0.4
LONGEST_PAUSE_S = 4.0
GROWTH = 1.3
_STEP = "run"
_PASSING = (ServiceBusyError, ServiceDownError, ServiceSilentError)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Run:
    id: str
    container: str
    began_at: float
    model: str
    trimmed_through: int | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    look: Look
    is_too_long: bool = False
    """It was cancelled here for the time that it took."""


class CodeWatch:
    def __init__(
        self,
        code: CodeInterpreter,
        forgotten: ForgottenRuns,
        clock: Clock,
        timeout_s: float,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._code = code
        self._forgotten = forgotten
        self._clock = clock
        self.timeout_s = timeout_s
        self._pause = pause

    def known(self, turn: Turn) -> Run | None:
        """The run that was begun for this message, also before a crash."""
        told = turn.step(_STEP)
        return Run(**json.loads(told)) if told else None

    async def begin(
        self, turn: Turn, request: ChatRequest, container: str, trimmed_through: int | None
    ) -> Run:
        """Begun and remembered, also where it is being stopped meanwhile: it costs from here on."""
        key = f"parley-{turn.ref}-{container[-24:]}"

        async def work() -> Run:
            run_id = await self._code.begin(request, container, key)
            run = Run(run_id, container, self._clock.now(), request.model, trimmed_through)
            await turn.save_step(_STEP, json.dumps(asdict(run)))
            await self._forgotten.begun(run_id, self.timeout_s)
            return run

        return await to_the_end(work())

    async def watch(self, turn: Turn, run: Run) -> Watched:
        """Until it is over, or its time is. What it cannot be asked about is cancelled."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                look = await self._code.look(run.id)
            except _PASSING as failure:
                log.info("a run could not be looked at", error=type(failure).__name__)
            except ServiceError:
                await self.cancel(run)
                await self.forget(turn, run, is_new_try=True)
                raise
            else:
                if look.state.is_over:
                    return Watched(look)
                turn.reply.show(progress(look))
            if self._clock.now() - run.began_at > self.timeout_s:
                return Watched(await self.cancel(run), is_too_long=True)
            await self._pause(pause_s)
            pause_s = min(pause_s * GROWTH, LONGEST_PAUSE_S)

    async def cancel(self, run: Run) -> Look:
        """Cancelled at the service, and how far it came."""
        try:
            await self._code.cancel(run.id)
            look = await self._code.look(run.id)
        except ParleyError as failure:
            log.warning("a run may not be cancelled", error=type(failure).__name__)
            return Look(RunState.CANCELLED)
        return look if look.state.is_over else replace(look, state=RunState.CANCELLED)

    async def forget(self, turn: Turn, run: Run, *, is_new_try: bool) -> None:
        """Erase it at the service; ``is_new_try``: the message may be asked again, anew."""
        if is_new_try:
            await turn.save_step(_STEP, "")
        turn.background(self._forgotten.erase(run.id))


def progress(look: Look) -> str:
    if look.state is RunState.QUEUED:
        return say("analysis_queued")
    if look.calls and look.calls[-1].is_running:
        return say("analysis_running", step=len(look.calls))
    if look.calls:
        return say("analysis_between", count=count_steps(len(look.calls)))
    return say("analysis_in_progress")


def count_steps(count: int) -> str:
    return say("analysis_step" if count == 1 else "analysis_steps", count=count)


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Done also where the person stops it meanwhile; the stop follows."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # retrieved, or the loop would log it as forgotten
        raise
