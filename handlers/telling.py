"""What becomes of a message that was not answered, and how people are told."""

import traceback
from dataclasses import dataclass
from enum import StrEnum

import structlog

from handlers.errors import (
    DeliveryRefusedError,
    PersonError,
    ServiceError,
    Stopped,
    StorageError,
)
from handlers.messages import Button, Pending
from handlers.ports.platforms import Platform
from handlers.texts import say
from handlers.turn import Turn, Unrecorded

log = structlog.get_logger(__name__)


class Ending(StrEnum):
    ANSWERED = "answered"
    STOPPED = "stopped"
    DECLINED = "declined"
    """The person can mend it."""
    FAILED = "failed"
    """Trying again may help."""
    UNDELIVERABLE = "undeliverable"
    UNFINISHED = "unfinished"
    """The database failed: the message is taken up again."""


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Ending
    words: str = ""
    """What people are told; empty for nothing."""


def judge(turn: Turn, error: Exception) -> Verdict:
    """What an error means for the message; says so in the log."""
    match error:
        case Stopped():
            return Verdict(Ending.STOPPED, say("stopped"))
        case DeliveryRefusedError():
            log.warning("the platform refused the answer for good", detail=str(error))
            return Verdict(Ending.UNDELIVERABLE, say(error.text_key))
        case PersonError():
            log.info("told the person", error=type(error).__name__, detail=str(error))
            words = say(error.text_key, **error.values)
            reference = _reference(turn.ref) if error.has_reference else ""
            return Verdict(Ending.DECLINED, words + reference)
        case ServiceError():
            log.warning("a service failed", error=type(error).__name__, detail=str(error))
            words = say(error.text_key, **error.values)
            return Verdict(Ending.FAILED, words + _reference(turn.ref))
    return _judge_own(turn, error)


def _judge_own(turn: Turn, error: Exception) -> Verdict:
    log.error("our own fault", exc_info=error)
    if turn.is_delivered:
        # What failed came after the answer, and must not take its place.
        return Verdict(Ending.ANSWERED)
    if turn.is_committed or isinstance(error, StorageError):
        return Verdict(Ending.UNFINISHED)
    return Verdict(Ending.FAILED, say("error_ours") + _reference(turn.ref))


def forget_frames(error: BaseException) -> None:
    """Let go of what the frames of an error hold, a large file for instance.

    Errors that went through context managers and tasks are in cycles, which live on for a while.
    """
    chain: BaseException | None = error
    while chain is not None:
        traceback.clear_frames(chain.__traceback__)
        chain = chain.__cause__ or chain.__context__


async def pronounce(turn: Turn, verdict: Verdict) -> None:
    """Tell people, in place of whatever was shown. What is refused even of that is only logged."""
    if not verdict.words:
        return
    again = ((Button(say("button_again"), "retry"),),) if verdict.outcome is Ending.FAILED else ()
    try:
        if verdict.outcome is Ending.UNDELIVERABLE:
            await turn.reply.line("refused", verdict.words)  # a line of ours it may take
        else:
            await turn.reply.tell(verdict.words, again)
    except DeliveryRefusedError as refusal:
        log.warning("the platform refused the line for good", detail=str(refusal))


async def tell_unfinished(platform: Platform, pending: Pending) -> None:
    """The message stays in the inbox and is answered at the next start; say so for now.

    Beside what was shown: what is stored of the answer is delivered in its place then.
    """
    reply = platform.open_reply(pending.message, Unrecorded(pending.sent))
    try:
        await reply.line("unfinished", say("error_ours") + _reference(pending.ref))
    except DeliveryRefusedError as refusal:
        log.warning("the platform refused the line for good", detail=str(refusal))
    finally:
        await reply.aclose()


def _reference(ref: str) -> str:
    return f" {say('reference', ref=ref)}"
