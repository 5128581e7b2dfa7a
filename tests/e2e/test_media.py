"""A person on Telegram sends photos and voice notes, and asks for pictures."""

import asyncio

from tests import samples
from tests.e2e.stage import Stage, running
from tests.emulators.openai import Answer, Fail, Gated
from tests.emulators.telegram import Chat


async def test_a_photo_with_a_question_is_seen_in_the_size_that_detail_needs(
    stage: Stage,
) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_photo(samples.jpeg(3000, 4000), "What is this?")
        answer = await chat.wait_for_bot_message()

    [picture] = stage.openai.chats()[0].messages[-1].images
    assert (picture.width, picture.height, picture.detail) == (768, 1024, "high")
    assert "What is this?" in answer.text


async def test_a_follow_up_sees_the_photo_again(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_photo(samples.jpeg(640, 480))
        await chat.wait_for_bot_message()
        chat.send_text("And its colour?")
        await chat.wait_for_bot_message(2)

    assert len(stage.openai.chats()[-1].messages[0].images) == 1


async def test_low_detail_is_chosen_per_chat(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_text("/detail low")
        await chat.wait_for_bot_message()
        chat.send_photo(
            samples.heic(1600, 1200), "this?", as_document=True, name="a.heic", mime="image/heic"
        )
        await chat.wait_for_bot_message(2)

    [picture] = stage.openai.chats()[0].messages[-1].images
    assert (picture.width, picture.height, picture.detail) == (512, 384, "low")


async def test_an_album_is_one_question_with_all_its_photos(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        for number, colour in enumerate(("red", "green", "blue")):
            caption = "Which is green?" if number == 0 else ""
            chat.send_photo(samples.jpeg(320, 240, colour), caption, album="a1")
        await chat.wait_for_bot_message()

    [request] = stage.openai.chats()
    assert len(request.messages[-1].images) == 3
    assert len(chat.bot_messages) == 1


async def test_broken_pictures_get_one_line_each_and_leave_no_trace(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        for number, data in enumerate(
            (b"", samples.truncated_jpeg(), samples.oversized_png(200)), start=1
        ):
            chat.send_document(data, "photo.png", "image/png", "What is this?")
            await chat.wait_for_bot_message(number)
        chat.send_text("fine?")
        await chat.wait_for_bot_message(4)

    lines = [m.text for m in chat.bot_messages]
    assert "empty" in lines[0]
    assert "cannot read that picture" in lines[1]
    assert "200 megapixels" in lines[2]
    assert [m.text for m in stage.openai.chats()[-1].messages] == ["fine?"]


async def test_a_file_over_the_limit_is_refused_before_it_is_fetched(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_document(b"\0" * (21 * 1024 * 1024), "huge.png", "image/png")
        line = await chat.wait_for_bot_message()

    assert "22 MB" in line.text or "21 MB" in line.text
    assert stage.telegram.calls_of("getFile") == []


async def test_a_voice_note_is_written_down_answered_and_spoken(stage: Stage) -> None:
    _, chat = stage.alice()
    voice = samples.ogg_opus(2)
    stage.openai.transcripts = "how are you"
    async with running(stage.config()):
        chat.send_voice(voice, 2)
        spoken = await _spoken(stage, chat)

    transcript, answer = chat.bot_messages[:2]
    assert transcript.text == "🎤 how are you"
    assert answer.text == "echo: how are you"
    assert spoken[:4] == b"OggS"
    [upload] = next(r for r in stage.openai.requests if r.route == "/audio/transcriptions").files
    assert upload.data == voice


async def test_voice_off_answers_voice_with_text_alone(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_text("/voice off")
        await chat.wait_for_bot_message()
        chat.send_voice(samples.ogg_opus(1), 1)
        await chat.wait_for_bot_message(contains="echo:")
        chat.send_text("done?")
        await chat.wait_for_bot_message(contains="done?")

    assert all(r.route != "/audio/speech" for r in stage.openai.requests)


async def test_who_forbids_voice_messages_gets_an_audio_file(stage: Stage) -> None:
    _, chat = stage.alice()
    chat.forbids_voice = True
    async with running(stage.config()):
        chat.send_voice(samples.ogg_opus(1), 1)
        await stage.telegram.wait_until(lambda: any(m.audio for m in chat.bot_messages))

    [audio] = [m.audio for m in chat.bot_messages if m.audio]
    assert audio.startswith((b"ID3", b"\xff"))  # MP3


async def test_a_failed_speech_says_so_beside_the_answer(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("/audio/speech", *[Fail(500)] * 3)
    async with running(stage.config()):
        chat.send_voice(samples.ogg_opus(1), 1)
        await chat.wait_for_bot_message(contains="could not speak")

    assert chat.bot_messages[1].text.startswith("echo:")


async def test_a_text_that_calls_itself_ogg_is_told(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_voice(b"I am no sound at all. " * 100, 1)
        line = await chat.wait_for_bot_message()

    assert "cannot read that recording" in line.text


async def test_audio_files_and_video_notes_are_heard(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config({"CHAT__VOICE": "off"})):
        chat.send_audio(samples.mp3(1))
        await chat.wait_for_bot_message(contains="echo:")
        chat.send_video_note(samples.video_note(1), 1)
        await chat.wait_for_bot_message(2, contains="echo:")

    assert len([m for m in chat.bot_messages if m.text.startswith("🎤")]) == 2


async def test_image_makes_a_picture_that_the_conversation_knows(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_text("/image a red fox")
        await stage.telegram.wait_until(lambda: any(m.photo for m in chat.bot_messages))
        chat.send_text("What did you draw?")
        await chat.wait_for_bot_message(contains="echo:")

    asked = stage.openai.chats()[-1].messages
    assert asked[0].text == "[picture 1.1]\n/image a red fox"
    assert len(asked[0].images) == 1


async def test_a_refused_picture_is_told_as_such(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("/images/generations", Fail(400, code="moderation_blocked"))
    async with running(stage.config()):
        chat.send_text("/image something")
        line = await chat.wait_for_bot_message()

    assert "safety system" in line.text


async def test_translate_and_transcribe_as_replies_to_sound(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.transcripts = "wie geht es dir"
    stage.openai.translations = "how are you"
    async with running(stage.config({"CHAT__VOICE": "off"})):
        voice = chat.send_voice(samples.ogg_opus(1), 1)
        await chat.wait_for_bot_message(contains="echo:")
        chat.send_text("/transcribe", reply_to=voice)
        await chat.wait_for_bot_message(3)
        chat.send_text("/translate", reply_to=voice)
        await chat.wait_for_bot_message(4)

    assert chat.bot_messages[2].text == "wie geht es dir"
    assert chat.bot_messages[3].text == "how are you"


async def test_translate_as_a_reply_to_text_leaves_the_history_alone(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        german = chat.send_text("Guten Tag")
        await chat.wait_for_bot_message()
        stage.openai.script("chat", Answer("Good day"))
        chat.send_text("/translate", reply_to=german)
        await chat.wait_for_bot_message(contains="Good day")
        chat.send_text("next")
        await chat.wait_for_bot_message(3)

    assert len(stage.openai.chats()[-1].messages) == 3


async def test_listening_does_not_hold_up_another_chat(stage: Stage) -> None:
    _, chat = stage.alice()
    bob = stage.telegram.private(stage.telegram.user(202, "Bob"))
    gate = asyncio.Event()
    stage.openai.script("/audio/transcriptions", Gated((), gate))
    async with running(stage.config()):
        chat.send_voice(samples.ogg_opus(1), 1)
        await stage.openai.wait_for_request("/audio/transcriptions")
        bob.send_text("quick")
        await bob.wait_for_bot_message()
        gate.set()
        await chat.wait_for_bot_message(contains="echo:")


async def _spoken(stage: Stage, chat: Chat) -> bytes:
    """The first voice message of the bot."""

    def voices() -> list[bytes]:
        return [message.voice for message in chat.bot_messages if message.voice]

    await stage.telegram.wait_until(voices)
    return voices()[0]
