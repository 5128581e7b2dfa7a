"""Pictures that a tool makes in more than one request: none is lost, none is paid twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from handlers.errors import ContentRefusedError, StorageError
from handlers.messages import AnswerState, Capability, UsageEntry
from handlers.ports.images import ImageOptions
from handlers.tools.pictures import MakeImage
from handlers.tools.running import ToolLimits
from tests import samples
from tests.fakes import message
from tests.unit.handlers.bench import Bench
from tests.unit.handlers.tool_bench import call, crash

TWO = [samples.png(17, 16), samples.png(17, 17)]


def drawing_bench(limits: ToolLimits | None = None) -> Bench:
    bench = Bench(
        budget_tokens=16_000, tools=lambda b: [MakeImage(b.images, b.gallery)], limits=limits
    )
    bench.images.most = 1
    bench.model.scripts = [[call("make_image", prompt="a fox", count=3)], ["Here."]]
    return bench


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = drawing_bench()
    yield bench
    await bench.close()


def hold_the_third(bench: Bench) -> asyncio.Event:
    """Set when two are made; the third never comes."""
    reached = asyncio.Event()

    async def hold(made: int) -> None:
        if made == 2:
            reached.set()
            await asyncio.Event().wait()

    bench.images.before_next = hold
    return reached


def paid(bench: Bench) -> int:
    return sum(entry.images for entry in bench.store.usage)


async def test_stopped_between_two_of_them_those_that_are_made_are_the_answer(bench: Bench) -> None:
    reached = hold_the_third(bench)
    await bench.dispatch.submit([message("three foxes")])
    await reached.wait()
    await bench.say(message("", number=2, command="stop"))
    await bench.store.all_done(2)
    assert bench.platform.photos == TWO
    assert bench.platform.captions[-1].endswith("$0.0400 for 2 pictures")
    assert "2 of 3" in bench.platform.captions[-1]
    [exchange] = bench.store.exchanges
    assert exchange.state is AnswerState.STOPPED
    assert len(exchange.media) == 2
    assert paid(bench) == 2


async def test_after_a_crash_between_two_of_them_only_the_rest_is_made(bench: Bench) -> None:
    reached = hold_the_third(bench)
    await bench.dispatch.submit([message("three foxes")])
    await reached.wait()
    bench.images.before_next = None
    await crash(bench, 1)
    assert [options.count for _, options in bench.images.asked] == [3, 1]
    assert bench.platform.photos == [*TWO, samples.png(18, 16)]
    assert bench.platform.captions[-1] == "$0.0600 for 3 pictures"
    assert paid(bench) == 3


async def test_when_its_time_is_up_it_gives_those_that_are_made() -> None:
    bench = drawing_bench(ToolLimits(total_timeout_s=1.0))
    hold_the_third(bench)
    await bench.say(message("three foxes"))
    assert bench.platform.photos == TWO
    told = bench.model.requests[-1].rounds[-1].results[-1].output
    assert told.startswith("Done: 2 pictures")
    assert "2 of 3" in told
    assert paid(bench) == 2
    await bench.close()


async def test_when_a_later_one_is_refused_the_others_and_what_it_cost_are_kept(
    bench: Bench,
) -> None:
    async def refuse(made: int) -> None:
        refusal = ContentRefusedError("moderation")
        refusal.usage = (UsageEntry(Capability.IMAGE, "fake", output_tokens=7),)
        raise refusal

    bench.images.before_next = refuse
    await bench.say(message("three foxes"))
    assert bench.platform.photos == [samples.png(17, 16)]
    assert sum(entry.output_tokens for entry in bench.store.usage if entry.model == "fake") >= 7
    assert bench.images.asked == [("a fox", ImageOptions(count=3))]


async def test_a_full_disk_is_told_to_the_model_and_what_it_cost_is_kept(bench: Bench) -> None:
    bench.media.puts_badly = StorageError("No space left on device")
    await bench.say(message("three foxes"))
    told = bench.model.requests[-1].rounds[-1].results[-1].output
    assert "could not keep it" in told
    assert len(bench.images.asked) == 1
    assert paid(bench) == 1
    assert bench.pauses == []
