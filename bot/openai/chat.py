"""Chat, in the dialect that the server speaks."""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from bot.openai.answer import AnswerStream, EventReader, estimate_usage
from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client, Wire
from bot.openai.completions import Completions
from bot.openai.options import OpenAIOptions
from bot.openai.responses import Responses
from handlers.errors import ServiceSilentError
from handlers.messages import UsageEntry
from handlers.ports.chat import AnswerFacts, ChatRequest, Finish, Source, ToolCall


class Dialect(Protocol):
    async def send(self, request: ChatRequest) -> Wire: ...
    def open_reader(self) -> EventReader: ...


class Chat:
    """Fills the port ChatModel."""

    def __init__(self, client: Client, catalogue: ModelCatalogue, dialect: Dialect) -> None:
        self._client = client
        self._catalogue = catalogue
        self._dialect = dialect

    def ask(self, request: ChatRequest) -> "AskedStream":
        return AskedStream(self._client, self._catalogue, self._dialect, request)


class AskedStream:
    """Fills the port ChatStream: the first try that gives text, and what the others cost."""

    def __init__(
        self, client: Client, catalogue: ModelCatalogue, dialect: Dialect, request: ChatRequest
    ) -> None:
        self._client = client
        self._catalogue = catalogue
        self._dialect = dialect
        self._request = request
        self._stream: AnswerStream | None = None
        self._lost: list[UsageEntry] = []

    async def start(self) -> None:
        self._stream = await self._client.retry(self._try, model=self._request.model)

    async def _try(self) -> AnswerStream:
        request = self._request
        try:
            with self._client.mapped_errors(request.model):
                wire = await self._dialect.send(request)
        except (ServiceSilentError, asyncio.CancelledError):
            # It was asked, and nobody knows how far it came: the service bills what it read.
            self._lost.append(estimate_usage(request, "", self._catalogue))
            raise
        reader = self._dialect.open_reader()
        stream = AnswerStream(wire, reader, request, self._client, self._catalogue)
        try:
            await stream.wait_for_text()
        except BaseException:
            await stream.aclose()
            self._lost.append(stream.usage)
            raise
        return stream

    async def __aiter__(self) -> AsyncIterator[str]:
        if self._stream is not None:
            async for piece in self._stream:
                yield piece

    async def aclose(self) -> None:
        if self._stream is not None:
            await self._stream.aclose()

    @property
    def finish(self) -> Finish:
        return self._stream.finish if self._stream is not None else Finish.CUT

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return ()

    @property
    def carried(self) -> str:
        return ""

    @property
    def sources(self) -> tuple[Source, ...]:
        return ()

    @property
    def facts(self) -> AnswerFacts:
        return AnswerFacts()

    @property
    def usage(self) -> tuple[UsageEntry, ...]:
        answered = (self._stream.usage,) if self._stream is not None else ()
        return (*self._lost, *answered)


def choose_dialect(client: Client, options: OpenAIOptions) -> Dialect:
    """As configured; by itself, Responses with OpenAI and Chat Completions with anyone else."""
    is_responses = options.chat_api == "responses" or (
        options.chat_api == "auto" and options.is_openai
    )
    dialect = Responses if is_responses else Completions
    return dialect(client, is_openai=options.is_openai, max_output_tokens=options.max_output_tokens)
