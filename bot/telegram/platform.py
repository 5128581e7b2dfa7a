"""Telegram as a platform: the connection, the replies, the files."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog
from telegram import BotCommand
from telegram.error import (
    BadRequest,
    EndPointNotFound,
    InvalidToken,
    NetworkError,
    TelegramError,
)
from telegram.ext import ExtBot

from bot.patience import growing_pauses
from bot.telegram.delivery import Courier
from bot.telegram.incoming import ChatMigration, UpdateReader
from bot.telegram.limiter import ChatLimiter
from bot.telegram.outbox import Outbox
from bot.telegram.polling import Poller
from bot.telegram.retirement import Retirement
from bot.telegram.sink import TelegramReply
from bot.telegram.transport import AiohttpRequest
from handlers.commands import COMMANDS
from handlers.errors import ConfigError, FileUnavailableError
from handlers.messages import Attachment, ChatKey, IncomingMessage
from handlers.ports.platforms import SentLog

log = structlog.get_logger(__name__)

NAME = "telegram"
SUPERGROUP = "-100"
"""Before the number by which apps know it."""
MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024
"""The cloud Bot API's bound on what a bot may fetch."""
DOWNLOAD_PAUSES_S = (0.5, 2.0)
"""A file whose connection broke is asked for again after so long."""

Submit = Callable[[list[IncomingMessage]], Awaitable[None]]
Migrate = Callable[[ChatKey, ChatKey], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class TelegramOptions:
    token: str
    api_base_url: str
    file_base_url: str
    update_interval_s: float = 1.0
    group_update_interval_s: float = 1.5
    messages_per_s: float = 30.0


class TelegramPlatform:
    """Fills the port Platform, and runs the connection."""

    name = NAME
    max_download_bytes = MAX_DOWNLOAD_BYTES
    asks_by_messages = True

    def __init__(
        self,
        options: TelegramOptions,
        migrate: Migrate,
        to_mp3: Callable[[bytes], Awaitable[bytes]],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._options = options
        self._migrate = migrate
        self._to_mp3 = to_mp3
        self._pause = pause
        self._limiter = ChatLimiter(
            options.update_interval_s, options.group_update_interval_s, options.messages_per_s
        )
        self._files = AiohttpRequest()
        self._bot: ExtBot[str] = ExtBot(
            options.token,
            base_url=options.api_base_url,
            base_file_url=options.file_base_url,
            request=self._files,
            get_updates_request=AiohttpRequest(4),
            rate_limiter=self._limiter,
        )
        self._poller: Poller | None = None
        self._retirement = Retirement(self._bot, self._limiter)
        self._has_drafts = True

    # ------------------------------------------------------------ running

    async def run(self, submit: Submit) -> None:
        """Connect, then hand over what comes in, until cancelled. ConfigError: a wrong token."""
        try:
            await self._connect()
            await self._register_commands()
            reader = UpdateReader(
                self._bot.id, self._bot.username or "", frozenset(c.name for c in COMMANDS)
            )
            self._poller = Poller(self._bot, reader, submit, self._moved)
            log.info("telegram is connected", username=self._bot.username)
            await self._poller.run()
        finally:
            self._poller = None

    async def aclose(self) -> None:
        """After the last reply: close what replies need."""
        await self._retirement.aclose()
        await self._bot.shutdown()
        await self._files.shutdown()

    @property
    def is_ready(self) -> bool:
        return self._poller is not None and self._poller.is_ready

    async def _connect(self) -> None:
        pauses = growing_pauses()
        while True:
            try:
                await self._bot.initialize()
            except InvalidToken as refusal:
                raise ConfigError(
                    "telegram.token: Telegram does not know this token; "
                    "copy it again from BotFather"
                ) from refusal
            except TelegramError as failure:
                log.warning("telegram cannot be reached", error=type(failure).__name__)
            else:
                return
            await self._pause(next(pauses))

    async def _register_commands(self) -> None:
        menu = [BotCommand(c.name, c.summary) for c in COMMANDS if c.is_listed]
        try:
            await self._bot.set_my_commands(menu)
        except (InvalidToken, EndPointNotFound):
            # The token was just accepted: what is not found is the method.
            log.warning("the server knows no menu of commands, so none is set")
        except TelegramError as failure:
            log.warning("the menu of commands was not set", error=type(failure).__name__)

    async def _moved(self, migration: ChatMigration) -> None:
        await self._migrate(migration.old, migration.new)

    # ------------------------------------------------------------ replies

    def open_reply(self, message: IncomingMessage, sent: SentLog) -> TelegramReply:
        chat_id = int(message.chat.chat)
        thread_id = int(message.chat.thread) if message.chat.thread else None

        async def migrated(new_id: int) -> None:
            outbox.chat_id = new_id
            old, new = str(chat_id), str(new_id)
            await self._migrate(ChatKey(NAME, old), ChatKey(NAME, new))

        def retire(message_id: str) -> None:
            self.retire(outbox.chat_id, message_id)

        outbox = Outbox(
            self._bot,
            self._limiter,
            Courier(migrated),
            sent,
            chat_id,
            thread_id,
            int(message.message_id) if message.is_group and message.message_id else None,
            has_drafts=not message.is_group and self._has_drafts,
        )
        return TelegramReply(message, sent, outbox, retire, self._to_mp3)

    def retire(self, chat_id: int, message_id: str) -> None:
        """Take the buttons from an answer that is no longer the last, when the chat is quiet."""
        if message_id.isdecimal():
            self._retirement.add(chat_id, int(message_id))

    async def open_thread(self, message: IncomingMessage, sent: SentLog) -> IncomingMessage:  # noqa: ARG002
        """Stays where it is: Telegram's topics are for people to open."""
        return replace(message, wants_thread=False)

    def message_link(self, chat: ChatKey, message_id: str) -> str:
        """Only supergroups have addresses, which open for their members."""
        if not chat.chat.startswith(SUPERGROUP) or not message_id.isdecimal():
            return ""
        place = [chat.chat.removeprefix(SUPERGROUP), *filter(None, [chat.thread]), message_id]
        return f"https://t.me/c/{'/'.join(place)}"

    # ------------------------------------------------------------ files

    async def download(self, attachment: Attachment) -> bytes:
        pauses = iter(DOWNLOAD_PAUSES_S)
        while True:
            try:
                return await self._download(attachment)
            except BadRequest as refusal:
                raise FileUnavailableError(str(refusal)) from refusal
            except TelegramError as failure:
                pause_s = next(pauses, None) if isinstance(failure, NetworkError) else None
                if pause_s is None:
                    raise FileUnavailableError(type(failure).__name__) from failure
                log.info("a file is asked for again", error=type(failure).__name__)
            await self._pause(pause_s)

    async def _download(self, attachment: Attachment) -> bytes:
        file = await self._bot.get_file(attachment.ref)
        if not file.file_path:
            raise FileUnavailableError("no path")
        return await self._files.download(file.file_path, self.max_download_bytes)
