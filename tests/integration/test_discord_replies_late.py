"""Requests that overtake each other: one that was given up on, one whose answer is on the way."""

import asyncio

import pytest

from bot.discord.address import TOKEN_LASTS_S
from bot.discord.sink import DiscordReply
from handlers.errors import DeliveryRefusedError
from handlers.messages import IncomingMessage
from handlers.texts import say
from tests.emulators.discord import Fail, Gate, Late, Message
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
        here.discord.script("update_original_webhook_message", Late(answered))
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


@pytest.mark.parametrize("way", ["finish", "line", "settle"])
async def test_after_a_crash_before_it_was_said_that_time_was_up_it_is_said(way: str) -> None:
    async with room() as here:
        interaction, call = await here.called(may_write=False)
        notes = Notes()
        here.discord.script("update_original_webhook_message", *[Fail(503)] * 500)
        async with opened(here.replies(pause=Pauses()), call, notes):
            here.discord.clock.advance(A_MINUTE_LEFT_S + 5)
            await here.wait_for_calls("update_original_webhook_message")
        here.discord.script("update_original_webhook_message")
        here.discord.clear_scripts()
        for _ in range(2):
            async with opened(here.replies(), call, notes) as reply:
                match way:
                    case "finish":
                        with pytest.raises(DeliveryRefusedError):
                            await reply.finish("whole")
                    case "line":
                        with pytest.raises(DeliveryRefusedError):
                            await reply.line("a", "line")
                    case _:
                        await interaction.wait_for_reply()
                await reply.settle()

        assert [message.content for message in interaction.replies] == [OUTLASTED]


# ---------------------------------------------------------------- previews


async def finish(reply: DiscordReply) -> None:
    await reply.finish("one two three", buttons=RETRY)


async def tell(reply: DiscordReply) -> None:
    await reply.tell("one two three", RETRY)


@pytest.mark.parametrize("last_word", [finish, tell])
async def test_a_preview_that_comes_after_the_last_word_does_not_stay(
    last_word: type[finish],
) -> None:
    pass
