"""From the inbox to a handler, and the one place where an error becomes a reply.

A message is committed before it is queued, and done only when its answer is delivered or its
failure told; whatever is neither is taken up again at the next start.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from handlers.access import Access
from handlers.commands import IMMEDIATE
from handlers.errors import (
    DeliveryRefusedError,
    NothingToDoError,
    QueueFullError,
    StorageError,
)
from handlers.lanes import Lanes
from handlers.media.memory import MemoryGate
from handlers.messages import (
    ChatKey,
    Delivery,
    IncomingMessage,
    Origin,
    Pending,
    reference,
)
from handlers.ports.machine import Clock, Meter
from handlers.ports.platforms import Platform
from handlers.ports.stores import InboxStore, SettingsStore
from handlers.telling import Ending, forget_frames, judge, pronounce, tell_unfinished
from handlers.texts import say
from handlers.turn import RecordedSends, Turn, Unrecorded

log = structlog.get_logger(__name__)

Handler = Callable[[Turn], Awaitable[None]]

EDITED_COMMANDS = ("", "ask")
REPEAT_AFTER_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""A message that the database did not let finish is taken up again after these pauses."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Which handler does what."""

    message: Handler
    commands: Mapping[str, Handler]
    deliver: Callable[[Turn, Delivery], Awaitable[None]]
    """Delivers an answer that was stored before a crash."""


@dataclass(frozen=True, slots=True)
class Limits:
    queue_per_chat: int = 200
    concurrent_turns: int = 64
    file_bytes: int = 48 * 1024 * 1024
    """Of people's files in memory at once; each is there about three times while it is sent on."""


class Dispatch:
    def __init__(
        self,
        *,
        inbox: InboxStore,
        settings: SettingsStore,
        platforms: Mapping[str, Platform],
        access: Access,
        routes: Routes,
        meter: Meter,
        clock: Clock,
        limits: Limits,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._inbox = inbox
        self._settings = settings
        self._platforms = platforms
        self._access = access
        self._routes = routes
        self._meter = meter
        self._clock = clock
        self._limits = limits
        self._pause = pause
        self._lanes = Lanes(self._work, limits.concurrent_turns)
        self._running: dict[ChatKey, Turn] = {}
        self._stop_next: set[ChatKey] = set()
        self._files = MemoryGate(limits.file_bytes)
        self._tasks: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------ in

    async def resume(self) -> None:
        """Take up what was not finished when the bot last ended; before anything new."""
        pending = await self._inbox.unfinished()
        if pending:
            log.info("resuming unfinished messages", count=len(pending))
        for row in pending:
            if row.message.chat.platform in self._platforms:
                self._enqueue(row)

    async def submit(self, messages: Sequence[IncomingMessage]) -> None:
        """Commit, then queue. When this returns, the platform may forget the messages."""
        for message in await self._inbox.accept(messages):
            self._meter.count("messages", {"platform": message.chat.platform})
            log.info("message accepted", ref=reference(message.key), chat=str(message.chat))
            is_full = self._lanes.depth(message.chat) >= self._limits.queue_per_chat
            if is_full and message.command not in IMMEDIATE:
                self._spawn(self._refuse(message))
            else:
                self._enqueue(Pending(message))

    def _enqueue(self, pending: Pending) -> None:
        if pending.message.command in IMMEDIATE:
            self._stop(pending)
        else:
            self._lanes.put(pending)

    def _stop(self, pending: Pending) -> None:
        """/stop, /cancel and the Stop button are never queued: they act on what runs now."""
        message = pending.message
        is_allowed = self._access.allows(message)
        is_press = message.origin is Origin.BUTTON
        is_busy = self._lanes.is_busy(message.chat)
        running = self._running.get(message.chat)
        # A button means the answer that it stands under, which another may have followed since.
        is_meant = running is not None and (
            not is_press or running.reply.is_showing(message.message_id)
        )
        if is_allowed and running is not None and is_meant:
            running.stop()
        elif is_allowed and is_busy and running is None and not is_press:
            self._stop_next.add(message.chat)  # it collects its parts, or waits for a slot

        async def answer(turn: Turn) -> None:
            if not is_allowed:
                await self._route(turn, pending)
            elif is_press and not is_meant:
                await turn.reply.drop_buttons()
            elif not is_press and not is_busy:
                await turn.reply.line("stop", say("nothing_to_stop"))

        self._spawn(self._alone(pending, answer))

    async def _refuse(self, message: IncomingMessage) -> None:
        async def answer(_: Turn) -> None:
            raise QueueFullError(str(message.chat), limit=self._limits.queue_per_chat)

        await self._alone(Pending(message), answer)

    # ------------------------------------------------------------ one message

    async def _work(self, pending: Pending) -> None:
        """Deal with a message until it is finished; while the database fails, for a minute."""
        chat = pending.message.chat
        turns: list[Turn] = []

        async def answer(turn: Turn) -> None:
            if turns:
                turn.spent(*turns[-1].take_usage())
            turns.append(turn)
            self._running[chat] = turn
            if chat in self._stop_next:
                self._stop_next.discard(chat)
                turn.stop()
            await self._route(turn, left)

        left = pending
        for pause_s in (*REPEAT_AFTER_S, None):
            try:
                left = await self._placed(await self._as_asked(left))
                if left.message.chat != chat:
                    self._enqueue(left)
                    return
                if await self._guarded(left, answer):
                    return
            except Exception:
                log.exception("a message could not be finished")
            finally:
                self._running.pop(chat, None)
            if pause_s is not None:
                await self._pause(pause_s)
                reloaded = await self._reloaded(left)
                if reloaded is None:
                    return
                left = reloaded
            if turns:
                last = turns[-1]  # knows what could not be stored, too
                left = replace(left, sent=left.sent | last.sent, steps=left.steps | last.steps)
        if not any(turn.is_all_said for turn in turns):
            await tell_unfinished(self._platforms[chat.platform], left)

    async def _as_asked(self, pending: Pending) -> Pending:
        """The message itself; for a retry of a failed one, that."""
        message = pending.message
        if message.command != "retry" or not self._access.allows(message):
            return pending
        # What failed left no trace in the history: asking again is asking it anew.
        failed = await self._inbox.take_failed(message)
        if failed is None:
            return pending
        if message.origin is Origin.BUTTON:
            self._spawn(self._drop_buttons(message))
        return failed

    async def _drop_buttons(self, press: IncomingMessage) -> None:
        """The line about a failure keeps no button once that was tried again."""
        reply = self._platforms[press.chat.platform].open_reply(press, Unrecorded())
        try:
            await reply.drop_buttons()
        except DeliveryRefusedError as refusal:
            log.info("old buttons stay", detail=str(refusal))
        finally:
            await reply.aclose()

    async def _placed(self, pending: Pending) -> Pending:
        """The message where it is to be answered: where it was said, or in a thread of its own."""
        message = pending.message
        if not message.wants_thread or not self._access.allows(message):
            return pending
        sent = RecordedSends(self._inbox, message.key, pending.sent)
        placed = await self._platforms[message.chat.platform].open_thread(message, sent)
        await self._inbox.move(placed)
        return replace(pending, message=placed, sent=sent.all)

    async def _reloaded(self, pending: Pending) -> Pending | None:
        """What is left to do of a message that could not be finished; None if it was, after all."""
        try:
            rows = await self._inbox.unfinished()
        except StorageError:
            return pending
        for row in rows:
            if row.message.key == pending.message.key:
                return replace(row, message=pending.message)
        return None

    async def _route(self, turn: Turn, pending: Pending) -> None:
        message = turn.message
        if not message.is_addressed:
            return
        if not self._access.allows(message):
            if self._access.should_tell(message):
                await turn.reply.line("stranger", say("stranger", id=message.sender.key))
            return
        if message.origin is Origin.EDIT and message.command not in EDITED_COMMANDS:
            return  # platforms report edits that nobody made: nothing is done or paid twice for one
        if pending.delivery is not None:
            await turn.restore()
            await self._routes.deliver(turn, pending.delivery)
        elif message.command:
            handler = self._routes.commands.get(message.command)
            if handler is None:
                raise NothingToDoError("unknown_command")
            await handler(turn)
        else:
            await self._routes.message(turn)

    async def _alone(self, pending: Pending, handler: Handler) -> None:
        """Deal with a message beside the queue of its chat."""
        try:
            await self._guarded(pending, handler)
        except Exception:
            log.exception("a message could not be finished")

    async def _guarded(self, pending: Pending, handler: Handler) -> bool:
        """Run the handler and finish the message, whatever it raises. False: it is not finished.

        StorageError if the database fails.
        """
        message = pending.message
        started = self._clock.now()
        with structlog.contextvars.bound_contextvars(ref=pending.ref, chat=str(message.chat)):
            settings = await self._settings.load(message.chat)
            platform = self._platforms[message.chat.platform]
            turn = Turn(pending, settings, platform, self._inbox, self._spawn, self._files)
            try:
                outcome = await self._run(turn, handler)
                if outcome is Ending.UNFINISHED:
                    await self._keep_usage(turn)
                    return False
                turn.is_all_said = True
                await self._finish(turn, outcome)
                await turn.reply.settle()
            except asyncio.CancelledError:
                # The end of the process: what was used so far is billed all the same.
                await self._keep_usage(turn)
                raise
            finally:
                await turn.reply.aclose()
            took_s = self._clock.now() - started
            labels = {"platform": message.chat.platform}
            self._meter.count("answers", {**labels, "outcome": outcome.value})
            self._meter.observe("answer", took_s, labels)
            log.info("message done", outcome=outcome.value, took_s=round(took_s, 3))
        return True

    async def _keep_usage(self, turn: Turn) -> None:
        """What is noted and not stored: it is billed whatever becomes of the message."""
        if turn.has_unstored_usage:
            try:
                await turn.save_step("interrupted", "")
            except StorageError as failure:
                log.warning("what was used is not stored yet", detail=str(failure))

    async def _finish(self, turn: Turn, outcome: Ending) -> None:
        if outcome is Ending.FAILED and not turn.is_committed:
            await self._inbox.fail(turn.message, turn.take_usage())
        else:
            await self._inbox.done(
                turn.message, turn.take_usage(), turn.exchange_id, turn.answer_message_ids
            )

    async def _run(self, turn: Turn, handler: Handler) -> Ending:
        """The one place where an error becomes a reply."""
        try:
            await handler(turn)
        except Exception as error:  # noqa: BLE001  # judge logs what nobody foresaw
            verdict = judge(turn, error)
            forget_frames(error)
            if verdict.outcome in (Ending.FAILED, Ending.UNFINISHED):
                self._meter.count("errors", {"kind": type(error).__name__})
        else:
            return Ending.ANSWERED
        await pronounce(turn, verdict)
        return verdict.outcome

    # ------------------------------------------------------------ the end

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background work failed", exc_info=error)

    async def drain(self, grace_s: float) -> None:
        """Let running answers end for up to ``grace_s``; the rest stays in the inbox."""
        deadline = asyncio.get_running_loop().time() + grace_s
        await self._lanes.drain(grace_s)
        if self._tasks:
            left_s = max(0.0, deadline - asyncio.get_running_loop().time())
            await asyncio.wait(self._tasks, timeout=left_s)
        for task in (late := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
