"""Learned documents at the service: brought there, searched there, and removed there.

What is brought is the text of the passages that are kept here, with marks in it. The service cuts
it as it likes; by the marks, what it finds are passages again, whose texts and pages are taken from
here. So nothing that it answers can bring a passage into a question that the chat does not keep.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from handlers.errors import (
    HostedGoneError,
    RouteMissingError,
    ServiceError,
    ServiceRejectedError,
    StorageError,
)
from handlers.media.threads import run_to_end
from handlers.messages import ChatKey
from handlers.ports.documents import (
    DocumentStore,
    Hit,
    HostedFile,
    HostedSearch,
    HostedState,
    HostedStore,
    KeptDocument,
    KeptPassage,
)
from handlers.ports.machine import Clock

log = structlog.get_logger(__name__)

BATCH = 200
PIECE = 300
"""Characters between two marks: in any script less than the service puts into one chunk."""
LAZILY = 1
"""Documents that one question waits for: those that were learned before this was switched on."""
AGAIN_S = 600.0
"""After a failure no question waits for a document for so long."""
UNFINISHED_S = 3600.0
SWEEP_EVERY_S = 3600.0
_MARK = re.compile(r"\[(?:[^\[\]\n]{1,200} )?#(\d{1,7})\]")
_IN_MARKS = str.maketrans("[]\n", "() ")


@dataclass(slots=True)
class HostedHits:
    hits: list[Hit] = field(default_factory=list)
    """The best first."""
    searched: set[int] = field(default_factory=set)
    """Documents in which nothing else is like the question."""
    hosted: set[int] = field(default_factory=set)
    """Those that are there, be it that the search failed for now."""


class HostedDocuments:
    def __init__(
        self,
        service: HostedSearch,
        documents: DocumentStore,
        store: HostedStore,
        clock: Clock,
        *,
        is_chosen: bool,
    ) -> None:
        """``is_chosen`` False: what is at the service is removed there, by ``keep_tidy``."""
        self._service = service
        self._documents = documents
        self._store = store
        self._clock = clock
        self._is_chosen = is_chosen
        self._is_missing = False
        self._not_before = float("-inf")
        self._is_untidy = asyncio.Event()

    @property
    def is_used(self) -> bool:
        """Whether documents go there: not where the server turned out to have no such thing."""
        return self._is_chosen and not self._is_missing

    # ------------------------------------------------------------ bringing

    async def bring(self, document: KeptDocument, chat: ChatKey) -> bool:
        """Whether it can be searched there now. ``chat``: whose it is, unless it is for all."""
        if not self.is_used:
            return False
        known = await self._known(chat)
        if document.id in known and known[document.id].state is not HostedState.PENDING:
            return known[document.id].state is HostedState.READY
        try:
            return await self._bring(document, chat)
        except RouteMissingError as missing:
            self._remember_missing(missing)
        except ServiceError as failure:
            self._not_before = self._clock.now() + AGAIN_S
            await self._store.drop_file(document.id)
            log.warning("not hosted for now", error=type(failure).__name__, why=str(failure))
        finally:
            # It may have been elsewhere before, or half there.
            self.tidy_soon()
        return False

    async def _bring(self, document: KeptDocument, chat: ChatKey) -> bool:
        shelf = await self._shelf(document, chat)
        text = await self._text(document, chat)
        file = await self._service.upload(f"{document.name}.txt", text)
        # Before anything else can end it: what is not remembered stays there for ever.
        if not await self._store.save_file(document.id, shelf, file):
            return False
        try:
            is_ready = await self._service.add(shelf, file, document.id)
        except HostedGoneError:
            await self._store.drop_shelf(shelf)
            raise
        if is_ready:
            return await self._store.set_ready(document.id, file)
        log.warning("the service can do nothing with a document", document=document.id)
        await self._store.refuse(document.id, file)
        return False

    async def _shelf(self, document: KeptDocument, chat: ChatKey) -> str:
        """The vector store of whose document it is."""
        for_all = document.is_for_all
        there = await self._store.shelf(chat, is_for_all=for_all)
        if there:
            return there
        made = await self._service.open()
        return await self._store.save_shelf(chat, made, is_for_all=for_all)

    async def _text(self, document: KeptDocument, chat: ChatKey) -> bytes:
        passages: dict[int, KeptPassage] = {}
        for first in range(0, document.passages, BATCH):
            places = range(first, min(first + BATCH, document.passages))
            passages |= await self._documents.passages(chat, document.id, places)
        return await run_to_end(marked, passages)

    def _remember_missing(self, missing: RouteMissingError) -> None:
        self._is_missing = True
        log.warning("documents are searched here: the server cannot", reason=str(missing))

    async def holds(self, document: KeptDocument, chat: ChatKey) -> bool:
        if not self.is_used:
            return False
        known = (await self._known(chat)).get(document.id)
        return known is not None and known.state is HostedState.READY

    async def _known(self, chat: ChatKey) -> dict[int, HostedFile]:
        return {one.document_id: one for one in await self._store.files(chat)}

    # ------------------------------------------------------------ searching

    async def search(
        self, question: str, documents: Sequence[KeptDocument], limit: int, chat: ChatKey
    ) -> HostedHits:
        """Of those of ``documents`` that are there; nothing of any other."""
        found = HostedHits()
        if not self.is_used:
            return found
        await self._bring_late(documents, chat)
        files = [one for one in await self._store.files(chat) if one.state is HostedState.READY]
        wanted = {document.id for document in documents}
        for store in dict.fromkeys(one.store for one in files):
            shelved = {one.file: one.document_id for one in files if one.store == store}
            asked = {file: number for file, number in shelved.items() if number in wanted}
            if not asked:
                continue
            found.hosted |= set(asked.values())
            only = None if asked == shelved else sorted(asked.values())
            try:
                chunks = await self._service.search(store, question, limit, only)
            except HostedGoneError as gone:
                log.warning("documents are gone at the service", reason=str(gone))
                await self._store.drop_shelf(store)
                self.tidy_soon()
                found.hosted -= set(asked.values())
            except RouteMissingError as missing:
                self._remember_missing(missing)
                return HostedHits()
            except ServiceError as failure:
                log.warning("searched by words for now", error=type(failure).__name__)
            else:
                found.searched |= set(asked.values())
                for chunk in chunks:
                    if chunk.file in asked:
                        found.hits += _hits(asked[chunk.file], chunk.text, chunk.score)
        found.hits = _best(found.hits)
        return found

    async def _bring_late(self, documents: Sequence[KeptDocument], chat: ChatKey) -> None:
        known = await self._known(chat)
        late = [one for one in documents if one.is_learned and one.id not in known]
        for document in late[:LAZILY]:
            if self._clock.now() >= self._not_before:
                await self.bring(document, chat)

    # ------------------------------------------------------------ removing

    def tidy_soon(self) -> None:
        """Something may be there for nobody."""
        self._is_untidy.set()

    async def keep_tidy(self) -> None:
        """Remove there what is erased here: at once, at the start, and hourly. Never ends."""
        while True:
            self._is_untidy.clear()
            try:
                await self._tidy()
            except (ServiceError, StorageError) as failure:
                log.warning("what was forgotten is still at the service", detail=str(failure))
            try:
                async with asyncio.timeout(SWEEP_EVERY_S):
                    await self._is_untidy.wait()
            except TimeoutError:
                continue

    async def _tidy(self) -> None:
        if self._is_chosen:
            await self._store.drop_unfinished(self._clock.now() - UNFINISHED_S)
        else:
            await self._store.drop_all()
        while rubbish := await self._store.rubbish(BATCH):
            for one in rubbish:
                try:
                    await self._service.remove(one)
                except ServiceRejectedError as refusal:
                    # It would be refused for ever, and keep the others from being removed.
                    log.warning("not removed at the service", id=one.id, reason=str(refusal))
                await self._store.removed([one.id])


def marked(passages: dict[int, KeptPassage]) -> bytes:
    """The text that is brought there: passages in order, with marks by which they are known."""
    lines: list[str] = []
    for place, passage in sorted(passages.items()):
        label = passage.label.translate(_IN_MARKS)[:150].strip()
        mark = f"[{label} #{place}]" if label else f"[#{place}]"
        for at in range(0, len(passage.text), PIECE):
            lines += [mark, passage.text[at : at + PIECE]]
    return "\n".join(lines).encode()


def _hits(document_id: int, text: str, score: float) -> list[Hit]:
    """The passages whose marks stand in a chunk. A mark that a document forged names another
    passage of the same document, at worst."""
    places = dict.fromkeys(int(number) for number in _MARK.findall(text))
    return [Hit(document_id, place, score) for place in places]


def _best(hits: Sequence[Hit]) -> list[Hit]:
    """Each passage once: chunks overlap."""
    best: dict[tuple[int, int], Hit] = {}
    for hit in hits:
        known = best.get((hit.document_id, hit.place))
        if known is None or known.score < hit.score:
            best[hit.document_id, hit.place] = hit
    return sorted(best.values(), key=lambda hit: -hit.score)
