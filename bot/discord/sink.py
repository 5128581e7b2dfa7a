"""The answer to one message, on Discord."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from bot.discord.address import Address, Opening
from bot.discord.calls import FORBIDDEN
from bot.discord.delivery import NotNowError, RefusedError
from bot.discord.markup import plain_parts
from bot.discord.outbox import Outbox, Part
from bot.discord.rest import Upload
from bot.discord.sending import Sending
from bot.discord.stream import AnswerStream, parts_of
from bot.discord.surroundings import Around
from bot.discord.ways import Ways
from handlers.errors import DeliveryRefusedError
from handlers.messages import ButtonRows, IncomingMessage
from handlers.ports.images import Picture
from handlers.ports.platforms import Activity, SentLog
from handlers.texts import say

log = structlog.get_logger(__name__)

TYPE_AFTER_S = 0.4
"""What is answered sooner needs no "typing"."""
TYPE_EACH_S = 8.0
"""Discord shows it for ten seconds."""
WATCH_EACH_S = 1.0
TOLD = "told"
NOT_FOUND = 404
MAX_CHARACTERS = 2000
OUTLASTED = "the answer took longer than Discord lets us answer here"


class DiscordReply:
    """Fills the port ReplySink."""

    def __init__(
        self,
        message: IncomingMessage,
        address: Address,
        sent: SentLog,
        ways: Ways,
        outbox: Outbox,
        around: Around,
    ) -> None:
        self._message = message
        self._address = address
        self._sent = sent
        self._ways = ways
        self._outbox = outbox
        self._around = around
        self._stream = AnswerStream(outbox)
        self._files = Sending(outbox, sent, around.tools, address.file_bytes)
        self._ending = asyncio.Lock()
        """Held while the last word is said: the answer, why there is none, or that time is up."""
        self._has_whispered = False
        self._watch: asyncio.Task[None] | None = None
        if address.is_interaction:
            self._watch = around.background(self._watch_token())

    # ------------------------------------------------------------ while it is made

    @asynccontextmanager
    async def working(self, activity: Activity) -> AsyncIterator[None]:  # noqa: ARG002  # one for all
        if not self._ways.is_channel_open:
            yield
            return
        task = self._around.background(self._type())
        try:
            yield
        finally:
            task.cancel()

    async def _type(self) -> None:
        while True:
            await self._around.pause(TYPE_AFTER_S)
            if not self._ways.is_thinking:
                await self._outbox.type()
                await self._around.pause(TYPE_EACH_S - TYPE_AFTER_S)

    def show(self, text: str) -> None:
        if not self._ways.is_outlasted:
            self._stream.show(text)

    def is_showing(self, message_id: str) -> bool:
        return message_id in self._outbox.answer_ids

    async def _watch_token(self) -> None:
        """Before the token ends, end what hangs on it."""
        while (left_s := self._ways.leave_in_s) > 0:
            await self._around.pause(min(left_s, WATCH_EACH_S))
        if self._ways.is_channel_open:
            # The answer goes on as ordinary messages; nothing would ever fill this one.
            await self._outbox.stop_thinking()
            return
        await self._outlast()

    async def _outlast(self) -> None:
        """Say that time is up, once; after a crash in between, again."""
        async with self._ending:
            if self._ways.is_outlasting_said or not self._ways.is_token_alive:
                return
            await self._ways.outlast()
            await self._stream.close()
            await self._files.take_back_preview()
            try:
                await self._say_outlasted(say("notice_outlasted"))
            except RefusedError as refusal:
                log.warning("that time was up could not be said", detail=str(refusal))
            else:
                await self._ways.say_outlasting()

    async def _say_outlasted(self, notice: str) -> None:
        if self._stream.latest or self._outbox.answer_ids:
            parts = await self._fitted(self._stream.latest, notice)
            await self._outbox.put_answer(parts, (), is_final=True)
        else:
            await self._put_line(TOLD, notice, ())
        self._restate()

    def _restate(self) -> None:
        for message_id in self._outbox.doubtful_ids:
            self._around.restating.begin(message_id, self._outbox.put_again)

    # ------------------------------------------------------------ the last word

    async def finish(
        self, text: str, notice: str = "", buttons: ButtonRows = (), supersedes: str = ""
    ) -> tuple[str, ...]:
        async with self._last_word():
            parts = await self._fitted(text, notice)
            await self._outbox.put_answer(parts, buttons, is_final=True)
        ids = self._outbox.answer_ids
        if supersedes and supersedes not in ids and self._ways.is_channel_open:
            self._around.retire(self._outbox.channel_id, supersedes)
        return ids

    async def tell(self, text: str, buttons: ButtonRows = ()) -> None:
        async with self._last_word():
            await self._files.take_back_preview()
            if not self._outbox.answer_ids:
                await self._say(TOLD, text, buttons)
                return
            parts = [Part(part) for part in plain_parts(text)]
            try:
                await self._outbox.put_answer(parts, buttons, is_final=True)
            except RefusedError as refusal:
                await self._whisper(TOLD, text, refusal)
            else:
                await self._sent.record(TOLD, self._outbox.answer_ids)

    @asynccontextmanager
    async def _last_word(self) -> AsyncIterator[None]:
        await self._refuse_if_outlasted()
        async with self._ending:
            if self._ways.is_outlasted:
                raise DeliveryRefusedError(OUTLASTED)
            await self._stream.close()
            yield
            self._stop_watching()
            self._restate()

    async def _fitted(self, text: str, notice: str) -> list[Part]:
        """The answer's messages: never none, and no more than there is room for."""
        parts = await parts_of(text, notice) or [Part("…")]
        room = self._outbox.room
        if room is None or len(parts) <= room:
            return parts
        if room == 0:
            raise RefusedError("this interaction takes no more messages")
        words = "\n".join(line for line in (notice, say("notice_in_file")) if line)
        file = Upload("answer.md", text.encode(), "text/markdown")
        return [*parts[: room - 1], Part(plain_parts(words)[0], (file,))]

    # ------------------------------------------------------------ lines of ours

    async def line(
        self,
        slot: str,
        text: str,
        buttons: ButtonRows = (),
        reply_to: str = "",  # noqa: ARG002  # every message has a link
    ) -> None:
        await self._refuse_if_outlasted()
        await self._say(slot, text, buttons)

    async def menu(self, text: str, buttons: ButtonRows) -> None:
        await self._refuse_if_outlasted()
        if self._address.opening is not Opening.PRESSED:
            await self._say("menu", text, buttons)
            return
        first, *others = plain_parts(text)
        try:
            await self._outbox.change_pressed(Part(first), () if others else buttons)
        except RefusedError as refusal:
            log.info("a menu is not changed in place", detail=str(refusal))
            await self._say("menu", text, buttons)
            return
        if others:
            await self._say("menu", "\n".join(others), buttons)

    async def drop_buttons(self) -> None:
        if self._address.opening is Opening.PRESSED:
            self._around.restating.end(self._message.message_id)
            self._around.background(self._strip_pressed())

    async def _strip_pressed(self) -> None:
        try:
            await self._outbox.strip_pressed()
        except (RefusedError, NotNowError) as failure:
            log.info("old buttons stay", detail=str(failure))

    async def _say(self, slot: str, text: str, buttons: ButtonRows) -> None:
        try:
            await self._put_line(slot, text, buttons)
        except RefusedError as refusal:
            await self._whisper(slot, text, refusal)

    async def _put_line(self, slot: str, text: str, buttons: ButtonRows) -> None:
        parts = plain_parts(text)
        for number, part in enumerate(parts):
            if not self._outbox.is_sent(slot, number + 1):
                rows = buttons if number == len(parts) - 1 else ()
                await self._outbox.send(slot, Part(part), rows, number=number)

    async def _whisper(self, slot: str, text: str, refusal: RefusedError) -> None:
        """What a server's channel may not be told is said to the person alone, once.

        Raises ``refusal`` where that is not possible or would be wrong.
        """
        user_id, is_in_server = self._message.sender.id, bool(self._message.chat.thread)
        is_shut = refusal.status in (FORBIDDEN, NOT_FOUND)
        if not is_shut or not is_in_server or self._has_whispered:
            raise refusal
        self._has_whispered = True
        first = plain_parts(text)[0]
        named = f"<#{self._outbox.channel_id}> {first}"
        try:
            words = named if len(named) <= MAX_CHARACTERS else first
            await self._outbox.whisper(int(user_id), slot, Part(words))
        except (RefusedError, NotNowError) as failure:
            log.info("not said in private either", detail=str(failure))
            raise refusal from failure

    # ------------------------------------------------------------ files

    def preview(self, picture: Picture) -> None:
        if not self._ways.is_outlasted:
            self._files.preview(picture)

    async def photo(
        self, slot: str, picture: Picture, caption: str = "", buttons: ButtonRows = ()
    ) -> tuple[str, ...]:
        if self._outbox.is_sent(slot):
            await self._files.forget_preview(slot)
        else:
            await self._refuse_if_outlasted()
            await self._files.photo(slot, picture, caption, buttons)
        return self._sent.ids(slot)

    @property
    def max_file_bytes(self) -> int:
        return self._address.file_bytes

    async def file(self, slot: str, name: str, data: bytes, mime: str, caption: str = "") -> None:
        if not self._outbox.is_sent(slot):
            await self._refuse_if_outlasted()
            await self._files.file(slot, Upload(name, data, mime), caption)

    async def voice(self, slot: str, ogg: bytes, duration_s: float) -> None:
        if not self._outbox.is_sent(slot):
            await self._refuse_if_outlasted()
            await self._files.voice(slot, ogg, duration_s)

    # ------------------------------------------------------------ the end

    async def settle(self) -> None:
        self._stop_watching()
        await self._outbox.stop_thinking()

    async def aclose(self) -> None:
        self._stop_watching()
        await self._stream.close()
        await self._files.close()

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()

    async def _refuse_if_outlasted(self) -> None:
        if self._ways.is_outlasted:
            await self._outlast()  # who is refused here ends the watch, which may not be done
            raise DeliveryRefusedError(OUTLASTED)
