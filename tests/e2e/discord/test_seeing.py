"""People on Discord send what moves: videos, animations, stickers."""

from tests import samples
from tests.e2e.discord.stage import DiscordStage
from tests.emulators.discord import Upload


async def test_a_video_is_seen_and_heard(stage: DiscordStage) -> None:
    chat = stage.dm()
    stage.openai.transcripts = "look at the colours"
    film = Upload("film.mp4", samples.film(8.0), "video/mp4")
    async with stage.running():
        chat.send("What happens here?", attachments=[film])
        await chat.wait_for_bot_message(contains="What happens here?")

    asked = stage.openai.chats()[0].messages[-1]
    sizes = [(picture.width, picture.height, picture.detail) for picture in asked.images]
    assert sizes == [(512, 288, "low")] * 5
    assert "a video of 8.0 s" in asked.text
    assert "> look at the colours" in asked.text


async def test_a_photo_and_two_animations_are_told_apart(stage: DiscordStage) -> None:
    chat = stage.dm()
    files = [
        Upload("cat.png", samples.png(), "image/png"),
        Upload("a.gif", samples.moving_picture("GIF"), "image/gif"),
        Upload("b.webp", samples.moving_picture("WEBP"), "image/webp"),
    ]
    async with stage.running():
        chat.send("Which moves?", attachments=files)
        await chat.wait_for_bot_message(contains="Which moves?")

    asked = stage.openai.chats()[0].messages[-1]
    assert [p.detail for p in asked.images] == ["high"] + ["low"] * 8
    assert "Pictures 2-5 are frames of it" in asked.text
    assert "Pictures 6-9 are frames of it" in asked.text


async def test_a_reply_asks_about_somebodys_video(stage: DiscordStage) -> None:
    film = Upload("film.webm", samples.film_as("webm"), "video/webm")
    async with stage.running():
        shown = stage.general.send("look", sender=stage.bob, attachments=[film])
        stage.general.send("What is it?", reply_to=shown, mention_bot=True)
        await stage.general.wait_for_bot_message(contains="What is it?")

    asked = stage.openai.chats()[0].messages[-1]
    assert len(asked.images) == 3
    assert "[The message replied to holds a video of 4.0 s." in asked.text


async def test_a_sticker_that_cannot_be_seen_is_told_of(stage: DiscordStage) -> None:
    chat = stage.dm()
    async with stage.running():
        chat.send("", stickers=[{"id": "1", "name": "Wave", "format_type": 3}])
        await chat.wait_for_bot_message()

    asked = stage.openai.chats()[0].messages[-1]
    assert asked.text.startswith("[With this message came an animated sticker (Wave), which")
    assert asked.images == ()


async def test_a_broken_video_gets_one_line(stage: DiscordStage) -> None:
    chat = stage.dm()
    film = Upload("film.mp4", b"\0\0\0\x18ftypmp42 and no more", "video/mp4")
    async with stage.running():
        chat.send("?", attachments=[film])
        line = await chat.wait_for_bot_message()

    assert line.content.startswith("I cannot read that video")
    assert stage.openai.chats() == []


async def test_detail_is_a_command_with_choices(stage: DiscordStage) -> None:
    async with stage.running():
        called = stage.general.slash("detail", level="low")
        assert (await called.wait_for_reply()).is_ephemeral
        stage.general.send(
            "this?",
            attachments=[Upload("cat.jpg", samples.jpeg(1600, 1200), "image/jpeg")],
            mention_bot=True,
        )
        await stage.general.wait_for_bot_message(contains="this?")

    [picture] = stage.openai.chats()[-1].messages[-1].images
    assert (picture.width, picture.height, picture.detail) == (512, 384, "low")
