"""Recordings of any length: one request or several, in order, and nothing paid for twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from handlers.errors import ContentRefusedError, NothingHeardError, ServiceDownError
from handlers.messages import Attachment, AttachmentKind
from tests import samples
from tests.fakes import message
from tests.unit.handlers.bench import pressed
from tests.unit.handlers.sound_bench import TALK, SoundBench, command

WHOLE = "4 seconds\n7 seconds\n6 seconds"


@pytest.fixture
async def bench() -> AsyncIterator[SoundBench]:
    bench = SoundBench()
    yield bench
    await bench.close()


async def test_what_fits_into_one_request_goes_as_it_is(bench: SoundBench) -> None:
    await bench.say(command("transcribe", "", TALK))

    assert bench.platform.said == ["18 seconds"]
    [sound] = bench.listener.sounds
    assert sound.data == bench.platform.files["talk"]
    assert bench.platform.previews == []
    assert [entry.seconds for entry in bench.store.usage] == [18.0]


async def test_what_is_too_long_is_heard_in_pieces_and_joined_in_order(bench: SoundBench) -> None:
    bench.listener.max_seconds = 8
    await bench.say(command("transcribe", "", TALK))

    assert bench.platform.said == [WHOLE]
    assert sum(entry.seconds for entry in bench.store.usage) == pytest.approx(18, abs=0.1)


async def test_progress_is_shown_where_the_answer_will_be(bench: SoundBench) -> None:
    bench.listener.max_seconds = 8
    await bench.say(command("transcribe", "", TALK))

    assert bench.platform.previews == [
        f"🎤 Listening: {done} of 3 parts are written down." for done in range(4)
    ]
    assert len(bench.platform.said) == 1


async def test_a_long_question_stands_above_its_answer(bench: SoundBench) -> None:
    """In the order of what was sent: nothing of the answer is there before its question is."""
    bench.listener.max_seconds = 8
    await bench.say(message("", attachments=(TALK,)))

    assert bench.platform.slots[1:] == ["transcript 0", "answer"]
    assert bench.platform.said[0] == "🎤 This is a long one: I listen to it in 3 parts."
    assert bench.platform.said[1] == f"🎤 {WHOLE}"
    assert not any("Listening" in shown for shown in bench.platform.previews)


async def test_no_more_than_three_pieces_are_heard_at_once(bench: SoundBench) -> None:
    bench.listener.max_seconds = 3
    bench.listener.gate = asyncio.Semaphore(0)
    await bench.dispatch.submit([command("transcribe", "", TALK)])
    counts = [await bench.listener.counts.get() for _ in range(3)]
    for _ in range(100):
        bench.listener.gate.release()
    await bench.store.all_done(1)

    assert counts == [1, 2, 3]
    assert len(bench.listener.sounds) > 6
    while not bench.listener.counts.empty():
        assert bench.listener.counts.get_nowait() <= 3


async def test_after_a_failure_only_what_was_not_heard_is_heard_again(bench: SoundBench) -> None:
    bench.listener.max_seconds = 8
    bench.listener.fails = lambda sound: ServiceDownError("500") if sound.duration_s > 6.8 else None
    asked = command("transcribe", "", TALK)
    await bench.say(asked)
    assert "problem" in bench.platform.said[0]
    bench.listener.fails = lambda _: None
    told = bench.store.rows[asked.key].sent["told"]
    await bench.say(pressed(message(number=2), "retry", under=told[0]))

    assert bench.platform.said[1] == WHOLE
    lengths = [round(sound.duration_s, 1) for sound in bench.listener.sounds]
    assert lengths.count(7.0) == 2
    assert len(lengths) == 4
    assert sum(entry.seconds for entry in bench.store.usage) == pytest.approx(18, abs=0.1)


async def test_after_a_failure_nothing_more_is_begun(bench: SoundBench) -> None:
    bench.listener.max_seconds = 3
    bench.listener.fails = lambda _: ServiceDownError("500")
    await bench.say(command("transcribe", "", TALK))

    assert 1 <= len(bench.listener.sounds) <= 3


async def test_after_a_crash_no_piece_is_paid_for_twice(bench: SoundBench) -> None:
    bench.listener.max_seconds = 8
    bench.listener.gate = asyncio.Semaphore(2)
    await bench.dispatch.submit([command("transcribe", "", TALK)])
    await bench.store.steps_saved(2)
    await bench.dispatch.drain(0)

    bench.listener.gate = None
    bench.listener.sounds.clear()
    bench.restart()
    await bench.dispatch.resume()
    await bench.store.all_done(1)
    assert bench.platform.said == [WHOLE]
    assert len(bench.listener.sounds) == 1


async def test_stop_ends_the_listening(bench: SoundBench) -> None:
    bench.listener.max_seconds = 8
    bench.listener.gate = asyncio.Semaphore(0)
    await bench.dispatch.submit([command("transcribe", "", TALK)])
    await bench.listener.counts.get()
    await bench.say(command("stop", number=2))
    await bench.store.all_done(2)

    assert bench.platform.said == ["⏹ Stopped."]


async def test_a_piece_without_words_is_no_fault(bench: SoundBench) -> None:
    bench.listener.max_seconds = 8
    bench.listener.fails = lambda sound: (
        NothingHeardError("short") if sound.duration_s > 6.8 else None
    )
    await bench.say(command("transcribe", "", TALK))

    assert bench.platform.said == ["4 seconds\n6 seconds"]


async def test_a_recording_without_words_is_told(bench: SoundBench) -> None:
    bench.listener.max_seconds = 8
    bench.listener.words = lambda _: " "
    await bench.say(command("transcribe", "", TALK))

    assert "heard no words" in bench.platform.said[0]


async def test_that_nobody_speaks_is_paid_for_once(bench: SoundBench) -> None:
    bench.listener.words = lambda _: " "
    await bench.say(command("transcribe", "", TALK))

    assert "heard no words" in bench.platform.said[0]
    [row] = bench.store.rows.values()
    assert "heard talk" in row.steps


async def test_a_refusal_of_one_piece_is_told_once(bench: SoundBench) -> None:
    bench.listener.max_seconds = 8
    bench.listener.fails = lambda _: ContentRefusedError("no")
    await bench.say(command("transcribe", "", TALK))

    assert len(bench.platform.said) == 1
    assert "safety system" in bench.platform.said[0]


async def test_a_video_can_be_written_down(bench: SoundBench) -> None:
    bench.platform.files["film"] = await asyncio.to_thread(samples.video_note, 3.0)
    film = Attachment(AttachmentKind.VIDEO, "film", "video/mp4")
    await bench.say(command("transcribe", "", film))

    assert bench.platform.said == ["3 seconds"]
    assert bench.listener.sounds[0].mime == "audio/ogg"  # the route reads no video


async def test_a_video_without_sound_is_told(bench: SoundBench) -> None:
    bench.platform.files["film"] = await asyncio.to_thread(samples.silent_video)
    film = Attachment(AttachmentKind.VIDEO, "film", "video/mp4")
    await bench.say(command("transcribe", "", film))

    assert "cannot read that recording" in bench.platform.said[0]


async def test_the_language_of_the_chat_is_a_hint(bench: SoundBench) -> None:
    bench.choose(language="sv")
    await bench.say(command("transcribe", "", TALK))

    assert bench.listener.languages == ["sv"]


async def test_a_long_question_is_shown_by_its_beginning_and_whole_in_a_file(
    bench: SoundBench,
) -> None:
    words = "And so on it goes. " * 300
    bench.listener.words = lambda _: words
    await bench.say(message("", attachments=(TALK,)))

    transcript, file, answer = bench.platform.said
    assert transcript.startswith("🎤 And so on it goes.")
    assert len(transcript) < 1_100
    assert file == "file transcript.txt"
    assert bench.platform.sent_files["transcript.txt"].decode() == words.strip()
    assert answer == f"re: {words.strip()}"


@pytest.mark.parametrize("max_seconds", [1390, 8], ids=["whole", "in pieces"])
async def test_a_transcript_is_paid_once_if_only_its_translation_failed(
    bench: SoundBench, max_seconds: float
) -> None:
    bench.listener.max_seconds = max_seconds
    bench.listener.translates_in_two_steps = True
    bench.listener.second_step_fails = ServiceDownError("500")
    asked = command("translate", "", TALK)
    await bench.say(asked)
    assert "problem" in bench.platform.said[0]
    told = bench.store.rows[asked.key].sent["told"]
    await bench.say(pressed(message(number=2), "retry", under=told[0]))

    assert bench.platform.said[1].startswith("English of ")
    heard = sum(entry.seconds for entry in bench.store.usage)
    assert heard == pytest.approx(18, abs=0.1)
