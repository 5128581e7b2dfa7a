"""What people are told when something fails, and what is left of the error then."""

import asyncio
import weakref
from collections.abc import AsyncIterator

import pytest

from handlers.errors import PictureUnreadableError, StorageError
from handlers.messages import Attachment, AttachmentKind, IncomingMessage
from handlers.telling import forget_frames
from tests.fakes import message
from tests.unit.handlers.bench import Bench

TRIES = 7


class Hopeless(Bench):
    """Whose database stays as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.at_last_try = asyncio.Event()

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) == TRIES - 1:
            self.at_last_try.set()

    async def give_up_on(self, question: IncomingMessage) -> None:
        await self.dispatch.submit([question])
        async with asyncio.timeout(10):
            await self.at_last_try.wait()
        await self.dispatch.drain(10)


@pytest.fixture
async def hopeless() -> AsyncIterator[Hopeless]:
    bench = Hopeless()
    bench.store.fails_with = StorageError("the disk is full")
    yield bench
    await bench.close()


async def test_what_stays_unfinished_is_said_beside_what_was_shown(hopeless: Hopeless) -> None:
    hopeless.model.scripts = [StorageError("the disk is full")] * TRIES
    await hopeless.give_up_on(message("hi"))

    assert hopeless.platform.slots == ["unfinished"]
    assert "Something went wrong" in hopeless.platform.said[0]


async def test_an_answer_that_was_delivered_is_not_called_unfinished(hopeless: Hopeless) -> None:
    await hopeless.give_up_on(message("hi"))

    assert hopeless.platform.slots == ["answer"] * TRIES


async def test_nor_is_one_that_an_earlier_try_delivered(hopeless: Hopeless) -> None:
    broken = StorageError("the disk is full")
    hopeless.model.scripts = [["whole"], *[broken] * (TRIES - 1)]
    await hopeless.give_up_on(message("hi"))

    assert hopeless.platform.slots == ["answer"]


async def test_a_later_try_and_the_last_line_know_what_was_said_before(hopeless: Hopeless) -> None:
    hopeless.platform.files["v"] = b"OggS"
    hopeless.model.scripts = [StorageError("the disk is full")] * TRIES
    voice = Attachment(AttachmentKind.VOICE, "v", "audio/ogg", size_bytes=4)
    await hopeless.give_up_on(message("", attachments=(voice,)))

    assert hopeless.platform.slots == ["transcript 0", "unfinished"]
    assert hopeless.platform.known[-1].ids("transcript 0") == ("out1",)


class Large:
    """Stands for a file of 20 MB."""


def test_an_error_that_is_kept_does_not_keep_the_file_that_it_is_about() -> None:
    held: list[weakref.ref[Large]] = []

    def decode(large: Large) -> None:
        raise ValueError("broken")

    def prepare() -> None:
        large = Large()
        held.append(weakref.ref(large))
        try:
            decode(large)
        except ValueError as exc:
            raise PictureUnreadableError("broken") from exc

    kept: BaseException | None = None
    try:
        prepare()
    except PictureUnreadableError as error:
        kept = error
    assert kept is not None
    assert held[0]() is not None
    forget_frames(kept)
    assert held[0]() is None
