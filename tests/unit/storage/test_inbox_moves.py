"""A message that waits goes on in another chat, a thread of its own say, and is done once."""

from dataclasses import replace
from pathlib import Path

from handlers.messages import ChatKey, IncomingMessage
from handlers.ports.stores import InboxStore, Outcome
from storage.stores import Stores, open_stores
from tests.unit.storage.samples import (
    ADA,
    SetClock,
    everything_stored,
    exchange,
    message,
    usage,
)

CHANNEL = ChatKey("discord", "1", "10")
THREAD = ChatKey("discord", "1", "11")


def asked(key: str = "1", text: str = "hello") -> IncomingMessage:
    return replace(message(key, text, CHANNEL), reply_ref="in the channel", wants_thread=True)


def placed(asked: IncomingMessage) -> IncomingMessage:
    return replace(asked, chat=THREAD, reply_ref="in the thread", wants_thread=False)


async def waiting(stores: Stores) -> list[IncomingMessage]:
    return [pending.message for pending in await stores.inbox.unfinished()]


async def test_a_moved_message_waits_in_the_other_chat_also_after_a_restart(
    path: Path, clock: SetClock
) -> None:
    async with open_stores(path, clock) as stores:
        inbox: InboxStore = stores.inbox
        await inbox.accept([asked("1"), asked("2")])
        await inbox.move(placed(asked("1")))
        await inbox.move(placed(asked("1")))
    async with open_stores(path, clock) as stores:
        assert await waiting(stores) == [placed(asked("1")), asked("2")]
        assert await stores.database.find_problems() == ()


async def test_what_was_worked_out_and_sent_before_goes_with_it(stores: Stores) -> None:
    await stores.inbox.accept([asked()])
    await stores.inbox.save_step("1", "transcript", "words", [usage()])
    await stores.inbox.record_sent("1", "thread", ("11",))
    await stores.inbox.move(placed(asked()))
    [pending] = await stores.inbox.unfinished()
    assert (pending.steps, pending.sent) == ({"transcript": "words"}, {"thread": ("11",)})


async def test_the_answer_to_a_moved_message_belongs_to_the_other_chat(stores: Stores) -> None:
    await stores.inbox.accept([asked()])
    await stores.inbox.move(placed(asked()))
    await stores.inbox.answer(placed(asked()), Outcome(exchange=exchange(1)))
    assert (await stores.history.load(CHANNEL)).exchanges == ()
    [answered] = (await stores.history.load(THREAD)).exchanges
    assert answered.answer == "answer 1"


async def test_a_message_that_is_done_or_unknown_is_not_brought_back(
    path: Path, clock: SetClock
) -> None:
    async with open_stores(path, clock) as stores:
        await stores.inbox.accept([asked()])
        await stores.inbox.done(asked())
        await stores.inbox.move(placed(asked()))
        await stores.inbox.move(placed(asked("never seen")))
        assert await waiting(stores) == []
        assert await stores.inbox.accept([asked()]) == []
    stored = everything_stored(path)
    assert "hello" not in stored
    assert "in the" not in stored


async def test_a_merged_message_that_moved_comes_back_whole_and_once(
    path: Path, clock: SetClock
) -> None:
    parts = [asked("1", "one"), asked("2", "two")]
    merged = placed(replace(parts[0], text="one two", merged_keys=("1", "2")))
    async with open_stores(path, clock) as stores:
        await stores.inbox.accept([*parts, asked("3")])
        await stores.inbox.move(merged)
    async with open_stores(path, clock) as stores:
        assert await waiting(stores) == [merged, asked("3")]
        assert await stores.inbox.accept(parts) == []


async def test_a_merged_message_that_is_done_finishes_no_part_again(stores: Stores) -> None:
    merged = replace(asked("1"), merged_keys=("1", "2"))
    await stores.inbox.accept([asked("1"), asked("2")])
    await stores.inbox.done(asked("1"))
    await stores.inbox.move(placed(merged))
    assert await waiting(stores) == [asked("2")]


async def test_a_moved_message_goes_with_its_chat_when_that_is_renamed(stores: Stores) -> None:
    renamed = ChatKey("discord", "1", "12")
    await stores.inbox.accept([asked()])
    await stores.inbox.move(placed(asked()))
    await stores.history.migrate(THREAD, renamed)
    assert await waiting(stores) == [replace(placed(asked()), chat=renamed)]


async def test_what_is_tried_again_is_answered_where_it_was_asked_for_again(
    path: Path, clock: SetClock
) -> None:
    retry = replace(message("r", "", CHANNEL), command="retry", reply_ref="fresh")
    async with open_stores(path, clock) as stores:
        await stores.inbox.accept([asked()])
        await stores.inbox.fail(asked(), (usage(),))
        await stores.inbox.accept([retry])
        again = await stores.inbox.take_failed(retry)
        assert again is not None
    expected = replace(asked(), key="r", reply_ref="fresh", wants_thread=False)
    assert again.message == expected
    async with open_stores(path, clock) as stores:
        assert await waiting(stores) == [expected]
        [total] = await stores.usage.by_day(ADA.key, 0)
        assert total.calls == 1
