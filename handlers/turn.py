"""One message on its way to an answer: what every handler is given."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any

from handlers.errors import EmptyFileError, FileTooLargeError, ParleyError, Stopped
from handlers.media.memory import MemoryGate
from handlers.media.sizes import human_size
from handlers.messages import (
    Attachment,
    ChatSettings,
    Delivery,
    IncomingMessage,
    Pending,
    UsageEntry,
)
from handlers.pictures.picture_names import PictureNames
from handlers.ports.platforms import Platform, ReplySink
from handlers.ports.stores import InboxStore, Outcome

SMALL_FILE_BYTES = 1_000_000
"""A voice message of four minutes, or a photo as apps send it."""

Background = Callable[[Coroutine[Any, Any, None]], None]
"""Runs something after the answer; what is still running at the end is cancelled."""


class RecordedSends:
    """The SentLog of one message, kept on its inbox row."""

    def __init__(self, inbox: InboxStore, key: str, sent: dict[str, tuple[str, ...]]) -> None:
        self._inbox = inbox
        self._key = key
        self._sent = dict(sent)

    @property
    def all(self) -> dict[str, tuple[str, ...]]:
        return dict(self._sent)

    def ids(self, slot: str) -> tuple[str, ...]:
        return self._sent.get(slot, ())

    async def record(self, slot: str, ids: tuple[str, ...]) -> None:
        self._sent[slot] = ids  # known to this process, even if it cannot be stored
        await self._inbox.record_sent(self._key, slot, ids)


class Unrecorded:
    """A SentLog for what is said while nothing can be stored."""

    def __init__(self, sent: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self._sent = dict(sent or {})

    def ids(self, slot: str) -> tuple[str, ...]:
        return self._sent.get(slot, ())

    async def record(self, slot: str, ids: tuple[str, ...]) -> None:
        self._sent[slot] = ids


class Turn:
    def __init__(
        self,
        pending: Pending,
        settings: ChatSettings,
        platform: Platform,
        inbox: InboxStore,
        background: Background,
        files: MemoryGate,
    ) -> None:
        """``files``: shared by all turns, bounds what they hold of people's files at once."""
        self.message: IncomingMessage = pending.message
        self.settings = settings
        self.platform = platform
        self.background = background
        self.ref = pending.ref
        self.is_committed = False
        """From here on the answer is stored, and a fault must not take its place."""
        self.is_delivered = False
        self.is_all_said = False
        """The answer, or why there is none: only storing that may still fail."""
        self.exchange_id = 0
        self.answer_message_ids: tuple[str, ...] = ()
        self.pictures: PictureNames | None = None
        """Those that the model knows by name, while it answers."""
        self._inbox = inbox
        self._files = files
        self._steps = dict(pending.steps)
        self._unstored_usage: list[UsageEntry] = []
        self._stop_requested = False
        self._stoppable_task: asyncio.Task[Any] | None = None
        self._sent = RecordedSends(inbox, pending.message.key, pending.sent)
        self.reply: ReplySink = platform.open_reply(pending.message, self._sent)

    @property
    def sent(self) -> dict[str, tuple[str, ...]]:
        """All that was sent so far, by slot."""
        return self._sent.all

    def is_sent(self, slot: str) -> bool:
        return bool(self._sent.ids(slot))

    @asynccontextmanager
    async def downloaded(self, attachment: Attachment) -> AsyncIterator[bytes]:
        """The attachment's bytes, never none, for as long as the block works on them.

        A file that is too large is not even fetched; a large one waits until there is memory.
        """
        size = attachment.size_bytes
        weight = self.platform.max_download_bytes if size is None else size
        # What is small never waits behind what is large.
        async with self._files.hold(weight if weight > SMALL_FILE_BYTES else 0):
            yield await self._download(attachment)

    async def _download(self, attachment: Attachment) -> bytes:
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

    @property
    def has_unstored_usage(self) -> bool:
        return bool(self._unstored_usage)

    def take_usage(self) -> tuple[UsageEntry, ...]:
        """What is noted and not stored yet; the caller stores it."""
        usage = tuple(self._unstored_usage)
        self._unstored_usage.clear()
        return usage

    def step(self, name: str) -> str | None:
        """A result that an earlier try at this message, cut by a crash, left behind."""
        return self._steps.get(name)

    @property
    def steps(self) -> dict[str, str]:
        """All that was worked out so far, by name, whether it could be stored or not."""
        return dict(self._steps)

    async def save_step(self, name: str, value: str) -> None:
        """StorageError if it cannot be stored; this process knows it all the same."""
        self._steps[name] = value
        usage = self.take_usage()
        try:
            await self._inbox.save_step(self.message.key, name, value, usage)
        except ParleyError:
            self.spent(*usage)
            raise

    async def commit(self, outcome: Outcome) -> None:
        """Store what the turn leaves behind. From here on the answer survives a crash."""
        usage = self.take_usage()
        try:
            self.exchange_id = await self._inbox.answer(
                self.message, replace(outcome, usage=(*outcome.usage, *usage))
            )
        except ParleyError:
            self.spent(*usage)
            raise
        self.is_committed = True

    async def restore(self) -> None:
        """Find the exchange of an answer that was committed before a crash."""
        self.exchange_id = await self._inbox.answer(self.message, Outcome())
        self.is_committed = True

    async def deliver(self, delivery: Delivery) -> None:
        """Show an answer that is committed. Its pictures and what was made are for the caller to
        send."""
        text = "\n\n".join(part for part in (delivery.text, delivery.appendix) if part)
        ids = await self.reply.finish(text, delivery.notice, delivery.buttons, delivery.supersedes)
        # The texts first, then a message for each picture: so they are told apart.
        self.answer_message_ids = (*delivery.earlier_texts, *ids, *delivery.earlier_pictures)
        for number, file in enumerate(delivery.files):
            data = file.text.encode(errors="replace")
            await self.reply.file(f"file {number}", file.name, data, file.mime)
        self.is_delivered = not (delivery.pictures or delivery.made_files)

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

    def stop(self) -> None:
        """Stop what is stoppable now, or the next that would be."""
        if self._stop_requested:
            return
        self._stop_requested = True
        if self._stoppable_task is not None:
            self._stoppable_task.cancel()
