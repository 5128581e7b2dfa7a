"""The time of day, as the port Clock wants it."""

import time


class SystemClock:
    def now(self) -> float:
        return time.time()
