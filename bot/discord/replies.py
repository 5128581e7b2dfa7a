"""The replies of one process on Discord, and what they share."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from bot.discord.address import Address, Opening, channel_of
from bot.discord.calls import NO_MENTIONS, Calls
from bot.discord.delivery import Courier, NotNowError, RefusedError, TokenLostError, judged
from bot.discord.outbox import Outbox
from bot.discord.pace import Pace
from bot.discord.rest import Rest
from bot.discord.restating import Restating
from bot.discord.sink import DiscordReply
from bot.discord.surroundings import Around, ReplyTools
from bot.discord.ways import Ways
from handlers.messages import IncomingMessage, Origin
from handlers.ports.machine import Clock
from handlers.ports.platforms import SentLog

__all__ = ["Replies", "ReplyTools"]

log = structlog.get_logger(__name__)

RETIRE_PAUSES_S = (1.0, 5.0, 30.0)
"""Buttons of an old answer are taken off again after so long; then they stay."""


class Replies:
    def __init__(
        self,
        rest: Rest,
        tools: ReplyTools,
        clock: Clock,
        update_interval_s: float = 1.0,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rest = rest
        self._clock = clock
        self._pause = pause
        self._pace = Pace(update_interval_s, pause=pause)
        self._courier = Courier(pause)
        self._tasks: set[asyncio.Task[None]] = set()
        self._restating = Restating(self._spawn, pause)
        self._around = Around(tools, self._spawn, self._retire, self._restating, pause)

    def open(
        self,
        message: IncomingMessage,
        sent: SentLog,
        acknowledged: Awaitable[bool] | None = None,
    ) -> DiscordReply:
        """The answer to a message; what ``sent`` knows of it already is continued.

        ``acknowledged``: whether Discord took our word for the interaction; None if that is not
        known.
        """
        address = Address.decode(message.reply_ref)
        is_press = message.origin is Origin.BUTTON and address.opening is Opening.PRESSED
        pressed_id = message.message_id if is_press else ""
        ways = Ways(address, sent, self._clock, acknowledged, pressed_id)
        channel_id = channel_of(message.chat)
        calls = Calls(self._rest, ways, message.key, channel_id, _replied_to(message, address))
        outbox = Outbox(calls, ways, self._pace, self._courier, sent)
        return DiscordReply(message, address, sent, ways, outbox, self._around)

    async def aclose(self) -> None:
        """Give up what can be left out."""
        for task in (running := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _retire(self, channel_id: int, message_id: str) -> None:
        self._restating.end(message_id)
        if message_id.isdecimal():
            self._spawn(self._take_buttons(channel_id, int(message_id)))

    async def _take_buttons(self, channel_id: int, message_id: int) -> None:
        body = {"components": [], "allowed_mentions": NO_MENTIONS}
        for pause_s in (*RETIRE_PAUSES_S, None):
            await self._pace.preview(channel_id)
            try:
                await judged(self._rest.edit_message(channel_id, message_id, body))
            except NotNowError as failure:
                log.info("old buttons stay for now", detail=str(failure))
            except (RefusedError, TokenLostError) as refusal:
                log.info("old buttons stay", detail=str(refusal))
                return
            else:
                return
            if pause_s is not None:
                await self._pause(pause_s)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work beside an answer failed", exc_info=error)


def _replied_to(message: IncomingMessage, address: Address) -> int | None:
    """The question, in a server, where it is a message that people see."""
    is_message = message.origin is not Origin.BUTTON and address.opening is not Opening.LOADING
    if message.is_group and is_message and message.message_id.isdecimal():
        return int(message.message_id)
    return None
