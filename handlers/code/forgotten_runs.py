"""Runs of code are erased at the service, at the latest a day after nobody asks for them."""

import asyncio

import structlog

from handlers.errors import ServiceError, ServiceRejectedError, StorageError
from handlers.ports.code import CodeInterpreter, RunStore
from handlers.ports.machine import Clock

log = structlog.get_logger(__name__)

KEPT_S = 24 * 3600.0
"""As long as a message that failed can be tried again, which finds its run then."""
SWEEP_EVERY_S = 3600.0
BATCH = 100


class ForgottenRuns:
    def __init__(self, code: CodeInterpreter, store: RunStore, clock: Clock) -> None:
        self._code = code
        self._store = store
        self._clock = clock

    async def begun(self, run: str, timeout_s: float) -> None:
        """Remember it, whatever becomes of the message that it was begun for."""
        await self._store.save(run, self._clock.now() + timeout_s + KEPT_S)

    async def erase(self, run: str) -> None:
        """At once; later, where the service does not do it now."""
        try:
            try:
                await self._code.forget(run)
            except ServiceError as failure:
                log.warning("a run stays at the service for now", error=type(failure).__name__)
                await self._store.save(run, self._clock.now())
            else:
                await self._store.drop(run)
        except StorageError as failure:
            log.warning("a run is erased later", detail=str(failure))

    async def keep_tidy(self) -> None:
        """Erase what is due, at the start and hourly. Never ends."""
        while True:
            try:
                await self.tidy()
            except (ServiceError, StorageError) as failure:
                log.warning("runs are still at the service", detail=str(failure))
            await asyncio.sleep(SWEEP_EVERY_S)

    async def tidy(self) -> None:
        while due := await self._store.due(self._clock.now(), BATCH):
            for run in due:
                try:
                    await self._code.cancel(run)  # it may still be at work, and costs then
                    await self._code.forget(run)
                except ServiceRejectedError as refusal:
                    # It would be refused for ever, and keep the others from being erased.
                    log.warning("not erased at the service", run=run, reason=str(refusal))
                await self._store.drop(run)
