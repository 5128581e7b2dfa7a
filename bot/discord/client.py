"""The connection: discord.py's bot, made small, with its events handed to one listener."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import discord
import structlog
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from discord.utils import MISSING

log = structlog.get_logger(__name__)

LONGEST_BACKOFF_EXPONENT = 4
"""Of two, in seconds: the longest pause between two tries to connect."""


class Listener(Protocol):
    """What is told of the gateway. Called in the order of the events; must return at once."""

    def on_connect(self, shard_id: int) -> None:
        """A new session: what happened since the last one was not told."""

    def on_message(self, message: discord.Message) -> None: ...
    def on_edit(self, message: discord.Message) -> None: ...
    def on_interaction(self, interaction: discord.Interaction) -> None: ...


class Tree(app_commands.CommandTree["ParleyBot"]):
    """Parses no command: they come from our own table, and all go to the listener."""

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:  # noqa: ARG002
        return False


class ParleyBot(commands.AutoShardedBot):
    def __init__(self, listener: Listener, *, ready_timeout_s: float = 2.0) -> None:
        """``ready_timeout_s``: how long to wait for the next server to be told at the start."""
        intents = discord.Intents.none()
        intents.guilds = intents.guild_messages = intents.dm_messages = True
        intents.message_content = True
        super().__init__(
            command_prefix=(),
            help_command=None,
            tree_cls=Tree,
            intents=intents,
            # Nothing is read from the caches of people and messages: they would only grow.
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            guild_ready_timeout=ready_timeout_s,
            # A longer wait is ours to make: whoever sends knows whether it is worth it.
            max_ratelimit_timeout=30.0,
            allowed_mentions=discord.AllowedMentions.none(),
        )
        # What the library cannot read would otherwise end the connection, and with it the process.
        parsers = self._connection.parsers
        parsers |= {name: _guarded(name, parse) for name, parse in parsers.items()}
        self._listener = listener
        self._is_prepared = False
        self._lost: set[int] = set()
        self._told: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)

    @property
    def may_read(self) -> bool:
        """Whether the application may read messages that are not addressed to it.

        Known after the login. Without it only direct messages, mentions and interactions have
        words; asking for what was not granted would end the connection.
        """
        flags = self.application_flags
        return flags.gateway_message_content or flags.gateway_message_content_limited

    @property
    def is_connected(self) -> bool:
        """Whether every shard has its connection and knows its servers."""
        return self.is_ready() and not any(shard.is_closed() for shard in self.shards.values())

    @property
    def is_prepared(self) -> bool:
        """Whether a login was tried: before, there is nothing to close."""
        return self._is_prepared

    async def until_told(self, shard_id: int) -> None:
        """Until a shard's session has told the servers, with their channels and threads."""
        await self._told[shard_id].wait()

    async def login(self, token: str) -> None:
        self._is_prepared = True
        await super().login(token)

    async def forget_login(self) -> None:
        """After a login that failed: the next one begins anew."""
        await self.http.close()
        self.http.connector = MISSING

    async def setup_hook(self) -> None:
        if not self.may_read:
            # The library takes intents when it is built, before it knows what was granted.
            self._connection._intents.message_content = False  # noqa: SLF001

    # ------------------------------------------------------------ events

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """What the listener wants goes there at once: tasks could change the order."""
        match event:
            case "message":
                self._listener.on_message(args[0])
            case "raw_message_edit":
                self._listener.on_edit(args[0].message)
            case "interaction":
                self._listener.on_interaction(args[0])
            case "shard_connect":
                self._told[args[0]].clear()
                self._lost.discard(args[0])
                self._listener.on_connect(args[0])
            case "shard_disconnect":
                self._note_loss(args[0])
            case "shard_resumed":
                self._lost.discard(args[0])
                log.info("discord is connected again", shard=args[0])
            case "shard_ready":
                self._told[args[0]].set()
            case _:
                super().dispatch(event, *args, **kwargs)

    def _note_loss(self, shard_id: int) -> None:
        """Told at every try to come back, of which only the first is news."""
        if self.is_closed():
            return
        if shard_id not in self._lost:
            self._lost.add(shard_id)
            log.warning("discord is not connected", shard=shard_id)
        if (shard := self.get_shard(shard_id)) is not None:
            # The library would wait up to 17 minutes between two tries; people do not.
            shard._parent._backoff._max = LONGEST_BACKOFF_EXPONENT  # noqa: SLF001

    # ------------------------------------------------------------ what came as JSON

    def build_message(self, raw: Mapping[str, Any]) -> discord.Message:
        """A message that was asked for, or that came with an interaction.

        Discord does not say of which server it is: "guild_id" is for those to add who know it. A
        thread that nobody wrote in for long would be taken for a direct chat without.
        """
        channel_id = int(raw["channel_id"])
        guild_id = int(raw["guild_id"]) if raw.get("guild_id") else None
        channel = self.get_channel(channel_id) or self.get_partial_messageable(
            channel_id, guild_id=guild_id
        )
        return discord.Message(state=self._connection, channel=channel, data=raw)  # type: ignore[arg-type]  # Discord's own JSON

    def build_attachment(self, raw: Mapping[str, Any]) -> discord.Attachment:
        """A file that came with an interaction."""
        return discord.Attachment(data=raw, state=self._connection)  # type: ignore[arg-type]  # the same

    def build_user(self, raw: Mapping[str, Any]) -> discord.User:
        return discord.User(data=raw, state=self._connection)  # type: ignore[arg-type]  # the same


def _guarded(name: str, parse: Callable[[Any], None]) -> Callable[[Any], None]:
    def parse_or_log(data: Any) -> None:
        try:
            parse(data)
        except Exception:
            log.exception("an event cannot be read", event_name=name)

    return parse_or_log


def point_at(api_base_url: str, gateway_url: str) -> None:
    """Where Discord is, for the whole process: the library knows no other way to say it.

    An empty ``gateway_url`` leaves it to what Discord names.
    """
    Route.BASE = api_base_url.rstrip("/")
    if gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
