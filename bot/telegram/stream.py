"""An answer on the way: the newest text is shown at the chat's pace, the final one for certain.

Reading the model never waits for Telegram: ``show`` only keeps the newest text, and a task of its
own shows what is newest whenever the pace allows. Private chats see drafts, groups edits.
"""

import asyncio
import zlib
from collections.abc import Callable

import structlog
from telegram import InlineKeyboardMarkup
from telegram.error import BadRequest, EndPointNotFound, InvalidToken, RetryAfter, TelegramError

from bot.patience import give_up
from bot.telegram.limiter import NotNowError
from bot.telegram.outbox import Outbox
from bot.telegram.pace import Kind
from bot.telegram.rich_text import Rendered
from bot.telegram.splitting import render_parts
from bot.telegram.transport import NotSentError

log = structlog.get_logger(__name__)

KEEP_ALIVE_S = 20.0
"""A draft disappears after 30 s without news."""
LONG_CHARACTERS = 8_000
"""From here on the markup is worked out in a thread: it costs about 2 ms for 4,000 characters."""


class AnswerStream:
    """The messages of one answer. Used by one task, and its own."""

    def __init__(
        self,
        outbox: Outbox,
        draft_key: str,
        stop_button: InlineKeyboardMarkup,
    ) -> None:
        """``draft_key``: the same after a restart, so that the same draft is continued."""
        self._outbox = outbox
        self.draft_id = zlib.crc32(draft_key.encode()) or 1
        self._stop_button = stop_button
        self._latest = ""
        self._draft_shown: Rendered | None = None
        self._news = asyncio.Event()
        self._next_kind: Kind | None = None
        self._is_closed = False
        self._task: asyncio.Task[None] | None = None

    def show(self, text: str) -> None:
        self._latest = text
        self._news.set()
        if self._task is None and not self._is_closed:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Show nothing more. A draft or an edit that is out is given up: the final text follows.

        A message on its way is waited for: whether it is there must be known.
        """
        self._is_closed = True
        task, self._task = self._task, None
        await give_up(task, "previews of an answer failed")

    async def _run(self) -> None:
        is_worth_it = True
        while is_worth_it:
            await self._wait_for_news()
            async with self._outbox.turn(self._next_kind or self._usual_kind()):
                is_worth_it = await self._show_newest()

    async def _wait_for_news(self) -> None:
        try:
            async with asyncio.timeout(KEEP_ALIVE_S if self._draft_shown is not None else None):
                await self._news.wait()
        except TimeoutError:
            self._draft_shown = None  # unchanged, but to be sent again

    def _usual_kind(self) -> Kind:
        if self._outbox.has_drafts:
            return Kind.DRAFT
        return Kind.EDIT if self._outbox.has_answer else Kind.MESSAGE

    async def _show_newest(self) -> bool:
        """False if it is better to show no more before the final text."""
        self._news.clear()
        self._next_kind = None
        parts = await parts_of(self._latest)
        known = self._outbox.answer_count
        try:
            await self._show_parts(parts)
        except NotNowError as refusal:
            self._next_kind = refusal.kind
            self._news.set()
        except RetryAfter:
            self._news.set()  # the pace knows how long; then what is newest is shown
        except TelegramError as failure:
            log.info("a preview was not shown", error=type(failure).__name__)
            # A message whose sending failed may be there all the same: a second try would show
            # it twice.
            is_sending = len(parts) - int(self._outbox.has_drafts) > known
            return isinstance(failure, NotSentError) or not is_sending
        return True

    async def _show_parts(self, parts: list[Rendered]) -> None:
        if not parts:
            return
        *whole, last = parts
        if not self._outbox.has_drafts:
            await self._outbox.put_answer(parts, self._stop_button, is_final=False)
            return
        if len(whole) > self._outbox.answer_count:
            await self._outbox.put_answer(whole, None, is_final=False)
        if last == self._draft_shown:
            return
        try:
            await self._outbox.draft(self.draft_id, last)
        except (BadRequest, EndPointNotFound, InvalidToken):
            # A server that is older than drafts, or a chat that has none.
            log.info("no drafts here, editing instead")
            self._outbox.has_drafts = False
            self._news.set()
        else:
            self._draft_shown = last


async def parts_of(text: str, notice: str = "") -> list[Rendered]:
    """The messages that a text makes; in a thread when it is long."""
    render: Callable[[str, str], list[Rendered]] = render_parts
    if len(text) < LONG_CHARACTERS:
        return render(text, notice)
    return await asyncio.to_thread(render, text, notice)
