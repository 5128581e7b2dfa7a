"""Text spoken by a chat model that answers with sound."""

import asyncio
import re
from base64 import b64decode
from typing import Any

import structlog

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.failures import read_failure
from bot.openai.fields import find, find_count, find_list, find_text
from bot.openai.options import OpenAIOptions
from bot.openai.parts import write_text
from bot.openai.speech_narration import Bill, Said, Tokens, price_reading, read_aloud
from bot.openai.speech_reading import choose_voice, estimate_seconds
from bot.openai.speech_sounds import PCM_BYTES_PER_S, measure_sound, tell_sound_mime, write_wav
from handlers.errors import (
    AnswerEmptyError,
    ContentRefusedError,
    ModelMissingError,
    ParleyError,
    QuestionTooLongError,
    ServiceDownError,
    ServiceRejectedError,
    VoiceMissingError,
)
from handlers.messages import UsageEntry
from handlers.ports.sounds import SpeechStyle
from handlers.prompts.reading import narrate

log = structlog.get_logger(__name__)

_PATH = "/chat/completions"
_SLOWEST, _FASTEST = 0.25, 4.0
_UNABLE = re.compile(
    r"modalit|audio output|output audio|support (for )?audio|audio (is|are) not", re.IGNORECASE
)
_STREAMS_ONLY = re.compile(r"stream", re.IGNORECASE)


class ChatSpeech:
    """The speed is asked for in words: there is no parameter for it."""

    max_characters = 4096

    def __init__(
        self, client: Client, catalogue: ModelCatalogue, options: OpenAIOptions, model: str
    ) -> None:
        self._client = client
        self._catalogue = catalogue
        self._options = options
        self._model = model
        self._streams_only: set[str] = set()

    async def speak(self, text: str, style: SpeechStyle, bill: Bill) -> bytes:
        script, model = write_text(text), style.model or self._model

        async def read(message: str) -> Said:
            return await self._read(script, self._write_body(message, style, model), bill)

        try:
            return await read_aloud(self._client, model, script, read)
        except ServiceRejectedError as refusal:
            if model in self._streams_only or not _STREAMS_ONLY.search(str(refusal)):
                raise
            self._streams_only.add(model)
            log.info("speech_streamed", model=model, reason=str(refusal))
            return await read_aloud(self._client, model, script, read)

    async def _read(self, script: str, body: dict[str, Any], bill: Bill) -> Said:
        model = body["model"]
        answer = _Answer()
        seconds: float | None = None
        is_billed = True
        try:
            with self._client.mapped_errors(model, "speech"):
                async with asyncio.timeout(self._client.whole_timeout_s):
                    await self._gather(answer, body, model)
            sound = answer.open_sound()
            seconds = measure_sound(sound)
        except ParleyError as exc:
            is_billed = answer.is_begun
            if _is_unable(exc):
                raise ModelMissingError(str(exc), model=model) from exc
            raise
        except asyncio.CancelledError:
            # An answer in one piece is made to its end, whoever listens.
            if not answer.is_begun and not body.get("stream"):
                seconds = estimate_seconds(script)
            raise
        finally:
            if is_billed:
                asked = "\n".join(part["content"] for part in body["messages"])
                bill.append(self._price(answer, seconds, script, asked, model))
        return Said(sound, answer.transcript)

    def _write_body(self, message: str, style: SpeechStyle, model: str) -> dict[str, Any]:
        voice = choose_voice(style.voice or self._catalogue.voice, self._catalogue.voices_of(model))
        speed = min(max(style.speed or self._options.speech_speed, _SLOWEST), _FASTEST)
        tone = write_text(style.tone or self._options.speech_instructions)
        body: dict[str, Any] = {
            "model": model,
            "modalities": ["text", "audio"],
            "audio": {"voice": voice, "format": "wav"},
            "messages": [
                {"role": "system", "content": narrate(tone, speed)},
                {"role": "user", "content": message},
            ],
        }
        if model in self._streams_only:
            body["audio"]["format"] = "pcm16"  # the only one that can be cut anywhere
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body

    async def _gather(self, answer: "_Answer", body: dict[str, Any], model: str) -> None:
        if not body.get("stream"):
            self._take(await self._client.post(_PATH, body), answer, model)
            return
        wire = await self._client.stream(_PATH, body)
        try:
            async for event in wire:
                self._take(event, answer, model)
        finally:
            await wire.close()

    def _take(self, told: object, answer: "_Answer", model: str) -> None:
        if error := find(told, "error"):
            raise self._client.map_failure(read_failure(error), model, "speech")
        answer.add(told)

    def _price(
        self, answer: "_Answer", seconds: float | None, script: str, asked: str, model: str
    ) -> UsageEntry:
        """``seconds``: None for what came so far."""
        return price_reading(
            self._catalogue,
            model,
            script,
            answer.seconds if seconds is None else seconds,
            answer.tokens,
            asked=asked,
            transcript=answer.transcript or answer.text,
        )


class _Answer:
    def __init__(self) -> None:
        self.is_begun = False
        self.is_pcm = False
        self.transcript = ""
        self.text = ""
        self.tokens: Tokens | None = None
        self._sound: list[str] = []
        self._finish = ""

    def add(self, told: object) -> None:
        """A whole answer, or a piece of one."""
        self.is_begun = True
        for choice in find_list(told, "choices"):
            place = "delta" if find(choice, "delta") is not None else "message"
            self.is_pcm = place == "delta"
            self._sound.append(find_text(choice, place, "audio", "data"))
            self.transcript += find_text(choice, place, "audio", "transcript")
            self.text += find_text(choice, place, "content") + find_text(choice, place, "refusal")
            self._finish = find_text(choice, "finish_reason") or self._finish
        self.tokens = _read_tokens(find(told, "usage")) or self.tokens

    @property
    def seconds(self) -> float:
        """Of a stream, so far; of an answer in one piece they are not known before it is opened."""
        letters = sum(map(len, self._sound)) if self.is_pcm else 0
        return letters * 3 / 4 / PCM_BYTES_PER_S

    def open_sound(self) -> bytes:
        """The sound as a file. Raises what is said in its place."""
        if self._finish == "content_filter":
            raise ContentRefusedError("the speech was filtered")
        if self._finish == "length":
            raise QuestionTooLongError("the speech ended before its text")
        try:
            sound = b"".join(b64decode(piece, validate=True) for piece in self._sound)
        except ValueError as exc:
            raise ServiceDownError("a sound that is no base64") from exc
        if not sound and self.text.strip():
            raise ModelMissingError("the model writes instead of speaking")
        if not sound:
            raise AnswerEmptyError("no sound came")
        if self.is_pcm and not self._finish:
            raise ServiceDownError("the sound ended before its text")
        sound = write_wav(sound[: len(sound) // 2 * 2]) if self.is_pcm else sound
        tell_sound_mime(sound)
        return sound


def _is_unable(failure: ParleyError) -> bool:
    """Whether the model does not speak at all."""
    told = str(failure)
    is_rejected = isinstance(failure, ServiceRejectedError) and not _STREAMS_ONLY.search(told)
    return is_rejected and not isinstance(failure, VoiceMissingError) and bool(_UNABLE.search(told))


def _read_tokens(usage: Any) -> Tokens | None:
    asked, answered = find_count(usage, "prompt_tokens"), find_count(usage, "completion_tokens")
    if asked is None or answered is None:
        return None
    cached = find_count(usage, "prompt_tokens_details", "cached_tokens") or 0
    spoken = find_count(usage, "completion_tokens_details", "audio_tokens") or 0
    return Tokens(asked, answered, cached, spoken)
