"""/translate: to English or another language, of sound, photos and text."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from handlers.errors import PicturesUnsupportedError, ServiceDownError
from handlers.messages import Attachment, AttachmentKind, Capability
from handlers.ports.chat import Finish, PicturePart, TextPart
from tests import samples
from tests.fakes import message
from tests.unit.handlers.bench import pressed
from tests.unit.handlers.sound_bench import TALK, SoundBench, command, reply_to

PHOTO = Attachment(AttachmentKind.PHOTO, "photo", "image/jpeg")


@pytest.fixture
async def bench() -> AsyncIterator[SoundBench]:
    bench = SoundBench()
    bench.platform.files["photo"] = samples.jpeg(320, 240)
    yield bench
    await bench.close()


async def test_text_is_translated_to_english_unless_said_otherwise(bench: SoundBench) -> None:
    await bench.say(command("translate", "Guten Tag"))

    [request] = bench.model.requests
    assert "to English" in request.system
    assert request.messages[-1].parts == (TextPart("Guten Tag"),)
    assert bench.platform.said == ["re: Guten Tag"]
    assert [entry.capability for entry in bench.store.usage] == [Capability.TRANSLATION]


async def test_a_language_and_the_text_after_it(bench: SoundBench) -> None:
    await bench.say(command("translate", "to Brazilian Portuguese: Good day"))

    [request] = bench.model.requests
    assert "to Brazilian Portuguese" in request.system
    assert request.messages[-1].parts == (TextPart("Good day"),)


async def test_a_text_that_is_replied_to(bench: SoundBench) -> None:
    await bench.say(command("translate", "to French", quoted=reply_to(text="Good day")))
    await bench.say(command("translate", "Klingon", number=2, quoted=reply_to(text="Good day")))

    first, second = bench.model.requests
    assert "to French" in first.system
    assert first.messages[-1].parts == (TextPart("Good day"),)
    assert "to English" in second.system  # no language that is known: a text
    assert second.messages[-1].parts == (TextPart("Klingon"),)


async def test_sound_goes_to_english_in_one_step(bench: SoundBench) -> None:
    await bench.say(command("translate", "to English", TALK))

    assert bench.platform.said == ["English of 18 seconds"]
    assert bench.model.requests == []


async def test_sound_goes_to_another_language_by_its_words(bench: SoundBench) -> None:
    await bench.say(command("translate", "to Welsh", quoted=reply_to(TALK)))

    assert bench.platform.said == ["re: 18 seconds"]
    assert "to Welsh" in bench.model.requests[0].system
    assert [e.capability for e in bench.store.usage] == [
        Capability.TRANSCRIPTION,
        Capability.TRANSLATION,
    ]


async def test_long_sound_is_translated_in_pieces(bench: SoundBench) -> None:
    bench.listener.max_seconds = 8
    await bench.say(command("translate", "", TALK))

    assert bench.platform.said == [
        "English of 4 seconds\nEnglish of 7 seconds\nEnglish of 6 seconds"
    ]


async def test_the_text_on_a_photo_is_seen_by_the_model(bench: SoundBench) -> None:
    bench.model.scripts = [["A menu"]]
    await bench.say(command("translate", "to Polish", PHOTO))

    [request] = bench.model.requests
    [picture] = request.messages[-1].parts
    assert isinstance(picture, PicturePart)
    assert picture.detail == "high"
    assert "Polish" in request.system
    assert "pictures" in request.system
    assert bench.platform.said == ["A menu"]
    assert bench.media.files == {}  # it is no part of the conversation


async def test_a_photo_that_is_replied_to_with_its_caption(bench: SoundBench) -> None:
    bench.model.scripts = [["A menu"]]
    await bench.say(command("translate", "", quoted=reply_to(PHOTO, text="Speisekarte")))

    parts = bench.model.requests[0].messages[-1].parts
    assert parts[0] == TextPart("Speisekarte")
    assert isinstance(parts[1], PicturePart)


async def test_a_model_that_sees_no_pictures_is_told(bench: SoundBench) -> None:
    bench.model.scripts = [PicturesUnsupportedError("text only")]
    await bench.say(command("translate", "", PHOTO))

    assert "cannot look at pictures" in bench.platform.said[0]


async def test_nothing_to_translate_is_told(bench: SoundBench) -> None:
    await bench.say(command("translate"))
    await bench.say(command("translate", "to French", number=2))

    assert all("nothing to translate" in line for line in bench.platform.said)
    assert bench.model.requests == []


async def test_a_translation_that_breaks_off_says_so(bench: SoundBench) -> None:
    bench.model.scripts = [["Half", Finish.CUT]]
    await bench.say(command("translate", "Guten Tag"))

    words, notice = bench.platform.said[0].split("\n")
    assert words == "Half"
    assert "broke off" in notice


LONG = "Ein Satz von vielen ist das hier. " * 500


async def test_a_long_text_is_translated_in_pieces_and_comes_as_a_file(bench: SoundBench) -> None:
    bench.listener.words = lambda _: LONG
    bench.model.scripts = [["First. " * 800], ["Second."], ["Third."]]
    await bench.say(command("translate", "to Danish", TALK))

    shown, file = bench.platform.said
    assert shown.startswith("First.")
    assert file == "file translation.txt"
    assert bench.platform.sent_files["translation.txt"].decode().endswith("Second.\n\nThird.")
    asked = [request.messages[-1].parts[0] for request in bench.model.requests]
    assert " ".join(part.text for part in asked if isinstance(part, TextPart)) == LONG.strip()
    assert bench.platform.previews == [
        f"🌐 Translating: {done} of 3 parts are done." for done in range(3)
    ]


async def test_after_a_failure_only_the_rest_is_translated_again(bench: SoundBench) -> None:
    bench.model.scripts = [["First."], ServiceDownError("500")]
    asked = command("translate", f"to Danish: {LONG}")
    await bench.say(asked)
    bench.model.scripts = [["Second."], ["Third."]]
    told = bench.store.rows[asked.key].sent["told"]
    await bench.say(pressed(message(number=2), "retry", under=told[0]))

    assert bench.platform.said[1] == "First.\n\nSecond.\n\nThird."
    assert len(bench.model.requests) == 4


async def test_stop_ends_a_translation(bench: SoundBench) -> None:
    bench.model.scripts = [["Good ", asyncio.Event()]]
    await bench.dispatch.submit([command("translate", "Guten Tag")])
    await bench.model.waiting.wait()
    await bench.say(command("stop", number=2))
    await bench.store.all_done(2)

    assert bench.platform.said == ["⏹ Stopped."]
