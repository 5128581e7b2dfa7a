"""One message on its way to an answer: what every handler is given."""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from handlers.errors import EmptyFileError, FileTooLargeError, Stopped
from handlers.media.sizes import human_size
from handlers.messages import (
    Attachment,
    ChatSettings,
    Delivery,
    IncomingMessage,
    Pending,
    UsageEntry,
)
from handlers.ports import InboxStore, Outcome, Platform, ReplySink

Background = Callable[[Coroutine[Any, Any, None]], None]
"""Runs something after the answer; what is still running at the end is cancelled."""


def reference(key: str) -> str:
    """The short name of a message in logs and in what people are told; the same after a restart."""
    return hashlib.blake2s(key.encode("utf-8", "replace"), digest_size=3).hexdigest()


class RecordedSends:
    """The SentLog of one message, kept on its inbox row."""

    def __init__(self, inbox: InboxStore, key: str, sent: dict[str, tuple[str, ...]]) -> None:
        self._inbox = inbox
        self._key = key
        self._sent = dict(sent)

    def ids(self, slot: str) -> tuple[str, ...]:
        return self._sent.get(slot, ())

    async def record(self, slot: str, ids: tuple[str, ...]) -> None:
        self._sent[slot] = ids
        await self._inbox.record_sent(self._key, slot, ids)


class Turn:
    def __init__(
        self,
        pending: Pending,
        settings: ChatSettings,
        platform: Platform,
        inbox: InboxStore,
        background: Background,
    ) -> None:
        self.message: IncomingMessage = pending.message
        self.settings = settings
        self.platform = platform
        self.background = background
        self.ref = reference(pending.message.key)
        self.exchange_id = 0
        self.answer_message_ids: tuple[str, ...] = ()
        self._inbox = inbox
        self._steps = dict(pending.steps)
        self._unstored_usage: list[UsageEntry] = []
        self._stop_requested = False
        self._stoppable_task: asyncio.Task[Any] | None = None
        self._sent = RecordedSends(inbox, pending.message.key, pending.sent)
        self.reply: ReplySink = platform.open_reply(pending.message, self._sent)

    def is_sent(self, slot: str) -> bool:
        return bool(self._sent.ids(slot))

    async def download(self, attachment: Attachment) -> bytes:
        """The attachment's bytes, never none; a file that is too large is not even fetched."""
        limit = self.platform.max_download_bytes
        if attachment.size_bytes is not None and attachment.size_bytes > limit:
            raise FileTooLargeError(
                attachment.kind, size=human_size(attachment.size_bytes), limit=human_size(limit)
            )
        data = await self.platform.download(attachment)
        if not data:
            raise EmptyFileError(attachment.kind)
        return data

    def spent(self, *usage: UsageEntry) -> None:
        """Note what was used; it is stored with the next thing that is."""
        self._unstored_usage += usage

    def take_usage(self) -> tuple[UsageEntry, ...]:
        """What is noted and not stored yet; the caller stores it."""
        usage = tuple(self._unstored_usage)
        self._unstored_usage.clear()
        return usage

    def step(self, name: str) -> str | None:
        """A result that an earlier try at this message, cut by a crash, left behind."""
        return self._steps.get(name)

    async def save_step(self, name: str, value: str) -> None:
        self._steps[name] = value
        await self._inbox.save_step(self.message.key, name, value, self.take_usage())

    async def commit(self, outcome: Outcome) -> None:
        """Store what the turn leaves behind. From here on the answer survives a crash."""
        stored = Outcome(
            delivery=outcome.delivery,
            exchange=outcome.exchange,
            replaces=outcome.replaces,
            usage=(*outcome.usage, *self.take_usage()),
            window_start=outcome.window_start,
        )
        self.exchange_id = await self._inbox.answer(self.message, stored)

    async def restore(self) -> None:
        """Find the exchange of an answer that was committed before a crash."""
        self.exchange_id = await self._inbox.answer(self.message, Outcome())

    async def deliver(self, delivery: Delivery) -> None:
        """Show an answer that is committed."""
        self.answer_message_ids = await self.reply.finish(
            delivery.text, delivery.notice, delivery.buttons
        )

    # ------------------------------------------------------------ stopping

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Work that the person may stop: ``Stopped`` is raised out of it when they do."""
        if self._is_stopping():
            raise Stopped
        task = asyncio.current_task()
        self._stoppable_task = task
        try:
            yield
        except asyncio.CancelledError:
            # Only our own cancel becomes Stopped: one from outside (the end of the process) may
            # have come at the same time, and must go on as it is.
            if not self._is_stopping() or task is None or task.uncancel() > 0:
                raise
            raise Stopped from None
        finally:
            self._stoppable_task = None

    def _is_stopping(self) -> bool:
        return self._stop_requested

    def stop(self) -> bool:
        """Stop the answer; False if it is past stopping."""
        if self._stop_requested:
            return True
        if self._stoppable_task is None:
            return False
        self._stop_requested = True
        self._stoppable_task.cancel()
        return True

    def stop_at_start(self) -> None:
        """Stop a turn that has not begun: it ends at its first stoppable region."""
        self._stop_requested = True
