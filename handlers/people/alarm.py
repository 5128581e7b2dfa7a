"""Wakes when a reminder is due, and puts it into the inbox like a message that came in.

From there on it is as durable as any message. Its key names the reminder and the time that it was
due: one that is put in twice, before and after a crash, comes once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime

import structlog

from handlers.errors import ParleyError
from handlers.messages import IncomingMessage
from handlers.people.schedules import next_after, read_zone, to_local
from handlers.ports.machine import Clock
from handlers.ports.reminders import Reminder, ReminderStore
from handlers.texts import say

log = structlog.get_logger(__name__)

Submit = Callable[[list[IncomingMessage]], Awaitable[None]]

LONGEST_SLEEP_S = 30.0
"""Clocks are set, and machines sleep: it looks again so often."""
AT_ONCE = 50
PUT_OFF_S = 3600.0
LATE_S = 120.0
"""One that comes later than this says when it was due."""
KEY = "reminder:"


class Alarm:
    def __init__(
        self,
        store: ReminderStore,
        clock: Clock,
        platforms: Collection[str],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``platforms``: those that run; what is due on another waits until that one does."""
        self._store = store
        self._platforms = platforms
        self._clock = clock
        self._pause = pause
        self._news = asyncio.Event()

    def look_again(self) -> None:
        """There is another reminder: it may be due before the next."""
        self._news.set()

    async def run(self, submit: Submit) -> None:
        """Until cancelled. What fails is tried again."""
        while True:
            try:
                await self.ring(submit)
                sleep_s = await self._until_next()
            except ParleyError as failure:
                log.warning("reminders wait", detail=str(failure))
                sleep_s = LONGEST_SLEEP_S
            await self._sleep(sleep_s)

    async def ring(self, submit: Submit) -> None:
        """Hand over what is due now."""
        while due := await self._store.due(self._clock.now(), self._platforms, AT_ONCE):
            for reminder in due:
                try:
                    await submit([await asyncio.to_thread(self._message, reminder)])
                    await self._settle(reminder)
                except ParleyError:
                    raise
                except Exception:
                    # One that nobody can make sense of must not stand before all the others.
                    log.exception("a reminder is put off", id=reminder.id)
                    later = self._clock.now() + PUT_OFF_S
                    await self._store.move(replace(reminder, due_at=later))

    async def _settle(self, reminder: Reminder) -> None:
        """When it comes again; of those that were missed meanwhile none comes."""
        zone, due_at = await asyncio.to_thread(read_zone, reminder.timezone), None
        if reminder.rule and zone is not None:
            begins = datetime.fromisoformat(reminder.begins)
            due_at = await asyncio.to_thread(
                next_after, begins, zone, reminder.rule, self._clock.now()
            )
        if due_at is None or zone is None:
            await self._store.remove([reminder.id])
            return
        begins_again = to_local(due_at, zone).isoformat(timespec="seconds")
        await self._store.move(replace(reminder, due_at=due_at, begins=begins_again))

    def _message(self, reminder: Reminder) -> IncomingMessage:
        now = self._clock.now()
        text = say("reminder", text=reminder.text)
        zone = read_zone(reminder.timezone)
        if now - reminder.due_at > LATE_S and zone is not None:
            was_due = f"{to_local(reminder.due_at, zone):%Y-%m-%d %H:%M}"
            text = say("reminder_late", text=reminder.text, time=was_due)
        return IncomingMessage(
            key=f"{KEY}{reminder.id}:{reminder.due_at:.0f}",
            chat=reminder.chat,
            sender=reminder.sender,
            message_id=reminder.message_id,
            text=text,
            command="reminder",
            is_group=reminder.is_group,
            sent_at=now,
        )

    async def _until_next(self) -> float:
        self._news.clear()
        due_at = await self._store.next_due(self._platforms)
        if due_at is None:
            return LONGEST_SLEEP_S
        return min(max(due_at - self._clock.now(), 0.0), LONGEST_SLEEP_S)

    async def _sleep(self, sleep_s: float) -> None:
        waiting = (
            asyncio.ensure_future(self._pause(sleep_s)),
            asyncio.ensure_future(self._news.wait()),
        )
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
