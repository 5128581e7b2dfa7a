"""What of documents is at the service."""

from collections.abc import Sequence

from handlers.messages import ChatKey
from handlers.ports.documents import HostedFile, HostedState, Rubbish, RubbishKind
from storage.chats import ensure_chat, find_chat
from storage.database import Database, Session, shielded


class SqliteHosted:
    """Whatever erases a document, or gives it to others, has its file removed at the service."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def shelf(self, chat: ChatKey, *, is_for_all: bool) -> str:
        async with self._database.reading() as session:
            chat_id = None if is_for_all else await find_chat(session, chat)
            if chat_id is None and not is_for_all:
                return ""
            rows = await session.execute(
                "SELECT store FROM hosted_shelves WHERE chat_id IS ?", (chat_id,)
            )
        return str(rows[0][0]) if rows else ""

    @shielded
    async def save_shelf(self, chat: ChatKey, store: str, *, is_for_all: bool) -> str:
        async with self._database.transaction() as session:
            chat_id = None if is_for_all else await ensure_chat(session, chat)
            await session.execute(
                "INSERT OR IGNORE INTO hosted_shelves (store, chat_id, saved_at) VALUES (?, ?, ?)",
                (store, chat_id, self._database.clock.now()),
            )
            [(standing,)] = await session.execute(
                "SELECT store FROM hosted_shelves WHERE chat_id IS ?", (chat_id,)
            )
            if standing != store:
                await session.execute(
                    "INSERT OR IGNORE INTO hosted_rubbish (id, kind) VALUES (?, 'store')", (store,)
                )
        return str(standing)

    @shielded
    async def drop_shelf(self, store: str) -> None:
        async with self._database.transaction() as session:
            await session.execute("DELETE FROM hosted_shelves WHERE store = ?", (store,))

    async def files(self, chat: ChatKey) -> tuple[HostedFile, ...]:
        async with self._database.reading() as session:
            rows = await session.execute(
                "SELECT f.document_id, f.store, f.file, f.state FROM hosted_files AS f"
                " JOIN documents AS d ON d.id = f.document_id"
                # A document is never looked for in what belongs to others.
                " JOIN hosted_shelves AS s ON s.store = f.store AND s.chat_id IS d.chat_id"
                " WHERE d.chat_id = ? OR d.chat_id IS NULL ORDER BY f.document_id",
                (await find_chat(session, chat),),
            )
        return tuple(
            HostedFile(document_id, store, file, HostedState(state))
            for document_id, store, file, state in rows
        )

    @shielded
    async def save_file(self, document_id: int, store: str, file: str) -> bool:
        async with self._database.transaction() as session:
            replaced = await session.execute(
                "SELECT file FROM hosted_files WHERE document_id = ?", (document_id,)
            )
            rows = await session.execute(
                "INSERT INTO hosted_files (document_id, store, file, state, saved_at)"
                " SELECT d.id, s.store, ?, 'pending', ? FROM documents AS d, hosted_shelves AS s"
                " WHERE d.id = ? AND s.store = ? AND s.chat_id IS d.chat_id"
                " ON CONFLICT (document_id) DO UPDATE SET store = excluded.store,"
                " file = excluded.file, state = excluded.state, saved_at = excluded.saved_at"
                " RETURNING document_id",
                (file, self._database.clock.now(), document_id, store),
            )
            for (rubbish,) in replaced if rows else [(file,)]:
                await _throw_away(session, rubbish)
        return bool(rows)

    @shielded
    async def set_ready(self, document_id: int, file: str) -> bool:
        async with self._database.transaction() as session:
            rows = await session.execute(
                "UPDATE hosted_files SET state = 'ready' WHERE document_id = ? AND file = ?"
                " RETURNING document_id",
                (document_id, file),
            )
        return bool(rows)

    @shielded
    async def refuse(self, document_id: int, file: str) -> None:
        async with self._database.transaction() as session:
            await session.execute(
                "UPDATE hosted_files SET state = 'refused', file = ''"
                " WHERE document_id = ? AND file = ?",
                (document_id, file),
            )
            await _throw_away(session, file)

    @shielded
    async def drop_file(self, document_id: int) -> None:
        async with self._database.transaction() as session:
            await session.execute("DELETE FROM hosted_files WHERE document_id = ?", (document_id,))

    @shielded
    async def drop_unfinished(self, before: float) -> None:
        async with self._database.transaction() as session:
            await session.execute(
                "DELETE FROM hosted_files WHERE saved_at < ? AND (state = 'pending' OR document_id"
                " IN (SELECT id FROM documents WHERE is_learned = 0))",
                (before,),
            )
            await session.execute(
                "DELETE FROM hosted_shelves WHERE saved_at < ?"
                " AND store NOT IN (SELECT store FROM hosted_files)",
                (before,),
            )

    @shielded
    async def drop_all(self) -> None:
        async with self._database.transaction() as session:
            await session.execute("DELETE FROM hosted_shelves")

    async def rubbish(self, most: int) -> tuple[Rubbish, ...]:
        async with self._database.reading() as session:
            rows = await session.execute(
                # Files first: a vector store does not take its files with it.
                "SELECT id, kind FROM hosted_rubbish ORDER BY kind, rowid LIMIT ?",
                (most,),
            )
        return tuple(Rubbish(found, RubbishKind(kind)) for found, kind in rows)

    @shielded
    async def removed(self, ids: Sequence[str]) -> None:
        async with self._database.transaction() as session:
            for one in ids:
                await session.execute("DELETE FROM hosted_rubbish WHERE id = ?", (one,))


async def _throw_away(session: Session, file: str) -> None:
    await session.execute(
        "INSERT OR IGNORE INTO hosted_rubbish (id, kind) SELECT ?, 'file' WHERE ? != ''",
        (file, file),
    )
