"""Programs that never end by themselves are ended."""

import asyncio
import sys

from handlers.media.processes import run

ENDLESS = [sys.executable, "-c", "import time\nwhile True: time.sleep(9)"]
ENDLESS_WORDS = [sys.executable, "-c", "while True: print('y' * 1000)"]
ENDLESS_COMPLAINT = "import sys\nsys.stderr.write('n' * 10_000_000)\nprint('done')\nsys.exit(3)"
WAIT_S = 60


async def test_a_cancelled_program_is_gone() -> None:
    task = asyncio.create_task(run(ENDLESS, 10))
    readers: set[asyncio.Task[object]] = set()
    while len(readers) < 2 and not task.done():  # of what the program says and complains of
        await asyncio.sleep(0)
        readers = {one for one in asyncio.all_tasks() if "_read" in repr(one.get_coro())}
    task.cancel()
    async with asyncio.timeout(WAIT_S):
        await asyncio.wait([task])
    assert task.cancelled()


async def test_one_that_writes_too_much_is_ended() -> None:
    async with asyncio.timeout(WAIT_S):
        ended = await run(ENDLESS_WORDS, 100_000)
    assert 100_000 < len(ended.out) < 1_000_000
    assert ended.code != 0


async def test_of_what_it_complains_the_beginning_is_kept() -> None:
    async with asyncio.timeout(WAIT_S):
        ended = await run([sys.executable, "-c", ENDLESS_COMPLAINT], 100)
    assert (ended.out.strip(), ended.code) == (b"done", 3)
    assert b"n" * 1000 in ended.told
    assert len(ended.told) < 1_000_000
