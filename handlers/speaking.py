"""Answers spoken aloud."""

import asyncio

from handlers.media.sounds import SoundStudio
from handlers.media.spoken import pieces, speakable
from handlers.ports.models import Catalogue
from handlers.ports.platforms import Activity
from handlers.ports.sounds import SpeechStyle, SpeechSynthesizer
from handlers.turn import Turn

MESSAGE_CHARACTERS = 2_000
"""About two minutes of speech: half a megabyte, where some apps show one of more than a megabyte as
a file, and the first sound is there before a long answer is read."""


class Speaking:
    def __init__(
        self, synthesizer: SpeechSynthesizer, sounds: SoundStudio, catalogue: Catalogue
    ) -> None:
        self._synthesizer = synthesizer
        self._sounds = sounds
        self._catalogue = catalogue

    async def speak(self, turn: Turn, markdown: str) -> None:
        """Say an answer in one voice message or several; none if it holds no words to say.

        The text alone decides what goes into which: after a crash those that were sent are known.
        """
        async with turn.reply.working(Activity.SPEAKING):
            texts = await asyncio.to_thread(_messages, markdown)
            for number, text in enumerate(texts):
                slot = f"voice {number}"
                if not turn.is_sent(slot):
                    await self._say(turn, slot, text)

    async def _say(self, turn: Turn, slot: str, text: str) -> None:
        voice = turn.settings.voice or self._catalogue.voice
        clips = []
        for piece in pieces(text, self._synthesizer.max_characters):
            speech = await self._synthesizer.speak(piece, SpeechStyle(voice))
            turn.spent(*speech.usage)
            clips.append(speech.data)
        ogg, duration_s = await self._sounds.join(clips)
        await turn.save_step(slot, "made")  # with what it cost
        await turn.reply.voice(slot, ogg, duration_s)


def _messages(markdown: str) -> list[str]:
    return pieces(speakable(markdown), MESSAGE_CHARACTERS)
