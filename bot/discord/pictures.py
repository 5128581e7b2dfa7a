"""A picture on the way: its beginnings are shown in one message, which the picture then takes."""

import asyncio

import structlog

from bot.discord.delivery import NotNowError, RefusedError
from bot.discord.outbox import Outbox, Part
from bot.discord.rest import Upload
from bot.patience import give_up
from handlers.media.kinds import picture_name
from handlers.messages import ButtonRows
from handlers.ports.images import Picture
from handlers.ports.platforms import SentLog

log = structlog.get_logger(__name__)

SLOT = "preview"
"""Of the message that shows a beginning; empty again once the picture has taken it."""
TOO_LARGE = 413


class PicturePreview:
    """Used by one task, and its own."""

    def __init__(self, outbox: Outbox, sent: SentLog, max_bytes: int) -> None:
        self._outbox = outbox
        self._sent = sent
        self._max_bytes = max_bytes
        self._latest: Picture | None = None
        self._is_closed = False
        self._task: asyncio.Task[None] | None = None

    def show(self, picture: Picture) -> None:
        if self._is_closed or len(picture.data) > self._max_bytes:
            return
        self._latest = picture
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def replace(self, slot: str, part: Part, buttons: ButtonRows) -> bool:
        """Put the picture where its beginning is; False if there is none, or it cannot be.

        RefusedError if it is too large.
        """
        await self.close()
        message_id = self._message_id()
        if not message_id:
            return False
        try:
            await self._outbox.change(message_id, part, buttons)
        except RefusedError as refusal:
            if refusal.status == TOO_LARGE:
                raise
            log.info("a picture is not changed in place", detail=str(refusal))
            await self.take_back()
            return False
        await self._sent.record(slot, (message_id,))
        await self._sent.record(SLOT, ())
        return True

    async def forget(self, slot: str) -> None:
        """The picture of this slot took the message, and a crash kept that from being noted."""
        if self._sent.ids(SLOT) and self._sent.ids(SLOT) == self._sent.ids(slot):
            await self._sent.record(SLOT, ())

    async def take_back(self) -> None:
        """Delete the message: the picture will not come, or not there."""
        await self.close()
        if message_id := self._message_id():
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
            part = Part("", (Upload(picture_name(picture.mime), picture.data, picture.mime),))
            try:
                if message_id := self._message_id():
                    await self._outbox.next_preview()
                    await self._outbox.change(message_id, part, ())
                else:
                    await self._outbox.send(SLOT, part)
            except (RefusedError, NotNowError) as refusal:
                log.info("a picture's beginning is not shown", detail=str(refusal))
                return

    def _message_id(self) -> str:
        return "".join(self._sent.ids(SLOT)[-1:])
