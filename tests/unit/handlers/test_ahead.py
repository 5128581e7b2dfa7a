"""Work that is begun before its turn comes."""

import asyncio

import pytest

from handlers.errors import ServiceDownError
from handlers.sounds.ahead import made_ahead


class Works:
    """Numbers are made into themselves, each when its gate is open."""

    def __init__(self, *failing: int) -> None:
        self.gates = [asyncio.Event() for _ in range(6)]
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.cancelled: list[int] = []
        self.failing = failing

    async def make(self, number: int) -> int:
        self.begun.append(number)
        try:
            await self.gates[number].wait()
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise
        self.ended.append(number)
        if number in self.failing:
            raise ServiceDownError(str(number))
        return number

    async def take_all(self, at_once: int = 2) -> list[int]:
        taken = []
        async with made_ahead(self.make, range(6), at_once) as made:
            async for number in made:
                taken.append(number)  # noqa: PERF401  # what was taken before a failure counts
        return taken


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_results_come_in_order_whatever_is_made_first() -> None:
    works = Works()
    task = asyncio.create_task(works.take_all(at_once=3))
    for number in (2, 1, 0, 5, 4, 3):
        works.gates[number].set()
        await turns()
    assert await task == [0, 1, 2, 3, 4, 5]
    assert works.ended[:3] == [2, 1, 0]


async def test_so_many_are_made_at_once_and_so_many_ahead_of_the_one_in_use() -> None:
    works = Works()
    async with made_ahead(works.make, range(6), 2) as made:
        first = asyncio.ensure_future(anext(made))
        await turns()
        waiting = list(works.begun)
        works.gates[0].set()
        await first
        await turns()
        assert (waiting, works.begun) == ([0, 1], [0, 1, 2])


async def test_after_a_failure_nothing_more_is_begun() -> None:
    works = Works(1)
    task = asyncio.create_task(works.take_all())
    await turns()
    works.gates[1].set()
    await turns()
    works.gates[0].set()
    with pytest.raises(ServiceDownError, match="1"):
        await task
    assert works.begun == [0, 1]


async def test_what_runs_beside_a_failure_may_end() -> None:
    works = Works(0)
    task = asyncio.create_task(works.take_all())
    await turns()
    works.gates[0].set()
    await turns()
    is_told_at_once = task.done()
    works.gates[1].set()
    with pytest.raises(ServiceDownError, match="0"):
        await task
    assert not is_told_at_once
    assert works.ended == [0, 1]
    assert works.cancelled == []


async def test_what_is_stopped_leaves_nothing_running() -> None:
    works = Works()
    task = asyncio.create_task(works.take_all())
    await turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert works.cancelled == [0, 1]


async def test_who_breaks_off_leaves_nothing_running() -> None:
    works = Works()
    works.gates[0].set()
    async with made_ahead(works.make, range(6), 2) as made:
        async for _ in made:
            await turns()
            break
    assert works.cancelled == [1, 2]
