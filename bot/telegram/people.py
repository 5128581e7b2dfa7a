"""Who is behind a Telegram message."""

from telegram import (
    Chat,
    ExternalReplyInfo,
    Message,
    MessageOriginChannel,
    MessageOriginChat,
    MessageOriginHiddenUser,
    MessageOriginUser,
    User,
)

from bot.telegram.utf16 import clean
from handlers.messages import Sender

PLATFORM = "telegram"


def read_sender(message: Message) -> Sender | None:
    """None for a bot: two that answer each other never end."""
    if message.sender_chat is not None:  # an anonymous admin, or a channel
        return Sender(PLATFORM, f"{message.sender_chat.id:d}", read_title(message.sender_chat))
    if message.from_user is None or message.from_user.is_bot:
        return None
    return read_person(message.from_user)


def read_person(user: User) -> Sender:
    return Sender(PLATFORM, f"{user.id:d}", clean(user.full_name), clean(user.language_code))


def read_title(chat: Chat) -> str:
    return clean(chat.title or chat.full_name)


def read_author(message: Message) -> str:
    if message.sender_chat is not None:
        return read_title(message.sender_chat)
    return "" if message.from_user is None else clean(message.from_user.full_name)


def read_external_author(external: ExternalReplyInfo) -> str:
    match external.origin:
        case MessageOriginUser(sender_user=user):
            return clean(user.full_name)
        case MessageOriginHiddenUser(sender_user_name=name):
            return clean(name)
        case MessageOriginChat(sender_chat=chat) | MessageOriginChannel(chat=chat):
            return read_title(chat)
        case _:
            return ""
