"""Vector stores: documents that the service keeps, cuts and searches."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bot.openai.client import Client
from bot.openai.fields import find, find_list, find_text
from bot.openai.retries import Pause
from handlers.errors import (
    HostedGoneError,
    ModelMissingError,
    ServiceDownError,
    ServiceSilentError,
)
from handlers.ports.documents import HostedChunk, Rubbish, RubbishKind

SERVICE = "file_search"
"""What it is called in the log."""
NAME = "Parley"
CHUNK_TOKENS = 512
OVERLAP_TOKENS = 256
"""Half of it: what stands at one chunk's edge is in the middle of the next one."""
MAX_RESULTS = 50
MAX_QUESTION = 4_000
"""Characters: of what is longer the beginning is searched for."""
POLLS_S = (0.25, 0.5, 1.0, 2.0)
"""Waits between looks at a file that is worked on; the last one goes on."""
MAX_POLLS = 150
"""About five minutes."""
_BETA: Any = {"headers": {"OpenAI-Beta": "assistants=v2"}}
"""The SDK sends it to these routes, too."""
_LASTING = frozenset({"unsupported_file", "invalid_file"})


class FileSearch:
    """Fills the port HostedSearch."""

    def __init__(self, client: Client, pause: Pause = asyncio.sleep) -> None:
        self._client = client
        self._pause = pause

    async def open(self) -> str:
        return _id_of(await self._post("/vector_stores", {"name": NAME}))

    async def upload(self, name: str, data: bytes) -> str:
        file = [("file", (name, data, "text/plain"))]
        body = {"purpose": "assistants"}
        return _id_of(
            await self._client.ask(lambda: self._client.post("/files", body, file), model=SERVICE)
        )

    async def add(self, store: str, file: str, document_id: int) -> bool:
        sizes = {"max_chunk_size_tokens": CHUNK_TOKENS, "chunk_overlap_tokens": OVERLAP_TOKENS}
        body = {
            "file_id": file,
            "attributes": {"document": document_id},
            "chunking_strategy": {"type": "static", "static": sizes},
        }
        path = f"/vector_stores/{store}/files"
        with _gone(store):
            told = await self._post(path, body)
            for number in range(MAX_POLLS):
                done = _read_state(told)
                if done is not None:
                    return done
                await self._pause(POLLS_S[min(number, len(POLLS_S) - 1)])
                told = await self._get(f"{path}/{file}")
        raise ServiceSilentError("a file in a vector store is never done")

    async def search(
        self, store: str, question: str, limit: int, document_ids: Sequence[int] | None = None
    ) -> tuple[HostedChunk, ...]:
        body: dict[str, Any] = {
            "query": question[:MAX_QUESTION],
            "max_num_results": max(1, min(limit, MAX_RESULTS)),
        }
        if document_ids is not None:
            body["filters"] = {"type": "in", "key": "document", "value": list(document_ids)}
        path = f"/vector_stores/{store}"
        try:
            page = await self._post(f"{path}/search", body)
        except ModelMissingError:
            # It is the vector store that is gone, or the server cannot search.
            with _gone(store):
                await self._get(path)
            raise
        return tuple(_read_chunk(one) for one in find_list(page, "data"))

    async def remove(self, rubbish: Rubbish) -> None:
        folder = "/files" if rubbish.kind is RubbishKind.FILE else "/vector_stores"
        sdk, path = self._client.patient_sdk, f"{folder}/{rubbish.id}"
        try:
            await self._client.ask(
                lambda: sdk.delete(path, cast_to=object, options=_BETA), model=SERVICE
            )
        except ModelMissingError:
            return

    async def _post(self, path: str, body: dict[str, Any]) -> object:
        sdk = self._client.patient_sdk
        return await self._client.ask(
            lambda: sdk.post(path, cast_to=object, body=body, options=_BETA), model=SERVICE
        )

    async def _get(self, path: str) -> object:
        sdk = self._client.patient_sdk
        return await self._client.ask(
            lambda: sdk.get(path, cast_to=object, options=_BETA), model=SERVICE
        )


@contextmanager
def _gone(store: str) -> Iterator[None]:
    try:
        yield
    except ModelMissingError as exc:
        raise HostedGoneError(f"{store}: {exc}") from exc


def _id_of(told: object) -> str:
    made = find_text(told, "id")
    if not made:
        raise ServiceDownError("what was made came without its id")
    return made


def _read_state(told: object) -> bool | None:
    """Whether it can be searched; None while it is worked on."""
    status = find_text(told, "status")
    if status == "completed":
        return True
    if status not in ("failed", "cancelled"):
        return None
    if find_text(told, "last_error", "code") in _LASTING:
        return False
    raise ServiceDownError(f"not indexed: {status} {find_text(told, 'last_error', 'message')}")


def _read_chunk(told: object) -> HostedChunk:
    texts = [find_text(part, "text") for part in find_list(told, "content")]
    score = find(told, "score")
    return HostedChunk(
        find_text(told, "file_id"),
        "\n".join(texts),
        float(score) if isinstance(score, int | float) else 0.0,
    )
