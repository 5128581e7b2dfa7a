"""Answers spoken aloud."""

import asyncio

from handlers.media.sounds import SoundStudio
from handlers.media.spoken import pieces, speakable
from handlers.ports import Activity, Catalogue, SpeechSynthesizer
from handlers.turn import Turn

PIECE_CHARACTERS = 2_000
"""About two minutes of speech, so that the first sound is there before a long answer is read."""
MAX_VOICE_BYTES = 1_000_000
"""A larger voice message is shown as a file by some apps."""


class Speaking:
    def __init__(
        self, synthesizer: SpeechSynthesizer, sounds: SoundStudio, catalogue: Catalogue
    ) -> None:
        self._synthesizer = synthesizer
        self._sounds = sounds
        self._catalogue = catalogue

    async def speak(self, turn: Turn, markdown: str) -> None:
        """Say an answer, as few voice messages as fit; nothing if it holds no words to say."""
        voice = turn.settings.voice or self._catalogue.voice
        bound = min(PIECE_CHARACTERS, self._synthesizer.max_characters)
        message = 0
        clips: list[bytes] = []
        async with turn.reply.working(Activity.SPEAKING):
            for piece in await asyncio.to_thread(_pieces, markdown, bound):
                speech = await self._synthesizer.speak(piece, voice)
                turn.spent(speech.usage)
                clip, _ = await self._sounds.to_voice(speech.data)
                if clips and sum(map(len, clips)) + len(clip) > MAX_VOICE_BYTES:
                    await self._send(turn, message, clips)
                    message, clips = message + 1, []
                clips.append(clip)
            if clips:
                await self._send(turn, message, clips)

    async def _send(self, turn: Turn, number: int, clips: list[bytes]) -> None:
        ogg, duration_s = await self._sounds.join(clips)
        await turn.reply.voice(f"voice {number}", ogg, duration_s)


def _pieces(markdown: str, bound: int) -> list[str]:
    return pieces(speakable(markdown), bound)
