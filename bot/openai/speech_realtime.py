"""Text spoken by a Realtime model: one session for each piece, its sound gathered as it comes."""

import asyncio
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import structlog

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.fields import find, find_count, find_list, find_text
from bot.openai.options import OpenAIOptions
from bot.openai.parts import write_text
from bot.openai.speech_narration import Bill, Said, Tokens, price_reading, read_aloud
from bot.openai.speech_reading import choose_voice, estimate_seconds
from bot.openai.speech_refusals import find_refused
from bot.openai.speech_session import Event, RealtimeSession, open_session
from bot.openai.speech_sounds import PCM_BYTES_PER_S, PCM_RATE_HZ, write_wav
from handlers.errors import (
    AnswerEmptyError,
    ContentRefusedError,
    QuestionTooLongError,
    ServiceDownError,
    ServiceRejectedError,
)
from handlers.media.spoken import pieces
from handlers.messages import UsageEntry
from handlers.ports.sounds import SpeechStyle
from handlers.prompts.reading import narrate

log = structlog.get_logger(__name__)

SLOWEST, FASTEST = 0.25, 1.5
_MAX_SECONDS = 120.0
"""Of one response: the older models end at 4,096 tokens, which is 200 s with the transcript."""
_MAX_SOUND_BYTES = 30 * 60 * PCM_BYTES_PER_S


class RealtimeSpeech:
    """Speeds over 1.5 become 1.5; voices that the model lacks become the most similar one."""

    max_characters = 1_500

    def __init__(
        self, client: Client, catalogue: ModelCatalogue, options: OpenAIOptions, model: str
    ) -> None:
        self._client = client
        self._catalogue = catalogue
        self._options = options
        self._model = model
        self._speedless: set[str] = set()
        """Models that refuse to be told a speed."""

    async def speak(self, text: str, style: SpeechStyle, bill: Bill) -> bytes:
        sounds = [
            await self._speak_piece(write_text(script), style, bill)
            for script in _cut(text, self.max_characters)
        ]
        return write_wav(b"".join(sounds))

    async def _speak_piece(self, script: str, style: SpeechStyle, bill: Bill) -> bytes:
        model = style.model or self._model

        async def read(message: str) -> Said:
            session = self._configure(style, model)
            return await self._read(_Reading(model, script, message, session), bill)

        try:
            return await read_aloud(self._client, model, script, read)
        except ServiceRejectedError as refusal:
            refused, for_good = find_refused(("speed",), str(refusal))
            if model in self._speedless or not refused:
                raise
            log.warning("speech_without", model=model, extras=["speed"], reason=str(refusal))
            style = replace(style, speed=1.0)
            sound = await read_aloud(self._client, model, script, read)
            if for_good:
                self._speedless.add(model)
            return sound

    def _configure(self, style: SpeechStyle, model: str) -> dict[str, Any]:
        voice = style.voice or self._catalogue.voice
        output: dict[str, Any] = {
            "format": {"type": "audio/pcm", "rate": PCM_RATE_HZ},
            "voice": choose_voice(voice, self._catalogue.voices_of(model)),
        }
        speed = min(max(style.speed or self._options.speech_speed, SLOWEST), FASTEST)
        if speed != 1.0 and model not in self._speedless:
            output["speed"] = speed
        session: dict[str, Any] = {
            "type": "realtime",
            "output_modalities": ["audio"],
            "instructions": narrate(write_text(style.tone or self._options.speech_instructions)),
            "audio": {"output": output},
        }
        if efforts := self._catalogue.efforts(model):
            session["reasoning"] = {"effort": efforts[0]}  # there is nothing to think about
        return session

    async def _read(self, reading: "_Reading", bill: Bill) -> Said:
        answer, model = _Answer(), reading.model
        try:
            with self._client.mapped_errors(model, "speech"):
                async with (
                    asyncio.timeout(self._client.whole_timeout_s),
                    open_session(self._client, model) as wire,
                ):
                    await wire.send({"type": "session.update", "session": reading.session})
                    # Before it is paid for: a refused voice would be replaced by another.
                    await wire.wait_for("session.updated")
                    await _ask(wire, reading.message)
                    answer.is_asked = True
                    await answer.gather(wire)
        finally:  # whoever stops has it all to pay that came
            if answer.is_asked:
                bill.append(self._price(answer, reading))
        return Said(bytes(answer.pcm), answer.transcript)

    def _price(self, answer: "_Answer", reading: "_Reading") -> UsageEntry:
        return price_reading(
            self._catalogue,
            reading.model,
            reading.script,
            len(answer.pcm) / PCM_BYTES_PER_S,
            answer.tokens,
            asked=f"{reading.session['instructions']}\n{reading.message}",
            transcript=answer.transcript,
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """One try at a piece."""

    model: str
    script: str
    message: str
    """The script, or more words about it."""
    session: dict[str, Any]


async def _ask(wire: RealtimeSession, message: str) -> None:
    content = [{"type": "input_text", "text": message}]
    item = {"type": "message", "role": "user", "content": content}
    await wire.send({"type": "conversation.item.create", "item": item})
    await wire.send({"type": "response.create"})


def _cut(text: str, max_characters: int) -> Iterator[str]:
    """A letter of Chinese takes as long to say as half a word of English."""
    seconds = estimate_seconds(text)
    if seconds > _MAX_SECONDS:
        max_characters = min(max_characters, int(len(text) * _MAX_SECONDS / seconds))
    yield from pieces(text, max_characters)


class _Answer:
    """One response, as far as it has come."""

    def __init__(self) -> None:
        self.is_asked = False
        self.pcm = bytearray()
        self.transcript = ""
        self.tokens: Tokens | None = None

    async def gather(self, wire: RealtimeSession) -> None:
        """Up to its end. Raises what the end says, unless it is whole."""
        while True:
            event = await wire.receive()
            match find_text(event, "type").replace(".output_audio", ".audio"):
                case "response.audio.delta":
                    self._add(find_text(event, "delta"))
                case "response.audio_transcript.delta":
                    self.transcript += find_text(event, "delta")
                case "response.done":
                    return self._end(find(event, "response"), wire)

    def _add(self, encoded: str) -> None:
        try:
            self.pcm += b64decode(encoded, validate=True)
        except ValueError as exc:
            raise ServiceDownError("a piece of sound that is no base64") from exc
        if len(self.pcm) > _MAX_SOUND_BYTES:
            raise ServiceDownError("sound without end")

    def _end(self, response: Event | None, wire: RealtimeSession) -> None:
        self.tokens = _read_tokens(find(response, "usage"))
        self.transcript = _read_transcript(response) or self.transcript
        del self.pcm[len(self.pcm) // 2 * 2 :]  # whole samples only
        reason = find_text(response, "status_details", "reason")
        match find_text(response, "status"):
            case "failed":
                raise wire.explain(find(response, "status_details", "error"))
            case "incomplete" if reason == "content_filter":
                raise ContentRefusedError("the speech was filtered")
            case "incomplete":
                raise QuestionTooLongError(f"the speech ended before its text: {reason}")
            case "cancelled":
                raise ServiceDownError(f"the response was cancelled: {reason}")
        if not self.pcm:
            raise AnswerEmptyError("no sound came")


def _read_transcript(response: Event | None) -> str:
    parts = [
        find_text(part, "transcript")
        for item in find_list(response, "output")
        for part in find_list(item, "content")
    ]
    return " ".join(part for part in parts if part)


def _read_tokens(usage: Event | None) -> Tokens | None:
    asked, answered = find_count(usage, "input_tokens"), find_count(usage, "output_tokens")
    if asked is None or answered is None:
        return None
    cached = find_count(usage, "input_token_details", "cached_tokens") or 0
    spoken = find_count(usage, "output_token_details", "audio_tokens") or 0
    return Tokens(asked, answered, cached, spoken)
