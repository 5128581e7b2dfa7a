"""What people asked to be remembered about them, and where it is used.

Facts of a private chat are used in that person's private chats on the platform and in no group;
facts of a group in that group, for that person.
"""

from enum import StrEnum

from handlers.messages import IncomingMessage
from handlers.ports.stores import Fact, FactOwner, MemoryStore

MAX_FACTS = 100
MAX_FACT = 500
"""Characters: a fact is a sentence."""
MAX_TOGETHER = 8_000
"""Characters: they are sent with each of the person's questions."""


class Kept(StrEnum):
    """What became of a fact; the names of lines in handlers/texts."""

    YES = "fact_kept"
    KNOWN = "fact_known"
    FULL = "facts_full"
    TOO_LONG = "fact_too_long"


class Facts:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def of(self, message: IncomingMessage) -> tuple[Fact, ...]:
        """Those that belong to who wrote it, where it was written; in the same order each time."""
        return await self._store.load(owner_of(message))

    async def keep(self, message: IncomingMessage, text: str) -> Kept:
        text = tidied(text)
        if len(text) > MAX_FACT:
            return Kept.TOO_LONG
        owner = owner_of(message)
        known = await self._store.load(owner)
        if any(fact.text.casefold() == text.casefold() for fact in known):
            return Kept.KNOWN
        is_kept = await self._store.add(owner, text, MAX_FACTS, MAX_TOGETHER)
        return Kept.YES if is_kept else Kept.FULL

    async def change(self, message: IncomingMessage, fact: Fact, text: str) -> Kept:
        text = tidied(text)
        if len(text) > MAX_FACT:
            return Kept.TOO_LONG
        is_kept = await self._store.change(owner_of(message), fact.id, text, MAX_TOGETHER)
        return Kept.YES if is_kept else Kept.FULL

    async def forget(self, message: IncomingMessage, *fact_ids: int) -> int:
        """How many were there."""
        return await self._store.erase(owner_of(message), fact_ids)


def owner_of(message: IncomingMessage) -> FactOwner:
    chat = message.chat
    place = f"{chat.platform}:{chat.chat}" if message.is_group else ""
    return FactOwner(message.sender.key, place)


def tidied(text: str) -> str:
    """In one line."""
    return " ".join(text.split())
