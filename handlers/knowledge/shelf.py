"""Files on their way to being documents: fetched, read, and kept for a chat."""

import hashlib
from dataclasses import dataclass

from handlers.errors import NothingToDoError
from handlers.media.documents.studio import DocumentStudio, PagePicture, short_name
from handlers.media.documents.values import SCAN, Document
from handlers.media.threads import run_to_end
from handlers.messages import Attachment, ChatKey
from handlers.ports.documents import DocumentStore, KeptDocument, KeptPassage, NewDocument
from handlers.texts import say
from handlers.turn import Turn

MAX_LEARNED = 100
MAX_PASSAGES = 20_000
"""Of what is learned, in one chat or for all: ten documents as long as any can be."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that was read."""

    name: str
    sha256: str
    size_bytes: int
    document: Document
    pictures: tuple[PagePicture, ...] = ()
    """Of the pages that were asked for, if the document is a scan."""

    @property
    def is_scan(self) -> bool:
        return self.document.kind == SCAN


class Shelf:
    def __init__(self, studio: DocumentStudio, store: DocumentStore) -> None:
        self._studio = studio
        self._store = store

    async def open(
        self, turn: Turn, attachment: Attachment, pages: tuple[int, ...] = (), side: int = 0
    ) -> Opened:
        """PersonError if it cannot be read. ``pages`` are drawn if it has no text of its own."""
        name = short_name(attachment.name)
        async with turn.downloaded(attachment) as data:
            sha256 = await run_to_end(_digest, data)
            document = await self._studio.read(data, name)
            pictures = []
            if document.kind == SCAN and pages:
                pictures = await self._studio.draw(data, name, pages, side)
        return Opened(name, sha256, len(data), document, tuple(pictures))

    async def keep(
        self,
        turn: Turn,
        opened: Opened,
        *,
        is_for_all: bool = False,
        chat: ChatKey | None = None,
    ) -> KeptDocument:
        """Neither learned nor recent yet; a file that is there already is not kept twice.

        ``chat``: for whom, if not for the turn's.
        """
        document = opened.document
        passages = tuple(KeptPassage(p.label, p.text, p.words) for p in document.passages)
        return await self._store.keep(
            chat or turn.message.chat,
            NewDocument(
                sha256=opened.sha256,
                name=opened.name,
                unit=document.unit,
                count=document.count,
                size_bytes=opened.size_bytes,
                is_cut=document.is_cut,
                passages=passages,
            ),
            turn.message.sender,
            is_for_all=is_for_all,
        )

    async def require_room(self, chat: ChatKey, opened: Opened, *, is_for_all: bool) -> None:
        """NothingToDoError if so much was learned already that this does not fit."""
        learned = [
            one
            for one in await self._store.in_reach(chat)
            if one.is_learned and one.is_for_all is is_for_all
        ]
        passages = sum(one.passages for one in learned) + len(opened.document.passages)
        if len(learned) >= MAX_LEARNED or passages > MAX_PASSAGES:
            raise NothingToDoError("learned_too_much")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def size_words(unit: str, count: int, is_cut: bool = False) -> str:
    """``12 pages``; empty if nothing was counted."""
    if not unit:
        return say("document_beginning") if is_cut else ""
    told = say(f"unit_{unit}" if count == 1 else f"units_{unit}", count=count)
    return f"{told}, {say('document_beginning')}" if is_cut else told
