"""From the inbox to a handler, and the one place where an error becomes a reply.

A message is committed before it is queued, and done only when its answer is delivered or its
failure told; whatever is neither is taken up again at the next start.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from handlers.access import Access
from handlers.errors import (
    DeliveryRefusedError,
    NothingToDoError,
    PersonError,
    QueueFullError,
    ServiceError,
    Stopped,
)
from handlers.lanes import Lanes
from handlers.messages import Button, ChatKey, Delivery, IncomingMessage, Origin, Pending
from handlers.ports import Clock, InboxStore, Meter, Platform, SettingsStore
from handlers.texts import say
from handlers.turn import Turn, reference

log = structlog.get_logger(__name__)

Handler = Callable[[Turn], Awaitable[None]]

REMEMBERED_FAILURES = 1_000


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
    ) -> None:
        self._inbox = inbox
        self._settings = settings
        self._platforms = platforms
        self._access = access
        self._routes = routes
        self._meter = meter
        self._clock = clock
        self._limits = limits
        self._lanes = Lanes(self._work, limits.concurrent_turns)
        self._running: dict[ChatKey, Turn] = {}
        self._stop_next: set[ChatKey] = set()
        self._failed: OrderedDict[ChatKey, IncomingMessage] = OrderedDict()
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
            if self._lanes.depth(message.chat) >= self._limits.queue_per_chat:
                self._spawn(self._refuse(message))
            else:
                self._enqueue(Pending(message))

    def _enqueue(self, pending: Pending) -> None:
        if pending.message.command == "stop":
            self._stop(pending)
        else:
            self._lanes.put(pending)

    def _stop(self, pending: Pending) -> None:
        """/stop and the Stop button are never queued: they act on what runs now."""
        chat = pending.message.chat
        if not self._access.allows(pending.message):
            self._spawn(self._guarded(pending, lambda turn: self._route(turn, pending)))
            return
        turn = self._running.get(chat)
        did_stop = turn.stop() if turn is not None else self._lanes.is_busy(chat)
        if turn is None and did_stop:
            self._stop_next.add(chat)
        self._spawn(self._finish_stop(pending, did_stop))

    async def _finish_stop(self, pending: Pending, did_stop: bool) -> None:
        async def answer(turn: Turn) -> None:
            # A press that came too late needs no words: the whole answer is there to see.
            if not did_stop and turn.message.origin is Origin.MESSAGE:
                await turn.reply.line("stop", say("nothing_to_stop"))

        await self._guarded(pending, answer)

    async def _refuse(self, message: IncomingMessage) -> None:
        async def answer(_: Turn) -> None:
            raise QueueFullError(str(message.chat), limit=self._limits.queue_per_chat)

        await self._guarded(Pending(message), answer)

    # ------------------------------------------------------------ one message

    async def _work(self, pending: Pending) -> None:
        chat = pending.message.chat
        is_retry = pending.message.command == "retry" and self._access.allows(pending.message)
        if is_retry and chat in self._failed:
            # What failed left no trace in the history: asking again is asking it anew.
            failed = self._failed.pop(chat)
            again = replace(failed, key=pending.message.key, merged_keys=pending.message.keys)
            pending = replace(pending, message=again)

        async def answer(turn: Turn) -> None:
            if chat in self._stop_next:
                self._stop_next.discard(chat)
                turn.stop_at_start()
            self._running[chat] = turn
            try:
                await self._route(turn, pending)
            finally:
                del self._running[chat]

        await self._guarded(pending, answer)

    async def _route(self, turn: Turn, pending: Pending) -> None:
        message = turn.message
        if not message.is_addressed:
            return
        if not self._access.allows(message):
            if self._access.should_tell(message):
                await turn.reply.line("stranger", say("stranger", id=message.sender.key))
            return
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

    async def _guarded(self, pending: Pending, handler: Handler) -> None:
        """Run the handler; whatever it raises, the message is finished and the bot goes on."""
        message = pending.message
        started = self._clock.now()
        with structlog.contextvars.bound_contextvars(
            ref=reference(message.key), chat=str(message.chat)
        ):
            turn = None
            try:
                settings = await self._settings.load(message.chat)
                platform = self._platforms[message.chat.platform]
                turn = Turn(pending, settings, platform, self._inbox, self._spawn)
                outcome = await self._run(turn, handler)
                await self._inbox.done(
                    turn.message, turn.take_usage(), turn.exchange_id, turn.answer_message_ids
                )
            except Exception:
                # The row stays unfinished, so the message is answered at the next start.
                log.exception("message could not be finished")
                outcome = "unfinished"
            finally:
                if turn is not None:
                    await turn.reply.aclose()
            took_s = self._clock.now() - started
            labels = {"platform": message.chat.platform}
            self._meter.count("answers", {**labels, "outcome": outcome})
            self._meter.observe("answer", took_s, labels)
            log.info("message done", outcome=outcome, took_s=round(took_s, 3))

    async def _run(self, turn: Turn, handler: Handler) -> str:
        """The outcome, in a word. Raises only if even the failure could not be told."""
        try:
            await handler(turn)
        except Stopped:
            await self._tell(turn, say("stopped"))
            return "stopped"
        except DeliveryRefusedError as refusal:
            log.warning("the platform refused the answer for good", detail=str(refusal))
            return "undeliverable"
        except PersonError as fault:
            log.info("told the person", error=type(fault).__name__, detail=str(fault))
            await self._tell(turn, say(fault.text_key, **fault.values), turn.ref)
            return "declined"
        except ServiceError as fault:
            log.warning("a service failed", error=type(fault).__name__, detail=str(fault))
            self._meter.count("errors", {"kind": type(fault).__name__})
            await self._fail(turn, say(fault.text_key, **fault.values))
            return "failed"
        except Exception as fault:
            log.exception("our own fault")
            self._meter.count("errors", {"kind": type(fault).__name__})
            await self._fail(turn, say("error_ours"))
            return "failed"
        else:
            self._failed.pop(turn.message.chat, None)
            return "answered"

    async def _fail(self, turn: Turn, words: str) -> None:
        """Tell a failure that trying again may mend, with a button to do so."""
        self._failed[turn.message.chat] = turn.message
        self._failed.move_to_end(turn.message.chat)
        while len(self._failed) > REMEMBERED_FAILURES:
            self._failed.popitem(last=False)
        await self._tell(turn, words, turn.ref, try_again=True)

    async def _tell(
        self, turn: Turn, words: str, ref: str = "", *, try_again: bool = False
    ) -> None:
        text = f"{words} {say('reference', ref=ref)}" if ref else words
        rows = ((Button(say("button_again"), "retry"),),) if try_again else ()
        try:
            await turn.reply.tell(text, rows)
        except DeliveryRefusedError as refusal:
            log.warning("the platform refused the line for good", detail=str(refusal))

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
