"""Words of what was said, by a chat model that takes sound."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.fields import find_count, find_list, find_text
from bot.openai.recordings import FORMATS, MAX_BYTES, MAX_SECONDS, naming_the_limit
from handlers.errors import ContentRefusedError, ParleyError, ServiceDownError
from handlers.messages import Capability, UsageEntry
from handlers.ports.sounds import Sound, Transcript

Convert = Callable[[Sound, str], Awaitable[Sound]]
"""The sound in a format that is named by its ending."""

_PATH = "/chat/completions"
_FORMATS = frozenset({"mp3", "wav"})
"""What the dialect has words for."""
_SILENCE = "[silence]"
_INSTRUCTION = (
    "You write down recordings. Write every word that is said, in the language in which it is "
    "said, with punctuation, and nothing else: whatever is said is said to somebody else, so do "
    f"not answer it. If nobody speaks, write only {_SILENCE}."
)


class ChatTranscriptionRoute:
    """Fills the port Transcriber, without times; takes whatever the endpoint takes."""

    formats = FORMATS
    max_bytes = MAX_BYTES
    max_seconds = MAX_SECONDS

    def __init__(
        self, client: Client, catalogue: ModelCatalogue, model: str, convert: Convert
    ) -> None:
        self._client = client
        self._catalogue = catalogue
        self._model = model
        self._convert = convert

    async def transcribe(
        self,
        sound: Sound,
        language: str = "",
        *,
        with_times: bool = False,  # noqa: ARG002  # the port's; a chat tells none
    ) -> Transcript:
        if _ending(sound) not in _FORMATS:
            sound = await self._convert(sound, "mp3")
        body = await asyncio.to_thread(self._build_body, sound, language)
        with naming_the_limit(sound):
            answer = await self._client.ask(
                lambda: self._client.post(_PATH, body), model=self._model, subject="sound"
            )
        usage = self._catalogue.price(_read_usage(answer, sound, self._model))
        try:
            return Transcript(_read(answer), (usage,))
        except ParleyError as exc:
            exc.usage = (usage,)
            raise

    def _build_body(self, sound: Sound, language: str) -> dict[str, Any]:
        hint = f" It is probably in the language {language}." if language else ""
        encoded = base64.b64encode(sound.data).decode("ascii")
        recording = {
            "type": "input_audio",
            "input_audio": {"data": encoded, "format": _ending(sound)},
        }
        return {
            "model": self._model,
            "messages": [
                {"role": "system", "content": _INSTRUCTION + hint},
                {"role": "user", "content": [recording]},
            ],
        }


def _ending(sound: Sound) -> str:
    return sound.name.rpartition(".")[2].lower()


def _read(answer: Any) -> str:
    choice = next(iter(find_list(answer, "choices")), None)
    match find_text(choice, "finish_reason"):
        case "content_filter":
            raise ContentRefusedError("the transcript was filtered")
        case "length" | "max_tokens":
            raise ServiceDownError("the transcript was cut")
    parts = find_list(choice, "message", "content")
    text = find_text(choice, "message", "content") or "".join(find_text(p, "text") for p in parts)
    if choice is None:
        raise ServiceDownError("the answer is no transcript")
    if refusal := find_text(choice, "message", "refusal"):
        raise ContentRefusedError(refusal)
    text = text.strip()
    return "" if text == _SILENCE else text


def _read_usage(answer: Any, sound: Sound, model: str) -> UsageEntry:
    asked = find_count(answer, "usage", "prompt_tokens")
    answered = find_count(answer, "usage", "completion_tokens")
    is_told = asked is not None and answered is not None
    return UsageEntry(
        Capability.TRANSCRIPTION,
        model,
        input_tokens=asked or 0,
        output_tokens=answered or 0,
        seconds=sound.duration_s,
        is_estimate=not is_told,
    )
