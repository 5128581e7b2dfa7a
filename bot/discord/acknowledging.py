"""The first response to an interaction, in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, cast

import aiohttp
import discord
import structlog
from discord import app_commands

from bot.discord.client import ParleyBot
from bot.discord.forms import OpenForm, build_modal
from bot.discord.incoming import MALFORMED, read_quoted
from bot.discord.interactions import Completion, Heard, Response, gone
from bot.discord.rest import Rest
from handlers.errors import ParleyError
from handlers.filling import Filling

log = structlog.get_logger(__name__)

RESPOND_WITHIN_S = 2.8
"""Discord waits three seconds."""
PREPARE_WITHIN_S = 1.5
"""For what stands in a form, completions, the message that was asked about."""
TRY_WITHIN_S = 1.2
"""A request that is silent for longer is made again."""
PAUSE_S = 0.1
MAX_CHOICE = 100
ALREADY_ACKNOWLEDGED = 40060
UNANSWERED = (aiohttp.ClientError, OSError)  # TimeoutError is an OSError
REFUSED = (
    discord.DiscordException,
    RuntimeError,  # the connection was closed by us
    *MALFORMED,
)

Send = Callable[[], Awaitable[object]]
Answer = TypeVar("Answer")


class Acknowledger:
    def __init__(
        self,
        rest: Rest,
        filling: Filling,
        *,
        prepare_within_s: float = PREPARE_WITHIN_S,
        try_within_s: float = TRY_WITHIN_S,
    ) -> None:
        self._rest = rest
        self._filling = filling
        self._prepare_within_s = prepare_within_s
        self._try_within_s = try_within_s

    async def complete(self, interaction: discord.Interaction, heard: Heard) -> Heard:
        """With the message that it is about (``heard.target``), or a line if that is gone."""
        target, message = heard.target, heard.message
        if target is None or message is None:
            return heard
        try:
            async with asyncio.timeout(self._prepare_within_s):
                raw = await self._rest.get_message(target.channel_id, target.message_id)
            quoted = read_quoted(cast("ParleyBot", interaction.client).build_message(raw))
        except (*UNANSWERED, *REFUSED) as failure:
            log.info("the message that was asked about is gone", error=type(failure).__name__)
            return replace(gone(), heard_at_s=heard.heard_at_s)
        return replace(heard, message=replace(message, quoted=quoted), target=None)

    async def acknowledge(self, interaction: discord.Interaction, heard: Heard) -> bool:
        """Whether Discord took it; if not, it was logged. Never raises."""
        send = await self._prepare(interaction, heard)
        return await self._send_in_time(send, interaction, heard.heard_at_s + RESPOND_WITHIN_S)

    async def decline(self, interaction: discord.Interaction, text: str) -> bool:
        """Tell the person one line, and that is all. Never raises."""
        return await self.acknowledge(interaction, Heard(Response.LINE, line=text))

    async def _prepare(self, interaction: discord.Interaction, heard: Heard) -> Send:
        response = interaction.response
        if interaction.type is discord.InteractionType.autocomplete:
            return partial(response.autocomplete, await self._choices(heard.completion))
        match heard.response:
            case Response.DEFER_PUBLIC:
                return partial(response.defer, thinking=True)
            case Response.DEFER_PRIVATE:
                return partial(response.defer, thinking=True, ephemeral=True)
            case Response.DEFER_UPDATE:
                return response.defer
            case Response.FORM if heard.form is not None:
                return partial(response.send_modal, await self._modal(heard.form))
        return partial(response.send_message, heard.line, ephemeral=True)

    async def _modal(self, opened: OpenForm) -> discord.ui.Modal:
        current: str | None = ""
        if opened.target is None:
            current = await self._bounded(self._filling.current(opened.chat, opened.command))
        return build_modal(opened, current)

    async def _choices(self, asked: Completion | None) -> list[app_commands.Choice[Any]]:
        if asked is None:
            return []
        found = await self._bounded(
            self._filling.complete(asked.chat, asked.source, asked.typed, asked.filled)
        )
        # What is cut would be something else: it is left to typing.
        fitting = [word for word in found or () if 0 < len(word) <= MAX_CHOICE]
        return [app_commands.Choice(name=word, value=word) for word in fitting]

    async def _bounded(self, work: Awaitable[Answer]) -> Answer | None:
        """None if it fails or takes too long: Discord's three seconds matter more."""
        try:
            async with asyncio.timeout(self._prepare_within_s):
                return await work
        except (TimeoutError, ParleyError) as failure:
            log.warning("nothing to fill in with", error=type(failure).__name__)
            return None

    async def _send_in_time(
        self, send: Send, interaction: discord.Interaction, until_s: float
    ) -> bool:
        """Send until Discord takes it. What is logged never holds an address: a token is in it."""
        failure = "it was too late"
        tries = 0
        while (left_s := until_s - time.monotonic()) > 0:
            tries += 1
            try:
                async with asyncio.timeout(min(left_s, self._try_within_s)):
                    await send()
            except UNANSWERED as error:
                failure = type(error).__name__
                await asyncio.sleep(PAUSE_S)
            except REFUSED as error:
                code = getattr(error, "code", 0)
                # A try may arrive whose answer is lost; and what the library makes of an answer
                # is nothing to us.
                is_again = tries > 1 and code == ALREADY_ACKNOWLEDGED
                if is_again or interaction.response.is_done():
                    return True
                failure = f"{type(error).__name__} {code or ''}".rstrip()
                break
            else:
                return True
        log.warning(
            "an interaction was not acknowledged", interaction_id=interaction.id, why=failure
        )
        return False
