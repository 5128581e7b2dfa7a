"""Telegram as a platform: the connection, the replies, the files."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog
from telegram import BotCommand
from telegram.error import BadRequest, InvalidToken, TelegramError
from telegram.ext import ExtBot

from bot.telegram.delivery import Courier
from bot.telegram.incoming import ChatMigration, UpdateReader
from bot.telegram.outbox import Outbox
from bot.telegram.pace import DISPENSABLE, ChatLimiter, Kind
from bot.telegram.polling import Poller
from bot.telegram.sink import TelegramReply
from bot.telegram.transport import AiohttpRequest
from handlers.commands import COMMANDS
from handlers.errors import ConfigError, FileUnavailableError
from handlers.messages import Attachment, ChatKey, IncomingMessage
from handlers.ports import SentLog

log = structlog.get_logger(__name__)

NAME = "telegram"
MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024
"""The cloud Bot API's bound on what a bot may fetch."""
KEPT_ANSWERS = 10_000
START_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)

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

    def __init__(
        self,
        options: TelegramOptions,
        migrate: Migrate,
        to_mp3: Callable[[bytes], Awaitable[bytes]],
    ) -> None:
        self._options = options
        self._migrate = migrate
        self._to_mp3 = to_mp3
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
        self._last_answers: OrderedDict[tuple[int, str], str] = OrderedDict()
        self._has_drafts = True
        self._tasks: set[asyncio.Task[None]] = set()

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
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._bot.shutdown()
        await self._files.shutdown()

    @property
    def is_ready(self) -> bool:
        return self._poller is not None and self._poller.is_ready

    async def _connect(self) -> None:
        pauses = iter(START_PAUSES_S)
        pause_s = 0.0
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
            pause_s = next(pauses, pause_s)
            await asyncio.sleep(pause_s)

    async def _register_commands(self) -> None:
        menu = [BotCommand(c.name, c.summary) for c in COMMANDS if c.is_listed]
        try:
            await self._bot.set_my_commands(menu)
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

        async def retire(answer_id: str) -> None:
            self._retire_buttons(outbox.chat_id, message.chat.thread, answer_id)

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

    def _retire_buttons(self, chat_id: int, thread: str, answer_id: str) -> None:
        """Take the buttons from the answer before: only the last can be made again."""
        key = (chat_id, thread)
        before = self._last_answers.pop(key, None)
        self._last_answers[key] = answer_id
        while len(self._last_answers) > KEPT_ANSWERS:
            self._last_answers.popitem(last=False)
        if before is not None and before != answer_id:
            self._spawn(self._take_buttons(chat_id, int(before)))

    async def _take_buttons(self, chat_id: int, message_id: int) -> None:
        await asyncio.sleep(self._limiter.delay(chat_id, Kind.EDIT))
        try:
            await self._bot.edit_message_reply_markup(
                chat_id, message_id, reply_markup=None, rate_limit_args=DISPENSABLE
            )
        except TelegramError as failure:
            log.debug("old buttons stay", error=type(failure).__name__)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ------------------------------------------------------------ files

    async def download(self, attachment: Attachment) -> bytes:
        try:
            file = await self._bot.get_file(attachment.ref)
            if not file.file_path:
                raise FileUnavailableError("no path")
            return await self._files.download(file.file_path, self.max_download_bytes)
        except BadRequest as refusal:
            raise FileUnavailableError(str(refusal)) from refusal
        except TelegramError as failure:
            raise FileUnavailableError(type(failure).__name__) from failure
