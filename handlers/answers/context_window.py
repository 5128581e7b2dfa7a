"""Which part of a conversation the model is sent. Pure.

The service caches the prefix of a request that it has seen before, and bills it at a fraction. So
the beginning must stay the same from request to request for as long as it can: the window is
trimmed in blocks, far below the budget at once, rather than by one exchange at every request, and
pictures, too, leave it in blocks.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from handlers.errors import QuestionTooLongError
from handlers.media.picture_tokens import estimate
from handlers.messages import Exchange, MediaRef

TRIM_TO = 0.5
"""Share of the budget left after a trim: one cold prefix buys half a budget of warm ones."""
KEPT_ALWAYS = 2
"""Exchanges that stay whatever they cost: a follow-up needs what it follows."""
MESSAGE_TOKENS = 4
"""What the wrapping of one message costs, by the service's published counting rule."""
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


@dataclass(frozen=True, slots=True)
class Look:
    """How closely the model looks at pictures: low, high or auto."""

    detail: str = "high"
    frame_detail: str = "low"
    """At the frames of a video."""

    def cost(self, ref: MediaRef) -> int:
        """Tokens of a kept picture; an estimate."""
        return estimate(ref.width, ref.height, self.frame_detail if ref.is_frame else self.detail)


@dataclass(frozen=True, slots=True)
class Shown:
    """Which pictures of a question the model is shown, and how closely it looks at them."""

    media: tuple[MediaRef, ...]
    look: Look
    left_out: int = 0
    """Frames that there was no room for."""


def fit_pictures(
    media: Sequence[MediaRef], address_count: int, look: Look, budget_tokens: int
) -> Shown:
    """The pictures of one question within the budget: all as asked for, or all in lower detail,
    or fewer frames of its videos. QuestionTooLongError if there is no room even so.

    ``address_count``: pictures that the service fetches itself, of unknown size.
    """
    lowest = Look("low", "low")
    for tried in dict.fromkeys((look, Look(look.detail, "low"), lowest)):
        tokens = sum(map(tried.cost, media)) + address_count * estimate(0, 0, tried.detail)
        if tokens <= budget_tokens:
            return Shown(tuple(media), tried)
    frame_count = sum(1 for ref in media if ref.is_frame)
    for left in range(frame_count - 1, 0, -1):
        thinned = _thinned(media, frame_count, left)
        tokens = sum(map(lowest.cost, thinned)) + address_count * estimate(0, 0, "low")
        if tokens <= budget_tokens:
            return Shown(thinned, lowest, frame_count - left)
    raise QuestionTooLongError(f"{len(media) + address_count} pictures, {budget_tokens} tokens")


def _thinned(media: Sequence[MediaRef], frame_count: int, left: int) -> tuple[MediaRef, ...]:
    """With ``left`` of its frames, spread over all: of 6, those 2 are the second and the fifth."""
    kept = {(2 * number + 1) * frame_count // (2 * left) for number in range(left)}
    frames = itertools.count()
    return tuple(ref for ref in media if not ref.is_frame or next(frames) in kept)


def fit(
    exchanges: Sequence[Exchange],
    budget_tokens: int,
    count: Callable[[str], int],
    look: Look | None = None,
) -> Window:
    """The window for the next request; ``count`` tells the tokens of a text."""
    costs = [_cost(exchange, count, look or Look()) for exchange in exchanges]
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


def _cost(exchange: Exchange, count: Callable[[str], int], look: Look) -> int:
    words = count(exchange.question) + count(exchange.quote) + count(exchange.answer)
    return words + sum(map(look.cost, exchange.visible)) + 2 * MESSAGE_TOKENS


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
