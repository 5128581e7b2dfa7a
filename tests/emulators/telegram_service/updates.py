"""The queue behind getUpdates: kept until acknowledged by a later offset, long polled."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tests.emulators.telegram_service.values import ApiError, Changes, Json, breach

KINDS = {
    *("message", "edited_message", "channel_post", "edited_channel_post", "business_connection"),
    *("business_message", "edited_business_message", "deleted_business_messages"),
    *("guest_message", "message_reaction", "message_reaction_count", "inline_query"),
    *("chosen_inline_result", "callback_query", "shipping_query", "pre_checkout_query"),
    *("purchased_paid_media", "poll", "poll_answer", "my_chat_member", "chat_member"),
    *("chat_join_request", "chat_boost", "removed_chat_boost", "managed_bot"),
    "stopped_message_generation",  # Bot API 10.3
}
ONLY_WHEN_NAMED = {
    *("chat_member", "message_reaction", "message_reaction_count"),
    "stopped_message_generation",
}
FIRST_UPDATE_ID = 700_000_001
CONFLICT = (
    "Conflict: terminated by other getUpdates request;"
    " make sure that only one bot instance is running"
)


@dataclass(slots=True)
class _Queued:
    update: Json
    must_deliver: bool = False  # a duplicate: its id was acknowledged before it came


class UpdateQueue:
    def __init__(self, changes: Changes) -> None:
        self.all: list[Json] = []
        self.webhook_url = ""
        self.is_closing = False
        self._changes = changes
        self._queue: list[_Queued] = []
        self._allowed: set[str] = KINDS - ONLY_WHEN_NAMED
        self._next_id = FIRST_UPDATE_ID
        self._newest_poll: asyncio.Event | None = None

    @property
    def pending(self) -> list[Json]:
        return [queued.update for queued in self._queue]

    def push(self, update: Json) -> Json:
        """Queue an update (numbering it if it has no update_id), if the bot asked for its kind."""
        update = {"update_id": self._next_id} | update
        self._next_id = max(self._next_id, update["update_id"] + 1)
        self.all.append(update)
        kinds = set(update) & KINDS
        if not kinds or kinds & self._allowed:
            self._queue.append(_Queued(update))
            self._changes.announce()
        return update

    def push_again(self, update: Json) -> Json:
        self._queue.append(_Queued(update, must_deliver=True))
        self._changes.announce()
        return update

    def forget_pending(self) -> None:
        self._queue.clear()

    def allow(self, kinds: list[str] | None) -> None:
        if kinds is None:
            return
        self._allowed = set(kinds) or KINDS - ONLY_WHEN_NAMED
        if unknown := self._allowed - KINDS:
            raise breach(f"allowed_updates names unknown kinds: {sorted(unknown)}")

    async def poll(self, offset: int, limit: int, timeout_s: float) -> list[Json]:
        """Acknowledge, then wait for updates. A newer poll ends an older one, as in the service."""
        if self.webhook_url:
            raise ApiError(
                "Conflict: can't use getUpdates method while webhook is active;"
                " use deleteWebhook to delete the webhook first",
                409,
            )
        if self._newest_poll is not None:
            self._newest_poll.set()
        superseded = self._newest_poll = asyncio.Event()
        self._changes.announce()
        self._acknowledge(offset)
        await self._changes.wait_until(
            lambda: self._queue or superseded.is_set() or self.is_closing, timeout_s
        )
        if superseded.is_set():
            raise ApiError(CONFLICT, 409)
        self._newest_poll = None
        sent = self._queue[:limit]
        for queued in sent:
            queued.must_deliver = False
        return [queued.update for queued in sent]

    def _acknowledge(self, offset: int) -> None:
        if offset < 0:
            self._queue = self._queue[offset:]
            return
        self._queue = [
            queued
            for queued in self._queue
            if queued.must_deliver or queued.update["update_id"] >= offset
        ]
        self._changes.announce()
