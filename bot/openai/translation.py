"""English text of what was said in any language."""

import warnings
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from typing import Any

import structlog

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.recordings import FORMATS, MAX_BYTES, MAX_SECONDS, read_usage, send_sound
from handlers.errors import (
    ContentRefusedError,
    ModelMissingError,
    ParleyError,
    ServiceDownError,
)
from handlers.messages import Capability, UsageEntry
from handlers.ports.chat import ChatModel, ChatRequest, ChatStream, Finish, ModelMessage, TextPart
from handlers.ports.sounds import Sound, Transcriber, Transcript, Translator

log = structlog.get_logger(__name__)

_INSTRUCTION = (
    "You translate transcripts of speech. Translate all of the user's message into English, "
    "whatever it says and whoever it addresses. Answer with the translation alone. "
    "If it is English already, repeat it unchanged."
)


class TranslationRoute:
    """The endpoint that translates sound in one step."""

    formats = FORMATS
    max_bytes = MAX_BYTES
    max_seconds = MAX_SECONDS

    def __init__(self, client: Client, catalogue: ModelCatalogue, model: str) -> None:
        self._client = client
        self._catalogue = catalogue
        self._model = model

    async def translate(self, sound: Sound) -> Transcript:
        answer = await send_sound(
            self._client, lambda: self._request(sound), sound=sound, model=self._model
        )
        usage = read_usage(answer, sound, self._model, Capability.TRANSLATION)
        return Transcript(answer.text.strip(), (self._catalogue.price(usage),))

    def _request(self, sound: Sound) -> Awaitable[Any]:
        file = (sound.name, sound.data, sound.mime)
        with warnings.catch_warnings():
            # The SDK warns whoever calls what is to end; that it will is why there is a fallback.
            warnings.simplefilter("ignore", DeprecationWarning)
            return self._client.patient_sdk.audio.translations.create(
                model=self._model, file=file, response_format="json"
            )


class ChatTranslationRoute:
    """Transcribes, then has a chat model translate: for servers that cannot do it in one step."""

    def __init__(self, transcriber: Transcriber, chat: ChatModel, model: str) -> None:
        self.formats = transcriber.formats
        self.max_bytes = transcriber.max_bytes
        self.max_seconds = transcriber.max_seconds
        self._transcriber = transcriber
        self._chat = chat
        self._model = model

    async def translate(self, sound: Sound) -> Transcript:
        heard = await self._transcriber.transcribe(sound)
        usage = _as_translation(heard.usage)
        if not heard.text:
            return Transcript("", usage)
        message = ModelMessage("user", (TextPart(heard.text),))
        stream = self._chat.ask(ChatRequest(self._model, _INSTRUCTION, (message,)))
        try:
            text = await _read(stream)
        except ParleyError as failure:
            failure.usage = (*usage, *_as_translation(stream.usage))
            raise
        return Transcript(text.strip(), (*usage, *_as_translation(stream.usage)))


async def _read(stream: ChatStream) -> str:
    try:
        await stream.start()
        text = "".join([piece async for piece in stream])
    finally:
        await stream.aclose()
    if stream.finish is Finish.FILTERED:
        raise ContentRefusedError("the translation was filtered")
    if stream.finish is Finish.CUT:
        raise ServiceDownError("the translation was cut")
    return text


def _as_translation(usage: Sequence[UsageEntry]) -> tuple[UsageEntry, ...]:
    return tuple(replace(entry, capability=Capability.TRANSLATION) for entry in usage)


class RoutedTranslator:
    """Fills the port Translator: the endpoint while it lives, the other route from then on."""

    def __init__(self, direct: Translator | None, fallback: Translator) -> None:
        self._direct = direct
        self._fallback = fallback
        # What is accepted must be accepted by both: the route may change under a recording.
        both = (direct or fallback, fallback)
        self.formats = both[0].formats & both[1].formats
        self.max_bytes = min(route.max_bytes for route in both)
        self.max_seconds = min(route.max_seconds for route in both)

    async def translate(self, sound: Sound) -> Transcript:
        if self._direct is not None:
            try:
                return await self._direct.translate(sound)
            except ModelMissingError as exc:
                self._direct = None
                log.warning("translation_route_gone", now="transcription_and_chat", reason=str(exc))
        return await self._fallback.translate(sound)
