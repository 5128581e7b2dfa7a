"""Recordings that people send, and the words in them."""

from collections.abc import Awaitable, Callable

from handlers.errors import NothingHeardError
from handlers.media.sounds import SoundStudio
from handlers.messages import Attachment, AttachmentKind
from handlers.ports import Activity, Sound, Transcriber, Transcript, Translator
from handlers.turn import Turn

NAMES = {
    AttachmentKind.VOICE: "voice.ogg",
    AttachmentKind.AUDIO: "audio.mp3",
    AttachmentKind.VIDEO_NOTE: "video.mp4",
}
"""For what comes without a file name."""


class Hearing:
    def __init__(
        self, transcriber: Transcriber, translator: Translator, sounds: SoundStudio
    ) -> None:
        self._transcriber = transcriber
        self._translator = translator
        self._sounds = sounds

    async def hear(self, turn: Turn, attachment: Attachment) -> str:
        """The words of a recording. NothingHeardError if there are none."""

        async def listen(sound: Sound) -> Transcript:
            route = self._transcriber
            fitting = await self._sounds.fit(sound, route.formats, route.max_bytes)
            return await route.transcribe(fitting, turn.settings.language)

        return await self._once(turn, "heard", attachment, listen)

    async def hear_in_english(self, turn: Turn, attachment: Attachment) -> str:
        """What a recording says, in English. NothingHeardError if it says nothing."""

        async def listen(sound: Sound) -> Transcript:
            route = self._translator
            fitting = await self._sounds.fit(sound, route.formats, route.max_bytes)
            return await route.translate(fitting)

        return await self._once(turn, "translated", attachment, listen)

    async def _once(
        self,
        turn: Turn,
        step: str,
        attachment: Attachment,
        listen: Callable[[Sound], Awaitable[Transcript]],
    ) -> str:
        """Listen, unless this was done and paid for before a crash."""
        step = f"{step} {attachment.ref}"
        known = turn.step(step)
        if known is not None:
            return known
        name = attachment.name or NAMES[attachment.kind]
        async with turn.reply.working(Activity.LISTENING), turn.downloaded(attachment) as data:
            transcript = await listen(Sound(data, attachment.mime, name))
        turn.spent(*transcript.usage)
        words = transcript.text.strip()
        if not words:
            raise NothingHeardError(attachment.kind)
        await turn.save_step(step, words)
        return words
