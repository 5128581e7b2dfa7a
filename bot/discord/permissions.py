"""What the bot must be allowed on a server; the invite link asks for this and nothing more."""

from discord import Message, PartialMessageable, Permissions, Thread

from bot.discord.people import own_id

REQUIRED_PERMISSIONS = Permissions(
    view_channel=True,
    read_message_history=True,  # what was said while it was away, what is replied to
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    attach_files=True,
    send_voice_messages=True,
)


def may_answer(message: Message) -> bool:
    """Whether the bot may write where a message stands, as far as the library knows."""
    guild, channel = message.guild, message.channel
    me = guild.get_member(own_id(message)) if guild is not None else None
    is_orphan = isinstance(channel, Thread) and channel.parent is None  # its channel was deleted
    if me is None or is_orphan or isinstance(channel, PartialMessageable):
        return True
    allowed = channel.permissions_for(me)
    return (
        allowed.send_messages_in_threads if isinstance(channel, Thread) else allowed.send_messages
    )
