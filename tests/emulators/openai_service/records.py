"""What the emulator remembers of the requests it got."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Dialect = Literal["chat_completions", "responses"]


@dataclass(frozen=True, slots=True)
class Upload:
    field: str
    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    route: str
    """Without the /v1, e.g. ``/audio/speech``."""
    headers: Mapping[str, str]
    """Names in lower case; without the key."""
    body: Mapping[str, Any]
    """The JSON, or a form's fields (``name[]`` as a list)."""
    files: tuple[Upload, ...]
    at_s: float
    """By time.monotonic()."""


@dataclass(frozen=True, slots=True)
class SeenPicture:
    url: str
    """Of a picture sent by address; empty if its bytes were sent."""
    detail: str
    data: bytes = b""
    width: int = 0
    height: int = 0
    colour: str = ""
    """Mean colour, ``#rrggbb``."""
    tokens: int = 0

    def __str__(self) -> str:
        return f"[photo {self.url or f'{self.width}x{self.height} {self.colour}'}]"


@dataclass(frozen=True, slots=True)
class SeenMessage:
    role: str
    text: str
    images: tuple[SeenPicture, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenResult:
    """What a function gave, as the model is told it."""

    call_id: str
    name: str
    output: str


@dataclass(frozen=True, slots=True)
class ChatCall:
    """A chat request that broke no rule, the same for both dialects."""

    dialect: Dialect
    model: str
    system: str
    messages: tuple[SeenMessage, ...]
    body: Mapping[str, Any]
    prompt: str
    """All that the model reads, in one string of four characters a token."""
    is_reasoning: bool
    max_tokens: int | None
    tools: tuple[str, ...] = ()
    """Names of the functions that are offered."""
    results: tuple[SeenResult, ...] = ()
    """Of the functions that were called on the way to this answer."""

    @property
    def seed(self) -> int | None:
        return self.body.get("seed")

    @property
    def format(self) -> Mapping[str, Any]:
        """The form that the answer is to have, as Responses writes it; empty for a text."""
        form = self.body.get("response_format") or (self.body.get("text") or {}).get("format") or {}
        return {"type": form.get("type"), **(form.get("json_schema") or form)}

    @property
    def is_stream(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def cache_key(self) -> str:
        return str(self.body.get("prompt_cache_key") or "")

    @property
    def last_user(self) -> SeenMessage:
        return next((m for m in reversed(self.messages) if m.role == "user"), SeenMessage("", ""))
