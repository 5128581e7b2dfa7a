"""What people chose for each chat."""

import dataclasses
import json

from pydantic import TypeAdapter, ValidationError

from handlers.messages import ChatKey, ChatSettings
from storage.chats import ensure_chat, find_chat
from storage.database import Database, shielded

ADAPTER = TypeAdapter(ChatSettings)


class SqliteSettings:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, chat: ChatKey) -> ChatSettings:
        async with self._database.reading() as session:
            chat_id = await find_chat(session, chat)
            if chat_id is None:
                return ChatSettings()
            [(text,)] = await session.execute("SELECT settings FROM chats WHERE id = ?", (chat_id,))
        return _decode(text)

    @shielded
    async def save(self, chat: ChatKey, settings: ChatSettings) -> None:
        async with self._database.transaction() as session:
            chat_id = await ensure_chat(session, chat)
            await session.execute(
                "UPDATE chats SET settings = ? WHERE id = ?", (_encode(settings), chat_id)
            )


def _encode(settings: ChatSettings) -> str:
    """Only what was chosen: a default that is changed later then holds here too."""
    chosen = {
        field.name: getattr(settings, field.name)
        for field in dataclasses.fields(settings)
        if getattr(settings, field.name) != field.default
    }
    return json.dumps(chosen, ensure_ascii=False)


def _decode(text: str) -> ChatSettings:
    """What this version does not know, be it a setting or its value, falls back to the default."""
    chosen = json.loads(text)
    try:
        return ADAPTER.validate_python(chosen)
    except ValidationError as exc:
        unknown = {error["loc"][0] for error in exc.errors()}
        return ADAPTER.validate_python(
            {name: value for name, value in chosen.items() if name not in unknown}
        )
