"""Documents within a question: those that came with it, and those that the chat keeps."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

from handlers.knowledge.kept_documents import MAX_FOUND, PASSAGE_MARGIN, KeptDocuments
from handlers.knowledge.retrieval import Retrieval
from handlers.knowledge.shelf import Opened, Shelf, size_words
from handlers.messages import Attachment, AttachmentKind, MediaRef
from handlers.pictures.vision import Vision
from handlers.ports.documents import DocumentStore, KeptDocument, KeptPassage
from handlers.ports.machine import Clock
from handlers.ports.platforms import Activity
from handlers.prompts import documents as prompts
from handlers.prompts.documents import Given, Part
from handlers.texts import say
from handlers.turn import Turn

Value = TypeVar("Value")

WHOLE_SHARE = 2
"""Half of the budget: documents that fit into it are given whole, the others by passages."""
PASSAGES_SHARE = 4
"""At least so much of it for passages of what came with the question."""
RECENT_S = 24 * 3600.0
MAX_DRAWN = 6
DRAWN_SIDE = 1536
"""Pixels: print of 10 points can be read on an A4 page."""
MAX_ASKED_PAGES = 8
_STEP = "documents"
_PAGES = re.compile(
    r"(?:\b(?:page|pages|pp?\.|slide|seiten?|s\.|folie|p[áa]ginas?|p[áa]g\.|diapositiva|pagina"
    r"|стр\.|страниц[аеуы]?|слайд)\s*(\d{1,4}))|(?:第\s*(\d{1,4})\s*[页頁張张])"
    r"|(\d{1,4})\s*(?:쪽|페이지|ページ)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Read:
    """What a question is given of documents."""

    note: str = ""
    """Stands before the question."""
    media: tuple[MediaRef, ...] = ()
    """Pages that have no text, as pictures."""


@dataclass(frozen=True, slots=True)
class _File:
    opened: Opened
    where: str
    tokens: int
    """Of the whole text; 0 if it is a scan or too long to be given whole."""


class Reading:
    def __init__(
        self,
        *,
        shelf: Shelf,
        store: DocumentStore,
        retrieval: Retrieval,
        vision: Vision,
        kept: KeptDocuments,
        clock: Clock,
        budget_tokens: int,
        count: Callable[[str], int],
    ) -> None:
        """``budget_tokens``: of one question with what it is asked about; ``count`` tells the
        tokens of a text."""
        self._shelf = shelf
        self._store = store
        self._retrieval = retrieval
        self._vision = vision
        self._kept = kept
        self._clock = clock
        self._budget_tokens = budget_tokens
        self._count = count

    async def take_words(self, turn: Turn) -> None:
        """What a platform made a file of, for it was too long for a message, becomes the words.

        What is too long for a question, too, stays a file, to be read as any document.
        """
        message = turn.message
        pasted = [a for a in message.attachments if a.kind is AttachmentKind.PASTE]
        if len(pasted) != 1 or message.text:
            return
        async with turn.downloaded(pasted[0]) as data:
            if len(data) > 8 * self._budget_tokens:
                return
            words = data.decode("utf-8-sig", "replace").strip()
        if words and self._count(words) <= self._budget_tokens // WHOLE_SHARE:
            rest = tuple(a for a in message.attachments if a is not pasted[0])
            turn.message = replace(message, text=words, attachments=rest)

    async def read(
        self,
        turn: Turn,
        words: str,
        own: Sequence[Attachment],
        quoted: Sequence[Attachment],
        first_picture: int,
    ) -> Read:
        """What is given of ``own`` and ``quoted`` and of what the chat keeps.

        ``first_picture``: the number that the next picture of the question has. PersonError if a
        file cannot be read. Found again after a crash, so that nothing is paid twice.
        """
        known = turn.step(_STEP)
        if known is not None:
            told = json.loads(known)
            return Read(told["note"], tuple(MediaRef(**ref) for ref in told["media"]))
        if own or quoted:
            async with turn.reply.working(Activity.WRITING):
                found = await self._attached(turn, words, own, quoted, first_picture)
        else:
            note = await self._kept.passages(turn, words, frozenset())
            if note is None:
                return Read()
            found = Read(note)
        media = [asdict(ref) for ref in found.media]
        await turn.save_step(_STEP, json.dumps({"note": found.note, "media": media}))
        return found

    # ------------------------------------------------------------ what came with it

    async def _attached(
        self,
        turn: Turn,
        words: str,
        own: Sequence[Attachment],
        quoted: Sequence[Attachment],
        first_picture: int,
    ) -> Read:
        pages = tuple(asked_pages(words)) or tuple(range(1, MAX_DRAWN + 1))
        files: list[_File] = []
        for number, attachment in enumerate((*own, *quoted)):
            opened = await self._shelf.open(turn, attachment, pages[:MAX_DRAWN], DRAWN_SIDE)
            where = prompts.OWN if number < len(own) else prompts.QUOTED
            files.append(_File(opened, where, self._tokens(opened)))
        whole = self._whole(files)
        left = self._budget_tokens // WHOLE_SHARE - sum(file.tokens for file in whole)
        long = [one for one in files if one not in whole and not one.opened.is_scan]
        share = max(left, self._budget_tokens // PASSAGES_SHARE) // max(1, len(long))
        notes: list[str] = []
        media: list[MediaRef] = []
        for file in files:
            if file.opened.is_scan:
                refs = [await self._vision.keep(one.jpeg) for one in file.opened.pictures]
                notes.append(await self._scan(turn, file, first_picture + len(media)))
                media += refs
            else:
                document = await self._keep(turn, file)
                if file in whole:
                    notes.append(_whole_note(file))
                else:
                    notes.append(await self._long_note(turn, words, file, document, share))
        attached = frozenset(file.opened.sha256 for file in files)
        notes += filter(None, [await self._kept.passages(turn, words, attached)])
        note = "\n".join(notes) if words else prompts.without_question(notes)
        return Read(note, tuple(media))

    def _tokens(self, opened: Opened) -> int:
        return sum(self._count(one.text) + PASSAGE_MARGIN for one in opened.document.sections)

    def _whole(self, files: Sequence[_File]) -> list[_File]:
        """As many as there is room for, the short ones first."""
        room = self._budget_tokens // WHOLE_SHARE
        fitting: list[_File] = []
        for file in sorted(files, key=lambda one: one.tokens):
            if file.tokens and file.tokens <= room:
                fitting.append(file)
                room -= file.tokens
        return fitting

    async def _keep(self, turn: Turn, file: _File) -> KeptDocument:
        """For the questions that follow."""
        document = await self._shelf.keep(turn, file.opened)
        until = self._clock.now() + RECENT_S
        await self._store.set_recent(turn.message.chat, [document.id], until)
        return document

    async def _scan(self, turn: Turn, file: _File, first_picture: int) -> str:
        opened = file.opened
        shown = [picture.page for picture in opened.pictures]
        listed = ", ".join(map(str, shown))
        line = say("document_scan", name=opened.name, pages=listed, total=opened.document.count)
        await turn.reply.line(f"scan {opened.sha256[:8]}", line)
        return prompts.scanned(file.where, opened.name, opened.document.count, shown, first_picture)

    async def _long_note(
        self, turn: Turn, words: str, file: _File, document: KeptDocument, room: int
    ) -> str:
        """The parts that fit the question best; those from all over it where none fits."""
        best: list[tuple[int, KeptPassage]] = []
        if words:
            await self._prepare(turn, document)
            found = await self._retrieval.search(turn, words, [document], MAX_FOUND)
            fitting = [one for one in found if one.is_over(self._kept.recent_bar)]
            best = await self._on_asked_pages(turn, words, document)
            taken = {place for place, _ in best}
            best += [(one.place, one.passage) for one in fitting if one.place not in taken]
        chosen = self._fill(best, room)
        if not chosen:
            chosen = await self._spread(turn, document, room)
        if document.is_cut:
            line = say("document_cut", name=document.name)
            await turn.reply.line(f"cut {document.sha256[:8]}", line)
        given = Given(
            name=document.name,
            sha256=document.sha256,
            size=size_words(document.unit, document.count),
            parts=_parts(chosen),
            is_whole=False,
            is_spread=not best,
            is_cut=document.is_cut,
        )
        return prompts.attached(file.where, given)

    async def _prepare(self, turn: Turn, document: KeptDocument) -> None:
        async def progress(done: int, total: int) -> None:
            if done:
                text = say("document_reading", name=document.name, done=done, total=total)
                turn.reply.show(text)

        await self._retrieval.prepare(turn, document, progress=progress)

    async def _on_asked_pages(
        self, turn: Turn, words: str, document: KeptDocument
    ) -> list[tuple[int, KeptPassage]]:
        pages = asked_pages(words)
        labels = [label.format(page) for page in pages for label in ("p. {}", "slide {}")]
        if not labels:
            return []
        chat = turn.message.chat
        places = await self._store.labelled(chat, document.id, labels, MAX_FOUND)
        return sorted((await self._store.passages(chat, document.id, places)).items())

    async def _spread(
        self, turn: Turn, document: KeptDocument, room: int
    ) -> list[tuple[int, KeptPassage]]:
        """Its beginning, its end, and parts at equal distances between them."""
        chat = turn.message.chat
        places = _evenly(range(document.passages), MAX_FOUND)
        found = sorted((await self._store.passages(chat, document.id, places)).items())
        total = sum(self._cost(passage) for _, passage in found)
        fitting = len(found) if total <= room else max(1, len(found) * room // total)
        return self._fill(_evenly(found, fitting), room)

    def _fill(
        self, passages: Sequence[tuple[int, KeptPassage]], room: int
    ) -> list[tuple[int, KeptPassage]]:
        """The first of them that there is room for, in the order of reading; always the first."""
        chosen: list[tuple[int, KeptPassage]] = []
        for place, passage in passages:
            cost = self._cost(passage)
            if chosen and cost > room:
                continue
            chosen.append((place, passage))
            room -= cost
        return sorted(chosen, key=lambda one: one[0])

    def _cost(self, passage: KeptPassage) -> int:
        return self._count(passage.text) + PASSAGE_MARGIN


def asked_pages(words: str) -> list[int]:
    """The pages that a question names by their numbers."""
    numbers = (next(filter(None, found)) for found in _PAGES.findall(words))
    return list(dict.fromkeys(map(int, numbers)))[:MAX_ASKED_PAGES]


def _whole_note(file: _File) -> str:
    document = file.opened.document
    given = Given(
        name=file.opened.name,
        sha256=file.opened.sha256,
        size=size_words(document.unit, document.count),
        parts=[Part(one.label, one.text) for one in document.sections],
        is_cut=document.is_cut,
    )
    return prompts.attached(file.where, given)


def _parts(chosen: Sequence[tuple[int, KeptPassage]]) -> list[Part]:
    return [Part(passage.label, passage.text) for _, passage in chosen]


def _evenly(values: Sequence[Value], count: int) -> list[Value]:
    """So many of them, the first and the last among them, at equal distances."""
    if count >= len(values):
        return list(values)
    if count == 1:
        return [values[0]]
    return [values[number * (len(values) - 1) // (count - 1)] for number in range(count)]
