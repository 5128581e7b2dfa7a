"""What of all that is said is for the bot, and where it goes on listening."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import discord
import structlog

from bot.discord.address import Address
from bot.discord.incoming import MessageReader
from bot.discord.places import Places, chat_of
from handlers.messages import IncomingMessage

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Manners:
    """To whom the bot speaks, and where it may."""

    is_welcome: Callable[[IncomingMessage], bool]
    """Whether the sender may use the bot; strangers make no place."""
    may_answer: Callable[[discord.Message], bool] = lambda _: True
    """What cannot be answered where it was said is not asked either."""
    tell_muted: Callable[[discord.Message], object] = lambda _: None
    """Says so to the person."""


class Ear:
    def __init__(self, reader: MessageReader, places: Places, manners: Manners) -> None:
        self._reader = reader
        self._places = places
        self._manners = manners

    def hear(
        self, message: discord.Message, quoted: discord.Message | None, is_edit: bool
    ) -> IncomingMessage | None:
        """None for what is not for the bot. Never raises."""
        try:
            return self._hear(message, quoted, is_edit)
        except Exception:
            log.exception("a message cannot be read", message_id=message.id)
            return None

    def notice(self, interaction: IncomingMessage) -> None:
        """Whoever uses commands may go on in messages, where the bot can read them."""
        number = interaction.key.rpartition(":")[2]
        may_read = Address.decode(interaction.reply_ref).may_write
        if may_read and number.isdecimal() and self._manners.is_welcome(interaction):
            self._places.enter(interaction.chat, before=int(number) - 1)

    def _hear(
        self, message: discord.Message, quoted: discord.Message | None, is_edit: bool
    ) -> IncomingMessage | None:
        chat = chat_of(message)
        place = self._places.get(chat)
        if is_edit and place is None:
            return None
        is_followed = place is not None and place.is_followed
        read = self._reader.read_edit if is_edit else self._reader.read
        heard = read(message, is_followed=is_followed, referenced=quoted)
        if heard is None:
            return None
        is_welcome = self._manners.is_welcome(heard)
        if not self._manners.may_answer(message):
            if is_welcome:
                self._manners.tell_muted(message)
            return None
        if not is_welcome:
            # Strangers who only talk where the bot listens are not talking to it.
            return heard if self._is_to_bot(message, quoted) else None
        if isinstance(message.channel, discord.Thread) and not is_edit:
            # Named there, or in a thread of its own, which later may not be known as such.
            self._places.follow(chat, before=message.id - 1)
        elif not is_edit:
            self._places.enter(chat, before=message.id - 1)
        return heard

    def _is_to_bot(self, message: discord.Message, quoted: discord.Message | None) -> bool:
        is_named = self._reader.is_addressed_by_name(message, referenced=quoted)
        return is_named or message.guild is None
