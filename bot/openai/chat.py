"""Chat, in the dialect that the server speaks."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.openai.answer import AnswerStream, EventReader, estimate_usage
from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client, Wire
from bot.openai.completions import Completions
from bot.openai.failures import refusals
from bot.openai.lacks import Experience, Lack, Lacks
from bot.openai.options import OpenAIOptions
from bot.openai.responses import Responses
from handlers.errors import ServiceSilentError
from handlers.messages import UsageEntry
from handlers.ports.chat import AnswerFacts, ChatRequest, Finish, Source, ToolCall

_NO_ROUTE = frozenset({404, 405, 501})


class Dialect(Protocol):
    @property
    def path(self) -> str: ...
    def build_body(self, request: ChatRequest, lacks: Lacks) -> dict[str, Any]: ...
    def open_reader(self) -> EventReader: ...


@dataclass(frozen=True, slots=True)
class Spoken:
    """A dialect, and what its models were found to lack."""

    dialect: Dialect
    experience: Experience = field(default_factory=Experience)


@dataclass(frozen=True, slots=True)
class Dialects:
    """The server's own, and where that one has no seed, the one that has."""

    main: Spoken
    seeded: Spoken | None = None

    def choose(self, request: ChatRequest) -> Spoken:
        if request.seed is None or self.seeded is None:
            return self.main
        lacks = self.seeded.experience.of(request)
        # Tools are worth more than the seed.
        is_short = request.tools and Lack.TOOLS in lacks
        is_gone = Lack.ROUTE in lacks or Lack.SEED in lacks
        return self.main if is_short or is_gone else self.seeded


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that the server took, and what it was asked in the end."""

    wire: Wire
    reader: EventReader
    body: Mapping[str, Any]
    is_rerouted: bool
    """By another dialect than the server's own."""


class Chat:
    """Fills the port ChatModel."""

    def __init__(self, client: Client, catalogue: ModelCatalogue, dialects: Dialects) -> None:
        self._client = client
        self._catalogue = catalogue
        self._dialects = dialects

    def ask(self, request: ChatRequest) -> "AskedStream":
        return AskedStream(self._client, self._catalogue, self._dialects, request)


class AskedStream:
    """Fills the port ChatStream: the first try that gives text, and what the others cost."""

    def __init__(
        self, client: Client, catalogue: ModelCatalogue, dialects: Dialects, request: ChatRequest
    ) -> None:
        self._client = client
        self._catalogue = catalogue
        self._dialects = dialects
        self._request = request
        self._stream: AnswerStream | None = None
        self._asked: Asked | None = None
        self._lost: list[UsageEntry] = []

    async def start(self) -> None:
        self._stream = await self._client.retry(self._try, model=self._request.model)

    async def _try(self) -> AnswerStream:
        request = self._request
        try:
            with self._client.mapped_errors(request.model):
                asked = await self._ask()
        except (ServiceSilentError, asyncio.CancelledError):
            # It was asked, and nobody knows how far it came: the service bills what it read.
            self._lost.append(estimate_usage(request, "", self._catalogue))
            raise
        stream = AnswerStream(asked.wire, asked.reader, request, self._client, self._catalogue)
        self._asked = asked
        try:
            await stream.wait_for_opening()
        except BaseException:
            await stream.aclose()
            self._lost.extend(stream.usage)
            raise
        return stream

    async def _ask(self) -> Asked:
        """Without what the model is known to lack, or is found to as it is asked."""
        request = self._request
        while True:
            spoken = self._dialects.choose(request)
            dialect, experience = spoken.dialect, spoken.experience
            lacks = experience.of(request)
            body = dialect.build_body(request, lacks)
            try:
                wire = await self._client.stream(dialect.path, body)
                is_rerouted = spoken is not self._dialects.main
                return Asked(wire, dialect.open_reader(), body, is_rerouted)
            except refusals() as exc:
                refusal = self._client.read_refusal(exc)
                if experience.learn(request, lacks, body, refusal):
                    continue
                if spoken is self._dialects.main or refusal.status not in _NO_ROUTE:
                    raise
                experience.learn_route(request, refusal)

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
        return self._stream.calls if self._stream is not None else ()

    @property
    def carried(self) -> str:
        return self._stream.gathered.carried if self._stream is not None else ""

    @property
    def sources(self) -> tuple[Source, ...]:
        return self._stream.gathered.sources if self._stream is not None else ()

    @property
    def facts(self) -> AnswerFacts:
        if self._stream is None or self._asked is None:
            return AnswerFacts()
        gathered = self._stream.gathered
        return AnswerFacts(
            model=gathered.model,
            fingerprint=gathered.fingerprint,
            seed=self._asked.body.get("seed"),
            temperature=self._asked.body.get("temperature"),
            is_rerouted=self._asked.is_rerouted,
        )

    @property
    def usage(self) -> tuple[UsageEntry, ...]:
        answered = self._stream.usage if self._stream is not None else ()
        return (*self._lost, *answered)


def choose_dialects(options: OpenAIOptions) -> Dialects:
    """As configured; by itself, Responses with OpenAI and Chat Completions with anyone else."""
    is_openai, bound = options.is_openai, options.max_output_tokens
    completions = Spoken(Completions(is_openai=is_openai, max_output_tokens=bound))
    if options.chat_api == "chat_completions" or (options.chat_api == "auto" and not is_openai):
        return Dialects(completions)
    responses = Spoken(Responses(is_openai=is_openai, max_output_tokens=bound))
    return Dialects(responses, seeded=completions)
