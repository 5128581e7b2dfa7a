"""Waiting: for the end of what was begun, and between one try and the next."""

import asyncio
import random
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import structlog

log = structlog.get_logger(__name__)

T = TypeVar("T")

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
LAST_WAIT_S = 3.0
"""For a request that is out when the process ends: those who stop it do not wait for ever."""


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Await ``work``; a cancellation waits a little for its end, so that what it did is known."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=LAST_WAIT_S)
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # known to nobody else, and no news to the one who gave up
        raise


async def give_up(task: asyncio.Task[Any] | None, failed: str) -> None:
    """Cancel a task of previews and wait a little for its end; ``failed`` says in the log that it
    had broken before."""
    if task is None:
        return
    task.cancel()
    await to_the_end(_ended(task))
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error(failed, exc_info=error)


async def _ended(task: asyncio.Task[Any]) -> None:
    await asyncio.wait([task])


def growing_pauses() -> Iterator[float]:
    """Seconds to wait after each try that failed: longer each time, spread, without end."""
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s * random.uniform(0.8, 1.2)  # noqa: S311  # spread, no secret
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
