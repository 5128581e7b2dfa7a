"""Trying again what failed before anything of the answer was there."""

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from handlers.errors import ServiceBusyError, ServiceDownError

log = structlog.get_logger(__name__)

T = TypeVar("T")
Pause = Callable[[float], Awaitable[object]]
"""Waits for so many seconds, as asyncio.sleep does."""

BACKOFF_S = (0.5, 1.0)
MAX_WAIT_S = 30.0
"""A server that asks for more than this is reported as busy at once: a person is waiting."""


async def retry_before_first_chunk(
    attempt: Callable[[], Awaitable[T]], *, pause: Pause, model: str
) -> T:
    """Run ``attempt`` up to three times; busy and broken servers are tried again, no others."""
    for backoff_s in BACKOFF_S:
        try:
            return await attempt()
        except (ServiceBusyError, ServiceDownError) as exc:
            wait_s = _choose_wait(exc, backoff_s)
            if wait_s > MAX_WAIT_S:
                raise
            log.info("service_retry", model=model, wait_s=round(wait_s, 2), reason=str(exc))
        await pause(wait_s)
    return await attempt()


def _choose_wait(exc: ServiceBusyError | ServiceDownError, backoff_s: float) -> float:
    asked_s = exc.retry_after_s if isinstance(exc, ServiceBusyError) else None
    if asked_s is not None:
        return asked_s
    # Many chats that failed together must not come back together.
    return backoff_s * random.uniform(0.75, 1.25)  # noqa: S311  # spreads load, guards nothing
