"""Messages whose failure was told, and which may be tried again."""

import json

from handlers.messages import IncomingMessage, Origin
from storage.chats import ensure_chat
from storage.database import Row, Session

TOLD = "told"
"""The slot of the line that told the failure; its button names it."""


async def find_failed(session: Session, retry: IncomingMessage) -> tuple[int, str] | None:
    """The row that ``retry`` means, as its id and its message.

    A button means the failure that it stands under; typed, it is the newest, unless something was
    answered since.
    """
    chat_id = await ensure_chat(session, retry.chat)
    rows = await session.execute(
        "SELECT i.id, i.message, i.failed_at, s.ids FROM inbox AS i"
        " LEFT JOIN inbox_sent AS s ON s.inbox_id = i.id AND s.slot = ?"
        " WHERE i.chat_id = ? AND i.failed_at IS NOT NULL ORDER BY i.failed_at DESC, i.id DESC",
        (TOLD, chat_id),
    )
    if retry.origin is Origin.BUTTON:
        for inbox_id, text, _, ids in rows:
            if retry.message_id in json.loads(ids or "[]"):
                return int(inbox_id), str(text)
        return None
    if not rows:
        return None
    inbox_id, text, failed_at, _ = rows[0]
    [(answered_at,)] = await session.execute(
        "SELECT max(answered_at) FROM exchanges WHERE chat_id = ?", (chat_id,)
    )
    if answered_at is not None and answered_at > failed_at:
        return None
    return int(inbox_id), str(text)


async def old_failures(session: Session, before: float) -> list[Row]:
    """The keys of those that failed before a time."""
    return await session.execute("SELECT key FROM inbox WHERE failed_at < ?", (before,))
