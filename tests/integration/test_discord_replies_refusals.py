"""What is refused on one way, or at one moment, is said on another."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.discord.client import ParleyBot
from bot.discord.rest import TIMEOUT_S
from handlers.errors import DeliveryRefusedError, StorageError
from handlers.ports.images import Picture
from handlers.turn import Unrecorded
from tests.emulators.discord import Drop, Fail, permissions
from tests.integration.discord_replies_room import (
    EPHEMERAL,
    LINES,
    RETRY,
    Notes,
    Pauses,
    contents,
    opened,
    room,
)

FILL = "update_original_webhook_message"
BY_TOKEN_ALONE = pytest.mark.parametrize("is_hidden", [True, False], ids=["hidden", "user app"])


# ---------------------------------------------------------------- the thinking message


@BY_TOKEN_ALONE
async def test_a_line_takes_the_place_that_a_refused_picture_was_to_have(is_hidden: bool) -> None:
    async with room() as here:
        interaction, call = await here.called(is_hidden=is_hidden, may_write=is_hidden)
        here.discord.script(FILL, Fail(413, 40005), Fail(413, 40005))
        async with opened(here.replies(), call, notes := Notes()) as reply:
            with pytest.raises(DeliveryRefusedError):
                await reply.photo("photo", Picture(b"x" * 100, "image/png"))
            await reply.line("refused", "not taken")
            await reply.line("more", "a line")
            await reply.settle()

        assert [message.content for message in interaction.replies] == ["not taken", "a line"]
        assert notes.ids("refused") == (str(interaction.replies[0].id),)
        assert bool(interaction.replies[0].flags & EPHEMERAL) == is_hidden
        assert here.count("execute_webhook") == 1


@BY_TOKEN_ALONE
async def test_what_is_told_takes_the_place_of_a_preview_that_was_cut(is_hidden: bool) -> None:
    async with room() as here:
        interaction, call = await here.called(is_hidden=is_hidden, may_write=is_hidden)
        here.discord.script(FILL, Drop())
        async with opened(here.replies(), call) as reply:
            reply.show("half")
            await here.wait_for_calls(FILL)
            await reply.tell("It broke.", RETRY)
            await reply.settle()

        assert [(m.content, m.buttons) for m in interaction.replies] == [("It broke.", [["Retry"]])]


@BY_TOKEN_ALONE
async def test_and_of_what_a_crash_kept_from_filling_it(is_hidden: bool) -> None:
    async with room() as here:
        interaction, call = await here.called(is_hidden=is_hidden, may_write=is_hidden)
        notes = Notes({"original": ("answer", "0")})
        for _ in range(2):
            async with opened(here.replies(), call, notes) as reply:
                await reply.tell("It broke.")
                await reply.settle()

        assert [message.content for message in interaction.replies] == ["It broke."]
        here.assert_ordinary()


async def test_where_the_bot_may_write_nothing_takes_over_what_is_to_be_filled() -> None:
    async with room() as here:
        interaction, call = await here.called()
        async with opened(here.replies(), call, Notes({"original": ("answer", "0")})) as reply:
            await reply.line("a", "line")
            await reply.finish("whole")
            await reply.settle()

        assert [message.content for message in interaction.replies] == ["whole"]
        assert contents(here.general) == ["whole", "line"]
        here.assert_ordinary()


# ---------------------------------------------------------------- the channel


async def test_an_answer_goes_on_by_the_token_where_the_right_to_write_was_lost() -> None:
    async with room() as here:
        interaction, call = await here.called()
        async with opened(here.replies(), call, notes := Notes()) as reply:
            reply.show("0 word")
            await interaction.wait_for_reply()
            here.general.allow_bot(permissions.VIEW_CHANNEL)
            reply.show(LINES[:3000])
            await interaction.wait_for_reply(2)
            ids = await reply.finish(LINES[:5000], buttons=RETRY)
            await reply.line("more", "a line")
            await reply.settle()

        *answer, line = interaction.replies
        assert ids == tuple(str(message.id) for message in answer) == notes.ids("answer")
        assert [message.buttons for message in answer] == [[], [], [["Retry"]]]
        assert line.content == "a line"
        assert here.discord.dm(here.alice).bot_messages == []


async def test_a_thinking_message_is_filled_where_that_right_was_lost() -> None:
    async with room() as here:
        interaction, call = await here.called()
        here.general.allow_bot(permissions.VIEW_CHANNEL)
        async with opened(here.replies(), call, Notes({"original": ("photo", "0")})) as reply:
            await reply.line("refused", "not taken")
            await reply.settle()

        assert [message.content for message in interaction.replies] == ["not taken"]


async def test_where_the_token_opens_nothing_either_it_is_said_to_the_sender() -> None:
    async with room() as here:
        _, call = await here.called()
        here.general.allow_bot(permissions.VIEW_CHANNEL)
        here.discord.script(FILL, Fail(401, 50027))
        async with opened(here.replies(), call) as reply:
            with pytest.raises(DeliveryRefusedError, match="50013"):
                await reply.finish("whole")
            await reply.line("refused", "not taken")

        [message] = here.discord.dm(here.alice).bot_messages
        assert "not taken" in message.content


async def test_that_a_channel_is_gone_is_said_to_the_sender() -> None:
    async with room() as here:
        async with opened(here.replies(), here.question(here.general)) as reply:
            reply.show("one")
            await here.general.wait_for_bot_message()
            here.general.vanish()
            with pytest.raises(DeliveryRefusedError, match="10003"):
                await reply.finish("one two")
            await reply.line("refused", "not taken")

        [message] = here.discord.dm(here.alice).bot_messages
        assert "not taken" in message.content


# ---------------------------------------------------------------- this side


class Unwritable(Notes):
    """Whose database fails for the first record."""

    is_failing = True

    async def record(self, slot: str, ids: tuple[str, ...]) -> None:
        await super().record(slot, ids)
        if self.is_failing:
            self.is_failing = False
            raise StorageError("the disk is full")


async def test_previews_go_on_when_one_could_not_be_recorded() -> None:
    async with room() as here:
        with capture_logs() as logs:
            notes = Unwritable()
            async with opened(here.replies(), here.question(here.general), notes) as reply:
                reply.show("one")
                await here.general.wait_for_bot_message()
                reply.show("one two")
                await here.general.wait_for_bot_message(contains="two")
                await reply.finish("one two three")

        assert contents(here.general) == ["one two three"]
        assert not any("exc_info" in line for line in logs)


@pytest.mark.parametrize("is_hidden", [True, False])
async def test_what_stays_unfinished_is_said_beside_what_was_shown(is_hidden: bool) -> None:
    async with room() as here:
        interaction, call = await here.called(is_hidden=is_hidden)
        async with opened(here.replies(), call, notes := Notes()) as reply:
            await reply.line("transcript", "so you said")
        async with opened(here.replies(), call, Unrecorded(notes.slots)) as reply:
            await reply.line("unfinished", "It broke.")

        said = [*interaction.replies, *here.general.bot_messages[not is_hidden :]]
        assert [message.content for message in said] == ["so you said", "It broke."]
        here.assert_ordinary()


async def test_a_connection_that_is_closed_is_a_fault_that_may_pass() -> None:
    async with room() as here:
        with capture_logs() as logs:
            pauses = Pauses()
            async with opened(here.replies(pause=pauses), here.question(here.general)) as reply:
                await here.client.http.close()
                reply.show("one")
                finishing = asyncio.create_task(reply.finish("whole"))
                while len(pauses.asked) < 2:
                    await asyncio.wait([finishing], timeout=0.01)
                finishing.cancel()
                await asyncio.wait([finishing])
                assert finishing.cancelled()

        assert not any("exc_info" in line for line in logs)


def test_a_limit_is_waited_out_before_a_request_counts_as_lost() -> None:
    async def longest_s() -> float:
        listener: object = None
        return ParleyBot(listener).http.max_ratelimit_timeout or 0  # type: ignore[arg-type]

    assert asyncio.run(longest_s()) < TIMEOUT_S
