"""Where a platform listens that brings no message twice, and how far it was read there."""

from collections.abc import Sequence

from handlers.messages import ChatKey
from handlers.ports.stores import Place
from storage.chats import ensure_chat
from storage.database import Database, shielded


class SqlitePlaces:
    """A place goes with its chat: a chat that is renamed or joined with another keeps one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, platform: str) -> tuple[Place, ...]:
        """As the port says, each under the name that its chat has today."""
        async with self._database.reading() as session:
            rows = await session.execute(
                "SELECT c.platform, c.chat, c.thread, p.is_followed, p.seen"
                " FROM chats AS c JOIN places AS p ON p.chat_id = c.id WHERE c.platform = ?"
                " ORDER BY p.saved_at DESC, c.id DESC",
                (platform,),
            )
        return tuple(
            Place(ChatKey(*name), is_followed=bool(is_followed), seen=seen)
            for *name, is_followed, seen in rows
        )

    @shielded
    async def save(self, places: Sequence[Place]) -> None:
        """As the port says. Of two for the same chat the later one holds."""
        if not places:
            return
        now = self._database.clock.now()
        async with self._database.transaction() as session:
            for place in places:
                await session.execute(
                    "INSERT INTO places (chat_id, is_followed, seen, saved_at) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT DO UPDATE SET is_followed = excluded.is_followed,"
                    " seen = excluded.seen, saved_at = excluded.saved_at",
                    (await ensure_chat(session, place.chat), place.is_followed, place.seen, now),
                )
