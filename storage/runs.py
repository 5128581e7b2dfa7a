"""Where the code of a chat is run, what is there, and what is still to be erased there."""

from pydantic import TypeAdapter

from handlers.messages import ChatKey
from handlers.ports.code import Container, KeptUpload
from storage.chats import ensure_chat, find_chat
from storage.database import Database, shielded

UPLOADS = TypeAdapter(tuple[KeptUpload, ...])


class SqliteContainers:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, chat: ChatKey) -> Container | None:
        async with self._database.reading() as session:
            chat_id = await find_chat(session, chat)
            rows = await session.execute(
                "SELECT container_id, uploads, font FROM containers WHERE chat_id = ?", (chat_id,)
            )
        for container, uploads, font in rows:
            return Container(container, UPLOADS.validate_json(uploads), font)
        return None

    @shielded
    async def save(self, chat: ChatKey, container: Container) -> None:
        uploads = UPLOADS.dump_json(container.uploads).decode()
        async with self._database.transaction() as session:
            chat_id = await ensure_chat(session, chat)
            await session.execute(
                "INSERT OR REPLACE INTO containers (chat_id, container_id, uploads, font, saved_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (chat_id, container.id, uploads, container.font, self._database.clock.now()),
            )


class SqliteRuns:
    def __init__(self, database: Database) -> None:
        self._database = database

    @shielded
    async def save(self, run: str, forget_at: float) -> None:
        async with self._database.transaction() as session:
            await session.execute(
                "INSERT OR REPLACE INTO runs (run_id, forget_at) VALUES (?, ?)", (run, forget_at)
            )

    async def due(self, now: float, most: int) -> tuple[str, ...]:
        async with self._database.reading() as session:
            rows = await session.execute(
                "SELECT run_id FROM runs WHERE forget_at <= ? ORDER BY forget_at LIMIT ?",
                (now, most),
            )
        return tuple(run for (run,) in rows)

    @shielded
    async def drop(self, run: str) -> None:
        async with self._database.transaction() as session:
            await session.execute("DELETE FROM runs WHERE run_id = ?", (run,))
