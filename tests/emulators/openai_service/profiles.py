"""Servers that answer to OpenAI's language: which routes each has, and which models."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tests.emulators.openai_service.models import ENDS

_CHAT = frozenset({"/chat/completions", "/responses"})
_PICTURES = frozenset({"/images/generations", "/images/edits"})
_SOUNDS = frozenset({"/audio/transcriptions", "/audio/translations", "/audio/speech"})


@dataclass(frozen=True, slots=True)
class Profile:
    routes: frozenset[str]
    """What else is asked for is answered 404."""
    models: Mapping[str, str | None]
    """Each with the day from which it is gone, if it has one; all others are unknown."""
    today: date = date(2026, 11, 21)
    is_openai: bool = False
    """Else it takes any key, and refuses as such servers do."""


_OPENAI = (
    _CHAT
    | _PICTURES
    | _SOUNDS
    | {"/embeddings", "/moderations", "/realtime", "/containers", "/files", "/vector_stores"}
)

OPENAI_TODAY = Profile(_OPENAI, ENDS, is_openai=True)
OPENAI_2027 = Profile(
    _OPENAI - {"/audio/translations", "/audio/speech"}, ENDS, date(2027, 2, 26), is_openai=True
)
"""After everything that is announced to end has ended."""
OLLAMA = Profile(
    _CHAT | {"/embeddings"}, dict.fromkeys(("llama3.2-vision", "qwen3", "nomic-embed-text"))
)
LOCALAI = Profile(
    _SOUNDS | _PICTURES | {"/chat/completions", "/embeddings", "/images/variations"},
    dict.fromkeys(("gpt-4", "whisper-1", "tts-1", "dall-e-2", "text-embedding-ada-002")),
)
