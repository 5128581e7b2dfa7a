"""A question whose answer is wanted in a thread of its own."""

from handlers.messages import ChatKey
from tests.fakes import message
from tests.unit.handlers.bench import Bench


async def test_the_answer_belongs_to_the_thread_and_not_to_where_it_was_asked(bench: Bench) -> None:
    await bench.say(message("in a thread", wants_thread=True))

    assert bench.platform.said == ["re: in a thread"]
    [row] = bench.store.rows.values()
    assert row.message.chat == ChatKey("test", "1", "1")


async def test_a_crash_before_the_move_opens_no_second_thread(bench: Bench) -> None:
    bench.store.moves_badly = True
    await bench.say(message("hi", wants_thread=True))

    assert bench.platform.threads == 1
    assert bench.platform.said == ["re: hi"]


async def test_where_no_thread_can_be_opened_the_order_is_kept(bench: Bench) -> None:
    bench.platform.refuses_threads = True
    await bench.say(message("first", wants_thread=True), message("second", number=2))

    assert bench.platform.said == ["re: first", "re: second"]


async def test_a_stranger_opens_no_thread() -> None:
    bench = Bench(is_open=False)
    await bench.say(message("hi", command="ask", wants_thread=True))

    assert bench.platform.threads == 0
    assert "test:7" in bench.platform.said[0]
    await bench.close()


async def test_every_message_that_was_dealt_with_is_settled(bench: Bench) -> None:
    await bench.say(message("hi"), message("/nothing", number=2, command="nothing"))

    assert bench.platform.settled == 2
