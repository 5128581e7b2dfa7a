"""The answer to one message, on Telegram."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InputFile
from telegram.constants import ChatAction
from telegram.error import BadRequest

from bot.telegram.incoming import DRAFT
from bot.telegram.markup import plain
from bot.telegram.outbox import Outbox
from bot.telegram.pictures import PicturePreview
from bot.telegram.rich_text import Rendered
from bot.telegram.splitting import split
from bot.telegram.stream import AnswerStream, parts_of
from handlers.errors import DeliveryRefusedError
from handlers.media.kinds import picture_name
from handlers.messages import ButtonRows, IncomingMessage, Origin
from handlers.ports.images import Picture
from handlers.ports.platforms import Activity, SentLog
from handlers.texts import say

ACTIONS = {
    Activity.WRITING: ChatAction.TYPING,
    Activity.LISTENING: ChatAction.TYPING,
    Activity.DRAWING: ChatAction.UPLOAD_PHOTO,
    Activity.SPEAKING: ChatAction.RECORD_VOICE,
}
ACTION_AFTER_S = 0.4
"""What is answered sooner needs no "typing"."""
ACTION_EACH_S = 4.5
"""Telegram shows an action for 5 s."""
MAX_CAPTION_UNITS = 1024
MAX_FILE_BYTES = 50_000_000
TOLD = "told"

Retire = Callable[[str], None]


class TelegramReply:
    """Fills the port ReplySink."""

    max_file_bytes = MAX_FILE_BYTES

    def __init__(
        self,
        message: IncomingMessage,
        sent: SentLog,
        outbox: Outbox,
        retire: Retire,
        to_mp3: Callable[[bytes], Awaitable[bytes]],
    ) -> None:
        """``retire`` takes the buttons from a message, when there is time for it.

        ``to_mp3`` is for people who forbid voice messages.
        """
        self._message = message
        self._sent = sent
        self._outbox = outbox
        self._retire = retire
        self._to_mp3 = to_mp3
        stop = InlineKeyboardMarkup(
            [[InlineKeyboardButton(say("button_stop"), callback_data="stop")]]
        )
        self._stream = AnswerStream(outbox, message.key, stop)
        self._preview = PicturePreview(outbox, sent)

    @asynccontextmanager
    async def working(self, activity: Activity) -> AsyncIterator[None]:
        task = asyncio.create_task(self._act(ACTIONS[activity]))
        try:
            yield
        finally:
            task.cancel()

    async def _act(self, action: str) -> None:
        await asyncio.sleep(ACTION_AFTER_S)
        while True:
            await self._outbox.act(action)
            await asyncio.sleep(ACTION_EACH_S)

    def show(self, text: str) -> None:
        self._stream.show(text)

    def is_showing(self, message_id: str) -> bool:
        is_draft = message_id == f"{DRAFT}{self._stream.draft_id}"
        return is_draft or message_id in self._outbox.answer_ids

    async def drop_buttons(self) -> None:
        if self._message.message_id.isdecimal():
            self._retire(self._message.message_id)

    async def finish(
        self, text: str, notice: str = "", buttons: ButtonRows = (), supersedes: str = ""
    ) -> tuple[str, ...]:
        await self._stream.close()
        # An answer of invisible characters alone would otherwise be no message at all.
        parts = await parts_of(text, notice) or [Rendered("…")]
        await self._outbox.put_answer(parts, keyboard(buttons), is_final=True)
        ids = self._outbox.answer_ids
        if supersedes and supersedes not in ids:
            self._retire(supersedes)
        return ids

    async def line(
        self, slot: str, text: str, buttons: ButtonRows = (), reply_to: str = ""
    ) -> None:
        parts = split(plain(text))
        leads_to = int(reply_to) if reply_to.isdecimal() else None
        for number, part in enumerate(parts, start=1):
            if not self._outbox.is_sent(slot, number):
                markup = keyboard(buttons) if number == len(parts) else None
                await self._outbox.send(slot, part, markup, leads_to)

    async def tell(self, text: str, buttons: ButtonRows = ()) -> None:
        await self._stream.close()
        await self._preview.take_back()
        if not self._outbox.has_answer:
            await self.line(TOLD, text, buttons)
            return
        await self._outbox.put_answer(split(plain(text)), keyboard(buttons), is_final=True)
        await self._sent.record(TOLD, self._outbox.answer_ids)

    async def menu(self, text: str, buttons: ButtonRows) -> None:
        message = self._message
        if message.origin is Origin.BUTTON:
            part = Rendered(text, ())
            if await self._outbox.edit(int(message.message_id), part, keyboard(buttons)):
                return
        await self.line("menu", text, buttons)

    def preview(self, picture: Picture) -> None:
        self._preview.show(picture)

    async def photo(
        self, slot: str, picture: Picture, caption: str = "", buttons: ButtonRows = ()
    ) -> tuple[str, ...]:
        if self._outbox.is_sent(slot):
            await self._preview.forget(slot)
        else:
            markup = keyboard(buttons)
            if not await self._preview.replace(slot, picture, _caption(caption), markup):
                await self._send_photo(slot, picture, caption, markup)
        return self._sent.ids(slot)

    async def _send_photo(
        self, slot: str, picture: Picture, caption: str, markup: InlineKeyboardMarkup | None
    ) -> None:
        photo = InputFile(picture.data, picture_name(picture.mime))
        around: dict[str, Any] = {"caption": _caption(caption), "reply_markup": markup}
        try:
            await self._outbox.upload(slot, "send_photo", photo=photo, **around)
        except BadRequest:
            # Too wide, too heavy, or of a kind that photos are not made of: a file holds it.
            await self._refusable(
                self._outbox.upload(slot, "send_document", document=photo, **around)
            )

    async def file(self, slot: str, name: str, data: bytes, mime: str, caption: str = "") -> None:  # noqa: ARG002
        if not self._outbox.is_sent(slot):
            await self._refusable(
                self._outbox.upload(
                    slot,
                    "send_document",
                    document=InputFile(data, name),
                    caption=_caption(caption),
                    disable_content_type_detection=True,
                )
            )

    async def voice(self, slot: str, ogg: bytes, duration_s: float) -> None:
        if self._outbox.is_sent(slot):
            return
        duration = max(1, round(duration_s))
        try:
            await self._outbox.upload(
                slot, "send_voice", voice=InputFile(ogg, "voice.ogg"), duration=duration
            )
        except BadRequest:
            mp3 = await self._to_mp3(ogg)
            await self._refusable(
                self._outbox.upload(
                    slot, "send_audio", audio=InputFile(mp3, "answer.mp3"), duration=duration
                )
            )

    async def _refusable(self, sending: Awaitable[None]) -> None:
        try:
            await sending
        except BadRequest as refusal:
            raise DeliveryRefusedError(str(refusal)) from refusal

    async def settle(self) -> None:
        """Nothing of Telegram's says "wait" for longer than five seconds."""

    async def aclose(self) -> None:
        await self._stream.close()
        await self._preview.close()


def _caption(text: str) -> str | None:
    return text[: MAX_CAPTION_UNITS // 2] or None


def keyboard(rows: ButtonRows) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(b.label, callback_data=b.action) for b in row] for row in rows]
    )
