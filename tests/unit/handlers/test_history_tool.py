"""The tool that looks in the past of one chat: what it asks for, and what the model is told."""

from collections.abc import Callable

from handlers.messages import Capability, ChatKey, Exchange, UsageEntry
from handlers.ports.stores import Passage, Recalled
from handlers.tools.history import SearchHistory
from tests.fakes import CHAT, message
from tests.unit.handlers.bench import Bench
from tests.unit.handlers.tool_bench import call

NOON = 1_795_262_400.0  # 2026-11-21 12:00 UTC


class FakeSearch:
    def __init__(self, *found: Recalled) -> None:
        self.found = found
        self.asked: list[tuple[ChatKey, str, int]] = []

    async def search(
        self, chat: ChatKey, words: str, limit: int, spent: Callable[[UsageEntry], None]
    ) -> tuple[Recalled, ...]:
        self.asked.append((chat, words, limit))
        spent(UsageEntry(Capability.EMBEDDING, "fake", input_tokens=3))
        return self.found


async def ask(search: FakeSearch) -> tuple[str, str]:
    """What the model is told, and what people see."""
    bench = Bench(tools=lambda _: [SearchHistory(search)])
    bench.model.scripts = [[call("search_history", words="cat name")], ["Mimi."]]
    await bench.say(message("what was my cat's name?"))
    await bench.close()
    return bench.model.requests[-1].rounds[0].results[0].output, bench.platform.said[0]


async def test_the_model_is_told_when_who_said_what_in_this_chat() -> None:
    search = FakeSearch(
        Recalled(Exchange("My cat is Mimi", "Nice!"), NOON),
        Recalled(Exchange("Mimi is ill", "Oh no", author="Bob"), NOON + 60),
    )
    told, shown = await ask(search)
    assert search.asked == [(CHAT, "cat name", 5)]
    assert told == (
        "[2026-11-21 12:00 UTC]\nPerson: My cat is Mimi\nYou: Nice!\n\n"
        "[2026-11-21 12:01 UTC]\nBob: Mimi is ill\nYou: Oh no"
    )
    assert shown == "Mimi.\n🔧 search_history: cat name (2)"


async def test_what_is_long_is_shortened_and_the_passage_is_told() -> None:
    long = Exchange("q", "x" * 9_000)
    told, _ = await ask(FakeSearch(Recalled(long, NOON, Passage("… Mimi …"))))
    assert len(told) < 2_000
    assert told.endswith("(The words stand here: … Mimi …)")


async def test_nothing_found_is_told_with_what_to_do() -> None:
    told, _ = await ask(FakeSearch())
    assert told == "Nothing was found. Try other words, or fewer."
