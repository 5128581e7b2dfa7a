"""Pictures that were made: kept as soon as they are paid for, sent one by one, found by a button.

A button under a picture names the exchange and the picture's place in it. An exchange's pictures
are those that were made, in the order of their messages, and then those that they were made from.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from typing import Any

import structlog

from handlers.answers.questions import author_of
from handlers.errors import (
    DeliveryRefusedError,
    MediaKeepError,
    NothingToDoError,
    ParleyError,
    Stopped,
    StorageError,
)
from handlers.media.canvases import read_size
from handlers.media.memory import MemoryGate
from handlers.media.photos import PhotoStudio
from handlers.media.sizes import human_size
from handlers.messages import (
    AnswerFile,
    AnswerPicture,
    Exchange,
    MediaRef,
    Step,
)
from handlers.pictures.made_pictures import (
    Made,
    Work,
    answer_buttons,
    buttons,
    caption,
    decode,
    stands_for,
)
from handlers.ports.images import OnRound, Picture, Pictures, add_usage
from handlers.ports.platforms import Activity
from handlers.ports.stores import HistoryStore, MediaStore, Outcome
from handlers.prompts import PICTURE_ANSWERS
from handlers.texts import say
from handlers.turn import Turn

log = structlog.get_logger(__name__)

ROOM_BYTES = 96 * 1024 * 1024
"""Of pictures on their way to the service or back, in all chats together."""
PICTURE_BYTES = 8 * 1024 * 1024
"""What a picture that is made may take on its way here."""
STEP = "pictures"
"""Where a turn keeps what it made; a tool's call has a step of its own."""


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

    @asynccontextmanager
    async def drawing(self, turn: Turn) -> AsyncIterator[None]:
        """Work on pictures, which the person may stop.

        Where it stops or fails after some of them were kept, those are what it made: they are paid.
        """
        try:
            with turn.stoppable():
                async with turn.reply.working(Activity.DRAWING):
                    yield
        except (Stopped, ParleyError) as end:
            if isinstance(end, ParleyError):
                turn.spent(*end.usage)
            if self.kept(turn) is None:
                raise
            log.info("fewer pictures than asked for", reason=str(end) or type(end).__name__)

    def kept(self, turn: Turn, step: str = STEP) -> Work | None:
        """What is made, and paid for, by now; None if nothing is. ``step``: where it is kept."""
        known = turn.step(step)
        return decode(known) if known is not None else None

    async def restore(self, turn: Turn, step: str = STEP) -> Work | None:
        """The same; None also if it is lost."""
        work = self.kept(turn, step)
        if work is None or await self._media.get(work.pictures[0].ref) is None:
            return None
        return work

    async def left(self, turn: Turn, count: int, step: str = STEP) -> int:
        """How many of so many pictures are still to be made."""
        work = await self.restore(turn, step)
        if work is None:
            return count
        return 0 if work.is_over else max(count - len(work.pictures), 0)

    async def finish(self, turn: Turn, count: int) -> Work:
        """What there is of so many pictures; after a crash no more of them are made."""
        work = await self.restore(turn)
        if work is None:
            raise NothingToDoError("picture_forgotten")
        if len(work.pictures) < count and not work.is_over:
            work = replace(work, is_over=True, asked=count)
            await turn.save_step(STEP, json.dumps(asdict(work)))
        return work

    def keeper(
        self,
        turn: Turn,
        *,
        sources: Sequence[MediaRef] = (),
        has_mask: bool = False,
        note: str = "",
        step: str = STEP,
    ) -> OnRound:
        """Keeps each round of pictures, to the end also where the work is being stopped."""

        async def keep(made: Pictures) -> None:
            begun = Work((), made.usage, tuple(sources), has_mask, note)
            await _to_the_end(self._keep(turn, made, begun, step))

        return keep

    async def _keep(self, turn: Turn, made: Pictures, begun: Work, step: str) -> None:
        """Keep pictures and their cost, after those that are kept in this step already."""
        turn.spent(made.usage)
        try:
            # What they cost comes first: it is paid, whatever becomes of them.
            await turn.save_step(f"{step} paid", "")
        except StorageError as failure:
            log.warning("a cost is stored later", detail=str(failure))
        pictures = await self._put(made)
        usage = made.usage
        if (earlier := await self.restore(turn, step)) is not None:
            pictures = (*earlier.pictures, *pictures)
            usage = add_usage(earlier.usage, usage)
        if pictures:
            work = replace(begun, pictures=pictures, usage=usage)
            await turn.save_step(step, json.dumps(asdict(work)))

    async def _put(self, made: Pictures) -> tuple[Made, ...]:
        """MediaKeepError if the disk takes none: asking for others would cost as much again."""
        pictures = []
        for picture in made.pictures:
            size = await self._photos.lend(0, read_size, picture.data)
            try:
                ref = await self._media.put(picture.data, picture.mime, *size)
            except StorageError as failure:
                raise MediaKeepError(str(failure)) from failure
            pictures.append(Made(ref, picture.revised_prompt))
        return tuple(pictures)

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
            answer=stands_for(work),
            author=author_of(turn),
            # Of this exchange only the new ones were made.
            media=(
                *(made.ref for made in work.pictures),
                *(replace(ref, is_made=False) for ref in work.sources),
            ),
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
                    caption(work, number, line),
                    buttons(turn.exchange_id, work, number, line),
                )
            # One for each picture: by its place a reply finds the picture again.
            turn.answer_message_ids = (*turn.answer_message_ids, ids[0] if ids else "")
        turn.is_delivered = True

    async def send(
        self, turn: Turn, pictures: Sequence[AnswerPicture], files: Sequence[AnswerFile] = ()
    ) -> None:
        """The pictures of an answer whose text is delivered, which the exchange has, and files."""
        for number, made in enumerate(pictures):
            data = await self._media.get(made.ref)
            ids: tuple[str, ...] = ()
            if data is not None:
                ids = await turn.reply.photo(
                    f"photo {number}",
                    Picture(data, made.ref.mime),
                    made.caption,
                    answer_buttons(turn.exchange_id, made),
                )
            # At the end, one for each: by its place a reply finds the picture again.
            turn.answer_message_ids = (*turn.answer_message_ids, ids[0] if ids else "")
        for number, file in enumerate(files):
            await self._send_file(turn, f"made {number}", file)
        turn.is_delivered = True

    async def _send_file(self, turn: Turn, slot: str, file: AnswerFile) -> None:
        data = await self._media.get(file.ref)
        if data is None:
            return
        try:
            await turn.reply.file(slot, file.name, data, file.ref.mime)
        except DeliveryRefusedError as refusal:
            log.info("a file was refused", size=len(data), detail=str(refusal))
            line = say("made_file_refused", name=file.name, size=human_size(len(data)))
            await turn.reply.line(f"{slot} refused", line)

    # ------------------------------------------------------------ found again

    async def find(self, turn: Turn, exchange_id: str) -> Exchange:
        """The exchange of a command that a button names.

        NothingToDoError if it is not there any more, or something else took its place.
        """
        found = await self._find(turn, exchange_id)
        if found.answer not in PICTURE_ANSWERS:
            raise NothingToDoError("picture_forgotten")
        return found

    async def _find(self, turn: Turn, exchange_id: str) -> Exchange:
        is_number = exchange_id.isascii() and exchange_id.isdigit() and len(exchange_id) < 19
        found = None
        if is_number:
            found = await self._history.find(turn.message.chat, int(exchange_id))
        if found is None:
            raise NothingToDoError("picture_forgotten")
        return found

    async def find_step(self, turn: Turn, exchange_id: str, place: str, mark: str) -> Step:
        """What a tool did to make the picture at ``place`` with this mark; as ``find_picture``."""
        exchange = await self._find(turn, exchange_id)
        steps = [step for step in exchange.steps for _ in step.pictures]
        by_place = {str(p): step for p, step in zip(made_places(exchange), steps, strict=False)}
        meant = [by_place[place]] if place in by_place else []
        if mark:
            meant = [
                step
                for step in (*meant, *exchange.steps, *exchange.replaced)
                if any(ref.mark == mark for ref in step.pictures)
            ]
        if not meant or not meant[0].line:
            raise NothingToDoError("picture_forgotten")
        return meant[0]

    async def find_picture(self, turn: Turn, named: str) -> MediaRef:
        """The picture that ``12 0 5be1a3c7`` names: the first of exchange 12, with this mark.

        Where another answer took the exchange's place, the mark tells the picture that the button
        stands under; one without a mark means whatever is at that place.
        """
        exchange_id, place, mark, *_ = [*named.split(), "", "", ""]
        exchange = await self._find(turn, exchange_id)
        is_place = place.isascii() and place.isdigit() and len(place) < 4
        at_place = exchange.media[int(place) : int(place) + 1] if is_place else ()
        behind = [ref for step in exchange.replaced for ref in step.pictures]
        is_pictured = exchange.answer in PICTURE_ANSWERS or made_places(exchange)
        for ref in at_place if not mark else (*at_place, *exchange.media, *behind):
            if ref.mark == mark or (not mark and is_pictured):
                return ref
        raise NothingToDoError("picture_forgotten")

    async def find_sent(self, turn: Turn, message_id: str) -> MediaRef | None:
        """The picture of ours that a message holds, as it was made; None if it holds none."""
        exchange = await self._history.find_answer(turn.message.chat, message_id)
        place = _place_of(exchange, message_id) if exchange is not None else None
        if exchange is None or place is None:
            return None
        ref = exchange.media[place]
        return ref if await self._media.get(ref) is not None else None


def made_places(exchange: Exchange) -> tuple[int, ...]:
    """Where, in its media, the pictures are that were made on the way to the answer."""
    return tuple(place for place, ref in enumerate(exchange.media) if ref.is_made)


def _place_of(exchange: Exchange, message_id: str) -> int | None:
    """The place, in its media, of the picture that a message of the answer holds."""
    number = exchange.answer_message_ids.index(message_id)
    if exchange.answer in PICTURE_ANSWERS:
        return number if number < len(exchange.media) else None
    # The text comes first, in as many messages as it takes.
    made = made_places(exchange)
    number -= len(exchange.answer_message_ids) - len(made)
    return made[number] if number >= 0 else None


async def _to_the_end(work: Coroutine[Any, Any, Any]) -> None:
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
