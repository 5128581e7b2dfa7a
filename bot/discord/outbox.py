"""The messages of one answer: sent, changed, recorded, until Discord has them."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from bot.discord.calls import NO_MENTIONS, SUPPRESS_EMBEDS, Calls
from bot.discord.controls import components
from bot.discord.delivery import Courier, GoneError, NotNowError, RefusedError
from bot.discord.pace import Pace
from bot.discord.rest import ORIGINAL, Json, Upload
from bot.discord.ways import Ways
from bot.patience import to_the_end
from handlers.errors import StorageError
from handlers.messages import ButtonRows
from handlers.ports.platforms import SentLog

log = structlog.get_logger(__name__)

ANSWER = "answer"
KEPT_FOLLOW_UPS = 1
"""Of those that an interaction takes: for what is said after the answer, a voice message."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """One message: its text, and what hangs on it."""

    text: str = ""
    uploads: tuple[Upload, ...] = ()


class Outbox:
    def __init__(
        self, calls: Calls, ways: Ways, pace: Pace, courier: Courier, sent: SentLog
    ) -> None:
        self._calls = calls
        self._ways = ways
        self._pace = pace
        self._courier = courier
        self._sent = sent
        self._answer_ids: list[str] = list(sent.ids(ANSWER))
        self._shown: dict[str, tuple[Part, ButtonRows]] = {}
        """What each message is known to show; what is not known is edited to be sure."""
        self._doubts: set[str] = set()
        """Messages that a preview may still overwrite: it was given up, or its answer was lost."""

    @property
    def channel_id(self) -> int:
        return self._calls.channel_id

    @property
    def answer_ids(self) -> tuple[str, ...]:
        return tuple(self._answer_ids)

    @property
    def room(self) -> int | None:
        """How many messages the answer may have; None for any number."""
        left = self._ways.follow_ups_left
        if left is None:
            return None
        is_free = self._ways.may_fill(ANSWER, len(self._answer_ids), is_last_way=True)
        return len(self._answer_ids) + int(is_free) + max(0, left - KEPT_FOLLOW_UPS)

    async def next_preview(self) -> None:
        """Wait for the moment of an answer that is not final."""
        await self._pace.preview(self.channel_id)

    async def put_answer(
        self, parts: Sequence[Part], buttons: ButtonRows, *, is_final: bool
    ) -> None:
        """Make the answer's messages show ``parts``, with the buttons under the last.

        ``is_final``: until it is so; RefusedError if it never will be. Otherwise one try, raising
        NotNowError too.
        """
        last = len(parts) - 1
        for number, part in enumerate(parts):
            rows = buttons if number == last else ()
            if number >= len(self._answer_ids):
                await self._add(part, rows, is_final=is_final)
            elif self._shown.get(self._answer_ids[number]) != (part, rows):
                await self._change(number, part, rows, is_final=is_final)
        if is_final:
            while len(self._answer_ids) > len(parts):
                await self._take_back(self._answer_ids[-1])
                self._answer_ids.pop()
                await self._sent.record(ANSWER, self.answer_ids)

    def is_sent(self, slot: str, count: int = 1) -> bool:
        return len(self._sent.ids(slot)) >= count

    async def send(
        self,
        slot: str,
        part: Part,
        buttons: ButtonRows = (),
        *,
        number: int = 0,
        voice: Json | None = None,
    ) -> None:
        """One more message in a slot, until it is there and recorded.

        ``voice``: the whole body of a voice message, which fills no thinking message.
        """
        body = _body(part, buttons) if voice is None else voice
        if voice is not None and self._ways.is_thinking and not self._ways.is_channel_open:
            await self.stop_thinking()  # a follow-up would fill it

        async def once() -> None:
            message_id = await self._calls.create(
                slot, number, body, part.uploads, is_voice=voice is not None
            )
            if voice is None:
                self._shown[message_id] = (part, buttons)
            await self._sent.record(slot, (*self._sent.ids(slot), message_id))

        await self._deliver(once)

    async def change(self, message_id: str, part: Part, buttons: ButtonRows) -> None:
        """Put this in a message that was sent, and nothing of what was there; RefusedError."""
        body = _body(part, buttons)
        await self._deliver(lambda: self._calls.change(message_id, body, part.uploads))

    async def take_back(self, message_id: str) -> None:
        """Delete a message of ours; one that cannot be deleted stays."""
        await self._take_back(message_id)
        if message_id == self._ways.original_id:
            await self._ways.lose_original()

    async def change_pressed(self, part: Part, buttons: ButtonRows) -> None:
        """Put this in the message whose button was pressed; RefusedError if it takes nothing."""
        body = _body(part, buttons)
        await self._deliver(lambda: self._calls.change(ORIGINAL, body))

    async def strip_pressed(self) -> None:
        """Take the buttons from the message whose button was pressed. One try."""
        body = {"components": [], "allowed_mentions": NO_MENTIONS}
        await self._calls.change(ORIGINAL, body)

    async def stop_thinking(self) -> None:
        """Take away the thinking message, if nothing was said in it. One try; never raises."""
        try:
            await self._calls.stop_thinking()
        except (RefusedError, NotNowError, TimeoutError) as failure:
            log.info("the thinking message stays", detail=str(failure))
        except StorageError as failure:
            log.warning("the end of the thinking message is not stored", detail=str(failure))

    async def whisper(self, user_id: int, slot: str, part: Part) -> None:
        """Say it in the direct chat. One try."""
        message_id = await self._calls.whisper(user_id, slot, _body(part, ()))
        await self._sent.record(slot, (*self._sent.ids(slot), message_id))

    async def type(self) -> None:
        """Lost without a word if it cannot be shown."""
        try:
            await self._calls.type()
        except (RefusedError, NotNowError) as failure:
            log.debug("typing is not shown", detail=str(failure))

    # ------------------------------------------------------------ what comes too late

    @property
    def doubtful_ids(self) -> tuple[str, ...]:
        """The messages over whose last text an earlier one may still come."""
        ids = (self._ways.original_id if doubt == ORIGINAL else doubt for doubt in self._doubts)
        return tuple(message_id for message_id in ids if message_id in self._shown)

    async def put_again(self, message_id: str) -> None:
        """Make a message show its last text once more. One try, lost without a word."""
        part, buttons = self._shown[message_id]
        await self._pace.preview(self.channel_id)
        try:
            await self._calls.change(message_id, _body(part, buttons))
        except (RefusedError, NotNowError, StorageError) as failure:
            log.info("a last text was not put again", detail=str(failure))

    async def _try(self, target: str, call: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """One try of a preview. ``target``: the message that it changes."""

        async def once() -> None:
            try:
                await call()
            except (asyncio.CancelledError, NotNowError) as failure:
                if not isinstance(failure, NotNowError) or failure.may_be_done:
                    self._doubts.add(target)
                raise

        await to_the_end(once())

    # ------------------------------------------------------------ single messages

    async def _add(self, part: Part, buttons: ButtonRows, *, is_final: bool) -> None:
        async def once() -> None:
            number = len(self._answer_ids)
            body = _body(part, buttons)
            message_id = await self._calls.create(ANSWER, number, body, part.uploads)
            self._answer_ids.append(message_id)
            self._shown[message_id] = (part, buttons)
            await self._sent.record(ANSWER, self.answer_ids)

        # A new message has a nonce, and hides nothing if it is late.
        await (self._deliver(once) if is_final else self._try(ORIGINAL, once))

    async def _change(
        self, number: int, part: Part, buttons: ButtonRows, *, is_final: bool
    ) -> None:
        message_id = self._answer_ids[number]
        self._shown.pop(message_id, None)

        async def once() -> None:
            await self._calls.change(message_id, _body(part, buttons), part.uploads)
            self._shown[message_id] = (part, buttons)

        if not is_final:
            await self._try(message_id, once)
            return
        try:
            await self._deliver(once)
        except RefusedError as refusal:
            if not refusal.is_about_message:
                raise
            # Somebody deleted it: what is left of the answer must not hang on that.
            await self._replace(number, part, buttons)
            if not isinstance(refusal, GoneError):
                await self._take_back(message_id)

    async def _replace(self, number: int, part: Part, buttons: ButtonRows) -> None:
        before = self._answer_ids[number]
        body = _body(part, buttons)

        async def once() -> None:
            message_id = await self._calls.create(
                ANSWER, number, body, part.uploads, replaces=before
            )
            self._answer_ids[number] = message_id
            self._shown[message_id] = (part, buttons)
            await self._sent.record(ANSWER, self.answer_ids)

        await self._deliver(once)

    async def _take_back(self, message_id: str) -> None:
        """Delete a message of ours; one that cannot be deleted stays."""
        try:
            await self._deliver(lambda: self._calls.remove(message_id))
        except RefusedError as refusal:
            log.info("a message could not be taken back", detail=str(refusal))

    async def _deliver(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        await self._pace.message(self.channel_id)
        return await self._courier.deliver(call)


def _body(part: Part, buttons: ButtonRows) -> Json:
    # Nobody is notified, and no link of a model's unfolds into a card taller than the answer.
    return {
        "content": part.text,
        "components": components(buttons),
        "flags": SUPPRESS_EMBEDS,
        "allowed_mentions": NO_MENTIONS,
    }
