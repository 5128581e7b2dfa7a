"""Which row is which conversation, also after the platform gave it another name."""

from handlers.messages import ChatKey
from storage.database import Session
from storage.memories import move_memories
from storage.word_index import index_moved, move_index


async def find_chat(session: Session, key: ChatKey) -> int | None:
    """The id of the conversation that has this name, or had it."""
    names = (key.platform, key.chat, key.thread)
    rows = await session.execute(
        "SELECT id FROM chats WHERE platform = ? AND chat = ? AND thread = ? UNION ALL"
        " SELECT chat_id FROM chat_aliases WHERE platform = ? AND chat = ? AND thread = ?",
        names * 2,
    )
    return int(rows[0][0]) if rows else None


async def ensure_chat(session: Session, key: ChatKey) -> int:
    """The id of the conversation, which is created if nobody has spoken there yet."""
    chat_id = await find_chat(session, key)
    if chat_id is not None:
        return chat_id
    [(created,)] = await session.execute(
        "INSERT INTO chats (platform, chat, thread) VALUES (?, ?, ?) RETURNING id",
        (key.platform, key.chat, key.thread),
    )
    return int(created)


async def migrate_chat(session: Session, old: ChatKey, new: ChatKey) -> None:
    """Let the conversation ``old`` go on under the name ``new``.

    The old name stays known as another name for it, so that a turn that began before still ends
    in the right place. If people have spoken in ``new`` already, both become one, in order of time.
    """
    if not (old.thread or new.thread):
        await move_memories(session, f"{old.platform}:{old.chat}", f"{new.platform}:{new.chat}")
    old_id = await find_chat(session, old)
    new_id = await find_chat(session, new)
    if old_id is None or old_id == new_id:
        return
    if new_id is not None:
        await _merge(session, into=old_id, source=new_id)
    await session.execute(
        "INSERT OR IGNORE INTO chat_aliases (platform, chat, thread, chat_id)"
        " SELECT platform, chat, thread, id FROM chats WHERE id = ?",
        (old_id,),
    )
    await session.execute(
        "UPDATE chats SET platform = ?, chat = ?, thread = ? WHERE id = ?",
        (new.platform, new.chat, new.thread, old_id),
    )


async def _merge(session: Session, into: int, source: int) -> None:
    """Move everything of ``source``, the younger and so the smaller one, and remove it."""
    await _merge_windows(session, into, source)
    await move_index(session, into, source)
    await session.execute(
        # What was chosen later wins.
        "UPDATE chats SET settings = json_patch(settings,"
        " (SELECT settings FROM chats WHERE id = ?)) WHERE id = ?",
        (source, into),
    )
    # Assistants of one name stay both: each says who made it.
    for table in ("exchanges", "inbox", "usage", "chat_aliases", "reminders", "assistants"):
        await session.execute(
            f"UPDATE {table} SET chat_id = ? WHERE chat_id = ?",  # noqa: S608  # names of ours
            (into, source),
        )
    await index_moved(session)  # a young chat whole; the rest waits for its turn
    # Of two schemas of one name that of ``source``, saved later by all odds, is the one meant.
    await session.execute(
        "UPDATE OR REPLACE schemas SET chat_id = ? WHERE chat_id = ?", (into, source)
    )
    # Of two containers that of ``source`` was used later, and a chat has one.
    await session.execute(
        "UPDATE OR REPLACE containers SET chat_id = ? WHERE chat_id = ?", (into, source)
    )
    await _merge_documents(session, into, source)
    await _merge_places(session, into, source)
    await session.execute(
        "UPDATE exchanges SET ordinal = place FROM"
        " (SELECT id AS moved, row_number() OVER (ORDER BY id) AS place"
        "  FROM exchanges WHERE chat_id = ?)"
        " WHERE id = moved AND ordinal != place",
        (into,),
    )
    await session.execute("DELETE FROM chats WHERE id = ?", (source,))


async def _merge_documents(session: Session, into: int, source: int) -> None:
    """A file that both have is one, and learned if it was in either."""
    await session.execute(
        "UPDATE documents SET is_learned = 1 WHERE chat_id = ? AND sha256 IN"
        " (SELECT sha256 FROM documents WHERE chat_id = ? AND is_learned)",
        (into, source),
    )
    await session.execute(
        "UPDATE OR IGNORE documents SET chat_id = ? WHERE chat_id = ?", (into, source)
    )


async def _merge_places(session: Session, into: int, source: int) -> None:
    """What was seen last holds; what was followed under either name still is."""
    await session.execute(
        "INSERT INTO places (chat_id, is_followed, seen, saved_at)"
        " SELECT ?, is_followed, seen, saved_at FROM places WHERE chat_id = ?"
        " ON CONFLICT DO UPDATE SET"
        " is_followed = max(is_followed, excluded.is_followed),"
        " seen = iif(excluded.saved_at < saved_at, seen, excluded.seen),"
        " saved_at = max(saved_at, excluded.saved_at)",
        (into, source),
    )


async def _merge_windows(session: Session, into: int, source: int) -> None:
    """Before the rows move: nothing may be in neither the window nor a summary but what /new left.

    Rather than that, the next summary reads again what a summary has already.
    """
    rows = await session.execute(
        "SELECT window_start, reset_through, summarised_through, summary FROM chats"
        " WHERE id IN (?, ?) ORDER BY id = ?",
        (into, source, source),
    )
    reset_through = max(reset for _, reset, _, _ in rows)
    summaries = [text for _, _, through, text in rows if text and through > reset_through]
    summarised_through = max(through for _, _, through, _ in rows)
    [(uncovered,)] = await session.execute(
        "SELECT min(e.id) FROM exchanges AS e JOIN chats AS c ON c.id = e.chat_id"
        " WHERE c.id IN (?, ?) AND e.id > c.summarised_through AND e.id > ?",
        (into, source, reset_through),
    )
    if uncovered is not None:
        summarised_through = min(summarised_through, uncovered - 1)
    await session.execute(
        "UPDATE chats SET window_start = ?, reset_through = ?, summary = ?, summarised_through = ?"
        " WHERE id = ?",
        (
            max(start for start, _, _, _ in rows),
            reset_through,
            "\n\n".join(summaries),
            summarised_through,
            into,
        ),
    )
