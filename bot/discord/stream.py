"""An answer on the way: the newest text is shown at the channel's pace, the final one for certain.

Reading the model never waits for Discord: ``show`` only keeps the newest text, and a task of its
own shows what is newest whenever the pace allows, with a Stop button under it.
"""

import asyncio
from collections.abc import Callable

import structlog

from bot.discord.delivery import NotNowError, RefusedError, UncertainError
from bot.discord.markup import render_parts
from bot.discord.outbox import Outbox, Part
from bot.patience import give_up
from handlers.errors import StorageError
from handlers.messages import Button
from handlers.texts import say

log = structlog.get_logger(__name__)

LONG_CHARACTERS = 8_000
"""From here on the markup is worked out in a thread."""


class AnswerStream:
    """The previews of one answer. Used by one task, and its own."""

    def __init__(self, outbox: Outbox) -> None:
        self.latest = ""
        self._outbox = outbox
        self._stop = ((Button(say("button_stop"), "stop"),),)
        self._news = asyncio.Event()
        self._is_closed = False
        self._task: asyncio.Task[None] | None = None

    def show(self, text: str) -> None:
        self.latest = text
        self._news.set()
        if self._task is None and not self._is_closed:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Show nothing more. What is out is waited for a little: the final text must come last."""
        self._is_closed = True
        task, self._task = self._task, None
        await give_up(task, "previews of an answer failed")

    async def _run(self) -> None:
        is_worth_it = True
        while is_worth_it:
            await self._news.wait()
            await self._outbox.next_preview()
            is_worth_it = await self._show_newest()

    async def _show_newest(self) -> bool:
        """False if it is better to show no more before the final text."""
        self._news.clear()
        parts = await parts_of(self.latest)
        try:
            await self._outbox.put_answer(parts[: self._outbox.room], self._stop, is_final=False)
        except NotNowError as failure:
            log.info("a preview was not shown", detail=str(failure))
            return not isinstance(failure, UncertainError)
        except RefusedError as refusal:
            log.info("no more previews", detail=str(refusal))
            return False
        except StorageError as failure:
            # It is shown, and this process knows; the next preview is recorded with it.
            log.warning("a preview was not recorded", detail=str(failure))
        return True


async def parts_of(text: str, notice: str = "") -> list[Part]:
    """The messages that a text makes; in a thread when it is long."""
    render: Callable[[str, str], list[str]] = render_parts
    if len(text) < LONG_CHARACTERS:
        parts = render(text, notice)
    else:
        parts = await asyncio.to_thread(render, text, notice)
    return [Part(part) for part in parts]
