"""What a message replies to, where Discord left it out."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import discord
import structlog

from bot.discord.catchup import UNREACHABLE
from bot.discord.incoming import MALFORMED, MessageReader
from bot.discord.places import chat_of
from bot.discord.rest import Rest

log = structlog.get_logger(__name__)

Json = dict[str, Any]

TIMEOUT_S = 0.7
"""For all that are asked for together: longer would keep others waiting."""


class References:
    def __init__(
        self, reader: MessageReader, rest: Rest, build: Callable[[Json], discord.Message]
    ) -> None:
        self._reader = reader
        self._rest = rest
        self._build = build

    async def fetch(self, messages: Iterable[discord.Message]) -> dict[int, discord.Message]:
        """By the id of the reply, as far as they come in time. Raises nothing."""
        tasks = {
            message.id: asyncio.create_task(self._fetch(message, *where))
            for message in messages
            if (where := self._reader.missing_reference(message)) is not None
        }
        if not tasks:
            return {}
        try:
            await asyncio.wait(tasks.values(), timeout=TIMEOUT_S)
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
        done = {reply: task.result() for reply, task in tasks.items() if not task.cancelled()}
        return {reply: message for reply, message in done.items() if message is not None}

    async def _fetch(
        self, reply: discord.Message, channel_id: int, message_id: int
    ) -> discord.Message | None:
        chat = chat_of(reply)
        server = {"guild_id": chat.chat} if chat.thread else {}
        try:
            return self._build(await self._rest.get_message(channel_id, message_id) | server)
        except (*UNREACHABLE, *MALFORMED) as failure:
            log.info("what a message replies to could not be read", detail=repr(failure))
            return None
