"""The answer to an ordinary message: streamed, split, finished, told."""

import asyncio

import pytest

from bot.discord.sink import DiscordReply
from handlers.errors import DeliveryRefusedError
from handlers.messages import Button
from handlers.ports.platforms import Activity
from tests.emulators.discord import Fail, Gate, Message, Pace, permissions
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

STOP = [["⏹ Stop"]]


async def streamed(reply: DiscordReply, here: Room, text: str) -> Message:
    """Show the beginning of an answer, and wait until people see it."""
    reply.show(text)
    return await here.general.wait_for_bot_message(contains=text)


# ---------------------------------------------------------------- streaming


async def test_an_answer_grows_in_one_message_with_a_stop_button_and_ends_with_its_own() -> None:
    async with room() as here:
        asked = here.question(here.general)
        notes = Notes()
        async with opened(here.replies(), asked, notes) as reply:
            message = await streamed(reply, here, "one")
            assert message.buttons == STOP
            await streamed(reply, here, "one two")
            assert reply.is_showing(str(message.id))
            ids = await reply.finish("one two three", buttons=RETRY)

        assert ids == (str(message.id),) == notes.ids("answer")
        assert here.general.bot_messages == [message]
        assert (message.content, message.buttons) == ("one two three", [["Retry"]])
        assert message.reply_to == int(asked.message_id)
        assert not reply.is_showing(asked.message_id)
        here.assert_ordinary()


async def test_nothing_that_goes_out_can_ping_anybody_or_unfold_a_link() -> None:
    async with room() as here:
        words = f"{here.alice.mention} @everyone https://example.org"
        async with opened(here.replies(), here.question(here.general)) as reply:
            await streamed(reply, here, "@everyone")
            await reply.finish(words)

        bodies = [c.fields for c in here.discord.calls_of("create_message", "update_message")]
        assert len(bodies) >= 2
        assert all(b["allowed_mentions"] == {"parse": [], "replied_user": False} for b in bodies)
        assert all(body["flags"] == 4 for body in bodies)
        assert here.discord.pings == []


async def test_in_a_direct_chat_nothing_is_a_reply() -> None:
    async with room() as here:
        chat = here.discord.dm(here.alice)
        async with opened(here.replies(), here.question(chat)) as reply:
            await reply.finish("yes")

        assert [(m.content, m.reply_to) for m in chat.bot_messages] == [("yes", None)]
        here.assert_ordinary()


async def test_a_long_answer_is_split_and_only_its_first_message_is_a_reply() -> None:
    async with room() as here:
        async with opened(here.replies(), here.question(here.general)) as reply:
            ids = await reply.finish(LINES, "a notice", RETRY)

        messages = here.general.bot_messages
        assert len(messages) > 3
        assert ids == tuple(str(message.id) for message in messages)
        assert all(len(message.content) <= 2000 for message in messages)
        assert [bool(m.reply_to) for m in messages] == [True] + [False] * (len(messages) - 1)
        assert [m.buttons for m in messages] == [[]] * (len(messages) - 1) + [[["Retry"]]]
        assert "a notice" in messages[-1].content
        assert "".join(contents(here.general)).count("word") == LINES.count("word")
        here.assert_ordinary()


async def test_messages_that_the_final_text_does_not_fill_are_taken_back() -> None:
    async with room() as here:
        notes = Notes()
        async with opened(here.replies(), here.question(here.general), notes) as reply:
            reply.show(LINES)
            await here.general.wait_for_bot_message(4)
            await reply.finish("short")

        assert contents(here.general) == ["short"]
        assert len(notes.ids("answer")) == 1
        here.assert_ordinary()


async def test_only_the_last_message_of_a_stream_has_the_stop_button() -> None:
    async with room() as here, opened(here.replies(), here.question(here.general)) as reply:
        await streamed(reply, here, "0 word")
        reply.show(LINES[:5000])
        await here.general.wait_for_bot_message(3)
        await here.discord.wait_until(
            lambda: [m.buttons for m in here.general.bot_messages] == [[], [], STOP]
        )


async def test_showing_returns_at_once_and_skips_to_the_newest() -> None:
    async with room() as here:
        opened_gate = asyncio.Event()
        here.discord.script("create_message", Gate(opened_gate))
        async with opened(here.replies(), here.question(here.general)) as reply:
            reply.show("0")
            await here.wait_for_calls("create_message")
            for number in range(1, 200):
                reply.show(str(number))
            opened_gate.set()
            message = await here.general.wait_for_bot_message(contains="199")
            assert [revision.content for revision in message.history] == ["0", "199"]


async def test_what_closes_leaves_what_was_shown() -> None:
    async with room() as here:
        async with opened(here.replies(), here.question(here.general)) as reply:
            await streamed(reply, here, "half")
            await reply.aclose()
            await reply.aclose()
            reply.show("more")

        assert contents(here.general) == ["half"]
        assert here.count("delete_message") == 0


async def test_invisible_text_is_still_a_message() -> None:
    async with room() as here:
        async with opened(here.replies(), here.question(here.general)) as reply:
            reply.show("  \n ")
            await reply.finish(" \n\n ")

        assert contents(here.general) == ["…"]
        here.assert_ordinary()


async def test_previews_keep_the_pace_that_was_asked_for() -> None:
    async with room() as here:
        pauses = Pauses()
        replies = here.replies(interval_s=0.2, pause=pauses)
        async with opened(replies, here.question(here.general)) as reply:
            await streamed(reply, here, "one")
            assert pauses.asked == []
            await streamed(reply, here, "one two")
            assert pauses.asked
            assert max(pauses.asked) <= 0.2
            pauses.asked.clear()
            await reply.finish("one two three")
            assert max(pauses.asked, default=0) <= 0.1


async def test_discords_own_pace_is_kept_and_the_whole_text_arrives() -> None:
    async with room() as here:
        here.discord.pace = Pace(limit=2, span_s=0.3)
        async with opened(here.replies(), here.question(here.general)) as reply:
            for end in range(1, 9):
                await streamed(reply, here, LINES[: end * 20])
            await reply.finish(LINES, buttons=RETRY)

        assert "".join(contents(here.general)).count("word") == LINES.count("word")
        assert here.general.bot_messages[-1].buttons == [["Retry"]]
        here.assert_ordinary()


async def test_ten_channels_at_once_do_not_wait_for_each_other() -> None:
    async with room() as here:
        guild = here.discord.guild("Other", [here.alice])
        channels = [guild.text_channel(f"c{number}") for number in range(10)]
        replies = here.replies(interval_s=0.2)
        sinks = [replies.open(here.question(channel), Notes()) for channel in channels]
        let_go = asyncio.Event()
        here.discord.script("create_message", Gate(let_go), channel_id=channels[0].id)
        for step in ("one", "one two"):
            for sink in sinks:
                sink.show(step)
            for channel in channels[1:]:
                await channel.wait_for_bot_message(contains=step)
        assert contents(channels[0]) == []
        let_go.set()
        await asyncio.gather(*(sink.finish("one two three") for sink in sinks))
        await replies.aclose()

        assert [contents(channel) for channel in channels] == [["one two three"]] * 10
        here.assert_ordinary()


# ---------------------------------------------------------------- lines of ours


async def test_a_line_is_said_once_in_a_slot_also_after_a_restart() -> None:
    async with room() as here:
        asked, notes = here.question(here.general), Notes()
        for _ in range(2):
            async with opened(here.replies(), asked, notes) as reply:
                await reply.line("transcript", "so *you* said", RETRY)
                await reply.line("transcript", "so *you* said", RETRY)

        [message] = here.general.bot_messages
        assert message.buttons == [["Retry"]]
        assert notes.ids("transcript") == (str(message.id),)
        here.assert_ordinary()


async def test_a_line_of_several_messages_goes_on_where_it_broke_off() -> None:
    async with room() as here:
        asked, notes = here.question(here.general), Notes()
        async with opened(here.replies(pause=Pauses()), asked, notes) as reply:
            here.discord.script("create_message", Fail(503), Fail(403, 50013))
            here.discord.script("create_dm", Fail(403, 50007))
            with pytest.raises(DeliveryRefusedError):
                await reply.line("usage", LINES[:3000])
            await reply.line("usage", LINES[:3000], RETRY)

        assert [m.buttons for m in here.general.bot_messages] == [[], [["Retry"]]]
        assert len(notes.ids("usage")) == 2


async def test_what_is_told_takes_the_place_of_what_was_shown() -> None:
    async with room() as here:
        notes = Notes()
        async with opened(here.replies(), here.question(here.general), notes) as reply:
            message = await streamed(reply, here, "half an ans")
            await reply.tell("It broke.", RETRY)

        assert here.general.bot_messages == [message]
        assert (message.content, message.buttons) == ("It broke.", [["Retry"]])
        assert notes.ids("told") == (str(message.id),)
        here.assert_ordinary()


async def test_what_is_told_of_nothing_shown_is_a_message_and_is_told_once() -> None:
    async with room() as here:
        asked, notes = here.question(here.general), Notes()
        for _ in range(2):
            async with opened(here.replies(), asked, notes) as reply:
                await reply.tell("It broke.", RETRY)

        [message] = here.general.bot_messages
        assert (message.content, message.buttons) == ("It broke.", [["Retry"]])
        assert notes.ids("told") == (str(message.id),)


async def test_a_menu_of_a_typed_command_is_a_message() -> None:
    async with room() as here:
        async with opened(here.replies(), here.question(here.general)) as reply:
            await reply.menu("Pick one", ((Button("A", "pick a"), Button("B", "pick b")),))
            await reply.drop_buttons()

        [message] = here.general.bot_messages
        assert (message.content, message.buttons) == ("Pick one", [["A", "B"]])
        here.assert_ordinary()


async def test_a_line_that_a_channel_may_not_hear_is_said_to_the_sender_alone() -> None:
    async with room() as here:
        here.general.allow_bot(permissions.VIEW_CHANNEL)
        chat = here.discord.dm(here.alice)
        async with opened(here.replies(), here.question(here.general)) as reply:
            with pytest.raises(DeliveryRefusedError):
                await reply.finish("a secret of the channel")
            await reply.line("refused", "This chat did not take my answer.", RETRY)
            with pytest.raises(DeliveryRefusedError):
                await reply.line("more", "Twice would be too much.")

        [message] = chat.bot_messages
        assert message.content.startswith(f"<#{here.general.id}> This chat")
        assert message.buttons == []
        assert here.general.bot_messages == []


async def test_who_takes_no_direct_messages_gets_none_and_nothing_breaks() -> None:
    async with room() as here:
        here.general.allow_bot(permissions.VIEW_CHANNEL)
        here.discord.dm(here.alice, is_refused=True)
        async with opened(here.replies(), here.question(here.general)) as reply:
            with pytest.raises(DeliveryRefusedError, match="50013"):
                await reply.tell("It broke.")


# ---------------------------------------------------------------- the answer before


async def test_the_answer_before_loses_its_buttons_in_the_background() -> None:
    async with room() as here:
        async with opened(here.replies(), here.question(here.general)) as reply:
            [old] = await reply.finish("old", buttons=RETRY)
        pauses = Pauses()
        here.discord.script("update_message", Fail(503))
        async with opened(here.replies(pause=pauses), here.question(here.general)) as reply:
            new = await reply.finish("new", buttons=RETRY, supersedes=old)
            await here.discord.wait_until(
                lambda: [m.buttons for m in here.general.bot_messages] == [[], [["Retry"]]]
            )

        assert contents(here.general) == ["old", "new"]
        assert new != (old,)


async def test_an_answer_before_that_is_gone_is_let_go() -> None:
    async with room() as here:
        async with opened(here.replies(), here.question(here.general)) as reply:
            await reply.finish("new", supersedes="12345")
            await here.wait_for_calls("update_message")
            await reply.finish("new", supersedes="not a message")

        assert here.count("update_message") == 1


# ---------------------------------------------------------------- typing


async def test_typing_shows_while_it_works_and_ends_with_the_work() -> None:
    async with room() as here:
        async with (
            opened(here.replies(pause=Pauses()), here.question(here.general)) as reply,
            reply.working(Activity.WRITING),
        ):
            await here.general.wait_for_typing(2)
        typed = len(here.general.typing)
        await asyncio.sleep(0)
        assert len(here.general.typing) == typed
        here.assert_ordinary()


async def test_typing_that_cannot_be_shown_disturbs_nobody() -> None:
    async with room() as here:
        steps = (Fail(403, 50013), Fail(404, 10003), Fail(503))
        here.discord.script("trigger_typing_indicator", *steps)
        async with (
            opened(here.replies(pause=Pauses()), here.question(here.general)) as reply,
            reply.working(Activity.WRITING),
        ):
            await here.wait_for_calls("trigger_typing_indicator", 4)


async def test_a_quick_answer_needs_no_typing() -> None:
    async with room() as here:
        async with opened(here.replies(), here.question(here.general)) as reply:
            async with reply.working(Activity.WRITING):
                pass
            await reply.finish("yes")
        assert here.count("trigger_typing_indicator") == 0
