"""How fast the bot may speak: in each chat, and altogether.

Telegram lets a bot send about one message a second to a chat (with short bursts), 20 a minute to a
group, 30 a second overall, and answers 429 with a time to wait to what is faster. A chat that it
told to wait waits alone.
"""

from collections import deque
from enum import StrEnum

BURST = 3
"""Messages a chat may get at once before they are spread out."""
GROUP_WINDOW_S = 60.5
GROUP_PER_WINDOW = 20
"""Telegram's bound on new messages to a group in a minute; the half second is for the way."""
OVERALL_WINDOW_S = 1.05
"""A second, and a little for calls that are not equally long on their way."""
QUIET_INTERVALS = 2
"""A chat that saw nothing new for so long is quiet."""


class Kind(StrEnum):
    DRAFT = "draft"
    EDIT = "edit"
    BUTTONS = "buttons"
    """An edit of the buttons alone: no message has to keep a distance to it."""
    MESSAGE = "message"


KINDS = {
    "sendMessageDraft": Kind.DRAFT,
    "editMessageText": Kind.EDIT,
    "editMessageReplyMarkup": Kind.BUTTONS,
    "sendMessage": Kind.MESSAGE,
    "sendPhoto": Kind.MESSAGE,
    "sendVoice": Kind.MESSAGE,
    "sendAudio": Kind.MESSAGE,
    "sendDocument": Kind.MESSAGE,
}
"""Methods that people see; the others are not paced."""


class Bucket:
    """A token bucket: ``capacity`` at once, then one each ``period_s``."""

    def __init__(self, capacity: int, period_s: float) -> None:
        self._capacity = capacity
        self._period_s = period_s
        self._full_at = float("-inf")

    def delay(self, now: float) -> float:
        """Seconds until there is a token."""
        return max(0.0, self._full_at - now - (self._capacity - 1) * self._period_s)

    def take(self, now: float) -> None:
        self._full_at = max(self._full_at, now) + self._period_s


class Window:
    """At most ``limit`` in any ``span_s``."""

    def __init__(self, limit: int, span_s: float) -> None:
        self._span_s = span_s
        self._taken: deque[float] = deque(maxlen=limit)

    def delay(self, now: float) -> float:
        if len(self._taken) < (self._taken.maxlen or 0):
            return 0.0
        return max(0.0, self._taken[0] + self._span_s - now)

    def take(self, now: float) -> None:
        self._taken.append(now)


class Overall:
    """The bound over all chats: even, with a short burst, and never above it in any second."""

    def __init__(self, per_s: float) -> None:
        self._bucket = Bucket(max(1, int(per_s / 3)), 1 / per_s)
        self._window = Window(max(1, int(per_s)), OVERALL_WINDOW_S)

    def delay(self, now: float) -> float:
        return max(self._bucket.delay(now), self._window.delay(now))

    def take(self, now: float) -> None:
        self._bucket.take(now)
        self._window.take(now)


class Pace:
    """The pace of one chat. ``interval_s`` 0 leaves only what Telegram itself asks to wait."""

    def __init__(self, interval_s: float, *, is_group: bool) -> None:
        self._interval_s = interval_s
        self._bucket = Bucket(BURST, interval_s)
        self._window = Window(GROUP_PER_WINDOW, GROUP_WINDOW_S) if is_group else None
        self._last: dict[Kind, float] = {}
        self.blocked_until = float("-inf")

    def delay(self, kind: Kind, now: float) -> float:
        """Seconds to wait before the next of this kind."""
        wait_s = max(0.0, self.blocked_until - now)
        if not self._interval_s:
            return wait_s
        if kind is Kind.DRAFT:
            return max(wait_s, self._gap(self._interval_s, now, Kind.DRAFT))
        if kind is not Kind.MESSAGE:
            return max(wait_s, self._gap(self._interval_s, now, *Kind))
        # A message replaces a draft: half the gap keeps the end of a short answer quick.
        gap_s = self._gap(self._interval_s / 2, now, Kind.DRAFT, Kind.EDIT)
        return max(wait_s, gap_s, self.message_delay(now))

    def message_delay(self, now: float) -> float:
        """Seconds until the chat may get one message more, whatever else is shown there."""
        if not self._interval_s:
            return 0.0
        window_s = self._window.delay(now) if self._window is not None else 0.0
        return max(self._bucket.delay(now), window_s)

    def quiet_delay(self, now: float) -> float:
        return self._gap(QUIET_INTERVALS * self._interval_s, now, *Kind)

    @property
    def quiet_s(self) -> float:
        return QUIET_INTERVALS * self._interval_s

    def take(self, kind: Kind, now: float) -> None:
        self._last[kind] = now
        if kind is Kind.MESSAGE:
            self._bucket.take(now)
            if self._window is not None:
                self._window.take(now)

    def _gap(self, gap_s: float, now: float, *kinds: Kind) -> float:
        last = max((self._last[kind] for kind in kinds if kind in self._last), default=None)
        return 0.0 if last is None else max(0.0, last + gap_s - now)
