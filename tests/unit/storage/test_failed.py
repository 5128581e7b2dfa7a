"""What failed is kept for a day, and asked again by the press that means it."""

from dataclasses import replace
from pathlib import Path

from handlers.messages import IncomingMessage, Origin, Sender
from handlers.ports.stores import Outcome
from storage.stores import Stores, open_stores
from tests.unit.storage.samples import ADA, CHAT, OTHER_CHAT, SetClock, exchange, message, usage

BOB = Sender("telegram", "2", "Bob")


def retry(key: str, under: str = "") -> IncomingMessage:
    """/retry, or its button under a message."""
    typed = replace(message(key, ""), command="retry")
    return replace(typed, origin=Origin.BUTTON, message_id=under) if under else typed


def stored(path: Path) -> bytes:
    return path.read_bytes()


async def failing(stores: Stores, *messages: IncomingMessage) -> None:
    """Accept messages and tell the failure of each under ``told <key>``."""
    await stores.inbox.accept(messages)
    for one in messages:
        await stores.inbox.record_sent(one.key, "told", (f"told {one.key}",))
        await stores.inbox.fail(one, (usage(),))


async def test_a_button_means_the_failure_that_it_stands_under(stores: Stores) -> None:
    await failing(stores, message("a", "first"), message("b", "second"))
    press = retry("r", under="told a")
    await stores.inbox.accept([press])

    again = await stores.inbox.take_failed(press)
    assert again is not None
    assert (again.message.key, again.message.text) == ("r", "first")
    assert await stores.inbox.take_failed(retry("r", under="told a")) is None


async def test_typed_it_means_the_newest_unless_something_was_answered_since(
    stores: Stores, clock: SetClock
) -> None:
    await failing(stores, message("a", "first"), message("b", "second"))
    typed = retry("r")
    await stores.inbox.accept([typed])
    again = await stores.inbox.take_failed(typed)
    assert again is not None
    assert again.message.text == "second"

    clock.time += 1
    answered, late = message("c"), retry("late")
    await stores.inbox.accept([answered, late])
    await stores.inbox.answer(answered, Outcome(exchange=exchange(1)))
    assert await stores.inbox.take_failed(late) is None


async def test_what_is_taken_up_again_survives_a_restart_with_what_was_worked_out(
    path: Path, clock: SetClock
) -> None:
    async with open_stores(path, clock) as stores:
        asked = message("a", "first")
        await stores.inbox.accept([asked])
        await stores.inbox.save_step("a", "heard", "words")
        await stores.inbox.fail(asked)
        typed = replace(retry("r"), sender=BOB)
        await stores.inbox.accept([typed])
        assert await stores.inbox.take_failed(typed) is not None
    async with open_stores(path, clock) as stores:
        [left] = await stores.inbox.unfinished()

    assert (left.message.key, left.message.text, left.steps) == ("r", "first", {"heard": "words"})
    assert left.message.sender == BOB  # who asks again pays


async def test_a_failure_is_not_resumed_and_costs_what_it_cost(stores: Stores) -> None:
    await failing(stores, message("a"))

    assert await stores.inbox.unfinished() == []
    [total] = await stores.usage.by_day(ADA.key, 0)
    assert total.calls == 1


async def test_a_failure_of_another_chat_is_not_taken(stores: Stores) -> None:
    await failing(stores, message("a", chat=OTHER_CHAT))
    typed = retry("r")
    await stores.inbox.accept([typed])

    assert typed.chat == CHAT
    assert await stores.inbox.take_failed(typed) is None


async def test_the_parts_of_a_merged_message_fail_together(stores: Stores) -> None:
    parts = [message("a", "one"), message("b", "two")]
    await stores.inbox.accept(parts)
    merged = replace(parts[0], text="one two", merged_keys=("a", "b"))
    await stores.inbox.fail(merged)
    typed = retry("r")
    await stores.inbox.accept([typed])

    again = await stores.inbox.take_failed(typed)
    assert again is not None
    assert again.message.text == "one two"
    assert [p.message.key for p in await stores.inbox.unfinished()] == ["r"]


async def test_what_failed_is_erased_after_a_day(path: Path, clock: SetClock) -> None:
    async with open_stores(path, clock) as stores:
        await failing(stores, message("a", "a secret of that day"))
    clock.time += 25 * 3600
    async with open_stores(path, clock) as stores:
        typed = retry("r")
        await stores.inbox.accept([typed])
        assert await stores.inbox.take_failed(typed) is None
    assert b"a secret of that day" not in stored(path)


async def test_what_opens_the_chat_is_not_kept_with_what_failed(
    stores: Stores,
) -> None:
    await failing(stores, replace(message("a"), reply_ref="opens-the-chat"))

    press = retry("r", under="told a")
    await stores.inbox.accept([press])
    again = await stores.inbox.take_failed(press)
    assert again is not None
    assert again.message.reply_ref == ""


async def test_what_failed_is_erased_after_a_day_also_while_nobody_writes(
    stores: Stores, clock: SetClock
) -> None:
    await failing(stores, message("a", "first"))
    clock.time += 24 * 3600 + 1
    await stores.inbox.tidy()

    press = retry("r", under="told a")
    await stores.inbox.accept([press])
    assert await stores.inbox.take_failed(press) is None
