"""What a Telegram update asks of the bot, if anything."""

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from telegram import (
    CallbackQuery,
    Chat,
    Message,
    MessageEntity,
    MessageOriginUser,
    Update,
    User,
)

from bot.telegram import utf16
from bot.telegram.attachments import read_attachments
from bot.telegram.people import (
    PLATFORM,
    read_author,
    read_external_author,
    read_person,
    read_sender,
    read_title,
)
from bot.telegram.utf16 import clean
from handlers.media.kinds import other
from handlers.messages import (
    Attachment,
    AttachmentKind,
    ChatKey,
    IncomingMessage,
    Origin,
    Quoted,
    Sender,
)

log = structlog.get_logger(__name__)

MALFORMED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What comes of data that is not as Telegram's documentation says; the library checks nothing."""
SPLIT_UNITS = 4000
"""The app splits at 4096, a little before that if a line ends there."""
PASTE_WITHIN_S = 2.0
"""The parts of a split paste come within about 1.5 s; Telegram's dates are whole seconds."""
REMEMBERED_PASTES = 256

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,64})(?:@([A-Za-z0-9_]+))?(?![\w/<>@])")


@dataclass(frozen=True, slots=True)
class ChatMigration:
    """A group became a supergroup, which has another id. Telegram tells it twice, once in each."""

    old: ChatKey
    new: ChatKey
    key: str


@dataclass(frozen=True, slots=True)
class _Request:
    text: str
    command: str = ""
    is_addressed: bool = True


@dataclass(slots=True)
class _Paste:
    """A message whose rest may follow, with nothing in it that addresses the bot."""

    sent_at: float
    continued_by: str = ""
    """The key of the rest: delivered again, it is the rest again."""


def button_press_id(update: Update) -> str | None:
    """What answerCallbackQuery takes, so that the pressed button stops blinking."""
    return None if update.callback_query is None else update.callback_query.id


class UpdateReader:
    """Reads updates in the order of their arrival; of what it read it keeps a few seconds."""

    def __init__(self, bot_id: int, username: str, commands: frozenset[str]) -> None:
        """``commands``: without slash. In a group any other belongs to some other bot."""
        self._bot_id = bot_id
        self._username = username.lower()
        self._commands = commands
        self._pastes: OrderedDict[tuple[ChatKey, str], _Paste] = OrderedDict()

    def read(self, update: Update) -> IncomingMessage | ChatMigration | None:
        """None for what asks nothing of the bot. Never raises, whatever the update holds."""
        try:
            return self._read(update, f"{PLATFORM}:{self._bot_id}:{update.update_id:d}")
        except MALFORMED as error:
            log.warning(
                "update is malformed",
                update_id=str(update.update_id)[:20],
                error=type(error).__name__,
            )
            return None

    def _read(self, update: Update, key: str) -> IncomingMessage | ChatMigration | None:
        if update.callback_query is not None:
            return _read_press(update.callback_query, key)
        if (stopped := update.api_kwargs.get("stopped_message_generation")) is not None:
            return _read_stop(stopped, key)
        if update.message is not None:
            return _read_migration(update.message, key) or self._read_message(
                update.message, key, Origin.MESSAGE
            )
        if update.edited_message is not None:
            return self._read_message(update.edited_message, key, Origin.EDIT)
        return None

    def _read_message(self, message: Message, key: str, origin: Origin) -> IncomingMessage | None:
        sender = read_sender(message)
        attachments = read_attachments(message) or _unknown_content(message)
        is_edit = origin is Origin.EDIT
        if (
            sender is None
            or message.chat.type == Chat.CHANNEL
            or not (message.text or message.caption or attachments)
            or (is_edit and _is_idle_edit(message, attachments))
        ):
            return None
        request = self._request(message)
        if request is None:
            return None
        chat = _chat(message.chat, _thread(message))
        sent_at = message.date.timestamp()
        album = "" if is_edit else clean(message.media_group_id)
        is_long = not is_edit and utf16.length(message.text or "") >= SPLIT_UNITS
        is_addressed = request.is_addressed
        if not is_addressed and not is_edit and message.text:
            is_addressed = self._is_rest(chat, sender, sent_at, key)
        if not is_addressed and not album:
            return None
        if is_long and _is_group(message.chat):
            self._remember(chat, sender, sent_at)
        return IncomingMessage(
            key=key,
            chat=chat,
            sender=sender,
            message_id=f"{message.message_id:d}",
            text=request.text,
            command=request.command,
            attachments=attachments,
            quoted=self._quoted(message),
            origin=origin,
            is_group=_is_group(message.chat),
            is_addressed=is_addressed,
            album=album,
            may_continue=is_long,
            sent_at=sent_at,
        )

    # ------------------------------------------------------------ whom it is for

    def _request(self, message: Message) -> _Request | None:
        """None if it is plainly for another bot."""
        if message.text:
            text, entities = clean(message.text), message.entities
        else:
            text, entities = clean(message.caption), message.caption_entities
        if not _is_group(message.chat):
            name, bot, arguments = _command(text)
            if name and bot in ("", self._username):
                return _Request(arguments, name)
            return _Request(text)
        mentions = self._mentions(text, entities)
        words = utf16.cut(text, mentions)
        name, bot, arguments = _command(words)
        if not name:
            return _Request(words, is_addressed=bool(mentions) or self._is_answer(message))
        if bot == self._username or (not bot and (mentions or name in self._commands)):
            return _Request(arguments, name)
        return None

    def _mentions(self, text: str, entities: Sequence[MessageEntity]) -> list[tuple[int, int]]:
        ours = []
        for entity in entities:
            if entity.type == MessageEntity.TEXT_MENTION:
                is_ours = entity.user is not None and entity.user.id == self._bot_id
            elif entity.type == MessageEntity.MENTION:
                name = utf16.part(text, entity.offset, entity.length)
                is_ours = name.lower() == f"@{self._username}"
            else:
                is_ours = False
            if is_ours and entity.offset >= 0 and entity.length > 0:
                ours.append((entity.offset, entity.length))
        return ours

    def _is_answer(self, message: Message) -> bool:
        reply = _replied_to(message)
        return reply is not None and self._is_us(reply.from_user)

    def _is_us(self, user: User | None) -> bool:
        return user is not None and user.id == self._bot_id

    # ------------------------------------------------------------ pastes that the app split

    def _remember(self, chat: ChatKey, sender: Sender, sent_at: float) -> None:
        self._pastes[chat, sender.id] = _Paste(sent_at)
        self._pastes.move_to_end((chat, sender.id))
        if len(self._pastes) > REMEMBERED_PASTES:
            self._pastes.popitem(last=False)

    def _is_rest(self, chat: ChatKey, sender: Sender, sent_at: float, key: str) -> bool:
        paste = self._pastes.get((chat, sender.id))
        if paste is None or not 0 <= sent_at - paste.sent_at <= PASTE_WITHIN_S:
            return False
        if paste.continued_by not in ("", key):
            return False
        paste.continued_by = key
        return True

    # ------------------------------------------------------------ what it is about

    def _quoted(self, message: Message) -> Quoted | None:
        quote = "" if message.quote is None else clean(message.quote.text)
        if (reply := _replied_to(message)) is not None:
            quoted = Quoted(
                message_id=f"{reply.message_id:d}",
                author=read_author(reply),
                text=quote or clean(reply.text or reply.caption),
                attachments=read_attachments(reply),
                is_from_bot=self._is_us(reply.from_user),
            )
        elif (external := message.external_reply) is not None:
            quoted = Quoted(
                message_id="" if external.message_id is None else f"{external.message_id:d}",
                author=read_external_author(external),
                text=quote,
                attachments=read_attachments(external),
                is_from_bot=isinstance(external.origin, MessageOriginUser)
                and self._is_us(external.origin.sender_user),
            )
        elif (story := message.reply_to_story) is not None:
            quoted = Quoted(
                f"{story.id:d}", read_title(story.chat), attachments=(other("a story"),)
            )
        else:
            return None
        return quoted if quoted.text or quoted.attachments else None


def _read_migration(message: Message, key: str) -> ChatMigration | None:
    here = _chat(message.chat)
    if message.migrate_to_chat_id is not None:
        return ChatMigration(here, ChatKey(PLATFORM, f"{message.migrate_to_chat_id:d}"), key)
    if message.migrate_from_chat_id is not None:
        return ChatMigration(ChatKey(PLATFORM, f"{message.migrate_from_chat_id:d}"), here, key)
    return None


DRAFT = "draft "
"""Before a draft's id, where a message would have its own."""


def _read_press(query: CallbackQuery, key: str) -> IncomingMessage | None:
    words = clean(query.data).lstrip("/").split(maxsplit=1)
    message = query.message
    if not words or message is None or message.chat.type == Chat.CHANNEL:
        return None
    # A message too old for Telegram to tell about has no topic any more.
    thread = _thread(message) if isinstance(message, Message) else ""
    return IncomingMessage(
        key=key,
        chat=_chat(message.chat, thread),
        sender=read_person(query.from_user),
        message_id=f"{message.message_id:d}",
        text=words[1].strip() if len(words) > 1 else "",
        command=words[0].lower(),
        origin=Origin.BUTTON,
        is_group=_is_group(message.chat),
    )


def _read_stop(stopped: dict[str, Any], key: str) -> IncomingMessage:
    """A press of Stop under a draft, which the library does not know: Bot API 10.3."""
    chat = Chat.de_json(stopped["chat"])
    thread = stopped.get("message_thread_id")
    return IncomingMessage(
        key=key,
        chat=_chat(chat, "" if thread is None else f"{thread:d}"),
        # Drafts are only in private chats, and those have the id of their person.
        sender=Sender(PLATFORM, f"{chat.id:d}", read_title(chat)),
        message_id=f"{DRAFT}{stopped['draft_id']:d}",
        command="stop",
        origin=Origin.BUTTON,
        is_group=_is_group(chat),
    )


def _command(text: str) -> tuple[str, str, str]:
    """Name and bot, both in lower case, and arguments; empty if it is not a command."""
    found = _COMMAND.match(text)
    if found is None:
        return "", "", text
    return found[1].lower(), (found[2] or "").lower(), text[found.end() :].strip()


def _is_group(chat: Chat) -> bool:
    return chat.type in (Chat.GROUP, Chat.SUPERGROUP)


def _chat(chat: Chat, thread: str = "") -> ChatKey:
    return ChatKey(PLATFORM, f"{chat.id:d}", thread)


def _thread(message: Message) -> str:
    # Where there are no topics the id is that of a chain of replies.
    if message.is_topic_message and message.message_thread_id is not None:
        return f"{message.message_thread_id:d}"
    return ""


def _replied_to(message: Message) -> Message | None:
    """In a topic whatever replies to nothing replies to the topic's beginning: that is nothing."""
    reply = message.reply_to_message
    if reply is None or reply.forum_topic_created is not None:
        return None
    if message.is_topic_message and reply.message_id == message.message_thread_id:
        return None
    return reply


def _unknown_content(message: Message) -> tuple[Attachment, ...]:
    """For a kind of message newer than the library: what it does not know lies in api_kwargs."""
    if message.text or message.caption or not message.api_kwargs:
        return ()
    return (other("a message of this kind"),)


def _is_idle_edit(message: Message, attachments: tuple[Attachment, ...]) -> bool:
    """A live location that moves, a poll that closes: nobody asked anything anew."""
    is_other = all(attachment.kind is AttachmentKind.OTHER for attachment in attachments)
    return is_other and not (message.text or message.caption)
