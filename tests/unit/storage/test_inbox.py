import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.messages import (
    AnswerPicture,
    AnswerState,
    Attachment,
    AttachmentKind,
    Button,
    Delivery,
    Exchange,
    IncomingMessage,
    MediaRef,
    Origin,
    Quoted,
)
from handlers.ports.stores import InboxStore, Outcome
from storage.stores import Stores, open_stores
from tests.unit.storage.samples import (
    ADA,
    CHAT,
    NOON,
    OTHER_CHAT,
    SetClock,
    everything_stored,
    exchange,
    message,
    usage,
)

REF = MediaRef("ab" * 32, "image/jpeg", 640, 480)
MEDIA = (REF, replace(REF, is_frame=True), replace(REF, is_made=True))
DELIVERY = Delivery(
    "the answer",
    "a notice",
    ((Button("Retry", "retry"),),),
    is_spoken=True,
    pictures=(AnswerPicture(REF, 2, "$0.02", "/image a fox"),),
    appendix="Sources: 1. [a](https://example.org)",
)
FULL = IncomingMessage(
    key="telegram:9",
    chat=OTHER_CHAT,
    sender=ADA,
    message_id="9",
    text="héllo 你好 \x00 \u202e",
    command="ask",
    attachments=(Attachment(AttachmentKind.VOICE, "ref", "audio/ogg", "v.ogg", 12, 1.5),),
    quoted=Quoted("8", "Bob", "before", (Attachment(AttachmentKind.PHOTO, "p"),), is_from_bot=True),
    origin=Origin.EDIT,
    is_group=True,
    is_addressed=False,
    album="a",
    may_continue=True,
    sent_at=NOON,
)


def merge(*parts: IncomingMessage) -> IncomingMessage:
    keys = tuple(part.key for part in parts)
    return replace(parts[0], text=" ".join(part.text for part in parts), merged_keys=keys)


async def keys_waiting(stores: Stores) -> list[str]:
    return [pending.message.key for pending in await stores.inbox.unfinished()]


async def test_what_was_accepted_comes_back_as_it_was(stores: Stores) -> None:
    inbox: InboxStore = stores.inbox
    assert await inbox.accept([FULL]) == [FULL]
    [pending] = await inbox.unfinished()
    assert pending.message == FULL
    assert (pending.steps, pending.sent, pending.delivery) == ({}, {}, None)


async def test_half_a_surrogate_pair_does_not_stop_the_inbox(stores: Stores) -> None:
    await stores.inbox.accept([message("1", "a \ud83d b"), message("2", "\ud83d\ude00")])
    texts = [pending.message.text for pending in await stores.inbox.unfinished()]
    assert texts == ["a \ufffd b", "😀"]


async def test_a_second_delivery_is_dropped_also_within_a_batch(stores: Stores) -> None:
    first, second, third = message("1"), message("2"), message("3")
    assert await stores.inbox.accept([second, first, second]) == [second, first]
    assert await stores.inbox.accept([first, third]) == [third]
    await stores.inbox.done(first)
    assert await stores.inbox.accept([first]) == []
    assert await keys_waiting(stores) == ["2", "3"]


async def test_waiting_messages_come_in_the_order_of_arrival(stores: Stores) -> None:
    for key in ("9", "10", "2", "1"):
        await stores.inbox.accept([message(key, chat=OTHER_CHAT if key == "2" else CHAT)])
    await stores.inbox.record_sent("9", "status", ("7",))
    assert await keys_waiting(stores) == ["9", "10", "2", "1"]


async def test_steps_and_sent_ids_survive_a_restart(path: Path, clock: SetClock) -> None:
    async with open_stores(path, clock) as stores:
        await stores.inbox.accept([message("1"), message("2")])
        await stores.inbox.save_step("1", "transcript", "words", [usage()])
        await stores.inbox.save_step("1", "transcript", "better words")
        await stores.inbox.record_sent("1", "text", ("5",))
        await stores.inbox.record_sent("1", "text", ("5", "6"))
        await stores.inbox.record_sent("1", "voice", ("7",))
    async with open_stores(path, clock) as stores:
        first, second = await stores.inbox.unfinished()
        assert first.steps == {"transcript": "better words"}
        assert first.sent == {"text": ("5", "6"), "voice": ("7",)}
        assert (second.steps, second.sent) == ({}, {})
        [total] = await stores.usage.by_day(ADA.key, 0)
        assert total.calls == 1


async def test_an_answer_is_stored_with_all_that_belongs_to_it(stores: Stores) -> None:
    question = replace(message("1"), is_group=True)
    answered = Exchange(
        "q",
        "a\x00",
        "Ada",
        "Bob: hi",
        (REF, REF),
        AnswerState.STOPPED,
        "gpt",
        ("m1",),
        ("5",),
        True,
    )
    await stores.inbox.accept([question])
    exchange_id = await stores.inbox.answer(
        question, Outcome(delivery=DELIVERY, exchange=answered, usage=(usage(), usage()))
    )
    [kept] = (await stores.history.load(CHAT)).exchanges
    assert kept == replace(answered, id=exchange_id, ordinal=1)
    [pending] = await stores.inbox.unfinished()
    assert pending.delivery == DELIVERY
    [total] = await stores.usage.by_day(ADA.key, 0)
    assert total.calls == 2


async def test_a_message_keeps_its_first_answer(stores: Stores) -> None:
    question = message("1")
    await stores.inbox.accept([question])
    first = await stores.inbox.answer(
        question, Outcome(delivery=DELIVERY, exchange=exchange(1), usage=(usage(),))
    )
    second_outcome = Outcome(
        delivery=Delivery("other"), exchange=exchange(2), usage=(usage(),), window_start=first
    )
    assert await stores.inbox.answer(question, second_outcome) == first
    [pending] = await stores.inbox.unfinished()
    assert pending.delivery == DELIVERY
    await stores.inbox.done(question)
    assert await stores.inbox.answer(question, second_outcome) == first
    [kept] = (await stores.history.load(CHAT)).exchanges
    assert kept.answer == "answer 1"
    assert [total.calls for total in await stores.usage.by_day(ADA.key, 0)] == [1]


async def test_answering_many_times_at_once_stores_one_answer(stores: Stores) -> None:
    question = message("1")
    await stores.inbox.accept([question])
    outcomes = [Outcome(exchange=exchange(number)) for number in range(5)]
    ids = await asyncio.gather(*(stores.inbox.answer(question, outcome) for outcome in outcomes))
    assert len(set(ids)) == 1
    assert len((await stores.history.load(CHAT)).exchanges) == 1


async def test_an_outcome_without_an_exchange_leaves_the_history_alone(stores: Stores) -> None:
    await stores.inbox.accept([message("1")])
    assert await stores.inbox.answer(message("1"), Outcome(delivery=DELIVERY)) == 0
    assert (await stores.history.load(CHAT)).exchanges == ()


async def test_a_message_that_was_done_without_an_answer_gets_none_later(stores: Stores) -> None:
    await stores.inbox.accept([message("1")])
    await stores.inbox.done(message("1"))
    late = Outcome(DELIVERY, exchange(1), usage=(usage(),))
    assert await stores.inbox.answer(message("1"), late) == 0
    assert (await stores.history.load(CHAT)).exchanges == ()
    assert await stores.usage.by_day(ADA.key, 0) == []


async def test_an_unknown_message_is_not_answered(stores: Stores) -> None:
    assert await stores.inbox.answer(message("1"), Outcome(exchange=exchange(1))) == 0
    await stores.inbox.save_step("1", "transcript", "words", [usage()])
    await stores.inbox.record_sent("1", "text", ("5",))
    await stores.inbox.done(message("1"), [usage()])
    assert (await stores.history.load(CHAT)).exchanges == ()
    assert await stores.usage.by_day(ADA.key, 0) == []


async def test_done_erases_what_was_said_and_names_the_answer(stores: Stores, path: Path) -> None:
    question = message("1", "a secret")
    await stores.inbox.accept([question])
    await stores.inbox.save_step("1", "transcript", "a secret")
    await stores.inbox.record_sent("1", "text", ("a secret",))
    exchange_id = await stores.inbox.answer(
        question, Outcome(delivery=Delivery("a secret"), exchange=exchange(1))
    )
    await stores.inbox.done(question, [usage()], exchange_id, ("5", "6"))
    await stores.inbox.done(question, [usage()], exchange_id, ("7",))
    assert await stores.inbox.unfinished() == []
    [kept] = (await stores.history.load(CHAT)).exchanges
    assert kept.answer_message_ids == ("5", "6")
    assert [total.calls for total in await stores.usage.by_day(ADA.key, 0)] == [1]
    assert "a secret" not in everything_stored(path)


async def test_an_answer_that_is_delivered_after_a_restart_is_named_too(
    path: Path, clock: SetClock
) -> None:
    async with open_stores(path, clock) as stores:
        await stores.inbox.accept([message("1")])
        await stores.inbox.answer(message("1"), Outcome(delivery=DELIVERY, exchange=exchange(1)))
    async with open_stores(path, clock) as stores:
        [pending] = await stores.inbox.unfinished()
        await stores.inbox.done(pending.message, answer_message_ids=("5",))
        [kept] = (await stores.history.load(CHAT)).exchanges
        assert kept.answer_message_ids == ("5",)


async def test_parts_of_a_merged_message_wait_on_their_own_until_it_is_answered(
    stores: Stores,
) -> None:
    parts = [message("1", "one"), message("2", "two"), message("3", "three")]
    await stores.inbox.accept(parts)
    await stores.inbox.save_step("1", "transcript", "words")
    waiting = await stores.inbox.unfinished()
    assert [pending.message for pending in waiting] == parts
    assert [pending.steps for pending in waiting] == [{"transcript": "words"}, {}, {}]


async def test_a_crash_after_a_merged_answer_leaves_only_its_delivery(
    path: Path, clock: SetClock
) -> None:
    parts = [message("1", "one"), message("2", "two"), message("4", "four")]
    merged = merge(parts[0], parts[1])
    async with open_stores(path, clock) as stores:
        await stores.inbox.accept(parts)
        await stores.inbox.answer(merged, Outcome(delivery=DELIVERY, exchange=exchange(1)))
    async with open_stores(path, clock) as stores:
        first, unrelated = await stores.inbox.unfinished()
        assert (first.message, first.delivery) == (merged, DELIVERY)
        assert (unrelated.message, unrelated.delivery) == (parts[2], None)
        await stores.inbox.done(first.message)
        assert await keys_waiting(stores) == ["4"]
        assert await stores.inbox.accept(parts) == []


async def test_done_finishes_all_parts_of_a_message_that_was_never_answered(
    stores: Stores,
) -> None:
    parts = [message("1"), message("2")]
    await stores.inbox.accept(parts)
    await stores.inbox.done(merge(*parts))
    assert await stores.inbox.unfinished() == []


async def test_a_replacing_answer_takes_id_ordinal_and_place(stores: Stores) -> None:
    ids = []
    for number in (1, 2, 3):
        await stores.inbox.accept([message(str(number))])
        kept = replace(exchange(number), media=MEDIA, answer_message_ids=("5",))
        ids.append(await stores.inbox.answer(message(str(number)), Outcome(exchange=kept)))
    await stores.inbox.accept([message("4")])
    again = await stores.inbox.answer(message("4"), Outcome(exchange=exchange(9), replaces=ids[1]))
    assert again == ids[1]
    kept_all = (await stores.history.load(CHAT)).exchanges
    assert [one.answer for one in kept_all] == ["answer 1", "answer 9", "answer 3"]
    assert [one.ordinal for one in kept_all] == [1, 2, 3]
    assert [one.media for one in kept_all] == [MEDIA, (), MEDIA]
    assert kept_all[1].answer_message_ids == ()


async def test_an_exchange_of_another_chat_is_neither_replaced_nor_named(stores: Stores) -> None:
    mine, theirs = message("1"), message("2", chat=OTHER_CHAT)
    await stores.inbox.accept([mine, theirs])
    their_id = await stores.inbox.answer(theirs, Outcome(exchange=exchange(1)))
    my_id = await stores.inbox.answer(mine, Outcome(exchange=exchange(2), replaces=their_id))
    await stores.inbox.done(mine, exchange_id=their_id, answer_message_ids=("5",))
    [their_exchange] = (await stores.history.load(OTHER_CHAT)).exchanges
    [my_exchange] = (await stores.history.load(CHAT)).exchanges
    assert (their_exchange.id, their_exchange.answer) == (their_id, "answer 1")
    assert their_exchange.answer_message_ids == ()
    assert (my_exchange.id, my_exchange.answer) == (my_id, "answer 2")


async def test_the_window_never_moves_back(stores: Stores) -> None:
    """/new may have moved it on while an answer was made."""
    for number in (1, 2, 3):
        await stores.inbox.accept([message(str(number))])
        await stores.inbox.answer(message(str(number)), Outcome(exchange=exchange(number)))
    await stores.history.reset(CHAT)
    await stores.inbox.accept([message("4")])
    await stores.inbox.answer(message("4"), Outcome(exchange=exchange(4), window_start=1))
    assert [one.ordinal for one in (await stores.history.load(CHAT)).exchanges] == [4]


@pytest.mark.parametrize(("days", "is_new"), [(13, False), (15, True)])
async def test_keys_are_forgotten_two_weeks_after_their_message_was_done(
    path: Path, clock: SetClock, days: int, *, is_new: bool
) -> None:
    async with open_stores(path, clock) as stores:
        await stores.inbox.accept([message("done"), message("waiting")])
        await stores.inbox.done(message("done"))
    clock.time += days * 24 * 3600
    async with open_stores(path, clock) as stores:
        await stores.inbox.accept([message("new")])
        assert await keys_waiting(stores) == ["waiting", "new"]
        assert bool(await stores.inbox.accept([message("done")])) == is_new


async def test_old_keys_are_forgotten_while_the_bot_runs(stores: Stores, clock: SetClock) -> None:
    await stores.inbox.accept([message("old")])
    await stores.inbox.done(message("old"))
    clock.time += 15 * 24 * 3600
    await stores.inbox.accept([message(f"new {number}") for number in range(500)])
    await stores.inbox.accept([message("one more")])
    assert await stores.inbox.accept([message("old")]) == [message("old")]


async def test_a_row_that_cannot_be_read_does_not_hold_up_the_others(
    path: Path, clock: SetClock
) -> None:
    async with open_stores(path, clock) as stores:
        await stores.inbox.accept([message("1"), message("2")])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE inbox SET message = '{}' WHERE key = '1'")
        connection.commit()
    async with open_stores(path, clock) as stores:
        assert await keys_waiting(stores) == ["2"]


async def test_an_accept_that_is_cancelled_is_whole(stores: Stores) -> None:
    batch = [message(str(number)) for number in range(20)]
    task = asyncio.create_task(stores.inbox.accept(batch))
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await stores.inbox.unfinished()) == 20
    assert await stores.inbox.accept(batch) == []
