"""Taking the buttons from answers that are no longer the last, when the chat is quiet."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    TelegramError,
)
from telegram.ext import ExtBot

from bot.telegram.limiter import DISPENSABLE, ChatLimiter, NotNowError

log = structlog.get_logger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0


class Retirement:
    """Forgets no message while it runs, and takes one after the other in each chat."""

    def __init__(
        self,
        bot: ExtBot[str],
        limiter: ChatLimiter,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._bot = bot
        self._limiter = limiter
        self._pause = pause
        self._waiting: dict[int, deque[int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, chat_id: int, message_id: int) -> None:
        waiting = self._waiting.get(chat_id)
        if waiting is not None:
            if message_id not in waiting:
                waiting.append(message_id)
            return
        self._waiting[chat_id] = deque([message_id])
        task = asyncio.create_task(self._work_off(chat_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work_off(self, chat_id: int) -> None:
        waiting = self._waiting[chat_id]
        pause_s = FIRST_PAUSE_S
        while waiting:
            while (wait_s := self._limiter.quiet_delay(chat_id)) > 0:
                await self._pause(wait_s)
            try:
                await self._bot.edit_message_reply_markup(
                    chat_id, waiting[0], reply_markup=None, rate_limit_args=DISPENSABLE
                )
            except NotNowError:
                await self._pause(pause_s)
                continue
            except (BadRequest, Forbidden, ChatMigrated) as refusal:
                log.debug("old buttons stay", error=type(refusal).__name__)
            except TelegramError as failure:
                log.debug("old buttons stay for now", error=type(failure).__name__)
                await self._pause(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
                continue
            waiting.popleft()
            pause_s = FIRST_PAUSE_S
        del self._waiting[chat_id]
