"""People on Discord make pictures, change them, and press what is under them."""

import asyncio
from io import BytesIO

from PIL import Image

from tests import samples
from tests.e2e.discord.stage import DiscordStage, labels
from tests.emulators.discord import Channel, Message, Upload
from tests.emulators.openai import Gated

BUTTONS = ["↻ Again", "Variation", "Edit", "Full size"]


async def pictures(stage: DiscordStage, channel: Channel, count: int = 1) -> list[Message]:
    """The pictures that are finished, once there are so many."""

    def finished() -> list[Message]:
        return [m for m in channel.bot_messages if m.files and labels(m) == BUTTONS]

    await stage.discord.wait_until(lambda: len(finished()) >= count)
    return finished()


def bodies(stage: DiscordStage, route: str) -> list[dict[str, object]]:
    return [dict(r.body) for r in stage.openai.requests if r.route == f"/images/{route}"]


async def test_fields_shape_the_pictures(stage: DiscordStage) -> None:
    async with stage.running():
        stage.general.slash(
            "image", prompt="a fox", size="1024x1536", quality="low", format="webp", count="2"
        )
        first, second = await pictures(stage, stage.general, 2)

    [body] = bodies(stage, "generations")
    asked = [body[name] for name in ("prompt", "size", "quality", "output_format", "n")]
    assert asked == ["a fox", "1024x1536", "low", "webp", 2]
    assert first.content == ""
    assert "for 2 pictures" in second.content
    [file] = second.files
    assert Image.open(BytesIO(file.content)).format == "WEBP"


async def test_a_beginning_is_shown_where_the_picture_will_be(stage: DiscordStage) -> None:
    gate = asyncio.Event()
    stage.openai.script("/images/generations", Gated("", gate))
    async with stage.running():
        asked = stage.general.slash("image", prompt="a fox")
        await stage.discord.wait_until(lambda: any(m.files for m in stage.general.bot_messages))
        gate.set()
        [picture] = await pictures(stage, stage.general)

    assert asked.replies == [picture]
    assert len(picture.files) == 1
    assert len(stage.general.bot_messages) == 1


async def test_a_beginning_without_an_end_gives_way_to_the_line(stage: DiscordStage) -> None:
    gate = asyncio.Event()
    stage.openai.script("/images/generations", Gated("", gate))
    chat = stage.dm()
    async with stage.running():
        chat.slash("image", prompt="a fox")
        await stage.discord.wait_until(lambda: any(m.files for m in chat.bot_messages))
        chat.slash("stop")
        await chat.wait_for_bot_message(contains="⏹ Stopped.")
    assert [m for m in chat.bot_messages if m.files] == []


async def test_a_picture_and_its_mask_are_fields_of_edit(stage: DiscordStage) -> None:
    photo = Upload("p.png", samples.png(64, 64), "image/png")
    mask = Upload("m.png", samples.transparent_png(64, 64), "image/png")
    async with stage.running():
        stage.general.slash("edit", prompt="a lake", file=photo, file2=mask)
        await pictures(stage, stage.general)

    [request] = [r for r in stage.openai.requests if r.route == "/images/edits"]
    assert [file.field for file in request.files] == ["image", "mask"]


async def test_anybodys_picture_is_edited_and_varied_by_the_menus(stage: DiscordStage) -> None:
    files = [Upload("a.jpg", samples.jpeg(64, 64), "image/jpeg")] * 2
    async with stage.running():
        message = stage.general.send(sender=stage.bob, attachments=files)
        opened = stage.general.context_menu("Edit image", message)
        await opened.wait_for_modal()
        stage.general.submit_modal(opened, {"What to change": "n=2 both in one"})
        await pictures(stage, stage.general, 2)
        single = stage.general.send(sender=stage.bob, attachments=files[:1])
        stage.general.context_menu("Make a variation", single)
        await pictures(stage, stage.general, 3)

    edit, variation = bodies(stage, "edits")
    assert (edit["prompt"], edit["n"]) == ("both in one", 2)
    assert str(variation["prompt"]).startswith("Make a variation")
    first = next(r for r in stage.openai.requests if r.route == "/images/edits")
    assert len(first.files) == 2


async def test_buttons_work_after_a_restart(stage: DiscordStage) -> None:
    async with stage.running():
        stage.general.slash("image", prompt="a fox", quality="low", size="2048x2048")
        [fox] = await pictures(stage, stage.general)
    async with stage.running():
        stage.general.press(fox, "↻ Again")
        _, anew = await pictures(stage, stage.general, 2)
        stage.general.press(fox, "Variation")
        await pictures(stage, stage.general, 3)
        opened = stage.general.press(fox, "Edit")
        await opened.wait_for_modal()
    async with stage.running():
        stage.general.submit_modal(opened, {"What to change": "make the sky darker"})
        await pictures(stage, stage.general, 4)
        stage.general.press(fox, "Full size")
        await stage.discord.wait_until(
            lambda: [m for m in stage.general.bot_messages if m.files and not labels(m)]
        )

    once, again = bodies(stage, "generations")
    assert once == again
    assert anew.files[0].content == fox.files[0].content  # and no beginning of it
    edits = [r for r in stage.openai.requests if r.route == "/images/edits"]
    assert [r.body["prompt"] for r in edits][1] == "make the sky darker"
    assert Image.open(BytesIO(edits[1].files[0].data)).size == (2048, 2048)
    [whole] = [m for m in stage.general.bot_messages if m.files and not labels(m)]
    assert whole.files[0].name == "picture-1-0.png"
    assert whole.files[0].content == fox.files[0].content


async def test_a_picture_that_is_forgotten_is_told_in_one_line(stage: DiscordStage) -> None:
    chat = stage.dm()
    async with stage.running():
        chat.slash("image", prompt="a fox")
        [fox] = await pictures(stage, chat)
    for path in stage.folder.glob("parley-media/*/*"):
        path.unlink()
    async with stage.running():
        chat.press(fox, "Full size")
        await chat.wait_for_bot_message(contains="no longer have")
