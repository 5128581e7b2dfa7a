"""Which exchanges of a chat hold a word: a full-text index that is kept with the exchanges.

SQLite's own tokenisers know no words of two Chinese letters, so the tokens are made here (see
storage/words.py). Each carries the number of its chat.
"""

import asyncio
import json
from collections.abc import Sequence

from storage.database import Row, Session
from storage.words import FOLDING, Term, Token, tokens

LONG_TEXT = 20_000
"""Characters from which on the tokens are made in a thread."""
BACKLOG_ROWS = 100
"""Of one step: some hundredths of a second, in which nobody else gets at the database."""
BACKLOG_CHARACTERS = 200_000
"""A step ends behind the exchange with which it has read so many."""
_LENGTH = "length(question) + length(quote) + length(answer)"


async def index_exchange(session: Session, chat_id: int, exchange_id: int, *texts: str) -> None:
    """A new exchange, in the transaction that stores it."""
    text = "\n".join(texts)
    if len(text) < LONG_TEXT:
        words = _row(chat_id, text)
    else:
        words = await asyncio.to_thread(_row, chat_id, text)
    await _insert(session, exchange_id, words)


async def index_again(session: Session, chat_id: int, exchange_id: int, *texts: str) -> None:
    """An exchange that was changed, after ``drop_from_index``."""
    if exchange_id >= await backlog(session):
        await index_exchange(session, chat_id, exchange_id, *texts)
    # Its vector means what it said before.
    await session.execute("DELETE FROM recall_vectors WHERE exchange_id = ?", (exchange_id,))
    await session.execute(
        "UPDATE recall_reach SET newest = min(newest, ? - 1) WHERE chat_id = ?",
        (exchange_id, chat_id),
    )


async def move_index(session: Session, into: int, source: int) -> None:
    """All that ``source`` said now belongs to ``into``; call it before the exchanges move.

    It is found there once ``index_moved`` has come to it.
    """
    await session.execute(
        # What moved before, and still waits, is in the index under its first number.
        "INSERT OR IGNORE INTO recall_moved (exchange_id, number)"
        " SELECT id, chat_id FROM exchanges WHERE chat_id = ? AND id >= ?",
        (source, await backlog(session)),
    )
    # What has a vector keeps it: only how far they reach is found out anew.
    await session.execute("DELETE FROM recall_reach WHERE chat_id IN (?, ?)", (into, source))
    await session.execute("DELETE FROM recall_searches WHERE chat_id = ?", (source,))


async def drop_from_index(session: Session, exchange_id: int) -> None:
    """Call it while the exchange still says what it was indexed with: the index keeps no words.

    One that waits to be indexed goes on waiting.
    """
    rows = await session.execute(
        "SELECT coalesce(m.number, e.chat_id), e.question, e.quote, e.answer FROM exchanges AS e"
        " LEFT JOIN recall_moved AS m ON m.exchange_id = e.id WHERE e.id = ? AND e.id >= ?",
        (exchange_id, await backlog(session)),
    )
    await session.execute("DELETE FROM recall_moved WHERE exchange_id = ?", (exchange_id,))
    for number, *texts in rows:
        words = await asyncio.to_thread(_row, number, "\n".join(texts))
        await session.execute(
            "INSERT INTO recall_words (recall_words, rowid, tokens) VALUES ('delete', ?, ?)",
            (exchange_id, words),
        )


async def backlog(session: Session) -> int:
    """Exchanges with ids below this one are not indexed yet; 0 if all are."""
    [(below,)] = await session.execute("SELECT below FROM recall_backlog")
    return int(below)


async def require_rules(session: Session) -> None:
    """Begin the index anew if other rules made it: another version's, another Python's."""
    [(folding,)] = await session.execute("SELECT folding FROM recall_backlog")
    if folding == FOLDING:
        return
    await session.execute("INSERT INTO recall_words (recall_words) VALUES ('delete-all')")
    await session.execute("DELETE FROM recall_moved")
    await session.execute(
        "UPDATE recall_backlog SET folding = ?, below = (SELECT coalesce(max(id) + 1, 0)"
        " FROM exchanges)",
        (FOLDING,),
    )


async def index_backlog(session: Session) -> bool:
    """Index the newest that wait; False if there are none left."""
    ids = await _some_of(
        session,
        f"SELECT id, {_LENGTH} FROM exchanges WHERE id < ? ORDER BY id DESC LIMIT ?",  # noqa: S608  # ours
        await backlog(session),
    )
    rows = await _texts_of(session, ids)
    made = await asyncio.to_thread(
        lambda: [(row[0], _row(row[1], "\n".join(row[2:]))) for row in rows]
    )
    # Of a lower id than the one before FTS5 makes a segment of its own.
    for exchange_id, words in reversed(made):
        await _insert(session, exchange_id, words)
    left = ids[-1] if ids else 0
    await session.execute("UPDATE recall_backlog SET below = ?", (left,))
    return left > 0


async def index_moved(session: Session) -> bool:
    """Index some of what moved under the number of its chat; False if nothing waits for it."""
    ids = await _some_of(
        session,
        f"SELECT id, {_LENGTH} FROM exchanges WHERE id IN"  # noqa: S608  # ours
        " (SELECT exchange_id FROM recall_moved WHERE exchange_id >= ?) ORDER BY id LIMIT ?",
        0,
    )
    for exchange_id, chat_id, *texts in await _texts_of(session, ids):
        await drop_from_index(session, exchange_id)
        await index_exchange(session, chat_id, exchange_id, *texts)
    return bool(ids)


async def _some_of(session: Session, query: str, place: int) -> list[int]:
    """The ids with which a step has enough to do, of a query for ids and lengths."""
    ids: list[int] = []
    characters = 0
    for exchange_id, length in await session.execute(query, (place, BACKLOG_ROWS)):
        ids.append(int(exchange_id))
        characters += length
        if characters >= BACKLOG_CHARACTERS:
            break
    return ids


async def _texts_of(session: Session, ids: Sequence[int]) -> list[Row]:
    """Id, chat and texts, the highest id first."""
    return await session.execute(
        "SELECT id, chat_id, question, quote, answer FROM exchanges"
        " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id DESC",
        (json.dumps(ids),),
    )


async def find_all(
    session: Session, chat_id: int, terms: Sequence[Term], limit: int
) -> tuple[int, ...]:
    """The newest exchanges whose tokens are those of all terms, the newest first."""
    wanted = dict.fromkeys(token for term in terms for token in term.tokens)
    rows = await session.execute(
        "SELECT rowid FROM recall_words WHERE recall_words MATCH ? ORDER BY rowid DESC LIMIT ?",
        (" AND ".join(_phrase(chat_id, token) for token in wanted), limit),
    )
    return tuple(int(exchange_id) for (exchange_id,) in rows)


async def clean_index(session: Session) -> bool:
    """A step towards an index that holds nothing of what was dropped; False if it is one.

    Dropped words stand in SQLite's segments until those are merged.
    """
    [(before,)] = await session.execute("SELECT total_changes()")
    await session.execute("INSERT INTO recall_words (recall_words, rank) VALUES ('merge', -200)")
    [(after,)] = await session.execute("SELECT total_changes()")
    return bool(after - before >= 2)


async def _insert(session: Session, exchange_id: int, words: str) -> None:
    await session.execute(
        "INSERT INTO recall_words (rowid, tokens) VALUES (?, ?)", (exchange_id, words)
    )


def _row(chat_id: int, text: str) -> str:
    return " ".join(f"{chat_id}_{token}" for token in sorted(tokens(text)))


def _phrase(chat_id: int, token: Token) -> str:
    return f'"{chat_id}_{token.text}"' + ("*" if token.is_beginning else "")
