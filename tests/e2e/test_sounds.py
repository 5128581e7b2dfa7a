"""Recordings on Telegram and Discord: long ones, subtitles, translations, what voice notes do."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from tests import samples
from tests.e2e.discord.stage import DiscordStage
from tests.e2e.stage import Stage, running
from tests.emulators.discord import DiscordEmulator, Upload
from tests.emulators.openai import Answer, Fail, Gated, Hang, OpenAIEmulator

TRANSCRIPTIONS = "/audio/transcriptions"


@pytest.fixture
async def discord(tmp_path: Path) -> AsyncIterator[DiscordStage]:
    async with DiscordEmulator() as discord, OpenAIEmulator() as openai:
        yield DiscordStage(discord, openai, tmp_path)
        assert discord.violations == []
        assert openai.violations == []


def asked(openai: OpenAIEmulator, route: str = TRANSCRIPTIONS) -> int:
    return sum(request.route == route for request in openai.requests)


async def test_a_long_recording_is_heard_in_pieces_whose_progress_is_shown(stage: Stage) -> None:
    _, chat = stage.alice()
    gate = asyncio.Event()
    stage.openai.script(TRANSCRIPTIONS, Answer("words"), Answer("words"), Gated((), gate))
    stage.openai.transcripts = "words"
    talk = await asyncio.to_thread(samples.talk, 25.0)
    async with running(stage.config()):
        chat.send_audio(talk, caption="/transcribe", duration=1500)
        await stage.openai.wait_for_request(TRANSCRIPTIONS, 3, timeout_s=40)
        await chat.wait_for_draft(contains="2 of 3 parts")
        gate.set()
        await chat.wait_for_bot_message(contains="words\nwords\nwords", timeout_s=40)

    assert not any("Listening" in message.text for message in chat.bot_messages)
    names = [r.files[0].filename for r in stage.openai.requests if r.route == TRANSCRIPTIONS]
    assert names == ["sound.ogg"] * 3


async def test_a_long_question_stands_above_its_answer_in_a_group(stage: Stage) -> None:
    alice, _ = stage.alice()
    group = stage.telegram.group("Friends", [alice])
    stage.openai.transcripts = "words"
    talk = await asyncio.to_thread(samples.talk, 25.0)
    async with running(stage.config({"CHAT__VOICE": "off"})):
        group.send_audio(talk, caption=f"@{stage.telegram.world.bot.username}", duration=1500)
        await group.wait_for_bot_message(contains="echo:", timeout_s=40)

    first, heard, answer = [message.text for message in group.bot_messages]
    assert "in 3 parts" in first
    assert heard == "🎤 words\nwords\nwords"
    assert answer.startswith("echo:")


async def test_a_long_question_stands_above_its_answer_on_discord(discord: DiscordStage) -> None:
    discord.openai.transcripts = "words"
    talk = Upload("talk.mp3", await asyncio.to_thread(samples.talk, 25.0), "audio/mpeg")
    async with discord.running():
        discord.general.send("", attachments=[talk], mention_bot=True)
        await discord.general.wait_for_bot_message(contains="echo:", timeout_s=40)

    first, heard, answer = [m.content for m in discord.general.bot_messages][:3]
    assert "in 3 parts" in first
    assert heard == "🎤 words\nwords\nwords"
    assert answer.startswith("echo:")


async def test_in_a_group_the_progress_makes_room_for_the_answer(stage: Stage) -> None:
    alice, _ = stage.alice()
    group = stage.telegram.group("Friends", [alice])
    gate = asyncio.Event()
    stage.openai.script(TRANSCRIPTIONS, Answer("words"), Answer("words"), Gated((), gate))
    stage.openai.transcripts = "words"
    talk = await asyncio.to_thread(samples.talk, 25.0)
    async with running(stage.config()):
        group.send_audio(talk, caption="/transcribe", duration=1500)
        await group.wait_for_bot_message(contains="2 of 3 parts", timeout_s=40)
        gate.set()
        await group.wait_for_bot_message(contains="words\nwords\nwords")

    assert [message.text for message in group.bot_messages] == ["words\nwords\nwords"]


async def test_after_a_restart_no_piece_is_heard_again(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script(TRANSCRIPTIONS, Answer("words"), Answer("words"), Hang())
    talk = await asyncio.to_thread(samples.talk, 25.0)
    config = stage.config({"RUN__SHUTDOWN_GRACE_S": "0"})
    async with running(config):
        chat.send_audio(talk, caption="/transcribe", duration=1500)
        await chat.wait_for_draft(contains="2 of 3 parts", timeout_s=40)
    stage.openai.transcripts = "words"
    async with running(config):
        await chat.wait_for_bot_message(contains="words\nwords\nwords", timeout_s=40)

    assert asked(stage.openai) == 4
    assert len(chat.bot_messages) == 1


async def test_a_long_transcript_is_its_beginning_and_a_file(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.transcripts = "And so on it goes. " * 300
    async with running(stage.config()):
        chat.send_audio(samples.mp3(1.0), caption="/transcribe")
        await stage.telegram.wait_until(lambda: any(m.document for m in chat.bot_messages))

    shown, file = chat.bot_messages
    assert shown.text.startswith("And so on it goes.")
    assert "the file holds all of it" in shown.text
    assert len(shown.text) < 1_200
    assert (file.document or b"").decode() == stage.openai.transcripts.strip()


async def test_subtitles_come_as_a_file(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.transcripts = "One here. Two there."
    async with running(stage.config({"OPENAI__TRANSCRIPTION_MODEL": "whisper-1"})):
        chat.send_video(samples.film(4.0), caption="/transcribe srt", duration=4)
        await stage.telegram.wait_until(lambda: any(m.document for m in chat.bot_messages))

    shown, file = chat.bot_messages
    assert shown.text == "One here. Two there."
    subtitles = (file.document or b"").decode()
    assert subtitles.startswith("1\n00:00:00,000 --> 00:00:02,0")
    assert "\n2\n" in subtitles


async def test_a_model_without_times_gives_the_text_and_says_so(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_audio(samples.mp3(1.0), caption="/transcribe vtt")
        shown = await chat.wait_for_bot_message()

    assert shown.text.startswith("hello from the recording")
    assert "does not tell when" in shown.text


async def test_voice_notes_are_written_down_where_that_is_chosen(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_text("/settings voice_note transcribe")
        menu = await chat.wait_for_bot_message(contains="Voice notes: transcribe")
        chat.send_voice(samples.ogg_opus(1), 1)
        await chat.wait_for_bot_message(contains="hello from the recording")
        chat.press(menu, "translate")
        await stage.telegram.wait_until(lambda: "Voice notes: translate" in menu.text)
        chat.send_voice(samples.ogg_opus(2), 2)
        await chat.wait_for_bot_message(contains="hello in English")

    assert stage.openai.chats() == []


async def test_a_photo_of_text_is_translated_to_any_language(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", Answer("Une carte"))
    async with running(stage.config()):
        chat.send_photo(samples.jpeg(800, 600), "/translate to French")
        await chat.wait_for_bot_message(contains="Une carte")

    [request] = stage.openai.chats()
    assert "French" in request.system
    [picture] = request.messages[-1].images
    assert picture.detail == "high"


async def test_a_translation_outlives_its_endpoint(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.retired_routes["/audio/translations"] = 410
    stage.openai.transcripts = "wie geht es dir"
    stage.openai.script("chat", Answer("how are you"))
    async with running(stage.config()):
        chat.send_voice(samples.ogg_opus(1), 1, caption="/translate")
        await chat.wait_for_bot_message(contains="how are you")


async def test_a_piece_that_fails_is_asked_for_again_by_the_button(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script(
        TRANSCRIPTIONS, Answer("words"), Answer("words"), Fail(400, message="no more")
    )
    stage.openai.transcripts = "words"
    talk = await asyncio.to_thread(samples.talk, 25.0)
    async with running(stage.config()):
        chat.send_audio(talk, caption="/transcribe", duration=1500)
        line = await chat.wait_for_bot_message(contains="did not accept", timeout_s=40)
        chat.press(line, "↻ Try again")
        await chat.wait_for_bot_message(contains="words\nwords\nwords", timeout_s=40)

    assert asked(stage.openai) == 4


async def test_a_recording_is_written_down_on_discord(discord: DiscordStage) -> None:
    """A slash command with its fields; the progress becomes the answer."""
    gate = asyncio.Event()
    discord.openai.script(TRANSCRIPTIONS, Answer("words"), Answer("words"), Gated((), gate))
    discord.openai.transcripts = "words"
    talk = Upload("talk.mp3", await asyncio.to_thread(samples.talk, 25.0), "audio/mpeg")
    async with discord.running():
        called = discord.general.slash("transcribe", file=talk, format="text")
        await called.wait_for_reply(contains="2 of 3 parts", timeout_s=40)
        gate.set()
        reply = await called.wait_for_reply(contains="words\nwords\nwords")

    assert called.replies == [reply]
    assert reply.content == "words\nwords\nwords"


async def test_fields_choose_the_language_on_discord(discord: DiscordStage) -> None:
    discord.openai.script("chat", Answer("Bom dia"))
    async with discord.running():
        called = discord.general.slash("translate", to="Brazilian Portuguese", text="Good day")
        await called.wait_for_reply(contains="Bom dia")

    [request] = discord.openai.chats()
    assert "Brazilian Portuguese" in request.system
    assert request.messages[-1].text == "Good day"


@pytest.mark.parametrize(
    ("kind", "route", "model"),
    [
        ("realtime", "/realtime", "gpt-realtime-2.1-mini"),
        ("chat", "/chat/completions", "gpt-audio-1.5"),
    ],
)
async def test_a_reading_that_is_stopped_is_paid_as_far_as_it_came(
    stage: Stage, kind: str, route: str, model: str
) -> None:
    _, chat = stage.alice()
    said = "This is a sentence of fifty letters, and no more. "
    if kind == "chat":
        stage.openai.script(route, Fail(400, message="Audio is only for stream=true."))
    stage.openai.script(route, Gated((said, said), asyncio.Event()))
    async with running(stage.config({"OPENAI__ROUTES__SPEECH": kind})):
        chat.send_text(f"/say {said * 4}")
        await stage.openai.wait_until(lambda: is_asked(stage.openai, route))
        chat.send_text("/stop")
        await chat.wait_for_bot_message(contains="Stopped")
        await stage.openai.wait_until(
            lambda: stage.openai.ledger.untold[model, "output_tokens"] > 0
        )

    noted = await asyncio.to_thread(usage_of, stage, model)
    billed = [stage.openai.billed[model, f"{side}_tokens"] for side in ("input", "output")]
    assert noted == [pytest.approx(tokens, rel=0.3) for tokens in billed]


def is_asked(openai: OpenAIEmulator, route: str) -> bool:
    """Whether the reading that is to be stopped was begun."""
    if route == "/realtime":
        return any(session.sent("response.create") for session in openai.sessions)
    return asked(openai, route) == 2


def usage_of(stage: Stage, model: str) -> list[int]:
    """Tokens that were noted: of input, of output."""
    with closing(sqlite3.connect(stage.folder / "parley.db")) as database:
        row = "SELECT sum(input_tokens), sum(output_tokens) FROM usage WHERE model = ?"
        return list(database.execute(row, (model,)).fetchone())
