"""English text of what was said in any language."""

import warnings
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.options import OpenAIOptions
from bot.openai.recordings import FORMATS, MAX_BYTES, MAX_SECONDS, read_usage, send_sound
from bot.openai.routing import Route, Routes, Today
from handlers.errors import ContentRefusedError, ParleyError, ServiceDownError
from handlers.messages import Capability, UsageEntry
from handlers.ports.chat import ChatModel, ChatRequest, ChatStream, Finish, ModelMessage, TextPart
from handlers.ports.sounds import Halfway, Sound, Transcriber, Transcript, Translator

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

    async def translate(
        self,
        sound: Sound,
        halfway: Halfway | None = None,  # noqa: ARG002  # the port's; it is one step
    ) -> Transcript:
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
    """Transcribes, then has a chat model translate: for servers without that endpoint."""

    def __init__(self, transcriber: Transcriber, chat: ChatModel, model: str) -> None:
        self.formats = transcriber.formats
        self.max_bytes = transcriber.max_bytes
        self.max_seconds = transcriber.max_seconds
        self._transcriber = transcriber
        self._chat = chat
        self._model = model

    async def translate(self, sound: Sound, halfway: Halfway | None = None) -> Transcript:
        heard, usage = await self._hear(sound, halfway)
        if not heard:
            return Transcript("", usage)
        message = ModelMessage("user", (TextPart(heard),))
        stream = self._chat.ask(ChatRequest(self._model, _INSTRUCTION, (message,)))
        try:
            text = await _read(stream)
        except ParleyError as failure:
            failure.usage = (*usage, *_as_translation(stream.usage))
            raise
        return Transcript(text.strip(), (*usage, *_as_translation(stream.usage)))

    async def _hear(
        self, sound: Sound, halfway: Halfway | None
    ) -> tuple[str, tuple[UsageEntry, ...]]:
        """The words in their own language, and what of their cost is noted nowhere yet."""
        if halfway is not None and halfway.known is not None:
            return halfway.known, ()
        heard = await self._transcriber.transcribe(sound)
        usage = _as_translation(heard.usage)
        if halfway is None:
            return heard.text, usage
        await halfway.keep(heard.text, usage)
        return heard.text, ()


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
    """Fills the port Translator, by whatever route the server has."""

    formats = FORMATS
    max_bytes = MAX_BYTES
    max_seconds = MAX_SECONDS

    def __init__(self, routes: Routes[Translator]) -> None:
        self.routes = routes

    async def translate(self, sound: Sound, halfway: Halfway | None = None) -> Transcript:
        return await self.routes.use(lambda route: route.translate(sound, halfway))


def open_translation(
    client: Client,
    catalogue: ModelCatalogue,
    options: OpenAIOptions,
    transcriber: Transcriber,
    chat: ChatModel,
    today: Today,
) -> RoutedTranslator:
    def routes() -> Iterator[Route[Translator]]:
        if model := options.translation_model:
            yield Route("endpoint", model, TranslationRoute(client, catalogue, model))
        serve = ChatTranslationRoute(transcriber, chat, options.chat_model)
        yield Route("chat", options.chat_model, serve, note="of a transcript")

    return RoutedTranslator(
        Routes(
            "translation",
            routes(),
            chosen=options.routes.translation,
            ends=catalogue.ends,
            today=today,
        )
    )
