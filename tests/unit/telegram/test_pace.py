"""How fast the bot speaks: by a clock that the test turns."""

import pytest
from telegram.error import RetryAfter

from bot.telegram.pace import DISPENSABLE, ChatLimiter, Kind

PERSON, GROUP = 5, -5


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.calls: list[tuple[str, float]] = []
        self.faults: list[Exception] = []

    def __call__(self) -> float:
        return self.now

    async def pause(self, seconds: float) -> None:
        self.now += seconds

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
    limits: ChatLimiter, time: Time, method: str, chat: int, importance: str | None = None
) -> None:
    await limits.process_request(time.request, (method,), {}, method, {"chat_id": chat}, importance)


async def test_a_person_gets_a_burst_and_then_a_message_a_second(time: Time) -> None:
    limits = limiter(time)
    for _ in range(6):
        await call(limits, time, "sendMessage", PERSON)

    assert [at for _, at in time.calls] == pytest.approx([0, 0, 0, 1, 2, 3])


async def test_the_last_edit_of_a_group_keeps_the_gap_too(time: Time) -> None:
    limits = limiter(time)
    await call(limits, time, "sendMessage", GROUP)
    await call(limits, time, "editMessageText", GROUP, DISPENSABLE)
    await call(limits, time, "editMessageText", GROUP)

    assert [at for _, at in time.calls] == pytest.approx([0, 1.5, 3])


async def test_a_draft_follows_a_message_at_once_and_the_next_draft_a_second_later(
    time: Time,
) -> None:
    limits = limiter(time)
    await call(limits, time, "sendMessage", PERSON)
    await call(limits, time, "sendMessageDraft", PERSON)
    await call(limits, time, "sendMessageDraft", PERSON)
    await call(limits, time, "sendMessage", PERSON)

    assert [at for _, at in time.calls] == pytest.approx([0, 0, 1, 1.5])


async def test_a_group_never_gets_more_than_twenty_in_a_minute(time: Time) -> None:
    limits = limiter(time)
    for _ in range(60):
        await call(limits, time, "editMessageText", GROUP)

    times = [at for _, at in time.calls]
    assert all(sum(1 for t in times if at <= t < at + 60) <= 20 for at in times)
    assert times[:8] == pytest.approx([n * 1.5 for n in range(8)])


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
    await call(limits, time, "sendMessage", PERSON)

    assert [at for _, at in time.calls] == pytest.approx([0, 7])


async def test_all_chats_together_stay_under_the_overall_bound(time: Time) -> None:
    limits = limiter(time, overall=10)
    for chat in range(1, 41):
        await call(limits, time, "sendMessage", chat)

    assert time.calls[9][1] == pytest.approx(0)
    assert time.calls[39][1] == pytest.approx(3.0)


async def test_what_people_do_not_see_is_not_paced(time: Time) -> None:
    limits = limiter(time)
    for _ in range(10):
        await call(limits, time, "sendChatAction", PERSON)

    assert time.now == 1_000
