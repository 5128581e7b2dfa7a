"""A person on Telegram sends what moves: videos, animations, stickers."""

from tests import samples
from tests.e2e.stage import Stage, running


async def test_a_video_is_seen_and_heard(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.transcripts = "look at the colours"
    async with running(stage.config()):
        chat.send_video(samples.film(8.0), 8, "What happens here?")
        answer = await chat.wait_for_bot_message(contains="What happens here?")

    asked = stage.openai.chats()[0].messages[-1]
    sizes = [(picture.width, picture.height, picture.detail) for picture in asked.images]
    assert sizes == [(512, 288, "low")] * 5
    assert asked.text.startswith("[With this message came a video of 8.0 s. Pictures 1-5 are")
    assert "What is said in it:]\n> look at the colours" in asked.text
    assert asked.text.endswith("What happens here?")
    assert answer.text.startswith("echo:")
    assert len(chat.bot_messages) == 1


async def test_the_frames_of_a_video_go_through_its_colours(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_video(samples.silent_film(8.0), 8, "Which colours?")
        await chat.wait_for_bot_message()

    colours = [picture.colour for picture in stage.openai.chats()[0].messages[-1].images]
    assert len(set(colours)) == 4
    assert all(r.route != "/audio/transcriptions" for r in stage.openai.requests)


async def test_a_follow_up_sees_the_frames_again_also_after_a_restart(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_video(samples.silent_film(), 4, "What is it?")
        await chat.wait_for_bot_message()
    async with running(stage.config()):
        chat.send_text("And the last colour?")
        await chat.wait_for_bot_message(2)

    first, again = stage.openai.chats()
    assert again.messages[0].images == first.messages[-1].images
    assert [picture.detail for picture in again.messages[0].images] == ["low"] * 3


async def test_a_video_file_is_seen_closely_where_that_was_asked_for(stage: Stage) -> None:
    _, chat = stage.alice()
    film = samples.film_as("webm")
    async with running(stage.config()):
        chat.send_text("/detail high")
        await chat.wait_for_bot_message()
        chat.send_document(film, "film.webm", "video/webm", "What is it?")
        await chat.wait_for_bot_message(contains="What is it?")

    images = stage.openai.chats()[-1].messages[-1].images
    assert {(picture.width, picture.height, picture.detail) for picture in images} == {
        (320, 240, "high")
    }


async def test_detail_is_chosen_by_buttons_too(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_text("/detail")
        menu = await chat.wait_for_bot_message()
        chat.press(menu, "low")
        await stage.telegram.wait_until(lambda: "low" in menu.text.splitlines()[0])
        chat.send_photo(samples.jpeg(1600, 1200), "this?")
        await chat.wait_for_bot_message(contains="this?")

    [picture] = stage.openai.chats()[-1].messages[-1].images
    assert (picture.width, picture.height, picture.detail) == (512, 384, "low")


async def test_a_reply_to_a_video_asks_about_it(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config({"CHAT__VOICE": "off"})):
        note = chat.send_video_note(samples.video_note(2.0), 2)
        await chat.wait_for_bot_message(contains="echo:")
        chat.send_text("What is behind me?", reply_to=note)
        await chat.wait_for_bot_message(contains="What is behind me?")

    spoken, asked = (call.messages[-1] for call in stage.openai.chats())
    assert spoken.images == ()
    assert [(p.width, p.height, p.detail) for p in asked.images] == [(240, 240, "low")] * 2
    assert "[The message replied to holds a video of 2.0 s." in asked.text


async def test_animations_are_a_few_frames(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_animation(samples.silent_film(6.0), 6, "as the app sends it")
        await chat.wait_for_bot_message()
        chat.send_document(samples.moving_picture("GIF"), "a.gif", "image/gif", "as a file")
        await chat.wait_for_bot_message(2)

    from_app, as_file = (call.messages[-1] for call in stage.openai.chats())
    assert [(p.width, p.height) for p in from_app.images] == [(512, 288)] * 4
    assert [(p.width, p.height) for p in as_file.images] == [(320, 240)] * 4
    assert "an animation of 2.0 s" in as_file.text


async def test_stickers_are_seen_or_told_of(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_sticker("👍", samples.webp(512, 512))
        await chat.wait_for_bot_message()
        chat.send_sticker("🔥", samples.see_through_webm(), kind="webm")
        await chat.wait_for_bot_message(2)
        chat.send_sticker("🎉", b"\x1f\x8b", kind="tgs", thumbnail=samples.webp(128, 128))
        await chat.wait_for_bot_message(3)
        chat.send_sticker("😴", b"\x1f\x8b", kind="tgs")
        await chat.wait_for_bot_message(4)

    still, video, drawn, unseen = (call.messages[-1] for call in stage.openai.chats())
    assert len(still.images) == 1
    assert "a sticker (👍). Picture 1 shows it." in still.text
    assert [picture.colour for picture in video.images] == ["#fe8080"] * 4  # half of it white
    assert "an animated sticker (🔥)" in video.text
    assert [(p.width, p.height) for p in drawn.images] == [(128, 128)]
    assert "(🎉), of which only a still can be seen" in drawn.text
    assert unseen.images == ()
    assert "(😴), which cannot be seen here" in unseen.text


async def test_a_broken_video_gets_one_line_and_leaves_no_trace(stage: Stage) -> None:
    _, chat = stage.alice()
    film = samples.film(4.0)
    async with running(stage.config()):
        chat.send_video(film[: len(film) // 2], 4, "What is it?")
        line = await chat.wait_for_bot_message()
        chat.send_text("fine?")
        await chat.wait_for_bot_message(2)

    assert line.text.startswith("I cannot read that video")
    assert [m.text for m in stage.openai.chats()[-1].messages] == ["fine?"]
