"""Words of what was said, by the transcription endpoint."""

import math
from typing import Any, TypeGuard

import structlog

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.recordings import FORMATS, MAX_BYTES, MAX_SECONDS, read_usage, send_sound
from handlers.errors import ServiceRejectedError
from handlers.messages import Capability
from handlers.ports.sounds import Segment, Sound, Transcript

log = structlog.get_logger(__name__)

_PLAIN: dict[str, Any] = {"response_format": "json"}
_TIMED: dict[str, Any] = {
    "response_format": "verbose_json",
    "timestamp_granularities": ["segment"],
}


class TranscriptionRoute:
    """Fills the port Transcriber."""

    formats = FORMATS
    max_bytes = MAX_BYTES
    max_seconds = MAX_SECONDS

    def __init__(self, client: Client, catalogue: ModelCatalogue, model: str) -> None:
        self._client = client
        self._catalogue = catalogue
        self._model = model
        self._tells_times = catalogue.tells_times(model)

    async def transcribe(
        self, sound: Sound, language: str = "", *, with_times: bool = False
    ) -> Transcript:
        if not with_times or not self._tells_times:
            return await self._ask(sound, language, _PLAIN)
        try:
            return await self._ask(sound, language, _TIMED)
        except ServiceRejectedError as refusal:
            plain = await self._ask(sound, language, _PLAIN)
            # It was the times that the server would not give.
            self._tells_times = False
            log.warning("transcription_without_times", model=self._model, reason=str(refusal))
            return plain

    async def _ask(self, sound: Sound, language: str, shape: dict[str, Any]) -> Transcript:
        form: dict[str, Any] = {
            "model": self._model,
            "file": (sound.name, sound.data, sound.mime),
            **shape,
        }
        if hint := _shorten_language(language):
            form["language"] = hint
        transcriptions = self._client.patient_sdk.audio.transcriptions
        answer = await send_sound(
            self._client, lambda: transcriptions.create(**form), sound=sound, model=self._model
        )
        usage = read_usage(answer, sound, self._model, Capability.TRANSCRIPTION)
        segments = read_segments(answer)
        return Transcript(answer.text.strip(), (self._catalogue.price(usage),), segments)


def read_segments(answer: Any) -> tuple[Segment, ...]:
    """In order; none if one of them makes no sense: times that are half right are wrong."""
    segments: list[Segment] = []
    for told in getattr(answer, "segments", None) or ():
        start_s, end_s = getattr(told, "start", None), getattr(told, "end", None)
        text = getattr(told, "text", None)
        if not (_is_time(start_s) and _is_time(end_s) and isinstance(text, str)):
            return ()
        if text.strip():
            segments.append(Segment(float(start_s), float(end_s), text.strip()))
    return tuple(segments)


def _is_time(told: Any) -> TypeGuard[float]:
    return isinstance(told, int | float) and math.isfinite(told) and told >= 0


def _shorten_language(tag: str) -> str:
    """``zh-Hans-CN`` as ``zh``; empty where the language has no code of two letters."""
    primary = tag.replace("_", "-").split("-")[0].lower()
    return primary if len(primary) == 2 and primary.isascii() and primary.isalpha() else ""
