"""The real process: started as an operator starts it, stopped, killed, started again."""

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import aiohttp
import pytest
import yaml

from tests import samples
from tests.bot_runs import BotProcess
from tests.e2e.stage import KEY, Stage, environment
from tests.emulators.openai import Answer, Gated
from tests.emulators.telegram import Gate, Hang


async def start(stage: Stage, *arguments: str, **more: str) -> BotProcess:
    variables = environment(stage.telegram, stage.openai, stage.folder, **more)
    return await BotProcess.start(variables, *arguments)


@asynccontextmanager
async def process(stage: Stage, *arguments: str, **more: str) -> AsyncIterator[BotProcess]:
    """The bot, once it is connected; killed at the end of the block if it still runs."""
    bot = await start(stage, *(arguments or ("run",)), **more)
    try:
        await bot.line_with("connected")
        yield bot
    finally:
        if bot.process.returncode is None:
            bot.kill()
            await bot.ended()


def configuration(stage: Stage, text: str = "") -> str:
    file = stage.folder / "config.yaml"
    file.write_text(text)
    return str(file)


async def test_sigterm_ends_the_process_cleanly(stage: Stage) -> None:
    _, chat = stage.alice()
    async with process(stage, "run", "--config", configuration(stage)) as bot:
        chat.send_text("hi")
        await chat.wait_for_bot_message()
        bot.process.send_signal(signal.SIGTERM)
        assert await bot.ended() == 0

    assert "Traceback" not in bot.output


async def test_a_running_answer_is_finished_within_the_grace_period(stage: Stage) -> None:
    _, chat = stage.alice()
    gate = asyncio.Event()
    stage.openai.script("chat", Gated(["Almost "], gate, ["done."]))
    async with process(stage) as bot:
        chat.send_text("hi")
        await chat.wait_for_draft("Almost")
        bot.process.send_signal(signal.SIGTERM)
        await bot.line_with("stopping")
        gate.set()
        assert await bot.ended() == 0

    assert [m.text for m in chat.bot_messages] == ["Almost done."]


async def test_after_kill_9_in_the_middle_of_a_stream_each_message_is_answered_once(
    stage: Stage,
) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", Gated(["Half an ans"], asyncio.Event()))
    async with process(stage) as bot:
        chat.send_text("one")
        chat.send_text("two")
        await chat.wait_for_draft("Half")
        bot.kill()
        await bot.ended()
    chat.send_text("three")
    async with process(stage):
        await chat.wait_for_bot_message(3)
        chat.send_text("four")
        await chat.wait_for_bot_message(4)

    assert [m.text for m in chat.bot_messages] == [
        "echo: one",
        "echo: two",
        "echo: three",
        "echo: four",
    ]
    asked = [m.text for m in stage.openai.chats()[-1].messages if m.role == "user"]
    assert asked == ["one", "two", "three", "four"]


async def test_after_kill_9_a_groups_half_answer_is_continued_in_its_message(
    stage: Stage,
) -> None:
    alice, _ = stage.alice()
    group = stage.telegram.group("Family", [alice])
    endless = Answer([f"half {n} " for n in range(2_000)], chunk_delay_s=0.01)
    stage.openai.script("chat", endless, Answer("All of it."))
    async with process(stage) as bot:
        group.send_text("/ask tell me")
        half = await group.wait_for_bot_message(contains="half")
        # An edit shows that the bot knows its message: before that a kill leaves it unknown.
        await stage.telegram.wait_until(lambda: len(half.history) > 1)
        bot.kill()
        await bot.ended()
    async with process(stage):
        await stage.telegram.wait_until(lambda: "All of it." in half.text)

    assert len(group.bot_messages) == 1


async def test_an_answer_killed_on_its_way_out_is_delivered_without_asking_again(
    stage: Stage,
) -> None:
    _, chat = stage.alice()
    gate = asyncio.Event()
    stage.telegram.script("sendMessage", Gate(gate))
    async with process(stage) as bot:
        chat.send_text("hi")
        await stage.telegram.wait_until(lambda: stage.telegram.calls_of("sendMessage"))
        bot.kill()
        await bot.ended()
    async with process(stage):
        await chat.wait_for_bot_message()

    assert len(stage.openai.chats()) == 1
    assert chat.bot_messages[0].text == "echo: hi"


async def test_a_transcript_paid_for_before_a_kill_is_not_paid_for_again(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", Gated(["Half"], asyncio.Event()))
    async with process(stage) as bot:
        chat.send_voice(samples.ogg_opus(1), 1)
        await chat.wait_for_draft("Half")
        bot.kill()
        await bot.ended()
    async with process(stage):
        await chat.wait_for_bot_message(contains="echo:")

    heard = [r for r in stage.openai.requests if r.route == "/audio/transcriptions"]
    assert len(heard) == 1
    assert len([m for m in chat.bot_messages if m.text.startswith("🎤")]) == 1


async def test_health_readiness_and_metrics_are_served(stage: Stage) -> None:
    _, chat = stage.alice()
    async with process(stage, LOGGING__FORMAT="json") as bot, aiohttp.ClientSession() as web:
        line = next(line for line in bot.output.splitlines() if "web_server_listens" in line)
        url = line.split('"url":')[1].split('"')[1]
        chat.send_text("hi")
        await chat.wait_for_bot_message()
        assert (await web.get(f"{url}/healthz")).status == 200
        assert (await web.get(f"{url}/readyz")).status == 200
        metrics = await (await web.get(f"{url}/metrics")).text()

    assert 'parley_messages_total{platform="telegram"} 1.0' in metrics


async def test_no_secret_is_printed_or_stored(stage: Stage) -> None:
    _, chat = stage.alice()
    async with process(stage, LOGGING__LEVEL="debug") as bot:
        chat.send_text("hi")
        await chat.wait_for_bot_message()
        bot.process.send_signal(signal.SIGTERM)
        await bot.ended()

    stored = (stage.folder / "parley.db").read_bytes()
    for secret in (stage.telegram.token, stage.telegram.token.partition(":")[2], KEY):
        assert secret not in bot.output
        assert secret.encode() not in stored


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"telegram": {"tokne": "x"}}, "telegram.tokne"),
        ({"history": {"max_tokens": "many"}}, "history.max_tokens"),
        ({"telegram": {"token": ""}}, "telegram.token"),
        ({"acess": {}}, "acess"),
    ],
)
async def test_a_wrong_configuration_is_one_line_that_names_the_key(
    stage: Stage, settings: dict[str, object], words: str
) -> None:
    bot = await start(stage, "run", "--config", configuration(stage, yaml.safe_dump(settings)))
    assert await bot.ended() == 2
    assert words in bot.output
    assert len(bot.output.strip().splitlines()) == 1


async def test_check_tells_what_works_and_what_does_not(stage: Stage) -> None:
    bot = await start(stage, "check")
    code = await bot.ended()
    assert "telegram" in bot.output
    assert code == 0, bot.output

    stage.openai.missing_models.add("gpt-6-luna")
    bot = await start(stage, "check")
    assert await bot.ended() == 1
    assert "gpt-6-luna" in bot.output


async def test_a_second_bot_on_the_same_database_is_refused(stage: Stage) -> None:
    async with process(stage):
        second = await start(stage, "run")
        assert await second.ended() == 2

    assert len(second.output.strip().splitlines()) >= 1
    assert "Traceback" not in second.output


async def test_the_database_is_whole_after_a_kill(stage: Stage) -> None:
    _, chat = stage.alice()
    async with process(stage) as bot:
        for number in range(10):
            chat.send_text(f"m{number}")
        await chat.wait_for_bot_message(3)
        bot.kill()
        await bot.ended()

    with closing(sqlite3.connect(stage.folder / "parley.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_telegram_that_hangs_does_not_hold_up_the_end(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.telegram.script("sendMessage", Hang())
    async with process(stage, RUN__SHUTDOWN_GRACE_S="0.1") as bot:
        chat.send_text("hi")
        await stage.telegram.wait_until(lambda: stage.telegram.calls_of("sendMessage"))
        bot.process.send_signal(signal.SIGTERM)
        # Telegram's own time-out is 20 s: an end that waited for it would not come in time.
        assert await bot.ended(within_s=15) == 0
    async with process(stage):
        await chat.wait_for_bot_message()

    assert len(stage.openai.chats()) == 1
