"""A look at a database file that changes nothing: is it ours, how old, is it whole?

Everything here but ``inspect_database`` blocks: call it in a thread.
"""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from handlers.errors import StorageError
from storage.files import is_locked, lock_path
from storage.migrations import load_migrations

APPLICATION_ID = 0x5061726C  # 'Parl', as the first migration sets it
OLDEST_SQLITE = (3, 37, 0)  # STRICT tables
BUSY_TIMEOUT_S = 5.0
MAX_PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class DatabaseReport:
    """What ``python -m bot check`` tells of a database."""

    exists: bool
    is_in_use: bool = False
    """A bot has it open."""
    schema: int = 0
    newest_schema: int = 0
    """What this program brings it to."""
    problems: tuple[str, ...] = ()
    """SQLite's findings, empty for a whole file."""


def require_usable(path: Path, newest_schema: int) -> int:
    """The schema number of the file; StorageError if this program must not touch it."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        needed = ".".join(map(str, OLDEST_SQLITE))
        raise StorageError(f"SQLite {sqlite3.sqlite_version} is too old: {needed} is needed")
    with _reading(path) as connection:
        (schema,) = connection.execute("PRAGMA user_version").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    is_empty = schema == 0 and tables == 0
    if application != APPLICATION_ID and not is_empty:
        raise StorageError(
            f"storage.path: {path} is the database of another program; name another file"
        )
    if schema > newest_schema:
        raise StorageError(
            f"storage.path: {path} was written by a newer version of this program "
            f"(its schema is {schema}, this program knows {newest_schema}); "
            "update the program or restore a backup"
        )
    return int(schema)


async def inspect_database(path: Path) -> DatabaseReport:
    """Read the file, also while a bot uses it. StorageError if it is unusable."""
    return await asyncio.to_thread(_inspect, path)


def _inspect(path: Path) -> DatabaseReport:
    newest = load_migrations()[-1].number
    require_no_folder(path)
    if not path.exists():
        return DatabaseReport(exists=False, newest_schema=newest)
    schema = require_usable(path, newest)
    return DatabaseReport(
        exists=True,
        is_in_use=is_locked(lock_path(path)),
        schema=schema,
        newest_schema=newest,
        problems=_find_problems(path),
    )


def _find_problems(path: Path) -> tuple[str, ...]:
    with _reading(path) as connection:
        try:
            rows = connection.execute(f"PRAGMA integrity_check({MAX_PROBLEMS})").fetchall()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as exc:  # damaged so badly that the check gives up
            return (str(exc),)
    return tuple(text for (text,) in rows if text != "ok")


def require_no_folder(path: Path) -> None:
    if path.is_dir():
        raise StorageError(
            f"storage.path: {path} is a folder; name a file in it, such as {path / 'parley.db'}"
        )


def explain(path: Path, exc: sqlite3.Error) -> StorageError:
    """SQLite's refusal to open or read the file, with what mends it."""
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF  # the rest of it says where it happened
    if code == sqlite3.SQLITE_NOTADB:
        told, mend = "is not a database", "name another file, or restore a backup"
    elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        told, mend = "is locked", "close the program that uses it, or name another file"
    elif code == sqlite3.SQLITE_CORRUPT:
        told, mend = f"is damaged ({exc})", "restore a backup"
    elif code == sqlite3.SQLITE_FULL:
        told, mend = "has no room to grow", "free space on its disk"
    else:
        told = f"cannot be used ({exc})"
        mend = "see that the bot may read and write it and its folder"
    return StorageError(f"storage.path: {path} {told}; {mend}")


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        address = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
            yield connection
    except sqlite3.Error as exc:
        raise explain(path, exc) from exc
