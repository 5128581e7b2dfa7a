"""Telling people why there is no answer. What a platform refuses even of that is only logged."""

import structlog

from handlers.errors import DeliveryRefusedError
from handlers.messages import Button, Pending
from handlers.ports import Platform
from handlers.texts import say
from handlers.turn import Turn, Unrecorded

log = structlog.get_logger(__name__)


async def tell(turn: Turn, words: str, ref: str = "", *, try_again: bool = False) -> None:
    """In place of whatever was shown; ``try_again`` adds a button to ask the same again."""
    text = f"{words} {say('reference', ref=ref)}" if ref else words
    rows = ((Button(say("button_again"), "retry"),),) if try_again else ()
    try:
        await turn.reply.tell(text, rows)
    except DeliveryRefusedError as refusal:
        log.warning("the platform refused the line for good", detail=str(refusal))


async def try_line(turn: Turn, words: str) -> None:
    """One more line after an answer that the platform refused: it may take that."""
    try:
        await turn.reply.line("refused", words)
    except DeliveryRefusedError as refusal:
        log.debug("nor the line that says so", detail=str(refusal))


async def tell_unfinished(platform: Platform, pending: Pending) -> None:
    """The message stays in the inbox and is answered at the next start; say so for now."""
    reply = platform.open_reply(pending.message, Unrecorded())
    try:
        await reply.tell(f"{say('error_ours')} {say('reference', ref=pending.ref)}")
    except DeliveryRefusedError as refusal:
        log.warning("the platform refused the line for good", detail=str(refusal))
    finally:
        await reply.aclose()
