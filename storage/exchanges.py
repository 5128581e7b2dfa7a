"""Exchanges as rows: one holds a question and its answer, so that none can be an orphan."""

import json
from collections.abc import Sequence

from handlers.messages import AnswerState, Exchange, MediaRef
from storage.database import Row, Session

COLUMNS = (
    "id, ordinal, question, answer, author, quote, state, model, question_message_ids,"
    " answer_message_ids, is_spoken"
)


async def append_exchange(
    session: Session, chat_id: int, exchange: Exchange, person: str, at: float
) -> int:
    """Store it as the chat's newest; its id."""
    [(exchange_id,)] = await session.execute(
        "INSERT INTO exchanges (question, answer, author, quote, state, model,"
        " question_message_ids, answer_message_ids, is_spoken, person, answered_at, chat_id,"
        " ordinal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1 + coalesce("
        "(SELECT ordinal FROM exchanges WHERE chat_id = ? ORDER BY id DESC LIMIT 1), 0))"
        " RETURNING id",
        (*_values(exchange), person, at, chat_id, chat_id),
    )
    await _insert_media(session, exchange_id, exchange.media)
    return int(exchange_id)


async def replace_exchange(
    session: Session, chat_id: int, replaced: int, exchange: Exchange, person: str, at: float
) -> int | None:
    """Put it in the place of ``replaced``, whose id it takes; None if the chat has no such one."""
    rows = await session.execute(
        "UPDATE exchanges SET question = ?, answer = ?, author = ?, quote = ?, state = ?,"
        " model = ?, question_message_ids = ?, answer_message_ids = ?, is_spoken = ?,"
        " person = ?, answered_at = ? WHERE id = ? AND chat_id = ? RETURNING id",
        (*_values(exchange), person, at, replaced, chat_id),
    )
    if not rows:
        return None
    await session.execute("DELETE FROM exchange_media WHERE exchange_id = ?", (replaced,))
    await _insert_media(session, replaced, exchange.media)
    return replaced


async def name_answer_messages(
    session: Session, chat_id: int, exchange_id: int, message_ids: Sequence[str]
) -> None:
    await session.execute(
        "UPDATE exchanges SET answer_message_ids = ? WHERE id = ? AND chat_id = ?",
        (json.dumps(message_ids), exchange_id, chat_id),
    )


async def read_window(
    session: Session, chat_id: int, window_start: int, limit: int
) -> tuple[Exchange, ...]:
    """The newest after ``window_start``, oldest first."""
    rows = await session.execute(
        f"SELECT {COLUMNS} FROM exchanges WHERE chat_id = ? AND id > ?"  # noqa: S608  # ours
        " ORDER BY id DESC LIMIT ?",
        (chat_id, window_start, limit),
    )
    return await _build(session, chat_id, rows[::-1])


async def read_range(
    session: Session, chat_id: int, after: int, through: int, limit: int
) -> tuple[Exchange, ...]:
    """The oldest with ids above ``after`` up to and with ``through``, oldest first."""
    rows = await session.execute(
        f"SELECT {COLUMNS} FROM exchanges WHERE chat_id = ? AND id > ? AND id <= ?"  # noqa: S608  # ours
        " ORDER BY id LIMIT ?",
        (chat_id, after, through, limit),
    )
    return await _build(session, chat_id, rows)


async def find_exchange(session: Session, chat_id: int, exchange_id: int) -> Exchange | None:
    found = await read_range(session, chat_id, exchange_id - 1, exchange_id, 1)
    return found[0] if found else None


async def find_answer_in(
    session: Session, chat_id: int, message_id: str, among: int
) -> Exchange | None:
    """The newest exchange whose answer a message holds; ``among`` the newest so many."""
    rows = await session.execute(
        "SELECT id FROM (SELECT id, answer_message_ids FROM exchanges WHERE chat_id = ?"
        " ORDER BY id DESC LIMIT ?) AS newest WHERE EXISTS"
        " (SELECT 1 FROM json_each(newest.answer_message_ids) WHERE value = ?)"
        " ORDER BY id DESC LIMIT 1",
        (chat_id, among, message_id),
    )
    return await find_exchange(session, chat_id, rows[0][0]) if rows else None


async def _build(session: Session, chat_id: int, rows: list[Row]) -> tuple[Exchange, ...]:
    if not rows:
        return ()
    media = await _read_media(session, chat_id, first=rows[0][0], last=rows[-1][0])
    return tuple(
        Exchange(
            id=exchange_id,
            ordinal=ordinal,
            question=question,
            answer=answer,
            author=author,
            quote=quote,
            media=tuple(media.get(exchange_id, ())),
            state=AnswerState(state),
            model=model,
            question_message_ids=tuple(json.loads(question_message_ids)),
            answer_message_ids=tuple(json.loads(answer_message_ids)),
            is_spoken=bool(is_spoken),
        )
        for (
            exchange_id,
            ordinal,
            question,
            answer,
            author,
            quote,
            state,
            model,
            question_message_ids,
            answer_message_ids,
            is_spoken,
        ) in rows
    )


async def _read_media(
    session: Session, chat_id: int, first: int, last: int
) -> dict[int, list[MediaRef]]:
    rows = await session.execute(
        "SELECT exchange_id, sha256, mime, width, height, is_frame FROM exchange_media"
        " WHERE exchange_id IN (SELECT id FROM exchanges WHERE chat_id = ? AND id BETWEEN ? AND ?)"
        " ORDER BY exchange_id, position",
        (chat_id, first, last),
    )
    media: dict[int, list[MediaRef]] = {}
    for exchange_id, sha256, mime, width, height, is_frame in rows:
        ref = MediaRef(sha256, mime, width, height, is_frame=bool(is_frame))
        media.setdefault(exchange_id, []).append(ref)
    return media


async def _insert_media(session: Session, exchange_id: int, media: Sequence[MediaRef]) -> None:
    for position, ref in enumerate(media):
        await session.execute(
            "INSERT INTO exchange_media (exchange_id, position, sha256, mime, width, height,"
            " is_frame) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (exchange_id, position, ref.sha256, ref.mime, ref.width, ref.height, ref.is_frame),
        )


def _values(exchange: Exchange) -> tuple[object, ...]:
    return (
        exchange.question,
        exchange.answer,
        exchange.author,
        exchange.quote,
        exchange.state,
        exchange.model,
        json.dumps(exchange.question_message_ids),
        json.dumps(exchange.answer_message_ids),
        exchange.is_spoken,
    )
