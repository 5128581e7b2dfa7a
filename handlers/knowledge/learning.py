"""Files that questions are answered from, for a chat, for all, or for an assistant."""

from collections.abc import Sequence

from handlers.errors import ParleyError, PersonError
from handlers.knowledge.retrieval import Retrieval
from handlers.knowledge.shelf import Opened, Shelf, size_words
from handlers.messages import Attachment, ChatKey, IncomingMessage
from handlers.ports.documents import DocumentStore, KeptDocument
from handlers.ports.platforms import Activity
from handlers.texts import say
from handlers.turn import Turn


class Learning:
    def __init__(self, shelf: Shelf, store: DocumentStore, retrieval: Retrieval) -> None:
        self._shelf = shelf
        self._store = store
        self._retrieval = retrieval

    async def learn(
        self,
        turn: Turn,
        files: Sequence[Attachment],
        chat: ChatKey,
        *,
        is_for_all: bool = False,
        told: str = "learned",
    ) -> list[str]:
        """A line for people about each file. PersonError if there is one and it cannot be read.

        ``chat``: whose documents they become, unless they are for all. ``told``: the line's key.
        """
        lines: list[str] = []
        with turn.stoppable():
            async with turn.reply.working(Activity.WRITING):
                for file in files:
                    try:
                        learned = await self._learn(turn, file, chat, told, is_for_all=is_for_all)
                        lines.append(learned)
                    except PersonError as refusal:
                        if len(files) == 1:
                            raise
                        lines.append(_told(refusal))
        return lines

    async def names(self, chat: ChatKey) -> tuple[str, ...]:
        """Of what was learned for it alone."""
        known = await self._store.in_reach(chat)
        return tuple(one.name for one in known if not one.is_for_all)

    async def forget(self, chat: ChatKey) -> None:
        """All that was learned for it alone."""
        known = await self._store.in_reach(chat)
        own = [one.id for one in known if not one.is_for_all]
        await self.erase(chat, own, for_all=False)

    async def erase(self, chat: ChatKey, document_ids: Sequence[int], *, for_all: bool) -> int:
        """As DocumentStore.forget, and wherever else they are."""
        erased = await self._store.forget(chat, document_ids, for_all=for_all)
        self._retrieval.forgotten()
        return erased

    async def _learn(
        self, turn: Turn, file: Attachment, chat: ChatKey, told: str, *, is_for_all: bool
    ) -> str:
        opened = await self._shelf.open(turn, file)
        if opened.is_scan:
            return say("learn_scan", name=opened.name)
        known = await self._store.find(chat, opened.sha256, is_for_all=is_for_all)
        if known is not None and known.is_learned:
            return say("learned_before", name=known.name)
        await self._shelf.require_room(chat, opened, is_for_all=is_for_all)
        document = await self._shelf.keep(turn, opened, is_for_all=is_for_all, chat=chat)
        is_prepared = await self._prepare(turn, document, chat)
        # Only now: who stops it half-way does not have half of it answer.
        await self._store.learn(chat, document.id)
        return _learned_line(document, opened, told, is_prepared=is_prepared)

    async def _prepare(self, turn: Turn, document: KeptDocument, chat: ChatKey) -> bool:
        """Whether it can be found by what it means."""

        def uploading() -> None:
            turn.reply.show(say("document_uploading", name=document.name))

        async def progress(done: int, total: int) -> None:
            text = say("document_reading", name=document.name, done=done, total=total)
            turn.reply.show(text)

        if await self._retrieval.host(document, chat, uploading):
            return True
        await self._retrieval.prepare(turn, document, progress=progress)
        return await self._retrieval.is_prepared(document)


def _learned_line(document: KeptDocument, opened: Opened, told: str, *, is_prepared: bool) -> str:
    size = size_words(document.unit, document.count, document.is_cut)
    lines = [say(told, name=document.name, about=f" ({size})" if size else "")]
    if unread := opened.document.unread:
        lines.append(say("learned_unread", names=", ".join(unread[:5])))
    if not is_prepared:
        lines.append(say("learned_by_words"))
    return " ".join(lines)


def files_of(message: IncomingMessage) -> list[Attachment]:
    """Those that came along, else those of the message that was replied to."""
    own = [one for one in message.attachments if one.kind.is_read]
    quoted = message.quoted.attachments if message.quoted is not None else ()
    return own or [one for one in quoted if one.kind.is_read]


def _told(refusal: ParleyError) -> str:
    return say(refusal.text_key, **refusal.values)
