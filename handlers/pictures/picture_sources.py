"""The pictures that a person wants changed: those replied to, then those sent along."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from handlers.errors import NothingToDoError
from handlers.media.canvases import Shape, lighten, read_shape
from handlers.media.photos import PhotoStudio
from handlers.media.squares import only_alpha
from handlers.messages import Attachment, AttachmentKind, MediaRef
from handlers.pictures.gallery import Gallery
from handlers.ports.stores import MediaStore
from handlers.turn import Turn

MAX_SOURCES = 16
TOTAL_BYTES = 32 * 1024 * 1024
"""Of all pictures of one request."""
PICTURE_BYTES = 8 * 1024 * 1024
WORK_BYTES = 128 * 1024 * 1024
"""What the pixels of one picture may take while it is looked at."""


@dataclass(frozen=True, slots=True)
class Sources:
    pictures: tuple[MediaRef, ...]
    mask: MediaRef | None = None

    @property
    def refs(self) -> tuple[MediaRef, ...]:
        """The pictures, and the mask last."""
        return self.pictures if self.mask is None else (*self.pictures, self.mask)


class PictureSources:
    def __init__(self, gallery: Gallery, photos: PhotoStudio, media: MediaStore) -> None:
        self._gallery = gallery
        self._photos = photos
        self._media = media

    async def collect(self, turn: Turn) -> Sources:
        """Fetched, upright, as PNG, WebP or JPEG, and kept. PersonError if there are none.

        One that was sent along is the mask, if it is a PNG with transparency, as large as the
        first picture and not the first itself.
        """
        quoted = turn.message.quoted
        replied_to = _photos(quoted.attachments) if quoted is not None else []
        sent_along = _photos(turn.message.attachments)
        known = None
        if quoted is not None and quoted.is_from_bot:
            known = await self._gallery.find_sent(turn, quoted.message_id)
        count = (1 if known is not None else len(replied_to)) + len(sent_along)
        if not count:
            raise NothingToDoError("no_picture_to_edit")
        if count > MAX_SOURCES + 1:
            raise NothingToDoError("too_many_pictures")
        max_bytes = min(PICTURE_BYTES, TOTAL_BYTES // count)
        if known is not None:
            pictures = [known]
        else:
            pictures = [await self._fetch(turn, one, max_bytes) for one in replied_to]
        mask = None
        for attachment in sent_along:
            first = pictures[0] if pictures and mask is None else None
            ref, is_mask = await self._fetch_either(turn, attachment, max_bytes, first)
            if is_mask:
                mask = ref
            else:
                pictures.append(ref)
        if len(pictures) > MAX_SOURCES:
            raise NothingToDoError("too_many_pictures")
        return Sources(tuple(pictures), mask)

    async def _fetch(self, turn: Turn, attachment: Attachment, max_bytes: int) -> MediaRef:
        ref, _ = await self._fetch_either(turn, attachment, max_bytes, None)
        return ref

    async def _fetch_either(
        self, turn: Turn, attachment: Attachment, max_bytes: int, first: MediaRef | None
    ) -> tuple[MediaRef, bool]:
        """A picture, or (True) the mask of ``first``."""
        async with turn.downloaded(attachment) as data:
            shape = await self._photos.lend(WORK_BYTES, read_shape, data)
            if first is not None and _is_mask(shape, first):
                size = (first.width, first.height)
                mask = await self._photos.lend(WORK_BYTES, only_alpha, data, size)
                kept = await self._media.put(mask, "image/png", *size)
                return replace(kept, is_mask=True), True
            return await self._keep(data, shape, max_bytes), False

    async def _keep(self, data: bytes, shape: Shape, max_bytes: int) -> MediaRef:
        if shape.is_ready(len(data), max_bytes):
            return await self._media.put(data, shape.mime, *shape.size)
        if shape.is_see_through:
            data, mime = await self._photos.lend(WORK_BYTES, lighten, data, max_bytes)
        else:
            # One byte less than it has: what fits would stay as it is, and it must not.
            data, mime = await self._photos.shrink(data, min(max_bytes, len(data) - 1))
            shape = await self._photos.lend(WORK_BYTES, read_shape, data)
        return await self._media.put(data, mime, *shape.size)


def _is_mask(shape: Shape, first: MediaRef) -> bool:
    is_drawn = shape.mime == "image/png" and shape.is_see_through
    return is_drawn and shape.size == (first.width, first.height)


def _photos(attachments: Sequence[Attachment]) -> list[Attachment]:
    return [a for a in attachments if a.kind is AttachmentKind.PHOTO]
