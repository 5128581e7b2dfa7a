"""The nearest of many vectors: all are looked at, a page at a time."""

import heapq
import math
from collections.abc import Sequence

from storage.database import Row, Session

PAGE_ROWS = 2000
"""Read at once: a few MB, and some hundredths of a second."""
KEPT = 200
LEAST_LIKENESS = 0.25
"""Cosines of what has nothing in common are mostly below it."""
OUTSTANDING = 1.5
"""Standard deviations over the chat's average: some models find everything alike."""
MANY = 8
"""From so many on an average says something."""


async def page_of_vectors(
    session: Session, chat_id: int, model: str, before: int | None
) -> list[Row]:
    """Ids and vectors of a chat's exchanges, the newest first, from those older than ``before``."""
    return await session.execute(
        "SELECT v.exchange_id, v.vector FROM exchanges AS e JOIN recall_vectors AS v"
        " ON v.exchange_id = e.id WHERE e.chat_id = ? AND e.id < ? AND v.model = ?"
        " ORDER BY e.id DESC LIMIT ?",
        (chat_id, 2**62 if before is None else before, model, PAGE_ROWS),
    )


class Nearest:
    """Not for the event loop: its methods multiply large matrices."""

    def __init__(self, vector: bytes) -> None:
        import numpy as np  # noqa: PLC0415  # a fifth of a second that only searches pay

        self._np = np
        self._vector = np.frombuffer(vector, dtype="<f4")
        self._kept: list[tuple[float, int]] = []
        self._count, self._sum, self._squares = 0, 0.0, 0.0

    def look(self, page: Sequence[Row]) -> None:
        np = self._np
        size = self._vector.nbytes
        rows = [row for row in page if len(row[1]) == size]
        if not rows:
            return
        matrix = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4")
        likenesses = matrix.reshape(len(rows), -1) @ self._vector
        self._count += len(rows)
        self._sum += float(likenesses.sum())
        self._squares += float((likenesses * likenesses).sum())
        looked = zip(map(float, likenesses), (int(row[0]) for row in rows), strict=True)
        self._kept = heapq.nlargest(KEPT, [*self._kept, *looked])

    def best(self, limit: int) -> tuple[int, ...]:
        """Ids of those that stand out, the nearest first."""
        least = LEAST_LIKENESS
        if self._count >= MANY:
            average = self._sum / self._count
            spread = math.sqrt(max(0.0, self._squares / self._count - average**2))
            least = max(least, average + OUTSTANDING * spread)
        return tuple(number for likeness, number in self._kept if likeness >= least)[:limit]
