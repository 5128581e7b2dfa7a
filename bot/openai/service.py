"""The service as the composition root sees it: one object with a port in each attribute."""

import asyncio
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Any, Self

from bot.openai.catalogue import ModelCatalogue
from bot.openai.chat import Chat, choose_dialects
from bot.openai.client import create_client
from bot.openai.code_runs import CodeRuns
from bot.openai.embeddings import EmbeddingRoute
from bot.openai.file_search import FileSearch
from bot.openai.images import RoutedImages, open_images
from bot.openai.inspection import Finding, inspect_service, list_models
from bot.openai.options import OpenAIOptions
from bot.openai.retries import Pause
from bot.openai.routing import Routes, Today
from bot.openai.speech import RoutedSynthesizer, open_speech
from bot.openai.transcription import RoutedTranscriber, open_transcription
from bot.openai.translation import RoutedTranslator, open_translation
from handlers.media.sounds import SoundStudio


def _today() -> date:
    return datetime.now(UTC).date()


class OpenAIService:
    """To be used inside ``async with``, which loads the SDK and closes its connections.

    chat, transcriber, translator, synthesizer, images and catalogue fill the ports of these names.
    """

    catalogue: ModelCatalogue
    chat: Chat
    transcriber: RoutedTranscriber
    translator: RoutedTranslator
    synthesizer: RoutedSynthesizer
    images: RoutedImages
    embedder: EmbeddingRoute
    code: CodeRuns
    file_search: FileSearch

    def __init__(
        self, options: OpenAIOptions, pause: Pause = asyncio.sleep, today: Today = _today
    ) -> None:
        """``today``: by it, what is past its day is tried last."""
        self._options = options
        self._pause = pause
        self._today = today

    async def __aenter__(self) -> Self:
        options = self._options
        client = await asyncio.to_thread(create_client, options, self._pause)
        self._client = client
        self.catalogue = await asyncio.to_thread(ModelCatalogue, options)
        self.chat = Chat(client, self.catalogue, choose_dialects(options))
        self.transcriber = open_transcription(
            client, self.catalogue, options, SoundStudio().convert, self._today
        )
        self.translator = open_translation(
            client, self.catalogue, options, self.transcriber, self.chat, self._today
        )
        self.synthesizer = open_speech(client, self.catalogue, options, self._today)
        self.images = open_images(client, self.catalogue, options, self._today)
        self.embedder = EmbeddingRoute(client, self.catalogue, options.embedding_model)
        self.code = CodeRuns(client, self.catalogue, options)
        self.file_search = FileSearch(client, self._pause)
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
        """What works, line by line: the server, each configured model, then each route."""
        routes: tuple[Routes[Any], ...] = (
            self.transcriber.routes,
            self.translator.routes,
            self.synthesizer.routes,
            self.images.routes,
        )
        return await inspect_service(self._client, self.catalogue, self._options, routes, today)
