"""What falls out of the window: summarised after the answer, or at the next trim."""

import asyncio

from handlers.errors import ServiceDownError
from handlers.messages import Capability
from handlers.ports.chat import ChatRequest, Finish
from tests.fakes import CHAT, message
from tests.unit.handlers.bench import Bench

WORDS = "word " * 100


def is_summary(request: ChatRequest) -> bool:
    return request.system.startswith("You keep the memory")


async def talk(bench: Bench, first: int, last: int) -> None:
    for number in range(first, last + 1):
        await bench.say(message(f"{number} {WORDS}", number=number))


async def summarised(bench: Bench, through: int) -> None:
    async with bench.store.changed, asyncio.timeout(10):
        await bench.store.changed.wait_for(lambda: bench.store.summarised_through >= through)


async def test_what_was_trimmed_stands_in_the_system_message_of_the_next_request() -> None:
    bench = Bench(budget_tokens=450)
    bench.model.answer = lambda request: ["they spoke" if is_summary(request) else "ok"]
    await talk(bench, 1, 6)
    await summarised(bench, 2)
    await talk(bench, 7, 7)

    last = [r for r in bench.model.requests if not is_summary(r)][-1]
    assert last.system.endswith("they spoke")
    assert Capability.SUMMARY in {u.capability for u in bench.store.usage}
    await bench.close()


async def test_a_summary_that_fails_is_made_up_for_at_the_next_trim() -> None:
    bench = Bench(budget_tokens=450)
    fails = [False, True]

    def answer(request: ChatRequest) -> list[object]:
        if not is_summary(request):
            return ["ok"]
        return ["half a summ", Finish.CUT] if fails.pop() else ["all of it"]

    bench.model.answer = answer
    await talk(bench, 1, 6)
    async with bench.store.changed, asyncio.timeout(10):
        await bench.store.changed.wait_for(lambda: len(fails) == 1)
    assert bench.store.summary == ""
    await talk(bench, 7, 9)
    await summarised(bench, 4)

    second = [r for r in bench.model.requests if is_summary(r)][1]
    assert "1 word" in str(second.messages)
    assert bench.store.summary == "all of it"
    await bench.close()


async def test_a_service_that_is_down_costs_no_message_its_answer() -> None:
    bench = Bench(budget_tokens=450)
    bench.model.answer = lambda _: ["ok"]
    await talk(bench, 1, 5)
    bench.model.scripts = [["sixth"], ServiceDownError("503"), ["seventh"]]
    await talk(bench, 6, 7)

    assert bench.platform.said[-2:] == ["sixth", "seventh"]
    assert (await bench.store.load(CHAT)).summary == ""
    await bench.close()
