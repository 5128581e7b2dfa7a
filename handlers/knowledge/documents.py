"""/learn and /files: documents that questions are answered from, here or everywhere."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from handlers.commands import wrong_arguments
from handlers.errors import NothingToDoError
from handlers.knowledge.learning import Learning, files_of
from handlers.knowledge.shelf import size_words
from handlers.media.sizes import human_size
from handlers.menus import in_rows
from handlers.messages import Button, IncomingMessage
from handlers.ports.documents import DocumentStore, KeptDocument
from handlers.texts import say
from handlers.turn import Turn

PER_PAGE = 10
PER_ROW = 5


class Documents:
    def __init__(
        self,
        learning: Learning,
        store: DocumentStore,
        is_owner: Callable[[IncomingMessage], bool],
    ) -> None:
        self._learning = learning
        self._store = store
        self._is_owner = is_owner

    # ------------------------------------------------------------ /learn

    async def learn(self, turn: Turn) -> None:
        """/learn [all], with files or as a reply to some."""
        scope = turn.message.text.strip().lower()
        if scope not in ("", "all", "here"):
            raise wrong_arguments("learn")
        is_for_all = scope == "all"
        if is_for_all:
            self._require_owner(turn)
        files = files_of(turn.message)
        if not files:
            raise NothingToDoError("learn_how")
        told = "learned_for_all" if is_for_all else "learned"
        lines = await self._learning.learn(
            turn, files, turn.message.chat, is_for_all=is_for_all, told=told
        )
        # In the place of the progress that was shown.
        await turn.reply.tell("\n".join(lines))

    def _require_owner(self, turn: Turn) -> None:
        if not self._is_owner(turn.message):
            raise NothingToDoError("owners_only")

    # ------------------------------------------------------------ /files

    async def files(self, turn: Turn) -> None:
        """/files [page] and /files forget name|all"""
        action, rest = (*turn.message.text.split(maxsplit=1), "", "")[:2]
        if action.lower() == "forget" and rest.strip():
            await self._forget(turn, rest.strip())
        elif not action or (action.isascii() and action.isdigit() and len(action) < 4):
            await self._list(turn, int(action or 1))
        else:
            raise wrong_arguments("files")

    async def _list(self, turn: Turn, page: int, before: str = "") -> None:
        documents = await self._store.in_reach(turn.message.chat)
        if not documents:
            lines = [before, say("files_none")]
            await turn.reply.menu("\n".join(filter(None, lines)), ())
            return
        first = min(max(page - 1, 0), (len(documents) - 1) // PER_PAGE) * PER_PAGE
        shown = list(enumerate(documents, 1))[first : first + PER_PAGE]
        lines = [before, say("files"), *(_line(number, one) for number, one in shown)]
        is_owner = self._is_owner(turn.message)
        buttons = [
            Button(say("files_button_forget", number=number), f"files forget #{one.id}")
            for number, one in shown
            if is_owner or not one.is_for_all
        ]
        rows = in_rows(buttons, PER_ROW)
        if len(documents) > PER_PAGE:
            following = first // PER_PAGE + 2 if first + PER_PAGE < len(documents) else 1
            rows = (*rows, (Button(say("files_button_more"), f"files {following}"),))
        await turn.reply.menu("\n".join(filter(None, lines)), rows)

    async def _forget(self, turn: Turn, named: str) -> None:
        """``named``: a name, ``all`` of this chat, or ``#`` and the id that a button carries."""
        chat = turn.message.chat
        documents = await self._store.in_reach(chat)
        meant = _meant(documents, named)
        if not meant:
            raise NothingToDoError("files_unknown")
        is_owner = self._is_owner(turn.message)
        if not is_owner and all(one.is_for_all for one in meant):
            raise NothingToDoError("owners_only")
        count = await self._learning.erase(chat, [one.id for one in meant], for_all=is_owner)
        told = say("document_one") if count == 1 else say("documents_many", count=count)
        await self._list(turn, 1, say("files_forgotten", count=told))


def _meant(documents: Sequence[KeptDocument], named: str) -> list[KeptDocument]:
    if named.startswith("#"):
        return [one for one in documents if str(one.id) == named[1:]]
    if named.lower() == "all":
        return [one for one in documents if not one.is_for_all]
    return [one for one in documents if one.name.lower() == named.lower()]


def _line(number: int, document: KeptDocument) -> str:
    size = size_words(document.unit, document.count, document.is_cut)
    notes = [say("files_for_all")] if document.is_for_all else []
    notes += [] if document.is_learned else [say("files_recent")]
    return say(
        "files_line",
        number=number,
        name=document.name,
        about=", ".join(filter(None, (size, human_size(document.size_bytes)))),
        date=datetime.fromtimestamp(document.added_at, UTC).strftime("%Y-%m-%d"),
        author=document.author,
        note=f" ({', '.join(notes)})" if notes else "",
    )
