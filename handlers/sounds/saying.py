"""/say: a text read aloud."""

from collections.abc import Awaitable, Callable, Sequence

from handlers.errors import NothingToDoError
from handlers.sounds.speech_options import Manner, manner_of, read_options
from handlers.turn import Turn

ReadAloud = Callable[[Turn, str, Manner], Awaitable[bool]]

MAX_CHARACTERS = 50_000
"""About an hour."""


class Saying:
    def __init__(self, read_aloud: ReadAloud, voices: Sequence[str]) -> None:
        self._read_aloud = read_aloud
        self._voices = voices

    async def say(self, turn: Turn) -> None:
        """/say [voice=…] [speed=…] [tone=…] [format=…] [model=…] [text], or as a reply to a text.

        Nothing of it becomes part of the conversation.
        """
        chosen, text = read_options(turn.message.text, turn.settings, self._voices)
        if not text and turn.message.quoted is not None:
            text = turn.message.quoted.text.strip()
        if len(text) > MAX_CHARACTERS:
            raise NothingToDoError("too_long_to_say")
        with turn.stoppable():
            is_said = bool(text) and await self._read_aloud(turn, text, manner_of(chosen))
        if not is_said:
            raise NothingToDoError("nothing_to_say")
        turn.is_delivered = True
