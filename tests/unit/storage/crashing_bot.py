"""A process that answers message after message and says what was acknowledged, until it is killed.

``python -m tests.unit.storage.crashing_bot DATABASE``
"""

import asyncio
import sys
from pathlib import Path

from handlers.messages import Delivery
from handlers.ports.stores import Outcome
from storage.stores import open_stores
from tests.unit.storage.samples import SetClock, exchange, message, usage


def acknowledge(what: str, number: int) -> None:
    sys.stdout.write(f"{what} {number}\n")
    sys.stdout.flush()


async def run(path: Path) -> None:
    async with open_stores(path, SetClock()) as stores:
        number = 0
        while True:
            number += 1
            question = message(str(number))
            await stores.inbox.accept([question])
            acknowledge("accepted", number)
            await stores.inbox.answer(
                question, Outcome(Delivery("ok"), exchange(number), usage=(usage(),))
            )
            acknowledge("answered", number)
            await stores.media.put(b"%d" % number * 10_000, "image/png")
            await stores.inbox.done(question, answer_message_ids=(str(number),))
            acknowledge("done", number)


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1])))
