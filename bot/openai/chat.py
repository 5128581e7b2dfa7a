"""Chat, in the dialect that the server speaks."""

from typing import Protocol

from bot.openai.answer import AnswerStream, EventReader, Wire
from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.completions import Completions
from bot.openai.options import OpenAIOptions
from bot.openai.responses import Responses
from handlers.ports import ChatRequest


class Dialect(Protocol):
    async def send(self, request: ChatRequest) -> Wire: ...
    def open_reader(self) -> EventReader: ...


class Chat:
    """Fills the port ChatModel."""

    def __init__(self, client: Client, catalogue: ModelCatalogue, dialect: Dialect) -> None:
        self._client = client
        self._catalogue = catalogue
        self._dialect = dialect

    async def open(self, request: ChatRequest) -> AnswerStream:
        async def attempt() -> AnswerStream:
            with self._client.mapped_errors(request.model):
                wire = await self._dialect.send(request)
            reader = self._dialect.open_reader()
            stream = AnswerStream(wire, reader, request, self._client, self._catalogue)
            try:
                await stream.wait_for_text()
            except BaseException:
                await stream.aclose()
                raise
            return stream

        return await self._client.retry(attempt, model=request.model)


def choose_dialect(client: Client, options: OpenAIOptions) -> Dialect:
    """As configured; by itself, Responses with OpenAI and Chat Completions with anyone else."""
    is_responses = options.chat_api == "responses" or (
        options.chat_api == "auto" and options.is_openai
    )
    dialect = Responses if is_responses else Completions
    return dialect(client, is_openai=options.is_openai, max_output_tokens=options.max_output_tokens)
