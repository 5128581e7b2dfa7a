"""What a chat or a person said, erased: from the tables, the index and the log."""

from handlers.messages import ChatKey
from storage.chats import find_chat
from storage.database import Database, shielded
from storage.word_index import clean_index, drop_from_index

BATCH_ROWS = 200


class SqliteErasing:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def erase(self, chat: ChatKey | None = None, person: str = "") -> int:
        """Erase what was said in ``chat``, by ``person`` (``telegram:1``), or by one in the other.

        How many exchanges it was. With them go their summaries, which may repeat them, and what
        searches found. Others get their turns in between; a crash leaves it half done, and again
        finishes it. A page that SQLite rearranged may keep an older copy of a row until it is used
        anew: only a VACUUM is sure to leave none.
        """
        if chat is None and not person:
            raise ValueError("everything is not erased by leaving out what to erase")
        erased = 0
        while batch := await self._erase_some(chat, person):
            erased += batch
        if erased:
            while await self._clean():
                pass
            await self._database.forget_log()
        return erased

    @shielded
    async def _erase_some(self, chat: ChatKey | None, person: str) -> int:
        async with self._database.transaction() as session:
            chat_id = None if chat is None else await find_chat(session, chat)
            if chat is not None and chat_id is None:
                return 0
            conditions = {"chat_id": chat_id, "person": person or None}
            chosen = {name: value for name, value in conditions.items() if value is not None}
            where = " AND ".join(f"{name} = ?" for name in chosen)
            rows = await session.execute(
                f"SELECT id, chat_id FROM exchanges WHERE {where} LIMIT ?",  # noqa: S608  # ours
                (*chosen.values(), BATCH_ROWS),
            )
            for exchange_id, _ in rows:
                await drop_from_index(session, exchange_id)
                await session.execute("DELETE FROM exchanges WHERE id = ?", (exchange_id,))
            for one in {number for _, number in rows}:
                await session.execute("UPDATE chats SET summary = '' WHERE id = ?", (one,))
                await session.execute("DELETE FROM recall_searches WHERE chat_id = ?", (one,))
        return len(rows)

    @shielded
    async def _clean(self) -> bool:
        async with self._database.transaction() as session:
            return await clean_index(session)
