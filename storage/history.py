"""What was said in each chat, and which part of it the model may see."""

from collections.abc import Sequence

from handlers.messages import ChatKey, Exchange, UsageEntry
from handlers.ports.stores import History
from storage.chats import ensure_chat, find_chat, migrate_chat
from storage.database import Database, shielded
from storage.exchanges import find_answer_in, find_exchange, read_range, read_window
from storage.usage import insert_usage

# Far more than a window holds; keeps a chat whose window was never trimmed from filling memory.
MAX_LOADED = 1000


class SqliteHistory:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, chat: ChatKey) -> History:
        async with self._database.reading() as session:
            chat_id = await find_chat(session, chat)
            if chat_id is None:
                return History()
            [(window_start, summary, summarised_through)] = await session.execute(
                "SELECT window_start, summary, summarised_through FROM chats WHERE id = ?",
                (chat_id,),
            )
            exchanges = await read_window(session, chat_id, window_start, MAX_LOADED)
            newest = await session.execute(
                "SELECT ordinal FROM exchanges WHERE chat_id = ? ORDER BY id DESC LIMIT 1",
                (chat_id,),
            )
        return History(exchanges, summary, summarised_through, newest[0][0] if newest else 0)

    async def unsummarised(self, chat: ChatKey) -> tuple[Exchange, ...]:
        """As the port says, but at most ``MAX_LOADED``; once those are summarised, the rest."""
        async with self._database.reading() as session:
            chat_id = await find_chat(session, chat)
            if chat_id is None:
                return ()
            [(after, through)] = await session.execute(
                "SELECT summarised_through, window_start FROM chats WHERE id = ?", (chat_id,)
            )
            return await read_range(session, chat_id, after, through, MAX_LOADED)

    @shielded
    async def save_summary(
        self, chat: ChatKey, summary: str, through: int, usage: Sequence[UsageEntry]
    ) -> None:
        """As the port says; a summary that reaches less far than the stored one is not kept."""
        async with self._database.transaction() as session:
            chat_id = await ensure_chat(session, chat)
            await session.execute(
                "UPDATE chats SET summary = ?, summarised_through = ?"
                " WHERE id = ? AND ? > reset_through AND ? >= summarised_through",
                (summary, through, chat_id, through, through),
            )
            # Who asked last made the window overflow, so the summary is on their bill.
            asked = await session.execute(
                "SELECT person FROM exchanges WHERE chat_id = ? ORDER BY id DESC LIMIT 1",
                (chat_id,),
            )
            person = asked[0][0] if asked else ""
            await insert_usage(session, usage, person, chat_id, self._database.clock.now())

    async def find(self, chat: ChatKey, exchange_id: int) -> Exchange | None:
        """As the port says."""
        async with self._database.reading() as session:
            chat_id = await find_chat(session, chat)
            if chat_id is None:
                return None
            return await find_exchange(session, chat_id, exchange_id)

    async def find_answer(self, chat: ChatKey, message_id: str) -> Exchange | None:
        """As the port says."""
        async with self._database.reading() as session:
            chat_id = await find_chat(session, chat)
            if chat_id is None:
                return None
            return await find_answer_in(session, chat_id, message_id, MAX_LOADED)

    @shielded
    async def reset(self, chat: ChatKey) -> None:
        async with self._database.transaction() as session:
            chat_id = await find_chat(session, chat)
            if chat_id is None:
                return
            await session.execute(
                "UPDATE chats SET summary = '', window_start = newest, reset_through = newest,"
                " summarised_through = newest"
                " FROM (SELECT coalesce(max(id), 0) AS newest FROM exchanges WHERE chat_id = ?)"
                " WHERE chats.id = ?",
                (chat_id, chat_id),
            )
            await session.execute(
                "UPDATE documents SET recent_until = 0 WHERE chat_id = ? AND recent_until > 0",
                (chat_id,),
            )

    @shielded
    async def migrate(self, old: ChatKey, new: ChatKey) -> None:
        async with self._database.transaction() as session:
            await migrate_chat(session, old, new)
