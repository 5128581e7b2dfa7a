"""Which passages of documents fit a question: by what they mean, and by their words.

A server without embeddings, or one that fails for a moment, leaves the search by words.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from handlers.errors import RouteMissingError, ServiceError
from handlers.knowledge.hosted_documents import HostedDocuments, HostedHits
from handlers.media.documents.words import asked
from handlers.media.threads import run_to_end
from handlers.media.vectors import best
from handlers.messages import ChatKey
from handlers.ports.documents import DocumentStore, Hit, KeptDocument, KeptPassage
from handlers.ports.models import Embedder
from handlers.turn import Turn

log = structlog.get_logger(__name__)

BLOCK = 512
"""Passages that are embedded, paid for and kept together."""
LAZILY = 4 * BLOCK
"""Passages of documents kept long ago that one question waits for; the rest is found by words."""
WORDS_BAR = 0.5
"""The share of the question's words that a passage must hold where meanings are not known."""
SURE_WORDS_BAR = 0.75
"""The same where they are: a passage with nearly all words is meant, whatever it is like."""
_RANK = 60
"""The usual constant of reciprocal rank fusion: it keeps one list's first from winning alone."""
_WORDS_WEIGHT = 0.9
"""Where the two lists contradict each other, the meaning decides."""

Progress = Callable[[int, int], Awaitable[None]]
"""Passages that are embedded, and all."""
Place = tuple[int, int]
"""Of a passage: document id, place in it."""


@dataclass(frozen=True, slots=True)
class Found:
    document: KeptDocument
    place: int
    passage: KeptPassage
    similarity: float | None
    """-1 to 1, by meaning; None if nothing of the document could be compared."""
    coverage: float
    """0 to 1: the share of the question's words that it holds."""

    def is_over(self, bar: float) -> bool:
        if self.similarity is None:
            return self.coverage >= WORDS_BAR
        return self.similarity >= bar or self.coverage >= SURE_WORDS_BAR


class Retrieval:
    def __init__(
        self, store: DocumentStore, embedder: Embedder, hosted: HostedDocuments | None = None
    ) -> None:
        """``hosted``: where learned documents are searched instead, as far as they are there."""
        self._store = store
        self._embedder = embedder
        self._hosted = hosted
        self._has_embeddings = True

    async def prepare(
        self,
        turn: Turn,
        document: KeptDocument,
        most: int | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Embed what of a document has no vectors of today's model; how many passages it was.

        At most ``most`` of them. What was paid for is kept at once, block by block. Nothing of what
        is searched at the service.
        """
        if self._hosted is not None and await self._hosted.holds(document, turn.message.chat):
            return 0
        missing = await self._missing(document)
        total = document.passages
        done = total - sum(count for _, count in missing)
        embedded = 0
        for first, count in missing:
            if not self._has_embeddings or (most is not None and embedded >= most):
                break
            if progress is not None:
                await progress(done + embedded, total)
            texts = await self._store.texts(document.id, first, count)
            if not texts or not await self._embed(turn, document, first, texts):
                break
            embedded += count
        return embedded

    async def host(
        self, document: KeptDocument, chat: ChatKey, progress: Callable[[], None]
    ) -> bool:
        """Whether it is searched at the service from now on, and need not be prepared here."""
        if self._hosted is None or not self._hosted.is_used:
            return False
        progress()
        return await self._hosted.bring(document, chat)

    def forgotten(self) -> None:
        """Documents were erased here: have them removed at the service."""
        if self._hosted is not None:
            self._hosted.tidy_soon()

    async def is_prepared(self, document: KeptDocument) -> bool:
        """Whether all of it can be found by what it means."""
        return not await self._missing(document)

    async def _missing(self, document: KeptDocument) -> list[tuple[int, int]]:
        blocks = await self._store.blocks(document.id, self._embedder.model)
        known = {block.first for block in blocks}
        return [
            (first, min(BLOCK, document.passages - first))
            for first in range(0, document.passages, BLOCK)
            if first not in known
        ]

    async def _embed(
        self, turn: Turn, document: KeptDocument, first: int, texts: Sequence[str]
    ) -> bool:
        try:
            made = await self._embedder.embed(texts)
        except RouteMissingError as missing:
            self._has_embeddings = False
            log.warning("documents are searched by words alone", reason=str(missing))
            return False
        except ServiceError as failure:
            log.warning("not embedded for now", error=type(failure).__name__, why=str(failure))
            return False
        chat, person = turn.message.chat, turn.message.sender.key
        await self._store.save_vectors(
            chat, document.id, first, made.vectors, made.model, made.usage, person
        )
        return True

    async def search(
        self,
        turn: Turn,
        question: str,
        documents: Sequence[KeptDocument],
        limit: int,
        chat: ChatKey | None = None,
    ) -> list[Found]:
        """Passages of ``documents``, the best first, whether they are any use or not.

        ``chat``: whose documents they are, if not the turn's.
        """
        terms = asked(question)
        if not documents or not terms:
            return []
        chat = chat or turn.message.chat
        hosted = HostedHits()
        if self._hosted is not None:
            hosted = await self._hosted.search(question, documents, 2 * limit, chat)
        here = [document for document in documents if document.id not in hosted.hosted]
        left = LAZILY
        for document in here:
            left -= await self.prepare(turn, document, left)
        by_meaning = await self._by_meaning(turn, question, here, 2 * limit)
        ids = [document.id for document in documents]
        by_words = await self._store.search(chat, ids, terms, 2 * limit)
        ranked = _fused(by_meaning, hosted.hits, by_words)[: 2 * limit]
        similar = (*by_meaning, *hosted.hits)
        similarity = {(hit.document_id, hit.place): hit.score for hit in similar}
        compared = dict.fromkeys((*hosted.searched, *(hit.document_id for hit in similar)), 0.0)
        return [
            Found(
                document=document,
                place=place,
                passage=passage,
                similarity=similarity.get((document.id, place), compared.get(document.id)),
                coverage=_coverage(terms, passage),
            )
            for document, place, passage in await self._load(chat, documents, ranked)
        ][:limit]

    async def _by_meaning(
        self, turn: Turn, question: str, documents: Sequence[KeptDocument], limit: int
    ) -> list[Hit]:
        if not documents or not self._has_embeddings:
            return []
        try:
            made = await self._embedder.embed([question])
        except RouteMissingError:
            self._has_embeddings = False
            return []
        except ServiceError as failure:
            log.warning("searched by words for now", error=type(failure).__name__)
            return []
        turn.spent(*made.usage)
        hits: list[Hit] = []
        for document in documents:
            for block in await self._store.blocks(document.id, made.model):
                data = await self._store.vectors(document.id, made.model, block.first)
                scored = await run_to_end(best, data, made.vectors[0], limit)
                hits += [Hit(document.id, block.first + place, score) for place, score in scored]
        return sorted(hits, key=lambda hit: -hit.score)[:limit]

    async def _load(
        self, chat: ChatKey, documents: Sequence[KeptDocument], ranked: Sequence[Place]
    ) -> list[tuple[KeptDocument, int, KeptPassage]]:
        loaded: dict[Place, tuple[KeptDocument, int, KeptPassage]] = {}
        for document in documents:
            places = [place for owner, place in ranked if owner == document.id]
            passages = await self._store.passages(chat, document.id, places)
            loaded |= {
                (document.id, place): (document, place, one) for place, one in passages.items()
            }
        return [loaded[key] for key in ranked if key in loaded]


def _fused(
    by_meaning: Sequence[Hit], hosted: Sequence[Hit], by_words: Sequence[Hit]
) -> list[Place]:
    """All as one list, the best first: names and numbers are found by words, else by meaning."""
    scores: dict[Place, float] = {}
    for hits, weight in ((by_meaning, 1.0), (hosted, 1.0), (by_words, _WORDS_WEIGHT)):
        for rank, hit in enumerate(hits):
            key = (hit.document_id, hit.place)
            scores[key] = scores.get(key, 0.0) + weight / (_RANK + rank)
    return sorted(scores, key=lambda key: (-scores[key], key))


def _coverage(terms: Sequence[str], passage: KeptPassage) -> float:
    """Of a single word nothing can be said: it may be anywhere by chance."""
    held = set(passage.words.split())
    share = sum(1 for term in terms if term in held) / len(terms)
    return share if len(terms) > 1 else share * WORDS_BAR
