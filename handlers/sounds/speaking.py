"""Text spoken aloud: an answer, or what /say is given. As voice messages, or as one file.

The text, the manner and the chat's language decide what goes into which message, and are kept:
after a crash those that were sent are known. The sound of a piece is a step as soon as it is paid
for, and is let go of when it was delivered.
"""

import asyncio
import hashlib
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from handlers.errors import (
    DeliveryRefusedError,
    FileTooLargeError,
    ParleyError,
    ServiceDownError,
    SoundUnreadableError,
)
from handlers.media.containers import MIME_TYPES
from handlers.media.joining import Joined
from handlers.media.sounds import SoundStudio
from handlers.media.spoken import pieces, speakable
from handlers.media.voice_parts import voice_parts
from handlers.ports.platforms import Activity
from handlers.ports.sounds import SpeechStyle, SpeechSynthesizer
from handlers.sounds.ahead import made_ahead
from handlers.sounds.speech_options import Manner, manner_of
from handlers.texts import say
from handlers.texts.reading import phrases_for
from handlers.turn import Turn

AT_ONCE = 2
"""Pieces of one text that are being made, beside the one that is delivered."""
IN_ALL = 8
"""Requests of all chats."""
FILE_CHARACTERS = 2_000
"""Of one piece of a file: so that there is progress to show, and little to make again."""
FILES_AT_ONCE = 2
"""In memory, of all chats: each may be as large as a platform takes."""
SMALLEST = "ogg"
MAX_NAME = 40
_MANNER, _FILE, _SENT = "manner", "speech file", "sent"


class Speaking:
    def __init__(self, synthesizer: SpeechSynthesizer, sounds: SoundStudio) -> None:
        self._synthesizer = synthesizer
        self._sounds = sounds
        self._asking = asyncio.Semaphore(IN_ALL)
        self._sending = asyncio.Semaphore(FILES_AT_ONCE)

    async def speak(self, turn: Turn, markdown: str) -> None:
        """Say an answer that stands in the chat; nothing if it holds no words to say."""
        await self._say(turn, markdown, manner_of(turn.settings), is_alone=False)

    async def read_aloud(self, turn: Turn, markdown: str, manner: Manner) -> bool:
        """Say a text that is the whole answer; False if it holds no words to say."""
        return await self._say(turn, markdown, manner, is_alone=True)

    async def _say(self, turn: Turn, markdown: str, manner: Manner, *, is_alone: bool) -> bool:
        async with turn.reply.working(Activity.SPEAKING):
            kept = _known(turn) or _Kept(manner, turn.settings.language)
            text = await asyncio.to_thread(_readable, markdown, kept.language)
            if not text:
                return False
            await _keep(turn, kept)
            manner = kept.manner
            if manner.format:
                await self._say_in_file(turn, text, manner, is_alone=is_alone)
            else:
                await self._say_in_messages(turn, text, manner.style)
        return True

    # ------------------------------------------------------------ voice messages

    async def _say_in_messages(self, turn: Turn, text: str, style: SpeechStyle) -> None:
        """The first is delivered while the next are being made."""
        parts = await asyncio.to_thread(voice_parts, text, style.speed or 1.0)
        slots = [(f"voice {number}", part) for number, part in enumerate(parts)]
        left = [(slot, part) for slot, part in slots if not _is_delivered(turn, slot)]

        async def make(item: tuple[str, str]) -> tuple[str, list[str], bytes, float]:
            slot, part = item
            cut = pieces(part, self._synthesizer.max_characters)
            steps = [_step(slot, *numbered) for numbered in enumerate(cut)]
            clips = [
                await self._clip(turn, step, piece, style)
                for step, piece in zip(steps, cut, strict=True)
            ]
            return slot, steps, *await self._sounds.join(clips)

        async with made_ahead(make, left, AT_ONCE) as made:
            async for slot, steps, ogg, duration_s in made:
                await turn.reply.voice(slot, ogg, duration_s)
                await _let_go(turn, slot, steps)

    # ------------------------------------------------------------ one file

    async def _say_in_file(self, turn: Turn, text: str, manner: Manner, *, is_alone: bool) -> None:
        """``is_alone``: there is no answer whose place the progress would take."""
        if _is_delivered(turn, _FILE):
            return
        most = min(FILE_CHARACTERS, self._synthesizer.max_characters)
        cut = await asyncio.to_thread(pieces, text, most)
        is_told = is_alone and len(cut) > 1
        clips: list[bytes] = []

        async def make(numbered: tuple[int, str]) -> bytes:
            return await self._clip(turn, _step(_FILE, *numbered), numbered[1], manner.style)

        async with made_ahead(make, list(enumerate(cut)), AT_ONCE) as made:
            if is_told:
                turn.reply.show(say("speaking", done=0, total=len(cut)))
            async for clip in made:
                clips.append(clip)
                if is_told:
                    turn.reply.show(say("speaking", done=len(clips), total=len(cut)))
        async with self._sending:
            file = await self._file(clips, manner.format, turn.reply.max_file_bytes)
            if is_told:
                await turn.reply.finish(say("spoken_file", length=_clock(file.duration_s)))
            await self._send_file(turn, file_name(text), file, manner.format, clips)

    async def _send_file(
        self, turn: Turn, name: str, made: Joined, asked: str, clips: Sequence[bytes]
    ) -> None:
        """In the format that was asked for, or where that is too large in the smallest."""
        caption = "" if made.ending == asked else say("spoken_smaller", format=asked)
        mime = MIME_TYPES[made.ending]
        try:
            await turn.reply.file(_FILE, f"{name}.{made.ending}", made.data, mime, caption)
        except DeliveryRefusedError:
            if made.ending == SMALLEST:
                raise
        else:
            return
        # The platform takes less than it says.
        made = await self._file(clips, SMALLEST, turn.reply.max_file_bytes)
        await self._send_file(turn, name, made, asked, clips)

    async def _file(self, clips: Sequence[bytes], ending: str, max_bytes: int) -> Joined:
        endings = tuple(dict.fromkeys((ending, SMALLEST)))
        try:
            return await self._sounds.join_within(clips, endings, max_bytes)
        except FileTooLargeError as exc:
            raise DeliveryRefusedError(f"what was spoken is too large: {exc.values}") from exc

    # ------------------------------------------------------------ one piece

    async def _clip(self, turn: Turn, step: str, piece: str, style: SpeechStyle) -> bytes:
        """The sound of one request as OGG/Opus, unless it was made and paid for before."""
        known = turn.step(step)
        if known:
            return await asyncio.to_thread(b64decode, known)
        async with self._asking:
            try:
                speech = await self._synthesizer.speak(piece, style, turn.spent)
            except ParleyError as failure:
                turn.spent(*failure.usage)
                raise
        turn.spent(*speech.usage)
        try:
            ogg, _ = await self._sounds.to_voice(speech.data)
        except SoundUnreadableError as exc:
            raise ServiceDownError(f"what was spoken is no sound: {exc}") from exc
        await turn.save_step(step, await asyncio.to_thread(_encoded, ogg))
        return ogg


def file_name(text: str) -> str:
    """A name of the first words, for a file; without an ending."""
    words = re.sub(r"[^\w]+", "-", text[: 2 * MAX_NAME].lower()).strip("-_")
    if len(words) > MAX_NAME:
        words = words[:MAX_NAME].rpartition("-")[0] or words[:MAX_NAME]
    return words or "speech"


def _readable(markdown: str, language: str) -> str:
    return speakable(markdown, phrases_for(markdown, language))


def _encoded(sound: bytes) -> str:
    return b64encode(sound).decode()


def _step(slot: str, number: int, piece: str) -> str:
    """By its words, too: a piece that another route makes us cut otherwise is another."""
    digest = hashlib.blake2s(piece.encode("utf-8", "replace"), digest_size=8).hexdigest()
    return f"{slot} {number} {digest}"


@dataclass(frozen=True, slots=True)
class _Kept:
    """What decides how the text is cut: as it was when this was begun, whatever is chosen since."""

    manner: Manner
    language: str
    """The chat's, in which code is announced where the text tells none."""


def _known(turn: Turn) -> _Kept | None:
    known = turn.step(_MANNER)
    if known is None:
        return None
    told = json.loads(known)
    manner = Manner(SpeechStyle(**told["style"]), told["format"])
    return _Kept(manner, told.get("language", turn.settings.language))


async def _keep(turn: Turn, kept: _Kept) -> None:
    if turn.step(_MANNER) is None:
        told = {**asdict(kept.manner), "language": kept.language}
        await turn.save_step(_MANNER, json.dumps(told))


def _is_delivered(turn: Turn, slot: str) -> bool:
    """Also by an earlier try, which a button has taken up again."""
    return turn.is_sent(slot) or turn.step(slot) == _SENT


async def _let_go(turn: Turn, slot: str, steps: Sequence[str]) -> None:
    """What was delivered need not be kept, but that it was."""
    await turn.save_step(slot, _SENT)
    for step in steps:
        await turn.save_step(step, "")


def _clock(seconds: float) -> str:
    """``1:02:03``, or ``2:03``."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
