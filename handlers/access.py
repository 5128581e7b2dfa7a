"""Who may use the bot."""

from collections import OrderedDict

from handlers.messages import IncomingMessage, Origin
from handlers.ports.machine import Clock

TELL_AGAIN_S = 3600.0
"""A stranger is told once in this time that the bot is not for them; more would be noise."""
REMEMBERED_STRANGERS = 10_000


class Access:
    """``listed``: only people and chats that the operator named. ``open``: everybody."""

    def __init__(
        self,
        *,
        is_open: bool,
        keys: frozenset[str],
        clock: Clock,
        owners: frozenset[str] = frozenset(),
    ) -> None:
        """``keys``: ids of people or whole chats, as ``telegram:123``; ``owners``: of people."""
        self._is_open = is_open
        self._keys = keys
        self._owners = owners
        self._clock = clock
        self._told: OrderedDict[str, float] = OrderedDict()

    def allows(self, message: IncomingMessage) -> bool:
        if self._is_open or message.sender.key in self._keys:
            return True
        return message.is_group and f"{message.chat.platform}:{message.chat.chat}" in self._keys

    def is_owner(self, message: IncomingMessage) -> bool:
        return message.sender.key in self._owners

    def should_tell(self, message: IncomingMessage) -> bool:
        """Whether this stranger is to be answered now; a command or a press always is."""
        if message.command or message.origin is Origin.BUTTON:
            return True
        now = self._clock.now()
        person = message.sender.key
        if now - self._told.get(person, -TELL_AGAIN_S) < TELL_AGAIN_S:
            return False
        self._told[person] = now
        self._told.move_to_end(person)
        while len(self._told) > REMEMBERED_STRANGERS:
            self._told.popitem(last=False)
        return True
