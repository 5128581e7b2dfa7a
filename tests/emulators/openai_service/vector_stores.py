"""Vector stores: files cut into chunks, and found by the words that they share with a question.

Meaning is what ``synonyms`` says it is; a score is the share of a question's words in a chunk.
"""

import asyncio
import itertools
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.emulators import specs
from tests.emulators.openai_service.errors import (
    ApiError,
    ViolationError,
    names,
    refuse_unless,
    require_range,
)
from tests.emulators.openai_service.files import Files, KeptFile
from tests.emulators.openai_service.reading import read
from tests.emulators.openai_service.records import RecordedRequest

ROUTES: tuple[tuple[str, str], ...] = (
    ("POST", "/files"),
    ("DELETE", "/files/{id}"),
    ("POST", "/vector_stores"),
    ("GET", "/vector_stores/{id}"),
    ("DELETE", "/vector_stores/{id}"),
    ("POST", "/vector_stores/{id}/files"),
    ("GET", "/vector_stores/{id}/files/{file}"),
    ("POST", "/vector_stores/{id}/search"),
)
_SCHEMAS = {
    "/files": "CreateFileRequest",
    "/vector_stores": "CreateVectorStoreRequest",
    "/vector_stores/{id}/files": "CreateVectorStoreFileRequest",
    "/vector_stores/{id}/search": "VectorStoreSearchRequest",
}
_SOME_TIME = 1_795_000_000
_CHARACTERS = 4
"""Of a token."""
_AUTO = {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}
_WORD = re.compile(r"\w+")
_EMPTY = names(
    "a an and are as at do does did for from how in is it of on or say tell that the their there"
    " they this to was what when where which who why will with you your"
)


@dataclass
class Shelved:
    """A file in a vector store."""

    file: KeptFile
    attributes: Mapping[str, Any]
    sizes: Mapping[str, int]
    looks_left: int
    """So often it is still worked on when it is asked for."""
    error: str = ""

    @property
    def state(self) -> str:
        if self.looks_left > 0:
            return "in_progress"
        return "failed" if self.error else "completed"

    def chunks(self) -> Iterator[str]:
        text = self.file.data.decode()
        size = self.sizes["max_chunk_size_tokens"] * _CHARACTERS
        step = size - self.sizes["chunk_overlap_tokens"] * _CHARACTERS
        for first in range(0, max(len(text) - size + step, 1), step):
            yield text[first : first + size]


@dataclass
class VectorStore:
    id: str
    owner: str
    name: str
    files: dict[str, Shelved] = field(default_factory=dict)

    @property
    def told(self) -> dict[str, Any]:
        states = [one.state for one in self.files.values()]
        counts = {
            state: states.count(state)
            for state in ("in_progress", "completed", "failed", "cancelled")
        }
        return {
            "id": self.id,
            "object": "vector_store",
            "created_at": _SOME_TIME,
            "name": self.name,
            "usage_bytes": sum(len(one.file.data) for one in self.files.values()),
            "file_counts": {**counts, "total": len(states)},
            "status": "in_progress" if counts["in_progress"] else "completed",
            "metadata": {},
        }


@dataclass(frozen=True, slots=True)
class Searched:
    store: str
    query: str
    found: tuple[str, ...]
    """Names of files, the best first."""


class FileSearchService:
    """Files and vector stores, as the emulator serves them."""

    def __init__(self, folder: Path | None) -> None:
        self.files = Files()
        self.stores: dict[str, VectorStore] = {}
        self.searches: list[Searched] = []
        self.synonyms: dict[str, str] = {}
        """Words of questions that mean another word, in lower case."""
        self.looks = 0
        """So often a new file is still worked on when it is asked for."""
        self.error = ""
        """The code with which new files fail; empty: they do not."""
        self._numbers = itertools.count(1)
        self._folder = folder

    async def read(self, request: web.Request, route: str) -> RecordedRequest:
        recorded = await read(request, route)
        if route != "/files" and route.startswith("/vector_stores"):
            is_told = request.headers.get("OpenAI-Beta") == "assistants=v2"
            refuse_unless(is_told, "'OpenAI-Beta: assistants=v2' is missing.", "OpenAI-Beta")
        schema = _SCHEMAS.get(route)
        if request.method == "POST" and schema and self._folder is not None:
            files = {file.field: file.filename for file in recorded.files}
            body = {**recorded.body, **files}
            problem = await asyncio.to_thread(specs.problem_with, schema, body, self._folder)
            if problem:
                raise ViolationError(problem, code="invalid_by_the_published_spec")
        return recorded

    def answer(
        self, request: web.Request, recorded: RecordedRequest, owner: str
    ) -> web.StreamResponse:
        named = request.match_info.get("id", "")
        file_id = request.match_info.get("file", "")
        told: dict[tuple[str, str], Callable[[], dict[str, Any]]] = {
            ("POST", "/files"): lambda: self.files.upload(recorded, owner),
            ("DELETE", "/files/{id}"): lambda: self._delete_file(named, owner),
            ("POST", "/vector_stores"): lambda: self._create(recorded, owner),
            ("GET", "/vector_stores/{id}"): lambda: self._find(named, owner).told,
            ("DELETE", "/vector_stores/{id}"): lambda: self._delete(named, owner),
            ("POST", "/vector_stores/{id}/files"): lambda: self._add(recorded, named, owner),
            ("GET", "/vector_stores/{id}/files/{file}"): lambda: self._look(named, file_id, owner),
            ("POST", "/vector_stores/{id}/search"): lambda: self._search(recorded, named, owner),
        }
        return web.json_response(told[request.method, recorded.route]())

    def expire(self) -> None:
        """As if somebody had removed everything at the service."""
        self.stores.clear()
        self.files.all.clear()

    def _create(self, request: RecordedRequest, owner: str) -> dict[str, Any]:
        store_id = f"vs_{next(self._numbers):06d}{time.monotonic_ns():x}"
        made = VectorStore(store_id, owner, str(request.body.get("name") or ""))
        self.stores[made.id] = made
        return made.told

    def _find(self, store_id: str, owner: str) -> VectorStore:
        found = self.stores.get(store_id)
        if found is None or found.owner != owner:
            raise ApiError(f"Vector store with id '{store_id}' not found.", status=404)
        return found

    def _delete(self, store_id: str, owner: str) -> dict[str, Any]:
        """Its files stay among the files."""
        self._find(store_id, owner)
        del self.stores[store_id]
        return {"id": store_id, "object": "vector_store.deleted", "deleted": True}

    def _delete_file(self, file_id: str, owner: str) -> dict[str, Any]:
        """In all vector stores, too."""
        told = self.files.delete(file_id, owner)
        for store in self.stores.values():
            store.files.pop(file_id, None)
        return told

    def _add(self, request: RecordedRequest, store_id: str, owner: str) -> dict[str, Any]:
        store = self._find(store_id, owner)
        file = self.files.find(str(request.body["file_id"]), owner)
        sizes = (request.body.get("chunking_strategy") or {}).get("static") or _AUTO
        refuse_unless(
            0 <= 2 * sizes["chunk_overlap_tokens"] <= sizes["max_chunk_size_tokens"],
            "chunk_overlap_tokens must be at most half of max_chunk_size_tokens.",
            "chunking_strategy",
        )
        attributes = request.body.get("attributes") or {}
        store.files[file.id] = Shelved(file, attributes, sizes, self.looks, self.error)
        return self._told(store, store.files[file.id])

    def _look(self, store_id: str, file_id: str, owner: str) -> dict[str, Any]:
        store = self._find(store_id, owner)
        shelved = store.files.get(file_id)
        if shelved is None:
            raise ApiError(f"No file found with id '{file_id}'.", status=404)
        shelved.looks_left -= 1
        return self._told(store, shelved)

    def _told(self, store: VectorStore, shelved: Shelved) -> dict[str, Any]:
        is_failed = shelved.state == "failed"
        error = {"code": shelved.error, "message": "It cannot be read."} if is_failed else None
        return {
            "id": shelved.file.id,
            "object": "vector_store.file",
            "created_at": _SOME_TIME,
            "vector_store_id": store.id,
            "usage_bytes": len(shelved.file.data),
            "status": shelved.state,
            "last_error": error,
            "attributes": shelved.attributes,
            "chunking_strategy": {"type": "static", "static": shelved.sizes},
        }

    def _search(self, request: RecordedRequest, store_id: str, owner: str) -> dict[str, Any]:
        store = self._find(store_id, owner)
        query = str(request.body["query"])
        refuse_unless(bool(query.strip()), "The query is empty.", "query")
        require_range(request.body, "max_num_results", 1, 50)
        asked = self._words(query)
        results = [
            {
                "file_id": shelved.file.id,
                "filename": shelved.file.name,
                "score": len(asked & self._words(chunk)) / max(1, len(asked)),
                "attributes": shelved.attributes,
                "content": [{"type": "text", "text": chunk}],
            }
            for shelved in store.files.values()
            if shelved.state == "completed" and _passes(shelved, request.body.get("filters"))
            for chunk in shelved.chunks()
        ]
        results.sort(key=lambda one: -float(str(one["score"])))
        best = results[: request.body.get("max_num_results", 10)]
        files = tuple(str(one["filename"]) for one in best)
        self.searches.append(Searched(store_id, query, files))
        return {
            "object": "vector_store.search_results.page",
            "search_query": [query],
            "data": best,
            "has_more": len(results) > len(best),
            "next_page": None,
        }

    def _words(self, text: str) -> set[str]:
        words = set(_WORD.findall(text.lower())) - _EMPTY
        return {self.synonyms.get(word, word) for word in words}


def _passes(shelved: Shelved, filters: Any) -> bool:
    """Of the filters only those that are used; any other would pass unseen otherwise."""
    if filters is None:
        return True
    value = shelved.attributes.get(filters["key"])
    held: dict[str, Callable[[], bool]] = {
        "eq": lambda: bool(value == filters["value"]),
        "in": lambda: value in filters["value"],
    }
    if filters["type"] not in held:
        raise ApiError(f"No such filter here: {filters['type']}", param="filters")
    return held[filters["type"]]()
