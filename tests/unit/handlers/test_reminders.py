"""Reminders: set by the model, rung by the alarm, listed and forgotten by people."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from handlers.errors import StorageError
from handlers.media.memory import MemoryGate
from handlers.messages import ChatKey, ChatSettings, IncomingMessage, Pending, Sender
from handlers.people.alarm import Alarm
from handlers.people.reminders import Reminders
from handlers.tools.reminders import RemindersTool
from handlers.tools.tool import ToolOutput
from handlers.turn import Turn
from storage.stores import Stores, open_stores
from tests.fakes import FakeClock, FakePlatform, FakeStore

CHAT = ChatKey("test", "1")
ALICE, BOB = Sender("test", "7", "Alice"), Sender("test", "8", "Bob")
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC).timestamp()


class Room:
    """A chat, its reminders in a real database, and an alarm whose pauses end when told to."""

    def __init__(self, stores: Stores, clock: FakeClock) -> None:
        self.stores, self.clock = stores, clock
        self.rung: list[IncomingMessage] = []
        self.pauses: asyncio.Queue[tuple[float, asyncio.Event]] = asyncio.Queue()
        self.alarm = Alarm(stores.reminders, clock, ("test",), self._pause)
        self.tool = RemindersTool(stores.reminders, stores.people, clock, self.alarm.look_again)
        self.reminders = Reminders(stores.reminders, stores.people)

    async def _pause(self, seconds: float) -> None:
        over = asyncio.Event()
        self.pauses.put_nowait((seconds, over))
        await over.wait()

    async def submit(self, messages: list[IncomingMessage]) -> None:
        self.rung += await self.stores.inbox.accept(messages)

    def turn(self, text: str = "", sender: Sender = ALICE, **more: Any) -> Turn:
        self.inbox = FakeStore()
        message = IncomingMessage("key", CHAT, sender, "55", text=text, **more)
        pending = Pending(message)
        return Turn(
            pending, ChatSettings(), FakePlatform(), self.inbox, lambda _: None, MemoryGate(1)
        )

    async def set(self, **arguments: Any) -> ToolOutput:
        return await self.tool.call(self.turn(), {"action": "set", **arguments})

    async def shown(self, text: str = "", sender: Sender = ALICE) -> str:
        turn = self.turn(text, sender)
        await self.inbox.accept([turn.message])
        await self.reminders.show(turn)
        assert isinstance(turn.platform, FakePlatform)
        return turn.platform.said[-1]


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    clock = FakeClock(NOW)
    async with open_stores(tmp_path / "parley.db", clock) as stores:
        yield Room(stores, clock)


async def test_a_reminder_comes_when_it_is_due_and_once(room: Room) -> None:
    told = await room.set(text="call Ana", in_minutes=90)
    assert not told.is_failed
    await room.alarm.ring(room.submit)
    assert room.rung == []

    room.clock.time += 90 * 60
    await room.alarm.ring(room.submit)
    await room.alarm.ring(room.submit)

    [message] = room.rung
    assert (message.command, message.text) == ("reminder", "⏰ call Ana")
    assert (message.chat, message.sender, message.message_id) == (CHAT, ALICE, "55")
    assert await room.stores.reminders.next_due(["test"]) is None


async def test_one_that_was_rung_before_a_crash_and_not_settled_comes_once(room: Room) -> None:
    await room.set(text="call Ana", in_minutes=1)
    room.clock.time += 60
    [due] = await room.stores.reminders.due(room.clock.time, ["test"], 9)
    await room.alarm.ring(room.submit)
    await room.stores.reminders.add(due, 50)  # as if it had not been settled; it has another id
    [again] = await room.stores.reminders.due(room.clock.time, ["test"], 9)
    await room.submit([room.alarm._message(replace(again, id=due.id))])

    assert len(room.rung) == 1


async def test_a_late_one_says_when_it_was_due_in_the_persons_time(room: Room) -> None:
    await room.set(text="tea", at="2026-11-21T17:00", timezone="Europe/Berlin")
    room.clock.time += 86400
    await room.alarm.ring(room.submit)

    assert "2026-11-21 17:00" in room.rung[0].text


async def test_what_is_due_on_a_platform_that_does_not_run_waits(room: Room) -> None:
    await room.set(text="tea", in_minutes=1)
    room.clock.time += 60
    elsewhere = Alarm(room.stores.reminders, room.clock, ("other",))
    await elsewhere.ring(room.submit)
    assert room.rung == []
    await room.alarm.ring(room.submit)
    assert len(room.rung) == 1


async def test_what_repeats_comes_again_and_not_for_every_time_missed(room: Room) -> None:
    await room.set(
        text="water", at="2026-11-21T09:00", timezone="Europe/Berlin", every={"unit": "day"}
    )
    assert "2026-11-22 09:00" in await room.shown()
    room.clock.time += 5 * 86400
    await room.alarm.ring(room.submit)

    assert len(room.rung) == 1
    assert "2026-11-27 09:00 (daily): water" in await room.shown()


async def test_the_alarm_sleeps_until_the_next_is_due_and_wakes_for_a_new_one(room: Room) -> None:
    running = asyncio.create_task(room.alarm.run(room.submit))
    sleep_s, _ = await room.pauses.get()
    assert sleep_s == 30.0
    await room.set(text="soon", in_minutes=0.1)
    sleep_s, over = await room.pauses.get()
    assert sleep_s == pytest.approx(6.0)
    room.clock.time += 6
    over.set()
    await room.pauses.get()
    running.cancel()

    assert [message.text for message in room.rung] == ["⏰ soon"]


async def test_the_alarm_outlives_a_database_that_fails(room: Room) -> None:
    await room.set(text="soon", in_minutes=1)
    room.clock.time += 60
    fails = [StorageError("full")]

    async def submit(messages: list[IncomingMessage]) -> None:
        if fails:
            raise fails.pop()
        await room.submit(messages)

    running = asyncio.create_task(room.alarm.run(submit))
    _, over = await room.pauses.get()
    assert room.rung == []
    over.set()
    await room.pauses.get()
    running.cancel()

    assert len(room.rung) == 1


async def test_one_that_makes_no_sense_does_not_stand_before_the_others(room: Room) -> None:
    await room.set(text="odd", in_minutes=1, every={"unit": "day"})
    await room.set(text="good", in_minutes=2)
    [odd, _] = await room.stores.reminders.of_person(CHAT, ALICE.key)
    await room.stores.reminders.move(replace(odd, begins="no time"))
    room.clock.time += 120
    await room.alarm.ring(room.submit)

    assert [message.text for message in room.rung] == ["⏰ odd", "⏰ good"]


async def test_the_time_zone_is_asked_for_once_and_kept(room: Room) -> None:
    told = await room.set(text="tea", at="2026-11-21T17:00")
    assert told.is_failed
    assert "time zone" in told.text
    await room.set(text="tea", at="2026-11-21T17:00", timezone="Asia/Tokyo")
    told = await room.set(text="rice", at="2026-11-22T08:00")

    assert "Asia/Tokyo" in told.text
    assert await room.stores.people.timezone(ALICE.key) == "Asia/Tokyo"


@pytest.mark.parametrize(
    "arguments",
    [
        {"text": "x"},
        {"text": " ", "in_minutes": 5},
        {"text": "x", "at": "tomorrow", "timezone": "UTC"},
        {"text": "x", "at": "2026-11-21T11:00", "timezone": "UTC"},
        {"text": "x", "at": "1990-01-01T00:00", "timezone": "UTC", "every": {"unit": "hour"}},
        {"text": "x", "in_minutes": 1e12},
        {"text": "x", "at": "2099-01-01", "timezone": "UTC"},
        {"text": "x", "at": "9999-12-31T23:59", "timezone": "America/New_York"},
        {
            "text": "x",
            "in_minutes": 5,
            "every": {"unit": "day", "count": 7, "weekdays": ["MO"]},
        },
    ],
)
async def test_what_makes_no_sense_is_told_to_the_model(
    room: Room, arguments: dict[str, Any]
) -> None:
    told = await room.set(**arguments)
    assert told.is_failed
    assert told.text.startswith("Error: ")
    assert await room.stores.reminders.next_due(["test"]) is None


async def test_people_see_and_forget_their_own_only(room: Room) -> None:
    await room.set(text="mine", in_minutes=5)
    await room.set(text="mine too", in_minutes=6)
    assert "mine too" in await room.shown()
    assert "mine" not in await room.shown(sender=BOB)
    assert "mine" not in await room.shown("forget all", BOB)
    first = (await room.stores.reminders.of_person(CHAT, ALICE.key))[0]
    assert "1. " in await room.shown("forget 2")
    assert "no reminders" in await room.shown(f"forget #{first.id}")


async def test_the_model_lists_and_cancels(room: Room) -> None:
    await room.set(text="mine", in_minutes=5)
    listed = await room.tool.call(room.turn(), {"action": "list"})
    [own] = await room.stores.reminders.of_person(CHAT, ALICE.key)
    assert listed.text.startswith(f"#{own.id} ")
    theirs = await room.tool.call(room.turn(sender=BOB), {"action": "cancel", "id": own.id})
    assert theirs.is_failed
    cancelled = await room.tool.call(room.turn(), {"action": "cancel", "id": own.id})
    assert not cancelled.is_failed
    assert await room.stores.reminders.next_due(["test"]) is None


async def test_there_is_a_bound(room: Room) -> None:
    for number in range(50):
        assert not (await room.set(text=f"{number}", in_minutes=5)).is_failed
    assert (await room.set(text="one more", in_minutes=5)).is_failed


async def test_nobody_types_a_reminder(room: Room) -> None:
    with pytest.raises(Exception, match="unknown_command"):
        await room.reminders.remind(room.turn("⏰ forged"))


async def test_the_same_set_again_for_the_same_minute_is_the_one_that_is_there(room: Room) -> None:
    first = await room.set(text="call Ana", in_minutes=90)
    room.clock.time += 20
    again = await room.set(text="call Ana", in_minutes=90)
    await room.set(text="call Ana", in_minutes=95)
    await room.set(text="call Bo", in_minutes=90)
    assert again.text.split()[1] == first.text.split()[1] == "#1"
    assert len(await room.stores.reminders.of_person(CHAT, ALICE.key)) == 3
