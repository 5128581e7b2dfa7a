"""Long polling in which Telegram forgets an update only after it was committed.

An update is forgotten when getUpdates is called with an offset above its id. So the offset moves
on when the batch is accepted, and not before; what a crash or a failure leaves unconfirmed comes
again, and is known by its key.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import structlog
from telegram import Bot, Update
from telegram.error import (
    Conflict,
    EndPointNotFound,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.telegram.incoming import MALFORMED, ChatMigration, UpdateReader, button_press_id
from bot.telegram.unreadable import read_unreadable
from handlers.errors import ConfigError, ParleyError
from handlers.messages import IncomingMessage

log = structlog.get_logger(__name__)

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "stopped_message_generation")
BATCH_SIZE = 100
READ_SLACK_S = 10.0
"""How much longer than the poll itself its answer may take."""
FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0
IDLE_PAUSE_S = 0.2
"""After a poll that brought nothing: a server that does not wait would be asked without end."""
UNREADY_AFTER_FAILURES = 3

# The library's get_updates parses a batch as a whole, so that one broken update would stop all,
# and logs what it could not parse, words of people among it. Asked for the raw answer it warns
# that get_updates exists, unless it does not recognise the name: it drops the underscore later.
GET_UPDATES = "getUpdates_"


class Poller:
    """Feeds updates to ``accept`` and ``migrate``, in order, until its task is cancelled.

    Both must have committed what they got when they return, and be harmless when called again
    with the same. If one raises a ParleyError the whole batch comes again after a pause; any
    other error ends ``run``, with nothing lost.
    """

    def __init__(
        self,
        bot: Bot,
        reader: UpdateReader,
        accept: Callable[[list[IncomingMessage]], Awaitable[None]],
        migrate: Callable[[ChatMigration], Awaitable[None]],
        *,
        poll_timeout_s: int = 30,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._bot = bot
        self._reader = reader
        self._accept = accept
        self._migrate = migrate
        self._poll_timeout_s = poll_timeout_s
        self._pause = pause
        self._now = now
        self._offset: int | None = None
        self._failures = 0
        self._is_in_conflict = False
        self._answers: set[asyncio.Task[None]] = set()
        self.last_success: float | None = None
        """When Telegram last answered a poll, in seconds since the epoch."""

    @property
    def is_ready(self) -> bool:
        """Telegram answers, and what it sends is accepted."""
        return self.last_success is not None and self._failures < UNREADY_AFTER_FAILURES

    async def run(self) -> None:
        """Raises ConfigError if Telegram refuses the token. Leaves nothing running behind."""
        try:
            await self._remove_webhook()
            while True:
                pause_s = await self._step()
                if pause_s > 0:
                    await self._pause(pause_s)
        finally:
            await self._stop_answering()

    async def _step(self) -> float:
        """Poll once; returns how long to pause before the next time."""
        try:
            batch = await self._fetch()
        except RetryAfter as flood:
            pause_s = _seconds(flood.retry_after)
            log.warning("telegram asks to poll later", retry_after_s=pause_s)
            return pause_s
        except Conflict as conflict:
            return await self._meet(conflict)
        except (InvalidToken, EndPointNotFound) as refusal:
            raise _token_refused() from refusal
        except TelegramError as error:
            return self._back_off("polling failed", error)
        self.last_success = self._now()
        self._is_in_conflict = False
        try:
            has_news = await self._take(batch)
        except ParleyError as error:
            return self._back_off("updates were not accepted, they will come again", error)
        self._failures = 0
        return 0.0 if has_news else IDLE_PAUSE_S

    async def _fetch(self) -> list[Any]:
        # A poll that waits tells only after half a minute that all is well.
        timeout_s = self._poll_timeout_s if self.is_ready else 0
        batch = await self._bot.do_api_request(
            GET_UPDATES,
            api_kwargs={
                "offset": self._offset,
                "limit": BATCH_SIZE,
                "timeout": timeout_s,
                "allowed_updates": list(ALLOWED_UPDATES),
            },
            read_timeout=timeout_s + READ_SLACK_S,
        )
        if not isinstance(batch, list):
            raise NetworkError("getUpdates was answered with something else than a list")
        return batch

    async def _take(self, batch: list[Any]) -> bool:
        """Whether the offset moved on."""
        messages: list[IncomingMessage] = []
        presses: list[str] = []
        for data in batch:
            update = self._parse(data)
            if update is None:
                if (unreadable := read_unreadable(data, self._bot.id)) is not None:
                    messages.append(unreadable)
                continue
            if (press := button_press_id(update)) is not None:
                presses.append(press)
            request = self._reader.read(update)
            if isinstance(request, IncomingMessage):
                messages.append(request)
            elif request is not None:
                # What came before the move belongs to the old chat, and moves with it.
                if messages:
                    await self._accept(messages)
                    messages = []
                await self._migrate(request)
        if messages:
            await self._accept(messages)
        for press in presses:
            self._answer_press(press)
        offset = max((_update_id(data) + 1 for data in batch), default=0)
        if offset in (0, self._offset):
            return False
        self._offset = offset
        return True

    def _parse(self, data: Any) -> Update | None:
        try:
            update = Update.de_json(data, self._bot)
            return update if _update_id(data) >= 0 else None
        except (*MALFORMED, TelegramError) as error:
            log.warning(
                "update could not be parsed and is left out",
                update_id=_update_id(data),
                error=type(error).__name__,
            )
            return None

    # ------------------------------------------------------------ when it does not work

    def _back_off(self, event: str, error: Exception) -> float:
        pause_s = min(FIRST_BACKOFF_S * 2.0 ** min(self._failures, 16), LONGEST_BACKOFF_S)
        pause_s *= random.uniform(0.5, 1.0)  # noqa: S311  # spreads load, guards nothing
        self._failures += 1
        log.warning(
            event, error=type(error).__name__, detail=str(error), retry_in_s=round(pause_s, 1)
        )
        return pause_s

    async def _meet(self, conflict: Conflict) -> float:
        pause_s = self._back_off("polling is refused", conflict)
        if "webhook" in str(conflict).lower():
            await self._remove_webhook()
        elif not self._is_in_conflict:
            self._is_in_conflict = True
            log.error("another program polls with this token; stop it, or use another bot")
        return pause_s

    async def _remove_webhook(self) -> None:
        # While there is one, Telegram refuses polls. What waits is kept: it was not answered.
        try:
            await self._bot.delete_webhook(drop_pending_updates=False)
        except InvalidToken as refusal:
            raise _token_refused() from refusal
        except TelegramError as error:
            log.warning("webhook could not be removed", error=type(error).__name__)

    # ------------------------------------------------------------ pressed buttons

    def _answer_press(self, press: str) -> None:
        """Tell the app that the press arrived; not worth to wait for, nor to fail for."""
        task = asyncio.create_task(self._answer(press))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _answer(self, press: str) -> None:
        try:
            await self._bot.answer_callback_query(press)
        except TelegramError as error:
            log.info("button press could not be answered", error=type(error).__name__)

    async def _stop_answering(self) -> None:
        for task in self._answers:
            task.cancel()
        await asyncio.gather(*self._answers, return_exceptions=True)


def _update_id(data: Any) -> int:
    """-1 if it has none."""
    update_id = data.get("update_id") if isinstance(data, dict) else None
    return update_id if isinstance(update_id, int) else -1


def _seconds(retry_after: int | timedelta) -> float:
    return retry_after.total_seconds() if isinstance(retry_after, timedelta) else retry_after


def _token_refused() -> ConfigError:
    return ConfigError("telegram.token: Telegram does not accept it; copy it anew from @BotFather")
