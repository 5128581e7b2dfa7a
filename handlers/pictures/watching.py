"""What people send to be looked at: photos, and whatever moves, by a few of its frames."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from handlers.errors import (
    NothingHeardError,
    RouteMissingError,
    SoundUnreadableError,
    VideoUnreadableError,
    VideoWithoutFramesError,
)
from handlers.media.films import container_of, is_moving_picture
from handlers.media.videos import Sampled, VideoStudio
from handlers.messages import Attachment, AttachmentKind, MediaRef
from handlers.pictures.vision import Vision, frame_detail
from handlers.ports.platforms import Activity
from handlers.prompts import films
from handlers.turn import Turn

Result = TypeVar("Result")
Hear = Callable[[Turn, Attachment], Awaitable[str]]

VIDEO_EVERY_S = 2.0
VIDEO_FRAMES = 16
"""At most, of one video, however long: what happens is told by them, not every gesture."""
VIDEO_SHARE = 4
"""All videos of a question get this part of the budget: a quarter."""
ANIMATION_EVERY_S = 0.5
ANIMATION_FRAMES = 4
FRAME_TOKENS = {"low": 256, "high": 768}
"""At most, of one frame of ``SIDES``."""
SIDES = {"low": 512, "high": 1024}


@dataclass(frozen=True, slots=True)
class Looked:
    media: tuple[MediaRef, ...] = ()
    notes: tuple[str, ...] = ()
    """What the model is told of them, one for each that is not a plain picture."""


@dataclass(frozen=True, slots=True)
class _Film:
    duration_s: float
    times_s: tuple[float, ...]
    has_sound: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    media: tuple[MediaRef, ...] = ()
    film: _Film | None = None
    """Of what was seen by its frames."""
    failure: VideoWithoutFramesError | None = None
    """There is nothing to see, but something to hear."""


class Watching:
    def __init__(self, vision: Vision, videos: VideoStudio, hear: Hear, budget_tokens: int) -> None:
        """``budget_tokens``: of one question with what it is asked about."""
        self._vision = vision
        self._videos = videos
        self._hear = hear
        self._budget_tokens = budget_tokens

    async def look(
        self, turn: Turn, own: Sequence[Attachment], quoted: Sequence[Attachment]
    ) -> Looked:
        """Fetch, take frames, listen, and keep what is to be shown, in order.

        PersonError if one of them cannot be read. A video without words is fine.
        """
        attachments = [*own, *quoted]
        if not any(attachment.ref for attachment in attachments):
            seen = [_Seen() for _ in attachments]
        else:
            async with turn.reply.working(Activity.WRITING):
                detail = frame_detail(turn.settings)
                most = self._frames_of_each(attachments, detail)
                seen = await _all([self._see(turn, one, detail, most) for one in attachments])
        media: list[MediaRef] = []
        notes: list[str] = []
        for number, (attachment, one) in enumerate(zip(attachments, seen, strict=True)):
            sound = await self._sound(turn, attachment, one)
            where = films.OWN if number < len(own) else films.QUOTED
            note = _note(where, attachment, one, len(media) + 1, sound)
            notes += [note] if note else []
            media += one.media
        return Looked(tuple(media), tuple(notes))

    def _frames_of_each(self, attachments: Sequence[Attachment], detail: str) -> int:
        """How many frames a video may have, so that all of them keep to the budget."""
        videos = sum(1 for attachment in attachments if attachment.kind.may_have_sound)
        tokens = self._budget_tokens // VIDEO_SHARE // max(1, videos)
        return max(1, min(VIDEO_FRAMES, tokens // FRAME_TOKENS[detail]))

    # ------------------------------------------------------------ seeing

    async def _see(self, turn: Turn, attachment: Attachment, detail: str, most: int) -> _Seen:
        if not attachment.ref:
            return _Seen()
        side = SIDES[detail]
        async with turn.downloaded(attachment) as data:
            if attachment.kind.may_have_sound:
                try:
                    film = await self._videos.sample(
                        data, every_s=VIDEO_EVERY_S, most=most, side=side
                    )
                except VideoWithoutFramesError as failure:
                    return _Seen(failure=failure)
            else:
                moving = await self._frames_of_picture(attachment.kind, data, side)
                if moving is None or len(moving.frames) == 1:
                    # Still, and so looked at as closely as a photo.
                    still = data if moving is None else moving.frames[0].png
                    return _Seen((await self._vision.keep(still),))
                film = moving
        refs = [await self._vision.keep_frame(frame.png, detail) for frame in film.frames]
        times_s = tuple(frame.at_s for frame in film.frames)
        return _Seen(tuple(refs), _Film(film.duration_s, times_s, film.has_sound))

    async def _frames_of_picture(
        self, kind: AttachmentKind, data: bytes, side: int
    ) -> Sampled | None:
        """None for a still picture, and for one of which nothing else can be read."""
        is_picture = is_moving_picture(data)
        if not is_picture and not (kind is not AttachmentKind.PHOTO and container_of(data)):
            return None
        try:
            film = await self._videos.sample(
                data, every_s=ANIMATION_EVERY_S, most=ANIMATION_FRAMES, side=side
            )
        except VideoUnreadableError:
            if not is_picture:
                raise
            return None
        return None if is_picture and len(film.frames) == 1 else film

    # ------------------------------------------------------------ listening

    async def _sound(self, turn: Turn, attachment: Attachment, seen: _Seen) -> str:
        """A sentence on the sound of a video; empty for what has none by its kind."""
        if not attachment.kind.may_have_sound:
            return ""
        if seen.film is not None and not seen.film.has_sound:
            return films.SILENT
        try:
            return films.said(await self._hear(turn, attachment))
        except (NothingHeardError, SoundUnreadableError):
            if seen.failure is not None:
                raise seen.failure from None
            return films.WORDLESS
        except RouteMissingError:
            return films.UNHEARD


def _note(where: str, attachment: Attachment, seen: _Seen, first: int, sound: str) -> str:
    if seen.film is not None:
        what = attachment.about or ("a video" if attachment.kind.may_have_sound else "an animation")
        return films.film_note(where, what, seen.film.duration_s, first, seen.film.times_s, sound)
    if seen.failure is not None:
        return films.soundtrack_note(where, sound)
    if attachment.about:
        return films.sticker_note(where, attachment.about, first if seen.media else 0)
    return ""


async def _all(works: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """All side by side; if one fails, none is left running."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
