"""Work in threads that is never left behind."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

Result = TypeVar("Result")


async def run_to_end(
    work: Callable[..., Result], *args: object, executor: Executor | None = None
) -> Result:
    """Run blocking work in a thread.

    A thread cannot be stopped: when the awaiting task is cancelled, the work is waited for and its
    result dropped, so that the memory and the processes it holds are gone when this returns.
    """
    future = asyncio.get_running_loop().run_in_executor(executor, work, *args)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        if not future.cancelled():
            future.exception()  # retrieved, or the loop would log it as forgotten
        raise
