"""One SQLite file, one connection, one write at a time."""

import asyncio
import functools
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar, cast

import aiosqlite
import structlog

from handlers.errors import StorageError
from handlers.ports.machine import Clock
from storage.files import FileLock, create_private_file, create_private_folder, lock_path
from storage.inspection import (
    BUSY_TIMEOUT_S,
    MAX_PROBLEMS,
    explain,
    require_no_folder,
    require_usable,
)
from storage.migrations import Migration, load_migrations

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
Row = tuple[Any, ...]  # SQLite's columns have no types that a checker could see

PRAGMAS = (
    f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}",
    "PRAGMA journal_mode = WAL",
    # What the inbox accepted must outlive a power cut: the platform forgets it.
    "PRAGMA synchronous = FULL",
    # What people erased is overwritten, also in pages that are not used any more.
    "PRAGMA secure_delete = ON",
    "PRAGMA journal_size_limit = 67108864",
)


class Session:
    """Statements on the connection while nobody else may use it."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement; its rows, if it has any."""
        values = [repaired(one) if isinstance(one, str) else one for one in parameters]
        try:
            rows = await self._connection.execute_fetchall(sql, values)
        except sqlite3.Error as exc:
            raise StorageError(f"the database failed: {exc}") from exc
        return cast("list[Row]", rows)  # aiosqlite's types promise less than sqlite3 gives


class Database:
    """The way to the file for all stores. Build it with ``Database.open``."""

    def __init__(
        self, path: Path, clock: Clock, connection: aiosqlite.Connection, file_lock: FileLock
    ) -> None:
        self.path = path
        self.clock = clock
        self._connection = connection
        self._file_lock = file_lock
        self._lock = asyncio.Lock()
        self._is_closed = False

    @classmethod
    async def open(cls, path: Path, clock: Clock) -> Self:
        """Create or upgrade the file and open it, for this process alone.

        StorageError if another bot has it open, if it is no database of ours, if its schema is
        newer than this program, or if the disk refuses. What is refused is left as it was.
        """
        file_lock, pending = await asyncio.to_thread(_prepare, path)
        try:
            connection = await aiosqlite.connect(path, isolation_level=None)
        except BaseException as exc:
            file_lock.release()
            if isinstance(exc, sqlite3.Error):
                raise explain(path, exc) from exc
            raise
        database = cls(path, clock, connection, file_lock)
        try:
            await database._set_up(pending)
        except BaseException as exc:
            await database.close()
            if isinstance(exc, sqlite3.Error):
                raise explain(path, exc) from exc
            raise
        return database

    async def _set_up(self, pending: Sequence[Migration]) -> None:
        for pragma in PRAGMAS:
            await self._connection.execute_fetchall(pragma)
        for migration in pending:
            await self._connection.executescript(migration.script)
            log.info("migration_applied", number=migration.number)
        # Only now: a migration that rebuilds a table must not trip over the rows that point to it.
        await self._connection.execute_fetchall("PRAGMA foreign_keys = ON")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """All statements of the block or none, alone on the connection.

        Not re-entrant. An error or a cancellation inside rolls everything back; a method that
        must rather be completed is marked with ``shielded``.
        """
        async with self._lock:
            session = self._session()
            try:
                await session.execute("BEGIN IMMEDIATE")
                yield session
                await session.execute("COMMIT")
            except BaseException:
                await self._roll_back()
                raise

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Session]:
        """Statements that see one state of the data: no write comes in between. Not re-entrant."""
        async with self._lock:
            yield self._session()

    async def is_ready(self) -> bool:
        """Whether the database answers."""
        try:
            async with self.reading() as session:
                await session.execute("SELECT count(*) FROM sqlite_master")
        except StorageError:
            return False
        return True

    async def find_problems(self) -> tuple[str, ...]:
        """SQLite's check of the whole file; empty if it is well. Slow on a large one."""
        async with self.reading() as session:
            rows = await session.execute(f"PRAGMA integrity_check({MAX_PROBLEMS})")
            broken = await session.execute("PRAGMA foreign_key_check")
        problems = [str(text) for (text,) in rows if text != "ok"]
        problems += [f"row {row[1]} of {row[0]} points nowhere" for row in broken[:MAX_PROBLEMS]]
        return tuple(problems)

    async def forget_log(self) -> None:
        """Bring the write-ahead log into the file and empty it: older pages stand in it."""
        async with self._lock:
            await self._session().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        """Wait for what is running, then close; again is harmless.

        Calls that come later raise StorageError.
        """
        await _complete(self._close())

    async def _close(self) -> None:
        async with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            try:
                await self._connection.close()
            except sqlite3.Error as exc:
                raise StorageError(f"cannot close {self.path}: {exc}") from exc
            finally:
                self._file_lock.release()

    def _session(self) -> Session:
        if self._is_closed:
            raise StorageError(f"{self.path} is closed")
        return Session(self._connection)

    async def _roll_back(self) -> None:
        # Always sent, and queued before anything can be cancelled again: whether a cancelled BEGIN
        # or COMMIT was carried out is only known in the connection's thread.
        try:
            await self._connection.execute_fetchall("ROLLBACK")
        except sqlite3.OperationalError as exc:
            log.debug("nothing_to_roll_back", reason=str(exc))


def shielded(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Let the whole method complete even if its caller is cancelled; only then is it cancelled."""

    @functools.wraps(method)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return await _complete(method(*args, **kwargs))

    return run


async def _complete(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                log.debug("cancelled_again_while_writing")
        if not task.cancelled() and (error := task.exception()):
            log.warning("write_failed_for_cancelled_caller", reason=str(error))
        raise


def _prepare(path: Path) -> tuple[FileLock, tuple[Migration, ...]]:
    require_no_folder(path)
    try:
        create_private_folder(path.parent)
        file_lock = FileLock(lock_path(path))
    except OSError as exc:
        raise _refuse(path, exc) from exc
    try:
        create_private_file(path)
        migrations = load_migrations()
        schema = require_usable(path, newest_schema=migrations[-1].number)
    except OSError as exc:
        file_lock.release()
        raise _refuse(path, exc) from exc
    except BaseException:
        file_lock.release()
        raise
    return file_lock, migrations[schema:]


def _refuse(path: Path, exc: OSError) -> StorageError:
    return StorageError(
        f"storage.path: cannot use {path}: {exc.strerror}; "
        "name a file in a folder that the bot may write"
    )


def repaired(text: str) -> str:
    """Text that SQLite can hold: halves of surrogate pairs are joined, or replaced if alone."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
