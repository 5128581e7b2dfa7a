"""What the model calls the pictures of a conversation: ``3.2`` is the second of the third question.

A name stays the same for as long as its exchange does: the window may move, the name does not.
"""

from collections.abc import Sequence

from handlers.messages import Exchange, MediaRef
from handlers.prompts import PICTURE_EDITED


def picture_name(ordinal: int, index: int) -> str:
    """Of the picture at ``index`` in an exchange's media."""
    return f"{ordinal}.{index + 1}"


def names_of(ordinal: int, first: int, count: int) -> str:
    """``picture 3.1``, ``pictures 3.1 to 3.4``."""
    name = picture_name(ordinal, first)
    if count == 1:
        return f"picture {name}"
    return f"pictures {name} to {picture_name(ordinal, first + count - 1)}"


class PictureNames:
    def __init__(
        self, earlier: Sequence[Exchange], ordinal: int, media: Sequence[MediaRef]
    ) -> None:
        """``ordinal`` and ``media``: of the exchange that is being answered."""
        self._ordinal = ordinal
        self._count = 0
        self._known: dict[str, MediaRef] = {
            picture_name(exchange.ordinal, index): ref
            for exchange in earlier
            for index, ref in enumerate(exchange.media)
            if not ref.is_mask
        }
        self.newest = next((_newest(e) for e in reversed(earlier) if e.media), None)
        for ref in media:
            self.add(ref)

    def add(self, ref: MediaRef) -> str:
        """One more picture of the exchange that is being answered; its name."""
        name = picture_name(self._ordinal, self._count)
        self._count += 1
        self._known[name] = ref
        self.newest = ref
        return name

    def find(self, name: str) -> MediaRef | None:
        bare = name.lower().strip(" []#").removeprefix("picture")
        return self._known.get(bare.strip(" []#"))

    def __len__(self) -> int:
        return len(self._known)


def _newest(exchange: Exchange) -> MediaRef:
    """What an edit made stands before what it was made from; each has a message of its own."""
    if exchange.answer == PICTURE_EDITED:
        return exchange.media[max(len(exchange.answer_message_ids), 1) - 1]
    return exchange.media[-1]
