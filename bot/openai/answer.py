"""An answer that is being made, whichever dialect the server speaks."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client, Wire
from bot.openai.failures import Failure
from bot.openai.tokens import estimate_tokens
from handlers.errors import (
    AnswerEmptyError,
    ContentRefusedError,
    ParleyError,
    ServiceDownError,
)
from handlers.messages import Capability, UsageEntry
from handlers.ports.chat import ChatRequest, Finish, Source, TextPart, ToolCall

log = structlog.get_logger(__name__)

_TAIL_TIMEOUT_S = 5.0
"""How long the usage is waited for once the answer is whole."""

# OpenAI's old tile formula: 85 for a glance, 85 + 4 x 170 for a photo at 768 x 1024.
_PICTURE_TOKENS = {"low": 85}
_PICTURE_TOKENS_ELSE = 765
_MESSAGE_TOKENS = 4


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the service says it billed."""

    input: int
    output: int
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream, in no server's dialect."""

    text: str = ""
    finish: Finish | None = None
    tokens: Tokens | None = None
    failure: Failure | None = None
    has_call: bool = False
    """A call has come to its end."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What an answer has brought so far beside its text."""

    calls: tuple[ToolCall, ...] = ()
    """Those that were begun."""
    is_broken: bool = False
    """A call is not whole, or names nothing to be called."""
    carried: str = ""
    sources: tuple[Source, ...] = ()
    searches: int = 0
    """Of the web, by the service, each of which it bills."""
    model: str = ""
    fingerprint: str = ""


class EventReader(Protocol):
    def read(self, raw: Any) -> Event:
        """What one of the server's events says."""
        ...

    def gather(self) -> Gathered:
        """What all of them brought."""
        ...


class AnswerStream:
    """The answer to one try at a request."""

    def __init__(
        self,
        wire: Wire,
        reader: EventReader,
        request: ChatRequest,
        client: Client,
        catalogue: ModelCatalogue,
    ) -> None:
        self._wire = wire
        self._reader = reader
        self._request = request
        self._client = client
        self._catalogue = catalogue
        self._opening = ""
        self._text: list[str] = []
        self._finish: Finish | None = None
        self._tokens: Tokens | None = None

    async def wait_for_opening(self) -> None:
        """Read up to the first piece that is more than white space, or the end of a call.

        Raises what the service says or does before it, and if the answer ends without either.
        """
        has_call = False
        while not (self._opening.strip() or has_call or self.calls):
            event = await self._next()
            if event is None:
                raise self._explain_emptiness()
            self._opening += event.text
            has_call = event.has_call
        self._text.append(self._opening)

    async def __aiter__(self) -> AsyncIterator[str]:
        try:
            if self._opening:
                yield self._opening
            while (piece := await self._next_piece()) is not None:
                self._text.append(piece)
                yield piece
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        await self._wire.close()

    @property
    def finish(self) -> Finish:
        finish = self._finish or Finish.CUT
        return Finish.CUT if finish is Finish.COMPLETE and self.gathered.is_broken else finish

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return self.gathered.calls if self.finish is Finish.COMPLETE else ()

    @property
    def gathered(self) -> Gathered:
        return self._reader.gather()

    @property
    def usage(self) -> tuple[UsageEntry, ...]:
        search = UsageEntry(Capability.WEB_SEARCH, self._request.model)
        searches = (self._catalogue.price(search),) * self.gathered.searches
        return (self._answer_usage(), *searches)

    def _answer_usage(self) -> UsageEntry:
        if self._tokens is not None:
            return _price(self._request, self._tokens, self._catalogue, is_estimate=False)
        called = [f"{call.name} {call.arguments}" for call in self.gathered.calls]
        return estimate_usage(self._request, "".join([*self._text, *called]), self._catalogue)

    async def _next_piece(self) -> str | None:
        """The next text; None at the end, however it came about."""
        while True:
            try:
                event = await self._next()
            except ParleyError as exc:
                what = "answer_cut" if self._finish is None else "usage_missed"
                log.warning(what, model=self._request.model, reason=str(exc))
                return None
            if event is None:
                return None
            if event.text:
                return event.text

    async def _next(self) -> Event | None:
        limit_s = self._client.timeout_s
        if self._finish is not None:
            limit_s = min(limit_s, _TAIL_TIMEOUT_S)
        with self._client.mapped_errors(self._request.model):
            try:
                async with asyncio.timeout(limit_s):
                    raw = await anext(self._wire)
            except StopAsyncIteration:
                return None
        event = self._reader.read(raw)
        self._finish = event.finish or self._finish
        self._tokens = event.tokens or self._tokens
        if event.failure is not None:
            raise self._client.map_failure(event.failure, self._request.model)
        return event

    def _explain_emptiness(self) -> ParleyError:
        if self.finish is Finish.CUT:
            return ServiceDownError("the stream ended before the answer, or a call, was there")
        if self.finish is Finish.FILTERED:
            return ContentRefusedError("the answer was filtered before it began")
        return AnswerEmptyError(f"finished ({self.finish}) without text")


def estimate_usage(request: ChatRequest, answer: str, catalogue: ModelCatalogue) -> UsageEntry:
    """What a request and so much of an answer probably cost."""
    asked = estimate_tokens(request.system) + _MESSAGE_TOKENS
    for message in request.messages:
        asked += _MESSAGE_TOKENS
        for part in message.parts:
            if isinstance(part, TextPart):
                asked += estimate_tokens(part.text)
            else:
                asked += _PICTURE_TOKENS.get(part.detail, _PICTURE_TOKENS_ELSE)
    asked += sum(_MESSAGE_TOKENS + estimate_tokens(text) for text in _list_tool_texts(request))
    tokens = Tokens(input=asked, output=estimate_tokens(answer))
    return _price(request, tokens, catalogue, is_estimate=True)


def _list_tool_texts(request: ChatRequest) -> Iterator[str]:
    """What of tools and formats the model reads."""
    for spec in request.tools:
        yield f"{spec.name} {spec.description} {json.dumps(dict(spec.parameters))}"
    if request.format is not None and request.format.schema is not None:
        yield json.dumps(dict(request.format.schema))
    for done in request.rounds:
        yield done.text
        yield from (f"{call.name} {call.arguments}" for call in done.calls)
        yield from (result.output for result in done.results)


def _price(
    request: ChatRequest, tokens: Tokens, catalogue: ModelCatalogue, *, is_estimate: bool
) -> UsageEntry:
    entry = UsageEntry(
        capability=Capability.CHAT,
        model=request.model,
        input_tokens=tokens.input,
        cached_tokens=tokens.cached,
        output_tokens=tokens.output,
        is_estimate=is_estimate,
    )
    return catalogue.price(entry)
