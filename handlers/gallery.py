"""Pictures that were made: kept as soon as they are paid for, sent one by one, found by a button.

A button under a picture names the exchange and the picture's place in it. An exchange's pictures
are those that were made, in the order of their messages, and then those that they were made from.
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

from handlers.errors import NothingToDoError
from handlers.media.canvases import read_size
from handlers.media.memory import MemoryGate
from handlers.media.photos import PhotoStudio
from handlers.messages import Button, ButtonRows, Exchange, MediaRef, UsageEntry
from handlers.ports.images import Picture, Pictures
from handlers.ports.stores import HistoryStore, MediaStore, Outcome
from handlers.prompts import PICTURE_ANSWERS, PICTURE_EDITED, PICTURE_MADE, PICTURES_MADE
from handlers.questions import author_of
from handlers.texts import say
from handlers.turn import Turn

MAX_REVISED = 380
"""Characters: the narrowest platform's caption takes about 500 in all."""
ROOM_BYTES = 96 * 1024 * 1024
"""Of pictures on their way to the service or back, in all chats together."""
PICTURE_BYTES = 8 * 1024 * 1024
"""What a picture that is made may take on its way here."""
_STEP = "pictures"


@dataclass(frozen=True, slots=True)
class Made:
    ref: MediaRef
    revised_prompt: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """What a turn made; enough to go on with after a crash."""

    pictures: tuple[Made, ...]
    cost: str
    """In words for people."""
    sources: tuple[MediaRef, ...] = ()
    """What they were made from; with ``has_mask`` the last is the mask."""
    has_mask: bool = False
    note: str = ""
    """A line of ours for the caption."""


class Gallery:
    def __init__(self, media: MediaStore, history: HistoryStore, photos: PhotoStudio) -> None:
        self._media = media
        self._history = history
        self._photos = photos
        self._memory = MemoryGate(ROOM_BYTES)

    @asynccontextmanager
    async def room(self, count: int, sources: int = 0) -> AsyncIterator[None]:
        """Wait until there is memory for so many pictures; a single new one does not wait."""
        weight = count + sources
        async with self._memory.hold(weight * PICTURE_BYTES if weight > 1 else 0):
            yield

    # ------------------------------------------------------------ kept

    async def restore(self, turn: Turn) -> Work | None:
        """What was made, and paid for, before a crash; None if nothing was, or it is lost."""
        known = turn.step(_STEP)
        work = _decode(known) if known is not None else None
        if work is None or await self._media.get(work.pictures[0].ref) is None:
            return None
        return work

    async def keep(
        self,
        turn: Turn,
        made: Pictures,
        *,
        sources: Sequence[MediaRef] = (),
        has_mask: bool = False,
        note: str = "",
    ) -> Work:
        pictures = []
        for picture in made.pictures:
            size = await self._photos.lend(0, read_size, picture.data)
            ref = await self._media.put(picture.data, picture.mime, *size)
            pictures.append(Made(ref, picture.revised_prompt))
        work = Work(tuple(pictures), cost_words(made.usage), tuple(sources), has_mask, note)
        await turn.save_step(_STEP, json.dumps(asdict(work)))
        return work

    async def load(self, refs: Sequence[MediaRef]) -> list[Picture]:
        """NothingToDoError if a file is gone."""
        pictures = []
        for ref in refs:
            data = await self._media.get(ref)
            if data is None:
                raise NothingToDoError("picture_forgotten")
            pictures.append(Picture(data, ref.mime))
        return pictures

    # ------------------------------------------------------------ sent

    async def deliver(self, turn: Turn, work: Work, line: str) -> None:
        """Store the exchange, then send its pictures; ``line``: the command line that asked."""
        exchange = Exchange(
            question=line,
            answer=_answer(work),
            author=author_of(turn),
            media=(*(made.ref for made in work.pictures), *work.sources),
            question_message_ids=turn.message.message_ids,
        )
        await turn.commit(Outcome(exchange=exchange))
        for number, made in enumerate(work.pictures):
            data = await self._media.get(made.ref)
            ids: tuple[str, ...] = ()
            if data is not None:
                ids = await turn.reply.photo(
                    f"photo {number}",
                    Picture(data, made.ref.mime),
                    _caption(work, number, line),
                    _buttons(turn.exchange_id, work, number, line),
                )
            # One for each picture: by its place a reply finds the picture again.
            turn.answer_message_ids = (*turn.answer_message_ids, ids[0] if ids else "")
        turn.is_delivered = True

    # ------------------------------------------------------------ found again

    async def find(self, turn: Turn, exchange_id: str) -> Exchange:
        """The exchange that a button names. NothingToDoError if it is not there any more."""
        is_number = exchange_id.isascii() and exchange_id.isdigit() and len(exchange_id) < 19
        found = None
        if is_number:
            found = await self._history.find(turn.message.chat, int(exchange_id))
        if found is None or found.answer not in PICTURE_ANSWERS:
            raise NothingToDoError("picture_forgotten")
        return found

    async def find_picture(self, turn: Turn, named: str) -> MediaRef:
        """The picture that ``12 0`` names: the first of exchange 12."""
        exchange_id, _, place = named.partition(" ")
        exchange = await self.find(turn, exchange_id)
        is_place = place.isascii() and place.isdigit() and len(place) < 4
        if not is_place or int(place) >= len(exchange.media):
            raise NothingToDoError("picture_forgotten")
        return exchange.media[int(place)]

    async def find_sent(self, turn: Turn, message_id: str) -> MediaRef | None:
        """The picture of ours that a message holds, as it was made; None if it holds none."""
        exchange = await self._history.find_answer(turn.message.chat, message_id)
        if exchange is None or exchange.answer not in PICTURE_ANSWERS:
            return None
        place = exchange.answer_message_ids.index(message_id)
        if place >= len(exchange.media):
            return None
        ref = exchange.media[place]
        return ref if await self._media.get(ref) is not None else None


def cost_words(usage: UsageEntry) -> str:
    """As /usage says it: dollars, or what was counted where no price is known."""
    if usage.cost_usd is not None:
        return f"{'≈' if usage.is_estimate else ''}${usage.cost_usd:.4f}"
    tokens = usage.input_tokens + usage.output_tokens
    amount = f"{tokens:,} tokens" if tokens else f"{usage.images} pictures"
    return say("usage_unpriced", amount=amount)


def _answer(work: Work) -> str:
    if work.sources:
        return PICTURE_EDITED
    return PICTURE_MADE if len(work.pictures) == 1 else PICTURES_MADE


def _caption(work: Work, number: int, line: str) -> str:
    """Of several pictures the last tells what all of them cost."""
    revised = work.pictures[number].revised_prompt.strip()
    if len(revised) > MAX_REVISED:
        revised = f"{revised[:MAX_REVISED].rstrip()} …"
    lines = [revised if revised and revised not in line else ""]
    if number == len(work.pictures) - 1:
        key = "picture_cost" if len(work.pictures) == 1 else "pictures_cost"
        lines += [work.note, say(key, cost=work.cost, count=len(work.pictures))]
    return "\n".join(filter(None, lines))


def _buttons(exchange_id: int, work: Work, number: int, line: str) -> ButtonRows:
    again = f"again {exchange_id}"
    if line.startswith("/variation"):
        again = f"variation {exchange_id} {len(work.pictures)}"
    elif work.sources:
        again = f"edit {exchange_id} {len(work.pictures)}" + (" m" if work.has_mask else "")
    return (
        (
            Button(say("button_picture_again"), again),
            Button(say("button_variation"), f"variation {exchange_id} {number}"),
        ),
        (
            Button(say("button_edit"), "edit"),
            Button(say("button_full_size"), f"fullsize {exchange_id} {number}"),
        ),
    )


def _decode(text: str) -> Work:
    told = json.loads(text)
    pictures = tuple(
        Made(MediaRef(**made["ref"]), made["revised_prompt"]) for made in told["pictures"]
    )
    sources = tuple(MediaRef(**ref) for ref in told["sources"])
    return Work(pictures, told["cost"], sources, told["has_mask"], told["note"])
