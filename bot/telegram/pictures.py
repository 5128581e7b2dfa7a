"""A picture on the way: its beginnings are shown in one message, which the picture then takes."""

import asyncio

import structlog
from telegram import InlineKeyboardMarkup, InputFile, InputMediaPhoto
from telegram.error import BadRequest, TelegramError

from bot.patience import give_up
from bot.telegram.outbox import Outbox
from handlers.errors import DeliveryRefusedError
from handlers.media.kinds import picture_name
from handlers.ports.images import Picture
from handlers.ports.platforms import SentLog

log = structlog.get_logger(__name__)

SLOT = "preview"
"""Of the message that shows a beginning; empty again once the picture has taken it."""
_ON_ITS_WAY = "?"
"""Recorded before its id can be: a process that dies then must not send another."""


class PicturePreview:
    """Used by one task, and its own."""

    def __init__(self, outbox: Outbox, sent: SentLog) -> None:
        self._outbox = outbox
        self._sent = sent
        self._latest: Picture | None = None
        self._is_closed = False
        self._task: asyncio.Task[None] | None = None

    def show(self, picture: Picture) -> None:
        self._latest = picture
        if not self._is_closed and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run())

    async def replace(
        self, slot: str, picture: Picture, caption: str | None, buttons: InlineKeyboardMarkup | None
    ) -> bool:
        """Put the picture where its beginning is; False if there is none, or it cannot be."""
        await self.close()
        message_id = self._message_id()
        if message_id is None:
            return False
        media = InputMediaPhoto(picture.data, caption=caption, filename=picture_name(picture.mime))
        if not await self._outbox.change_media(message_id, media, buttons):
            await self.take_back()
            return False
        await self._sent.record(slot, (str(message_id),))
        await self._sent.record(SLOT, ())
        return True

    async def forget(self, slot: str) -> None:
        """The picture of this slot took the message, and a crash kept that from being noted."""
        if self._sent.ids(SLOT) and self._sent.ids(SLOT)[-1:] == self._sent.ids(slot):
            await self._sent.record(SLOT, ())

    async def take_back(self) -> None:
        """Delete the message: the picture will not come, or not there."""
        await self.close()
        if (message_id := self._message_id()) is not None:
            await self._outbox.take_back(message_id)
            await self._sent.record(SLOT, ())

    async def close(self) -> None:
        """Show nothing more. What is on its way is waited for: it must be known."""
        self._is_closed = True
        task, self._task = self._task, None
        await give_up(task, "a picture's beginning failed")

    async def _run(self) -> None:
        while not self._is_closed and (picture := self._latest) is not None:
            self._latest = None
            try:
                await self._show(picture)
            except (TelegramError, DeliveryRefusedError) as refusal:
                log.info("a picture's beginning is not shown", detail=str(refusal))
                # It may be there all the same: another try could show it twice.
                self._is_closed = True

    async def _show(self, picture: Picture) -> None:
        message_id = self._message_id()
        if message_id is not None:
            media = InputMediaPhoto(picture.data, filename=picture_name(picture.mime))
            await self._outbox.change_media(message_id, media, None)
        elif not self._sent.ids(SLOT):
            await self._send(picture)

    async def _send(self, picture: Picture) -> None:
        photo = InputFile(picture.data, picture_name(picture.mime))
        await self._sent.record(SLOT, (_ON_ITS_WAY,))
        try:
            await self._outbox.upload(SLOT, "send_photo", is_final=False, photo=photo)
        except BadRequest:
            await self._sent.record(SLOT, ())
            raise

    def _message_id(self) -> int | None:
        ids = self._sent.ids(SLOT)
        return int(ids[-1]) if ids and ids[-1] != _ON_ITS_WAY else None
