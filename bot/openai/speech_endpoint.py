"""Text spoken by the speech endpoint."""

from typing import Any

import structlog

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.options import OpenAIOptions
from bot.openai.parts import write_text
from bot.openai.speech_narration import Bill
from bot.openai.speech_reading import choose_voice
from bot.openai.speech_refusals import find_refused
from bot.openai.speech_sounds import measure_sound
from handlers.errors import AnswerEmptyError, ServiceRejectedError
from handlers.messages import Capability, UsageEntry
from handlers.ports.sounds import SpeechStyle

log = structlog.get_logger(__name__)

SLOWEST, FASTEST = 0.25, 4.0
_MAX_TONE = 4_096
_CHARACTERS_PER_SECOND = 15.0
"""Of English read aloud; for clips whose length the bytes do not tell."""
_EXTRAS = ("instructions", "speed")
"""What a server may refuse; the text is spoken without."""


class EndpointSpeech:
    max_characters = 4096

    def __init__(
        self, client: Client, catalogue: ModelCatalogue, options: OpenAIOptions, model: str
    ) -> None:
        self._client = client
        self._catalogue = catalogue
        self._options = options
        self._model = model
        self._refused: set[tuple[str, str]] = set()

    async def speak(self, text: str, style: SpeechStyle, bill: Bill) -> bytes:
        model = style.model or self._model
        body = self._write_body(text, style, model)
        unknown: set[str] = set()
        while True:
            try:
                data = await self._ask(body)
                break
            except ServiceRejectedError as refusal:
                extras = [extra for extra in _EXTRAS if extra in body]
                refused, for_good = find_refused(extras, str(refusal))
                if not refused:
                    raise
                log.warning(
                    "speech_without", model=model, extras=sorted(refused), reason=str(refusal)
                )
                body = {key: body[key] for key in body if key not in refused}
                unknown |= for_good
        self._refused |= {(model, extra) for extra in unknown}
        bill.append(self._price(text, data, model))
        if not data:
            raise AnswerEmptyError("no sound came")
        return data

    def _price(self, text: str, data: bytes, model: str) -> UsageEntry:
        """By what came, whatever it is: the endpoint tells nothing."""
        entry = UsageEntry(
            Capability.SPEECH,
            model,
            seconds=measure_sound(data) or len(text) / _CHARACTERS_PER_SECOND,
            characters=len(text),
            is_estimate=True,
        )
        return self._catalogue.price(entry)

    def _write_body(self, text: str, style: SpeechStyle, model: str) -> dict[str, Any]:
        voice = style.voice or self._catalogue.voice
        body: dict[str, Any] = {
            "model": model,
            "voice": choose_voice(voice, self._catalogue.voices_of(model)),
            "input": write_text(text),
            "response_format": "opus",
        }
        tone = style.tone or self._options.speech_instructions
        if tone and self._catalogue.takes_tone(model):
            body["instructions"] = write_text(tone)[:_MAX_TONE]
        speed = min(max(style.speed or self._options.speech_speed, SLOWEST), FASTEST)
        if speed != 1.0:
            body["speed"] = speed
        return {key: body[key] for key in body if (model, key) not in self._refused}

    async def _ask(self, body: dict[str, Any]) -> bytes:
        speech = self._client.patient_sdk.audio.speech
        answer = await self._client.ask(
            lambda: speech.create(**body), model=body["model"], subject="speech"
        )
        return bytes(answer.content)
