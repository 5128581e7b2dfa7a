"""One queue per chat: in order within a chat, side by side across chats.

What people mean as one message may arrive as several: an album is one message per picture, a long
paste is split by the app. The queue waits for the rest and merges them.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import pairwise

from handlers.messages import ChatKey, IncomingMessage, Origin, Pending

ALBUM_SETTLE_S = 0.7
"""An album is whole when no part has come for so long (parts arrive within about 0.3 s)."""
PASTE_SETTLE_S = 1.5
"""The parts of a split paste come within about so long of each other."""
FULL_PART_UNITS = 4096
"""A part of this length, in UTF-16 units, was cut in the middle; a shorter one at a line."""
PASTE_GAP_S = 3.0
"""Parts that were sent further apart than this are messages of their own."""
ADDRESS_UNITS = 64
"""A part that began with a command or a mention was longer, by so much at most, than its text."""


class Lane:
    """The queue of one chat."""

    def __init__(self) -> None:
        self.waiting: deque[Pending] = deque()
        self.arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self.waiting)

    def put(self, pending: Pending) -> None:
        self.waiting.append(pending)
        self.arrived.set()

    async def next(self) -> Pending:
        """The next message, merged with those that belong to it. The lane must not be empty."""
        head = self.waiting.popleft()
        parts = [head]
        while (settle_s := _may_grow(parts)) is not None:
            if not self.waiting:
                self.arrived.clear()
                try:
                    async with asyncio.timeout(settle_s):
                        await self.arrived.wait()
                except TimeoutError:
                    break
            if not _belongs(parts, self.waiting[0]):
                break
            parts.append(self.waiting.popleft())
        return _merge(parts)


Work = Callable[[Pending], Awaitable[None]]


class Lanes:
    """All queues, each with a worker for as long as something waits in it."""

    def __init__(self, work: Work, concurrent_turns: int) -> None:
        """``work`` must not raise, but for cancellation."""
        self._work = work
        self._slots = asyncio.Semaphore(concurrent_turns)
        self._lanes: dict[ChatKey, Lane] = {}
        self._is_draining = False
        self._workers: dict[ChatKey, asyncio.Task[None]] = {}

    def depth(self, chat: ChatKey) -> int:
        """How many messages wait, the one being answered not among them."""
        return len(self._lanes.get(chat, ()))

    def put(self, pending: Pending) -> None:
        chat = pending.message.chat
        lane = self._lanes.get(chat)
        if lane is None:
            lane = self._lanes[chat] = Lane()
            self._workers[chat] = asyncio.create_task(self._run(chat, lane), name=f"lane {chat}")
        lane.put(pending)

    async def _run(self, chat: ChatKey, lane: Lane) -> None:
        try:
            while lane.waiting and not self._is_draining:
                pending = await lane.next()
                async with self._slots:
                    if not self._is_draining:
                        await self._work(pending)
        finally:
            # No await between the last look and this: a message that comes later finds no lane.
            del self._lanes[chat]
            del self._workers[chat]

    def is_busy(self, chat: ChatKey) -> bool:
        """Whether a message of this chat waits or is being answered."""
        return chat in self._lanes

    async def drain(self, grace_s: float) -> None:
        """Begin nothing new; let running turns end for up to ``grace_s``, then cancel them."""
        self._is_draining = True
        workers = list(self._workers.values())
        if not workers:
            return
        _, late = await asyncio.wait(workers, timeout=grace_s)
        for worker in late:
            worker.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _may_grow(parts: list[Pending]) -> float | None:
    """How long to wait for another part, in seconds; None if the message is whole."""
    first, last = parts[0], parts[-1]
    if first.delivery is not None or first.message.origin is not Origin.MESSAGE:
        return None
    if first.message.album:
        return ALBUM_SETTLE_S
    return PASTE_SETTLE_S if last.message.may_continue else None


def _belongs(parts: list[Pending], candidate: Pending) -> bool:
    first, other = parts[0].message, candidate.message
    if (
        candidate.delivery is not None
        or other.origin is not Origin.MESSAGE
        or other.sender.id != first.sender.id
    ):
        return False
    if first.album:
        return other.album == first.album
    if abs(other.sent_at - parts[-1].message.sent_at) > PASTE_GAP_S:
        return False
    return not (other.command or other.attachments or other.quoted)


def _merge(parts: list[Pending]) -> Pending:
    if len(parts) == 1:
        return parts[0]
    messages = [part.message for part in parts]
    first = messages[0]
    # The one that addresses the bot gives the message its command and what it replies to.
    main = next((message for message in messages if message.is_addressed), first)
    merged = replace(
        main,
        key=first.key,
        message_id=main.message_id,
        text=_joined(messages),
        attachments=tuple(a for message in messages for a in message.attachments),
        may_continue=False,
        merged_keys=tuple(message.key for message in messages),
        merged_message_ids=tuple(message.message_id for message in messages),
    )
    return Pending(message=merged, steps=parts[0].steps, sent=parts[0].sent)


def _joined(messages: list[IncomingMessage]) -> str:
    text = messages[0].text
    for before, message in pairwise(messages):
        if text and message.text and not _was_cut(before):
            text += "\n"
        text += message.text
    return text


def _was_cut(part: IncomingMessage) -> bool:
    slack = ADDRESS_UNITS if part.command or part.is_group else 0
    return len(part.text.encode("utf-16-le", "replace")) // 2 >= FULL_PART_UNITS - slack
