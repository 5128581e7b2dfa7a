"""How long it takes to find passages among very many, beside what reading them alone takes.

``python benchmarks/retrieval.py [passages] [numbers a vector]``; nothing is asked of any service.
The ratio hardly depends on the machine; the milliseconds do.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np

from bot.clock import SystemClock
from handlers.media.vectors import best
from handlers.messages import ChatKey, Sender
from handlers.ports.documents import KeptPassage, NewDocument
from storage.stores import Stores, open_stores

CHAT = ChatKey("benchmark", "1")
SENDER = Sender("benchmark", "1", "Somebody")
PER_DOCUMENT = 2_000
BLOCK = 512
ROUNDS = 7


async def fill(stores: Stores, passages: int, size: int) -> list[int]:
    """The ids of documents with random vectors."""
    random = np.random.default_rng(1)
    ids = []
    for number in range(0, passages, PER_DOCUMENT):
        count = min(PER_DOCUMENT, passages - number)
        texts = tuple(KeptPassage(f"p. {n}", f"passage {n}", f"passage {n}") for n in range(count))
        new = NewDocument(str(number), f"{number}.pdf", "page", count, 1, False, texts)
        kept = await stores.documents.keep(CHAT, new, SENDER)
        await stores.documents.learn(CHAT, kept.id)
        for first in range(0, count, BLOCK):
            made = random.standard_normal((min(BLOCK, count - first), size)).astype("<f4")
            made /= np.linalg.norm(made, axis=1, keepdims=True)
            rows = [row.tobytes() for row in made]
            await stores.documents.save_vectors(CHAT, kept.id, first, rows, "m", (), SENDER.key)
        ids.append(kept.id)
    return ids


async def measure(work: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds, the median of several rounds; the first, which warms up, does not count."""
    took = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        await work()
        took.append((time.perf_counter() - started) * 1000)
    return sorted(took[1:])[ROUNDS // 2]


async def main(passages: int, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with open_stores(Path(folder) / "benchmark.db", SystemClock()) as stores:
            ids = await fill(stores, passages, size)
            places = [
                (document_id, block.first)
                for document_id in ids
                for block in await stores.documents.blocks(document_id, "m")
            ]
            query = await stores.documents.vectors(ids[0], "m", 0)
            query = query[: 4 * size]

            async def read() -> None:
                for document_id, first in places:
                    await stores.documents.vectors(document_id, "m", first)

            held = [await stores.documents.vectors(one, "m", first) for one, first in places]

            async def score() -> None:
                for data in held:
                    await asyncio.to_thread(best, data, query, 60)

            async def find() -> None:
                for document_id, first in places:
                    data = await stores.documents.vectors(document_id, "m", first)
                    await asyncio.to_thread(best, data, query, 60)

            assert len(best(held[0], query, 60)) == 60
            reading, scoring = await measure(read), await measure(score)
            both = await measure(find)
    megabytes = passages * size * 4 / 1e6
    print(f"{passages} passages of {size} numbers, {megabytes:.0f} MB")
    print(f"reading the blobs alone {reading:7.1f} ms")
    print(f"comparing alone         {scoring:7.1f} ms")
    print(f"reading and comparing   {both:7.1f} ms, {both / reading:.2f} of reading alone")


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:]]
    asyncio.run(main(*(numbers + [100_000, 512][len(numbers) :])))
