"""What a question is given of the documents that its chat keeps: what fits it, if anything does."""

from collections.abc import Callable, Sequence

from handlers.knowledge.retrieval import Found, Retrieval
from handlers.media.documents.words import asked
from handlers.messages import ChatKey
from handlers.ports.documents import DocumentStore, KeptDocument
from handlers.ports.stores import History, HistoryStore
from handlers.prompts import documents as prompts
from handlers.prompts.documents import Given, Part
from handlers.turn import Turn

SHARE = 8
"""At most such a part of the budget is for what did not come with the question."""
PASSAGE_MARGIN = 12
"""Tokens that a label takes."""
MAX_FOUND = 60
RECENT_EASE = 0.6
"""What was asked about lately is probably meant: it need be only so similar."""
FEW_WORDS = 4
"""A question of fewer may be about the one before it: "and in winter?"."""


Shelved = tuple[ChatKey, list[KeptDocument]]
"""Whose documents, and which."""


def shelf_of(assistant_id: int) -> ChatKey:
    """Under which the documents of an assistant are kept, as those of a chat are."""
    return ChatKey("assistant", str(assistant_id))


class KeptDocuments:
    def __init__(
        self,
        store: DocumentStore,
        retrieval: Retrieval,
        history: HistoryStore,
        count: Callable[[str], int],
        *,
        budget_tokens: int,
        min_similarity: float,
    ) -> None:
        """``min_similarity``: see ``documents.min_similarity`` in config.yaml."""
        self._store = store
        self._retrieval = retrieval
        self._history = history
        self._count = count
        self._budget_tokens = budget_tokens
        self._bar = min_similarity

    @property
    def recent_bar(self) -> float:
        """How like a question a passage of what was asked about lately must be."""
        return self._bar * RECENT_EASE

    async def passages(self, turn: Turn, words: str, attached: frozenset[str]) -> str | None:
        """Passages of what was learned or asked about lately that fit the question, if any do.

        None if there was nothing to look in.
        """
        if not words:
            return None
        shelves = await self._shelves(turn, attached)
        if not shelves:
            return None
        history = await self._history.load(turn.message.chat)
        fitting = await self._fitting(turn, words, shelves, history)
        if not fitting and len(asked(words)) < FEW_WORDS and history.exchanges:
            question = f"{history.exchanges[-1].question}\n{words}"
            fitting = await self._fitting(turn, question, shelves, history)
        room = self._budget_tokens // SHARE
        chosen: dict[int, list[Found]] = {}
        for one in fitting:
            cost = self._count(one.passage.text) + PASSAGE_MARGIN
            if cost <= room:
                room -= cost
                chosen.setdefault(one.document.id, []).append(one)
        given = [_given(passages) for passages in chosen.values()]
        return prompts.kept(given) if given else ""

    async def _shelves(self, turn: Turn, attached: frozenset[str]) -> list[Shelved]:
        """The chat's documents, and those of the assistant that answers there."""
        chats = [turn.message.chat]
        if turn.settings.assistant:
            chats.append(shelf_of(turn.settings.assistant))
        shelves: list[Shelved] = []
        known = set(attached)
        for chat in chats:
            documents = []
            for one in await self._store.in_reach(chat):
                if one.sha256 not in known:
                    known.add(one.sha256)
                    documents.append(one)
            if documents:
                shelves.append((chat, documents))
        return shelves

    async def _fitting(
        self, turn: Turn, question: str, shelves: Sequence[Shelved], history: History
    ) -> list[Found]:
        """What is like enough to the question. What was asked about lately is probably meant."""
        fitting: list[Found] = []
        for chat, documents in shelves:
            unseen = [one for one in documents if not _stands_in(history, one)]
            found = await self._retrieval.search(turn, question, unseen, MAX_FOUND, chat)
            fitting += [one for one in found if one.is_over(self._bar_of(one.document))]
        return fitting

    def _bar_of(self, document: KeptDocument) -> float:
        return self._bar if document.is_learned else self.recent_bar


def _given(passages: Sequence[Found]) -> Given:
    document = passages[0].document
    ordered = sorted(passages, key=lambda one: one.place)
    parts = [Part(one.passage.label, one.passage.text) for one in ordered]
    return Given(document.name, document.sha256, "", parts, is_whole=False)


def _stands_in(history: History, document: KeptDocument) -> bool:
    """Whether the whole of it is before the model's eyes anyway."""
    whole = prompts.mark(document.sha256, is_whole=True)
    return any(whole in exchange.quote for exchange in history.exchanges)
