"""A picture's beginning: one message at most, whatever is lost on the way."""

import asyncio
import mimetypes
from typing import Any, cast

from telegram.error import BadRequest, TimedOut

from bot.telegram.outbox import Outbox
from bot.telegram.pictures import SLOT, PicturePreview
from handlers.ports.images import Picture
from handlers.turn import Unrecorded
from tests import samples

mimetypes.init()  # reads files when it is first asked, which no test's loop may
BEGUN = Picture(samples.png(), "image/png")


class Sent(Unrecorded):
    """Tells when it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    def ids(self, slot: str) -> tuple[str, ...]:
        self.asked.set()
        return super().ids(slot)


class FakeOutbox:
    """Its first send fails with ``failure``."""

    def __init__(self, sent: Sent, failure: Exception | None) -> None:
        self.sent, self.failure = sent, failure
        self.uploads = 0
        self.changed: list[int] = []

    async def upload(self, slot: str, method: str, **_: Any) -> None:
        self.uploads += 1
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        await self.sent.record(slot, (*self.sent.ids(slot), "77"))

    async def change_media(self, message_id: int, media: object, buttons: object) -> bool:
        self.changed.append(message_id)
        return True


async def show(outbox: FakeOutbox) -> PicturePreview:
    preview = PicturePreview(cast("Outbox", outbox), outbox.sent)
    outbox.sent.asked.clear()
    preview.show(BEGUN)
    await outbox.sent.asked.wait()
    await preview.close()
    return preview


async def test_a_beginning_that_may_be_there_is_not_sent_again_after_a_crash() -> None:
    outbox = FakeOutbox(Sent(), TimedOut())
    await show(outbox)
    again = await show(outbox)
    assert outbox.uploads == 1
    assert not await again.replace("photo 0", BEGUN, None, None)


async def test_a_beginning_that_was_refused_is_not_there_and_may_be_sent_after_a_crash() -> None:
    outbox = FakeOutbox(Sent(), BadRequest("too wide"))
    await show(outbox)
    again = await show(outbox)
    assert outbox.uploads == 2
    assert await again.replace("photo 0", BEGUN, None, None)
    assert outbox.changed == [77]
    assert outbox.sent.ids("photo 0") == ("77",)


async def test_a_picture_that_took_its_place_before_a_crash_keeps_it() -> None:
    outbox = FakeOutbox(Sent(), None)
    preview = await show(outbox)
    await outbox.sent.record("photo 0", ("77",))
    await preview.forget("photo 0")
    assert outbox.sent.ids(SLOT) == ()
