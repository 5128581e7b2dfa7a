"""By which way the messages of one answer can go now: the channel, or an interaction's token."""

import asyncio
from collections.abc import Awaitable

from bot.discord.address import Address, Opening
from handlers.ports.machine import Clock
from handlers.ports.platforms import SentLog

ORIGINAL_SLOT = "original"
"""What became of the thinking message: what it was filled with (slot, number, and its id once it
is), or an empty slot if it is lost."""
FOLLOW_UPS_SLOT = "follow-ups"
OUTLASTED_SLOT = "outlasted"
"""That the token ends before the answer does: once that is known, and once it is said."""
LEAVE_TOKEN_S = 60.0
"""So long before a token ends, what can go another way does, and what cannot is brought to an end:
clocks differ, and calls take time."""
MAX_FOLLOW_UPS = 5
"""Of one interaction, where the bot is only as somebody's user-installed app."""
_LOST = ("",)
_KNOWN, _SAID = ("1",), ("1", "said")


class Ways:
    def __init__(
        self,
        address: Address,
        sent: SentLog,
        clock: Clock,
        acknowledged: Awaitable[bool] | None,
        pressed_id: str = "",
    ) -> None:
        """``acknowledged``: whether Discord took our word for the interaction; None if unknown.

        ``pressed_id``: the message whose button was pressed, if it is known.
        """
        self._address = address
        self._sent = sent
        self._clock = clock
        self._acknowledged = None if acknowledged is None else asyncio.ensure_future(acknowledged)
        self._is_token_lost = not address.is_interaction
        taken = sent.ids(ORIGINAL_SLOT)
        self._is_original_lost = taken == _LOST
        self._filling = taken[:2]
        self.original_id = pressed_id or "".join(taken[2:])
        self._follow_ups = int("".join(sent.ids(FOLLOW_UPS_SLOT)) or 0)
        outlasted = sent.ids(OUTLASTED_SLOT)
        self.is_outlasted = bool(outlasted)
        self.is_outlasting_said = outlasted == _SAID

    async def ready(self) -> None:
        """Wait until the interaction is acknowledged; before that its token opens nothing."""
        if (told := self._acknowledged) is None:
            return
        await asyncio.wait([told])
        if not told.cancelled() and told.exception() is None and not told.result():
            self._is_token_lost = True

    # ------------------------------------------------------------ what is open

    @property
    def token(self) -> str:
        return self._address.token

    @property
    def is_hidden(self) -> bool:
        return self._address.is_hidden

    @property
    def is_channel_open(self) -> bool:
        return self._address.may_write and not self._address.is_hidden

    @property
    def has_token(self) -> bool:
        """Whether messages go by the token: where there is another way, not to its very end."""
        spare_s = LEAVE_TOKEN_S if self.is_channel_open else 0.0
        return self.is_token_alive and self._clock.now() < self._address.expires_at - spare_s

    @property
    def is_token_alive(self) -> bool:
        return not self._is_token_lost and self._clock.now() < self._address.expires_at

    @property
    def leave_in_s(self) -> float:
        """Seconds until what depends on the token is to come to its end."""
        return self._address.expires_at - LEAVE_TOKEN_S - self._clock.now()

    @property
    def is_thinking(self) -> bool:
        """A message of ours still says that the bot is thinking."""
        is_loading = self._address.opening is Opening.LOADING
        return is_loading and not (
            self._is_token_lost or self._is_original_lost or self.original_id
        )

    def lose_token(self) -> None:
        self._is_token_lost = True

    # ------------------------------------------------------------ the thinking message

    def may_fill(self, slot: str, number: int, *, is_last_way: bool) -> bool:
        """Whether this is what the thinking message is to become.

        ``is_last_way``: nothing else could show it. Then it takes the place of what was to fill
        the message and did not: Discord puts what follows into it, whatever we think.
        """
        if not self.has_token or self._is_original_lost:
            return False
        mine = self._filling in ((), (slot, str(number)))
        if not mine and is_last_way:
            mine = not self.original_id
        return mine and self._address.opening is Opening.LOADING

    async def begin_filling(self, slot: str, number: int) -> None:
        """Recorded before it is done: after a crash the same fills it again."""
        filling = (slot, str(number))
        if self._filling != filling:
            self._filling = filling
            await self._sent.record(ORIGINAL_SLOT, filling)

    async def end_filling(self, message_id: str) -> None:
        if self.original_id != message_id:
            self.original_id = message_id
            await self._sent.record(ORIGINAL_SLOT, (*self._filling, message_id))

    async def lose_original(self) -> None:
        self._is_original_lost = True
        self.original_id = ""
        if self._address.opening is Opening.LOADING:
            await self._sent.record(ORIGINAL_SLOT, _LOST)

    # ------------------------------------------------------------ follow-ups

    @property
    def follow_ups_left(self) -> int | None:
        """None where Discord does not count them."""
        if self._address.may_write:
            return None
        return max(0, MAX_FOLLOW_UPS - self._follow_ups)

    async def count_follow_up(self, number: int) -> None:
        if not self._address.may_write:
            self._follow_ups += number
            await self._sent.record(FOLLOW_UPS_SLOT, (str(self._follow_ups),))

    async def outlast(self) -> None:
        """The token ends before the answer does, and there is no other way."""
        self.is_outlasted = True
        await self._sent.record(OUTLASTED_SLOT, _KNOWN)

    async def say_outlasting(self) -> None:
        """People were told so."""
        self.is_outlasting_said = True
        await self._sent.record(OUTLASTED_SLOT, _SAID)
