"""Telegram's own state: chats, messages, files, the update queue. It outlives any bot process."""

from __future__ import annotations

import copy
import itertools
import time
from dataclasses import dataclass, field

from tests.emulators.telegram_service.media import FileStore, StoredFile
from tests.emulators.telegram_service.updates import UpdateQueue
from tests.emulators.telegram_service.values import (
    Action,
    Call,
    CallbackAnswer,
    Changes,
    Draft,
    Json,
    User,
)


@dataclass(frozen=True, slots=True)
class Revision:
    """What a message showed from ``time_s`` (monotonic) on."""

    text: str
    entities: tuple[Json, ...]
    buttons: tuple[tuple[str, ...], ...]
    time_s: float


class Message:
    """A message as the chat shows it now, with all that it showed before in ``history``."""

    def __init__(self, raw: Json, file: StoredFile | None = None) -> None:
        self.raw = raw
        self.file = file
        self.reactions: list[Json] = []
        self.history: list[Revision] = []
        self.remember()

    def remember(self) -> None:
        buttons = tuple(tuple(row) for row in self.buttons)
        self.history.append(Revision(self.text, tuple(self.entities), buttons, time.monotonic()))

    @property
    def message_id(self) -> int:
        message_id: int = self.raw["message_id"]
        return message_id

    @property
    def is_bot(self) -> bool:
        return bool(self.raw.get("from", {}).get("is_bot"))

    @property
    def text(self) -> str:
        """The text, or the caption of what has one."""
        return str(self.raw.get("text", self.raw.get("caption", "")))

    @property
    def entities(self) -> list[Json]:
        key = "entities" if "text" in self.raw else "caption_entities"
        entities: list[Json] = self.raw.get(key, [])
        return entities

    @property
    def keyboard(self) -> list[list[Json]]:
        keyboard: list[list[Json]] = self.raw.get("reply_markup", {}).get("inline_keyboard", [])
        return keyboard

    @property
    def buttons(self) -> list[list[str]]:
        return [[button["text"] for button in row] for row in self.keyboard]

    @property
    def reply_to(self) -> int | None:
        replied: Json = self.raw.get("reply_to_message", {})
        return replied.get("message_id")

    @property
    def thread_id(self) -> int | None:
        thread_id: int | None = self.raw.get("message_thread_id")
        return thread_id

    @property
    def photo(self) -> bytes | None:
        return self._content("photo")

    @property
    def voice(self) -> bytes | None:
        return self._content("voice")

    @property
    def audio(self) -> bytes | None:
        return self._content("audio")

    @property
    def document(self) -> bytes | None:
        return self._content("document")

    def _content(self, kind: str) -> bytes | None:
        return self.file.content if self.file and kind in self.raw else None

    def copy_raw(self) -> Json:
        return copy.deepcopy(self.raw)

    def __repr__(self) -> str:
        kinds = [kind for kind in ("photo", "voice", "audio", "document") if kind in self.raw]
        who = "bot" if self.is_bot else self.raw.get("from", {}).get("first_name", "service")
        return f"<{self.message_id} {who}: {self.text!r:.200} {' '.join(kinds)}>"


@dataclass(slots=True)
class World:
    bot: User
    changes: Changes = field(default_factory=Changes)
    files: FileStore = field(default_factory=FileStore)
    chats: dict[int, ChatState] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    callbacks: dict[str, Json] = field(default_factory=dict)
    answered_callbacks: list[CallbackAnswer] = field(default_factory=list)
    properties: dict[str, Json] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    message_ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    updates: UpdateQueue = field(init=False)

    def __post_init__(self) -> None:
        self.updates = UpdateQueue(self.changes)

    def note_violation(self, detail: str) -> None:
        self.violations.append(detail)
        self.changes.announce()


class ChatState:
    """One chat on the server. Private chats and groups share one count of message ids; a
    supergroup has its own, so the same id exists in several chats.
    """

    def __init__(self, world: World, info: Json, members: tuple[User, ...]) -> None:
        self.world = world
        self.info = info
        self.members = list(members)
        self.drafts: list[Draft] = []
        self.actions: list[Action] = []
        self.threads: set[int] = set()
        self.migrated_to: int | None = None
        self.is_blocked = False
        self.forbids_voice = False
        self._messages: dict[int, Message] = {}
        self._ids = itertools.count(1) if info["type"] == "supergroup" else world.message_ids
        world.chats[self.id] = self

    @property
    def id(self) -> int:
        chat_id: int = self.info["id"]
        return chat_id

    @property
    def is_private(self) -> bool:
        return bool(self.info["type"] == "private")

    @property
    def messages(self) -> list[Message]:
        return list(self._messages.values())

    @property
    def bot_messages(self) -> list[Message]:
        return [message for message in self._messages.values() if message.is_bot]

    def message(self, message_id: object) -> Message | None:
        return self._messages.get(message_id) if isinstance(message_id, int) else None

    def add(self, sender: User | None, content: Json, file: StoredFile | None = None) -> Message:
        raw: Json = {"message_id": next(self._ids), "date": int(time.time()), "chat": self.info}
        if sender is not None:
            raw["from"] = sender.raw
        message = Message(raw | content, file)
        self._messages[message.message_id] = message
        self.world.changes.announce()
        return message

    def remove(self, message_id: int) -> None:
        del self._messages[message_id]
        self.world.changes.announce()

    def rewrite(self, message: Message, content: Json, file: StoredFile | None = None) -> None:
        """Replace text or caption, entities and keyboard by what ``content`` has of them.

        With a ``file`` the medium, too.
        """
        for key in ("entities", "caption_entities", "reply_markup"):
            message.raw.pop(key, None)
        if file is not None:
            message.raw.pop("caption", None)
            message.raw.pop("document", None)
            message.file = file
        message.raw |= content | {"edit_date": int(time.time())}
        message.remember()
        self.world.changes.announce()

    def reply_fields(self, message_id: int | None, quote: str | None = None) -> Json:
        if message_id is None:
            return {}
        replied = self._messages[message_id].copy_raw()
        replied.pop("reply_to_message", None)
        fields: Json = {"reply_to_message": replied}
        if quote:
            fields["quote"] = {"text": quote, "position": 0, "is_manual": True}
        return fields
