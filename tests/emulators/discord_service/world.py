"""Discord's own state: people, servers, messages, interactions. It outlives any bot process."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.emulators.discord_service import permissions
from tests.emulators.discord_service.files import FileStore, StoredFile
from tests.emulators.discord_service.values import Call, Clock, Json, Pings, User, timestamp_of
from tests.emulators.telegram_service.values import Changes

if TYPE_CHECKING:
    from tests.emulators.discord_service.interactions import Interaction
    from tests.emulators.discord_service.places import ChannelState, GuildState

EPHEMERAL, LOADING, HAS_THREAD, VOICE = 1 << 6, 1 << 7, 1 << 5, 1 << 13
ORDINARY, THREAD_CREATED, REPLY, SLASH_ANSWER, THREAD_STARTER, MENU_ANSWER = 0, 18, 19, 20, 21, 23


@dataclass(frozen=True, slots=True)
class Event:
    """A dispatch to the gateway sessions of the right shard that asked for one of ``intents``."""

    name: str
    data: Json
    guild_id: int | None = None
    intents: int = 0
    has_content: bool = False


@dataclass(frozen=True, slots=True)
class Revision:
    """What a message showed from ``time_s`` (monotonic) on."""

    content: str
    buttons: tuple[tuple[str, ...], ...]
    files: tuple[str, ...]
    time_s: float


class Message:
    """A message as the channel shows it now, with all that it showed before in ``history``."""

    def __init__(
        self,
        channel: ChannelState,
        author: User,
        content: Json,
        files: list[StoredFile] | None = None,
    ) -> None:
        self.channel = channel
        self.author = author
        self.id = channel.world.clock.snowflake()
        self.files = files or []
        self.reactions: dict[str, list[User]] = {}
        self.history: list[Revision] = []
        self.pings = Pings()
        self.is_deleted = False
        self.body: Json = {
            "content": "",
            "type": ORDINARY,
            "flags": 0,
            "embeds": [],
            "components": [],
            "mentions": [],
            "mention_roles": [],
            "mention_everyone": False,
            "tts": False,
            "pinned": False,
            "edited_timestamp": None,
        } | content
        self.remember()

    def remember(self) -> None:
        buttons = tuple(tuple(row) for row in self.buttons)
        files = tuple(file.name for file in self.files)
        self.history.append(Revision(self.content, buttons, files, time.monotonic()))

    @property
    def content(self) -> str:
        return str(self.body["content"] or "")

    @property
    def flags(self) -> int:
        return int(self.body["flags"])

    @property
    def is_bot(self) -> bool:
        """Whether it is by the bot under test."""
        return self.author.id == self.channel.world.bot.id

    @property
    def is_ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def is_loading(self) -> bool:
        """A deferred answer that still says "is thinking"."""
        return bool(self.flags & LOADING)

    @property
    def is_voice(self) -> bool:
        return bool(self.flags & VOICE)

    @property
    def components(self) -> list[Json]:
        """Buttons and menus, row by row in one list."""
        return [part for row in self.body["components"] for part in row.get("components", [])]

    @property
    def buttons(self) -> list[list[str]]:
        """The labels, or what stands for them, row by row."""
        return [
            [_label(part) for part in row.get("components", [])] for row in self.body["components"]
        ]

    @property
    def reply_to(self) -> int | None:
        reference = self.body.get("message_reference") or {}
        return int(reference["message_id"]) if self.body["type"] == REPLY else None

    @property
    def nonce(self) -> str | None:
        nonce = self.body.get("nonce")
        return None if nonce is None else str(nonce)

    @property
    def raw(self) -> Json:
        """As REST tells it."""
        raw: Json = copy.deepcopy(self.body) | {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "author": self.author.raw,
            "timestamp": timestamp_of(self.id),
            "attachments": [self.channel.world.files.render(file) for file in self.files],
        }
        if self.reactions:
            raw["reactions"] = [self._reaction(emoji) for emoji in self.reactions]
        if self.body["type"] in {REPLY, THREAD_STARTER}:
            raw["referenced_message"] = self._referenced()
        if self.channel.guild and (thread := self.channel.world.channels.get(self.id)):
            raw |= {"thread": thread.raw, "flags": raw["flags"] | HAS_THREAD}
        return raw

    def _referenced(self) -> Json | None:
        reference = self.body["message_reference"]
        channel = self.channel.world.channels.get(int(reference["channel_id"]))
        message = channel.message(int(reference["message_id"])) if channel else None
        if message is None:
            return None
        raw = message.raw
        raw.pop("referenced_message", None)
        return raw

    def _reaction(self, emoji: str) -> Json:
        users = self.reactions[emoji]
        me = self.channel.world.bot in users
        counts = {"count": len(users), "count_details": {"burst": 0, "normal": len(users)}}
        return counts | {"me": me, "me_burst": False, "burst_colors": [], "emoji": emoji_of(emoji)}

    def __repr__(self) -> str:
        who = "bot" if self.is_bot else self.author.name
        extras = [file.name for file in self.files] + (["deleted"] if self.is_deleted else [])
        return f"<{self.id} {who}: {self.content!r:.200} {' '.join(extras)}>"


def emoji_of(written: str) -> Json:
    name, _, number = written.partition(":")
    return {"name": name, "id": number or None}


def _label(part: Json) -> str:
    emoji = (part.get("emoji") or {}).get("name")
    return str(part.get("label") or emoji or part.get("custom_id") or "")


@dataclass(slots=True)
class World:
    bot: User
    channel_type: type[ChannelState]
    clock: Clock = field(default_factory=Clock)
    changes: Changes = field(default_factory=Changes)
    users: dict[int, User] = field(default_factory=dict)
    guilds: dict[int, GuildState] = field(default_factory=dict)
    channels: dict[int, ChannelState] = field(default_factory=dict)
    interactions: dict[str, Interaction] = field(default_factory=dict)
    commands: dict[int | None, list[Json]] = field(default_factory=dict)
    nonces: dict[str, tuple[Message, float]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    portal_intents: int = permissions.PRIVILEGED_INTENTS
    is_public: bool = True
    dispatch: Callable[[Event], None] = lambda event: None
    files: FileStore = field(init=False)

    def __post_init__(self) -> None:
        self.files = FileStore(self.clock)
        self.users[self.bot.id] = self.bot

    @property
    def application_id(self) -> int:
        return self.bot.id

    def note_violation(self, detail: str) -> None:
        self.violations.append(detail)
        self.changes.announce()

    def tell(self, name: str, message: Message) -> None:
        """Dispatch a message event; nobody but its person sees an ephemeral one."""
        channel = message.channel
        self.changes.announce()
        if message.is_ephemeral or not channel.has_bot:
            return
        data = message.raw
        if channel.guild is not None:
            data |= {"guild_id": str(channel.guild.id)}
            data |= {"member": channel.guild.member(message.author, with_user=False)}
        self.dispatch(Event(name, data, channel.guild_id, channel.message_intent, has_content=True))

    def withhold(self, raw: Json) -> Json:
        """A message for a bot that may not read what people write, unless it concerns the bot."""
        bot_id = str(self.bot.id)
        replied = raw.get("referenced_message")
        if replied:
            raw = raw | {"referenced_message": self.withhold(replied)}
        is_named = any(user["id"] == bot_id for user in raw["mentions"])
        channel = self.channels.get(int(raw["channel_id"]))
        if raw["author"]["id"] == bot_id or is_named or channel is None or channel.guild is None:
            return raw
        return raw | {"content": "", "embeds": [], "attachments": [], "components": []}
