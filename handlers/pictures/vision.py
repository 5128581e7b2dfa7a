"""Pictures that people send: brought into form, kept, and shown to the model."""

import re
from collections.abc import Sequence
from dataclasses import replace

from handlers.media.photos import PhotoStudio
from handlers.messages import ChatSettings, MediaRef
from handlers.ports.chat import PicturePart
from handlers.ports.stores import MediaStore

PICTURE_ADDRESS = re.compile(
    r"""https?://[^\s<>"'()]+\.(?:png|jpe?g|gif|webp)(?:\?[^\s<>"'()]*)?""", re.IGNORECASE
)
MAX_ADDRESSES = 4
"""Of one question: an address costs as much as a photo, and pastes may hold hundreds."""


class Vision:
    def __init__(self, photos: PhotoStudio, media: MediaStore) -> None:
        self._photos = photos
        self._media = media

    async def keep(self, data: bytes) -> MediaRef:
        """Keep a picture in the form that the model is shown. PersonError if it cannot be read."""
        photo = await self._photos.prepare(data)
        return await self._media.put(photo.data, photo.mime, photo.width, photo.height)

    async def keep_frame(self, data: bytes, detail: str) -> MediaRef:
        """The same of a frame of a video, no larger than ``detail`` needs."""
        photo = await self._photos.scale(detail, data)
        ref = await self._media.put(photo.data, photo.mime, photo.width, photo.height)
        return replace(ref, is_frame=True)

    async def show(
        self, refs: Sequence[MediaRef], detail: str, frame_detail: str = "low"
    ) -> list[PicturePart]:
        """What the model is sent of kept pictures; those whose files are gone are left out."""
        parts = []
        for ref in refs:
            data = await self._media.get(ref)
            if data is not None:
                chosen = frame_detail if ref.is_frame else detail
                scaled = await self._photos.scale(chosen, data)
                parts.append(PicturePart(detail=chosen, data=scaled.data, mime=scaled.mime))
        return parts


def frame_detail(settings: ChatSettings) -> str:
    """How closely frames of videos are looked at: there are many, so it must be asked for."""
    return "high" if settings.detail == "high" else "low"


def addresses(text: str) -> list[str]:
    """Addresses of pictures that stand in a text."""
    return PICTURE_ADDRESS.findall(text)[:MAX_ADDRESSES]
