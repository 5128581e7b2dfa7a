"""What a failed call of Discord means, and repeating one until Discord takes it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import aiohttp
import discord
import structlog

from bot.patience import growing_pauses, to_the_end
from handlers.errors import DeliveryRefusedError

log = structlog.get_logger(__name__)

T = TypeVar("T")

UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION = 10015, 10062
INVALID_WEBHOOK_TOKEN = 50027
NOT_THE_AUTHOR, THREAD_IS_ARCHIVED = 50005, 50083
SESSION_IS_CLOSED = "Session is closed"
"""What aiohttp says, in an error of no type of its own."""
LONGEST_WAIT_S = 600.0
"""However long Discord asks to wait: then it is asked again."""


class RefusedError(DeliveryRefusedError):
    """Discord will not take this call, however often it is made.

    ``status`` and ``code`` are Discord's, 0 where it was not even asked.
    """

    def __init__(self, detail: str = "", status: int = 0, code: int = 0) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code

    @property
    def is_about_message(self) -> bool:
        """An edit was refused where a new message may still be taken."""
        ours_no_more = (UNKNOWN_MESSAGE, NOT_THE_AUTHOR, THREAD_IS_ARCHIVED)
        return self.status == 403 or self.code in ours_no_more


class GoneError(RefusedError):
    """The message is not there (any more)."""


class TokenLostError(Exception):
    """The interaction's token opens nothing: it is too old, or Discord never had our word."""


class NotNowError(Exception):
    """Trying again may help."""

    def __init__(self, detail: str, pause_s: float = 0.0, *, may_be_done: bool = False) -> None:
        """``pause_s``: what Discord asks to wait. ``may_be_done``: the answer was lost."""
        super().__init__(detail)
        self.pause_s = min(pause_s, LONGEST_WAIT_S)
        self.may_be_done = may_be_done


class UncertainError(NotNowError):
    """The message may be there, and a second try would show it twice."""


async def judged(call: Awaitable[T]) -> T:
    """What the call gives. Raises RefusedError, TokenLostError and NotNowError only."""
    try:
        return await call
    except discord.RateLimited as failure:
        raise NotNowError("rate limited", failure.retry_after) from failure
    except discord.HTTPException as failure:
        raise _meaning(failure) from failure
    except aiohttp.ClientConnectorError as failure:
        raise NotNowError(type(failure).__name__) from failure
    except (aiohttp.ClientError, OSError) as failure:  # TimeoutError is an OSError
        raise NotNowError(type(failure).__name__, may_be_done=True) from failure
    except RuntimeError as failure:
        if str(failure) != SESSION_IS_CLOSED:
            raise
        raise NotNowError("the connection is closed") from failure


def _meaning(failure: discord.HTTPException) -> Exception:
    said = f"{failure.status} {failure.code} {failure.text}".strip()
    if failure.code in (UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION, INVALID_WEBHOOK_TOKEN):
        return TokenLostError(said)
    if failure.status == 429 or failure.status >= 500:
        return NotNowError(said, _retry_after_s(failure), may_be_done=failure.status >= 500)
    if failure.status == 401:
        # Not this message's fault: when the bot's token works again it is delivered.
        return NotNowError(f"the bot's token is not accepted: {said}")
    if failure.code == UNKNOWN_MESSAGE:
        return GoneError(said, failure.status, failure.code)
    return RefusedError(said, failure.status, failure.code)


def _retry_after_s(failure: discord.HTTPException) -> float:
    try:
        return float(failure.response.headers.get("Retry-After", 0))
    except ValueError:
        return 0.0


class Courier:
    """Repeats a call for as long as repeating can help."""

    def __init__(self, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._pause = pause

    async def deliver(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What ``call`` returns; it raises what ``judged`` does. RefusedError is the caller's."""
        pauses = growing_pauses()
        while True:
            try:
                return await to_the_end(call())
            except NotNowError as failure:
                log.warning("discord did not take it yet", detail=str(failure))
                pause_s = max(next(pauses), failure.pause_s)
            await self._pause(pause_s)
