"""What stands in a text for people, roles, channels and emoji, as people see it."""

import re
from collections.abc import Iterable

import discord

from bot.discord.people import display_name, own_id
from bot.discord.text import clean, clean_name

_TOKEN = re.compile(
    r"(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"  # code: nothing in it is a mention
    r"|<(?P<sign>@!?|@&|#)(?P<id>\d{1,20})>"
    r"|<a?(?P<emoji>:\w{1,64}:)\d{1,20}>",
    re.ASCII | re.DOTALL,
)
_US = "\ud800"
"""Where the bot was named. No clean text has half a pair in it."""
_RUN = f"{_US}(?: ?{_US})*"
_GAP = re.compile(
    rf"\A{_RUN}(?:[,:](?=\s|\Z))?\s?"  # and the comma or colon after it
    rf"|(?<=\s){_RUN} "
    rf"| {_RUN}(?=\Z|[\s.,;:!?…)\]}}])"
    rf"|{_RUN}"
)


def readable(message: discord.Message, content: str | None = None) -> str:
    """The message's text, or ``content`` that came with it, without the bot's mention."""
    words = clean(message.content if content is None else content)
    if "<" not in words:
        return words
    names = _Names(message)
    return _GAP.sub("", _TOKEN.sub(names.name, words))


def is_mentioned(message: discord.Message) -> bool:
    """Whether it names the bot, or the role that a server gives to the bot alone."""
    us = own_id(message)
    return any(user.id == us for user in _people(message)) or any(
        _is_ours(role, us) for role in getattr(message, "role_mentions", ())
    )


class _Names:
    def __init__(self, message: discord.Message) -> None:
        self._us = own_id(message)
        self._guild = message.guild
        self._people = {user.id: user for user in _people(message)}

    def name(self, found: re.Match[str]) -> str:
        if found["ticks"]:
            return found[0]
        if found["emoji"]:
            return found["emoji"]
        number = int(found["id"])
        match found["sign"]:
            case "#":
                return self._channel(number)
            case "@&":
                return self._role(number)
            case _:
                return self._person(number)

    def _person(self, number: int) -> str:
        if number == self._us:
            return _US
        user = self._people.get(number)
        return "@" + ((display_name(user) if user is not None else "") or "unknown-user")

    def _role(self, number: int) -> str:
        role = self._guild.get_role(number) if self._guild is not None else None
        if role is None:
            return "@unknown-role"
        if _is_ours(role, self._us):
            return _US
        return "@" + (clean_name(role.name).removeprefix("@") or "unknown-role")

    def _channel(self, number: int) -> str:
        guild = self._guild
        channel = guild.get_channel_or_thread(number) if guild is not None else None
        return "#" + ((clean_name(channel.name) if channel is not None else "") or "unknown")


def _people(message: discord.Message) -> Iterable[discord.abc.User]:
    # The library leaves the attribute out where Discord left out the field.
    return getattr(message, "mentions", ())


def _is_ours(role: discord.Role, us: int) -> bool:
    return role.tags is not None and role.tags.bot_id == us
