"""A fake that speaks: real clips of sound, each with a tone of its own."""

import asyncio
from collections.abc import Callable

from handlers.errors import ParleyError
from handlers.messages import Capability, UsageEntry
from handlers.ports.sounds import Lost, Speech, SpeechStyle, forget
from tests import samples

AS_CONFIGURED = SpeechStyle()


class FakeSpeaker:
    """Fills the port SpeechSynthesizer. What it says lasts a tenth of a second a piece."""

    def __init__(self) -> None:
        self.max_characters = 4096
        self.asked: list[tuple[str, SpeechStyle]] = []
        """Texts and styles, in the order of the requests."""
        self.fails: Callable[[str], ParleyError | None] = lambda _: None
        self.sound: Callable[[int], bytes] = lambda _: samples.ogg_opus(0.1)
        """Of the request with this number."""
        self.gate: asyncio.Semaphore | None = None
        """While there is one, so many requests are answered and the next wait for a release."""
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        """The texts again, for tests that wait for them."""
        self.most_at_once = 0
        self._running = 0

    @property
    def texts(self) -> list[str]:
        return [text for text, _ in self.asked]

    async def speak(
        self,
        text: str,
        style: SpeechStyle = AS_CONFIGURED,
        lost: Lost = forget,  # the port's; what is cancelled here costs nothing
    ) -> Speech:
        number = len(self.asked)
        self.asked.append((text, style))
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        self.begun.put_nowait(text)
        try:
            await (self.gate.acquire() if self.gate is not None else asyncio.sleep(0))
        finally:
            self._running -= 1
        if (failure := self.fails(text)) is not None:
            raise failure
        usage = UsageEntry(Capability.SPEECH, "fake", characters=len(text), cost_usd=0.001)
        return Speech(self.sound(number), "audio/ogg", (usage,))
