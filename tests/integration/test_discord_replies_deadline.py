"""Fifteen minutes: what becomes of an answer that takes longer, and where the token is all."""

import asyncio

import pytest

from bot.discord.address import TOKEN_LASTS_S
from handlers.errors import DeliveryRefusedError
from handlers.messages import Button
from handlers.ports.platforms import Activity
from handlers.texts import say
from tests.emulators.discord import AcceptThenDrop, Channel, Fail
from tests.integration.discord_replies_room import (
    LINES,
    RETRY,
    Notes,
    Pauses,
    Room,
    contents,
    opened,
    room,
)

NEARLY_S = TOKEN_LASTS_S - 50
"""Less than a minute is left of the token."""
OUTLASTED = say("notice_outlasted")


def group_chat(here: Room) -> Channel:
    """Where the bot is only as somebody's user-installed app."""
    return here.discord.private_chat(here.alice, here.discord.user("bob"))


# ---------------------------------------------------------------- where the bot may write


@pytest.mark.parametrize("at_s", [NEARLY_S, TOKEN_LASTS_S + 60])
async def test_an_answer_that_outlasts_its_token_ends_in_the_same_messages(at_s: float) -> None:
    async with room() as here:
        interaction, call = await here.called()
        async with opened(here.replies(pause=Pauses()), call, notes := Notes()) as reply:
            reply.show("one")
            first = await interaction.wait_for_reply(contains="one")
            here.discord.clock.advance(at_s)
            by_token = here.count("update_original_webhook_message")
            reply.show("one two")
            await here.general.wait_for_bot_message(contains="one two")
            ids = await reply.finish(LINES, buttons=RETRY)

        messages = here.general.bot_messages
        assert messages[0] is first
        assert ids == tuple(str(message.id) for message in messages) == notes.ids("answer")
        assert [bool(m.buttons) for m in messages] == [False] * (len(messages) - 1) + [True]
        assert here.count("update_original_webhook_message") == by_token
        here.assert_ordinary()


async def test_a_thinking_message_that_would_never_be_filled_goes_in_time() -> None:
    async with room() as here:
        interaction, call = await here.called()
        async with opened(here.replies(pause=Pauses()), call, notes := Notes()) as reply:
            async with reply.working(Activity.WRITING):
                here.discord.clock.advance(NEARLY_S)
                await here.discord.wait_until(lambda: interaction.replies == [])
                await here.general.wait_for_typing()
            here.discord.clock.advance(600)
            await reply.finish("whole")

        [message] = here.general.bot_messages
        assert (message.content, notes.ids("answer")) == ("whole", (str(message.id),))
        here.assert_ordinary()


async def test_an_answer_after_a_restart_that_took_too_long_goes_on_in_the_channel() -> None:
    async with room() as here:
        interaction, call = await here.called()
        notes = Notes()
        async with opened(here.replies(), call, notes) as reply:
            reply.show("half")
            half = await interaction.wait_for_reply(contains="half")
        here.discord.clock.advance(TOKEN_LASTS_S + 1)
        async with opened(here.replies(), call, notes) as reply:
            await reply.finish("whole")
            await reply.settle()

        assert here.general.bot_messages == [half]
        assert half.content == "whole"
        here.assert_ordinary()


async def test_an_unfilled_thinking_message_of_long_ago_keeps_nobody_from_answering() -> None:
    async with room() as here:
        _, call = await here.called()
        here.discord.clock.advance(TOKEN_LASTS_S + 1)
        async with opened(here.replies(pause=Pauses()), call) as reply:
            await reply.finish("whole")
            await reply.settle()

        assert contents(here.general)[-1] == "whole"


async def test_a_delivery_that_is_repeated_beyond_the_token_changes_its_way() -> None:
    async with room() as here:
        _, call = await here.called()
        pauses = Pauses()
        async with opened(here.replies(pause=pauses), call) as reply:
            here.discord.script("update_original_webhook_message", *[Fail(503)] * 500)
            finishing = asyncio.create_task(reply.finish("whole"))
            await here.wait_for_calls("update_original_webhook_message", 2)
            here.discord.clock.advance(NEARLY_S)
            await finishing

        assert contents(here.general)[-1] == "whole"


async def test_the_menu_of_an_old_press_is_changed_by_the_channel() -> None:
    async with room() as here:
        async with opened(here.replies(), here.question(here.general)) as reply:
            await reply.finish("old", buttons=RETRY)
        _, press = await here.pressed(here.general.bot_messages[0])
        here.discord.clock.advance(TOKEN_LASTS_S + 1)
        async with opened(here.replies(), press) as reply:
            await reply.menu("chosen", ((Button("A", "pick a"),),))

        assert [(m.content, m.buttons) for m in here.general.bot_messages] == [("chosen", [["A"]])]
        here.assert_ordinary()


# ---------------------------------------------------------------- where it may not


@pytest.mark.parametrize("is_hidden", [True, False])
async def test_an_answer_that_cannot_go_on_says_so_in_time(is_hidden: bool) -> None:
    async with room() as here:
        channel = here.general if is_hidden else group_chat(here)
        interaction, call = await here.called(
            channel=channel, is_hidden=is_hidden, may_write=is_hidden
        )
        async with opened(here.replies(pause=Pauses()), call) as reply:
            reply.show("as far as it got")
            await interaction.wait_for_reply()
            here.discord.clock.advance(NEARLY_S)
            said = await interaction.wait_for_reply(contains=OUTLASTED)
            reply.show("as far as it got and further")
            with pytest.raises(DeliveryRefusedError):
                await reply.finish("as far as it got and further to its end")
            with pytest.raises(DeliveryRefusedError):
                await reply.line("refused", "This chat did not take my answer.")
            await reply.settle()

        assert [message.content for message in interaction.replies] == [said.content]
        assert said.content.startswith("as far as it got")
        assert "further" not in said.content
        assert said.buttons == []
        here.assert_ordinary()


async def test_one_that_has_not_begun_by_then_says_so_too() -> None:
    async with room() as here:
        interaction, call = await here.called(is_hidden=True)
        async with opened(here.replies(pause=Pauses()), call) as reply:
            here.discord.clock.advance(NEARLY_S)
            await interaction.wait_for_reply(contains=OUTLASTED)
            with pytest.raises(DeliveryRefusedError):
                await reply.finish("whole")

        assert [message.content for message in interaction.replies] == [OUTLASTED]


async def test_an_answer_that_is_finished_in_time_is_left_alone() -> None:
    async with room() as here:
        interaction, call = await here.called(is_hidden=True)
        async with opened(here.replies(pause=Pauses()), call) as reply:
            await reply.finish("whole")
            here.discord.clock.advance(NEARLY_S)
            await reply.line("more", "a line")
            await reply.settle()

        assert [message.content for message in interaction.replies] == ["whole", "a line"]


async def test_after_a_restart_it_is_still_known_that_time_was_up() -> None:
    async with room() as here:
        interaction, call = await here.called(is_hidden=True)
        notes = Notes()
        async with opened(here.replies(pause=Pauses()), call, notes):
            here.discord.clock.advance(NEARLY_S)
            await interaction.wait_for_reply(contains=OUTLASTED)
        async with opened(here.replies(), call, notes) as reply:
            with pytest.raises(DeliveryRefusedError):
                await reply.finish("whole")

        assert [message.content for message in interaction.replies] == [OUTLASTED]


async def test_a_hidden_answer_after_its_token_is_refused_without_a_request() -> None:
    async with room() as here:
        _, call = await here.called(is_hidden=True)
        here.discord.clock.advance(TOKEN_LASTS_S + 1)
        before = len(here.discord.calls)
        async with opened(here.replies(), call) as reply:
            with pytest.raises(DeliveryRefusedError):
                await reply.finish("whole")

        assert len(here.discord.calls) == before


# ---------------------------------------------------------------- a user-installed app


async def test_a_user_app_answers_by_the_token_alone_and_shows_no_typing() -> None:
    async with room() as here:
        chat = group_chat(here)
        interaction, call = await here.called(channel=chat, may_write=False)
        async with opened(here.replies(pause=Pauses()), call) as reply:
            async with reply.working(Activity.WRITING):
                await reply.line("transcript", "so you said")
                reply.show(LINES[:3000])
                await interaction.wait_for_reply(3)
                await here.round_trips()
            await reply.finish(LINES[:5000], buttons=RETRY, supersedes="123")
            await reply.settle()
            await here.round_trips()

        assert len(interaction.replies) == 4
        assert all(not message.is_ephemeral for message in interaction.replies)
        assert here.count("create_message", "update_message", "trigger_typing_indicator") == 0
        here.assert_ordinary()


async def test_what_does_not_fit_into_its_messages_is_in_a_file() -> None:
    async with room() as here:
        interaction, call = await here.called(channel=group_chat(here), may_write=False)
        text = "\n\n".join(LINES for _ in range(3))
        async with opened(here.replies(), call, notes := Notes()) as reply:
            reply.show(text)
            await interaction.wait_for_reply(5)
            await here.round_trips()
            assert len(interaction.followups) == 4
            ids = await reply.finish(text, "a notice", RETRY)
            await reply.line("not spoken", "one more")

        *shown, last, line = interaction.replies
        assert len(interaction.followups) == 5
        assert ids == tuple(str(m.id) for m in (*shown, last)) == notes.ids("answer")
        assert text.startswith(shown[0].content[:100])
        assert "a notice" in last.content
        assert say("notice_in_file") in last.content
        assert [(f.name, f.content.decode()) for f in last.files] == [("answer.md", text)]
        assert last.buttons == [["Retry"]]
        assert line.content == "one more"
        here.assert_ordinary()


async def test_messages_are_counted_across_restarts() -> None:
    async with room() as here:
        interaction, call = await here.called(channel=group_chat(here), may_write=False)
        notes = Notes()
        for number in range(6):
            async with opened(here.replies(), call, notes) as reply:
                await reply.line(f"line {number}", "a line")
        async with opened(here.replies(), call, notes) as reply:
            with pytest.raises(DeliveryRefusedError):
                await reply.finish("whole")
            with pytest.raises(DeliveryRefusedError):
                await reply.line("refused", "no")

        assert len(interaction.replies) == 6
        here.assert_ordinary()


async def test_a_follow_up_whose_answer_was_lost_ends_the_previews() -> None:
    async with room() as here:
        chat = group_chat(here)
        _, call = await here.called(channel=chat, may_write=False)
        async with opened(here.replies(), call, Notes({"original": ("line", "0", "1")})) as reply:
            here.discord.script("execute_webhook", AcceptThenDrop())
            reply.show("one")
            await here.wait_for_calls("execute_webhook")
            await here.round_trips()
            reply.show("one two")
            await here.round_trips()

        assert here.count("execute_webhook") == 1


async def test_an_answer_to_a_button_of_a_user_app_is_a_follow_up() -> None:
    async with room() as here:
        opener, call = await here.called(channel=group_chat(here), may_write=False)
        async with opened(here.replies(), call) as reply:
            await reply.finish("old", buttons=RETRY)
        old = opener.original
        assert old is not None
        interaction, press = await here.pressed(old, may_write=False)
        async with opened(here.replies(), press) as reply:
            await reply.drop_buttons()
            await reply.finish("new", buttons=RETRY, supersedes=str(old.id))
            await here.discord.wait_until(lambda: old.buttons == [])

        assert [message.content for message in interaction.followups] == ["new"]
        here.assert_ordinary()
