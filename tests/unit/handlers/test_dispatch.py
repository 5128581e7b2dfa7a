"""What is promised of every message: taken once, in order, answered or told, never lost."""

import asyncio

from handlers.errors import ServiceBusyError, StorageError
from handlers.messages import (
    AnswerState,
    Attachment,
    AttachmentKind,
    ChatKey,
    Delivery,
    Exchange,
    Origin,
)
from handlers.ports.chat import Finish
from handlers.ports.stores import Outcome
from tests.fakes import message
from tests.unit.handlers.bench import Bench, pressed


async def test_a_message_is_answered_and_stored_with_its_answer(bench: Bench) -> None:
    await bench.say(message("what is up?"))

    assert bench.platform.said == ["re: what is up?"]
    [exchange] = bench.store.exchanges
    assert (exchange.question, exchange.answer) == ("what is up?", "re: what is up?")
    assert exchange.state is AnswerState.COMPLETE
    assert exchange.answer_message_ids == ("out1",)


async def test_the_same_message_twice_is_answered_once(bench: Bench) -> None:
    await bench.say(message("hi"))
    await bench.dispatch.submit([message("hi")])
    await bench.say(message("next", number=2))

    assert bench.platform.said == ["re: hi", "re: next"]


async def test_messages_of_one_chat_are_answered_in_their_order(bench: Bench) -> None:
    await bench.say(*(message(f"m{n}", number=n) for n in range(20)))

    assert bench.platform.said == [f"re: m{n}" for n in range(20)]


async def test_one_chat_does_not_wait_for_another(bench: Bench) -> None:
    gate = asyncio.Event()
    bench.model.scripts = [["slow ", gate, "end"]]
    slow, quick = message("slow"), message("quick", number=2, chat=ChatKey("test", "2"))
    await bench.dispatch.submit([slow])
    await bench.model.waiting.wait()

    await bench.say(quick)
    assert bench.platform.said == ["re: quick"]
    gate.set()
    await bench.store.all_done(2)
    assert bench.platform.said == ["re: quick", "slow end"]


async def test_a_failed_call_is_told_and_leaves_nothing_in_the_history(bench: Bench) -> None:
    bench.model.scripts = [ServiceBusyError("429")]
    await bench.say(message("hi"))

    [line] = bench.platform.said
    assert "busy" in line
    assert "(ref " in line
    assert bench.store.exchanges == []


async def test_a_fault_of_our_own_is_told_without_its_details(bench: Bench) -> None:
    bench.model.scripts = [ZeroDivisionError("secret detail")]
    await bench.say(message("hi"), message("again", number=2))

    assert "secret detail" not in bench.platform.said[0]
    assert bench.platform.said[1] == "re: again"


async def test_try_again_asks_the_failed_question_anew(bench: Bench) -> None:
    bench.model.scripts = [ServiceBusyError("429")]
    await bench.say(message("hi"))
    assert bench.platform.buttons == [["retry"]]
    assert bench.platform.dropped == 0
    await bench.say(pressed(message(number=2), "retry", under="out1"))

    assert bench.platform.said[1] == "re: hi"
    assert [e.question for e in bench.store.exchanges] == ["hi"]


async def test_an_answer_stored_before_a_crash_is_delivered_without_asking_again(
    bench: Bench,
) -> None:
    await bench.store.accept([message("hi")])
    stored = Outcome(Delivery("the answer"), Exchange("hi", "the answer"))
    await bench.store.answer(message("hi"), stored)
    await bench.dispatch.resume()
    await bench.store.all_done(1)

    assert bench.platform.said == ["the answer"]
    assert bench.model.requests == []
    assert len(bench.store.exchanges) == 1


async def test_a_database_that_fails_for_a_moment_costs_no_message_its_answer(
    bench: Bench,
) -> None:
    bench.store.fails_with = StorageError("the disk is full")
    await bench.say(message("hi"), message("next", number=2))

    assert bench.pauses == [0.5]
    assert len(bench.model.requests) == 2
    assert [e.question for e in bench.store.exchanges] == ["hi", "next"]


async def test_stop_in_the_moment_of_the_end_does_not_stop_the_next_message(bench: Bench) -> None:
    gate = asyncio.Event()
    bench.platform.gate = gate
    bench.model.scripts = [ServiceBusyError("429")]
    await bench.dispatch.submit([message("hi")])
    await bench.platform.at_gate.wait()
    await bench.dispatch.submit([message(number=2, command="stop", text="")])
    gate.set()
    await bench.store.all_done(2)
    await bench.say(message("a new question", number=3))

    assert bench.platform.said[-1] == "re: a new question"


async def test_a_stop_is_taken_from_a_full_queue_too(bench: Bench) -> None:
    gate = asyncio.Event()
    bench.model.scripts = [["half", gate]]
    await bench.dispatch.submit([message("first", number=0)])
    await bench.model.waiting.wait()
    await bench.dispatch.submit([message(f"m{n}", number=n) for n in range(1, 201)])
    await bench.dispatch.submit([message(number=201, command="stop", text="")])
    await bench.store.all_done(202)

    assert bench.store.exchanges[0].state is AnswerState.STOPPED


async def test_messages_sent_long_apart_are_not_one_paste(bench: Bench) -> None:
    gate = asyncio.Event()
    bench.model.scripts = [["first", gate]]
    await bench.dispatch.submit([message("first", number=0)])
    await bench.model.waiting.wait()
    long_one = message("x" * 4050, number=1, may_continue=True, sent_at=100.0)
    await bench.dispatch.submit([long_one, message("other", number=2, sent_at=104.0)])
    gate.set()
    await bench.store.all_done(3)

    assert len(bench.model.requests) == 3


async def test_try_again_under_an_older_failure_asks_that_question(bench: Bench) -> None:
    bench.model.scripts = [ServiceBusyError("429"), ServiceBusyError("429"), ["for a"]]
    await bench.say(message("a"), message("b", number=2))
    await bench.say(pressed(message(number=3), "retry", under="out1"))

    assert [e.question for e in bench.store.exchanges] == ["a"]


async def test_a_fault_after_the_answer_does_not_take_its_place(bench: Bench) -> None:
    bench.speaks_badly = True
    await bench.say(message("hi", attachments=(Attachment(AttachmentKind.VOICE, "v"),)))

    assert bench.platform.said[-1] == "re: hi\nspoken words"
    assert "went wrong" not in " ".join(bench.platform.said)


async def test_what_goes_on_becomes_part_of_the_answer(bench: Bench) -> None:
    bench.model.scripts = [["half", Finish.CUT], [" the rest"], ["again"]]
    await bench.say(message("hi"))
    await bench.say(pressed(message(number=2), "continue", under="out1"))
    await bench.say(message(number=3, command="retry", text=""))

    assert [(e.question, e.answer) for e in bench.store.exchanges] == [("hi", "again")]
    assert [m.role for m in bench.model.requests[1].messages] == ["user", "assistant", "user"]


async def test_what_is_unfinished_at_the_start_is_answered_in_order(bench: Bench) -> None:
    await bench.store.accept([message("one", number=1), message("two", number=2)])
    await bench.dispatch.resume()
    await bench.store.all_done(2)

    assert bench.platform.said == ["re: one", "re: two"]


async def test_a_chat_that_blocked_the_bot_does_not_stop_it(bench: Bench) -> None:
    bench.platform.refuses = True
    await bench.say(message("hi"))
    bench.platform.refuses = False
    await bench.say(message("still there?", number=2))

    assert bench.platform.said == ["re: still there?"]


async def test_stop_keeps_what_was_said_and_marks_it(bench: Bench) -> None:
    gate = asyncio.Event()
    bench.model.scripts = [["half an ", gate, "answer"]]
    await bench.dispatch.submit([message("hi")])
    await bench.model.waiting.wait()
    await bench.say(message(number=2, command="stop", text=""))
    await bench.store.all_done(2)

    [exchange] = bench.store.exchanges
    assert exchange.answer == "half an "
    assert exchange.state is AnswerState.STOPPED
    assert bench.platform.said[0].startswith("half an ")
    assert bench.model.closed == 1


async def test_stop_before_the_first_word_says_so_and_stores_nothing(bench: Bench) -> None:
    gate = asyncio.Event()
    bench.model.scripts = [[gate, "never"]]
    await bench.dispatch.submit([message("hi")])
    await bench.model.waiting.wait()
    await bench.say(pressed(message(number=2), "stop", under="draft"))
    await bench.store.all_done(2)

    assert bench.platform.said == ["⏹ Stopped."]
    assert bench.store.exchanges == []


async def test_stop_with_nothing_running_says_so(bench: Bench) -> None:
    await bench.say(message(number=1, command="stop", text=""))

    assert bench.platform.said == ["There is nothing to stop right now."]


async def test_the_end_of_the_process_leaves_a_running_answer_unfinished(bench: Bench) -> None:
    bench.model.scripts = [["half ", asyncio.Event()]]
    await bench.dispatch.submit([message("hi")])
    await bench.model.waiting.wait()
    await bench.dispatch.drain(0)

    assert [p.message.text for p in await bench.store.unfinished()] == ["hi"]
    assert bench.store.exchanges == []
    assert bench.platform.said == []


async def test_a_stranger_is_told_once_and_costs_nothing() -> None:
    bench = Bench(is_open=False)
    await bench.say(message("hi"))
    await bench.say(message("hello?", number=2))

    [line] = bench.platform.said
    assert "test:7" in line
    assert bench.model.requests == []
    bench.clock.time += 3601
    await bench.say(message("hello??", number=3))
    assert len(bench.platform.said) == 2
    await bench.close()


async def test_a_strangers_press_does_not_stop_somebody_elses_answer() -> None:
    bench = Bench(is_open=False)
    await bench.say(message(number=1, command="stop", text=""))

    assert "test:7" in bench.platform.said[0]
    await bench.close()


async def test_an_unknown_command_gets_a_line(bench: Bench) -> None:
    await bench.say(message(command="dance", text=""))

    assert "/help" in bench.platform.said[0]


async def test_a_full_queue_is_told_and_keeps_what_waits(bench: Bench) -> None:
    gate = asyncio.Event()
    bench.model.scripts = [[gate, "done"]]
    await bench.dispatch.submit([message("first", number=0)])
    await bench.model.waiting.wait()
    await bench.dispatch.submit([message(f"m{n}", number=n) for n in range(1, 201)])
    await bench.say(message("one too many", number=201))
    assert "200 messages are waiting" in bench.platform.said[0]
    gate.set()
    await bench.store.all_done(202)
    assert bench.platform.said[1:] == ["done", *(f"re: m{n}" for n in range(1, 201))]


async def test_an_album_is_one_question(bench: Bench) -> None:
    parts = [
        message("", number=1, album="a"),
        message("the caption", number=2, album="a"),
        message("", number=3, album="a"),
    ]
    await bench.say(*parts)

    assert bench.platform.said == ["re: the caption"]
    assert len(bench.model.requests) == 1


async def test_an_album_that_does_not_address_the_bot_is_left_alone(bench: Bench) -> None:
    parts = [message("", number=n, album="a", is_group=True, is_addressed=False) for n in (1, 2, 3)]
    await bench.say(*parts)

    assert bench.platform.said == []


async def test_the_parts_of_a_paste_are_one_question(bench: Bench) -> None:
    long_text = "".join(chr(ord("a") + n % 26) for n in range(9_000))
    parts = [long_text[i : i + 4096] for i in range(0, len(long_text), 4096)]
    await bench.say(
        *(message(t, number=n, may_continue=len(t) >= 4000) for n, t in enumerate(parts))
    )

    [request] = bench.model.requests
    assert request.messages[-1].parts[-1].text == long_text  # type: ignore[union-attr]


async def test_an_answer_that_breaks_off_is_shown_as_unfinished(bench: Bench) -> None:
    bench.model.scripts = [["half", Finish.CUT], ["the rest"]]
    await bench.say(message("hi"))
    assert "broke off" in bench.platform.said[0]
    assert bench.store.exchanges[0].state is AnswerState.UNFINISHED
    assert bench.platform.buttons[0] == ["continue", "retry"]

    await bench.say(pressed(message(number=2), "continue", under="out1"))
    assert bench.platform.said[1] == "the rest"


async def test_retry_puts_the_new_answer_in_the_old_ones_place(bench: Bench) -> None:
    bench.model.scripts = [["first"], ["second"], ["third"]]
    await bench.say(message("one"), message("two", number=2))
    await bench.say(message(number=3, command="retry", text=""))

    assert [(e.question, e.answer) for e in bench.store.exchanges] == [
        ("one", "first"),
        ("two", "third"),
    ]
    assert [m.parts[-1].text for m in bench.model.requests[2].messages] == [  # type: ignore[union-attr]
        "one",
        "first",
        "two",
    ]


async def test_retry_under_an_older_answer_only_takes_its_button(bench: Bench) -> None:
    await bench.say(message("one"), message("two", number=2))
    await bench.say(pressed(message(number=3), "retry", under="out1"))

    assert len(bench.platform.said) == len(bench.model.requests) == 2
    assert bench.platform.dropped == 1


async def test_a_stop_under_another_answer_does_not_stop_this_one(bench: Bench) -> None:
    gate = asyncio.Event()
    bench.model.scripts = [["one"], ["two, ", gate, "whole"]]
    await bench.say(message("one"))
    await bench.dispatch.submit([message("two", number=2)])
    await bench.model.waiting.wait()
    await bench.say(pressed(message(number=3), "stop", under="out1"))
    gate.set()
    await bench.store.all_done(3)

    assert bench.platform.said[-1] == "two, whole"
    assert bench.platform.dropped == 1


async def test_an_edit_that_nobody_made_of_a_command_does_nothing(bench: Bench) -> None:
    await bench.say(message("", command="image", origin=Origin.EDIT))
    await bench.say(message("", number=2, command="new", origin=Origin.EDIT))

    assert bench.platform.said == []


async def test_an_edit_of_something_old_that_is_not_known_does_nothing(bench: Bench) -> None:
    old = message("old", origin=Origin.EDIT, sent_at=bench.clock.now() - 10_000)
    new = message("new", number=2, origin=Origin.EDIT, sent_at=bench.clock.now() - 10)
    await bench.say(old, new)

    assert bench.platform.said == ["re: new"]


async def test_an_edit_of_the_last_question_is_answered_anew(bench: Bench) -> None:
    await bench.say(message("wrng", number=1))
    await bench.say(message("right", number=9, message_id="1", origin=Origin.EDIT))

    assert [(e.question, e.answer) for e in bench.store.exchanges] == [("right", "re: right")]


async def test_an_edit_that_changes_no_word_is_not_answered(bench: Bench) -> None:
    await bench.say(message("same", number=1))
    await bench.say(message("same", number=9, message_id="1", origin=Origin.EDIT))

    assert len(bench.model.requests) == 1
