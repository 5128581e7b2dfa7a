"""A bench that speaks: real sounds, joined by the real studio, made by a fake."""

import asyncio
from dataclasses import replace

from handlers.access import Access
from handlers.dispatch import Dispatch, Limits, Routes
from handlers.errors import Stopped
from handlers.media.sounds import SoundStudio
from handlers.messages import ChatSettings, Delivery, IncomingMessage
from handlers.ports.stores import Outcome
from handlers.sounds.saying import Saying
from handlers.sounds.speaking import Speaking
from handlers.turn import Turn
from tests.fakes import CHAT, FakeClock, FakeMeter, FakePlatform, FakeSettings, FakeStore
from tests.fakes_speech import FakeSpeaker

VOICES = ("alloy", "coral", "Nova")


class SpeechBench:
    """Every message is answered with its own words, spoken; /say says them alone."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.settings = FakeSettings()
        self.platform = FakePlatform()
        self.clock = FakeClock()
        self.speaker = FakeSpeaker()
        self.studio = SoundStudio()
        self.restart()

    def restart(self) -> None:
        """A new process: what is kept in the store is all that it knows."""
        speaking = Speaking(self.speaker, self.studio)
        saying = Saying(speaking.read_aloud, VOICES)

        async def deliver(turn: Turn, delivery: Delivery) -> None:
            await turn.deliver(delivery)
            try:
                with turn.stoppable():
                    await speaking.speak(turn, delivery.text)
            except Stopped:
                pass

        async def answer(turn: Turn) -> None:
            delivery = Delivery(turn.message.text, is_spoken=True)
            await turn.commit(Outcome(delivery))
            await deliver(turn, delivery)

        async def fail(_: float) -> None:
            raise AssertionError("nothing is to be tried again")

        self.dispatch = Dispatch(
            inbox=self.store,
            settings=self.settings,
            platforms={"test": self.platform},
            access=Access(is_open=True, keys=frozenset(), clock=self.clock),
            routes=Routes(answer, {"say": saying.say}, deliver),
            meter=FakeMeter(),
            clock=self.clock,
            limits=Limits(),
            pause=fail,
        )

    def choose(self, **settings: object) -> None:
        self.settings.stored[CHAT] = replace(ChatSettings(), **settings)  # type: ignore[arg-type]  # the caller names real fields

    async def say(self, *messages: IncomingMessage) -> None:
        """Send messages and wait until each is done."""
        done = sum(row.is_over for row in self.store.rows.values())
        await self.dispatch.submit(messages)
        await self.store.all_done(done + sum(len(m.keys) for m in messages))

    async def said(self, count: int) -> list[str]:
        """What was said, once there is so much of it."""
        async with asyncio.timeout(10):
            while len(self.platform.said) < count:  # noqa: ASYNC110  # a fake tells nobody
                await asyncio.sleep(0)
        return self.platform.said

    async def kill(self) -> None:
        """The process ends where it is."""
        await self.dispatch.drain(0)
        self.restart()

    async def close(self) -> None:
        await self.dispatch.drain(0)
