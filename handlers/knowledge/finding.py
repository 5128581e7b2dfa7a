"""Finding again what was said in a chat: by words, and by meaning where the server can tell it."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import structlog

from handlers.errors import (
    ContentRefusedError,
    ParleyError,
    QuestionTooLongError,
    RouteMissingError,
    ServiceRejectedError,
)
from handlers.messages import ChatKey, UsageEntry
from handlers.ports.models import Embedder
from handlers.ports.stores import Lesson, Recalled, RecallStore
from handlers.turn import Turn

log = structlog.get_logger(__name__)

FUSION = 60
"""Of reciprocal rank fusion: how little it matters to be first rather than second."""
CANDIDATES = 50
LESSON = 32
"""Exchanges whose meaning is asked for in one request."""
LESSONS_AFTER_SEARCH = 10
CLIP_CHARACTERS = 4_000
"""Of a question or an answer: what it is about stands at its beginning."""
PATIENCE_S = 5.0
"""Who searches waits no longer for meanings, and is shown what the words find."""
LEFT_ALONE_S = 60.0
"""After it failed in a search the service is not asked by the next ones."""
HARMLESS = "hello"
REFUSALS = (QuestionTooLongError, ContentRefusedError, ServiceRejectedError)
"""For what was sent, at least by what the service says."""

Handler = Callable[[Turn], Awaitable[None]]


class Finding:
    """Fills the port HistorySearch."""

    def __init__(
        self,
        store: RecallStore,
        embedder: Embedder | None,
        patience_s: float = PATIENCE_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``embedder`` None: only words are searched, and nothing is asked of the service."""
        self._store = store
        self._embedder = embedder
        self._patience_s = patience_s
        self._now = now
        self._left_alone_until = -math.inf
        self._busy: set[ChatKey] = set()

    async def search(
        self, chat: ChatKey, words: str, limit: int, spent: Callable[[UsageEntry], None]
    ) -> tuple[Recalled, ...]:
        """As the port says."""
        ids = await self.find(chat, words, spent)
        return await self._store.read(chat, ids[:limit], words)

    async def find(
        self, chat: ChatKey, words: str, spent: Callable[[UsageEntry], None]
    ) -> tuple[int, ...]:
        """Ids of exchanges, the best first. ``spent`` is told what it cost."""
        if not words.strip():
            return ()
        worded = await self._store.by_words(chat, words, CANDIDATES)
        return fused(worded, await self._by_meaning(chat, words, spent))

    async def _by_meaning(
        self, chat: ChatKey, words: str, spent: Callable[[UsageEntry], None]
    ) -> tuple[int, ...]:
        if self._embedder is None or self._now() < self._left_alone_until:
            return ()
        try:
            async with asyncio.timeout(self._patience_s):
                asked = await self._embedder.embed([words])
        except RouteMissingError:
            self._stop_asking()
            return ()
        except (TimeoutError, ParleyError) as error:
            self._left_alone_until = self._now() + LEFT_ALONE_S
            log.warning("searched by words only", error=type(error).__name__, detail=str(error))
            return ()
        for entry in asked.usage:
            spent(entry)
        return await self._store.by_meaning(chat, asked.vectors[0], asked.model, CANDIDATES)

    # ------------------------------------------------------------ learning what was said

    def then_learn(self, handler: Handler) -> Handler:
        """The handler; what it left in the history is learned once it is done."""

        async def run(turn: Turn) -> None:
            await handler(turn)
            if turn.exchange_id:
                turn.background(self.learn(turn.message.chat))

        return run

    async def learn(self, chat: ChatKey, lessons: int = 1) -> None:
        """Ask for the meaning of what has none yet: what is new, then what is old, in batches."""
        if self._embedder is None or chat in self._busy:
            return
        self._busy.add(chat)
        try:
            for _ in range(lessons):
                if not await self._learn_some(chat, self._embedder):
                    break
        except RouteMissingError:
            self._stop_asking()
        except ParleyError as error:
            log.warning("not learned this time", chat=str(chat), error=type(error).__name__)
        finally:
            self._busy.discard(chat)

    async def _learn_some(self, chat: ChatKey, embedder: Embedder) -> bool:
        lesson = await self._store.unlearned(chat, embedder.model, LESSON)
        if lesson is None:
            return False
        if not lesson.exchanges:
            await self._store.learn(chat, lesson, (), ())
            return True
        try:
            made = await embedder.embed([_gist(one) for one in lesson.exchanges])
        except REFUSALS:
            await self._learn_one_by_one(chat, lesson, embedder)
        else:
            await self._store.learn(chat, lesson, made.vectors, made.usage)
        self._left_alone_until = -math.inf
        return True

    async def _learn_one_by_one(self, chat: ChatKey, lesson: Lesson, embedder: Embedder) -> None:
        """What alone is refused too is passed over, so that it does not keep back all the rest."""
        taken: list[Recalled] = []
        vectors: list[bytes] = []
        usage: list[UsageEntry] = []
        try:
            # A server that refuses this too refuses everything: nothing is passed over.
            usage += (await embedder.embed([HARMLESS])).usage
            for one in lesson.exchanges if len(lesson.exchanges) > 1 else ():
                try:
                    made = await embedder.embed([_gist(one)])
                except REFUSALS as refusal:
                    log.warning("passed over", exchange=one.exchange.id, detail=str(refusal))
                    continue
                taken.append(one)
                vectors += made.vectors
                usage += made.usage
        except ParleyError:
            await self._store.spend(chat, usage)
            raise
        await self._store.learn(chat, replace(lesson, exchanges=tuple(taken)), vectors, usage)

    def _stop_asking(self) -> None:
        log.info("the service tells no meanings: searches are by words only")
        self._embedder = None


def fused(*rankings: Sequence[int]) -> tuple[int, ...]:
    """One ranking of several: what stands high in any is high, what stands in more is higher."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for place, one in enumerate(ranking, start=1):
            scores[one] = scores.get(one, 0.0) + 1 / (FUSION + place)
    return tuple(sorted(scores, key=lambda one: scores[one], reverse=True))


def _gist(one: Recalled) -> str:
    exchange = one.exchange
    texts = (exchange.question, exchange.answer)
    return "\n".join(text[:CLIP_CHARACTERS] for text in texts if text) or exchange.quote
