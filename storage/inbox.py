"""The durable queue of what came in."""

import dataclasses
import json
from collections.abc import Sequence

import structlog
from pydantic import TypeAdapter, ValidationError

from handlers.messages import ChatKey, Delivery, Exchange, IncomingMessage, Pending, UsageEntry
from handlers.ports.stores import Outcome
from storage.chats import ensure_chat
from storage.database import Database, Row, Session, shielded
from storage.exchanges import append_exchange, name_answer_messages, replace_exchange
from storage.failed import find_failed, old_failures
from storage.usage import insert_usage

log = structlog.get_logger(__name__)

# A platform may send an update again for a day or so; after that the key is of no more use.
KEY_KEPT_S = 14 * 24 * 3600.0
# How long what failed can be tried again; then what it said is erased.
FAILED_KEPT_S = 24 * 3600.0
PURGE_EVERY = 500
PURGE_ROWS = 1000
"""More than what is accepted between two purges, so that the table never grows without end."""

_WAITING = "SELECT id FROM inbox WHERE done_at IS NULL AND failed_at IS NULL"

MESSAGE = TypeAdapter(IncomingMessage)
DELIVERY = TypeAdapter(Delivery)


class SqliteInbox:
    """A merged message keeps its state (steps, sent, answer) on the row of its own key."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._accepted_since_purge = PURGE_EVERY  # so that the first call purges

    @shielded
    async def accept(self, messages: Sequence[IncomingMessage]) -> list[IncomingMessage]:
        if not messages:
            return []
        now = self._database.clock.now()
        async with self._database.transaction() as session:
            accepted = [
                message for message in messages if await _insert_message(session, message, now)
            ]
            is_purge_due = self._accepted_since_purge >= PURGE_EVERY
            if is_purge_due:
                await _purge(session, now - KEY_KEPT_S)
            await _forget_failures(session, now)
        self._accepted_since_purge = len(accepted) + (
            0 if is_purge_due else self._accepted_since_purge
        )
        return accepted

    @shielded
    async def tidy(self) -> None:
        """Erase what is kept for a time only, also while nobody writes. StorageError."""
        async with self._database.transaction() as session:
            await _forget_failures(session, self._database.clock.now())

    async def unfinished(self) -> list[Pending]:
        """As the port says. A merged message that was answered or moved comes back as one row."""
        async with self._database.reading() as session:
            rows = await session.execute(
                "SELECT i.id, i.key, i.message, i.delivery, c.platform, c.chat, c.thread"
                " FROM inbox AS i JOIN chats AS c ON c.id = i.chat_id"
                " WHERE i.done_at IS NULL AND i.failed_at IS NULL ORDER BY i.id"
            )
            steps: dict[int, dict[str, str]] = {}
            for inbox_id, name, value in await session.execute(
                f"SELECT inbox_id, name, value FROM inbox_steps WHERE inbox_id IN ({_WAITING})"  # noqa: S608  # ours
            ):
                steps.setdefault(inbox_id, {})[name] = value
            sent: dict[int, dict[str, tuple[str, ...]]] = {}
            for inbox_id, slot, ids in await session.execute(
                f"SELECT inbox_id, slot, ids FROM inbox_sent WHERE inbox_id IN ({_WAITING})"  # noqa: S608  # ours
            ):
                sent.setdefault(inbox_id, {})[slot] = tuple(json.loads(ids))
        waiting = []
        for inbox_id, key, *columns in rows:
            pending = _read_pending(tuple(columns), steps.get(inbox_id, {}), sent.get(inbox_id, {}))
            if pending is None:
                log.error("inbox_row_unreadable", key=key)
            else:
                waiting.append(pending)
        return waiting

    @shielded
    async def record_sent(self, key: str, slot: str, ids: tuple[str, ...]) -> None:
        async with self._database.transaction() as session:
            await session.execute(
                "INSERT INTO inbox_sent (inbox_id, slot, ids)"
                " SELECT id, ?, ? FROM inbox WHERE key = ? AND done_at IS NULL"
                " ON CONFLICT DO UPDATE SET ids = excluded.ids",
                (slot, json.dumps(ids), key),
            )

    @shielded
    async def save_step(
        self, key: str, name: str, value: str, usage: Sequence[UsageEntry] = ()
    ) -> None:
        async with self._database.transaction() as session:
            rows = await session.execute(
                "INSERT INTO inbox_steps (inbox_id, name, value)"
                " SELECT id, ?, ? FROM inbox WHERE key = ? AND done_at IS NULL"
                " ON CONFLICT DO UPDATE SET value = excluded.value RETURNING inbox_id",
                (name, value, key),
            )
            if not rows:
                log.warning("step_of_unknown_message", key=key, step=name)
                return
            [(person, chat_id)] = await session.execute(
                "SELECT person, chat_id FROM inbox WHERE id = ?", rows[0]
            )
            await insert_usage(session, usage, person, chat_id, self._database.clock.now())

    @shielded
    async def answer(self, message: IncomingMessage, outcome: Outcome) -> int:
        """As the port says. The other parts of a merged message are finished with it.

        Otherwise a crash before ``done`` would have them answered once more, alone.
        """
        now = self._database.clock.now()
        async with self._database.transaction() as session:
            rows = await session.execute(
                "SELECT id, chat_id, exchange_id FROM inbox WHERE key = ? AND"
                " answered_at IS NULL AND done_at IS NULL",
                (message.key,),
            )
            if not rows:
                return await _first_answer(session, message.key)
            [(inbox_id, chat_id, exchange_id)] = rows
            person = message.sender.key
            if outcome.exchange is not None:
                exchange_id = await _store_exchange(
                    session, chat_id, outcome.exchange, outcome.replaces, person, now
                )
            if outcome.window_start is not None:
                # The larger one: /new may have moved it on while the answer was being made.
                await session.execute(
                    "UPDATE chats SET window_start = max(window_start, ?) WHERE id = ?",
                    (outcome.window_start, chat_id),
                )
            await insert_usage(session, outcome.usage, person, chat_id, now)
            await session.execute(
                "UPDATE inbox SET answered_at = ?, exchange_id = ?, delivery = ?,"
                " message = coalesce(?, message) WHERE id = ?",
                (
                    now,
                    exchange_id,
                    _encode(outcome.delivery) if outcome.delivery else None,
                    # Its parts are finished below, so that from now on it stands for them all.
                    _encode(message) if message.merged_keys else None,
                    inbox_id,
                ),
            )
            for key in message.keys:
                if key != message.key:
                    await _finish(session, key, now)
        return int(exchange_id)

    @shielded
    async def fail(self, message: IncomingMessage, usage: Sequence[UsageEntry] = ()) -> None:
        now = self._database.clock.now()
        async with self._database.transaction() as session:
            rows = await session.execute(
                "UPDATE inbox SET failed_at = ?, message = ? WHERE key = ? AND done_at IS NULL"
                " RETURNING chat_id",
                # What lets its holder answer is of no more use: a retry brings its own.
                (now, _encode(dataclasses.replace(message, reply_ref="")), message.key),
            )
            for (chat_id,) in rows:
                await insert_usage(session, usage, message.sender.key, chat_id, now)
            for key in message.keys:
                if key != message.key:
                    await _finish(session, key, now)

    @shielded
    async def take_failed(self, retry: IncomingMessage) -> Pending | None:
        now = self._database.clock.now()
        async with self._database.transaction() as session:
            found = await find_failed(session, retry)
            if found is None:
                return None
            inbox_id, text = found
            failed = MESSAGE.validate_json(text)
            again = dataclasses.replace(
                failed,
                key=retry.key,
                chat=retry.chat,
                sender=retry.sender,
                # The failed one's is too old to answer by; its thread, if any, is this chat.
                reply_ref=retry.reply_ref,
                wants_thread=False,
                merged_keys=(),
            )
            [(retry_id,)] = await session.execute(
                "UPDATE inbox SET message = ? WHERE key = ? RETURNING id",
                (_encode(again), retry.key),
            )
            # What was worked out for it before need not be paid for again.
            steps = await session.execute(
                "UPDATE inbox_steps SET inbox_id = ? WHERE inbox_id = ? RETURNING name, value",
                (retry_id, inbox_id),
            )
            await _finish(session, failed.key, now)
        return Pending(again, {str(name): str(value) for name, value in steps})

    @shielded
    async def move(self, message: IncomingMessage) -> None:
        """As the port says. A merged message is one row from now on; what is done stays so."""
        now = self._database.clock.now()
        async with self._database.transaction() as session:
            rows = await session.execute(
                "SELECT id FROM inbox WHERE key = ? AND done_at IS NULL", (message.key,)
            )
            if not rows:
                log.warning("nothing_to_move", key=message.key)
                return
            [(inbox_id,)] = rows
            await session.execute(
                "UPDATE inbox SET chat_id = ?, message = ? WHERE id = ?",
                (await ensure_chat(session, message.chat), _encode(message), inbox_id),
            )
            for key in message.keys:
                if key != message.key:
                    await _finish(session, key, now)

    @shielded
    async def done(
        self,
        message: IncomingMessage,
        usage: Sequence[UsageEntry] = (),
        exchange_id: int = 0,
        answer_message_ids: tuple[str, ...] = (),
    ) -> None:
        """As the port says; without ``exchange_id`` it is the one that ``answer`` stored.

        A message that is done already stays as it is: the call changes nothing.
        """
        now = self._database.clock.now()
        async with self._database.transaction() as session:
            rows = await session.execute(
                "SELECT chat_id, exchange_id FROM inbox WHERE key = ? AND done_at IS NULL",
                (message.key,),
            )
            for chat_id, answered_with in rows:
                await insert_usage(session, usage, message.sender.key, chat_id, now)
                if answer_message_ids:
                    named = exchange_id or answered_with
                    await name_answer_messages(session, chat_id, named, answer_message_ids)
            for key in message.keys:
                await _finish(session, key, now)


async def _insert_message(session: Session, message: IncomingMessage, now: float) -> bool:
    chat_id = await ensure_chat(session, message.chat)
    rows = await session.execute(
        "INSERT INTO inbox (key, received_at, chat_id, person, message) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (key) DO NOTHING RETURNING id",
        (message.key, now, chat_id, message.sender.key, _encode(message)),
    )
    return bool(rows)


async def _store_exchange(
    session: Session, chat_id: int, exchange: Exchange, replaces: int, person: str, now: float
) -> int:
    if replaces:
        replaced = await replace_exchange(session, chat_id, replaces, exchange, person, now)
        if replaced is not None:
            return replaced
    return await append_exchange(session, chat_id, exchange, person, now)


async def _first_answer(session: Session, key: str) -> int:
    rows = await session.execute("SELECT exchange_id FROM inbox WHERE key = ?", (key,))
    if not rows:
        log.warning("answer_to_unknown_message", key=key)
        return 0
    return int(rows[0][0])


async def _finish(session: Session, key: str, now: float) -> None:
    """Keep the key, to tell a second delivery, and nothing of what was said."""
    rows = await session.execute(
        "UPDATE inbox SET done_at = ?, message = NULL, delivery = NULL, chat_id = NULL,"
        " failed_at = NULL, person = NULL WHERE key = ? AND done_at IS NULL RETURNING id",
        (now, key),
    )
    for row in rows:
        await session.execute("DELETE FROM inbox_steps WHERE inbox_id = ?", row)
        await session.execute("DELETE FROM inbox_sent WHERE inbox_id = ?", row)


async def _forget_failures(session: Session, now: float) -> None:
    for (key,) in await old_failures(session, now - FAILED_KEPT_S):
        await _finish(session, key, now)


async def _purge(session: Session, done_before: float) -> None:
    await session.execute(
        "DELETE FROM inbox WHERE id IN"
        " (SELECT id FROM inbox WHERE done_at < ? ORDER BY done_at LIMIT ?)",
        (done_before, PURGE_ROWS),
    )


def _encode(value: IncomingMessage | Delivery) -> str:
    return json.dumps(dataclasses.asdict(value), ensure_ascii=False)


def _read_pending(
    columns: Row, steps: dict[str, str], sent: dict[str, tuple[str, ...]]
) -> Pending | None:
    """None for a row that this version cannot read: it must not keep the others from going on."""
    text, delivery, *chat = columns
    try:
        message = MESSAGE.validate_json(text)
        ready = DELIVERY.validate_json(delivery) if delivery is not None else None
    except ValidationError:
        return None
    # The chat's name of today: it may have been migrated since.
    message = dataclasses.replace(message, chat=ChatKey(*chat))
    return Pending(message, steps, sent, ready)
