"""Documents: passages, the words that find them, and what they mean."""

import json
from collections.abc import Sequence
from dataclasses import replace

from handlers.messages import ChatKey, Sender, UsageEntry
from handlers.ports.documents import Hit, KeptDocument, KeptPassage, NewDocument, VectorBlock
from storage.chats import ensure_chat, find_chat
from storage.database import Database, Row, Session, shielded
from storage.usage import insert_usage

UNLEARNED_KEPT_S = 7 * 24 * 3600.0
"""After it was recent: so long a file that is asked about again is not paid for again."""
MAX_UNLEARNED = 30
"""Of a chat; the oldest go first."""
BATCH = 200
_COLUMNS = (
    "id, sha256, name, unit, count, size_bytes, passages, is_cut, author, added_at, is_learned,"
    " chat_id IS NULL"
)
_TRUTHS = (7, 10, 11)
"""Which of them are true or false."""
_SEEN = "document_id IN (SELECT id FROM documents WHERE chat_id = ? OR chat_id IS NULL)"
_NO_CHAT = -1


class SqliteDocuments:
    """A chat that is renamed or joined with another keeps its documents."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ------------------------------------------------------------ documents

    @shielded
    async def keep(
        self, chat: ChatKey, document: NewDocument, sender: Sender, *, is_for_all: bool = False
    ) -> KeptDocument:
        now = self._database.clock.now()
        async with self._database.transaction() as session:
            chat_id = None if is_for_all else await ensure_chat(session, chat)
            known = await _find(session, chat_id, document.sha256)
            if known is not None:
                return known
            if chat_id is not None:
                await _drop_oldest(session, chat_id)
            elif own := await _find(session, await find_chat(session, chat), document.sha256):
                # What is known of it need not be paid for again.
                await session.execute("UPDATE documents SET chat_id = NULL WHERE id = ?", (own.id,))
                return replace(own, is_for_all=True)
            [row] = await session.execute(
                "INSERT INTO documents (chat_id, sha256, name, unit, count, size_bytes, passages,"  # noqa: S608  # ours
                " is_cut, person, author, added_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                f" RETURNING {_COLUMNS}",
                (
                    chat_id,
                    document.sha256,
                    document.name,
                    document.unit,
                    document.count,
                    document.size_bytes,
                    len(document.passages),
                    document.is_cut,
                    sender.key,
                    sender.name,
                    now,
                ),
            )
            kept = _read(row)
            for first in range(0, len(document.passages), BATCH):
                await _insert(session, kept.id, first, document.passages[first : first + BATCH])
        return kept

    async def find(
        self, chat: ChatKey, sha256: str, *, is_for_all: bool = False
    ) -> KeptDocument | None:
        async with self._database.reading() as session:
            chat_id = None if is_for_all else await find_chat(session, chat)
            found = await _find(session, chat_id, sha256)
            return found or await _find(session, None, sha256)

    async def in_reach(self, chat: ChatKey) -> tuple[KeptDocument, ...]:
        now = self._database.clock.now()
        async with self._database.reading() as session:
            rows = await session.execute(
                f"SELECT {_COLUMNS} FROM documents WHERE (chat_id = ? OR chat_id IS NULL)"  # noqa: S608  # ours
                " AND (is_learned OR recent_until > ?) ORDER BY id DESC",
                (await find_chat(session, chat) or _NO_CHAT, now),
            )
        return tuple(map(_read, rows))

    @shielded
    async def learn(self, chat: ChatKey, document_id: int) -> None:
        async with self._database.transaction() as session:
            await session.execute(
                "UPDATE documents SET is_learned = 1"
                " WHERE id = ? AND (chat_id = ? OR chat_id IS NULL)",
                (document_id, await find_chat(session, chat)),
            )

    @shielded
    async def set_recent(self, chat: ChatKey, document_ids: Sequence[int], until: float) -> None:
        async with self._database.transaction() as session:
            chat_id = await find_chat(session, chat)
            for document_id in document_ids:
                await session.execute(
                    "UPDATE documents SET recent_until = ? WHERE id = ? AND chat_id = ?",
                    (until, document_id, chat_id),
                )

    @shielded
    async def forget(self, chat: ChatKey, document_ids: Sequence[int], *, for_all: bool) -> int:
        async with self._database.transaction() as session:
            chat_id = await find_chat(session, chat)
            forgotten = 0
            for document_id in document_ids:
                rows = await session.execute(
                    "DELETE FROM documents WHERE id = ?"
                    " AND (chat_id = ? OR (chat_id IS NULL AND ?)) RETURNING id",
                    (document_id, chat_id, for_all),
                )
                forgotten += len(rows)
            if forgotten:
                await _erase_words(session)
        return forgotten

    @shielded
    async def tidy(self) -> None:
        """Erase what was asked about long ago and never learned. StorageError."""
        before = self._database.clock.now() - UNLEARNED_KEPT_S
        async with self._database.transaction() as session:
            rows = await session.execute(
                "DELETE FROM documents WHERE is_learned = 0 AND recent_until < ?"
                " AND added_at < ? RETURNING id",
                (before, before),
            )
            if rows:
                await _erase_words(session)

    # ------------------------------------------------------------ passages

    async def texts(self, document_id: int, first: int, count: int) -> tuple[str, ...]:
        async with self._database.reading() as session:
            rows = await session.execute(
                "SELECT text FROM passages WHERE document_id = ? AND place >= ? AND place < ?"
                " ORDER BY place",
                (document_id, first, first + count),
            )
        return tuple(text for (text,) in rows)

    async def passages(
        self, chat: ChatKey, document_id: int, places: Sequence[int]
    ) -> dict[int, KeptPassage]:
        async with self._database.reading() as session:
            rows = await session.execute(
                f"SELECT place, label, text, words FROM passages WHERE {_SEEN}"  # noqa: S608  # ours
                f" AND document_id = ? AND place IN ({_marks(places)})",
                (await find_chat(session, chat), document_id, *places),
            )
        return {place: KeptPassage(label, text, words) for place, label, text, words in rows}

    async def labelled(
        self, chat: ChatKey, document_id: int, labels: Sequence[str], limit: int
    ) -> tuple[int, ...]:
        async with self._database.reading() as session:
            rows = await session.execute(
                f"SELECT place FROM passages WHERE {_SEEN} AND document_id = ?"  # noqa: S608  # ours
                f" AND label IN ({_marks(labels)}) ORDER BY place LIMIT ?",
                (await find_chat(session, chat), document_id, *labels, limit),
            )
        return tuple(place for (place,) in rows)

    async def search(
        self, chat: ChatKey, document_ids: Sequence[int], terms: Sequence[str], limit: int
    ) -> tuple[Hit, ...]:
        if not terms or not document_ids:
            return ()
        # Quoted, each is a word and no operator, whatever it holds.
        query = " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)
        async with self._database.reading() as session:
            rows = await session.execute(
                "SELECT p.document_id, p.place, bm25(passage_words) AS badness"  # noqa: S608  # ours
                " FROM passage_words JOIN passages AS p ON p.id = passage_words.rowid"
                f" WHERE passage_words MATCH ? AND p.{_SEEN}"
                f" AND p.document_id IN ({_marks(document_ids)})"
                " ORDER BY badness, p.id LIMIT ?",
                (query, await find_chat(session, chat), *document_ids, limit),
            )
        return tuple(Hit(document_id, place, -badness) for document_id, place, badness in rows)

    # ------------------------------------------------------------ vectors

    async def blocks(self, document_id: int, model: str) -> tuple[VectorBlock, ...]:
        async with self._database.reading() as session:
            rows = await session.execute(
                "SELECT first, count FROM passage_vectors WHERE document_id = ? AND model = ?"
                " ORDER BY first",
                (document_id, model),
            )
        return tuple(VectorBlock(first, count) for first, count in rows)

    async def vectors(self, document_id: int, model: str, first: int) -> bytes:
        async with self._database.reading() as session:
            rows = await session.execute(
                "SELECT vectors FROM passage_vectors"
                " WHERE document_id = ? AND model = ? AND first = ?",
                (document_id, model, first),
            )
        return bytes(rows[0][0]) if rows else b""

    @shielded
    async def save_vectors(
        self,
        chat: ChatKey,
        document_id: int,
        first: int,
        vectors: Sequence[bytes],
        model: str,
        usage: Sequence[UsageEntry],
        person: str,
    ) -> None:
        async with self._database.transaction() as session:
            chat_id = await ensure_chat(session, chat)
            await insert_usage(session, usage, person, chat_id, self._database.clock.now())
            await session.execute(
                "DELETE FROM passage_vectors WHERE document_id = ? AND model != ?",
                (document_id, model),
            )
            await session.execute(
                "INSERT OR REPLACE INTO passage_vectors (document_id, model, first, count, vectors)"
                " SELECT id, ?, ?, ?, ? FROM documents WHERE id = ?",
                (model, first, len(vectors), b"".join(vectors), document_id),
            )


async def _find(session: Session, chat_id: int | None, sha256: str) -> KeptDocument | None:
    rows = await session.execute(
        f"SELECT {_COLUMNS} FROM documents WHERE chat_id IS ? AND sha256 = ?",  # noqa: S608  # ours
        (chat_id, sha256),
    )
    return _read(rows[0]) if rows else None


async def _insert(
    session: Session, document_id: int, first: int, passages: Sequence[KeptPassage]
) -> None:
    """Many in one statement: each is a way to the database's thread and back."""
    rows = json.dumps([(one.label, one.text, one.words) for one in passages])
    await session.execute(
        "INSERT INTO passages (document_id, place, label, text, words) SELECT ?, ? + key,"
        " json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')"
        " FROM json_each(?)",
        (document_id, first, rows),
    )


async def _drop_oldest(session: Session, chat_id: int) -> None:
    await session.execute(
        "DELETE FROM documents WHERE id IN (SELECT id FROM documents WHERE chat_id = ?"
        " AND is_learned = 0 ORDER BY id DESC LIMIT -1 OFFSET ?)",
        (chat_id, MAX_UNLEARNED - 1),
    )


async def _erase_words(session: Session) -> None:
    """Until it is rewritten, the index of words holds those of rows that are gone."""
    await session.execute("INSERT INTO passage_words (passage_words) VALUES ('optimize')")


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _read(row: Row) -> KeptDocument:
    """A row of ``_COLUMNS``, whose truths are numbers to SQLite."""
    values = list(row)
    for place in _TRUTHS:
        values[place] = bool(values[place])
    return KeptDocument(*values)
