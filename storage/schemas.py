"""JSON Schemas that chats keep under a name."""

from handlers.messages import ChatKey
from handlers.ports.stores import SavedSchema
from storage.chats import ensure_chat, find_chat
from storage.database import Database, shielded


class SqliteSchemas:
    """A chat that is renamed or joined with another keeps its schemas."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, chat: ChatKey) -> tuple[SavedSchema, ...]:
        async with self._database.reading() as session:
            chat_id = await find_chat(session, chat)
            rows = await session.execute(
                "SELECT name, text FROM schemas WHERE chat_id = ? ORDER BY name", (chat_id,)
            )
        return tuple(SavedSchema(name, text) for name, text in rows)

    @shielded
    async def save(self, chat: ChatKey, schema: SavedSchema, most: int) -> bool:
        async with self._database.transaction() as session:
            chat_id = await ensure_chat(session, chat)
            [(others,)] = await session.execute(
                "SELECT count(*) FROM schemas WHERE chat_id = ? AND name != ?",
                (chat_id, schema.name),
            )
            if others >= most:
                return False
            await session.execute(
                "INSERT INTO schemas (chat_id, name, text, saved_at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET text = excluded.text, saved_at = excluded.saved_at",
                (chat_id, schema.name, schema.text, self._database.clock.now()),
            )
        return True

    @shielded
    async def remove(self, chat: ChatKey, name: str) -> bool:
        async with self._database.transaction() as session:
            chat_id = await find_chat(session, chat)
            rows = await session.execute(
                "DELETE FROM schemas WHERE chat_id = ? AND name = ? RETURNING name",
                (chat_id, name),
            )
        return bool(rows)
