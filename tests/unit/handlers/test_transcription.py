"""/transcribe as text, as a file and as subtitles; and what voice notes do in a chat."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from handlers.messages import Attachment, AttachmentKind, Origin, VoiceNote
from tests.fakes import message
from tests.unit.handlers.sound_bench import TALK, SoundBench, command, reply_to

LONG = "And so on it goes. " * 300


@pytest.fixture
async def bench() -> AsyncIterator[SoundBench]:
    bench = SoundBench()
    yield bench
    await bench.close()


async def test_it_works_on_what_is_replied_to(bench: SoundBench) -> None:
    await bench.say(command("transcribe", quoted=reply_to(TALK)))

    assert bench.platform.said == ["18 seconds"]
    assert bench.store.exchanges == []


async def test_all_recordings_of_a_message_are_written_down(bench: SoundBench) -> None:
    other = Attachment(AttachmentKind.VOICE, "talk", "audio/ogg", "again.wav")
    await bench.say(command("transcribe", "", TALK, other))

    assert bench.platform.said == ["18 seconds\n\n18 seconds"]


async def test_words_are_shown_as_they_are(bench: SoundBench) -> None:
    """What is delivered is Markdown: no mark of it may be seen in a plain text."""
    bench.listener.words = lambda _: "2 * 3 _or_ so\n1. first\n- second\n# third"
    await bench.say(command("transcribe", "", TALK))

    assert bench.platform.said == ["2 \\* 3 \\_or\\_ so\n1\\. first\n\\- second\n\\# third"]


async def test_a_long_text_is_its_beginning_and_a_file(bench: SoundBench) -> None:
    bench.listener.words = lambda _: LONG
    await bench.say(command("transcribe", "", TALK))

    shown, file = bench.platform.said
    assert shown.startswith("And so on it goes.")
    assert len(shown) < 1_200
    assert shown.endswith("the file holds all of it.")
    assert file == "file transcript.txt"
    assert bench.platform.sent_files["transcript.txt"].decode() == LONG.strip()


async def test_after_a_crash_before_the_file_only_that_is_sent(bench: SoundBench) -> None:
    bench.listener.words = lambda _: LONG
    asked = command("transcribe", "", TALK)
    await bench.say(asked)
    row = bench.store.rows[asked.key]
    row.is_done = False
    del row.sent["file 0"]
    bench.platform.said.clear()
    bench.restart()
    await bench.dispatch.resume()
    await bench.store.all_done(1)

    shown, file = bench.platform.said
    assert shown.startswith("And so on")  # the same message, edited
    assert file == "file transcript.txt"
    assert len(bench.listener.sounds) == 1


SRT = """\
1
00:00:00,500 --> 00:00:04,500
4 seconds

2
00:00:05,000 --> 00:00:11,500
7 seconds

3
00:00:12,000 --> 00:00:18,000
6 seconds
"""
VTT = """\
WEBVTT

00:00:00.500 --> 00:00:04.500
4 seconds

00:00:05.000 --> 00:00:11.500
7 seconds

00:00:12.000 --> 00:00:18.000
6 seconds
"""


@pytest.mark.parametrize(("shape", "expected"), [("srt", SRT), ("vtt", VTT)])
async def test_subtitles_tell_the_times_of_the_whole_recording(
    bench: SoundBench, shape: str, expected: str
) -> None:
    bench.listener.max_seconds = 8
    await bench.say(command("transcribe", shape.upper(), TALK))

    assert bench.platform.said == [
        "4 seconds\n7 seconds\n6 seconds",
        f"file transcript.{shape}",
    ]
    assert bench.platform.sent_files[f"transcript.{shape}"].decode() == expected


async def test_times_that_were_paid_for_survive_a_crash(bench: SoundBench) -> None:
    bench.listener.max_seconds = 8
    bench.listener.gate = asyncio.Semaphore(2)
    await bench.dispatch.submit([command("transcribe", "srt", TALK)])
    await bench.store.steps_saved(2)
    await bench.dispatch.drain(0)
    bench.listener.gate = None
    bench.listener.sounds.clear()
    bench.restart()
    await bench.dispatch.resume()
    await bench.store.all_done(1)

    subtitles = bench.platform.sent_files["transcript.srt"].decode()
    assert "00:00:12,000 --> 00:00:18,000" in subtitles
    assert len(bench.listener.sounds) == 1


async def test_a_route_without_times_says_so_and_gives_the_text(bench: SoundBench) -> None:
    bench.listener.tells_times = False
    await bench.say(command("transcribe", "vtt", TALK))

    [shown] = bench.platform.said
    words, notice = shown.split("\n")
    assert words == "18 seconds"
    assert "does not tell when" in notice


async def test_an_unknown_form_is_told_how_it_is_written(bench: SoundBench) -> None:
    await bench.say(command("transcribe", "pdf", TALK))

    assert "/transcribe [text|srt|vtt]" in bench.platform.said[0]
    assert bench.listener.sounds == []


# ---------------------------------------------------------------- voice notes


async def test_a_voice_note_is_a_question_unless_chosen_otherwise(bench: SoundBench) -> None:
    await bench.say(message("", attachments=(TALK,)))

    assert bench.platform.said == ["🎤 18 seconds", "re: 18 seconds"]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (VoiceNote.TRANSCRIBE, "18 seconds"),
        (VoiceNote.TRANSLATE, "English of 18 seconds"),
    ],
)
async def test_a_voice_note_that_is_written_down_asks_no_model(
    bench: SoundBench, choice: VoiceNote, expected: str
) -> None:
    bench.choose(voice_note=choice)
    await bench.say(message("", attachments=(TALK,)))

    assert bench.platform.said == [expected]
    assert bench.model.requests == []
    assert bench.store.exchanges == []


async def test_sound_with_words_is_a_question_whatever_is_chosen(bench: SoundBench) -> None:
    bench.choose(voice_note=VoiceNote.TRANSCRIBE)
    await bench.say(message("what is this?", attachments=(TALK,)))
    await bench.say(message("and this?", number=2))

    assert bench.platform.said[1:] == ["re: what is this?\n18 seconds", "re: and this?"]


async def test_an_edit_of_a_voice_note_is_not_written_down_again(bench: SoundBench) -> None:
    bench.choose(voice_note=VoiceNote.TRANSCRIBE)
    await bench.say(message("", attachments=(TALK,), origin=Origin.EDIT))

    assert bench.platform.said == []
    assert bench.listener.sounds == []
