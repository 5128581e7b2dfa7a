"""Exchanges as rows: one holds a question and its answer, so that none can be an orphan."""

import dataclasses
import json
from collections.abc import Sequence

import structlog
from pydantic import TypeAdapter, ValidationError

from handlers.messages import AnswerState, Exchange, MediaRef, Step
from storage.database import Row, Session, repaired
from storage.word_index import drop_from_index, index_again, index_exchange

log = structlog.get_logger(__name__)

COLUMNS = (
    "id, ordinal, question, answer, author, quote, state, model, question_message_ids,"
    " answer_message_ids, is_spoken, command"
)
STEP = TypeAdapter(Step)


async def append_exchange(
    session: Session, chat_id: int, exchange: Exchange, person: str, at: float
) -> int:
    """Store it as the chat's newest; its id."""
    [(exchange_id,)] = await session.execute(
        "INSERT INTO exchanges (question, answer, author, quote, state, model,"
        " question_message_ids, answer_message_ids, is_spoken, command, person, answered_at,"
        " chat_id, ordinal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1 + coalesce("
        "(SELECT ordinal FROM exchanges WHERE chat_id = ? ORDER BY id DESC LIMIT 1), 0))"
        " RETURNING id",
        (*_values(exchange), person, at, chat_id, chat_id),
    )
    await _insert_media(session, exchange_id, exchange.media)
    await _insert_steps(session, exchange_id, exchange.steps)
    await index_exchange(session, chat_id, exchange_id, *_said(exchange))
    return int(exchange_id)


async def replace_exchange(
    session: Session, chat_id: int, replaced: int, exchange: Exchange, person: str, at: float
) -> int | None:
    """Put it in the place of ``replaced``, whose id it takes; None if the chat has no such one."""
    old = await find_exchange(session, chat_id, replaced)
    if old is None:
        return None
    await drop_from_index(session, replaced)
    await session.execute(
        "UPDATE exchanges SET question = ?, answer = ?, author = ?, quote = ?, state = ?,"
        " model = ?, question_message_ids = ?, answer_message_ids = ?, is_spoken = ?,"
        " command = ?, person = ?, answered_at = ? WHERE id = ? AND chat_id = ?",
        (*_values(exchange), person, at, replaced, chat_id),
    )
    await session.execute("DELETE FROM exchange_media WHERE exchange_id = ?", (replaced,))
    await _insert_media(session, replaced, exchange.media)
    await session.execute("DELETE FROM exchange_steps WHERE exchange_id = ?", (replaced,))
    await _insert_steps(session, replaced, exchange.steps, old.left_behind(exchange.media))
    await index_again(session, chat_id, replaced, *_said(exchange))
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
    """With its steps."""
    found = await read_range(session, chat_id, exchange_id - 1, exchange_id, 1)
    if not found:
        return None
    steps = await _read_steps(session, exchange_id)
    return dataclasses.replace(
        found[0],
        steps=tuple(step for step, is_replaced in steps if not is_replaced),
        replaced=tuple(step for step, is_replaced in steps if is_replaced),
    )


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


async def read_some(
    session: Session, chat_id: int, ids: Sequence[int]
) -> list[tuple[Exchange, float]]:
    """Those of the chat, in the order of ``ids``, and when each was answered.

    Without steps and pictures.
    """
    rows = await session.execute(
        f"SELECT {COLUMNS}, answered_at FROM exchanges WHERE chat_id = ?"  # noqa: S608  # ours
        " AND id IN (SELECT value FROM json_each(?))",
        (chat_id, json.dumps(list(ids))),
    )
    found = {row[0]: (_exchange(row[:-1], ()), float(row[-1])) for row in rows}
    return [found[exchange_id] for exchange_id in ids if exchange_id in found]


async def _build(session: Session, chat_id: int, rows: list[Row]) -> tuple[Exchange, ...]:
    if not rows:
        return ()
    media = await _read_media(session, chat_id, first=rows[0][0], last=rows[-1][0])
    return tuple(_exchange(row, media.get(row[0], ())) for row in rows)


def _exchange(row: Row, media: Sequence[MediaRef]) -> Exchange:
    (
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
        command,
    ) = row
    return Exchange(
        id=exchange_id,
        ordinal=ordinal,
        question=question,
        answer=answer,
        author=author,
        quote=quote,
        media=tuple(media),
        state=AnswerState(state),
        model=model,
        question_message_ids=tuple(json.loads(question_message_ids)),
        answer_message_ids=tuple(json.loads(answer_message_ids)),
        is_spoken=bool(is_spoken),
        command=command,
    )


async def _read_media(
    session: Session, chat_id: int, first: int, last: int
) -> dict[int, list[MediaRef]]:
    rows = await session.execute(
        "SELECT exchange_id, sha256, mime, width, height, is_frame, is_made, is_mask"
        " FROM exchange_media WHERE exchange_id IN"
        " (SELECT id FROM exchanges WHERE chat_id = ? AND id BETWEEN ? AND ?)"
        " ORDER BY exchange_id, position",
        (chat_id, first, last),
    )
    media: dict[int, list[MediaRef]] = {}
    for exchange_id, sha256, mime, width, height, *flags in rows:
        ref = MediaRef(sha256, mime, width, height, *map(bool, flags))
        media.setdefault(exchange_id, []).append(ref)
    return media


async def _insert_media(session: Session, exchange_id: int, media: Sequence[MediaRef]) -> None:
    for position, ref in enumerate(media):
        await session.execute(
            "INSERT INTO exchange_media (exchange_id, position, sha256, mime, width, height,"
            " is_frame, is_made, is_mask) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(exchange_id, position, ref.sha256, ref.mime, ref.width, ref.height),
                *(ref.is_frame, ref.is_made, ref.is_mask),
            ),
        )


async def _read_steps(session: Session, exchange_id: int) -> list[tuple[Step, bool]]:
    """Each, and whether it is replaced. One that this version cannot read is left out."""
    rows = await session.execute(
        "SELECT step, is_replaced FROM exchange_steps WHERE exchange_id = ? ORDER BY position",
        (exchange_id,),
    )
    steps = []
    for text, is_replaced in rows:
        try:
            steps.append((STEP.validate_json(text), bool(is_replaced)))
        except ValidationError:
            log.exception("step_unreadable", exchange_id=exchange_id)
    return steps


async def _insert_steps(
    session: Session, exchange_id: int, steps: Sequence[Step], replaced: Sequence[Step] = ()
) -> None:
    for position, step in enumerate((*steps, *replaced)):
        # A tool's output may hold half of a pair, which SQLite does not take.
        text = json.dumps(dataclasses.asdict(step), ensure_ascii=False)
        await session.execute(
            "INSERT INTO exchange_steps (exchange_id, position, step, is_replaced)"
            " VALUES (?, ?, ?, ?)",
            (
                *(exchange_id, position, text.encode("utf-8", "replace").decode()),
                position >= len(steps),
            ),
        )


def _said(exchange: Exchange) -> tuple[str, ...]:
    """As it is stored: what the index is given now it must be given again to be rid of it."""
    return repaired(exchange.question), repaired(exchange.quote), repaired(exchange.answer)


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
        exchange.command,
    )
