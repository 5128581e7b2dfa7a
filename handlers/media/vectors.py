"""Comparing vectors. Blocks for as long as memory takes to be read: call it in a thread."""

from typing import Any


def best(packed: bytes, query: bytes, limit: int) -> list[tuple[int, float]]:
    """The places and cosines of the ``limit`` vectors nearest to ``query``, the nearest first.

    All are float32, little-endian and of length 1; none where the lengths do not agree.
    """
    import numpy as np  # noqa: PLC0415  # a tenth of a second that only documents pay

    wanted = np.frombuffer(query, dtype="<f4")
    if not query or not packed or len(packed) % len(query):
        return []
    # A product with @ may be shared among threads, which wait for each other where cores are few.
    scores: Any = np.vecdot(np.frombuffer(packed, dtype="<f4").reshape(-1, wanted.size), wanted)
    if limit < scores.size:
        places = np.argpartition(-scores, limit)[:limit]
    else:
        places = np.arange(scores.size)
    nearest = places[np.argsort(-scores[places], kind="stable")]
    return [(int(place), float(scores[place])) for place in nearest]
