"""Where the bot is active and how far each place was read: in memory, over the store."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import discord

from bot.discord.address import NAME, channel_key
from handlers.messages import ChatKey
from handlers.ports.stores import Place, PlaceStore


@dataclass(slots=True, eq=False)
class KnownPlace:
    chat: ChatKey
    is_followed: bool = False
    seen: int = 0
    """The id of the last message there that is dealt with; 0 if that is not known."""
    has_gap: bool = False
    """What follows ``seen`` could not be read: it stays where it is until that succeeds."""

    @property
    def stored(self) -> Place:
        return Place(self.chat, self.is_followed, str(self.seen or ""))


class Places:
    """Changes are kept in memory until ``save``; ``is_urgent`` says that they must not wait."""

    def __init__(self, store: PlaceStore) -> None:
        self._store = store
        self._known: dict[ChatKey, KnownPlace] = {}
        self._changed: dict[ChatKey, KnownPlace] = {}
        self._is_loaded = False
        # A save takes what holds when it begins: two at once could leave the older one.
        self._line = asyncio.Lock()
        self.is_urgent = False

    def __iter__(self) -> Iterator[KnownPlace]:
        return iter(self._known.values())

    def get(self, chat: ChatKey) -> KnownPlace | None:
        return self._known.get(chat)

    # ------------------------------------------------------------ what changes

    def enter(self, chat: ChatKey, before: int) -> KnownPlace:
        """The place, known from now on. What was said until ``before`` is not looked for."""
        place = self._known.get(chat)
        if place is None:
            place = self._known[chat] = KnownPlace(chat)
        if not place.seen:
            place.seen = before
            self._change(place, is_urgent=True)
        return place

    def follow(self, chat: ChatKey, before: int) -> None:
        """Every message in a thread is for the bot from now on."""
        place = self.enter(chat, before)
        if not place.is_followed:
            place.is_followed = True
            self._change(place, is_urgent=True)

    def pass_by(self, chat: ChatKey, message_id: int) -> None:
        """A message is dealt with. Means nothing for a place that is not known."""
        place = self._known.get(chat)
        if place is not None and message_id > place.seen and not place.has_gap:
            place.seen = message_id
            self._change(place)

    def forget(self, chat: ChatKey) -> None:
        """There is no such chat any more."""
        if (place := self._known.pop(chat, None)) is not None:
            place.is_followed, place.seen = False, 0
            self._change(place)

    def _change(self, place: KnownPlace, *, is_urgent: bool = False) -> None:
        self._changed[place.chat] = place
        self.is_urgent |= is_urgent

    # ------------------------------------------------------------ the store

    async def load(self) -> None:
        """Once; again is harmless. StorageError."""
        async with self._line:
            if self._is_loaded:
                return
            for place in await self._store.load(NAME):
                seen = int(place.seen) if place.seen.isdecimal() else 0
                known = KnownPlace(place.chat, place.is_followed, seen)
                self._known.setdefault(place.chat, known)
            self._is_loaded = True

    async def save(self) -> None:
        """All that changed, in one transaction. StorageError; then it is still to be saved."""
        async with self._line:
            changed, self._changed = self._changed, {}
            was_urgent, self.is_urgent = self.is_urgent, False
            is_saved = False
            try:
                if changed:
                    await self._store.save([place.stored for place in changed.values()])
                is_saved = True
            finally:
                if not is_saved:
                    self._changed = changed | self._changed
                    self.is_urgent |= was_urgent


def chat_of(message: discord.Message) -> ChatKey:
    # A server that the library does not know (yet) is known to the channel by its id.
    guild_id = message.guild.id if message.guild else getattr(message.channel, "guild_id", None)
    return channel_key(message.channel.id, guild_id)
