"""The service as the composition root sees it: one object with a port in each attribute."""

import asyncio
from datetime import date
from types import TracebackType
from typing import Self

from bot.openai.catalogue import ModelCatalogue
from bot.openai.chat import Chat, choose_dialect
from bot.openai.client import create_client
from bot.openai.images import ImageRoute
from bot.openai.inspection import Finding, inspect_service, list_models
from bot.openai.options import OpenAIOptions
from bot.openai.retries import Pause
from bot.openai.speech import SpeechRoute
from bot.openai.transcription import TranscriptionRoute
from bot.openai.translation import ChatTranslationRoute, RoutedTranslator, TranslationRoute


class OpenAIService:
    """To be used inside ``async with``, which loads the SDK and closes its connections.

    chat, transcriber, translator, synthesizer, images and catalogue fill the ports of these names.
    """

    catalogue: ModelCatalogue
    chat: Chat
    transcriber: TranscriptionRoute
    translator: RoutedTranslator
    synthesizer: SpeechRoute
    images: ImageRoute

    def __init__(self, options: OpenAIOptions, pause: Pause = asyncio.sleep) -> None:
        self._options = options
        self._pause = pause

    async def __aenter__(self) -> Self:
        options = self._options
        client = await asyncio.to_thread(create_client, options, self._pause)
        self._client = client
        self.catalogue = await asyncio.to_thread(ModelCatalogue, options)
        self.chat = Chat(client, self.catalogue, choose_dialect(client, options))
        self.transcriber = TranscriptionRoute(client, self.catalogue, options.transcription_model)
        fallback = ChatTranslationRoute(self.transcriber, self.chat, options.chat_model)
        direct = None
        if options.translation_model:
            direct = TranslationRoute(client, self.catalogue, options.translation_model)
        self.translator = RoutedTranslator(direct, fallback)
        self.synthesizer = SpeechRoute(
            client, self.catalogue, options.speech_model, options.speech_instructions
        )
        self.images = ImageRoute(client, self.catalogue, options)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def list_models(self) -> dict[str, date | None]:
        """The server's models, each with the day on which it is shut down, if one is named."""
        return await list_models(self._client)

    async def check(self, today: date) -> tuple[Finding, ...]:
        """What works, line by line: the endpoint, then each configured model."""
        return await inspect_service(self._client, self.catalogue, self._options, today)
