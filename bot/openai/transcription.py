"""Words of what was said, by the transcription endpoint."""

from typing import Any

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.recordings import FORMATS, MAX_BYTES, read_usage, send_sound
from handlers.messages import Capability
from handlers.ports import Sound, Transcript


class TranscriptionRoute:
    """Fills the port Transcriber."""

    formats = FORMATS
    max_bytes = MAX_BYTES

    def __init__(self, client: Client, catalogue: ModelCatalogue, model: str) -> None:
        self._client = client
        self._catalogue = catalogue
        self._model = model

    async def transcribe(self, sound: Sound, language: str = "") -> Transcript:
        form: dict[str, Any] = {
            "model": self._model,
            "file": (sound.name, sound.data, sound.mime),
            "response_format": "json",
        }
        if hint := _shorten_language(language):
            form["language"] = hint
        transcriptions = self._client.patient_sdk.audio.transcriptions
        answer = await send_sound(
            self._client, lambda: transcriptions.create(**form), sound=sound, model=self._model
        )
        usage = read_usage(answer, sound, self._model, Capability.TRANSCRIPTION)
        return Transcript(answer.text.strip(), (self._catalogue.price(usage),))


def _shorten_language(tag: str) -> str:
    """``zh-Hans-CN`` as ``zh``; empty where the language has no code of two letters."""
    primary = tag.replace("_", "-").split("-")[0].lower()
    return primary if len(primary) == 2 and primary.isascii() and primary.isalpha() else ""
