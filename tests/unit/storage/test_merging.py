"""Two chats that become one: everything of both stays, whichever table it stands in."""

from collections.abc import Sequence
from pathlib import Path

from storage.database import Session
from storage.stores import Stores, open_stores
from storage.word_index import BACKLOG_ROWS, index_exchange
from tests.unit.storage.samples import CHAT, SetClock
from tests.unit.storage.test_recall import SUPERGROUP, found, say

AFTERWARDS = {
    "assistants": 2,
    "chat_aliases": 3,  # and the name that is given up
    "containers": 1,
    "documents": 2,
    "exchanges": 2,
    "hosted_shelves": 1,  # that of the other is removed at the service
    "inbox": 2,
    "places": 1,
    "recall_reach": 0,  # found out anew
    "recall_searches": 1,  # those of the other are kept for a day at most
    "reminders": 2,
    "schemas": 2,
    "usage": 2,
}
"""Rows of tables that say whose chat they are, of one in each of the two chats."""
VALUES: dict[str, object] = {
    "reach": "chat",
    "settings": "{}",
    "uploads": "[]",
    "found": "[]",
    "state": "complete",
    "question_message_ids": "[]",
    "answer_message_ids": "[]",
}
"""Where a table takes not just anything."""


async def tables_of_chats(session: Session) -> list[tuple[str, str]]:
    rows = await session.execute(
        'SELECT m.name, f."from" FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f'
        " WHERE m.type = 'table' AND f.\"table\" = 'chats' ORDER BY m.name"
    )
    return [(table, column) for table, column in rows]


async def fill(session: Session, table: str, chat_column: str, chat_id: int) -> None:
    """One row of the chat, with something in each column that must have it."""
    columns = await session.execute(
        'SELECT name, type, pk FROM pragma_table_info(?) WHERE "notnull" OR pk', (table,)
    )
    values: dict[str, object] = {chat_column: chat_id}
    for name, kind, is_key in columns:
        if name in values or (is_key and kind == "INTEGER"):
            continue
        like = {"INTEGER": chat_id, "REAL": 1.0, "BLOB": b""}.get(kind, f"{table} {chat_id}")
        values[name] = VALUES.get(name, like)
    await insert(session, table, values)


async def insert(session: Session, table: str, values: dict[str, object]) -> None:
    gaps: Sequence[str] = ["?"] * len(values)
    await session.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(gaps)})",  # noqa: S608  # ours
        (*values.values(),),
    )


async def test_nothing_of_either_chat_goes_but_what_is_named_here(stores: Stores) -> None:
    async with stores.database.transaction() as session:
        for chat_id, key in enumerate((CHAT, SUPERGROUP), 1):
            await insert(
                session,
                "chats",
                {"id": chat_id, "platform": "telegram", "chat": key.chat, "thread": ""},
            )
        tables = await tables_of_chats(session)
        for table, column in tables:
            for chat_id in (1, 2):
                await fill(session, table, column, chat_id)
        for row in await session.execute("SELECT id, chat_id, question, answer FROM exchanges"):
            await index_exchange(session, row[1], row[0], *row[2:])
    assert sorted(dict(tables)) == sorted(AFTERWARDS)

    await stores.history.migrate(CHAT, SUPERGROUP)

    async with stores.database.reading() as session:
        left = {
            table: (await session.execute(f"SELECT count(*) FROM {table} WHERE {column} = 1"))[0][0]  # noqa: S608  # ours
            for table, column in tables
        }
        stray = [
            table
            for table, column in tables
            if await session.execute(f"SELECT 1 FROM {table} WHERE {column} IS NOT 1")  # noqa: S608  # ours
        ]
    assert left == AFTERWARDS
    assert stray == []
    assert await stores.database.find_problems() == ()


async def test_what_moves_is_indexed_afterwards_bit_by_bit(path: Path, clock: SetClock) -> None:
    many = BACKLOG_ROWS + 5
    async with open_stores(path, clock) as stores:
        await say(stores, 1, "plum of the old chat", chat=CHAT)
        for number in range(many):
            await say(stores, 2 + number, f"plum number{number}", chat=SUPERGROUP)
        await stores.history.migrate(CHAT, SUPERGROUP)
        assert not await stores.recall.is_whole(SUPERGROUP)
    async with open_stores(path, clock) as stores:
        # Changed, or erased, before its turn comes, it leaves nothing behind.
        await say(stores, 900, "pear", chat=SUPERGROUP, replaces=3)
        await stores.recall.catch_up()
        assert await stores.recall.is_whole(SUPERGROUP)
        assert len(await stores.recall.by_words(SUPERGROUP, "plum", many)) == many
        assert await found(stores, "number1", SUPERGROUP) == [
            one for one in await found(stores, "number1", SUPERGROUP) if one != "plum number1"
        ]
        assert await found(stores, "pear", SUPERGROUP) == ["pear"]
        assert await stores.erasing.erase(SUPERGROUP) == many + 1
        assert await found(stores, "plum", SUPERGROUP) == []


async def test_what_moves_twice_before_its_turn_comes_is_found(stores: Stores) -> None:
    await say(stores, 1, "apples", chat=CHAT)
    await say(stores, 2, "pears", chat=SUPERGROUP)
    third = SUPERGROUP.__class__("telegram", "-1009")
    await stores.history.migrate(CHAT, SUPERGROUP)
    await say(stores, 3, "plums", chat=third)
    await stores.history.migrate(third, SUPERGROUP)
    await stores.recall.catch_up()
    for words in ("apples", "pears", "plums"):
        assert await found(stores, words, SUPERGROUP) == [words]
    async with stores.database.reading() as session:
        assert await session.execute("SELECT * FROM recall_moved") == []
