"""Pictures that people send: fetched, brought into form, kept, and shown to the model."""

import asyncio
import re
from collections.abc import Sequence

from handlers.media.photos import PhotoStudio
from handlers.messages import Attachment, MediaRef
from handlers.ports import MediaStore, PicturePart
from handlers.turn import Turn

PICTURE_ADDRESS = re.compile(
    r"""https?://[^\s<>"'()]+\.(?:png|jpe?g|gif|webp)(?:\?[^\s<>"'()]*)?""", re.IGNORECASE
)
MAX_ADDRESSES = 4
"""Of one question: an address costs as much as a photo, and pastes may hold hundreds."""


class Vision:
    def __init__(self, photos: PhotoStudio, media: MediaStore) -> None:
        self._photos = photos
        self._media = media

    async def see(self, turn: Turn, attachments: Sequence[Attachment]) -> tuple[MediaRef, ...]:
        """Fetch and keep the pictures, in order. PersonError if one cannot be read."""
        return tuple(
            await asyncio.gather(*(self._keep(turn, attachment) for attachment in attachments))
        )

    async def _keep(self, turn: Turn, attachment: Attachment) -> MediaRef:
        async with turn.downloaded(attachment) as data:
            photo = await self._photos.prepare(data)
        return await self._media.put(photo.data, photo.mime, photo.width, photo.height)

    async def show(self, refs: Sequence[MediaRef], detail: str) -> list[PicturePart]:
        """What the model is sent of kept pictures; those whose files are gone are left out."""
        parts = []
        for ref in refs:
            data = await self._media.get(ref)
            if data is not None:
                scaled = await self._photos.scale(detail, data)
                parts.append(PicturePart(detail=detail, data=scaled.data, mime=scaled.mime))
        return parts


def addresses(text: str) -> list[str]:
    """Addresses of pictures that stand in a text."""
    return PICTURE_ADDRESS.findall(text)[:MAX_ADDRESSES]
