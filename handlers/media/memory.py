"""Memory for pictures and sound: taken in turns, and given back to the system."""

import asyncio
import ctypes
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


def return_freed_memory() -> None:
    """Ask the allocator to hand back what was freed; does nothing where it cannot be asked.

    glibc keeps what a thread freed for that thread: two threads that each decoded one picture of
    48 megapixels hold 450 MB for good without this. Takes a few milliseconds.
    """
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


def _malloc_trim() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, another system
        return None


class MemoryGate:
    """Lets work in while the sum of what it holds fits; first come, first served."""

    def __init__(self, total: int) -> None:
        """``total`` bytes; who asks for more than that waits for all of them."""
        self._total = total
        self._free = total
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def hold(self, amount: int) -> AsyncIterator[None]:
        amount = min(amount, self._total)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((amount, turn))
        self._admit()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():
                self._free += amount
            self._admit()

    def _admit(self) -> None:
        while self._waiting:
            amount, turn = self._waiting[0]
            if not turn.cancelled():
                if amount > self._free:
                    return
                self._free -= amount
                turn.set_result(None)
            self._waiting.popleft()
