"""The schemas that a chat keeps, and files that hold one."""

import json

from handlers.errors import NothingToDoError, SchemaInvalidError
from handlers.exact.json_schemas import MAX_CHARACTERS, Schema
from handlers.messages import Attachment, AttachmentKind, ChatKey
from handlers.ports.stores import SavedSchema, SchemaStore
from handlers.turn import Turn

MAX_SCHEMAS = 50
"""In one chat."""


class SavedSchemas:
    def __init__(self, store: SchemaStore) -> None:
        self._store = store

    async def find(self, chat: ChatKey, name: str) -> Schema:
        """NothingToDoError if there is none of the name."""
        for saved in await self._store.load(chat):
            if saved.name == name:
                schema: Schema = json.loads(saved.text)
                return schema
        raise NothingToDoError("schema_unknown")

    async def all(self, chat: ChatKey) -> tuple[SavedSchema, ...]:
        return await self._store.load(chat)

    async def add(self, chat: ChatKey, name: str, schema: Schema) -> None:
        """In the place of one with its name. NothingToDoError if the chat has too many."""
        text = json.dumps(schema, ensure_ascii=False)
        if not await self._store.save(chat, SavedSchema(name, text), MAX_SCHEMAS):
            raise NothingToDoError("schema_too_many")

    async def remove(self, chat: ChatKey, name: str) -> None:
        """NothingToDoError if there is none of the name."""
        if not await self._store.remove(chat, name):
            raise NothingToDoError("schema_unknown")


def is_json_file(attachment: Attachment) -> bool:
    is_file = attachment.kind in (AttachmentKind.DOCUMENT, AttachmentKind.OTHER)
    return is_file and (
        attachment.name.lower().endswith(".json") or attachment.mime == "application/json"
    )


async def read_json_file(turn: Turn, attachment: Attachment) -> str:
    """Its text. SchemaInvalidError if it is none, or larger than a schema may be."""
    most = 4 * MAX_CHARACTERS  # as many bytes as a letter can take
    if (attachment.size_bytes or 0) > most:
        what = f"it is too large; at most {MAX_CHARACTERS:,} characters"
        raise SchemaInvalidError("file too large", where=attachment.name, what=what)
    async with turn.downloaded(attachment) as data:
        try:
            return data[: most + 1].decode("utf-8-sig")
        except UnicodeDecodeError as exc:
            what = "it is no text in UTF-8"
            raise SchemaInvalidError(str(exc), where=attachment.name, what=what) from exc
