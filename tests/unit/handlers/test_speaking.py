"""Spoken answers and /say: in order, the first early, nothing paid or said twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from handlers.errors import AnswerEmptyError, ServiceDownError, ServiceRejectedError
from handlers.media.containers import true_format
from handlers.media.spoken import speakable
from handlers.media.voice_parts import voice_parts
from handlers.messages import Capability, UsageEntry
from handlers.ports.sounds import SpeechStyle
from handlers.sounds.speaking import file_name
from tests import samples
from tests.fakes import message
from tests.unit.handlers.bench import pressed
from tests.unit.handlers.sound_bench import command, reply_to
from tests.unit.handlers.speech_bench import SpeechBench

SENTENCE = "This is a sentence of fifty letters, and no more. "
LONG = (SENTENCE * 100).strip()
PARTS = voice_parts(LONG)


@pytest.fixture
async def bench() -> AsyncIterator[SpeechBench]:
    bench = SpeechBench()
    yield bench
    await bench.close()


def paid(bench: SpeechBench) -> int:
    return len([entry for entry in bench.store.usage if entry.capability is Capability.SPEECH])


async def test_say_speaks_the_words_after_it(bench: SpeechBench) -> None:
    await bench.say(command("say", "Hello **there**."))

    assert bench.platform.slots == ["voice 0"]
    assert bench.speaker.asked == [("Hello there.", SpeechStyle())]
    assert paid(bench) == 1
    assert bench.store.exchanges == []


async def test_options_say_how_it_is_said(bench: SpeechBench) -> None:
    await bench.say(command("say", 'voice=nova speed=1.5 tone="calm and slow" model=m Hello.'))

    assert bench.speaker.asked == [("Hello.", SpeechStyle("Nova", "calm and slow", 1.5, "m"))]


async def test_what_the_chat_chose_holds_where_no_option_says_otherwise(
    bench: SpeechBench,
) -> None:
    bench.choose(voice="coral", tone="cheerful", speed=0.5, speech_model="m")
    await bench.say(command("say", "voice=alloy Hello."))
    await bench.say(message("An answer.", number=2))

    assert bench.speaker.asked == [
        ("Hello.", SpeechStyle("alloy", "cheerful", 0.5, "m")),
        ("An answer.", SpeechStyle("coral", "cheerful", 0.5, "m")),
    ]


@pytest.mark.parametrize("line", ["", "voice=coral"])
async def test_a_text_that_is_replied_to_is_said(bench: SpeechBench, line: str) -> None:
    await bench.say(command("say", line, quoted=reply_to(text="Read me.")))

    assert bench.speaker.texts == ["Read me."]


@pytest.mark.parametrize("text", ["", "  ", "---", "voice=coral", "?!"])
async def test_without_words_there_is_one_line(bench: SpeechBench, text: str) -> None:
    await bench.say(command("say", text))

    [line] = bench.platform.said
    assert "no words" in line
    assert bench.speaker.asked == []


async def test_more_than_an_hour_is_refused(bench: SpeechBench) -> None:
    await bench.say(command("say", "word " * 10_001))

    [line] = bench.platform.said
    assert "about an hour" in line
    assert bench.speaker.asked == []


async def test_an_answer_without_words_is_not_spoken(bench: SpeechBench) -> None:
    await bench.say(message("---"))

    assert bench.platform.slots == ["answer"]


# ---------------------------------------------------------------- long texts


async def test_a_long_text_is_said_in_order(bench: SpeechBench) -> None:
    await bench.say(command("say", LONG))

    assert bench.platform.slots == [f"voice {number}" for number in range(len(PARTS))]
    assert sorted(bench.speaker.texts) == sorted(PARTS)
    assert bench.speaker.most_at_once == 2


async def test_the_first_is_heard_before_the_second_is_made(bench: SpeechBench) -> None:
    bench.speaker.gate = asyncio.Semaphore(1)
    await bench.dispatch.submit([command("say", LONG)])
    said = list(await bench.said(1))
    begun = [await bench.speaker.begun.get() for _ in range(3)]

    assert said == ["voice 0 s"]
    assert begun == PARTS[:3]
    assert paid(bench) == 1
    for _ in PARTS:
        bench.speaker.gate.release()
    await bench.store.all_done(1)
    assert len(bench.platform.said) == len(PARTS)


async def test_the_next_is_made_while_one_is_delivered(bench: SpeechBench) -> None:
    bench.platform.gate = asyncio.Event()
    await bench.dispatch.submit([command("say", LONG)])
    await bench.platform.at_gate.wait()
    begun = [await bench.speaker.begun.get() for _ in range(3)]

    assert begun == PARTS[:3]
    assert bench.platform.said == []
    bench.platform.gate.set()
    await bench.store.all_done(1)


async def test_what_no_single_request_takes_is_joined_to_one_message(bench: SpeechBench) -> None:
    bench.speaker.max_characters = 100
    bench.speaker.sound = lambda _: samples.wav(0.7)
    text = (SENTENCE * 5).strip()
    await bench.say(command("say", text))

    assert [len(piece) for piece in bench.speaker.texts] == [99, 99, 49]
    assert bench.platform.said == ["voice 2 s"]


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("ending", ["mp3", "wav", "flac", "aac", "ogg"])
async def test_a_file_has_the_format_and_a_name_of_its_words(
    bench: SpeechBench, ending: str
) -> None:
    await bench.say(command("say", f"format={ending} The cat, and (so) the dog."))

    [(name, data)] = bench.platform.sent_files.items()
    assert name == f"the-cat-and-so-the-dog.{ending}"
    assert true_format(data) == ending
    assert bench.platform.slots == ["speech file"]


async def test_a_long_text_is_one_file_whose_progress_is_shown(bench: SpeechBench) -> None:
    await bench.say(command("say", f"format=mp3 {LONG}"))

    assert bench.platform.previews == [
        f"🔊 Speaking: {done} of 3 parts are done." for done in range(4)
    ]
    assert bench.platform.slots == ["answer", "speech file"]
    assert bench.platform.said[0] == "🔊 0:00 long, as a file:"
    [data] = bench.platform.sent_files.values()
    assert await bench.studio.duration(data, "mp3") == pytest.approx(0.3, abs=0.15)


async def test_a_spoken_answer_can_be_a_file_and_stays_what_it_is(bench: SpeechBench) -> None:
    bench.choose(speech_format="mp3")
    await bench.say(message(LONG))

    assert bench.platform.slots == ["answer", "speech file"]
    assert bench.platform.said[0] == LONG
    assert bench.platform.previews == []


async def test_a_voice_message_can_be_asked_for_where_files_are_chosen(
    bench: SpeechBench,
) -> None:
    bench.choose(speech_format="mp3")
    await bench.say(command("say", "format=voice Hello."))

    assert bench.platform.slots == ["voice 0"]


async def test_a_file_that_is_too_large_goes_as_the_smallest(bench: SpeechBench) -> None:
    bench.platform.refused_files = (".wav",)
    await bench.say(command("say", "format=wav Hello there."))

    [(name, data)] = bench.platform.sent_files.items()
    assert name == "hello-there.ogg"
    assert true_format(data) == "ogg"
    assert paid(bench) == 1


async def test_what_is_larger_than_files_may_be_is_never_offered(bench: SpeechBench) -> None:
    bench.platform.max_file_bytes = 3_000
    await bench.say(command("say", "format=wav Hello there."))

    [(name, data)] = bench.platform.offered_files
    assert name == "hello-there.ogg"
    assert true_format(data) == "ogg"
    assert paid(bench) == 1


async def test_what_is_too_large_in_any_format_is_told(bench: SpeechBench) -> None:
    bench.platform.max_file_bytes = 100
    await bench.say(command("say", "format=wav Hello there."))

    assert bench.platform.offered_files == []
    assert "did not take my answer" in bench.platform.said[-1]


async def test_a_language_chosen_between_a_failure_and_its_button_loses_no_words(
    bench: SpeechBench,
) -> None:
    text = "```py\nx\n```\n" * 3 + "".join(f"Q{n} K{n} R{n}. " for n in range(200))
    words = voice_parts(speakable(text))
    bench.choose(language="en")
    asked = command("say", text)
    bench.speaker.fails = lambda said: ServiceDownError("500") if said == words[1] else None
    await bench.say(asked)
    bench.choose(language="ru")
    bench.speaker.fails = lambda _: None
    told = bench.store.rows[asked.key].sent["told"]
    await bench.say(pressed(message(number=2), "retry", under=told[0]))

    assert set(bench.speaker.texts) == set(words)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hello, world!", "hello-world"),
        ("../../etc/passwd", "etc-passwd"),
        ("你好，世界。", "你好-世界"),
        ("…", "speech"),
        ("word " * 30, "word-word-word-word-word-word-word-word"),
        ("x" * 100, "x" * 40),
    ],
)
def test_a_file_is_named_by_its_first_words(text: str, name: str) -> None:
    assert file_name(text) == name


# ---------------------------------------------------------------- stopping and failing


async def test_stop_ends_it_and_what_was_said_stays(bench: SpeechBench) -> None:
    bench.speaker.gate = asyncio.Semaphore(1)
    await bench.dispatch.submit([command("say", LONG)])
    await bench.said(1)
    await bench.dispatch.submit([message("", number=2, command="stop")])
    await bench.store.all_done(2)

    assert bench.platform.said == ["voice 0 s", "⏹ Stopped."]
    assert paid(bench) == 1


async def test_stop_while_one_is_delivered_sends_no_other(bench: SpeechBench) -> None:
    await bench.say(message("before"))
    bench.platform.gate = asyncio.Event()
    bench.platform.at_gate.clear()
    await bench.dispatch.submit([command("say", LONG, number=2)])
    await bench.platform.at_gate.wait()
    await bench.dispatch.submit([message("", number=3, command="stop")])
    bench.platform.gate.set()
    await bench.store.all_done(3)

    assert len([slot for slot in bench.platform.slots if slot.startswith("voice")]) <= 2
    assert bench.platform.said[-1] == "⏹ Stopped."


async def test_a_failure_says_what_was_made_before_it_and_goes_on_by_its_button(
    bench: SpeechBench,
) -> None:
    bench.speaker.fails = lambda text: ServiceDownError("500") if text == PARTS[1] else None
    asked = command("say", LONG)
    await bench.say(asked)
    first = list(bench.platform.slots)
    bench.speaker.fails = lambda _: None
    told = bench.store.rows[asked.key].sent["told"]
    await bench.say(pressed(message(number=2), "retry", under=told[0]))

    assert first == ["voice 0", "told"]
    assert bench.platform.slots[2:] == [f"voice {number}" for number in range(1, len(PARTS))]
    assert bench.speaker.texts.count(PARTS[0]) == 1
    assert bench.speaker.texts.count(PARTS[1]) == 2
    assert paid(bench) == len(PARTS)


async def test_after_a_failure_nothing_more_is_begun(bench: SpeechBench) -> None:
    bench.speaker.fails = lambda text: ServiceRejectedError("400") if text == PARTS[0] else None
    await bench.say(command("say", LONG))

    assert bench.speaker.texts == PARTS[:2]
    assert bench.platform.slots == ["told"]


async def test_what_was_billed_for_a_failure_is_noted(bench: SpeechBench) -> None:
    failure = AnswerEmptyError("silence")
    failure.usage = (UsageEntry(Capability.SPEECH, "fake", cost_usd=0.5),)
    bench.speaker.fails = lambda _: failure
    await bench.say(command("say", "Hello."))

    assert [entry.cost_usd for entry in bench.store.usage] == [0.5]


async def test_what_is_no_sound_is_the_services_fault(bench: SpeechBench) -> None:
    bench.speaker.sound = lambda _: b"no sound at all" * 100
    await bench.say(command("say", "Hello."))

    [line] = bench.platform.said
    assert "service has a problem" in line
    assert paid(bench) == 1


# ---------------------------------------------------------------- crashes


async def test_after_a_crash_nothing_is_said_or_paid_twice(bench: SpeechBench) -> None:
    bench.speaker.gate = asyncio.Semaphore(2)
    await bench.dispatch.submit([command("say", LONG)])
    await bench.said(2)
    await bench.kill()
    bench.speaker.gate = None
    await bench.dispatch.resume()
    await bench.store.all_done(1)

    assert bench.platform.slots == [f"voice {number}" for number in range(len(PARTS))]
    assert paid(bench) == len(PARTS)


async def test_what_was_made_and_not_delivered_is_not_made_again(bench: SpeechBench) -> None:
    bench.platform.gate = asyncio.Event()
    await bench.dispatch.submit([command("say", LONG)])
    await bench.store.steps_saved(4)  # the manner, and the sounds of three
    await bench.kill()
    bench.platform.gate = None
    await bench.dispatch.resume()
    await bench.store.all_done(1)

    assert sorted(bench.speaker.texts) == sorted(PARTS)
    assert paid(bench) == len(PARTS)


async def test_a_file_goes_on_where_it_was(bench: SpeechBench) -> None:
    bench.speaker.gate = asyncio.Semaphore(2)
    await bench.dispatch.submit([command("say", f"format=mp3 {LONG}")])
    await bench.store.steps_saved(3)
    await bench.kill()
    bench.speaker.gate = None
    await bench.dispatch.resume()
    await bench.store.all_done(1)

    assert paid(bench) == 3
    assert len(bench.platform.sent_files) == 1


async def test_after_a_crash_it_is_the_same_voice_whatever_was_chosen_since(
    bench: SpeechBench,
) -> None:
    bench.choose(voice="coral")
    bench.speaker.gate = asyncio.Semaphore(1)
    await bench.dispatch.submit([message(LONG)])
    await bench.said(2)
    await bench.kill()
    bench.choose(voice="alloy", speech_format="mp3", speed=0.25)
    bench.speaker.gate = None
    await bench.dispatch.resume()
    await bench.store.all_done(1)

    assert {style.voice for _, style in bench.speaker.asked} == {"coral"}
    voices = [slot for slot in bench.platform.slots if slot != "answer"]
    assert voices == [f"voice {number}" for number in range(len(PARTS))]


async def test_what_was_delivered_is_not_kept(bench: SpeechBench) -> None:
    await bench.say(command("say", LONG))
    [row] = bench.store.rows.values()

    assert sum(len(value) for value in row.steps.values()) < 1_000
