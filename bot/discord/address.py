"""Where the answer to a message goes: what travels in ``IncomingMessage.reply_ref``."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from enum import StrEnum

from handlers.messages import ChatKey

NAME = "discord"
TOKEN_LASTS_S = 15 * 60.0
"""So long after the interaction its token lets the bot answer."""
DEFAULT_FILE_BYTES = 10 * 1024 * 1024


class Opening(StrEnum):
    """What the acknowledgement of an interaction left as its ``@original`` message."""

    NONE = ""
    """An ordinary message, not an interaction."""
    LOADING = "loading"
    """A message of ours that says that the bot is thinking, to be filled with the answer."""
    PRESSED = "pressed"
    """The message under which a button was pressed: a menu is changed in place."""


@dataclass(frozen=True, slots=True)
class Address:
    opening: Opening = Opening.NONE
    token: str = ""
    application_id: int = 0
    expires_at: float = 0.0
    """When the token does: seconds since the epoch."""
    is_hidden: bool = False
    """Only the person who called sees the answer. Then all of it goes by the token."""
    may_write: bool = True
    """The bot may post in the channel by itself; else the token is its only way."""
    file_bytes: int = DEFAULT_FILE_BYTES
    """The largest file that may be sent here."""

    @property
    def is_interaction(self) -> bool:
        return self.opening is not Opening.NONE

    def encode(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def decode(cls, text: str) -> Address:
        if not text:
            return cls()
        values = json.loads(text)
        return cls(**{**values, "opening": Opening(values["opening"])})


def channel_key(channel_id: int, guild_id: int | None) -> ChatKey:
    """A server is the chat, its channels and threads are what is in it: listing a server's id in
    ``access`` lets all of them in. A direct chat stands for itself.
    """
    if guild_id is None:
        return ChatKey(NAME, str(channel_id))
    return ChatKey(NAME, str(guild_id), str(channel_id))


def channel_of(chat: ChatKey) -> int:
    """The channel, thread or direct chat that a conversation is in."""
    return int(chat.thread or chat.chat)
