"""Discord, as the contract sees it: a room is a channel of a server, called by mention."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from tests.contract.fields import fields_of
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
from tests.emulators import discord as wire
from tests.emulators.discord import DiscordEmulator

FAULTS: Mapping[Fault, wire.Step] = {
    Fault.SERVER_ERROR: wire.Fail(500, message="Internal Server Error"),
    Fault.BAD_GATEWAY: wire.Html502(),
    Fault.CUT: wire.Drop(),
    Fault.CUT_AFTER: wire.AcceptThenDrop(),
}
LIMITED = ("create_message", "update_message")
REFUSED_IN_A_ROW = 12
"""discord.py itself tries five times; a preview and then the end of an answer may come to that."""
OPTIONS: Mapping[str, str] = {
    "ask": "prompt",
    "assistant": "action name instructions",
    "compare": "prompt",
    "footer": "show",
    "image": "prompt",
    "json": "prompt",
    "persona": "text",
    "say": "text",
    "voice": "mode",
    "schema": "action name schema",
    "seed": "seed",
    "tools": "switch name",
    "search": "words",
    "remember": "fact",
    "memories": "action number text",
}
"""Where the words of a command go: one to each field, and to the last all that are left."""
FIELD = re.compile(r'(voice|speed|tone|format)=(?:"([^"]*)"|(\S+))\s*')
"""Of /say and /voice, before what goes where the words go."""
TOO_LARGE_BYTES = 600 * 1024 * 1024
BOLD = re.compile(r"\*\*(.+?)\*\*")
LINK = re.compile(r"(?<!\\)\]\((https?://[^)\s]+)\)")
CODE_BLOCK = re.compile(r"```(?:([\w+.#-]+?)\n)?\n*([^\n].*?)\n*```", re.DOTALL)
"""As the apps read it, which show no empty lines at either end."""


class DiscordPlatform(Platform):
    name = "discord"
    limit = 2000
    sends_once = True

    def __init__(self) -> None:
        self.emulator = DiscordEmulator()
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
            "DISCORD_BOT_TOKEN": self.emulator.token,
            "PARLEY_DISCORD__API_BASE_URL": self.emulator.api_base_url,
            "PARLEY_DISCORD__GATEWAY_URL": self.emulator.gateway_url,
            "PARLEY_DISCORD__UPDATE_INTERVAL_S": "0",
        }

    @property
    def connections(self) -> int:
        return len(self.emulator.gateway.identifies) if self.emulator.gateway.connected else 0

    def person(self, name: str) -> Person:
        user = self.emulator.user(name, name)
        person = Person(name, f"discord:{user.id}")
        self._users[person.key] = user
        return person

    def user(self, person: Person | None) -> wire.User | None:
        return self._users[person.key] if person else None

    def private(self, person: Person) -> Chat:
        return DiscordChat(self, self.emulator.dm(self._users[person.key]))

    def room(self, *people: Person) -> Chat:
        return DiscordChat(self, self._guild("Family", people).text_channel())

    def neighbours(self, *people: Person) -> tuple[Chat, ...]:
        guild = self._guild("Club", people)
        cars, boats = guild.text_channel("cars"), guild.text_channel("boats")
        thread = cars.thread("old cars")
        return tuple(DiscordChat(self, channel) for channel in (cars, boats, thread))

    def _guild(self, name: str, people: tuple[Person, ...]) -> wire.Guild:
        return self.emulator.guild(name, [self._users[one.key] for one in people])

    def limit_rate(self) -> None:
        for name in LIMITED:
            self.emulator.script(name, *[wire.RateLimited(0.05)] * REFUSED_IN_A_ROW)

    def fail_sends(self, *faults: Fault) -> None:
        self.emulator.script("create_message", *(FAULTS[fault] for fault in faults))

    @property
    def refusals(self) -> int:
        return len([call for call in self.emulator.calls_of(*LIMITED) if call.status == 429])

    @property
    def downloads(self) -> int:
        return len(self.emulator.calls_of("file"))

    def measure(self, text: str) -> int:
        return len(text)

    async def wait_until(self, is_so: Callable[[], object], timeout_s: float = WAIT_S) -> None:
        await self.emulator.wait_until(is_so, timeout_s)

    def find_faults(self) -> list[str]:
        faults = list(self.emulator.violations)
        faults += [f"{call.name}: {call.error}" for call in self.emulator.refused_calls]
        faults += [f"nobody answered {one}" for one in self.emulator.interactions if not one.ack]
        faults += [f"rang for {pings}: {message}" for message, pings in self.emulator.pings]
        for channel in self.emulator.world.channels.values():
            for message in [*channel.bot_messages, *channel.ephemeral_messages]:
                if message.is_loading or [STOP] in message.buttons:
                    faults.append(f"still promises an answer: {message}")
        return faults


class DiscordChat(Chat):
    def __init__(self, platform: DiscordPlatform, channel: wire.Channel) -> None:
        super().__init__(platform)
        self._platform = platform
        self._channel = channel

    def say(self, text: str, *, sender: Person | None = None, is_addressed: bool = True) -> Any:
        is_mention = is_addressed and self._channel.guild is not None
        user = self._platform.user(sender)
        return self._channel.send(text, sender=user, mention_bot=is_mention)

    def edit(self, said: Any, text: str) -> None:
        self._channel.edit(said, text)

    async def send(self, text: str, enclosed: Sequence[Enclosed] = (), reply_to: Any = None) -> Any:
        uploads = [wire.Upload(one.name, one.data, one.mime) for one in enclosed]
        if text.startswith("/") and reply_to is None:
            name, _, line = text[1:].partition(" ")
            await self._wait_for_command(name)
            options: dict[str, Any] = dict(fields_of(name, line))
            options |= {f"file{n if n > 1 else ''}": file for n, file in enumerate(uploads, 1)}
            return self._channel.slash(name, **options)
        if [one.kind for one in enclosed] == [Kind.VOICE]:
            return self._channel.send_voice_message(enclosed[0].data, 2)
        return self._channel.send(text, attachments=uploads, reply_to=reply_to)

    @property
    def said(self) -> list[Any]:
        return list(self._messages())

    def send_photo(self, jpeg: bytes, caption: str) -> None:
        self._channel.send(caption, attachments=[wire.Upload("photo.jpg", jpeg, "image/jpeg")])

    def send_voice(self, ogg: bytes, duration_s: int) -> None:
        self._channel.send_voice_message(ogg, duration_s)

    def send_file(self, data: bytes, name: str, mime: str, caption: str = "") -> Any:
        return self._channel.send(caption, attachments=[wire.Upload(name, data, mime)])

    def reply(self, said: Any, text: str) -> None:
        self._channel.send(text, reply_to=said)

    async def have_read_aloud(self, said: Any) -> None:
        self._channel.context_menu("Read aloud", said)

    def send_too_large_a_picture(self) -> None:
        huge = wire.Upload("huge.tiff", b"II*\0", "image/tiff", claimed_bytes=TOO_LARGE_BYTES)
        self._channel.send(attachments=[huge])

    async def command(self, name: str, arguments: str = "") -> None:
        await self._wait_for_command(name)
        options: dict[str, Any] = {}
        while name in {"say", "voice"} and (field := FIELD.match(arguments)):
            options[field[1]] = field[2] or field[3]
            arguments = arguments[field.end() :]
        fields = OPTIONS.get(name, "").split()
        words = arguments.split(" ", len(fields) - 1) if arguments else []
        options |= dict(zip(fields, words, strict=False))
        self._channel.slash(name, **options)

    async def _wait_for_command(self, name: str) -> None:
        emulator = self._platform.emulator
        await emulator.wait_until(
            lambda: any(one["name"] == name for one in emulator.commands()), WAIT_S
        )

    def press(self, label: str) -> None:
        offered = [m for m in self._messages() if label in (b for row in m.buttons for b in row)]
        if not offered:
            raise LookupError(f"no button {label!r} under {self._messages()}")
        self._channel.press(offered[-1], label)

    def hold_sends(self) -> asyncio.Event:
        gate = asyncio.Event()
        emulator = self._platform.emulator
        emulator.script("create_message", wire.Gate(gate), channel_id=self._channel.id)
        return gate

    def hold_voices(self) -> asyncio.Event:
        return self.hold_sends()

    @property
    def voices_begun(self) -> int:
        """Each send of a file is one, where nothing else is sent."""
        calls = self._platform.emulator.calls_of("create_message", channel_id=self._channel.id)
        return sum(bool(call.files) for call in calls)

    @property
    def shown(self) -> list[Shown]:
        return [
            Shown(
                message.content,
                tuple(label for row in message.buttons for label in row),
                tuple(Code(*found.groups("")) for found in CODE_BLOCK.finditer(message.content)),
                message.files[0].content if message.is_voice else b"",
                next((f.content for f in message.files if f.mime.startswith("image/")), b""),
                len(message.history),
                *_sound_file(message),
                bold=tuple(BOLD.findall(message.content)),
                links=tuple(LINK.findall(message.content)),
                replied_to=self._text_of(message.reply_to),
                files=() if message.is_voice else tuple(one.name for one in message.files),
            )
            for message in self._messages()
        ]

    def address(self, contains: str) -> str:
        found = [m for m in self._messages() if contains in m.content]
        guild = self._channel.guild
        server = "@me" if guild is None else str(guild.id)
        return f"https://discord.com/channels/{server}/{self._channel.id}/{found[-1].id}"

    def _text_of(self, message_id: int | None) -> str:
        return next((m.content for m in self._channel.messages if m.id == message_id), "")

    @property
    def preview(self) -> Shown | None:
        return next((one for one in reversed(self.shown) if one.is_being_written), None)

    def _messages(self) -> list[wire.Message]:
        """Those that one person alone sees stand among the others."""
        said = [*self._channel.bot_messages, *self._channel.ephemeral_messages]
        return sorted((one for one in said if not one.is_loading), key=lambda one: one.id)


def _sound_file(message: wire.Message) -> tuple[str, bytes]:
    files = () if message.is_voice else message.files
    found = ((one.name, one.content) for one in files if one.name.endswith(SOUND_ENDINGS))
    return next(found, ("", b""))
