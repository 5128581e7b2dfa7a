"""How often a channel changes before people's eyes."""

import asyncio
import itertools
from dataclasses import dataclass, field

from bot.discord.pace import Pace

HERE, THERE = 1, 2


@dataclass
class Time:
    """A clock that only pausing moves."""

    now_s: float = 100.0
    pauses: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.now_s

    async def pause(self, seconds: float) -> None:
        until = self.now_s + seconds
        await asyncio.sleep(0)
        self.pauses.append(round(seconds, 6))
        self.now_s = max(self.now_s, until)


def paced(time: Time, interval_s: float = 1.0) -> Pace:
    return Pace(interval_s, now=time.now, pause=time.pause)


async def test_the_first_preview_waits_for_nothing_and_the_next_for_an_interval() -> None:
    time = Time()
    pace = paced(time)
    await pace.preview(HERE)
    assert time.pauses == []
    time.now_s += 0.25
    await pace.preview(HERE)
    assert time.pauses == [0.75]


async def test_channels_do_not_wait_for_each_other() -> None:
    time = Time()
    pace = paced(time)
    await pace.preview(HERE)
    await pace.preview(THERE)
    assert time.pauses == []


async def test_what_must_arrive_waits_half_an_interval_after_a_preview_and_for_nothing_else() -> (
    None
):
    time = Time()
    pace = paced(time)
    await pace.message(HERE)
    await pace.message(HERE)
    assert time.pauses == []
    await pace.preview(HERE)
    time.pauses.clear()
    await pace.message(HERE)
    await pace.message(HERE)
    assert time.pauses == [0.5]


async def test_a_preview_keeps_its_distance_to_what_arrived_while_it_waited() -> None:
    time = Time()
    pace = paced(time)
    await pace.message(HERE)
    waiting = asyncio.create_task(pace.preview(HERE))
    await asyncio.sleep(0)
    time.now_s += 0.9
    await pace.message(HERE)
    await waiting
    assert time.now_s >= 101.9


async def test_answers_in_one_channel_share_its_pace() -> None:
    time = Time()
    pace = paced(time)
    shown: list[float] = []

    async def show() -> None:
        await pace.preview(HERE)
        shown.append(time.now_s)

    await asyncio.gather(*(show() for _ in range(4)))
    assert [later - sooner for sooner, later in itertools.pairwise(shown)] == [1, 1, 1]


async def test_without_an_interval_nothing_waits() -> None:
    time = Time()
    pace = paced(time, 0)
    for _ in range(3):
        await pace.preview(HERE)
        await pace.message(HERE)
    assert time.pauses == []


async def test_quiet_channels_are_forgotten_and_busy_ones_are_not() -> None:
    time = Time()
    pace = paced(time)
    for channel_id in range(1_000):
        await pace.preview(channel_id)
    time.now_s += 2
    await pace.preview(THERE)
    await pace.preview(5_000)
    assert len(pace._changed) == 2
    await pace.preview(THERE)
    assert time.pauses == [1]
