"""Telegram, as the contract sees it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from tests.contract.protocol import (
    SOUND_ENDINGS,
    STOP,
    WAIT_S,
    Chat,
    Code,
    Enclosed,
    Fault,
    Kind,
    Person,
    Platform,
    Shown,
)
from tests.emulators import telegram as wire
from tests.emulators.telegram import TelegramEmulator

FLOOD = wire.Fail(429, "Too Many Requests: retry after 1", retry_after=1)
FAULTS: Mapping[Fault, wire.Step] = {
    Fault.SERVER_ERROR: wire.Fail(500, "Internal Server Error"),
    Fault.BAD_GATEWAY: wire.Html502(),
    Fault.CUT: wire.Drop(),
    Fault.CUT_AFTER: wire.AcceptThenDrop(),
}
FLOODED = ("sendMessage", "editMessageText")
TOO_LARGE_BYTES = 21 * 1024 * 1024
"""A bot may fetch 20 MB."""


class TelegramPlatform(Platform):
    name = "telegram"
    limit = 4096
    sends_once = False

    def __init__(self) -> None:
        self.emulator = TelegramEmulator()
        self._users: dict[str, wire.User] = {}

    async def __aenter__(self) -> Self:
        await self.emulator.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.emulator.__aexit__(kind, error, trace)

    def environment(self) -> Mapping[str, str]:
        return {
            "TELEGRAM_BOT_TOKEN": self.emulator.token,
            "PARLEY_TELEGRAM__API_BASE_URL": self.emulator.api_base_url,
            "PARLEY_TELEGRAM__FILE_BASE_URL": self.emulator.file_base_url,
            "PARLEY_TELEGRAM__UPDATE_INTERVAL_S": "0",
            "PARLEY_TELEGRAM__GROUP_UPDATE_INTERVAL_S": "0",
            "PARLEY_TELEGRAM__MESSAGES_PER_S": "0",
        }

    @property
    def connections(self) -> int:
        return len(self.emulator.calls_of("getUpdates"))

    def person(self, name: str) -> Person:
        user = self.emulator.user(first_name=name)
        person = Person(name, f"telegram:{user.id}")
        self._users[person.key] = user
        return person

    def user(self, person: Person | None) -> wire.User | None:
        return self._users[person.key] if person else None

    def private(self, person: Person) -> Chat:
        return TelegramChat(self, self.emulator.private(self._users[person.key]))

    def room(self, *people: Person) -> Chat:
        return TelegramChat(self, self._group("Family", people))

    def neighbours(self, *people: Person) -> tuple[Chat, ...]:
        forum = self._group("Club", people, forum=True)
        topics = (None, forum.create_topic("cars"), forum.create_topic("boats"))
        return tuple(TelegramChat(self, forum, topic) for topic in topics)

    def _group(self, title: str, people: tuple[Person, ...], **kind: bool) -> wire.Chat:
        return self.emulator.group(title, [self._users[one.key] for one in people], **kind)

    def limit_rate(self) -> None:
        for method in FLOODED:
            self.emulator.script(method, FLOOD, FLOOD)

    def fail_sends(self, *faults: Fault) -> None:
        self.emulator.script("sendMessage", *(FAULTS[fault] for fault in faults))

    @property
    def refusals(self) -> int:
        return len([call for call in self.emulator.calls_of(*FLOODED) if call.status == 429])

    @property
    def downloads(self) -> int:
        return len(self.emulator.calls_of("getFile", "file"))

    def measure(self, text: str) -> int:
        return len(text.encode("utf-16-le")) // 2

    async def wait_until(self, is_so: Callable[[], object], timeout_s: float = WAIT_S) -> None:
        await self.emulator.wait_until(is_so, timeout_s)

    def find_faults(self) -> list[str]:
        world = self.emulator.world
        faults = list(self.emulator.violations)
        faults += [
            f"{call.method}: {call.error}"
            for call in self.emulator.calls
            if call.status
            and 400 <= call.status < 500
            and call.status != 429
            # A poll that a dead bot left open is ended by the next bot's.
            and call.method != "getUpdates"
        ]
        answered = {answer.query_id for answer in self.emulator.answered_callbacks}
        faults += [f"nobody answered the press {key}" for key in set(world.callbacks) - answered]
        said = [message for chat in world.chats.values() for message in chat.bot_messages]
        return faults + [f"still under Stop: {m}" for m in said if [STOP] in m.buttons]


class TelegramChat(Chat):
    def __init__(
        self, platform: TelegramPlatform, chat: wire.Chat, thread: int | None = None
    ) -> None:
        super().__init__(platform)
        self._platform = platform
        self._chat = chat
        self._thread = thread

    def say(self, text: str, *, sender: Person | None = None, is_addressed: bool = True) -> Any:
        if is_addressed and not self._chat.is_private:
            text = f"@{self._platform.emulator.world.bot.username} {text}"
        return self._chat.send_text(text, sender=self._platform.user(sender), thread=self._thread)

    def edit(self, said: Any, text: str) -> None:
        self._chat.edit(said, text)

    async def send(self, text: str, enclosed: Sequence[Enclosed] = (), reply_to: Any = None) -> Any:
        how: dict[str, Any] = {"thread": self._thread, "reply_to": reply_to}
        if not enclosed:
            return self._chat.send_text(text, **how)
        if len(enclosed) > 1:
            how["album"] = f"album {len(self._chat.messages)}"
        first, *others = enclosed
        sent = self._enclose(first, text, how)
        for other in others:
            self._enclose(other, "", how)
        return sent

    def _enclose(self, one: Enclosed, caption: str, how: Mapping[str, Any]) -> Any:
        match one.kind:
            case Kind.PHOTO:
                return self._chat.send_photo(one.data, caption, **how)
            case Kind.VOICE:
                return self._chat.send_voice(one.data, 2, caption, **how)
            case Kind.SOUND:
                return self._chat.send_audio(one.data, one.name, one.mime, 2, caption, **how)
            case Kind.VIDEO:
                return self._chat.send_video(one.data, 4, caption, **how)
            case Kind.FILE:
                return self._chat.send_document(one.data, one.name, one.mime, caption, **how)

    @property
    def said(self) -> list[Any]:
        return list(self._messages())

    def send_photo(self, jpeg: bytes, caption: str) -> None:
        self._chat.send_photo(jpeg, caption, thread=self._thread)

    def send_voice(self, ogg: bytes, duration_s: int) -> None:
        self._chat.send_voice(ogg, duration_s, thread=self._thread)

    def send_file(self, data: bytes, name: str, mime: str, caption: str = "") -> Any:
        return self._chat.send_document(data, name, mime, caption, thread=self._thread)

    def reply(self, said: Any, text: str) -> None:
        self._chat.send_text(text, reply_to=said, thread=self._thread)

    async def have_read_aloud(self, said: Any) -> None:
        self._chat.send_text("/say", reply_to=said, thread=self._thread)

    def send_too_large_a_picture(self) -> None:
        self._chat.send_document(b"\0" * TOO_LARGE_BYTES, "huge.png", "image/png")

    async def command(self, name: str, arguments: str = "") -> None:
        text = f"/{name} {arguments}".rstrip()
        self._chat.send_text(text, thread=self._thread)

    def press(self, label: str) -> None:
        if label == STOP and self._chat.is_private:
            self._chat.stop_draft()
            return
        offered = [m for m in self._messages() if label in (b for row in m.buttons for b in row)]
        if not offered:
            raise LookupError(f"no button {label!r} under {self._messages()}")
        self._chat.press(offered[-1].message_id, label)

    def hold_sends(self) -> asyncio.Event:
        gate = asyncio.Event()
        self._platform.emulator.script("sendMessage", wire.Gate(gate), chat_id=self._chat.id)
        return gate

    def hold_voices(self) -> asyncio.Event:
        gate = asyncio.Event()
        self._platform.emulator.script("sendVoice", wire.Gate(gate), chat_id=self._chat.id)
        return gate

    @property
    def voices_begun(self) -> int:
        return len(self._platform.emulator.calls_of("sendVoice", chat_id=self._chat.id))

    @property
    def shown(self) -> list[Shown]:
        return [
            Shown(
                message.text,
                tuple(label for row in message.buttons for label in row),
                tuple(_code_blocks(message)),
                message.voice or b"",
                message.photo or b"",
                len(message.history),
                *_sound_file(message),
                bold=tuple(_entities(message, "bold")),
                links=tuple(e["url"] for e in message.entities if e["type"] == "text_link"),
                replied_to=self._text_of(message.reply_to),
                files=_files(message),
            )
            for message in self._messages()
        ]

    def address(self, contains: str) -> str:
        if not str(self._chat.id).startswith("-100"):
            return ""
        found = [m for m in self._chat.messages if contains in m.text]
        place = str(self._chat.id)[4:] + (f"/{self._thread}" if self._thread else "")
        return f"https://t.me/c/{place}/{found[0].message_id}"

    def _text_of(self, message_id: int | None) -> str:
        replied = self._chat.message(message_id)
        return replied.text if replied is not None else ""

    @property
    def preview(self) -> Shown | None:
        """The last draft counts until a message follows it."""
        written = [one for one in self.shown if one.is_being_written]
        drafts = [one for one in self._chat.drafts if one.thread_id == self._thread]
        last_sent_s = max((m.history[-1].time_s for m in self._messages()), default=0.0)
        if not drafts or drafts[-1].time_s < last_sent_s:
            return written[-1] if written else None
        same = [one for one in drafts if one.draft_id == drafts[-1].draft_id]
        return Shown(drafts[-1].text, (STOP,) if drafts[-1].can_stop else (), revisions=len(same))

    def _messages(self) -> list[wire.Message]:
        return [m for m in self._chat.bot_messages if m.thread_id == self._thread]


def _entities(message: wire.Message, kind: str) -> list[str]:
    units = message.text.encode("utf-16-le")
    return [
        units[2 * one["offset"] : 2 * (one["offset"] + one["length"])].decode("utf-16-le")
        for one in message.entities
        if one["type"] == kind
    ]


def _code_blocks(message: wire.Message) -> list[Code]:
    units = message.text.encode("utf-16-le")
    return [
        Code(
            entity.get("language", ""),
            units[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode(
                "utf-16-le"
            ),
        )
        for entity in message.entities
        if entity["type"] == "pre"
    ]


def _files(message: wire.Message) -> tuple[str, ...]:
    document = message.raw.get("document") or message.raw.get("audio")
    return (str(document["file_name"]),) if document else ()


def _sound_file(message: wire.Message) -> tuple[str, bytes]:
    name = str(message.raw.get("document", {}).get("file_name", ""))
    is_sound = name.endswith(SOUND_ENDINGS)
    return (name, message.document or b"") if is_sound else ("", b"")
