"""What a pressed button changes in its message, and what is said beside it."""

from dataclasses import replace

import pytest

from handlers.messages import Button
from tests.emulators.discord import Fail
from tests.integration.discord_replies_room import (
    LINES,
    RETRY,
    Room,
    asked,
    contents,
    opened,
    room,
)

MENU = ((Button("A", "pick a"), Button("B", "pick b")),)


async def answer_with_buttons(here: Room) -> None:
    async with opened(here.replies(), here.question(here.general)) as reply:
        await reply.finish("old", buttons=RETRY)


async def test_a_menu_is_changed_in_place() -> None:
    async with room() as here:
        await answer_with_buttons(here)
        [old] = here.general.bot_messages
        _, press = await here.pressed(old)
        async with opened(here.replies(), press) as reply:
            await reply.menu("chosen", MENU)
            await reply.settle()

        assert here.general.bot_messages == [old]
        assert (old.content, old.buttons) == ("chosen", [["A", "B"]])
        assert here.count("update_message") == 0
        here.assert_ordinary()


async def test_a_menu_that_grew_too_long_keeps_its_buttons_at_its_end() -> None:
    async with room() as here:
        await answer_with_buttons(here)
        _, press = await here.pressed(here.general.bot_messages[0])
        async with opened(here.replies(), press) as reply:
            await reply.menu(LINES[:3000], MENU)

        assert [m.buttons for m in here.general.bot_messages] == [[], [["A", "B"]]]
        here.assert_ordinary()


async def test_a_menu_whose_press_came_to_nothing_is_changed_by_the_channel() -> None:
    async with room() as here:
        await answer_with_buttons(here)
        _, press = await here.pressed(here.general.bot_messages[0])
        here.discord.script("update_original_webhook_message", Fail(404, 10015))
        async with opened(here.replies(), press) as reply:
            await reply.menu("chosen", MENU)

        assert contents(here.general) == ["chosen"]
        assert here.count("update_message") == 1


async def test_a_menu_whose_message_is_gone_is_a_new_message() -> None:
    async with room() as here:
        await answer_with_buttons(here)
        old = here.general.bot_messages[0]
        _, press = await here.pressed(old)
        here.general.delete(old)
        async with opened(here.replies(), press) as reply:
            await reply.menu("chosen", MENU)

        assert contents(here.general) == ["chosen"]


async def test_an_answer_to_a_button_is_a_new_message_and_the_old_one_loses_its_buttons() -> None:
    async with room() as here:
        await answer_with_buttons(here)
        [old] = here.general.bot_messages
        interaction, press = await here.pressed(old)
        async with opened(here.replies(), press) as reply:
            await reply.finish("new", buttons=RETRY, supersedes=str(old.id))
            await here.discord.wait_until(lambda: old.buttons == [])
            assert not reply.is_showing(str(old.id))
            await reply.settle()

        assert contents(here.general) == ["old", "new"]
        assert interaction.followups == []
        here.assert_ordinary()


@pytest.mark.parametrize("is_hidden", [True, False])
async def test_what_a_hidden_menu_has_to_say_beside_it_is_hidden_too(is_hidden: bool) -> None:
    async with room() as here:
        opener, call = await here.called(is_hidden=is_hidden)
        async with opened(here.replies(), call) as reply:
            await reply.menu("pick", MENU)
        assert opener.original is not None
        interaction, press = await here.pressed(opener.original, is_hidden=is_hidden)
        async with opened(here.replies(), press) as reply:
            await reply.line("a", "beside it")
            await reply.menu("chosen", MENU)

        assert opener.original.content == "chosen"
        assert [m.content for m in interaction.followups] == (["beside it"] if is_hidden else [])
        assert contents(here.general) == ([] if is_hidden else ["chosen", "beside it"])
        assert all(m.is_ephemeral == is_hidden for m in interaction.replies)
        here.assert_ordinary()


async def test_buttons_that_mean_nothing_any_more_go() -> None:
    async with room() as here:
        await answer_with_buttons(here)
        [old] = here.general.bot_messages
        _, press = await here.pressed(old)
        async with opened(here.replies(), press) as reply:
            await reply.drop_buttons()
            await here.discord.wait_until(lambda: old.buttons == [])

        assert contents(here.general) == ["old"]
        here.assert_ordinary()


async def test_buttons_that_cannot_be_taken_off_disturb_nobody() -> None:
    async with room() as here:
        await answer_with_buttons(here)
        _, press = await here.pressed(here.general.bot_messages[0])
        here.discord.script("update_original_webhook_message", Fail(503))
        async with opened(here.replies(), press) as reply:
            await reply.drop_buttons()
            await here.wait_for_calls("update_original_webhook_message")


async def test_a_message_that_was_asked_again_by_a_button_is_answered_as_the_question() -> None:
    """What failed is asked anew with the question's own id and the press's way of answering."""
    async with room() as here:
        await answer_with_buttons(here)
        question = here.general.messages[0]
        _, press = await here.pressed(here.general.bot_messages[0])
        again = replace(asked(here.general, question, press.key), reply_ref=press.reply_ref)
        async with opened(here.replies(), again) as reply:
            await reply.finish("new")

        assert [m.reply_to for m in here.general.bot_messages] == [question.id, question.id]
        here.assert_ordinary()
