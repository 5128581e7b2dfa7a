import asyncio
import os
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from handlers.errors import StorageError
from storage.database import Database, shielded
from storage.inspection import inspect_database
from storage.migrations import Migration, load_migrations
from tests.unit.storage.samples import SetClock

NEWEST = load_migrations()[-1].number


async def count_chats(database: Database) -> int:
    async with database.reading() as session:
        [(count,)] = await session.execute("SELECT count(*) FROM chats")
    return int(count)


def content(path: Path) -> bytes:
    return path.read_bytes()


def list_names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


def write_notes(path: Path) -> None:
    path.write_text("these are my notes, not a database " * 100)


def damage(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-8192, os.SEEK_END)
        file.write(b"\xff" * 8192)


async def insert_chat(database: Database, name: str) -> None:
    async with database.transaction() as session:
        await session.execute("INSERT INTO chats (platform, chat) VALUES ('t', ?)", (name,))


@pytest.fixture
async def database(path: Path, clock: SetClock) -> AsyncIterator[Database]:
    opened = await Database.open(path, clock)
    yield opened
    await opened.close()


async def test_files_and_folders_that_are_created_belong_to_the_owner_alone(
    tmp_path: Path, clock: SetClock
) -> None:
    path = tmp_path / "new" / "deeper" / "parley.db"
    database = await Database.open(path, clock)
    await insert_chat(database, "1")
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    await database.close()
    assert modes == dict.fromkeys(
        ["parley.db", "parley.db-wal", "parley.db-shm", "parley.db.lock"], 0o600
    )
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700


async def test_a_second_bot_on_the_same_file_is_refused(
    database: Database, clock: SetClock
) -> None:
    with pytest.raises(StorageError, match=r"^storage\.path: another bot uses .*; stop"):
        await Database.open(database.path, clock)
    await insert_chat(database, "1")
    assert await count_chats(database) == 1


async def test_a_closed_database_can_be_opened_again(path: Path, clock: SetClock) -> None:
    for count in range(3):
        database = await Database.open(path, clock)
        assert await count_chats(database) == count
        await insert_chat(database, str(count))
        await database.close()


async def test_a_newer_schema_is_refused_and_left_as_it_was(path: Path, clock: SetClock) -> None:
    await (await Database.open(path, clock)).close()
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA journal_mode = DELETE")
        newer.execute(f"PRAGMA user_version = {NEWEST + 1}")
    before = content(path)
    with pytest.raises(StorageError, match="written by a newer version") as refusal:
        await Database.open(path, clock)
    assert "\n" not in str(refusal.value)
    assert content(path) == before
    with pytest.raises(StorageError, match="written by a newer version"):
        await Database.open(path, clock)  # and the lock was freed


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(
    path: Path, clock: SetClock
) -> None:
    write_notes(path)
    before = content(path)
    with pytest.raises(StorageError, match=r"^storage\.path: .* is not a database; "):
        await Database.open(path, clock)
    assert content(path) == before


async def test_the_database_of_another_program_is_refused_and_left_as_it_was(
    path: Path, clock: SetClock
) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE invoices (id INTEGER)")
    before = content(path)
    with pytest.raises(StorageError, match="another program"):
        await Database.open(path, clock)
    assert content(path) == before


async def test_a_folder_that_cannot_be_made_is_a_storage_error(
    tmp_path: Path, clock: SetClock
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"^storage\.path: cannot use .*; ") as refusal:
        await Database.open(tmp_path / "file" / "parley.db", clock)
    assert "Not a directory" in str(refusal.value)


async def test_a_folder_in_the_place_of_the_file_is_refused(
    tmp_path: Path, clock: SetClock
) -> None:
    for look in (Database.open(tmp_path, clock), inspect_database(tmp_path)):
        with pytest.raises(StorageError, match=r"^storage\.path: .* is a folder; "):
            await look
    assert list_names(tmp_path) == []


async def test_a_file_that_another_program_has_locked_is_refused_with_its_mend(
    path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.inspection.BUSY_TIMEOUT_S", 0.01)
    await (await Database.open(path, clock)).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError, match=r"^storage\.path: .* locked; close"):
            await Database.open(path, clock)


async def test_a_migration_that_fails_leaves_nothing_behind(path: Path) -> None:
    broken = Migration(1, "CREATE TABLE half (id INTEGER); INSERT INTO missing VALUES (1);")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            connection.executescript(broken.script)
        connection.execute("ROLLBACK")
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)


async def test_a_failed_block_leaves_nothing_and_the_next_one_works(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as session:
            await session.execute("INSERT INTO chats (platform, chat) VALUES ('t', '1')")
            await session.execute("INSERT INTO missing VALUES (1)")

    with pytest.raises(StorageError, match="no such table"):
        await fail()
    assert await count_chats(database) == 0
    await insert_chat(database, "2")
    assert await count_chats(database) == 1


@pytest.mark.parametrize("loops", range(12))
async def test_a_transaction_cancelled_anywhere_is_whole_and_wedges_nothing(
    database: Database, loops: int
) -> None:
    """The cancellation comes after a growing number of turns of the loop: it hits every await."""

    async def write_two() -> None:
        async with database.transaction() as session:
            await session.execute("INSERT INTO chats (platform, chat) VALUES ('t', '1')")
            await session.execute("INSERT INTO chats (platform, chat) VALUES ('t', '2')")

    task = asyncio.create_task(write_two())
    for _ in range(loops):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await count_chats(database) in (0, 2)
    before = await count_chats(database)
    await insert_chat(database, "3")
    assert await count_chats(database) == before + 1


async def test_a_shielded_write_completes_before_its_caller_is_cancelled(
    database: Database,
) -> None:
    began, may_go_on = asyncio.Event(), asyncio.Event()

    @shielded
    async def write_two() -> None:
        async with database.transaction() as session:
            await session.execute("INSERT INTO chats (platform, chat) VALUES ('t', '1')")
            began.set()
            await may_go_on.wait()
            await session.execute("INSERT INTO chats (platform, chat) VALUES ('t', '2')")

    task = asyncio.create_task(write_two())
    await began.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await count_chats(database) == 2


async def test_writers_in_parallel_do_not_mix(database: Database) -> None:
    async def write(name: str, *, fails: bool) -> None:
        async with database.transaction() as session:
            for part in range(3):
                await session.execute(
                    "INSERT INTO chats (platform, chat, thread) VALUES ('t', ?, ?)", (name, part)
                )
                await asyncio.sleep(0)
            if fails:
                raise LookupError(name)

    writers = [write(str(number), fails=number % 2 == 0) for number in range(20)]
    results = await asyncio.gather(*writers, return_exceptions=True)
    assert [str(result) for result in results if result] == [str(n) for n in range(0, 20, 2)]
    async with database.reading() as session:
        rows = await session.execute("SELECT chat, count(*) FROM chats GROUP BY chat")
    assert dict(rows) == {str(number): 3 for number in range(1, 20, 2)}


async def test_a_reader_never_sees_an_open_transaction(database: Database) -> None:
    wrote, may_go_on = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with database.transaction() as session:
            await session.execute("INSERT INTO chats (platform, chat) VALUES ('t', '1')")
            wrote.set()
            await may_go_on.wait()
            raise LookupError

    writer = asyncio.create_task(write())
    await wrote.wait()
    reader = asyncio.create_task(count_chats(database))
    await asyncio.sleep(0)
    may_go_on.set()
    with pytest.raises(LookupError):
        await writer
    assert await reader == 0


async def test_close_waits_for_what_runs_and_again_is_harmless(path: Path, clock: SetClock) -> None:
    database = await Database.open(path, clock)
    assert await database.is_ready()
    writes = [asyncio.create_task(insert_chat(database, str(number))) for number in range(10)]
    await asyncio.sleep(0)
    await asyncio.gather(database.close(), database.close())
    await asyncio.gather(*writes)
    await database.close()
    assert not await database.is_ready()
    with pytest.raises(StorageError, match="closed"):
        await insert_chat(database, "late")
    reopened = await Database.open(path, clock)
    assert await count_chats(reopened) == 10
    await reopened.close()


async def test_a_sound_database_has_no_problems(database: Database) -> None:
    await insert_chat(database, "1")
    assert await database.find_problems() == ()


async def test_inspecting_a_missing_file_creates_nothing(path: Path) -> None:
    report = await inspect_database(path)
    assert (report.exists, report.newest_schema) == (False, NEWEST)
    assert list(path.parent.iterdir()) == []


async def test_inspecting_tells_whether_a_bot_uses_the_file(path: Path, clock: SetClock) -> None:
    database = await Database.open(path, clock)
    while_open = await inspect_database(path)
    await database.close()
    after = await inspect_database(path)
    assert (while_open.is_in_use, after.is_in_use) == (True, False)
    assert (after.schema, after.problems) == (NEWEST, ())
    again = await Database.open(path, clock)
    assert await again.is_ready()
    await again.close()


async def test_inspecting_finds_a_damaged_page(path: Path, clock: SetClock) -> None:
    database = await Database.open(path, clock)
    for number in range(500):
        await insert_chat(database, f"{number:0200}")
    await database.close()
    damage(path)
    report = await inspect_database(path)
    assert report.problems
