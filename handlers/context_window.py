"""Which part of a conversation the model is sent. Pure.

The service caches the prefix of a request that it has seen before, and bills it at a fraction. So
the beginning must stay the same from request to request for as long as it can: the window is
trimmed in blocks, far below the budget at once, rather than by one exchange at every request, and
pictures, too, leave it in blocks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from handlers.messages import Exchange

TRIM_TO = 0.5
"""Share of the budget left after a trim: one cold prefix buys half a budget of warm ones."""
KEPT_ALWAYS = 2
"""Exchanges that stay whatever they cost: a follow-up needs what it follows."""
MESSAGE_TOKENS = 4
"""What the wrapping of one message costs, by the service's published counting rule."""
PICTURE_TOKENS = 800
"""About what a picture in high detail costs (765 tokens at 768x768 on tile models)."""
PICTURE_BLOCK = 10
"""Pictures are sent again for 10 to 19 exchanges, then as a line of text."""
MAX_PICTURES = 8
"""At most so many pictures of the past in one request, but for one album that has more."""
MAX_EXCHANGES = 400
"""More, however short, are over the budget too: the store loads no more than a thousand."""


@dataclass(frozen=True, slots=True)
class Window:
    exchanges: tuple[Exchange, ...]
    """What the model is sent, oldest first."""
    trimmed_through: int | None = None
    """Id of the newest exchange that falls out with this request; None if none does."""


def fit(exchanges: Sequence[Exchange], budget_tokens: int, count: Callable[[str], int]) -> Window:
    """The window for the next request; ``count`` tells the tokens of a text."""
    costs = [_cost(exchange, count) for exchange in exchanges]
    total = sum(costs)
    if total <= budget_tokens and len(exchanges) <= MAX_EXCHANGES:
        return Window(tuple(exchanges))
    keep_from = len(exchanges) - MAX_EXCHANGES // 2 if len(exchanges) > MAX_EXCHANGES else 0
    total -= sum(costs[:keep_from])
    last_droppable = max(0, len(exchanges) - KEPT_ALWAYS)
    while keep_from < last_droppable and total > budget_tokens * TRIM_TO:
        total -= costs[keep_from]
        keep_from += 1
    if keep_from == 0:
        return Window(tuple(exchanges))
    return Window(tuple(exchanges[keep_from:]), trimmed_through=exchanges[keep_from - 1].id)


def _cost(exchange: Exchange, count: Callable[[str], int]) -> int:
    words = count(exchange.question) + count(exchange.quote) + count(exchange.answer)
    return words + len(exchange.media) * PICTURE_TOKENS + 2 * MESSAGE_TOKENS


def with_pictures(
    exchanges: Sequence[Exchange], next_ordinal: int, count: Callable[[Exchange], int]
) -> frozenset[int]:
    """Ids of the exchanges whose pictures are sent again with the question ``next_ordinal``.

    ``count`` tells how many pictures an exchange has. Both bounds move in steps, so that the
    pictures of one request are, nearly always, those of the next.
    """
    block = next_ordinal // PICTURE_BLOCK
    recent = [
        exchange
        for exchange in exchanges
        if count(exchange) and block - exchange.ordinal // PICTURE_BLOCK < 2
    ]
    total = sum(count(exchange) for exchange in recent)
    # Counted from the oldest, in steps of half the bound: a new photo rarely moves the cut.
    step = MAX_PICTURES // 2
    dropped = -(-max(0, total - MAX_PICTURES) // step) * step
    seen = 0
    kept = []
    for exchange in recent:
        if seen >= dropped or exchange is recent[-1]:
            kept.append(exchange.id)
        seen += count(exchange)
    return frozenset(kept)
