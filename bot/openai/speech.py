"""Text spoken, by the speech endpoint."""

from typing import Any

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.parts import write_text
from handlers.errors import AnswerEmptyError, ServiceDownError
from handlers.messages import Capability, UsageEntry
from handlers.ports.sounds import Speech, SpeechStyle

AS_CONFIGURED = SpeechStyle()
_CHARACTERS_PER_SECOND = 15.0
"""Of English read aloud; for clips whose length the bytes do not tell."""
_OPUS_RATE_HZ = 48_000


class SpeechRoute:
    """Fills the port SpeechSynthesizer."""

    max_characters = 4096

    def __init__(
        self, client: Client, catalogue: ModelCatalogue, model: str, instructions: str = ""
    ) -> None:
        self._client = client
        self._catalogue = catalogue
        self._model = model
        self._instructions = instructions

    async def speak(self, text: str, style: SpeechStyle = AS_CONFIGURED) -> Speech:
        body: dict[str, Any] = {
            "model": self._model,
            "voice": style.voice or self._catalogue.voice,
            "input": write_text(text),
            "response_format": "opus",
        }
        if self._instructions:
            body["instructions"] = self._instructions
        speech = self._client.patient_sdk.audio.speech
        answer = await self._client.ask(lambda: speech.create(**body), model=self._model)
        data = answer.content
        if not data:
            raise AnswerEmptyError("no sound came")
        usage = UsageEntry(
            Capability.SPEECH,
            self._model,
            seconds=measure_opus(data) or len(text) / _CHARACTERS_PER_SECOND,
            characters=len(text),
            is_estimate=True,  # the endpoint tells nothing
        )
        return Speech(data, tell_sound_mime(data), (self._catalogue.price(usage),))


def tell_sound_mime(data: bytes) -> str:
    """What the bytes are, whatever was asked for. Servers of one's own ignore the format."""
    if data.startswith(b"OggS"):
        return "audio/ogg"
    if data.startswith(b"RIFF") and data[8:12] == b"WAVE":
        return "audio/wav"
    if data.startswith(b"fLaC"):
        return "audio/flac"
    if data.startswith(b"ID3") or (data[0] == 0xFF and data[1:2] and data[1] & 0xE0 == 0xE0):
        # An AAC stream begins as an MP3 does, but for its layer bits, which are zero.
        return "audio/aac" if data[0] == 0xFF and data[1] & 0x06 == 0 else "audio/mpeg"
    raise ServiceDownError("what came is no sound that is known")


def measure_opus(data: bytes) -> float:
    """Seconds of an OGG/Opus clip, from the sample count in its last page; 0 if it has none."""
    page = data.rfind(b"OggS")
    if page < 0 or b"OpusHead" not in data[:100]:
        return 0.0
    samples = int.from_bytes(data[page + 6 : page + 14], "little", signed=True)
    return max(samples, 0) / _OPUS_RATE_HZ
