"""Words of what was said, by the transcription endpoint or else by a chat model that hears."""

from collections.abc import Iterator
from typing import Any, TypeGuard

import structlog

from bot.openai.catalogue import ModelCatalogue
from bot.openai.chat_transcription import ChatTranscriptionRoute, Convert
from bot.openai.client import Client
from bot.openai.options import OpenAIOptions
from bot.openai.recordings import FORMATS, MAX_BYTES, MAX_SECONDS, read_usage, send_sound
from bot.openai.routing import Route, Routes, Today
from handlers.errors import ServiceRejectedError
from handlers.messages import Capability
from handlers.ports.sounds import Segment, Sound, Transcriber, Transcript

log = structlog.get_logger(__name__)

_MOST_SECONDS = 10.0**9
_PLAIN: dict[str, Any] = {"response_format": "json"}
_TIMED: dict[str, Any] = {
    "response_format": "verbose_json",
    "timestamp_granularities": ["segment"],
}


class RoutedTranscriber:
    """Fills the port Transcriber, by whatever route the server has."""

    formats = FORMATS
    max_bytes = MAX_BYTES
    max_seconds = MAX_SECONDS

    def __init__(self, routes: Routes[Transcriber]) -> None:
        self.routes = routes

    async def transcribe(
        self, sound: Sound, language: str = "", *, with_times: bool = False
    ) -> Transcript:
        return await self.routes.use(
            lambda route: route.transcribe(sound, language, with_times=with_times)
        )


def open_transcription(
    client: Client,
    catalogue: ModelCatalogue,
    options: OpenAIOptions,
    convert: Convert,
    today: Today,
) -> RoutedTranscriber:
    def routes() -> Iterator[Route[Transcriber]]:
        for model in catalogue.line(options.transcription_model):
            yield Route("endpoint", model, TranscriptionRoute(client, catalogue, model))
        hearing = _hearing_models(catalogue, options)
        for model in dict.fromkeys((*hearing, options.transcription_model)):
            serve = ChatTranscriptionRoute(client, catalogue, model, convert)
            # What does not hear may answer all the same, and make the words up.
            yield Route("chat", model, serve, is_auto=model in hearing)

    return RoutedTranscriber(
        Routes(
            "transcription",
            routes(),
            chosen=options.routes.transcription,
            ends=catalogue.ends,
            today=today,
        )
    )


def _hearing_models(catalogue: ModelCatalogue, options: OpenAIOptions) -> tuple[str, ...]:
    named = (options.transcription_model, options.chat_model, *options.chat_models)
    hearing = [model for model in named if catalogue.hears(model)]
    if options.is_openai:
        hearing += catalogue.hearing_models()
    return tuple(dict.fromkeys(hearing))


class TranscriptionRoute:
    """One model at the endpoint."""

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
    listed = getattr(answer, "segments", None)
    for told in listed if isinstance(listed, list) else ():
        start_s, end_s = getattr(told, "start", None), getattr(told, "end", None)
        text = getattr(told, "text", None)
        if not (_is_time(start_s) and _is_time(end_s) and isinstance(text, str)):
            return ()
        if text.strip():
            segments.append(Segment(float(start_s), float(end_s), text.strip()))
    return tuple(segments)


def _is_time(told: Any) -> TypeGuard[float]:
    return isinstance(told, int | float) and 0 <= told <= _MOST_SECONDS


def _shorten_language(tag: str) -> str:
    """``zh-Hans-CN`` as ``zh``; empty where the language has no code of two letters."""
    primary = tag.replace("_", "-").split("-")[0].lower()
    return primary if len(primary) == 2 and primary.isascii() and primary.isalpha() else ""
