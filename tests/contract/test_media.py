"""Pictures and voice, in and out."""

import re

from tests import samples
from tests.contract.stage import Stage


async def test_a_photo_with_a_question_is_seen(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        chat.send_photo(samples.jpeg(3000, 4000), "What is this?")
        answer = await chat.wait_for("What is this?")
        chat.say("And its colour?")
        await chat.wait_for("And its colour?")

    first, second = stage.openai.chats()
    [picture] = first.last_user.images
    assert (picture.width, picture.height, picture.detail) == (768, 1024, "high")
    assert "[photo 768x1024" in answer.text
    assert len(second.messages[0].images) == 1


async def test_a_voice_message_is_written_down_answered_and_spoken(stage: Stage) -> None:
    _, chat = stage.alice()
    voice = samples.ogg_opus(2)
    stage.openai.transcripts = "how are you"
    async with stage.running():
        chat.send_voice(voice, 2)
        await chat.wait_until(lambda: any(one.voice for one in chat.shown), "a voice message")

    transcript, answer, spoken = chat.shown
    assert transcript.text == "🎤 how are you"
    assert answer.text == "echo: how are you"
    assert spoken.voice.startswith(b"OggS")
    [upload] = next(r for r in stage.openai.requests if r.route == "/audio/transcriptions").files
    assert upload.data == voice


async def test_a_file_over_the_limit_is_refused_with_both_sizes_and_not_fetched(
    stage: Stage,
) -> None:
    _, chat = stage.alice()
    async with stage.running():
        chat.send_too_large_a_picture()
        line = await chat.wait_for("too large")
        chat.say("fine?")
        await chat.wait_for("echo: fine?")

    assert re.search(r"too large \(\d+ MB\); I can take up to \d+ MB", line.text)
    assert stage.platform.downloads == 0
    assert stage.told() == [("user", "fine?")]


async def test_a_picture_that_is_asked_for_is_made(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await chat.command("image", "a red fox")
        await chat.wait_until(lambda: any(one.picture for one in chat.shown), "a picture")
        chat.say("What did you draw?")
        await chat.wait_for("What did you draw?")

    asked = stage.openai.chats()[-1].messages
    assert asked[0].text == "[picture 1.1]\n/image a red fox"
    assert len(asked[0].images) == 1
