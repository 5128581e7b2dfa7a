"""All stores over one database, opened and closed together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from handlers.ports.machine import Clock
from storage.database import Database
from storage.history import SqliteHistory
from storage.inbox import SqliteInbox
from storage.media import MediaFiles
from storage.places import SqlitePlaces
from storage.settings import SqliteSettings
from storage.usage import SqliteUsage


@dataclass(frozen=True, slots=True)
class Stores:
    database: Database
    inbox: SqliteInbox
    history: SqliteHistory
    settings: SqliteSettings
    usage: SqliteUsage
    places: SqlitePlaces
    media: MediaFiles


def media_folder(path: Path) -> Path:
    """Where a database's files are: ``parley.db`` has ``parley-media`` beside it."""
    return path.with_name(f"{path.stem}-media")


@asynccontextmanager
async def open_stores(
    path: Path, clock: Clock, media_path: Path | None = None
) -> AsyncIterator[Stores]:
    """StorageError as ``Database.open`` says it. ``media_path``: default as ``media_folder``."""
    database = await Database.open(path, clock)
    try:
        media = MediaFiles(media_path or media_folder(path))
        await media.remove_leftovers()
        yield Stores(
            database=database,
            inbox=SqliteInbox(database),
            history=SqliteHistory(database),
            settings=SqliteSettings(database),
            usage=SqliteUsage(database),
            places=SqlitePlaces(database),
            media=media,
        )
    finally:
        await database.close()
