"""What texts mean, as vectors, by the embeddings endpoint."""

import asyncio
import base64
import binascii
from collections.abc import Iterator, Sequence
from typing import Any

import structlog

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.fields import find, find_count, find_list
from bot.openai.tokens import estimate_tokens
from handlers.errors import RouteMissingError, ServiceDownError, ServiceRejectedError
from handlers.messages import Capability, UsageEntry
from handlers.ports.models import Embeddings

log = structlog.get_logger(__name__)

MAX_INPUTS = 2048
MAX_REQUEST_TOKENS = 200_000
"""The service takes 300,000 of all inputs together; ours are counted by a guess."""
MAX_INPUT_BYTES = 8_000
"""The service takes 8,192 tokens, and no token is less than a byte: what it makes of a rare script
nobody can guess. What is longer is embedded by its beginning."""


class EmbeddingRoute:
    """Fills the port Embedder."""

    def __init__(self, client: Client, catalogue: ModelCatalogue, model: str) -> None:
        """``model`` empty: this server has no embeddings."""
        self._client = client
        self._catalogue = catalogue
        self._name = model
        self._dimensions = catalogue.dimensions(model)
        # Vectors of other lengths cannot be compared, though one model made them.
        self.model = f"{model}/{self._dimensions}" if self._dimensions else model
        shape = {"encoding_format": "float"}
        self._shapes: list[dict[str, Any]] = [{"encoding_format": "base64"}, shape]
        if self._dimensions:
            self._shapes = [{**one, "dimensions": self._dimensions} for one in self._shapes]
            self._shapes.append(shape)

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """As the port says."""
        if not self._name:
            raise RouteMissingError("openai.embedding_model is empty", model="")
        vectors: list[bytes] = []
        usage: list[UsageEntry] = []
        for batch in await asyncio.to_thread(lambda: list(_batches(texts))):
            answer = await self._ask(batch)
            vectors += await asyncio.to_thread(_read_vectors, answer, len(batch), self._dimensions)
            usage.append(self._usage(answer, batch))
        return Embeddings(tuple(vectors), self.model, tuple(usage))

    async def _ask(self, batch: Sequence[str]) -> object:
        """In the best of the shapes that the server takes; those before it are left out."""
        *others, last = self._shapes
        for place, shape in enumerate(others):
            try:
                answer = await self._post(batch, shape)
            except ServiceRejectedError as refusal:
                log.warning("embeddings_refused", model=self._name, shape=shape, why=str(refusal))
            else:
                self._leave_out(others[:place])
                return answer
        # Refused in this shape as well, it is refused for what the texts say.
        answer = await self._post(batch, last)
        self._leave_out(others)
        return answer

    def _leave_out(self, refused: Sequence[dict[str, Any]]) -> None:
        self._shapes = [one for one in self._shapes if one not in refused]

    async def _post(self, batch: Sequence[str], shape: dict[str, Any]) -> object:
        body = {"model": self._name, "input": list(batch), **shape}
        return await self._client.ask(
            lambda: self._client.post("/embeddings", body), model=self._name
        )

    def _usage(self, answer: object, batch: Sequence[str]) -> UsageEntry:
        told = find_count(answer, "usage", "prompt_tokens")
        tokens = sum(map(estimate_tokens, batch)) if told is None else told
        return self._catalogue.price(
            UsageEntry(
                Capability.EMBEDDING, self._name, input_tokens=tokens, is_estimate=told is None
            )
        )


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """As few requests as the service's bounds allow, in order. Slow for many texts."""
    batch: list[str] = []
    total = 0
    for text in texts:
        fitting, tokens = _fit(text)
        if batch and (len(batch) >= MAX_INPUTS or total + tokens > MAX_REQUEST_TOKENS):
            yield batch
            batch, total = [], 0
        batch.append(fitting)
        total += tokens
    if batch:
        yield batch


def _fit(text: str) -> tuple[str, int]:
    """The text, or its beginning, and its tokens at most. The service refuses an empty one."""
    raw = (text if text.strip() else "-").encode(errors="replace")[:MAX_INPUT_BYTES]
    fitting = raw.decode(errors="ignore")
    return fitting, estimate_tokens(fitting) if fitting.isascii() else len(raw)


def _read_vectors(answer: object, count: int, most: int | None) -> list[bytes]:
    """One vector an input, in the order of the inputs, ``most`` numbers long.

    ServiceDownError if it is no such answer.
    """
    import numpy as np  # noqa: PLC0415  # a fifth of a second that only documents pay

    vectors: list[bytes] = [b""] * count
    for place, item in enumerate(find_list(answer, "data")):
        index = find_count(item, "index")
        told = find(item, "embedding")
        try:
            if isinstance(told, str):
                vector = np.frombuffer(base64.b64decode(told, validate=True), dtype="<f4")
            else:
                vector = np.asarray(told, dtype="<f4")
            vector = vector[:most]  # models with such a bound put what matters first
            length = float(np.linalg.norm(vector))
            if vector.ndim != 1 or not 0 < length < float("inf"):
                raise ServiceDownError("an embedding is no vector")
            vectors[place if index is None else index] = (vector / length).astype("<f4").tobytes()
        except (TypeError, ValueError, IndexError, binascii.Error) as exc:
            raise ServiceDownError(f"an embedding cannot be read: {exc}") from exc
    if not all(vectors) or len({len(vector) for vector in vectors}) > 1:
        raise ServiceDownError("the embeddings are not one for each text")
    return vectors
