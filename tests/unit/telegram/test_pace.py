"""How fast the bot speaks: by a clock that the test turns."""

import asyncio
import heapq
from collections.abc import Awaitable

import pytest
from telegram.error import RetryAfter

from bot.telegram.limiter import DISPENSABLE, ChatLimiter, NotNowError
from bot.telegram.pace import Kind

PERSON, GROUP = 5, -5


class Time:
    """A clock that only sleeping moves: to the next that wakes, when all others wait."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.calls: list[tuple[str, float]] = []
        self.faults: list[Exception] = []
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []
        self._count = 0

    def __call__(self) -> float:
        return self.now

    @property
    def times(self) -> list[float]:
        return [at for _, at in self.calls]

    async def pause(self, seconds: float) -> None:
        self._count += 1
        awake = asyncio.Event()
        heapq.heappush(self._sleepers, (self.now + seconds, self._count, awake))
        await awake.wait()

    async def run(self, *works: Awaitable[object]) -> None:
        """Until all is done."""
        done = asyncio.gather(*works)
        while not done.done():
            for _ in range(50):  # let everything come to its next pause
                await asyncio.sleep(0)
            if self._sleepers and not done.done():
                self.now, _, awake = heapq.heappop(self._sleepers)
                awake.set()
        await done

    async def request(self, name: str) -> str:
        self.calls.append((name, self.now - 1_000))
        if self.faults:
            raise self.faults.pop(0)
        return name


@pytest.fixture
def time() -> Time:
    return Time()


def limiter(time: Time, overall: float = 0) -> ChatLimiter:
    return ChatLimiter(1.0, 1.5, overall, clock=time, pause=time.pause)


async def call(
    limits: ChatLimiter,
    time: Time,
    method: str,
    chat: int,
    importance: str | None = None,
    name: str = "",
) -> None:
    await limits.process_request(
        time.request, (name or method,), {}, method, {"chat_id": chat}, importance
    )


async def preview(limits: ChatLimiter, time: Time, kind: Kind, chat: int, name: str) -> None:
    method = {Kind.EDIT: "editMessageText", Kind.MESSAGE: "sendMessage"}.get(
        kind, "sendMessageDraft"
    )
    async with limits.turn(chat, kind):
        await call(limits, time, method, chat, DISPENSABLE, name)


async def one_after_the_other(*works: Awaitable[object]) -> None:
    for work in works:
        await work


async def test_a_person_gets_a_burst_and_then_a_message_a_second(time: Time) -> None:
    limits = limiter(time)
    await time.run(*(call(limits, time, "sendMessage", PERSON) for _ in range(6)))

    assert time.times == pytest.approx([0, 0, 0, 1, 2, 3])


async def test_the_last_edit_of_a_group_keeps_the_gap_too(time: Time) -> None:
    limits = limiter(time)
    await time.run(
        one_after_the_other(
            call(limits, time, "sendMessage", GROUP),
            preview(limits, time, Kind.EDIT, GROUP, "preview"),
            call(limits, time, "editMessageText", GROUP),
        )
    )

    assert time.times == pytest.approx([0, 1.5, 3])


async def test_a_draft_follows_a_message_at_once_and_the_next_draft_a_second_later(
    time: Time,
) -> None:
    limits = limiter(time)
    await time.run(
        one_after_the_other(
            call(limits, time, "sendMessage", PERSON),
            preview(limits, time, Kind.DRAFT, PERSON, "first"),
            preview(limits, time, Kind.DRAFT, PERSON, "second"),
            call(limits, time, "sendMessage", PERSON),
        )
    )

    assert time.times == pytest.approx([0, 0, 1, 1.5])


async def test_a_group_gets_twenty_messages_a_minute_as_fast_as_its_bucket_allows(
    time: Time,
) -> None:
    limits = limiter(time)
    await time.run(*(call(limits, time, "sendMessage", GROUP) for _ in range(45)))

    assert all(sum(1 for t in time.times if at <= t < at + 60) <= 20 for at in time.times)
    assert time.times[:20] == pytest.approx([0, 0, *(n * 1.5 for n in range(18))])


async def test_edits_do_not_count_among_the_messages_of_a_group(time: Time) -> None:
    limits = limiter(time)
    edits = [call(limits, time, "editMessageText", GROUP) for _ in range(40)]
    await time.run(*edits)
    await time.run(call(limits, time, "sendMessage", GROUP))

    assert time.times[:40] == pytest.approx([n * 1.5 for n in range(40)])
    assert time.times[40] == pytest.approx(39 * 1.5 + 0.75)


async def test_an_edit_does_not_wait_for_the_messages_that_a_full_minute_holds_back(
    time: Time,
) -> None:
    limits = limiter(time)
    await time.run(*(call(limits, time, "sendMessage", GROUP) for _ in range(20)))
    full_at = time.now - 1_000
    await time.run(
        call(limits, time, "sendMessage", GROUP, name="message"),
        call(limits, time, "editMessageText", GROUP, name="edit"),
    )

    assert [name for name, _ in time.calls[20:]] == ["edit", "message"]
    assert time.times[20] == pytest.approx(full_at + 1.5)


async def test_a_chat_that_must_wait_waits_alone(time: Time) -> None:
    limits = limiter(time)
    time.faults = [RetryAfter(30)]
    with pytest.raises(RetryAfter):
        await call(limits, time, "sendMessageDraft", PERSON, DISPENSABLE)

    assert limits.delay(PERSON, Kind.MESSAGE) == pytest.approx(30)
    assert limits.delay(PERSON + 1, Kind.MESSAGE) == 0


async def test_what_must_arrive_is_sent_again_after_the_wait(time: Time) -> None:
    limits = limiter(time)
    time.faults = [RetryAfter(7)]
    await time.run(call(limits, time, "sendMessage", PERSON))

    assert time.times == pytest.approx([0, 7])


async def test_all_chats_together_stay_under_the_overall_bound_in_any_second(time: Time) -> None:
    limits = limiter(time, overall=30)
    chats = range(1, 101)
    await time.run(*(call(limits, time, "sendMessage", chat, name=f"{chat}") for chat in chats))

    assert [name for name, _ in time.calls] == [f"{chat}" for chat in chats]
    assert all(sum(1 for t in time.times if at <= t < at + 0.999) <= 30 for at in time.times)
    assert time.times[10] > 0
    assert time.times[99] < 4


async def test_what_people_do_not_see_is_not_paced(time: Time) -> None:
    limits = limiter(time)
    await time.run(*(call(limits, time, "sendChatAction", PERSON) for _ in range(10)))

    assert time.now == 1_000


async def test_what_must_arrive_goes_before_previews_and_in_its_order(time: Time) -> None:
    limits = limiter(time)
    await call(limits, time, "editMessageText", GROUP)
    await time.run(
        *(preview(limits, time, Kind.EDIT, GROUP, f"preview {n}") for n in range(2)),
        *(call(limits, time, "editMessageText", GROUP, name=f"final {n}") for n in range(3)),
    )

    assert [name for name, _ in time.calls[1:]] == [
        *("final 0", "final 1", "final 2"),
        *("preview 0", "preview 1"),
    ]
    assert time.times == pytest.approx([n * 1.5 for n in range(6)])


async def test_previews_of_all_chats_yield_to_what_waits_for_the_overall_bound(time: Time) -> None:
    limits = limiter(time, overall=3)
    await call(limits, time, "sendMessage", 1)
    await time.run(
        *(preview(limits, time, Kind.DRAFT, chat, "preview") for chat in range(10, 13)),
        *(call(limits, time, "sendMessage", chat, name="final") for chat in range(20, 24)),
    )

    assert [name for name, _ in time.calls[1:]] == ["final"] * 4 + ["preview"] * 3


async def test_the_streams_of_a_chat_take_turns(time: Time) -> None:
    limits = limiter(time)

    async def stream(name: str) -> None:
        for _ in range(3):
            await preview(limits, time, Kind.EDIT, GROUP, name)

    await call(limits, time, "editMessageText", GROUP)
    await time.run(stream("a"), stream("b"), stream("c"))

    assert "".join(name for name, _ in time.calls[1:]) == "abcabcabc"


async def test_a_first_preview_does_not_wait_behind_the_edits_of_other_streams(
    time: Time,
) -> None:
    limits = limiter(time)
    await call(limits, time, "editMessageText", GROUP)
    await time.run(
        preview(limits, time, Kind.EDIT, GROUP, "edit"),
        preview(limits, time, Kind.MESSAGE, GROUP, "first"),
    )

    assert [name for name, _ in time.calls[1:]] == ["first", "edit"]


async def test_a_preview_that_cannot_go_at_once_is_refused_and_not_kept(time: Time) -> None:
    limits = limiter(time)
    await call(limits, time, "editMessageText", GROUP, DISPENSABLE)
    with pytest.raises(NotNowError) as caught:
        await call(limits, time, "editMessageText", GROUP, DISPENSABLE)

    assert caught.value.kind is Kind.EDIT
    assert len(time.calls) == 1


async def test_a_turn_that_is_given_up_holds_nobody(time: Time) -> None:
    limits = limiter(time)
    await call(limits, time, "editMessageText", GROUP, DISPENSABLE)
    given_up = asyncio.create_task(preview(limits, time, Kind.EDIT, GROUP, "given up"))
    await asyncio.sleep(0)
    given_up.cancel()
    await time.run(preview(limits, time, Kind.EDIT, GROUP, "next"))

    assert [name for name, _ in time.calls[1:]] == ["next"]


async def test_a_chat_is_quiet_two_intervals_after_the_last_thing_shown(time: Time) -> None:
    limits = limiter(time)
    assert limits.quiet_delay(GROUP) == 0
    await call(limits, time, "sendMessage", GROUP)
    assert limits.quiet_delay(GROUP) == pytest.approx(3)

    async with limits.turn(GROUP, Kind.MESSAGE):
        time.now += 100
        assert limits.quiet_delay(GROUP) > 0
    assert limits.quiet_delay(GROUP) == 0


async def test_who_comes_at_the_right_moment_does_not_overtake_who_waited_for_it(
    time: Time,
) -> None:
    limits = limiter(time)
    await call(limits, time, "editMessageText", GROUP)
    waiting = asyncio.create_task(call(limits, time, "editMessageText", GROUP, name="first"))
    await asyncio.sleep(0)
    time.now += 1.5
    await time.run(call(limits, time, "editMessageText", GROUP, name="second"), waiting)

    assert [name for name, _ in time.calls[1:]] == ["first", "second"]
