"""A person on Telegram makes pictures, changes them, and presses what is under them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO

from PIL import Image

from tests import samples
from tests.bot_runs import BotProcess
from tests.e2e.stage import Stage, environment, running
from tests.emulators.openai import Fail, Gated
from tests.emulators.telegram import Chat, Message

BUTTONS = [["↻ Again", "Variation"], ["Edit", "Full size"]]


async def pictures(stage: Stage, chat: Chat, count: int = 1) -> list[Message]:
    """The pictures that are finished, once there are so many."""

    def finished() -> list[Message]:
        return [m for m in chat.bot_messages if m.photo and m.buttons]

    await stage.telegram.wait_until(lambda: len(finished()) >= count)
    return finished()


def requests(stage: Stage, route: str) -> list[dict[str, object]]:
    return [dict(r.body) for r in stage.openai.requests if r.route == f"/images/{route}"]


async def test_options_shape_the_picture_and_the_caption_tells_what_it_cost(stage: Stage) -> None:
    _, chat = stage.alice()
    priced = {"OPENAI__IMAGE_MODEL": "gpt-image-2"}
    async with running(stage.config(priced)):
        chat.send_text("/image size=1024x1536 quality=low n=2 a red fox")
        first, second = await pictures(stage, chat, 2)

    assert first.buttons == second.buttons == BUTTONS
    assert first.text == ""
    assert second.text == "$0.0163 for 2 pictures"
    assert Image.open(BytesIO(first.photo or b"")).size == (1024, 1536)
    [body] = requests(stage, "generations")
    assert body["n"] == 2


async def test_bad_options_get_one_line(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_text("/image quality=wonderful a fox")
        line = await chat.wait_for_bot_message()

    assert line.text.startswith("quality can be auto, low")
    assert requests(stage, "generations") == []


async def test_beginnings_are_shown_in_the_message_that_becomes_the_picture(stage: Stage) -> None:
    _, chat = stage.alice()
    gate = asyncio.Event()
    stage.openai.script("/images/generations", Gated("", gate))
    async with running(stage.config()):
        chat.send_text("/image a fox")
        await stage.telegram.wait_until(lambda: any(m.photo for m in chat.bot_messages))
        [shown] = [m for m in chat.bot_messages if m.photo]
        begun = shown.photo
        assert shown.buttons == []
        gate.set()
        [picture] = await pictures(stage, chat)

    assert picture is shown
    assert picture.photo != begun
    assert len([m for m in chat.bot_messages if m.photo]) == 1


async def test_a_beginning_without_an_end_is_taken_back(stage: Stage) -> None:
    _, chat = stage.alice()
    gate = asyncio.Event()
    stage.openai.script("/images/generations", Gated("", gate))
    async with running(stage.config()):
        chat.send_text("/image a fox")
        await stage.telegram.wait_until(lambda: any(m.photo for m in chat.bot_messages))
        chat.send_text("/stop")
        await chat.wait_for_bot_message(contains="Stopped")

    assert [m for m in chat.bot_messages if m.photo] == []


async def test_a_refusal_by_the_safety_system_is_told_as_one(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("/images/generations", Fail(400, code="moderation_blocked"))
    async with running(stage.config()):
        chat.send_text("/image something bad")
        line = await chat.wait_for_bot_message()
    assert "safety system" in line.text


async def test_a_reply_edits_the_picture_as_it_was_made(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_text("/image size=2048x2048 a fox")
        [fox] = await pictures(stage, chat)
        chat.send_text("/edit make the sky darker", reply_to=fox)
        _, edited = await pictures(stage, chat, 2)
        chat.send_text("what did you change?")
        await chat.wait_for_bot_message(contains="what did you change?")

    [body] = requests(stage, "edits")
    assert body["prompt"] == "make the sky darker"
    [sent] = next(r for r in stage.openai.requests if r.route == "/images/edits").files
    assert Image.open(BytesIO(sent.data)).size == (2048, 2048)
    assert edited.buttons == BUTTONS
    seen = [m.images for m in stage.openai.chats()[-1].messages if m.images]
    assert [len(images) for images in seen] == [1, 2]


async def test_an_album_and_a_mask_are_sent_as_files(stage: Stage) -> None:
    _, chat = stage.alice()
    mask = samples.transparent_png(320, 240)
    async with running(stage.config()):
        photo = samples.png(320, 240)
        chat.send_document(photo, "p.png", "image/png", "/edit put a lake there", album="a1")
        chat.send_document(mask, "mask.png", "image/png", album="a1")
        await pictures(stage, chat)

    sent = next(r for r in stage.openai.requests if r.route == "/images/edits").files
    assert [file.field for file in sent] == ["image", "mask"]
    assert sent[0].data == photo


async def test_a_variation_is_an_edit_where_there_is_no_route(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        photo = chat.send_photo(samples.jpeg(320, 240), "look")
        await chat.wait_for_bot_message()
        chat.send_text("/variation", reply_to=photo)
        [picture] = await pictures(stage, chat)
        chat.press(picture, "↻ Again")
        await pictures(stage, chat, 2)

    assert "The service makes no variations" in picture.text
    assert len(requests(stage, "variations")) == 1  # asked once, then remembered
    assert len(requests(stage, "edits")) == 2


async def test_a_variation_uses_the_route_of_an_older_server(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.old_image_models.add("old-painter")
    old = {
        "OPENAI__IMAGE_MODEL": "old-painter",
        "OPENAI__MODELS": '{"old-painter": {"edits_square_png": true, "per_image": 0.02}}',
    }
    async with running(stage.config(old)):
        photo = chat.send_photo(samples.jpeg(600, 300), "look")
        await chat.wait_for_bot_message()
        chat.send_text("/variation n=2", reply_to=photo)
        _, second = await pictures(stage, chat, 2)
        chat.send_text("/edit a lake", reply_to=photo)
        _, _, edited = await pictures(stage, chat, 3)

    assert second.text == "≈$0.0400 for 2 pictures"
    assert Image.open(BytesIO(second.photo or b"")).size == (1024, 512)
    assert Image.open(BytesIO(edited.photo or b"")).size == (1024, 512)


async def test_buttons_work_after_a_restart(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_text("/image quality=low format=webp a fox")
        [fox] = await pictures(stage, chat)
    async with running(stage.config()):
        chat.press(fox, "↻ Again")
        await pictures(stage, chat, 2)
        chat.press(fox, "Full size")
        await stage.telegram.wait_until(lambda: any(m.document for m in chat.bot_messages))
        chat.press(fox, "Edit")
        line = await chat.wait_for_bot_message(contains="/edit")
        chat.press(fox, "Variation")
        await pictures(stage, chat, 3)
        chat.send_text("/new")
        await chat.wait_for_bot_message(contains="new conversation")
        chat.press(fox, "Full size")
        await stage.telegram.wait_until(
            lambda: len([m for m in chat.bot_messages if m.document]) == 2
        )

    once, again = requests(stage, "generations")
    assert once == again
    whole, _ = [m for m in chat.bot_messages if m.document]
    assert (whole.document or b"")[8:12] == b"WEBP"
    assert whole.raw["document"]["file_name"] == "picture-1-0.webp"
    assert "make the sky darker" in line.text
    assert fox.buttons == BUTTONS


async def test_a_picture_that_is_forgotten_is_told_in_one_line(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_text("/image a fox")
        [fox] = await pictures(stage, chat)
    for path in stage.folder.glob("parley-media/*/*"):
        path.unlink()
    async with running(stage.config()):
        chat.press(fox, "Full size")
        line = await chat.wait_for_bot_message(contains="no longer have")
    assert "ref" not in line.text


@asynccontextmanager
async def process(stage: Stage) -> AsyncIterator[BotProcess]:
    bot = await BotProcess.start(environment(stage.telegram, stage.openai, stage.folder), "run")
    try:
        yield bot
    finally:
        if not bot.has_ended:
            bot.kill()
            await bot.ended()


async def test_a_kill_while_pictures_are_sent_neither_pays_nor_sends_twice(stage: Stage) -> None:
    _, chat = stage.alice()
    async with process(stage) as bot:
        chat.send_text("/image n=3 a fox")
        await pictures(stage, chat, 1)
        bot.kill()
        await bot.ended()
    known = len(chat.bot_messages)
    async with process(stage):
        await pictures(stage, chat, 3)
        chat.send_text("done?")
        await chat.wait_for_bot_message(contains="done?")

    assert 1 <= known <= 3
    shown = [m for m in chat.bot_messages if m.photo]
    assert len(shown) in (3, 4)  # one whose sending Telegram could not confirm may be there twice
    assert len(requests(stage, "generations")) == 1
    assert stage.openai.billed["gpt-image-2.6-flare", "images"] == 3
