"""``python -m benchmarks.search [rows]``: what a search costs, and what its index costs an answer.

Prints ratios, which mean the same on any machine: an answer stored with the index to one without,
and a search to a plain indexed read of fifty exchanges, both in the same database. One million rows
in 10,000 chats take a few minutes and about 2 GB.
"""

import asyncio
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from handlers.messages import ChatKey, Exchange, IncomingMessage, Sender
from handlers.ports.stores import Outcome
from storage.database import Session
from storage.stores import Stores, open_stores

PER_CHAT = 100
ANSWERS = 1500
SEARCHES = 300
WORDS = 45
"""Of an exchange: about 300 characters."""
VOCABULARY = 50_000
BATCH = 5_000


class WallClock:
    def now(self) -> float:
        return time.time()


class Writer:
    """Texts whose words are as unequally frequent as those of a language."""

    def __init__(self) -> None:
        self.chance = random.Random(1)  # noqa: S311  # the same each time
        letters = "abcdefghijklmnopqrstuvwxyz"
        self.words = [
            "".join(self.chance.choices(letters, k=self.chance.randint(3, 9)))
            for _ in range(VOCABULARY)
        ]
        self.weights = list(itertools.accumulate(1 / (rank + 2) for rank in range(VOCABULARY)))

    def text(self) -> str:
        return " ".join(self.chance.choices(self.words, cum_weights=self.weights, k=WORDS))


def key_of(chat: int) -> ChatKey:
    return ChatKey("telegram", str(chat))


async def fill(stores: Stores, writer: Writer, rows: int) -> None:
    """As an older version left them: not indexed yet."""
    chats = rows // PER_CHAT
    async with stores.database.transaction() as session:
        for chat in range(1, chats + 1):
            await session.execute(
                "INSERT INTO chats (id, platform, chat) VALUES (?, 'telegram', ?)",
                (chat, str(chat)),
            )
    for start in range(0, rows, BATCH):
        async with stores.database.transaction() as session:
            for _ in range(start, min(rows, start + BATCH)):
                await insert(session, writer.chance.randint(1, chats), writer.text())
    async with stores.database.transaction() as session:
        await session.execute("UPDATE recall_backlog SET below = ?", (rows + 1,))


async def insert(session: Session, chat: int, text: str) -> None:
    await session.execute(
        "INSERT INTO exchanges (chat_id, ordinal, person, answered_at, question, answer, author,"
        " quote, state, model, question_message_ids, answer_message_ids, is_spoken)"
        " VALUES (?, 1, 'telegram:1', 1.0, ?, ?, '', '', 'complete', 'm', '[]', '[]', 0)",
        (chat, text[:80], text[80:]),
    )


async def timed(times: int, work: Callable[[int], Awaitable[object]]) -> list[float]:
    """Seconds of each."""
    spent = []
    for number in range(times):
        started = time.perf_counter()
        await work(number)
        spent.append(time.perf_counter() - started)
    return spent


def told(name: str, spent: list[float]) -> float:
    """Prints and returns the mean."""
    mean = statistics.fmean(spent)
    late = sorted(spent)[int(len(spent) * 0.99)]
    say(f"{name:<46} mean {mean * 1000:8.3f} ms   p99 {late * 1000:8.3f} ms")
    return mean


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def answer(stores: Stores, writer: Writer, chats: int, number: str) -> None:
    """All that is stored of an answered message."""
    message = IncomingMessage(
        key=number,
        chat=key_of(writer.chance.randint(1, chats)),
        sender=Sender("telegram", "1", "Ada"),
        message_id="1",
        text=(text := writer.text())[:80],
    )
    await stores.inbox.accept([message])
    await stores.inbox.answer(message, Outcome(exchange=Exchange(message.text, text[80:])))
    await stores.inbox.done(message)


async def measure(stores: Stores, writer: Writer, rows: int) -> None:
    chats = rows // PER_CHAT

    def chat() -> ChatKey:
        return key_of(writer.chance.randint(1, chats))

    indexed = told(
        "an answer stored, indexed",
        await timed(ANSWERS, lambda n: answer(stores, writer, chats, f"i{n}")),
    )
    async with stores.database.transaction() as session:
        await session.execute("ALTER TABLE recall_words RENAME TO recall_words_kept")
        await session.execute("CREATE VIEW recall_words AS SELECT 0 AS tokens")
        await session.execute(
            "CREATE TRIGGER unindexed INSTEAD OF INSERT ON recall_words BEGIN SELECT 1; END"
        )
    bare = told(
        "an answer stored, not indexed",
        await timed(ANSWERS, lambda n: answer(stores, writer, chats, f"b{n}")),
    )
    async with stores.database.transaction() as session:
        await session.execute("DROP VIEW recall_words")
        await session.execute("ALTER TABLE recall_words_kept RENAME TO recall_words")
    say(f"{'  ratio':<46} {indexed / bare:8.2f}")

    read = told(
        "a plain indexed read of a chat",
        await timed(SEARCHES, lambda _: stores.history.load(chat())),
    )
    frequent, rare = writer.words[3], writer.words[20_000]
    searches = {
        "one frequent word": frequent,
        "one rare word": rare,
        "two letters that many words begin with": frequent[:2],
        "three words that are not together": f"{frequent} {writer.words[40]} {rare}",
    }
    for name, words in searches.items():
        spent = told(
            f"a search: {name}",
            await timed(SEARCHES, lambda _, words=words: stores.recall.by_words(chat(), words, 50)),
        )
        say(f"{'  ratio':<46} {spent / read:8.2f}")


async def main(rows: int) -> None:
    writer = Writer()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "parley.db"
        async with open_stores(path, WallClock()) as stores:
            await fill(stores, writer, rows)
            await stores.database.forget_log()
            before = path.stat().st_size
            started = time.perf_counter()
            longest = 0.0
            done = asyncio.create_task(stores.recall.catch_up())
            while not done.done():
                asked = time.perf_counter()
                await stores.history.load(key_of(1))
                longest = max(longest, time.perf_counter() - asked)
                await asyncio.sleep(0.05)
            await done
            await stores.database.forget_log()
            say(f"{rows:,} rows were indexed in {time.perf_counter() - started:.0f} s")
            say(f"the longest that a read waited meanwhile: {longest * 1000:.0f} ms")
            say(f"the file grew by {path.stat().st_size / before:.2f}")
            await measure(stores, writer, rows)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
