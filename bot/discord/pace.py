"""How often a channel changes before people's eyes.

Discord's own limits are kept by its library. This is for people, and for the budget: what can be
left out is shown once an interval in a channel, so that what must arrive finds room.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

KEPT_CHANNELS = 1_000


class Pace:
    """One for the process: all answers in a channel share its pace, and channels share nothing."""

    def __init__(
        self,
        interval_s: float,
        *,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``interval_s`` 0 means no pace of our own."""
        self._interval_s = interval_s
        self._now = now
        self._pause = pause
        self._changed: dict[int, float] = {}
        """When anything was shown last, by channel."""
        self._previewed: dict[int, float] = {}
        """The same for what could have been left out."""

    async def preview(self, channel_id: int) -> None:
        """Wait for the moment of something that can be left out, and take it."""
        await self._wait_until_past(self._changed, channel_id, self._interval_s)
        self._changed[channel_id] = self._previewed[channel_id] = self._now()
        self._forget_quiet()

    async def message(self, channel_id: int) -> None:
        """The same for what must arrive: it waits for no more than half an interval."""
        await self._wait_until_past(self._previewed, channel_id, self._interval_s / 2)
        self._changed[channel_id] = self._now()
        self._forget_quiet()

    async def _wait_until_past(
        self, shown: dict[int, float], channel_id: int, gap_s: float
    ) -> None:
        # What is shown while one waits moves the moment.
        while (last := shown.get(channel_id)) is not None:
            wait_s = last + gap_s - self._now()
            if wait_s <= 0:
                return
            await self._pause(wait_s)

    def _forget_quiet(self) -> None:
        if len(self._changed) <= KEPT_CHANNELS:
            return
        since = self._now() - self._interval_s
        self._changed = {key: at for key, at in self._changed.items() if at > since}
        self._previewed = {key: at for key, at in self._previewed.items() if at > since}
