"""Who set an interaction off, when and where, and what the bot may do there."""

from __future__ import annotations

import discord

from bot.discord.address import NAME, TOKEN_LASTS_S, Address, Opening, channel_key
from bot.discord.forms import Target
from bot.discord.people import read_sender
from handlers.messages import Attachment, ChatKey, IncomingMessage, Quoted


def message_of(
    interaction: discord.Interaction,
    command: str,
    text: str = "",
    *,
    attachments: tuple[Attachment, ...] = (),
    quoted: Quoted | None = None,
) -> IncomingMessage:
    return IncomingMessage(
        key=f"{NAME}:i:{interaction.id}",
        chat=_chat(interaction),
        sender=read_sender(interaction.user, interaction.locale.value),
        message_id=str(interaction.id),
        text=text,
        command=command,
        attachments=attachments,
        quoted=quoted,
        is_group=not _is_direct(interaction),
        sent_at=_began_at(interaction),
    )


def address_of(interaction: discord.Interaction, opening: Opening, *, is_hidden: bool) -> Address:
    return Address(
        opening=opening,
        token=interaction.token,
        application_id=interaction.application_id,
        expires_at=_began_at(interaction) + TOKEN_LASTS_S,
        is_hidden=is_hidden,
        may_write=_may_write(interaction),
        file_bytes=interaction.filesize_limit,
    )


def _chat(interaction: discord.Interaction) -> ChatKey:
    if interaction.channel is None:
        raise ValueError("a kind of channel that the library does not know")
    return channel_key(interaction.channel.id, interaction.guild_id)


def _began_at(interaction: discord.Interaction) -> float:
    return discord.utils.snowflake_time(interaction.id).timestamp()


def _is_direct(interaction: discord.Interaction) -> bool:
    """With the bot alone. Two people who use it between them are a group."""
    is_between_people = interaction.context.private_channel
    return isinstance(interaction.channel, discord.DMChannel) and not is_between_people


def _may_write(interaction: discord.Interaction) -> bool:
    if interaction.guild_id is None:
        return _is_direct(interaction)
    if interaction.client.get_guild(interaction.guild_id) is None:
        return False  # a person's own installation, or commands without a bot
    allowed = interaction.app_permissions
    is_thread = isinstance(interaction.channel, discord.Thread)
    may_send = allowed.send_messages_in_threads if is_thread else allowed.send_messages
    return allowed.view_channel and may_send


def may_open_thread(interaction: discord.Interaction) -> bool:
    allowed = interaction.app_permissions
    return (
        isinstance(interaction.channel, discord.TextChannel)
        and _may_write(interaction)
        and allowed.create_public_threads
        and allowed.send_messages_in_threads
    )


def is_here(interaction: discord.Interaction, target: Target) -> bool:
    """Whether people who are here see it: a form's id comes from an app, which may be forged."""
    channel = interaction.channel
    if channel is None:
        return False
    parent_id = channel.parent_id if isinstance(channel, discord.Thread) else None
    return target.channel_id in {channel.id, parent_id}
