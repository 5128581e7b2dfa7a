"""Discord as a platform: the connection, what comes in, the replies, the files."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import discord
import structlog

from bot.discord.acknowledging import Acknowledger
from bot.discord.address import NAME, channel_of
from bot.discord.client import ParleyBot, point_at
from bot.discord.connection import Connection
from bot.discord.ear import Manners
from bot.discord.files import FileFetcher
from bot.discord.incoming import MessageReader
from bot.discord.intake import Intake, IntakeOptions
from bot.discord.interactions import Heard, InteractionReader
from bot.discord.muted import Muted
from bot.discord.permissions import may_answer
from bot.discord.replies import Replies, ReplyTools
from bot.discord.rest import Rest
from bot.discord.sink import DiscordReply
from bot.discord.threads import open_thread
from handlers.filling import Filling
from handlers.messages import Attachment, ChatKey, IncomingMessage
from handlers.ports.machine import Clock
from handlers.ports.platforms import SentLog
from handlers.ports.stores import PlaceStore
from handlers.texts import say

log = structlog.get_logger(__name__)

MAX_DOWNLOAD_BYTES = 25 * 1024 * 1024
"""What the service's routes for sound take; people may send more to Discord."""
KEPT_ACKNOWLEDGEMENTS = 1_000
DIRECT = "@me"
"""Where an address names a server."""
LAST_WAIT_S = 3.0
"""For what is on its way when the process ends: Discord waits as long for a first response."""

Submit = Callable[[list[IncomingMessage]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class DiscordOptions:
    token: str
    api_base_url: str
    gateway_url: str = ""
    update_interval_s: float = 1.0
    catch_up_hours: float = 24.0
    ready_timeout_s: float = 2.0


class DiscordPlatform:
    """Fills the port Platform, and runs the connection."""

    name = NAME
    max_download_bytes = MAX_DOWNLOAD_BYTES
    asks_by_messages = False

    def __init__(
        self,
        options: DiscordOptions,
        *,
        places: PlaceStore,
        filling: Filling,
        tools: ReplyTools,
        allows: Callable[[IncomingMessage], bool],
        clock: Clock,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``allows``: whether somebody may use the bot, so that a stranger is told in private."""
        point_at(options.api_base_url, options.gateway_url)
        self._options = options
        self._rest = Rest()
        self._bot = ParleyBot(self, ready_timeout_s=options.ready_timeout_s)
        self._connection = Connection(self._bot, self._rest, pause)
        self._files = FileFetcher(self._rest, MAX_DOWNLOAD_BYTES)
        self._muted = Muted(self._rest, clock)
        self._replies = Replies(self._rest, tools, clock, options.update_interval_s)
        self._intake = Intake(
            MessageReader(),
            places,
            self._rest,
            self._bot.build_message,
            Manners(allows, may_answer, lambda message: self._spawn(self._muted.tell(message))),
            clock,
            IntakeOptions(max_age_s=options.catch_up_hours * 3600),
            until_ready=self._bot.until_told,
            shard_count=lambda: self._bot.shard_count or 1,
            is_member=lambda guild_id: self._bot.get_guild(guild_id) is not None,
            pause=pause,
        )
        self._interactions = InteractionReader(self._bot, allows)
        self._acknowledger = Acknowledger(self._rest, filling)
        self._acknowledged: OrderedDict[str, asyncio.Task[bool]] = OrderedDict()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._reading: asyncio.Task[None] | None = None
        self._gateway: asyncio.Task[None] | None = None
        self._is_ending = False

    # ------------------------------------------------------------ running

    async def run(self, submit: Submit) -> None:
        """Connect, then hand over what comes in, until cancelled. ConfigError: a wrong token.

        The connection outlives a cancellation, until ``aclose``: answers are still on their way,
        and what is said meanwhile is stored for the next start.
        """
        try:
            await self._connection.login(self._options.token)
            self._spawn(self._connection.register_commands())
            self._reading = asyncio.create_task(self._intake.run(submit))
            self._gateway = asyncio.create_task(self._connection.stay())
            both = (self._reading, self._gateway)
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in both:
                if task.done():
                    task.result()
        finally:
            self._is_ending = True

    async def aclose(self) -> None:
        """After the last reply: store what came, close what replies need."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LAST_WAIT_S)
        if self._reading is not None:
            await self._intake.flush(LAST_WAIT_S)
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._replies.aclose()
        for task in (running := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._files.aclose()
        if self._bot.is_prepared:
            await self._bot.close()
        if self._gateway is not None:
            await asyncio.gather(self._gateway, return_exceptions=True)

    @property
    def is_ready(self) -> bool:
        return self._bot.is_connected and not self._is_ending

    # ------------------------------------------------------------ what comes in

    def on_connect(self, shard_id: int) -> None:
        user = self._bot.user
        log.info("discord is connected", username=str(user), shard=shard_id)
        self._intake.on_connect(shard_id)

    def on_message(self, message: discord.Message) -> None:
        self._intake.on_message(message)

    def on_edit(self, message: discord.Message) -> None:
        self._intake.on_edit(message)

    def on_interaction(self, interaction: discord.Interaction) -> None:
        """It is acknowledged while it is stored: neither waits for the other."""
        if self._is_ending:
            self._spawn(self._acknowledger.decline(interaction, say("restarting")))
            return
        heard = self._interactions.read(interaction)
        if heard.target is None:
            self._take(interaction, heard)
        else:
            self._spawn(self._complete(interaction, heard))

    async def _complete(self, interaction: discord.Interaction, heard: Heard) -> None:
        self._take(interaction, await self._acknowledger.complete(interaction, heard))

    def _take(self, interaction: discord.Interaction, heard: Heard) -> None:
        if heard.message is not None and heard.message.key in self._acknowledged:
            return  # the gateway told it twice
        task = self._spawn(self._acknowledger.acknowledge(interaction, heard))
        if heard.message is None:
            return
        self._acknowledged[heard.message.key] = task
        while len(self._acknowledged) > KEPT_ACKNOWLEDGEMENTS:
            self._acknowledged.popitem(last=False)
        self._intake.put(heard.message)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work beside the answers failed", exc_info=error)

    # ------------------------------------------------------------ replies

    def open_reply(self, message: IncomingMessage, sent: SentLog) -> DiscordReply:
        return self._replies.open(message, sent, self._acknowledged.get(message.key))

    async def open_thread(self, message: IncomingMessage, sent: SentLog) -> IncomingMessage:
        if (acknowledged := self._acknowledged.get(message.key)) is not None:
            await acknowledged
        placed = await open_thread(self._rest, message, sent)
        if placed.chat != message.chat:
            await self._intake.follow(placed.chat)
        return placed

    def message_link(self, chat: ChatKey, message_id: str) -> str:
        """Every message has one, which opens for those who may read it."""
        if not message_id.isdecimal():
            return ""
        guild = chat.chat if chat.thread else DIRECT
        return f"https://discord.com/channels/{guild}/{channel_of(chat)}/{message_id}"

    # ------------------------------------------------------------ files

    async def download(self, attachment: Attachment) -> bytes:
        return await self._files.fetch(attachment)
