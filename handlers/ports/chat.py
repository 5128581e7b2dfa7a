"""What the handlers need from a model that answers."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Protocol

from handlers.messages import UsageEntry


@dataclass(frozen=True, slots=True)
class TextPart:
    text: str


@dataclass(frozen=True, slots=True)
class PicturePart:
    """A picture, by its bytes or by its address."""

    detail: str
    """low, high or auto."""
    data: bytes = b""
    mime: str = "image/jpeg"
    url: str = ""


@dataclass(frozen=True, slots=True)
class ModelMessage:
    role: Literal["user", "assistant"]
    parts: tuple[TextPart | PicturePart, ...]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A function that the model may call."""

    name: str
    """1 to 64 letters, digits, _ and -."""
    description: str
    parameters: Mapping[str, Any]
    """A JSON Schema of an object."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    id: str
    name: str
    arguments: str
    """JSON as the model wrote it; it may be none."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    call_id: str
    output: str


@dataclass(frozen=True, slots=True)
class ToolRound:
    """What the model called in one go, and what came of it."""

    calls: tuple[ToolCall, ...]
    results: tuple[ToolResult, ...]
    """One for each call, in order."""
    text: str = ""
    """What it said before it called."""
    carried: str = ""
    """``ChatStream.carried`` of the answer that called; opaque."""


class HostedTool(StrEnum):
    """What some servers do by themselves while they answer."""

    WEB_SEARCH = "web_search"


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """The answer is to be JSON: of a schema, or any object."""

    schema: Mapping[str, Any] | None = None
    name: str = "answer"
    is_strict: bool = True


@dataclass(frozen=True, slots=True)
class ChatRequest:
    model: str
    system: str
    messages: tuple[ModelMessage, ...]
    """Roles alternate and the last is the user's."""
    rounds: tuple[ToolRound, ...] = ()
    """What was called so far on the way to the answer."""
    tools: tuple[ToolSpec, ...] = ()
    hosted: frozenset[HostedTool] = frozenset()
    """Asked for where the route has them, else left out."""
    format: AnswerFormat | None = None
    seed: int | None = None
    """Asked of a route that takes it, where the server has one; ``AnswerFacts.seed`` tells."""
    temperature: float | None = None
    effort: str = ""
    """Reasoning effort; empty leaves it to the service."""
    person: str = ""
    """A name for the person that tells the service nothing about them (a hash)."""
    cache_key: str = ""
    """The same for all requests of one chat, so that the service's prompt cache is found."""


class Finish(StrEnum):
    COMPLETE = "complete"
    LENGTH = "length"
    """The answer reached its bound."""
    FILTERED = "filtered"
    """The service's safety system broke it off."""
    CUT = "cut"
    """The stream ended, failed or fell silent without saying that the answer is whole."""


@dataclass(frozen=True, slots=True)
class Source:
    """A page that an answer rests on."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """How an answer was made; what is empty was not told."""

    model: str = ""
    """As the service names what answered: often a dated snapshot."""
    fingerprint: str = ""
    """system_fingerprint: changes when what runs the model changes."""
    seed: int | None = None
    """That was sent; None where none was asked for or the route takes none."""
    temperature: float | None = None
    is_rerouted: bool = False
    """The usual route takes no seed, so one that does was taken."""


class ChatStream(Protocol):
    """An answer that is asked for and being made: start it, iterate it once, close it.

    The iteration gives pieces of text in order and raises nothing: what goes wrong after the first
    piece ends it with ``finish`` CUT, and the text so far stands. Cancelling closes the connection.
    ``usage`` can be read at any time, also after a failure; the rest after the iteration.

    An answer that calls tools may have no text at all; its calls are whole or it is CUT.
    """

    async def start(self) -> None:
        """Ask, and return when the first piece of text, or the end of a call, is there.

        Busy and broken servers are tried again before it raises; silence is not.
        """
        ...

    def __aiter__(self) -> AsyncIterator[str]: ...
    async def aclose(self) -> None:
        """Close the connection; again is harmless."""
        ...

    @property
    def finish(self) -> Finish: ...
    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """What is to be called before the model goes on: in a ``ToolRound`` of the next request.

        Empty unless the answer came to its end.
        """
        ...

    @property
    def carried(self) -> str:
        """What the route needs back in the ``ToolRound``; opaque."""
        ...

    @property
    def sources(self) -> tuple[Source, ...]: ...
    @property
    def facts(self) -> AnswerFacts: ...
    @property
    def usage(self) -> tuple[UsageEntry, ...]:
        """What the service billed, an estimate where it has not said (yet); empty if nothing."""
        ...


class ChatModel(Protocol):
    def ask(self, request: ChatRequest) -> ChatStream:
        """An answer that nothing has been done for yet."""
        ...
