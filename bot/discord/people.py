"""Who is behind what happens on Discord."""

import discord

from bot.discord.address import NAME
from bot.discord.text import clean_name
from handlers.messages import Sender


def read_sender(user: discord.abc.User, locale: str = "") -> Sender:
    """``locale``: BCP 47, as an interaction tells it; a message does not."""
    return Sender(NAME, str(user.id), display_name(user), clean_name(locale))


def display_name(user: discord.abc.User) -> str:
    """What people see; the name of the account if nothing of it can be seen."""
    return clean_name(user.display_name) or clean_name(user.name)


def own_id(message: discord.Message) -> int:
    """The bot's, as the connection knows it that the message came by."""
    return message._state.self_id or 0  # noqa: SLF001  # a message has no public way to it
