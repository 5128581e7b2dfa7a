"""A thread of its own for a question: opened once, whatever happens in between."""

from __future__ import annotations

from dataclasses import replace

import structlog

from bot.discord.address import NAME, Address, channel_key, channel_of
from bot.discord.calls import NO_MENTIONS
from bot.discord.delivery import Courier, RefusedError, TokenLostError, judged
from bot.discord.markup import plain_parts
from bot.discord.rest import ORIGINAL, Rest
from handlers.messages import IncomingMessage
from handlers.ports.platforms import SentLog
from handlers.texts import say

log = structlog.get_logger(__name__)

THREAD_EXISTS = 160004
"""Discord's code of an error: there is a thread on this message already."""
THREAD = "thread"
MAX_NAME = 100


async def open_thread(rest: Rest, message: IncomingMessage, sent: SentLog) -> IncomingMessage:
    """The question is shown where it was asked, and the thread hangs on it."""
    stays = replace(message, wants_thread=False)
    try:
        starter_id = await _show_question(rest, message, sent)
        thread_id = await _start(rest, channel_of(message.chat), starter_id, message.text)
    except (RefusedError, TokenLostError) as failure:
        log.info("no thread was opened", detail=str(failure))
        return stays
    place = channel_key(thread_id, int(message.chat.chat))
    return replace(stays, chat=place, message_id="", reply_ref="")


async def _show_question(rest: Rest, message: IncomingMessage, sent: SentLog) -> int:
    """The id of the message that holds it: the thinking message, filled."""
    if known := sent.ids(THREAD):
        return int(known[0])
    words = say("asked_in_thread", name=message.sender.name, question=message.text)
    body = {"content": plain_parts(words)[0], "allowed_mentions": NO_MENTIONS}
    token = Address.decode(message.reply_ref).token
    starter = await Courier().deliver(lambda: judged(rest.edit_reply(token, ORIGINAL, body)))
    await sent.record(THREAD, (str(starter["id"]),))
    return int(starter["id"])


async def _start(rest: Rest, channel_id: int, starter_id: int, question: str) -> int:
    name = " ".join(question.split())[:MAX_NAME] or NAME
    try:
        return await Courier().deliver(
            lambda: judged(rest.start_thread(channel_id, starter_id, name))
        )
    except RefusedError as refusal:
        if refusal.code == THREAD_EXISTS:
            return starter_id  # a thread has the id of the message that it hangs on
        raise
