"""Pictures, voice messages and files of one reply, in the form that Discord takes here."""

import base64

import structlog

from bot.discord.calls import NO_MENTIONS
from bot.discord.delivery import RefusedError
from bot.discord.markup import plain_parts
from bot.discord.outbox import Outbox, Part
from bot.discord.pictures import TOO_LARGE, PicturePreview
from bot.discord.rest import Json, Upload
from bot.discord.surroundings import ReplyTools
from handlers.errors import DeliveryRefusedError
from handlers.media.kinds import picture_name
from handlers.messages import ButtonRows
from handlers.ports.images import Picture
from handlers.ports.platforms import SentLog

log = structlog.get_logger(__name__)

VOICE_MESSAGE = 1 << 13
VOICE_NUMBER, MP3_NUMBER = 1, 2
NOWHERE = (0, 404)
"""Refusals of those who have no way, or no channel any more."""


class Sending:
    def __init__(self, outbox: Outbox, sent: SentLog, tools: ReplyTools, max_bytes: int) -> None:
        """``max_bytes``: the largest file that may be sent here."""
        self._outbox = outbox
        self._tools = tools
        self._max_bytes = max_bytes
        self._preview = PicturePreview(outbox, sent, max_bytes)

    def preview(self, picture: Picture) -> None:
        self._preview.show(picture)

    async def take_back_preview(self) -> None:
        await self._preview.take_back()

    async def forget_preview(self, slot: str) -> None:
        await self._preview.forget(slot)

    async def close(self) -> None:
        await self._preview.close()

    async def photo(self, slot: str, picture: Picture, caption: str, buttons: ButtonRows) -> None:
        """In the place of its preview, if there is one."""
        data, mime = picture.data, picture.mime
        if len(data) > self._max_bytes:
            data, mime = await self._tools.shrink(data, self._max_bytes)
        try:
            await self._put(slot, data, mime, caption, buttons)
        except RefusedError as refusal:
            if refusal.status != TOO_LARGE:
                raise
            # The limit is lower than we were told.
            data, mime = await self._tools.shrink(data, len(data) // 2)
            await self._put(slot, data, mime, caption, buttons)

    async def _put(
        self, slot: str, data: bytes, mime: str, caption: str, buttons: ButtonRows
    ) -> None:
        part = Part(_words(caption), (Upload(picture_name(mime), data, mime),))
        if not await self._preview.replace(slot, part, buttons):
            await self._outbox.send(slot, part, buttons)

    async def file(self, slot: str, file: Upload, caption: str) -> None:
        if len(file.data) > self._max_bytes:
            raise DeliveryRefusedError("the file is larger than one may be here")
        await self._outbox.send(slot, Part(_words(caption), (file,)))

    async def voice(self, slot: str, ogg: bytes, duration_s: float) -> None:
        """A voice message, or an audio file where none are taken."""
        if len(ogg) <= self._max_bytes:
            try:
                await self._send_voice(slot, ogg, duration_s)
            except RefusedError as refusal:
                if refusal.status in NOWHERE:
                    raise
                log.info("no voice message here, sending a file", detail=str(refusal))
            else:
                return
        mp3 = await self._tools.to_mp3(ogg)
        if len(mp3) > self._max_bytes:
            raise DeliveryRefusedError("the spoken answer is larger than a file may be here")
        file = Upload("answer.mp3", mp3, "audio/mpeg")
        await self._outbox.send(slot, Part(uploads=(file,)), number=MP3_NUMBER)

    async def _send_voice(self, slot: str, ogg: bytes, duration_s: float) -> None:
        waveform = base64.b64encode(await self._tools.waveform(ogg)).decode()
        details: Json = {"duration_secs": round(duration_s, 3), "waveform": waveform}
        file = Upload("voice-message.ogg", ogg, "audio/ogg", details)
        body: Json = {"flags": VOICE_MESSAGE, "allowed_mentions": NO_MENTIONS}
        await self._outbox.send(slot, Part(uploads=(file,)), number=VOICE_NUMBER, voice=body)


def _words(caption: str) -> str:
    return "".join(plain_parts(caption)[:1])
