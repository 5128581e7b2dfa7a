"""Logging in, and staying connected, however long Discord is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import discord
import structlog

from bot.discord.client import ParleyBot
from bot.discord.commands import payloads
from bot.discord.rest import Rest
from bot.patience import growing_pauses
from handlers.errors import ConfigError

log = structlog.get_logger(__name__)

WRONG_TOKEN = 4004
"""Why the gateway closes for good: a close code."""
UNREACHABLE = (
    discord.HTTPException,
    discord.GatewayNotFound,
    discord.RateLimited,
    aiohttp.ClientError,
    OSError,  # TimeoutError is one
)


class Connection:
    def __init__(
        self,
        bot: ParleyBot,
        rest: Rest,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._bot = bot
        self._rest = rest
        self._pause = pause

    async def login(self, token: str) -> None:
        """Until Discord lets the bot in; then ``rest`` is open. ConfigError: a wrong token."""
        pauses = growing_pauses()
        while True:
            try:
                await self._bot.login(token)
                break
            except discord.LoginFailure as refusal:
                raise ConfigError(
                    "discord.token: Discord does not know this token; "
                    "copy it again from discord.com/developers"
                ) from refusal
            except UNREACHABLE as failure:
                log.warning("discord cannot be reached", error=type(failure).__name__)
            await self._bot.forget_login()
            await self._pause(next(pauses))
        self._rest.open(self._bot.http, self._bot.application_id or 0)
        if not self._bot.may_read:
            log.warning(
                "discord's message content intent is off: only direct messages, mentions and "
                "commands are read",
                mend="discord.com/developers, Bot, Message Content Intent",
            )

    async def register_commands(self) -> None:
        """Until Discord has them, or refuses them."""
        pauses = growing_pauses()
        while True:
            try:
                await self._rest.put_commands(payloads())
            except (discord.Forbidden, discord.NotFound) as refusal:
                log.warning("the commands were refused", detail=str(refusal))
                return
            except UNREACHABLE as failure:
                log.warning("the commands are not registered yet", error=type(failure).__name__)
            else:
                return
            await self._pause(next(pauses))

    async def stay(self) -> None:
        """Connected until the bot is closed. ConfigError if Discord refuses it for good."""
        pauses = growing_pauses()
        while True:
            try:
                await self._bot.connect()
            except discord.ConnectionClosed as closed:
                if closed.code == WRONG_TOKEN:
                    raise ConfigError(
                        "discord.token: Discord does not take it any more"
                    ) from closed
                raise ConfigError(
                    f"discord: refused for good (close code {closed.code})"
                ) from closed
            except discord.PrivilegedIntentsRequired as refusal:
                raise ConfigError(
                    "discord: the message content intent was taken away; start again, or switch "
                    "it on at discord.com/developers"
                ) from refusal
            except UNREACHABLE as failure:
                log.warning("discord's gateway cannot be reached", error=type(failure).__name__)
            else:
                return
            await self._pause(next(pauses))
