"""Videos, animations and stickers: what the model is shown and told of them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from handlers.errors import (
    NothingHeardError,
    ParleyError,
    RouteMissingError,
    ServiceDownError,
    SoundUnreadableError,
)
from handlers.messages import Attachment, AttachmentKind, ChatSettings, Origin, Quoted
from handlers.ports.chat import ModelMessage, PicturePart, TextPart
from tests import samples
from tests.fakes import CHAT, message
from tests.unit.handlers.bench import Bench

VIDEO = Attachment(AttachmentKind.VIDEO, "video")
NOTE = Attachment(AttachmentKind.VIDEO_NOTE, "note")
GIF = Attachment(AttachmentKind.PHOTO, "gif", mime="image/gif")
STICKER = Attachment(AttachmentKind.STICKER, "sticker", about="a sticker (👍)")


@pytest.fixture
async def roomy() -> AsyncIterator[Bench]:
    """A bench with room for many frames, and files to look at."""
    bench = Bench(budget_tokens=16_000)
    bench.platform.files |= {
        "video": samples.film(4.0),
        "note": samples.video_note(1.0),
        "gif": samples.moving_picture("GIF"),
        "sticker": samples.webp(512, 512),
        "photo": samples.jpeg(320, 240),
    }
    yield bench
    await bench.close()


def last(bench: Bench) -> ModelMessage:
    return bench.model.requests[-1].messages[-1]


def pictures(asked: ModelMessage) -> list[PicturePart]:
    return [part for part in asked.parts if isinstance(part, PicturePart)]


def told(asked: ModelMessage) -> str:
    """The part before the pictures."""
    first = asked.parts[0]
    return first.text if isinstance(first, TextPart) else ""


async def test_a_video_is_its_frames_and_what_is_said_in_it(roomy: Bench) -> None:
    await roomy.say(message("What happens here?", attachments=(VIDEO,)))

    asked = last(roomy)
    assert [picture.detail for picture in pictures(asked)] == ["low"] * 3
    assert told(asked) == (
        "[With this message came a video of 4.0 s. Pictures 1-3 are frames of it, taken at "
        "0:00.7, 0:02, 0:03.3. What is said in it:]\n> spoken words"
    )
    assert asked.parts[-1] == TextPart("What happens here?")
    [exchange] = roomy.store.exchanges
    assert exchange.question == "What happens here?"
    assert not exchange.is_spoken
    assert all(ref.is_frame and (ref.width, ref.height) == (512, 288) for ref in exchange.media)


async def test_frames_are_shown_again_with_the_next_question(roomy: Bench) -> None:
    await roomy.say(message("What happens here?", attachments=(VIDEO,)))
    shown = pictures(last(roomy))
    await roomy.say(message("And then?", number=2))

    first, _, _ = roomy.model.requests[-1].messages
    assert pictures(first) == shown
    assert told(first).startswith("[With this message came a video")


async def test_a_video_without_sound_is_not_listened_to(roomy: Bench) -> None:
    roomy.platform.files["video"] = samples.silent_film()
    await roomy.say(message("?", attachments=(VIDEO,)))

    assert roomy.heard == []
    assert told(last(roomy)).endswith("It has no sound.]")


@pytest.mark.parametrize(
    ("failure", "line"),
    [
        (NothingHeardError(), "No words could be heard in it.]"),
        (SoundUnreadableError(), "No words could be heard in it.]"),
        (RouteMissingError(), "Its sound could not be listened to.]"),
    ],
)
async def test_a_video_without_words_is_seen_all_the_same(
    roomy: Bench, failure: ParleyError, line: str
) -> None:
    roomy.hears_badly = failure
    await roomy.say(message("?", attachments=(VIDEO,)))

    assert pictures(last(roomy))
    assert told(last(roomy)).endswith(line)


async def test_a_service_that_fails_to_listen_is_told_and_nothing_is_kept(roomy: Bench) -> None:
    roomy.hears_badly = ServiceDownError()
    await roomy.say(message("?", attachments=(VIDEO,)))

    assert roomy.model.requests == []
    assert roomy.store.exchanges == []
    assert "try again" in roomy.platform.said[0]


async def test_a_video_that_is_replied_to_is_looked_at(roomy: Bench) -> None:
    quoted = Quoted("1", "Bob", "look", attachments=(VIDEO,))
    await roomy.say(message("Who is that?", quoted=quoted))

    asked = last(roomy)
    assert len(pictures(asked)) == 3
    assert told(asked).startswith("In reply to Bob:\n> look\n[The message replied to holds a video")


async def test_high_detail_is_fewer_frames_that_are_looked_at_closely(roomy: Bench) -> None:
    roomy.settings.stored[CHAT] = ChatSettings(detail="high")
    roomy.platform.files["video"] = samples.film(40.0, size="1280x720", rate=2)
    await roomy.say(message("?", attachments=(VIDEO,)))

    assert [picture.detail for picture in pictures(last(roomy))] == ["high"] * 5
    assert {(r.width, r.height) for r in roomy.store.exchanges[0].media} == {(1024, 576)}


async def test_many_videos_share_the_budget(roomy: Bench) -> None:
    roomy.platform.files["video"] = samples.film(40.0, rate=2)
    await roomy.say(message("?", attachments=(VIDEO,)))
    await roomy.say(message("?", number=2, attachments=(VIDEO, VIDEO, VIDEO)))

    assert len(pictures(last(roomy))) == 15
    assert len(roomy.store.exchanges[0].media) == 15
    assert "Pictures 6-10 are frames" in told(last(roomy))


async def test_in_a_small_budget_a_video_is_a_frame(bench: Bench) -> None:
    bench.platform.files["video"] = samples.film(4.0)
    await bench.say(message("?", attachments=(VIDEO,)))

    assert len(pictures(last(bench))) == 1
    assert "Picture 1 is a frame of it, taken at 0:02." in told(last(bench))


async def test_where_not_even_that_fits_the_person_is_told() -> None:
    tiny = Bench(budget_tokens=100)
    tiny.platform.files["video"] = samples.film(4.0)
    await tiny.say(message("?", attachments=(VIDEO,)))
    await tiny.close()

    assert tiny.model.requests == []
    assert "more than the model can read" in tiny.platform.said[0]


async def test_frames_that_lost_their_room_are_thinned_and_that_is_said(roomy: Bench) -> None:
    roomy.platform.files["photo"] = samples.jpeg(768, 768)
    photos = (Attachment(AttachmentKind.PHOTO, "photo"),) * 61
    await roomy.say(message("?", attachments=(*photos, VIDEO)))

    asked = last(roomy)
    assert {picture.detail for picture in pictures(asked)} == {"low"}
    assert len(pictures(asked)) == 63
    assert TextPart("[Left out for want of room: 1 of the frames]") in asked.parts


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
async def test_an_animated_picture_is_a_few_frames(roomy: Bench, kind: str) -> None:
    roomy.platform.files["gif"] = samples.moving_picture(kind)
    await roomy.say(message("What is it?", attachments=(GIF,)))

    asked = last(roomy)
    assert [picture.detail for picture in pictures(asked)] == ["low"] * 4
    assert told(asked).startswith("[With this message came an animation of 2.0 s.")
    assert roomy.heard == []


@pytest.mark.parametrize(
    "still", [samples.moving_picture("GIF", ("red",)), samples.webp(), samples.png()]
)
async def test_a_still_picture_is_looked_at_as_a_photo(roomy: Bench, still: bytes) -> None:
    roomy.platform.files["gif"] = still
    await roomy.say(message("What is it?", attachments=(GIF,)))

    assert [picture.detail for picture in pictures(last(roomy))] == ["high"]
    assert told(last(roomy)) == ""


async def test_an_animation_of_telegram_is_a_few_frames(roomy: Bench) -> None:
    roomy.platform.files["video"] = samples.silent_film(30.0)
    animation = replace(VIDEO, kind=AttachmentKind.ANIMATION)
    await roomy.say(message("", attachments=(animation,)))

    assert len(pictures(last(roomy))) == 4
    assert roomy.heard == []


async def test_a_sticker_is_a_picture_and_its_emoji(roomy: Bench) -> None:
    await roomy.say(message("", attachments=(STICKER,)))

    assert len(pictures(last(roomy))) == 1
    assert told(last(roomy)) == "[With this message came a sticker (👍). Picture 1 shows it.]"


async def test_a_video_sticker_is_its_frames_on_white(roomy: Bench) -> None:
    roomy.platform.files["sticker"] = samples.see_through_webm()
    sticker = replace(STICKER, about="an animated sticker (👍)", mime="video/webm")
    await roomy.say(message("", attachments=(sticker,)))

    assert len(pictures(last(roomy))) >= 1
    with Image.open(BytesIO(pictures(last(roomy))[0].data)) as frame:
        red, green, blue = frame.convert("RGB").getpixel((100, 256))  # type: ignore[misc]
    assert min(red, green, blue) > 240
    assert "an animated sticker (👍)" in told(last(roomy))


async def test_a_sticker_that_cannot_be_seen_is_told_of(roomy: Bench) -> None:
    about = "an animated sticker (👍), which cannot be seen here"
    await roomy.say(message("", attachments=(replace(STICKER, ref="", about=about),)))

    assert pictures(last(roomy)) == []
    assert told(last(roomy)) == f"[With this message came {about}.]"


async def test_a_round_video_is_what_is_said_in_it(roomy: Bench) -> None:
    await roomy.say(message("", attachments=(NOTE,)))

    assert pictures(last(roomy)) == []
    [exchange] = roomy.store.exchanges
    assert (exchange.question, exchange.is_spoken) == ("spoken words", True)


async def test_a_round_video_is_looked_at_when_words_ask_about_it(roomy: Bench) -> None:
    quoted = Quoted("1", "Bob", attachments=(NOTE,))
    await roomy.say(message("Where is he?", quoted=quoted))

    assert pictures(last(roomy))
    assert told(last(roomy)).endswith("What is said in it:]\n> spoken words")
    assert len(roomy.heard) == 1


async def test_a_video_that_cannot_be_read_gets_one_line(roomy: Bench) -> None:
    roomy.platform.files["video"] = b"\0\0\0\x18ftypmp42 and no more"
    await roomy.say(message("?", attachments=(VIDEO,)))

    assert roomy.model.requests == []
    [line] = roomy.platform.said
    assert line.startswith("I cannot read that video")


async def test_a_video_without_pictures_is_what_is_said_in_it(roomy: Bench) -> None:
    roomy.platform.files["video"] = samples.m4a()
    await roomy.say(message("?", attachments=(VIDEO,)))

    assert told(last(roomy)) == (
        "[With this message came a video without pictures. What is said in it:]\n> spoken words"
    )


async def test_a_video_with_neither_gets_one_line(roomy: Bench) -> None:
    roomy.platform.files["video"] = samples.m4a()
    roomy.hears_badly = NothingHeardError()
    await roomy.say(message("?", attachments=(VIDEO,)))

    assert roomy.model.requests == []
    assert roomy.platform.said[0].startswith("There is no picture in that video")


async def test_a_video_is_described(roomy: Bench) -> None:
    await roomy.say(message("", command="describe", quoted=Quoted("1", "Bob", attachments=(NOTE,))))

    assert roomy.store.exchanges[0].question == "Describe what happens in this video."
    assert pictures(last(roomy))


async def test_an_edited_question_looks_at_what_is_there_now(roomy: Bench) -> None:
    await roomy.say(message("What?", attachments=(VIDEO,)))
    roomy.platform.files["video"] = samples.silent_film(2.0)
    edit = message("What is it?", number=2, attachments=(VIDEO,), message_id="1")
    await roomy.say(replace(edit, origin=Origin.EDIT))

    [exchange] = roomy.store.exchanges
    assert exchange.question == "What is it?"
    assert len(exchange.media) == 2
    assert exchange.quote.endswith("It has no sound.]")


async def test_an_edited_caption_of_an_album_still_means_all_of_it(roomy: Bench) -> None:
    album = (Attachment(AttachmentKind.PHOTO, "photo"), GIF)
    parts = ("1", "5")
    await roomy.say(message("What?", attachments=album, merged_message_ids=parts))
    edit = message("Which?", number=2, attachments=album[:1], message_id="1")
    await roomy.say(replace(edit, origin=Origin.EDIT))

    [exchange] = roomy.store.exchanges
    assert (exchange.question, len(exchange.media)) == ("Which?", 5)
    assert "Pictures 2-5 are frames" in exchange.quote


async def test_a_broken_animation_is_told_as_a_picture(roomy: Bench) -> None:
    roomy.platform.files["gif"] = b"GIF89a" + b"\xff" * 100
    await roomy.say(message("?", attachments=(GIF,)))

    assert roomy.platform.said[0].startswith("I cannot read that picture")
