"""What a Discord message asks of the bot, if anything."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import discord
import structlog
from discord import ChannelType, MessageType

from bot.discord.address import NAME, channel_key
from bot.discord.attachments import read_attachments, read_forwarded
from bot.discord.mentions import is_mentioned, readable
from bot.discord.people import display_name, own_id, read_sender
from bot.discord.text import clean
from handlers.commands import BY_NAME
from handlers.media.kinds import other
from handlers.messages import Attachment, AttachmentKind, IncomingMessage, Origin, Quoted

log = structlog.get_logger(__name__)

MALFORMED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    TypeError,
    ValueError,
)
"""What comes of data that is not as Discord's documentation says; the library checks nothing."""
FORWARDED = "a forwarded message"
"""Stands for its author, whom Discord does not tell."""
EPOCH = datetime.fromtimestamp(0, UTC)

_COMMAND = re.compile(r"\s*/([A-Za-z0-9_-]{1,32})(?![\w/<>@-])")


@dataclass(frozen=True, slots=True)
class _Request:
    text: str
    command: str = ""
    attachments: tuple[Attachment, ...] = ()
    quoted: Quoted | None = None


class MessageReader:
    """Keeps nothing of what it reads.

    ``referenced`` is what ``missing_reference`` named, where that was found.
    """

    def read(
        self,
        message: discord.Message,
        *,
        is_followed: bool,
        referenced: discord.Message | None = None,
    ) -> IncomingMessage | None:
        """None for what asks nothing of the bot. Never raises, whatever the message holds.

        ``is_followed``: all that is said in the message's channel is for the bot.
        """
        key = f"{NAME}:m:{message.id}"
        return _read_guarded(message, key, Origin.MESSAGE, is_followed, referenced)

    def read_edit(
        self,
        message: discord.Message,
        *,
        is_followed: bool,
        referenced: discord.Message | None = None,
    ) -> IncomingMessage | None:
        """As ``read``. None also for what its author did not change: a preview came, a pin.

        Of a message that was edited before, Discord tells these with the time of the old edit:
        they have the key of that edit.
        """
        if message.edited_at is None:
            return None
        edited_ms = (message.edited_at - EPOCH) // timedelta(milliseconds=1)
        key = f"{NAME}:m:{message.id}:{edited_ms}"
        return _read_guarded(message, key, Origin.EDIT, is_followed, referenced)

    def is_addressed_by_name(
        self, message: discord.Message, *, referenced: discord.Message | None = None
    ) -> bool:
        """Whether a person names the bot or replies to it; else it at most follows along."""
        return _is_from_person(message) and _is_named(message, _replied_to(message, referenced))

    def missing_reference(self, message: discord.Message) -> tuple[int, int] | None:
        """Channel and message that a person replies to, if Discord did not send it along."""
        reference = message.reference
        if reference is None or reference.resolved is not None or reference.message_id is None:
            return None
        if message.type is not MessageType.reply or not _is_from_person(message):
            return None
        return reference.channel_id, reference.message_id


def read_quoted(message: discord.Message) -> Quoted:
    """A message that another one is about: anybody's, the bot's own too."""
    forwarded = _forwarded(message)
    texts = (readable(message), forwarded.text if forwarded else "")
    return Quoted(
        message_id=str(message.id),
        author=display_name(message.author),
        text="\n".join(filter(None, texts)) or _embedded(message.embeds),
        attachments=(*read_attachments(message), *(forwarded.attachments if forwarded else ())),
        is_from_bot=message.author.id == own_id(message),
    )


def _read_guarded(
    message: discord.Message,
    key: str,
    origin: Origin,
    is_followed: bool,
    referenced: discord.Message | None,
) -> IncomingMessage | None:
    try:
        return _read(message, key, origin, is_followed, referenced)
    except MALFORMED as error:
        log.warning("message is malformed", message=str(message.id), error=type(error).__name__)
        return None


def _read(
    message: discord.Message,
    key: str,
    origin: Origin,
    is_followed: bool,
    referenced: discord.Message | None,
) -> IncomingMessage | None:
    if not _is_from_person(message):
        return None
    guild_id = _guild_id(message)
    is_group = guild_id is not None or message.channel.type is ChannelType.group
    replied = _replied_to(message, referenced)
    is_for_us = not is_group or is_followed or _is_in_own_thread(message)
    if not is_for_us and not _is_named(message, replied):
        return None
    request = _request(message, origin, replied, is_group)
    if request is None:
        return None
    return IncomingMessage(
        key=key,
        chat=channel_key(message.channel.id, guild_id),
        sender=read_sender(message.author),
        message_id=str(message.id),
        text=request.text,
        command=request.command,
        attachments=request.attachments,
        quoted=request.quoted,
        origin=origin,
        is_group=is_group,
        sent_at=message.created_at.timestamp(),
    )


# ---------------------------------------------------------------- whom it is for


def _is_from_person(message: discord.Message) -> bool:
    """Two bots that answer each other never end, and Discord's own notes ask for nothing."""
    if message.type not in (MessageType.default, MessageType.reply):
        return False
    author = message.author
    return message.webhook_id is None and not author.bot and not author.system


def _is_named(message: discord.Message, replied: discord.Message | None) -> bool:
    if is_mentioned(message):
        return True
    return replied is not None and replied.author.id == own_id(message)


def _is_in_own_thread(message: discord.Message) -> bool:
    channel = message.channel
    return isinstance(channel, discord.Thread) and channel.owner_id == own_id(message)


def _guild_id(message: discord.Message) -> int | None:
    if message.guild is not None:
        return message.guild.id
    # A server that is away, or a channel that the library does not know: the id may be all.
    return getattr(message.channel, "guild_id", None)


def _replied_to(
    message: discord.Message, referenced: discord.Message | None
) -> discord.Message | None:
    """None for no reply, and for one to a message that is gone."""
    if message.type is not MessageType.reply or message.reference is None:
        return None
    resolved = message.reference.resolved
    if resolved is None:
        return referenced
    return resolved if isinstance(resolved, discord.Message) else None


# ---------------------------------------------------------------- what it says


def _request(
    message: discord.Message, origin: Origin, replied: discord.Message | None, is_group: bool
) -> _Request | None:
    """None if nothing can be read of it."""
    attachments = read_attachments(message)
    forwarded = _forwarded(message)
    if not message.content and forwarded is None:
        if origin is Origin.EDIT and all(a.kind is AttachmentKind.OTHER for a in attachments):
            return None  # a poll that closes: nobody asked anything anew
        if not attachments and is_group and not is_mentioned(message):
            return None  # its words are withheld from those who may not read along
        if not attachments and not is_group:
            attachments = (other("a message of this kind"),)
    text = readable(message)
    quoted = _quoted(replied)
    if forwarded is None:
        return _with_command(_Request(text, "", attachments, quoted))
    if text or attachments:
        return _with_command(_Request(text, "", attachments, forwarded))
    # Somebody else's words: no command, whatever they look like.
    return _Request(forwarded.text, "", forwarded.attachments)


def _with_command(request: _Request) -> _Request:
    """A command of ours that was typed like any text."""
    found = _COMMAND.match(request.text)
    if found is None or found[1].lower() not in BY_NAME:
        return request
    arguments = request.text[found.end() :].strip()
    return _Request(arguments, found[1].lower(), request.attachments, request.quoted)


def _quoted(replied: discord.Message | None) -> Quoted | None:
    if replied is None:
        return None
    quoted = read_quoted(replied)
    return quoted if quoted.text or quoted.attachments else None


def _forwarded(message: discord.Message) -> Quoted | None:
    """What somebody else said elsewhere, as far as there is anything to read."""
    snapshots = message.message_snapshots
    texts = (readable(message, one.content) or _embedded(one.embeds) for one in snapshots)
    text = "\n".join(filter(None, texts))
    files = tuple(file for one in snapshots for file in read_forwarded(one, message))
    return Quoted("", FORWARDED, text, files) if text or files else None


def _embedded(embeds: Sequence[discord.Embed]) -> str:
    """What apps write in boxes. Previews of links are left out: nobody said what they say."""
    lines: list[str | None] = []
    for embed in embeds:
        if embed.type == "rich":
            lines += (embed.title, embed.description)
            lines += (f"{field.name}: {field.value}" for field in embed.fields)
    return clean("\n".join(filter(None, lines)))
