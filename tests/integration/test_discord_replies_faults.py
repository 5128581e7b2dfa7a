"""What goes wrong between an answer and Discord: it arrives once, or is refused for good."""

import asyncio

import pytest

from bot.patience import LAST_WAIT_S
from handlers.errors import DeliveryRefusedError
from tests.emulators.discord import (
    AcceptThenDrop,
    Drop,
    Fail,
    Hang,
    RateLimited,
    Step,
    permissions,
)
from tests.integration.discord_replies_room import (
    LINES,
    RETRY,
    Forgetful,
    Notes,
    Pauses,
    contents,
    opened,
    room,
)

# ---------------------------------------------------------------- until Discord takes it


@pytest.mark.parametrize(
    "steps",
    [
        (Drop(), Drop()),
        (AcceptThenDrop(), AcceptThenDrop()),
        (Fail(503), Fail(503), Fail(429)),
        (RateLimited(0.01), RateLimited(0.01)),
        (RateLimited(0.01, has_via=False),),
        (Fail(401),),
    ],
    ids=["cut", "answer lost", "busy", "too fast", "banned", "token refused"],
)
async def test_a_final_text_is_sent_until_it_is_there_once(steps: tuple[Step, ...]) -> None:
    async with room() as here:
        notes = Notes()
        here.discord.script("create_message", *steps)
        async with opened(
            here.replies(pause=Pauses()), here.question(here.general), notes
        ) as reply:
            ids = await reply.finish("whole", buttons=RETRY)

        [message] = here.general.bot_messages
        assert (message.content, ids) == ("whole", (str(message.id),))
        assert notes.ids("answer") == ids


async def test_a_final_edit_is_repeated_until_it_is_there() -> None:
    async with room() as here:
        async with opened(here.replies(pause=Pauses()), here.question(here.general)) as reply:
            reply.show("half")
            message = await here.general.wait_for_bot_message()
            here.discord.script("update_message", Drop(), Fail(503), AcceptThenDrop())
            await reply.finish("whole")

        assert here.general.bot_messages == [message]
        assert message.content == "whole"


async def test_the_pauses_between_tries_grow_and_are_what_discord_asks_for() -> None:
    async with room() as here:
        pauses = Pauses()
        here.discord.script(
            "create_message", *[Fail(503)] * 3, RateLimited(45, has_via=False), Fail(503)
        )
        async with opened(here.replies(pause=pauses), here.question(here.general)) as reply:
            await reply.finish("whole")

        first, second, third, banned, last = pauses.asked
        assert first < second < third < banned == 45
        assert last < banned


@pytest.mark.parametrize(
    "refusal",
    [Fail(403, 50013), Fail(403, 50001), Fail(404, 10003), Fail(400, 50035), Fail(413, 40005)],
)
async def test_what_is_refused_for_good_is_not_sent_again(refusal: Fail) -> None:
    async with room() as here:
        here.discord.script("create_message", refusal)
        async with opened(here.replies(pause=Pauses()), here.question(here.general)) as reply:
            with pytest.raises(DeliveryRefusedError):
                await reply.finish("whole")

        assert here.count("create_message") == 1


async def test_a_channel_that_vanished_takes_nothing() -> None:
    async with room() as here:
        asked = here.question(here.general)
        here.general.vanish()
        async with opened(here.replies(), asked) as reply:
            with pytest.raises(DeliveryRefusedError, match="Unknown Channel"):
                await reply.finish("whole")


async def test_who_cancels_a_delivery_knows_what_became_of_it() -> None:
    async with room() as here:
        notes = Notes()
        async with opened(here.replies(), here.question(here.general), notes) as reply:
            here.discord.script("create_message", Hang())
            delivering = asyncio.create_task(reply.finish("whole"))
            await here.wait_for_calls("create_message")
            delivering.cancel()
            async with asyncio.timeout(LAST_WAIT_S + 2):
                await asyncio.wait([delivering])
            assert delivering.cancelled()
        assert notes.slots == {}


# ---------------------------------------------------------------- previews


async def test_a_preview_is_tried_once_and_the_newest_follows() -> None:
    async with room() as here:
        here.discord.script("create_message", Fail(503), Drop())
        async with opened(here.replies(), here.question(here.general)) as reply:
            for number in (1, 2, 3):
                reply.show(str(number))
                await here.wait_for_calls("create_message", number)
            message = await here.general.wait_for_bot_message()
            assert [revision.content for revision in message.history] == ["3"]


async def test_a_preview_whose_answer_was_lost_is_the_message_that_goes_on() -> None:
    async with room() as here:
        here.discord.script("create_message", AcceptThenDrop())
        async with opened(here.replies(), here.question(here.general)) as reply:
            reply.show("one")
            message = await here.general.wait_for_bot_message()
            reply.show("one two")
            await here.general.wait_for_bot_message(contains="two")
            await reply.finish("one two three")

        assert here.general.bot_messages == [message]
        assert message.content == "one two three"


async def test_a_channel_that_refuses_previews_is_not_asked_each_second() -> None:
    async with room() as here:
        here.general.allow_bot(permissions.VIEW_CHANNEL)
        async with opened(here.replies(), here.question(here.general)) as reply:
            reply.show("one")
            await here.wait_for_calls("create_message")
            here.general.allow_bot(permissions.BOT_PERMISSIONS)
            await here.round_trips()
            reply.show("one two")
            await here.round_trips()
            assert here.general.bot_messages == []
            await reply.finish("one two three")

        assert here.count("create_message") == 2


@pytest.mark.parametrize("name", ["create_message", "update_message"])
async def test_a_final_text_waits_only_a_little_for_a_preview_that_hangs(name: str) -> None:
    async with room() as here:
        async with opened(here.replies(), here.question(here.general)) as reply:
            if name == "update_message":
                reply.show("one")
                await here.general.wait_for_bot_message()
            here.discord.script(name, Hang())
            reply.show("one two")
            await here.wait_for_calls(name)
            async with asyncio.timeout(LAST_WAIT_S + 2):
                await reply.finish("one two three", buttons=RETRY)

        assert contents(here.general) == ["one two three"]


async def test_a_limit_on_all_requests_that_was_not_waited_out_does_not_last_for_ever() -> None:
    async with room() as here:
        here.discord.script("trigger_typing_indicator", RateLimited(60, is_global=True))
        given_up = asyncio.create_task(here.rest.type(here.general.id))
        await here.discord.wait_until(
            lambda: [c.status for c in here.discord.calls_of("trigger_typing_indicator")] == [429]
        )
        await asyncio.wait([given_up], timeout=0.1)
        given_up.cancel()
        async with opened(here.replies(), here.question(here.general)) as reply:
            async with asyncio.timeout(15):
                await reply.finish("whole")

        assert contents(here.general) == ["whole"]


# ---------------------------------------------------------------- after a crash


async def test_an_answer_that_was_sent_and_not_recorded_is_found_again() -> None:
    async with room() as here:
        asked = here.question(here.general)
        with pytest.raises(asyncio.CancelledError):
            async with opened(here.replies(), asked, Forgetful("answer")) as reply:
                await reply.finish("half")
        async with opened(here.replies(), asked, notes := Notes()) as reply:
            await reply.finish("whole", buttons=RETRY)

        [message] = here.general.bot_messages
        assert (message.content, message.buttons) == ("whole", [["Retry"]])
        assert notes.ids("answer") == (str(message.id),)
        assert here.count("create_message") == 2
        here.assert_ordinary()


async def test_a_half_answer_that_was_recorded_becomes_the_whole_one() -> None:
    async with room() as here:
        asked, notes = here.question(here.general), Notes()
        async with opened(here.replies(), asked, notes) as reply:
            reply.show(LINES)
            await here.general.wait_for_bot_message(5)
        before = here.general.bot_messages
        async with opened(here.replies(), asked, notes) as reply:
            ids = await reply.finish(LINES, buttons=RETRY)

        assert here.general.bot_messages == before
        assert ids == tuple(str(message.id) for message in before)
        assert [m.buttons for m in before if m.buttons] == [[["Retry"]]]
        here.assert_ordinary()


async def test_the_same_text_found_again_is_not_edited() -> None:
    async with room() as here:
        asked = here.question(here.general)
        for _ in range(2):
            async with opened(here.replies(), asked, Notes()) as reply:
                await reply.finish("whole", buttons=RETRY)

        assert contents(here.general) == ["whole"]
        assert here.count("update_message") == 0


async def test_the_next_question_is_answered_by_another_message() -> None:
    async with room() as here:
        for _ in range(2):
            async with opened(here.replies(), here.question(here.general)) as reply:
                await reply.finish("whole")

        assert contents(here.general) == ["whole", "whole"]


# ---------------------------------------------------------------- messages that people deleted


async def test_a_message_that_was_deleted_is_replaced() -> None:
    async with room() as here:
        asked, notes = here.question(here.general), Notes()
        async with opened(here.replies(), asked, notes) as reply:
            reply.show("half")
            message = await here.general.wait_for_bot_message()
            here.general.delete(message)
            await reply.finish("whole")

        [new] = here.general.bot_messages
        assert (new.content, notes.ids("answer")) == ("whole", (str(new.id),))


async def test_one_that_was_deleted_before_a_restart_is_replaced_once() -> None:
    async with room() as here:
        asked = here.question(here.general)
        async with opened(here.replies(), asked, Notes()) as reply:
            await reply.finish("half")
        here.general.delete(here.general.bot_messages[0])
        for text in ("whole", "whole"):  # a crash hid that it was sent, and again
            async with opened(here.replies(), asked, Notes()) as reply:
                await reply.finish(text)

        assert contents(here.general) == ["whole"]


async def test_a_message_that_cannot_be_edited_gives_way_to_a_new_one() -> None:
    async with room() as here:
        thread = here.general.thread("a thread")
        async with opened(here.replies(), here.question(thread)) as reply:
            reply.show("half")
            half = await thread.wait_for_bot_message()
            thread.set_archived(archived=True)
            await reply.finish("whole")

        assert contents(thread) == ["whole"]
        assert half.is_deleted


async def test_a_surplus_message_that_is_gone_already_is_no_trouble() -> None:
    async with room() as here:
        async with opened(here.replies(), here.question(here.general)) as reply:
            reply.show(LINES)
            await here.general.wait_for_bot_message(4)
            here.general.delete(here.general.bot_messages[3])
            await reply.finish("short")

        assert contents(here.general) == ["short"]


async def test_a_question_that_is_gone_is_answered_all_the_same() -> None:
    async with room() as here:
        asked = here.question(here.general)
        here.general.delete(here.general.messages[0])
        async with opened(here.replies(), asked) as reply:
            await reply.finish("whole")

        assert [(m.content, m.reply_to) for m in here.general.bot_messages] == [("whole", None)]
        here.assert_ordinary()


async def test_where_nothing_may_be_replied_to_the_answer_stands_alone() -> None:
    async with room() as here:
        here.general.allow_bot(permissions.BOT_PERMISSIONS & ~permissions.READ_MESSAGE_HISTORY)
        async with opened(here.replies(), here.question(here.general)) as reply:
            await reply.finish("whole")

        assert [(m.content, m.reply_to) for m in here.general.bot_messages] == [("whole", None)]
