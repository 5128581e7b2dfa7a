"""What the handlers need to know of the models, and of the meaning of texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from handlers.messages import UsageEntry


@dataclass(frozen=True, slots=True)
class Embeddings:
    vectors: tuple[bytes, ...]
    """One a text: float32, little-endian, of length 1, all of one model."""
    model: str
    usage: tuple[UsageEntry, ...]


class Embedder(Protocol):
    model: str
    """What vectors are compared within."""

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """In as many requests as it takes. RouteMissingError where the server has no embeddings."""
        ...


class Catalogue(Protocol):
    """What is known about the models, from configuration and the service."""

    chat_model: str
    """The operator's default."""
    chat_models: tuple[str, ...]
    """Offered in menus; a model that is not among them works all the same."""
    voice: str
    voices: tuple[str, ...]

    def efforts(self, model: str) -> tuple[str, ...]:
        """Reasoning efforts that the model is known to take; empty if none or unknown."""
        ...
