"""A message that the library cannot read, of which the person is told rather than kept waiting."""

from typing import Any

from bot.telegram.people import PLATFORM
from bot.telegram.utf16 import clean
from handlers.messages import Attachment, AttachmentKind, ChatKey, IncomingMessage, Origin, Sender

WHAT = "a message of this kind"


def read_unreadable(data: Any, bot_id: int) -> IncomingMessage | None:
    """None unless the raw update is a person's message in a private chat."""
    for field, origin in (("message", Origin.MESSAGE), ("edited_message", Origin.EDIT)):
        message = _part(data, field)
        chat, person = _part(message, "chat"), _part(message, "from")
        update_id, chat_id = _number(data, "update_id"), _number(chat, "id")
        sender_id, message_id = _number(person, "id"), _number(message, "message_id")
        if chat.get("type") != "private" or person.get("is_bot") is True:
            continue
        if update_id is None or chat_id is None or sender_id is None or message_id is None:
            continue
        name, language = person.get("first_name"), person.get("language_code")
        thread = _number(message, "message_thread_id") if message.get("is_topic_message") else None
        return IncomingMessage(
            key=f"{PLATFORM}:{bot_id}:{update_id}",
            chat=ChatKey(PLATFORM, f"{chat_id}", "" if thread is None else f"{thread}"),
            sender=Sender(
                PLATFORM,
                f"{sender_id}",
                clean(name) if isinstance(name, str) else "",
                clean(language) if isinstance(language, str) else "",
            ),
            message_id=f"{message_id}",
            attachments=(Attachment(AttachmentKind.OTHER, "", name=WHAT),),
            origin=origin,
            sent_at=float(_number(message, "date") or 0),
        )
    return None


def _part(data: Any, field: str) -> dict[str, Any]:
    part = data.get(field) if isinstance(data, dict) else None
    return part if isinstance(part, dict) else {}


def _number(data: Any, field: str) -> int | None:
    number = data.get(field) if isinstance(data, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None
