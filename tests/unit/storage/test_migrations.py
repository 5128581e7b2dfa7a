"""A database that an older version wrote is brought up to date, and nothing in it is lost."""

import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.errors import StorageError
from handlers.messages import ChatKey, ChatSettings, Delivery, Exchange, MediaRef
from handlers.ports.stores import Place
from storage.inspection import inspect_database
from storage.migrations import load_migrations
from storage.stores import Stores, open_stores
from storage.words import FOLDING
from tests.unit.storage.samples import ADA, CHAT, NOON, OTHER_CHAT, SetClock, message

RELEASED = {1: "0e6549ef8f5b4dad"}
"""The first digits of the SHA-256 of what is in people's databases already."""
MIGRATIONS = load_migrations()
DISCORD = ChatKey("discord", "1", "10")
SENDER = {"platform": "telegram", "id": "1", "name": "Ada", "language": "en"}
PLACE = {"platform": "telegram", "chat": "100", "thread": "7"}


def said(key: str) -> str:
    """A message as version 1 wrote it: without what came later."""
    values = {"key": key, "chat": PLACE, "sender": SENDER, "message_id": "mw", "text": "hello"}
    return json.dumps(values)


DATA: dict[str, list[tuple[object, ...]]] = {
    "chats": [
        (1, "telegram", "100", "", '{"voice": "nova"}', 1, 0, "they met", 1),
        (4, "telegram", "100", "7", "{}", 0, 0, "", 0),
    ],
    "chat_aliases": [("telegram", "99", "", 1)],
    "exchanges": [
        (1, 1, 1, ADA.key, NOON, "q1", "a1", "", "", "complete", "gpt", '["1"]', '["2"]', 0),
        (2, 1, 2, ADA.key, NOON, "q2", "a2", "Ada", "Bob: hi", "stopped", "gpt", "[]", "[]", 1),
    ],
    "exchange_media": [(2, 0, "ab", "image/jpeg", 640, 480)],
    "inbox": [
        (1, "d", NOON, None, None, None, NOON, 2, None, None, NOON),
        (2, "w", NOON, 4, ADA.key, said("w"), None, 0, None, None, None),
        (3, "a", NOON, 4, ADA.key, said("a"), NOON, 2, '{"text": "the answer"}', None, None),
        (4, "f", NOON, 4, ADA.key, said("f"), None, 0, None, NOON, None),
    ],
    "inbox_steps": [(2, "transcript", "words")],
    "inbox_sent": [(2, "text", '["5"]')],
    "usage": [(1, NOON, ADA.key, 1, "chat", "gpt", 10, 0, 5, 0.0, 0, 0, 0.5, 0)],
}


def write_version(path: Path, number: int) -> None:
    """The file as the program of that version left it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for migration in MIGRATIONS[:number]:
            connection.executescript(migration.script)
        for table, rows in DATA.items():
            gaps = ", ".join("?" for _ in rows[0])
            connection.executemany(f"INSERT INTO {table} VALUES ({gaps})", rows)  # noqa: S608  # our own words


def rows_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """All there is, by table, but for the tables that SQLite keeps for itself or for an index."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            " AND name NOT LIKE 'recall_words%' AND name NOT LIKE 'passage_words%'"
        ).fetchall()
        return {
            name: connection.execute(f"SELECT * FROM {name}").fetchall()  # noqa: S608  # the same
            for (name,) in names
        }


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


async def check_content(stores: Stores) -> None:
    for name in (CHAT, ChatKey("telegram", "99")):
        loaded = await stores.history.load(name)
        assert (loaded.summary, loaded.summarised_through) == ("they met", 1)
        assert loaded.exchanges == (
            Exchange(
                "q2",
                "a2",
                author="Ada",
                quote="Bob: hi",
                media=(MediaRef("ab", "image/jpeg", 640, 480),),
                state=loaded.exchanges[0].state,
                model="gpt",
                is_spoken=True,
                id=2,
                ordinal=2,
            ),
        )
        assert loaded.exchanges[0].state.value == "stopped"
        assert await stores.settings.load(name) == ChatSettings(voice="nova")
    waiting, answered = await stores.inbox.unfinished()
    assert waiting.message == message("w", chat=OTHER_CHAT)
    assert (waiting.steps, waiting.sent) == ({"transcript": "words"}, {"text": ("5",)})
    assert answered.delivery == Delivery("the answer")
    [total] = await stores.usage.by_day(ADA.key, 0)
    assert (total.calls, total.cost_usd) == (1, 0.5)


def test_what_was_released_is_never_changed() -> None:
    digests = {
        one.number: hashlib.sha256(one.sql.encode()).hexdigest() for one in load_migrations()
    }
    assert {number: digests[number][: len(known)] for number, known in RELEASED.items()} == RELEASED


async def test_a_database_of_version_1_is_brought_up_to_date_with_all_that_is_in_it(
    path: Path, clock: SetClock
) -> None:
    write_version(path, 1)
    before = rows_of(path)
    assert all(before.values())
    async with open_stores(path, clock) as stores:
        await check_content(stores)
        assert await stores.database.find_problems() == ()
    added = {
        "places": [],
        "assistants": [],
        "containers": [],
        "runs": [],
        "people": [],
        "reminders": [],
        "schemas": [],
        "documents": [],
        "passages": [],
        "passage_vectors": [],
        "hosted_shelves": [],
        "hosted_files": [],
        "hosted_rubbish": [],
        "recall_backlog": [(1, 3, FOLDING)],  # both exchanges wait to be indexed
        "recall_vectors": [],
        "recall_reach": [],
        "recall_moved": [],
        "recall_searches": [],
        "memories": [],
        "exchange_steps": [],
        # the chat can answer each again
        "exchanges": [(*row, "") for row in DATA["exchanges"]],
        # none is a frame or a mask, and none was made by a tool
        "exchange_media": [(*row, 0, 0, 0) for row in before["exchange_media"]],
    }
    assert rows_of(path) == before | added
    assert version_of(path) == MIGRATIONS[-1].number


async def test_a_database_that_was_brought_up_to_date_works_on(path: Path, clock: SetClock) -> None:
    write_version(path, 1)
    async with open_stores(path, clock) as stores:
        await stores.places.save([Place(DISCORD, is_followed=True, seen="5")])
        typed = replace(message("r", chat=OTHER_CHAT), command="retry", reply_ref="fresh")
        await stores.inbox.accept([typed])
        again = await stores.inbox.take_failed(typed)
        assert again is not None
        assert (again.message.text, again.message.reply_ref) == ("hello", "fresh")
    async with open_stores(path, clock) as stores:
        assert await stores.places.load("discord") == (Place(DISCORD, is_followed=True, seen="5"),)
        assert [pending.message.key for pending in await stores.inbox.unfinished()] == [
            "w",
            "a",
            "r",
        ]


async def test_a_database_that_waits_to_be_brought_up_to_date_is_inspected_unchanged(
    path: Path,
) -> None:
    write_version(path, 1)
    before = rows_of(path)
    report = await inspect_database(path)
    assert (report.schema, report.newest_schema, report.problems) == (
        1,
        MIGRATIONS[-1].number,
        (),
    )
    assert (rows_of(path), version_of(path)) == (before, 1)


async def test_a_migration_that_cannot_be_carried_out_leaves_the_old_database_whole(
    path: Path, clock: SetClock
) -> None:
    write_version(path, 1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE places (mine TEXT)")
    before = rows_of(path)
    with pytest.raises(StorageError, match=r"^storage\.path: ") as refusal:
        async with open_stores(path, clock):
            pass
    assert "\n" not in str(refusal.value)
    assert (rows_of(path), version_of(path)) == (before, 1)
