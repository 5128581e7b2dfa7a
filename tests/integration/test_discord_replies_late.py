"""Requests that overtake each other: one that was given up on, one whose answer is on the way."""

import asyncio

import pytest

from bot.discord.address import TOKEN_LASTS_S
from handlers.errors import DeliveryRefusedError
from handlers.messages import IncomingMessage
from handlers.texts import say
from tests.emulators.discord import Fail, Gate, Late
from tests.integration.discord_replies_room import (
    RETRY,
    Notes,
    Pauses,
    Room,
    contents,
    opened,
    room,
)

A_MINUTE_LEFT_S = TOKEN_LASTS_S - 60
FILL = "update_original_webhook_message"
OUTLASTED = say("notice_outlasted")


class Held(Pauses):
    """Short pauses, but those of five seconds and more only once it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        await super().__call__(seconds)
        if seconds >= 5:
            await self.let_go.wait()


# ---------------------------------------------------------------- the end of the token


async def test_what_fills_the_thinking_message_as_its_time_ends_is_not_taken_away() -> None:
    async with room() as here:
        interaction, call = await here.called()
        here.discord.clock.advance(A_MINUTE_LEFT_S - 10)
        answered = asyncio.Event()
        here.discord.script(FILL, Late(answered))
        async with opened(here.replies(pause=Pauses()), call, notes := Notes()) as reply:
            finishing = asyncio.create_task(reply.finish("whole", buttons=RETRY))
            message = await interaction.wait_for_reply(contains="whole")
            here.discord.clock.advance(20)
            await here.round_trips()
            answered.set()
            await finishing
            await reply.settle()

        assert here.general.bot_messages == [message]
        assert notes.ids("answer") == (str(message.id),)
        assert here.count("delete_original_webhook_message") == 0
        here.assert_ordinary()


class Stuck(Pauses):
    """Short pauses, and none that ends once the thinking message was to be filled."""

    def __init__(self, here: Room) -> None:
        super().__init__()
        self._here = here

    async def __call__(self, seconds: float) -> None:
        await super().__call__(seconds)
        if self._here.count(FILL):
            await asyncio.Event().wait()


@pytest.mark.parametrize("way", ["finish", "line", "nothing"])
async def test_after_a_crash_before_it_was_said_that_time_was_up_it_is_said_once(way: str) -> None:
    async with room() as here:
        interaction, call = await here.called(may_write=False)
        notes = Notes()
        here.discord.script(FILL, Fail(503))
        async with opened(here.replies(pause=Stuck(here)), call, notes):
            here.discord.clock.advance(A_MINUTE_LEFT_S + 5)
            await here.wait_for_calls(FILL)
            await here.round_trips()
        for _ in range(2):
            async with opened(here.replies(), call, notes) as reply:
                if way == "nothing":
                    await interaction.wait_for_reply()
                else:
                    with pytest.raises(DeliveryRefusedError):
                        await (reply.finish("x") if way == "finish" else reply.line("x", "y"))
                await reply.settle()

        assert [message.content for message in interaction.replies] == [OUTLASTED]
        assert here.count(FILL) == 2


# ---------------------------------------------------------------- previews


async def show_late(here: Room, question: IncomingMessage, name: str, way: str) -> None:
    """A preview that is carried out after the last word, which is put again."""
    pause, let_go = Held(), asyncio.Event()
    async with opened(here.replies(pause=pause), question) as reply:
        if name == "update_message":
            reply.show("one")
            await here.general.wait_for_bot_message(contains="one")
        here.discord.script(name, Gate(let_go))
        reply.show("one two")
        await here.wait_for_calls(name)
        if way == "finish":
            await reply.finish("whole", buttons=RETRY)
        else:
            await reply.tell("whole", RETRY)
        let_go.set()
        await here.discord.wait_until(lambda: "two" in here.general.bot_messages[0].content)
        pause.let_go.set()
        await here.discord.wait_until(lambda: here.general.bot_messages[0].content == "whole")
        assert here.general.bot_messages[0].buttons == [["Retry"]]
    assert contents(here.general) == ["whole"]


@pytest.mark.parametrize("way", ["finish", "tell"])
async def test_a_preview_that_is_late_does_not_stay_over_the_last_word(way: str) -> None:
    async with room() as here:
        await show_late(here, here.question(here.general), "update_message", way)
        here.assert_ordinary()


@pytest.mark.parametrize("way", ["finish", "tell"])
async def test_nor_does_one_that_was_to_fill_the_thinking_message(way: str) -> None:
    async with room() as here:
        _, call = await here.called(may_write=False)
        await show_late(here, call, FILL, way)


async def test_an_answer_that_lost_its_buttons_meanwhile_does_not_get_them_back() -> None:
    async with room() as here:
        pause, let_go = Held(), asyncio.Event()
        replies = here.replies(pause=pause)
        async with opened(replies, here.question(here.general)) as reply:
            reply.show("one")
            first = await here.general.wait_for_bot_message(contains="one")
            here.discord.script("update_message", Gate(let_go))
            reply.show("one two")
            await here.wait_for_calls("update_message")
            await reply.finish("whole", buttons=RETRY)
            following = replies.open(here.question(here.general), Notes())
            await following.finish("next", supersedes=str(first.id))
            await here.discord.wait_until(lambda: first.buttons == [])
            count = here.count("update_message")
            pause.let_go.set()
            await here.round_trips()
            assert here.count("update_message") == count
            let_go.set()


async def test_a_preview_that_ended_in_time_leaves_nothing_to_put_again() -> None:
    async with room() as here:
        async with opened(here.replies(pause=Pauses()), here.question(here.general)) as reply:
            reply.show("one")
            await here.general.wait_for_bot_message(contains="one")
            answered = asyncio.Event()
            here.discord.script("update_message", Late(answered))
            reply.show("one two")
            await here.wait_for_calls("update_message")
            finishing = asyncio.create_task(reply.finish("whole"))
            answered.set()
            await finishing
            await here.round_trips()

        assert contents(here.general) == ["whole"]
        assert here.count("update_message") == 2
