"""Named assistants."""

import json

from handlers.messages import ChatKey
from handlers.ports.assistants import Assistant, Sharing
from storage.chats import ensure_chat, find_chat
from storage.database import Database, Row, shielded

_SELECT = (
    "SELECT a.id, a.name, a.person, a.reach, a.instructions, a.model, a.tools,"
    " c.platform, c.chat, c.thread FROM assistants AS a LEFT JOIN chats AS c ON c.id = a.chat_id"
)


class SqliteAssistants:
    """One that is for a chat goes with it, also under a new name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def in_reach(self, chat: ChatKey, person: str) -> tuple[Assistant, ...]:
        async with self._database.reading() as session:
            chat_id = await find_chat(session, chat)
            rows = await session.execute(
                f"{_SELECT} WHERE a.person = ? OR (a.reach = 'chat' AND a.chat_id = ?)"
                " OR a.reach = 'all' ORDER BY a.name, a.id",
                (person, chat_id),
            )
        return tuple(map(_read, rows))

    async def find(self, assistant_id: int) -> Assistant | None:
        async with self._database.reading() as session:
            rows = await session.execute(f"{_SELECT} WHERE a.id = ?", (assistant_id,))
        return _read(rows[0]) if rows else None

    @shielded
    async def save(self, assistant: Assistant, most: int) -> int:
        tools = None if assistant.tools is None else json.dumps(assistant.tools)
        async with self._database.transaction() as session:
            chat_id = await ensure_chat(session, assistant.chat)
            if assistant.id:
                await session.execute(
                    "UPDATE assistants SET name = ?, reach = ?, chat_id = ?, instructions = ?,"
                    " model = ?, tools = ?, saved_at = ? WHERE id = ?",
                    (
                        *(assistant.name, assistant.reach, chat_id, assistant.instructions),
                        *(assistant.model, tools, self._database.clock.now(), assistant.id),
                    ),
                )
                return assistant.id
            [(there,)] = await session.execute(
                "SELECT count(*) FROM assistants WHERE person = ?", (assistant.person,)
            )
            if there >= most:
                return 0
            [(assistant_id,)] = await session.execute(
                "INSERT INTO assistants (name, person, reach, chat_id, instructions, model, tools,"
                " saved_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    *(assistant.name, assistant.person, assistant.reach, chat_id),
                    *(assistant.instructions, assistant.model, tools),
                    self._database.clock.now(),
                ),
            )
        return int(assistant_id)

    @shielded
    async def remove(self, assistant_id: int) -> None:
        async with self._database.transaction() as session:
            await session.execute("DELETE FROM assistants WHERE id = ?", (assistant_id,))


def _read(row: Row) -> Assistant:
    assistant_id, name, person, reach, instructions, model, tools, platform, chat, thread = row
    return Assistant(
        id=assistant_id,
        name=name,
        person=person,
        chat=ChatKey(platform or "", chat or "", thread or ""),
        instructions=instructions,
        model=model,
        tools=None if tools is None else tuple(json.loads(tools)),
        reach=Sharing(reach),
    )
