"""The real process on Discord: killed, started again, and how much memory a refusal takes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bot_runs import BotProcess
from tests.e2e.discord.stage import DiscordStage, labels
from tests.emulators.discord import AcceptThenHang, Upload
from tests.emulators.openai import Answer, Gated

MEGABYTE = 2**20


@asynccontextmanager
async def process(stage: DiscordStage) -> AsyncIterator[BotProcess]:
    """The bot, once it is connected; killed at the end of the block if it still runs."""
    registered = len(stage.discord.calls_of("bulk_set_application_commands"))
    bot = await BotProcess.start(stage.environment(), "run")
    try:
        await bot.line_with("discord is connected")
        await stage.discord.wait_until(
            lambda: (
                len(stage.discord.calls_of("bulk_set_application_commands")) > registered
                and stage.discord.commands()
            )
        )
        yield bot
    finally:
        if not bot.has_ended:
            bot.kill()
            await bot.ended()
        stage.discord.gateway.forget_sessions()


async def kill(bot: BotProcess) -> None:
    bot.kill()
    await bot.ended()


def peak_bytes(bot: BotProcess) -> int:
    lines = Path(f"/proc/{bot.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


async def test_a_commands_answer_goes_on_in_its_message_after_a_kill(stage: DiscordStage) -> None:
    stage.openai.script("chat", Gated(["Half an answer"], asyncio.Event()), Answer("The answer."))
    async with process(stage) as bot:
        asked = stage.general.slash("ask", prompt="go")
        await asked.wait_for_reply(contains="Half")
        await kill(bot)
    async with process(stage):
        reply = await asked.wait_for_reply(contains="The answer.")
        await stage.discord.wait_until(lambda: labels(reply) == ["↻ Retry"])

    assert asked.replies == [reply]
    assert len(stage.general.bot_messages) == 1


async def test_a_kill_between_the_sending_and_its_record_makes_no_second_message(
    stage: DiscordStage,
) -> None:
    chat = stage.dm()
    async with process(stage) as bot:
        chat.send("warm up")
        await chat.wait_for_bot_message(contains="warm up")
        # Killed at a preview it asks again, killed at the final text it does not.
        stage.openai.script("chat", Answer("The answer."), Answer("The answer."))
        stage.discord.script("create_message", AcceptThenHang())
        chat.send("go")
        await chat.wait_for_bot_message(contains="The answer.")
        await kill(bot)
    async with process(stage):
        await stage.discord.wait_until(
            lambda: labels(chat.bot_messages[-1]) == ["↻ Retry"], timeout_s=30
        )

    assert [m.content for m in chat.bot_messages] == ["echo: warm up", "The answer."]


async def test_refusing_a_large_file_takes_little_memory(stage: DiscordStage) -> None:
    chat = stage.dm()
    file = Upload("long.mp3", bytes(30 * MEGABYTE), "audio/mpeg")
    async with process(stage) as bot:
        chat.send("warm up")
        await chat.wait_for_bot_message(contains="warm up")
        before = peak_bytes(bot)
        for number in range(1, 4):
            chat.send(attachments=[file])
            line = await chat.wait_for_bot_message(number, contains="too large")
        after = peak_bytes(bot)

    assert "30 MB" in line.content
    assert after - before < 20 * MEGABYTE
