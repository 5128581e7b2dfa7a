"""Where the bot is named and may not write: the person is told in the direct chat."""

from __future__ import annotations

from collections import OrderedDict

import discord
import structlog

from bot.discord.calls import NO_MENTIONS
from bot.discord.delivery import NotNowError, RefusedError, TokenLostError, judged
from bot.discord.markup import plain_parts
from bot.discord.rest import Rest
from handlers.ports.machine import Clock
from handlers.texts import say

log = structlog.get_logger(__name__)

AGAIN_S = 3600.0
KEPT = 1_000


class Muted:
    def __init__(self, rest: Rest, clock: Clock) -> None:
        self._rest = rest
        self._clock = clock
        self._told: OrderedDict[tuple[int, int], float] = OrderedDict()

    async def tell(self, message: discord.Message) -> None:
        """Once an hour for each person and channel. One try; never raises."""
        pair = (message.author.id, message.channel.id)
        now = self._clock.now()
        if now - self._told.get(pair, -AGAIN_S) < AGAIN_S:
            return
        self._told[pair] = now
        while len(self._told) > KEPT:
            self._told.popitem(last=False)
        log.info("may not write where it was named", channel=message.channel.id)
        name = getattr(message.channel, "name", "")
        body = {
            "content": plain_parts(say("may_not_write", channel=name))[0],
            "allowed_mentions": NO_MENTIONS,
        }
        try:
            chat_id = await judged(self._rest.open_dm(message.author.id))
            await judged(self._rest.create_message(chat_id, body, nonce=f"m{message.id}"))
        except (NotNowError, RefusedError, TokenLostError) as failure:
            log.info("nor in the direct chat", detail=str(failure))
