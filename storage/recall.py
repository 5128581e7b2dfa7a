"""What was said in a chat, found again: by its words, and by what it means."""

import asyncio
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from handlers.messages import ChatKey, Exchange, UsageEntry
from handlers.ports.stores import FoundBefore, Lesson, Reach, Recalled
from storage.chats import find_chat
from storage.database import Database, Session, repaired, shielded
from storage.exchanges import read_some
from storage.passages import excerpt, rate
from storage.usage import insert_usage
from storage.vectors import Nearest, page_of_vectors
from storage.word_index import (
    backlog,
    find_all,
    index_backlog,
    index_moved,
    require_rules,
)
from storage.words import Term, loosened, read_query

MAX_CANDIDATES = 200
"""Of a search by words: the newest so many are read and rated."""
MAX_LOOSE = 1000
"""Of each word, where nothing holds them all."""
BACKLOG_PAUSE_S = 0.02
SEARCH_KEPT_S = 24 * 3600.0
SEARCHES_PER_CHAT = 20


class SqliteRecall:
    """Fills the port RecallStore."""

    def __init__(self, database: Database, unsaid: frozenset[str] = frozenset()) -> None:
        """``unsaid``: answers that only the model reads; nothing is found by them."""
        self._database = database
        self._unsaid = unsaid

    # ------------------------------------------------------------ by words

    async def by_words(self, chat: ChatKey, words: str, limit: int) -> tuple[int, ...]:
        words = repaired(words)
        terms = read_query(words)
        if not terms:
            return ()
        async with self._database.reading() as session:
            chat_id = await find_chat(session, chat)
            if chat_id is None:
                return ()
            ids = await find_all(session, chat_id, terms, MAX_CANDIDATES)
            candidates = await read_some(session, chat_id, ids)
        exchanges = [self._as_said(exchange) for exchange, _ in candidates]
        found = await asyncio.to_thread(_best, exchanges, terms)
        return (found or await self._by_some_words(chat_id, words))[:limit]

    async def _by_some_words(self, chat_id: int, words: str) -> tuple[int, ...]:
        """What holds at least half of the words; those that few hold count for more."""
        terms = loosened(words)
        if len(terms) < 2:
            return ()
        weights: Counter[int] = Counter()
        counts: Counter[int] = Counter()
        for term in terms:
            async with self._database.reading() as session:
                ids = await find_all(session, chat_id, [term], MAX_LOOSE)
            weight = math.log(1 + 2 * MAX_LOOSE / max(1, len(ids)))
            for exchange_id in ids:
                weights[exchange_id] += round(weight * 1000)
                counts[exchange_id] += 1
        enough = [exchange_id for exchange_id in weights if 2 * counts[exchange_id] >= len(terms)]
        return tuple(sorted(enough, key=lambda one: (weights[one], one), reverse=True))

    async def is_whole(self, chat: ChatKey) -> bool:
        async with self._database.reading() as session:
            below = await backlog(session)
            chat_id = await find_chat(session, chat)
            if chat_id is None:
                return True
            moved = await session.execute(
                "SELECT 1 FROM recall_moved AS m JOIN exchanges AS e ON e.id = m.exchange_id"
                " WHERE e.chat_id = ? LIMIT 1",
                (chat_id,),
            )
            if moved or below == 0:
                return not moved
            [(first,)] = await session.execute(
                "SELECT min(id) FROM exchanges WHERE chat_id = ?", (chat_id,)
            )
        return first is None or first >= below

    async def prepare(self) -> None:
        """Before anything is stored: see that the index is one of this version's."""
        async with self._database.transaction() as session:
            await require_rules(session)

    async def catch_up(self) -> None:
        """Index what was said before there was an index, and what came from another chat.

        Others get their turns in between.
        """
        is_left = True
        while is_left:
            is_left = await self._step()
            await asyncio.sleep(BACKLOG_PAUSE_S)

    @shielded
    async def _step(self) -> bool:
        async with self._database.transaction() as session:
            return await index_moved(session) or await index_backlog(session)

    # ------------------------------------------------------------ by meaning

    async def by_meaning(
        self, chat: ChatKey, vector: bytes, model: str, limit: int
    ) -> tuple[int, ...]:
        nearest = await asyncio.to_thread(Nearest, vector)
        before: int | None = None
        while True:
            async with self._database.reading() as session:
                chat_id = await find_chat(session, chat)
                if chat_id is None:
                    return ()
                page = await page_of_vectors(session, chat_id, model, before)
            if not page:
                return await asyncio.to_thread(nearest.best, limit)
            await asyncio.to_thread(nearest.look, page)
            before = page[-1][0]

    async def unlearned(self, chat: ChatKey, model: str, limit: int) -> Lesson | None:
        async with self._database.reading() as session:
            chat_id = await find_chat(session, chat)
            if chat_id is None:
                return None
            [(top,)] = await session.execute(
                "SELECT coalesce(max(id), 0) FROM exchanges WHERE chat_id = ?", (chat_id,)
            )
            rows = await session.execute(
                "SELECT oldest, newest FROM recall_reach WHERE chat_id = ? AND model = ?",
                (chat_id, model),
            )
            if rows == [(0, top)] or not top:
                return None
            oldest, newest = rows[0] if rows else (top + 1, top)
            newer = await _without_vector(session, chat_id, model, newest + 1, top, limit, "ASC")
            if len(newer) == limit:
                top = newer[-1]
            older: list[int] = []
            if room := limit - len(newer):
                older = await _without_vector(session, chat_id, model, 0, oldest - 1, room, "DESC")
                oldest = older[-1] if len(older) == room else 0
            found = await read_some(session, chat_id, [*newer, *older])
        lacking = tuple(Recalled(self._as_said(one), answered_at) for one, answered_at in found)
        return Lesson(lacking, Reach(model, oldest, top))

    @shielded
    async def learn(
        self, chat: ChatKey, lesson: Lesson, vectors: Sequence[bytes], usage: Sequence[UsageEntry]
    ) -> None:
        async with self._database.transaction() as session:
            await _spend(session, chat, usage, self._database.clock.now())
            chat_id = await find_chat(session, chat)
            is_all = chat_id is not None
            for known, vector in zip(lesson.exchanges, vectors, strict=True):
                rows = await session.execute(
                    "INSERT OR REPLACE INTO recall_vectors (exchange_id, model, vector)"
                    " SELECT id, ?, ? FROM exchanges WHERE id = ? AND chat_id = ? AND"
                    " answered_at = ? RETURNING exchange_id",
                    (lesson.reach.model, vector, known.exchange.id, chat_id, known.answered_at),
                )
                is_all = is_all and bool(rows)
            if is_all:
                reach = lesson.reach
                await session.execute(
                    "INSERT OR REPLACE INTO recall_reach (chat_id, model, oldest, newest)"
                    " VALUES (?, ?, ?, ?)",
                    (chat_id, reach.model, reach.oldest, reach.newest),
                )

    @shielded
    async def spend(self, chat: ChatKey, usage: Sequence[UsageEntry]) -> None:
        async with self._database.transaction() as session:
            await _spend(session, chat, usage, self._database.clock.now())

    # ------------------------------------------------------------ what was found

    async def read(self, chat: ChatKey, ids: Sequence[int], words: str) -> tuple[Recalled, ...]:
        async with self._database.reading() as session:
            chat_id = await find_chat(session, chat)
            found = [] if chat_id is None else await read_some(session, chat_id, ids)
        terms = (*read_query(words), *loosened(words))
        passages = await asyncio.to_thread(
            lambda: [excerpt(self._as_said(exchange), terms) for exchange, _ in found]
        )
        return tuple(
            Recalled(exchange, answered_at, passage)
            for (exchange, answered_at), passage in zip(found, passages, strict=True)
        )

    def _as_said(self, exchange: Exchange) -> Exchange:
        return replace(exchange, answer="") if exchange.answer in self._unsaid else exchange

    @shielded
    async def keep(self, chat: ChatKey, words: str, found: Sequence[int]) -> FoundBefore:
        now = self._database.clock.now()
        async with self._database.transaction() as session:
            chat_id = await find_chat(session, chat)
            await session.execute(
                "DELETE FROM recall_searches WHERE at < ?", (now - SEARCH_KEPT_S,)
            )
            await session.execute(
                "DELETE FROM recall_searches WHERE id IN (SELECT id FROM recall_searches"
                " WHERE chat_id = ? ORDER BY id DESC LIMIT -1 OFFSET ?)",
                (chat_id, SEARCHES_PER_CHAT - 1),
            )
            [(search_id,)] = await session.execute(
                "INSERT INTO recall_searches (chat_id, at, words, found) VALUES (?, ?, ?, ?)"
                " RETURNING id",
                (chat_id, now, words, json.dumps(list(found))),
            )
        return FoundBefore(search_id, words, tuple(found))

    async def kept(self, chat: ChatKey, search_id: int) -> FoundBefore | None:
        async with self._database.reading() as session:
            rows = await session.execute(
                "SELECT words, found FROM recall_searches WHERE id = ? AND chat_id = ?",
                (search_id, await find_chat(session, chat)),
            )
        return FoundBefore(search_id, rows[0][0], tuple(json.loads(rows[0][1]))) if rows else None


async def _without_vector(
    session: Session, chat_id: int, model: str, first: int, last: int, limit: int, order: str
) -> list[int]:
    rows = await session.execute(
        "SELECT e.id FROM exchanges AS e LEFT JOIN recall_vectors AS v"  # noqa: S608  # ours
        " ON v.exchange_id = e.id AND v.model = ? WHERE e.chat_id = ? AND e.id BETWEEN ? AND ?"
        f" AND v.exchange_id IS NULL ORDER BY e.id {order} LIMIT ?",
        (model, chat_id, first, last, limit),
    )
    return [int(exchange_id) for (exchange_id,) in rows]


async def _spend(session: Session, chat: ChatKey, usage: Sequence[UsageEntry], at: float) -> None:
    chat_id = await find_chat(session, chat)
    asked = await session.execute(
        "SELECT person FROM exchanges WHERE chat_id = ? ORDER BY id DESC LIMIT 1", (chat_id,)
    )
    await insert_usage(session, usage, asked[0][0] if asked else "", chat_id, at)


def _best(exchanges: Sequence[Exchange], terms: Sequence[Term]) -> tuple[int, ...]:
    """Of those that hold all the terms: the most whole words first, then the newest."""
    rated = [(rate(exchange, terms), exchange.id) for exchange in exchanges]
    whole = [(whole, number) for (found, whole), number in rated if found == len(terms)]
    return tuple(number for _, number in sorted(whole, reverse=True))
