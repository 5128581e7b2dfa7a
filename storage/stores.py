"""All stores over one database, opened and closed together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from handlers.ports.machine import Clock
from storage.assistants import SqliteAssistants
from storage.database import Database
from storage.documents import SqliteDocuments
from storage.erasing import SqliteErasing
from storage.history import SqliteHistory
from storage.hosted import SqliteHosted
from storage.inbox import SqliteInbox
from storage.media import MediaFiles
from storage.memories import SqliteMemories
from storage.places import SqlitePlaces
from storage.recall import SqliteRecall
from storage.reminders import SqlitePeople, SqliteReminders
from storage.runs import SqliteContainers, SqliteRuns
from storage.schemas import SqliteSchemas
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
    schemas: SqliteSchemas
    documents: SqliteDocuments
    hosted: SqliteHosted
    recall: SqliteRecall
    memories: SqliteMemories
    erasing: SqliteErasing
    assistants: SqliteAssistants
    reminders: SqliteReminders
    people: SqlitePeople
    containers: SqliteContainers
    runs: SqliteRuns
    media: MediaFiles


def media_folder(path: Path) -> Path:
    """Where a database's files are: ``parley.db`` has ``parley-media`` beside it."""
    return path.with_name(f"{path.stem}-media")


@asynccontextmanager
async def open_stores(
    path: Path,
    clock: Clock,
    media_path: Path | None = None,
    unsaid: frozenset[str] = frozenset(),
) -> AsyncIterator[Stores]:
    """StorageError as ``Database.open`` says it. ``media_path``: default as ``media_folder``.

    ``unsaid``: as SqliteRecall takes it.
    """
    database = await Database.open(path, clock)
    try:
        media = MediaFiles(media_path or media_folder(path))
        await media.remove_leftovers()
        recall = SqliteRecall(database, unsaid)
        await recall.prepare()
        yield Stores(
            database=database,
            inbox=SqliteInbox(database),
            history=SqliteHistory(database),
            settings=SqliteSettings(database),
            usage=SqliteUsage(database),
            places=SqlitePlaces(database),
            schemas=SqliteSchemas(database),
            documents=SqliteDocuments(database),
            hosted=SqliteHosted(database),
            recall=recall,
            memories=SqliteMemories(database),
            erasing=SqliteErasing(database),
            assistants=SqliteAssistants(database),
            reminders=SqliteReminders(database),
            people=SqlitePeople(database),
            containers=SqliteContainers(database),
            runs=SqliteRuns(database),
            media=media,
        )
    finally:
        await database.close()
