"""What a test can make the service do with its next request.

Where a step takes chunks, one string is cut into words. On a route that does not stream, a step
with chunks answers, waits or breaks off with a whole body in their place.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Chunks = str | Sequence[str]
Finish = Literal["stop", "length", "content_filter", "tool_calls"]


def pieces(chunks: Chunks) -> tuple[str, ...]:
    """Chunks as they are; a string word by word, with its white space."""
    if not isinstance(chunks, str):
        return tuple(chunks)
    return tuple(re.findall(r"\s*\S+|\s+", chunks))


def split_evenly(text: str, count: int) -> tuple[str, ...]:
    size = max(1, -(-len(text) // max(1, count)))
    return tuple(text[start : start + size] for start in range(0, len(text), size))


@dataclass(frozen=True, slots=True)
class Usage:
    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """What a web search found and an answer cites."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; on the transcription routes, the words that were heard."""

    text: Chunks
    chunk_delay_s: float = 0.0
    usage: Usage | None = None
    """None counts."""
    finish: Finish = "stop"
    sources: Sequence[Page] = ()
    """Cited at its end."""
    searches: int = 0
    """Of the web, before it; only Responses tells of them."""


@dataclass(frozen=True, slots=True)
class Called:
    """A call of a function that was offered."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    """A string goes as it is, whether it is JSON or not."""

    @property
    def text(self) -> str:
        told = self.arguments
        return told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Calls:
    """An answer that calls functions, and says something before it or nothing."""

    calls: Sequence[Called]
    text: Chunks = ()
    fragment: int = 8
    """So many characters of the arguments come at a time."""
    is_cut: bool = False
    """The connection breaks within the last call's arguments."""
    finish: Literal["tool_calls", "length"] = "tool_calls"
    """``length``: the last call's arguments are not whole."""
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Fail:
    """An error instead of an answer."""

    status: int
    code: str | None = None
    message: str = "The emulator was told to fail."
    headers: Mapping[str, str] = field(default_factory=dict)
    param: str | None = None


@dataclass(frozen=True, slots=True)
class Hang:
    """Not one byte, until the client leaves or the emulator stops."""


@dataclass(frozen=True, slots=True)
class HangAfter:
    """Silence after these chunks."""

    chunks: Chunks


@dataclass(frozen=True, slots=True)
class CutAfter:
    """The connection breaks after these chunks."""

    chunks: Chunks


@dataclass(frozen=True, slots=True)
class EndWithoutFinish:
    """The body ends properly after these chunks, but nothing says that the answer is whole."""

    chunks: Chunks


@dataclass(frozen=True, slots=True)
class Empty:
    """A whole answer with no text in it."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """200, and a body that no client can read."""


@dataclass(frozen=True, slots=True)
class FailInStream:
    """An error event after these chunks."""

    chunks: Chunks
    code: str = "server_error"
    message: str = "The server had an error while processing your request."
    event: Literal["error", "response.failed"] = "error"
    """The Responses API has two ways to say so; chat completions have one."""


@dataclass(frozen=True, slots=True)
class CloseSocket:
    """The server says goodbye with a code after these chunks; without chunks, before anything."""

    code: int
    reason: str = ""
    chunks: Chunks = ()


@dataclass(frozen=True, slots=True)
class Gated:
    """These chunks, then nothing until the gate is set, then the rest and a proper end."""

    chunks: Chunks
    gate: asyncio.Event
    rest: Chunks = ()


Step = (
    Answer
    | Calls
    | Fail
    | Hang
    | HangAfter
    | CutAfter
    | EndWithoutFinish
    | Empty
    | Garbage
    | FailInStream
    | CloseSocket
    | Gated
)
