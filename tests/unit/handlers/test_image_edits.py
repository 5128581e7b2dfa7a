"""/edit and /variation: which pictures are meant, what is a mask, and the buttons' way back."""

from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from handlers.errors import ServiceDownError
from handlers.messages import Attachment, AttachmentKind, IncomingMessage, Quoted
from handlers.ports.chat import PicturePart
from handlers.ports.images import ImageOptions
from handlers.prompts import PICTURE_EDITED
from tests import samples
from tests.fakes import message
from tests.unit.handlers.bench import Bench, pressed


def file(bench: Bench, data: bytes, name: str) -> Attachment:
    bench.platform.files[name] = data
    return Attachment(AttachmentKind.PHOTO, name, size_bytes=len(data))


def edit(
    line: str, *attachments: Attachment, number: int = 1, quoted: Quoted | None = None
) -> IncomingMessage:
    return message(line, number=number, command="edit", attachments=attachments, quoted=quoted)


def quoted(*attachments: Attachment, message_id: str = "50", from_bot: bool = False) -> Quoted:
    return Quoted(message_id, "Bob", attachments=attachments, is_from_bot=from_bot)


def button(action: str, number: int, under: str = "out1") -> IncomingMessage:
    command, _, words = action.partition(" ")
    return replace(pressed(message(number=number), command, under), text=words)


def mask_png(width: int, height: int) -> bytes:
    image = Image.new("RGBA", (width, height), "red")
    image.paste((0, 0, 0, 0), (0, 0, width // 2, height))
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


class TestWhichPictures:
    async def test_the_one_replied_to_comes_before_those_sent_along(self, bench: Bench) -> None:
        old, new = samples.jpeg(320, 240), samples.webp(64, 48)
        asked = edit(
            "n=2 a collage", file(bench, new, "new"), quoted=quoted(file(bench, old, "old"))
        )
        await bench.say(asked)

        assert [p.data for p in bench.images.sources[0]] == [old, new]
        assert [p.mime for p in bench.images.sources[0]] == ["image/jpeg", "image/webp"]
        assert bench.images.masks == [None]
        assert bench.images.asked == [("a collage", ImageOptions(count=2))]
        [exchange] = bench.store.exchanges
        assert exchange.question == "/edit n=2 a collage"
        assert exchange.answer == PICTURE_EDITED
        assert len(exchange.media) == 4
        assert bench.platform.buttons[1] == [
            "edit 1 2",
            "variation 1 1 00000003",
            "edit",
            "fullsize 1 1 00000003",
        ]

    async def test_our_own_picture_is_edited_as_it_was_made(self, bench: Bench) -> None:
        await bench.say(message("n=2 fox", command="image"))
        small = file(bench, samples.jpeg(8, 8), "small")
        reply = quoted(small, message_id="out2", from_bot=True)
        await bench.say(edit("bluer", number=2, quoted=reply))
        assert [p.data for p in bench.images.sources[0]] == [samples.png(17, 17)]

    async def test_the_words_of_an_answer_are_no_picture_of_ours(self, bench: Bench) -> None:
        await bench.say(message("hello"))
        reply = quoted(file(bench, samples.png(), "p"), message_id="out1", from_bot=True)
        await bench.say(edit("bluer", number=2, quoted=reply))
        assert [p.data for p in bench.images.sources[0]] == [samples.png()]

    @pytest.mark.parametrize(
        ("data", "mime"),
        [
            (samples.heic(), "image/jpeg"),
            (samples.gif(), "image/jpeg"),
            (samples.bmp(), "image/jpeg"),
            (samples.jpeg(64, 32, exif_orientation=6), "image/jpeg"),
        ],
        ids=["heic", "gif", "bmp", "sideways"],
    )
    async def test_what_the_service_does_not_read_is_brought_into_form(
        self, bench: Bench, data: bytes, mime: str
    ) -> None:
        await bench.say(edit("bluer", file(bench, data, "p")))
        [picture] = bench.images.sources[0]
        assert picture.mime == mime
        image = Image.open(BytesIO(picture.data))
        assert image.format == "JPEG"
        assert image.getexif().get(0x0112, 1) == 1

    async def test_sideways_is_turned_upright(self, bench: Bench) -> None:
        photo = samples.jpeg(64, 32, exif_orientation=6)
        await bench.say(edit("bluer", file(bench, photo, "p")))
        [picture] = bench.images.sources[0]
        assert Image.open(BytesIO(picture.data)).size == (32, 64)

    async def test_sixteen_are_taken_and_more_are_not(self, bench: Bench) -> None:
        files = [file(bench, samples.png(32 + n, 32), str(n)) for n in range(17)]
        await bench.say(edit("collage", *files[:16]))
        assert len(bench.images.sources[0]) == 16
        await bench.say(edit("collage", *files, number=2))
        assert "up to 16" in bench.platform.said[-1]
        assert len(bench.images.sources) == 1

    @pytest.mark.parametrize(
        ("line", "kinds", "words"),
        [
            ("", [AttachmentKind.PHOTO], "write it like this: /edit"),
            ("n=99 x", [AttachmentKind.PHOTO], "n can be"),
            ("bluer", [], "no picture in it"),
            ("bluer", [AttachmentKind.VOICE], "no picture in it"),
        ],
    )
    async def test_what_is_missing_is_told_in_one_line(
        self, bench: Bench, line: str, kinds: list[AttachmentKind], words: str
    ) -> None:
        files = [replace(file(bench, samples.png(), "p"), kind=kind) for kind in kinds]
        await bench.say(edit(line, *files))
        assert len(bench.platform.said) == 1
        assert words in bench.platform.said[0]
        assert bench.images.asked == []

    async def test_a_broken_picture_is_told(self, bench: Bench) -> None:
        await bench.say(edit("bluer", file(bench, samples.truncated_jpeg()[:40], "p")))
        assert "cannot read that picture" in bench.platform.said[0]


class TestMask:
    async def test_a_transparent_png_of_the_same_size_is_the_mask(self, bench: Bench) -> None:
        photo = samples.jpeg(320, 240)
        mask = file(bench, mask_png(320, 240), "mask")
        await bench.say(edit("a lake", mask, quoted=quoted(file(bench, photo, "p"))))

        assert [p.data for p in bench.images.sources[0]] == [photo]
        [sent] = bench.images.masks
        assert sent is not None
        alpha = Image.open(BytesIO(sent.data)).getchannel("A")
        assert alpha.size == (320, 240)
        assert [alpha.getpixel((x, 9)) for x in (9, 300)] == [0, 255]
        assert bench.platform.buttons[0][0] == "edit 1 1 m"

    @pytest.mark.parametrize(
        "other",
        [mask_png(64, 64), samples.png(320, 240), samples.webp(320, 240)],
        ids=["another size", "not transparent", "no PNG"],
    )
    async def test_any_other_picture_is_one_more_to_work_on(
        self, bench: Bench, other: bytes
    ) -> None:
        files = file(bench, samples.jpeg(320, 240), "p"), file(bench, other, "other")
        await bench.say(edit("both", *files))
        assert len(bench.images.sources[0]) == 2
        assert bench.images.masks == [None]

    async def test_a_transparent_picture_alone_is_the_picture(self, bench: Bench) -> None:
        await bench.say(edit("fill it", file(bench, mask_png(64, 64), "p")))
        assert [p.data for p in bench.images.sources[0]] == [mask_png(64, 64)]
        assert bench.images.masks == [None]

    async def test_a_mask_of_an_upright_photo_fits_as_people_see_it(self, bench: Bench) -> None:
        photo = samples.jpeg(64, 32, exif_orientation=6)
        files = file(bench, photo, "p"), file(bench, mask_png(32, 64), "mask")
        await bench.say(edit("a lake", *files))
        assert bench.images.masks != [None]


class TestButtons:
    async def test_again_repeats_the_edit_with_its_pictures_and_mask(self, bench: Bench) -> None:
        files = file(bench, samples.jpeg(320, 240), "p"), file(bench, mask_png(320, 240), "m")
        await bench.say(edit("quality=low a lake", *files))
        await bench.say(button("edit 1 1 m", 2))

        assert bench.images.asked == [("a lake", ImageOptions(quality="low"))] * 2
        assert bench.images.sources[0] == bench.images.sources[1]
        assert bench.images.masks[0] == bench.images.masks[1]
        assert bench.platform.buttons[1][0] == "edit 2 1 m"

    async def test_edit_asks_for_the_words(self, bench: Bench) -> None:
        await bench.say(message("fox", command="image"))
        await bench.say(button("edit", 2))
        assert bench.platform.said[1].startswith("Reply to the picture with /edit")

    async def test_variation_is_of_that_picture(self, bench: Bench) -> None:
        bench.images.varies = True
        await bench.say(message("n=2 fox", command="image"))
        await bench.say(button("variation 1 1", 2))
        assert [p.data for p in bench.images.sources[0]] == [samples.png(17, 17)]
        assert bench.platform.buttons[2][0] == "variation 2 1"
        assert bench.platform.buttons[2][1].startswith("variation 2 0 ")

    async def test_again_under_a_variation_varies_the_same_picture(self, bench: Bench) -> None:
        bench.images.varies = True
        await bench.say(message("", command="variation", attachments=(one(bench),)))
        await bench.say(button(bench.platform.buttons[0][0], 2))
        assert bench.images.sources[0] == bench.images.sources[1]


def one(bench: Bench) -> Attachment:
    return file(bench, samples.png(64, 64), "one")


class TestVariation:
    async def test_the_route_is_used_where_there_is_one(self, bench: Bench) -> None:
        bench.images.varies = True
        await bench.say(message("n=2", command="variation", attachments=(one(bench),)))
        assert bench.images.asked == [("vary", ImageOptions(count=2))]
        assert bench.platform.captions == ["", "$0.0200 for 2 pictures"]

    async def test_without_a_route_an_edit_is_asked_for_and_that_is_told(
        self, bench: Bench
    ) -> None:
        await bench.say(message("", command="variation", attachments=(one(bench),)))
        [(prompt, _)] = bench.images.asked
        assert prompt.startswith("Make a variation")
        assert bench.platform.captions == [
            "The service makes no variations: I asked for one in words, as an edit.\n$0.0200"
        ]

    async def test_a_failure_is_not_paid_for_by_an_edit(self, bench: Bench) -> None:
        bench.images.varies = True
        bench.images.fails_with = ServiceDownError("500")
        await bench.say(message("", command="variation", attachments=(one(bench),)))
        assert [prompt for prompt, _ in bench.images.asked] == ["vary"]

    async def test_of_two_pictures_and_with_words_it_is_declined(self, bench: Bench) -> None:
        two = one(bench), file(bench, samples.jpeg(), "two")
        await bench.say(message("", command="variation", attachments=two))
        await bench.say(
            message("in winter", number=2, command="variation", attachments=(one(bench),))
        )
        assert "just one" in bench.platform.said[0]
        assert "/variation" in bench.platform.said[1]
        assert bench.images.asked == []


async def test_after_a_crash_nothing_is_fetched_or_paid_again(bench: Bench) -> None:
    asked = edit("bluer", one(bench))
    await bench.say(asked)
    row = bench.store.rows[asked.key]
    row.is_done, row.outcome, row.sent = False, None, {}
    bench.store.exchanges.clear()
    bench.platform.files.clear()
    await bench.dispatch.resume()
    await bench.store.all_done(1)

    assert len(bench.images.asked) == 1
    assert bench.platform.photos[0] == bench.platform.photos[1]
    assert len(bench.store.exchanges[0].media) == 2
    assert bench.platform.buttons[1][0] == "edit 1 1"


async def test_the_model_is_never_shown_a_mask(bench: Bench) -> None:
    files = file(bench, samples.jpeg(320, 240), "p"), file(bench, mask_png(320, 240), "m")
    await bench.say(edit("a lake", *files))
    assert len(bench.store.exchanges[0].media) == 3
    await bench.say(message("nice", number=2))
    first = bench.model.requests[0].messages[0]
    assert sum(isinstance(part, PicturePart) for part in first.parts) == 2
    assert not any("earlier pictures" in getattr(part, "text", "") for part in first.parts)
