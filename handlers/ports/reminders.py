"""What the handlers need kept of reminders, and of where people are in time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from handlers.messages import ChatKey, Sender


@dataclass(frozen=True, slots=True)
class Reminder:
    """What a person is to be told at a time."""

    chat: ChatKey
    sender: Sender
    """Who asked for it."""
    text: str
    due_at: float
    begins: str
    """The local time that its repetitions are counted from: ``2026-11-21T09:00``."""
    timezone: str
    """IANA name."""
    rule: str = ""
    """An RFC 5545 RRULE; empty for once."""
    is_group: bool = False
    message_id: str = ""
    """The message that asked for it; empty if it cannot be replied to."""
    id: int = 0


class ReminderStore(Protocol):
    async def add(self, reminder: Reminder, most: int) -> int:
        """Its id, or 0 if the person has ``most`` in this chat.

        One of this person that says the same in this chat, at the same minute and as often, is it.
        """
        ...

    async def of_person(self, chat: ChatKey, person: str) -> tuple[Reminder, ...]:
        """Those of a person in a chat, the next one first."""
        ...

    async def due(self, now: float, platforms: Collection[str], limit: int) -> tuple[Reminder, ...]:
        """Those of all chats of these platforms that are due, the oldest first."""
        ...

    async def next_due(self, platforms: Collection[str]) -> float | None: ...

    async def move(self, reminder: Reminder) -> None:
        """Store when it is due next, and from when it is counted."""
        ...

    async def remove(self, ids: Sequence[int]) -> None: ...


class PeopleStore(Protocol):
    async def timezone(self, person: str) -> str:
        """IANA name, or empty."""
        ...

    async def save_timezone(self, person: str, timezone: str) -> None: ...
