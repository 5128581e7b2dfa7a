"""What people are to be told at a time, and where they are in time."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict

from handlers.messages import ChatKey, Sender
from handlers.ports.reminders import Reminder
from storage.chats import ensure_chat, find_chat
from storage.database import Database, Row, shielded

_SELECT = (
    "SELECT r.id, c.platform, c.chat, c.thread, r.sender, r.is_group, r.message_id, r.text,"
    " r.due_at, r.begins, r.timezone, r.rule"
    " FROM reminders AS r JOIN chats AS c ON c.id = r.chat_id"
)


class SqliteReminders:
    """A chat that is renamed keeps its reminders, and they come in it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @shielded
    async def add(self, reminder: Reminder, most: int) -> int:
        person = reminder.sender.key
        async with self._database.transaction() as session:
            chat_id = await ensure_chat(session, reminder.chat)
            same = await session.execute(
                "SELECT id FROM reminders WHERE chat_id = ? AND person = ? AND text = ?"
                " AND rule = ? AND abs(due_at - ?) < 60 ORDER BY id LIMIT 1",
                (chat_id, person, reminder.text, reminder.rule, reminder.due_at),
            )
            if same:
                return int(same[0][0])
            [(there,)] = await session.execute(
                "SELECT count(*) FROM reminders WHERE chat_id = ? AND person = ?",
                (chat_id, person),
            )
            if there >= most:
                return 0
            [(reminder_id,)] = await session.execute(
                "INSERT INTO reminders (chat_id, person, sender, is_group, message_id, text,"
                " due_at, begins, timezone, rule, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    *(chat_id, person, json.dumps(asdict(reminder.sender))),
                    *(reminder.is_group, reminder.message_id, reminder.text, reminder.due_at),
                    *(reminder.begins, reminder.timezone, reminder.rule),
                    self._database.clock.now(),
                ),
            )
        return int(reminder_id)

    async def of_person(self, chat: ChatKey, person: str) -> tuple[Reminder, ...]:
        async with self._database.reading() as session:
            chat_id = await find_chat(session, chat)
            rows = await session.execute(
                f"{_SELECT} WHERE r.chat_id = ? AND r.person = ? ORDER BY r.due_at, r.id",
                (chat_id, person),
            )
        return tuple(map(_read, rows))

    async def due(self, now: float, platforms: Collection[str], limit: int) -> tuple[Reminder, ...]:
        async with self._database.reading() as session:
            rows = await session.execute(
                f"{_SELECT} WHERE r.due_at <= ? AND c.platform IN"  # noqa: S608  # ours
                " (SELECT value FROM json_each(?)) ORDER BY r.due_at, r.id LIMIT ?",
                (now, json.dumps(sorted(platforms)), limit),
            )
        return tuple(map(_read, rows))

    async def next_due(self, platforms: Collection[str]) -> float | None:
        async with self._database.reading() as session:
            rows = await session.execute(
                "SELECT r.due_at FROM reminders AS r JOIN chats AS c ON c.id = r.chat_id"
                " WHERE c.platform IN (SELECT value FROM json_each(?))"
                " ORDER BY r.due_at LIMIT 1",
                (json.dumps(sorted(platforms)),),
            )
        return float(rows[0][0]) if rows else None

    @shielded
    async def move(self, reminder: Reminder) -> None:
        async with self._database.transaction() as session:
            await session.execute(
                "UPDATE reminders SET due_at = ?, begins = ? WHERE id = ?",
                (reminder.due_at, reminder.begins, reminder.id),
            )

    @shielded
    async def remove(self, ids: Sequence[int]) -> None:
        async with self._database.transaction() as session:
            for reminder_id in ids:
                await session.execute("DELETE FROM reminders WHERE id = ?", (reminder_id,))


class SqlitePeople:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def timezone(self, person: str) -> str:
        async with self._database.reading() as session:
            rows = await session.execute("SELECT timezone FROM people WHERE person = ?", (person,))
        return str(rows[0][0]) if rows else ""

    @shielded
    async def save_timezone(self, person: str, timezone: str) -> None:
        async with self._database.transaction() as session:
            await session.execute(
                "INSERT INTO people (person, timezone) VALUES (?, ?)"
                " ON CONFLICT DO UPDATE SET timezone = excluded.timezone",
                (person, timezone),
            )


def _read(row: Row) -> Reminder:
    reminder_id, platform, chat, thread, sender, is_group, message_id, *rest = row
    text, due_at, begins, timezone, rule = rest
    return Reminder(
        id=reminder_id,
        chat=ChatKey(platform, chat, thread),
        sender=Sender(**json.loads(sender)),
        is_group=bool(is_group),
        message_id=message_id,
        text=text,
        due_at=due_at,
        begins=begins,
        timezone=timezone,
        rule=rule,
    )
