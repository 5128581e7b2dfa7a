"""Work that is begun before its turn comes, and whose results are taken in order."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from handlers.errors import ParleyError

Item = TypeVar("Item")
Made = TypeVar("Made")


@asynccontextmanager
async def made_ahead(
    make: Callable[[Item], Awaitable[Made]], items: Sequence[Item], at_once: int
) -> AsyncIterator[AsyncIterator[Made]]:
    """What ``make`` makes of each item, in order; ``at_once`` of them are made at the same time.

    While one is used, so many after it are being made. What failed is raised when its turn comes,
    after those that were begun have ended: they may be paid for. Nothing more is begun then. When
    the block ends otherwise than by that, what is still being made is cancelled.
    """
    tasks: list[asyncio.Task[Made]] = []

    def begin(count: int) -> None:
        if not any(_has_failed(task) for task in tasks):
            more = items[len(tasks) : count]
            tasks.extend([asyncio.create_task(_made(make, item)) for item in more])

    async def in_order() -> AsyncGenerator[Made, None]:
        for number in range(len(items)):
            begin(number + at_once)
            try:
                made = await tasks[number]
            except ParleyError:
                await asyncio.wait(tasks[number:])
                raise
            begin(number + 1 + at_once)
            yield made

    results = in_order()
    try:
        yield results
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await results.aclose()


async def _made(make: Callable[[Item], Awaitable[Made]], item: Item) -> Made:
    return await make(item)


def _has_failed(task: "asyncio.Task[Made]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
