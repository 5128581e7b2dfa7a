"""Sending to one chat until it has arrived, or is refused for good."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import structlog
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    TelegramError,
)

from bot.patience import growing_pauses, to_the_end
from handlers.errors import DeliveryRefusedError

log = structlog.get_logger(__name__)

T = TypeVar("T")

TOO_LARGE = "too large"
"""What Telegram, or a proxy before it, says of an upload that no waiting makes smaller."""


class Courier:
    """Repeats a call for as long as repeating can help."""

    def __init__(
        self,
        migrated: Callable[[int], Awaitable[None]],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``migrated`` is told the chat's new id when Telegram says that it has one."""
        self._migrated = migrated
        self._pause = pause

    async def deliver(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What ``call`` returns. BadRequest is for the caller to judge.

        Raises DeliveryRefusedError. A call whose answer was lost is made again: Telegram has no
        way to tell whether it was carried out, and a message twice is better than none.
        """
        pauses = growing_pauses()
        while True:
            try:
                return await to_the_end(call())
            except BadRequest:
                raise
            except Forbidden as refusal:
                raise DeliveryRefusedError(str(refusal)) from refusal
            except ChatMigrated as move:
                await self._migrated(move.new_chat_id)
                continue
            except (InvalidToken, Conflict) as refusal:
                # Not this message's fault: when the token works again it is delivered.
                log.warning("telegram does not accept the token", error=type(refusal).__name__)
            except TelegramError as failure:
                if TOO_LARGE in str(failure).lower():
                    raise DeliveryRefusedError(str(failure)) from failure
                log.warning("telegram did not take it yet", error=type(failure).__name__)
            await self._pause(next(pauses))
