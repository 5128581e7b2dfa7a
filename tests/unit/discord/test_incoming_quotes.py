"""What a Discord message is about: the message that it replies to, what it forwards."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.discord.incoming import read_quoted
from handlers.messages import Attachment, AttachmentKind, IncomingMessage, Quoted
from tests.emulators.discord import Message, Upload
from tests.samples import png
from tests.unit.discord.ear import POLL, STICKER, Scene, listening, read

LINK = {"type": "article", "title": "A page", "description": "that somebody links to"}
BOX = {
    "type": "rich",
    "title": "Build 7",
    "description": "It \ud800broke.",
    "fields": [{"name": "Stage", "value": "tests", "inline": True}],
}


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    async with listening(monkeypatch) as scene:
        yield scene


def ref_of(scene: Scene, message: Message, number: int = 0, *, by: Message | None = None) -> str:
    """Of a file of ``message``, which hangs on ``by`` if that forwards it."""
    file, holder = message.files[number], by or message
    return f"{scene.service.root_url}{file.path} {holder.channel.id}/{holder.id}/{file.id}"


async def reply_to(scene: Scene, message: Message) -> IncomingMessage:
    await scene.ear.message()
    scene.general.send("why?", reply_to=message, mention_bot=True)
    return await scene.hear()


# ---------------------------------------------------------------- replies


async def test_a_reply_brings_the_message_that_it_is_to(scene: Scene) -> None:
    said = scene.general.send(f"42, {scene.alice.mention}", sender=scene.bob)
    heard = await reply_to(scene, said)
    assert heard.text == "why?"
    assert heard.quoted == Quoted(str(said.id), "Bob", "42, @Alice")


async def test_a_reply_to_the_bot_says_so(scene: Scene) -> None:
    heard = await reply_to(scene, scene.general.send("42", sender=scene.us))
    assert heard.quoted is not None
    assert heard.quoted.is_from_bot


async def test_a_reply_brings_pictures_and_voice(scene: Scene) -> None:
    cat = png()
    shown = scene.general.send(sender=scene.bob, attachments=[Upload("cat.png", cat)])
    heard = await reply_to(scene, shown)
    assert heard.quoted is not None
    assert heard.quoted.attachments == (
        Attachment(
            AttachmentKind.PHOTO,
            ref_of(scene, shown),
            mime="image/png",
            name="cat.png",
            size_bytes=len(cat),
        ),
    )
    spoken = scene.general.send_voice_message(b"OggS", 2.5, sender=scene.bob)
    heard = await reply_to(scene, spoken)
    assert heard.quoted is not None
    assert heard.quoted.attachments == (
        Attachment(
            AttachmentKind.VOICE,
            ref_of(scene, spoken),
            mime="audio/ogg",
            name="voice-message.ogg",
            size_bytes=4,
            duration_s=2.5,
        ),
    )


async def test_a_reply_to_a_message_that_is_gone_quotes_nothing(scene: Scene) -> None:
    said = scene.general.send("42", sender=scene.bob)
    reply = scene.general.send("why?", reply_to=said, mention_bot=True)
    scene.general.delete(said)
    heard = read(scene.build(reply))
    assert heard is not None
    assert (heard.text, heard.quoted) == ("why?", None)


async def test_a_reply_to_what_holds_nothing_to_read_quotes_nothing(scene: Scene) -> None:
    heard = await reply_to(scene, scene.general.send("", sender=scene.bob))
    assert heard.quoted is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"sticker_items": [STICKER]}, "a sticker (Wave)"), ({"poll": POLL}, "a poll")],
)
async def test_a_sticker_and_what_cannot_be_read_are_quoted_by_their_kind(
    scene: Scene, changes: dict[str, Any], words: str
) -> None:
    quoted = read_quoted(scene.build(scene.general.send(""), **changes))
    assert [one.about or one.name for one in quoted.attachments] == [words]


async def test_the_box_of_an_app_is_quoted(scene: Scene) -> None:
    message = scene.build(scene.general.send(""), embeds=[BOX, LINK])
    assert read_quoted(message).text == "Build 7\nIt \ufffdbroke.\nStage: tests"


async def test_the_preview_of_a_link_is_not_what_anybody_said(scene: Scene) -> None:
    link = "https://example.com/a"
    assert read_quoted(scene.build(scene.general.send(link), embeds=[LINK])).text == link
    assert read_quoted(scene.build(scene.general.send(""), embeds=[LINK])).text == ""


async def test_what_an_app_said_through_a_webhook_can_be_quoted(scene: Scene) -> None:
    hook = {"id": "5", "username": "News", "avatar": None, "discriminator": "0000", "bot": True}
    message = scene.build(scene.general.send("Rain."), webhook_id="5", author=hook)
    assert read_quoted(message) == Quoted(str(message.id), "News", "Rain.")


# ---------------------------------------------------------------- forwards


async def forwarded(scene: Scene, message: Message, **how: Any) -> tuple[Message, IncomingMessage]:
    await scene.ear.message()
    forward = scene.direct.forward(message)
    return forward, await scene.hear(**how)


async def test_a_mere_forward_is_the_question_itself(scene: Scene) -> None:
    said = scene.general.send(
        f"{scene.us.mention} Is this a cat, {scene.alice.mention}? <:a:1>",
        sender=scene.bob,
        attachments=[Upload("cat.png", png())],
    )
    forward, heard = await forwarded(scene, said)
    assert heard.text == "Is this a cat, @unknown-user? :a:"
    assert [one.ref for one in heard.attachments] == [ref_of(scene, said, by=forward)]
    assert (heard.quoted, heard.command) == (None, "")


async def test_a_forwarded_voice_message_is_the_question_itself(scene: Scene) -> None:
    _, heard = await forwarded(scene, scene.general.send_voice_message(b"OggS", 2.5))
    assert [(one.kind, one.duration_s) for one in heard.attachments] == [
        (AttachmentKind.VOICE, 2.5)
    ]


async def test_a_forward_with_a_question_is_quoted(scene: Scene) -> None:
    said = scene.general.send("42", attachments=[Upload("cat.png", png())])
    forward = scene.direct.forward(said)
    heard = read(scene.build(forward, content="/ask why?"))
    assert heard is not None
    assert (heard.text, heard.command, heard.attachments) == ("why?", "ask", ())
    assert heard.quoted is not None
    assert (heard.quoted.author, heard.quoted.text) == ("a forwarded message", "42")
    assert [one.ref for one in heard.quoted.attachments] == [ref_of(scene, said, by=forward)]


async def test_a_forwarded_command_is_not_carried_out(scene: Scene) -> None:
    _, heard = await forwarded(scene, scene.general.send("/new"))
    assert (heard.text, heard.command) == ("/new", "")


async def test_a_forwarded_mention_does_not_address_the_bot(scene: Scene) -> None:
    scene.general.forward(scene.general.send("hello", mention_bot=True))
    await scene.ear.message()
    message = await scene.ear.message()
    assert read(message) is None
    heard = read(message, is_followed=True)
    assert heard is not None
    assert heard.text == "hello"


@pytest.mark.parametrize(
    ("changes", "text", "names"),
    [
        ({"embeds": [BOX]}, "Build 7\nIt \ufffdbroke.\nStage: tests", []),
        ({"sticker_items": [STICKER]}, "", ["a sticker (Wave)"]),
        ({}, "", ["a message of this kind"]),
    ],
)
async def test_a_forward_without_words_is_what_there_is_of_it(
    scene: Scene, changes: dict[str, Any], text: str, names: list[str]
) -> None:
    raw = scene.direct.forward(scene.general.send("")).raw
    raw["message_snapshots"][0]["message"] |= changes
    heard = read(scene.bot.build_message(raw))
    assert heard is not None
    assert (heard.text, [one.about or one.name for one in heard.attachments]) == (
        text,
        names,
    )


async def test_a_reply_to_a_forward_quotes_what_was_forwarded(scene: Scene) -> None:
    said = scene.direct.send("42", attachments=[Upload("cat.png", png())])
    await scene.ear.message()
    forward = scene.general.forward(said, sender=scene.bob)
    heard = await reply_to(scene, forward)
    assert heard.quoted is not None
    assert (heard.quoted.author, heard.quoted.text) == ("Bob", "42")
    assert [one.ref for one in heard.quoted.attachments] == [ref_of(scene, said, by=forward)]
