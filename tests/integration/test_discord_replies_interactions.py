"""The answer to a command or a button: by the interaction's token, by the channel, or by both."""

import asyncio

import pytest

from handlers.errors import DeliveryRefusedError
from handlers.messages import Button
from handlers.ports.platforms import Activity
from tests.emulators.discord import AcceptThenDrop, Drop, Fail, Gate, Step
from tests.integration.discord_replies_room import (
    EPHEMERAL,
    LINES,
    RETRY,
    Forgetful,
    Notes,
    Pauses,
    contents,
    opened,
    room,
)

MENU = ((Button("A", "pick a"), Button("B", "pick b")),)


# ---------------------------------------------------------------- a command


async def test_the_thinking_message_becomes_the_answer_and_the_rest_follows_in_the_channel() -> (
    None
):
    async with room() as here:
        interaction, call = await here.called()
        notes = Notes()
        async with opened(here.replies(), call, notes) as reply:
            reply.show("one")
            first = await interaction.wait_for_reply(contains="one")
            assert first.buttons == [["⏹ Stop"]]
            ids = await reply.finish(LINES, buttons=RETRY)
            await reply.settle()

        messages = here.general.bot_messages
        assert interaction.original is first is messages[0]
        assert ids == tuple(str(m.id) for m in messages) == notes.ids("answer")
        assert len(messages) > 3
        assert not first.is_loading
        assert reply.is_showing(str(first.id))
        assert messages[-1].buttons == [["Retry"]]
        assert [m.nonce is None for m in messages] == [True] + [False] * (len(messages) - 1)
        assert [m.reply_to for m in messages] == [None] * len(messages)
        assert interaction.followups == []
        here.assert_ordinary()


@pytest.mark.parametrize("way", ["line", "tell", "menu"])
async def test_whatever_is_said_first_fills_the_thinking_message(way: str) -> None:
    async with room() as here:
        interaction, call = await here.called()
        notes = Notes()
        async with opened(here.replies(), call, notes) as reply:
            match way:
                case "line":
                    await reply.line("transcript", "first", MENU)
                case "tell":
                    await reply.tell("first", MENU)
                case _:
                    await reply.menu("first", MENU)
            await reply.line("more", "second")
            await reply.settle()

        assert contents(here.general) == ["first", "second"]
        assert interaction.original is here.general.bot_messages[0]
        assert interaction.original.buttons == [["A", "B"]]
        slot = {"line": "transcript", "tell": "told"}.get(way, way)
        assert notes.ids(slot) == (str(interaction.original.id),)
        here.assert_ordinary()


async def test_a_hidden_answer_is_seen_by_the_person_alone_to_its_last_message() -> None:
    async with room() as here:
        interaction, call = await here.called(is_hidden=True)
        async with opened(here.replies(), call) as reply:
            async with reply.working(Activity.WRITING):
                reply.show(LINES)
                await interaction.wait_for_reply(4)
            ids = await reply.finish(LINES[:5000], buttons=RETRY)
            await reply.line("more", "a line")
            await reply.settle()

        assert here.general.bot_messages == []
        replies = interaction.replies
        assert all(message.flags & EPHEMERAL for message in replies)
        assert ids == tuple(str(message.id) for message in replies[:-1])
        assert replies[-1].content == "a line"
        assert [message.buttons for message in replies[:-1]] == [[], [], [["Retry"]]]
        assert here.count("trigger_typing_indicator", "create_message") == 0
        here.assert_ordinary()


async def test_an_acknowledgement_on_its_way_is_waited_for() -> None:
    async with room() as here:
        interaction, call = await here.called(is_acknowledged=False)
        acknowledged: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        async with opened(here.replies(), call, acknowledged=acknowledged) as reply:
            saying = asyncio.create_task(reply.line("a", "line"))
            reply.show("text")
            await here.acknowledge(interaction)
            assert here.count("update_original_webhook_message") == 0
            acknowledged.set_result(True)
            await saying

        assert interaction.original is not None
        assert interaction.original.content in ("line", "text")
        here.assert_ordinary()


async def test_an_interaction_that_discord_gave_up_is_answered_in_the_channel() -> None:
    async with room() as here:
        _, call = await here.called(is_acknowledged=False)
        refused: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        refused.set_result(False)
        async with opened(here.replies(), call, acknowledged=refused) as reply:
            await reply.finish("whole", buttons=RETRY)
            await reply.settle()

        assert contents(here.general) == ["whole"]
        here.assert_ordinary()


async def test_an_acknowledgement_that_failed_by_itself_is_as_good_as_unknown() -> None:
    async with room() as here:
        interaction, call = await here.called()
        failed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        failed.set_exception(ValueError("ours"))
        async with opened(here.replies(), call, acknowledged=failed) as reply:
            await reply.finish("whole")

        assert [message.content for message in interaction.replies] == ["whole"]


@pytest.mark.parametrize("is_hidden", [True, False])
async def test_what_only_an_unknown_token_could_show_is_refused(is_hidden: bool) -> None:
    async with room() as here:
        _, call = await here.called(is_acknowledged=False, is_hidden=is_hidden, may_write=is_hidden)
        async with opened(here.replies(), call) as reply:
            with pytest.raises(DeliveryRefusedError):
                await reply.finish("whole")
            with pytest.raises(DeliveryRefusedError):
                await reply.tell("why not")
            await reply.settle()

        assert here.general.bot_messages == []


@pytest.mark.parametrize(
    "refusal", [Fail(404, 10015), Fail(404, 10062), Fail(404, 10008), Fail(401, 50027)]
)
async def test_a_token_that_opens_nothing_leaves_the_channel(refusal: Fail) -> None:
    async with room() as here:
        _, call = await here.called()
        here.discord.script("update_original_webhook_message", refusal)
        async with opened(here.replies(), call, notes := Notes()) as reply:
            reply.show("half")
            said = await here.general.wait_for_bot_message(contains="half")
            await reply.finish("whole")

        assert (said.content, notes.ids("answer")) == ("whole", (str(said.id),))


async def test_a_hidden_thinking_message_that_the_person_dismissed_is_said_anew() -> None:
    async with room() as here:
        interaction, call = await here.called(is_hidden=True)
        assert interaction.original is not None
        here.general.delete(interaction.original)
        async with opened(here.replies(), call) as reply:
            await reply.finish("whole")

        [message] = interaction.replies
        assert (message.content, message.is_ephemeral) == ("whole", True)


@pytest.mark.parametrize("is_hidden", [True, False])
async def test_an_answer_that_was_deleted_on_its_way_is_replaced(is_hidden: bool) -> None:
    async with room() as here:
        interaction, call = await here.called(is_hidden=is_hidden)
        async with opened(here.replies(), call, notes := Notes()) as reply:
            reply.show("half")
            here.general.delete(await interaction.wait_for_reply(contains="half"))
            await reply.finish("whole")

        shown = interaction.replies if is_hidden else here.general.bot_messages
        assert [message.content for message in shown] == ["whole"]
        assert notes.ids("answer") == (str(shown[0].id),)


async def test_a_thinking_message_that_nothing_filled_is_taken_away() -> None:
    async with room() as here:
        interaction, call = await here.called()
        async with opened(here.replies(), call) as reply:
            await reply.settle()
            await reply.settle()

        assert interaction.replies == []
        assert here.count("delete_original_webhook_message") == 1
        here.assert_ordinary()


@pytest.mark.parametrize("step", [Fail(404, 10008), Fail(503), Drop(), Fail(403, 50001)])
async def test_one_that_cannot_be_taken_away_disturbs_nobody(step: Step) -> None:
    async with room() as here:
        _, call = await here.called()
        here.discord.script("delete_original_webhook_message", step)
        async with opened(here.replies(), call) as reply:
            await reply.settle()


async def test_the_end_of_the_process_takes_nothing_away() -> None:
    async with room() as here:
        interaction, call = await here.called()
        async with opened(here.replies(), call):
            pass

        assert [message.is_loading for message in interaction.replies] == [True]


async def test_typing_shows_only_once_the_thinking_message_is_filled() -> None:
    async with room() as here:
        _, call = await here.called()
        replies = here.replies(pause=Pauses())
        async with opened(replies, call) as reply, reply.working(Activity.WRITING):
            await here.round_trips()
            assert here.general.typing == []
            await reply.line("transcript", "so you said")
            await here.general.wait_for_typing()
        here.assert_ordinary()


# ---------------------------------------------------------------- after a crash


async def test_after_a_crash_what_was_filling_the_thinking_message_still_does() -> None:
    async with room() as here:
        interaction, call = await here.called()
        notes = Forgetful("answer")
        with pytest.raises(asyncio.CancelledError):
            async with opened(here.replies(), call, notes) as reply:
                await reply.finish("half")
        again = Notes(notes.slots)
        async with opened(here.replies(), call, again) as reply:
            await reply.finish("whole")
            await reply.line("more", "a line")

        assert [message.content for message in interaction.replies] == ["whole"]
        assert contents(here.general) == ["whole", "a line"]
        assert again.ids("answer") == (str(here.general.bot_messages[0].id),)
        here.assert_ordinary()


async def test_what_fills_the_thinking_message_is_recorded_before_it_does() -> None:
    async with room() as here:
        interaction, call = await here.called()
        before, let_go = Notes(), asyncio.Event()
        here.discord.script("update_original_webhook_message", Gate(let_go))
        async with opened(here.replies(), call, before) as reply:
            finishing = asyncio.create_task(reply.finish("whole"))
            await here.wait_for_calls("update_original_webhook_message")
            crashed = Notes(dict(before.slots))
            let_go.set()
            await finishing
        async with opened(here.replies(), call, crashed) as reply:
            await reply.line("another", "a line")
            await reply.finish("whole", buttons=RETRY)

        assert contents(here.general) == ["whole", "a line"]
        assert [m.buttons for m in interaction.replies] == [[["Retry"]]]
        here.assert_ordinary()


async def test_after_a_crash_another_slot_does_not_overwrite_what_was_filled() -> None:
    async with room() as here:
        _, call = await here.called()
        notes = Notes()
        async with opened(here.replies(), call, notes) as reply:
            await reply.line("transcript", "so you said")
        async with opened(here.replies(), call, notes) as reply:
            await reply.line("transcript", "so you said")
            await reply.finish("whole")
            await reply.settle()

        assert contents(here.general) == ["so you said", "whole"]
        here.assert_ordinary()


@pytest.mark.parametrize("step", [Drop(), AcceptThenDrop(), Fail(503)])
async def test_filling_it_is_repeated_until_it_is_done(step: Step) -> None:
    async with room() as here:
        interaction, call = await here.called()
        here.discord.script("update_original_webhook_message", step)
        async with opened(here.replies(pause=Pauses()), call) as reply:
            await reply.finish("whole")

        assert [message.content for message in interaction.replies] == ["whole"]
        assert contents(here.general) == ["whole"]
