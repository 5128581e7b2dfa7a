"""Last words that are put again, for a preview that comes late.

A request that was given up may still be carried out. A preview's would then stand over the last
word for good, with its Stop button.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

PAUSES_S = (5.0, 15.0)
"""Later than that Discord carries out nothing that it has not yet."""


class Restating:
    def __init__(
        self,
        background: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._background = background
        self._pause = pause
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, message_id: str, put: Callable[[str], Awaitable[None]]) -> None:
        """Put a message's last word again, twice, by ``put``."""
        self.end(message_id)
        task = self._background(self._repeat(message_id, put))
        self._tasks[message_id] = task
        task.add_done_callback(lambda ended: self._forget(message_id, ended))

    def end(self, message_id: str) -> None:
        """The message is to show something else from now on."""
        if task := self._tasks.pop(message_id, None):
            task.cancel()

    async def _repeat(self, message_id: str, put: Callable[[str], Awaitable[None]]) -> None:
        for pause_s in PAUSES_S:
            await self._pause(pause_s)
            await put(message_id)

    def _forget(self, message_id: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(message_id) is task:
            del self._tasks[message_id]
