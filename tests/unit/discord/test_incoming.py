"""Whom a Discord message is for, who sent it, and where."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import discord
import pytest
import structlog

from bot.discord.incoming import MessageReader
from handlers.messages import AttachmentKind, ChatKey, IncomingMessage, Origin, Sender
from tests.emulators.discord import Message
from tests.unit.discord.ear import POLL, Scene, listening, read


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    async with listening(monkeypatch) as scene:
        yield scene


@pytest.fixture
async def kept_out(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """Without the message content intent."""
    async with listening(monkeypatch, may_read=False) as scene:
        yield scene


def sent_at(message: Message) -> float:
    return discord.utils.snowflake_time(message.id).timestamp()


# ---------------------------------------------------------------- who, where, when


async def test_a_direct_message_is_read_whole(scene: Scene) -> None:
    said = scene.direct.send("hello")
    assert await scene.read() == IncomingMessage(
        key=f"discord:m:{said.id}",
        chat=ChatKey("discord", str(scene.direct.id)),
        sender=Sender("discord", str(scene.alice.id), "Alice"),
        message_id=str(said.id),
        text="hello",
        sent_at=sent_at(said),
    )


async def test_a_mention_in_a_server_is_read_whole(scene: Scene) -> None:
    said = scene.general.send("hello", sender=scene.bob, mention_bot=True)
    assert await scene.read() == IncomingMessage(
        key=f"discord:m:{said.id}",
        chat=ChatKey("discord", str(scene.guild.id), str(scene.general.id)),
        sender=Sender("discord", str(scene.bob.id), "Bob"),
        message_id=str(said.id),
        text="hello",
        is_group=True,
        sent_at=sent_at(said),
    )


async def test_a_thread_is_a_chat_of_its_own(scene: Scene) -> None:
    thread = scene.general.thread("Plans")
    thread.send("hello", mention_bot=True)
    await scene.read()  # says in the channel that the thread is there
    heard = await scene.hear()
    assert heard.chat == ChatKey("discord", str(scene.guild.id), str(thread.id))


async def test_a_message_of_a_server_that_is_away_is_not_taken_for_a_direct_one(
    scene: Scene,
) -> None:
    said = scene.direct.send(f"{scene.us.mention} hello")
    message = scene.build(said, channel_id="77", guild_id="66")
    heard = read(message)
    assert heard is not None
    assert (heard.chat, heard.is_group) == (ChatKey("discord", "66", "77"), True)
    assert read(scene.build(said, channel_id="77", guild_id="66", mentions=[])) is None


async def test_a_direct_message_is_known_when_it_is_asked_for(scene: Scene) -> None:
    heard = read(scene.build(scene.direct.send("hello")))
    assert heard is not None
    assert (heard.chat, heard.is_group) == (ChatKey("discord", str(scene.direct.id)), False)


@pytest.mark.parametrize(("is_named", "is_heard"), [(True, True), (False, False)])
async def test_in_a_group_chat_the_bot_must_be_named(
    scene: Scene, *, is_named: bool, is_heard: bool
) -> None:
    said = scene.direct.send("hello", mention_bot=is_named)
    assert scene.bot.user is not None
    state = scene.bot._connection
    raw: Any = {"id": scene.direct.id, "type": 3, "recipients": []}
    group = discord.GroupChannel(me=scene.bot.user, state=state, data=raw)
    heard = read(discord.Message(state=state, channel=group, data=said.raw))  # type: ignore[arg-type]  # Discord's JSON
    assert (heard is not None) is is_heard
    if heard is not None:
        assert (heard.chat, heard.is_group) == (ChatKey("discord", str(scene.direct.id)), True)


# ---------------------------------------------------------------- whom it is for


@pytest.mark.parametrize(
    ("text", "is_heard"),
    [
        ("{us} hello", True),
        ("hello {us}", True),
        ("<@!{us_id}> hello", True),
        ("<@&{role}> hello", True),
        ("hello", False),
        ("/ask hello", False),
        ("@everyone hello", False),
        ("@here hello", False),
        ("{bob} hello", False),
        ("<@&{other_role}> hello", False),
        ("how do I write `{us}`?", False),
    ],
)
async def test_in_a_server_the_bot_must_be_named(
    scene: Scene, text: str, *, is_heard: bool
) -> None:
    words = text.format(
        us=scene.us.mention,
        us_id=scene.us.id,
        bob=scene.bob.mention,
        role=scene.guild.bot_role_id,
        other_role=scene.guild.add_role("Cooks"),
    )
    scene.general.send(words)
    message = await scene.ear.message()
    assert (read(message) is not None) is is_heard
    assert MessageReader().is_addressed_by_name(message) is is_heard
    assert read(message, is_followed=True) is not None


@pytest.mark.parametrize("is_ping", [True, False])
async def test_a_reply_to_the_bot_is_for_it(scene: Scene, *, is_ping: bool) -> None:
    answer = scene.general.send("42", sender=scene.us)
    scene.general.send("why?", reply_to=answer, is_ping=is_ping)
    await scene.ear.message()
    message = await scene.ear.message()
    heard = read(message)
    assert heard is not None
    assert heard.text == "why?"
    assert MessageReader().is_addressed_by_name(message)


async def test_a_reply_to_somebody_else_is_not_for_the_bot(scene: Scene) -> None:
    scene.general.send("why?", reply_to=scene.general.send("42", sender=scene.bob))
    assert [await scene.read(), await scene.read()] == [None, None]


async def test_a_thread_that_the_bot_opened_is_for_it(scene: Scene) -> None:
    thread = scene.general.thread("Plans", sender=scene.us)
    thread.send("hello", sender=scene.bob)
    assert await scene.read() is None  # says in the channel that the thread is there
    message = await scene.ear.message()
    heard = read(message)
    assert heard is not None
    assert heard.text == "hello"
    assert not MessageReader().is_addressed_by_name(message)


async def test_a_thread_of_somebody_else_is_not_for_the_bot(scene: Scene) -> None:
    thread = scene.general.thread("Plans", sender=scene.alice)
    thread.send("hello")
    assert [await scene.read(), await scene.read()] == [None, None]


async def test_how_a_thread_begins_is_no_message(scene: Scene) -> None:
    question = scene.general.send("hello")
    scene.general.thread("On it", question, sender=scene.alice)
    scene.general.thread("Apart", sender=scene.alice)
    kinds = [await scene.ear.message() for _ in range(3)]
    assert [message.type.name for message in kinds] == [
        "default",
        "thread_starter_message",
        "thread_created",
    ]
    assert [read(message, is_followed=True) is None for message in kinds] == [False, True, True]


@pytest.mark.parametrize(
    "changes",
    [
        {"author": {"id": "5", "username": "other", "discriminator": "0", "bot": True}},
        {"author": {"id": "5", "username": "Discord", "discriminator": "0", "system": True}},
        {"webhook_id": "5"},
        {"type": 7},  # somebody joined the server
        {"type": 20},  # an app's answer to a command
        {"type": 4321},  # not known yet
    ],
)
@pytest.mark.parametrize("is_direct", [True, False])
async def test_what_no_person_wrote_is_not_answered(
    scene: Scene, changes: dict[str, Any], *, is_direct: bool
) -> None:
    channel = scene.direct if is_direct else scene.general
    said = channel.send("hello", mention_bot=True)
    base = {"avatar": None, "global_name": None}
    if "author" in changes:
        changes = {"author": changes["author"] | base}
    message = scene.build(said, **changes)
    assert read(message, is_followed=True) is None
    assert not MessageReader().is_addressed_by_name(message)


async def test_the_bot_does_not_answer_itself(scene: Scene) -> None:
    scene.direct.send("42", sender=scene.us)
    assert await scene.read(is_followed=True) is None


# ---------------------------------------------------------------- nothing to read


@pytest.mark.parametrize("text", ["{us}", "<@&{role}>", "  {us}"])
async def test_a_mere_mention_has_no_text(scene: Scene, text: str) -> None:
    scene.general.send(text.format(us=scene.us.mention, role=scene.guild.bot_role_id))
    heard = await scene.hear()
    assert (heard.text.strip(), heard.command, heard.attachments) == ("", "", ())


async def test_a_direct_message_of_an_unknown_kind_is_told_apart_from_silence(
    scene: Scene,
) -> None:
    scene.direct.send("")
    heard = await scene.hear()
    assert [(one.kind, one.name) for one in heard.attachments] == [
        (AttachmentKind.OTHER, "a message of this kind")
    ]


async def test_words_that_are_withheld_are_not_guessed_at(kept_out: Scene) -> None:
    answer = kept_out.general.send("42", sender=kept_out.us)
    kept_out.general.send("hello")
    kept_out.general.send("why?", reply_to=answer, is_ping=False)
    for _ in range(3):
        assert await kept_out.read(is_followed=True) is None


async def test_without_the_intent_mentions_and_direct_messages_are_read(kept_out: Scene) -> None:
    kept_out.general.send("here", mention_bot=True)
    assert (await kept_out.hear()).text == "here"
    kept_out.direct.send("there")
    assert (await kept_out.hear()).text == "there"


async def test_a_message_that_is_not_as_documented_is_no_message(scene: Scene) -> None:
    raw = scene.direct.send("hello").raw
    del raw["author"]
    with structlog.testing.capture_logs() as logs:
        assert read(scene.bot.build_message(raw)) is None
    assert [(line["event"], line["error"]) for line in logs] == [
        ("message is malformed", "AttributeError")
    ]


# ---------------------------------------------------------------- edits


async def read_edit(scene: Scene) -> IncomingMessage | None:
    return MessageReader().read_edit(await scene.ear.edit(), is_followed=False)


async def test_an_edit_has_a_key_of_its_own(scene: Scene) -> None:
    said = scene.general.send("helo", mention_bot=True)
    first = await scene.hear()
    scene.general.edit(said, f"{scene.us.mention} hello")
    heard = await read_edit(scene)
    assert heard is not None
    told = datetime.fromisoformat(said.raw["edited_timestamp"])
    edited_ms = (told - datetime.fromtimestamp(0, UTC)).total_seconds() * 1000
    assert heard.key == f"discord:m:{said.id}:{int(edited_ms)}"
    assert (heard.origin, heard.text, heard.message_id) == (Origin.EDIT, "hello", str(said.id))
    assert (heard.sent_at, heard.chat) == (first.sent_at, first.chat)


async def test_an_edit_that_names_the_bot_at_last_is_for_it(scene: Scene) -> None:
    said = scene.general.send("hello")
    assert await scene.read() is None
    scene.general.edit(said, f"hello {scene.us.mention}")
    heard = await read_edit(scene)
    assert heard is not None
    assert heard.text == "hello"


async def test_an_edit_that_is_not_for_the_bot_is_left_alone(scene: Scene) -> None:
    scene.general.edit(scene.general.send("helo"), "hello")
    assert await read_edit(scene) is None


async def test_a_thread_on_a_message_is_no_edit_of_it(scene: Scene) -> None:
    said = scene.general.send("hello", mention_bot=True)
    scene.general.thread("On it", said)
    assert await read_edit(scene) is None


async def test_what_is_told_of_an_edited_message_later_has_the_key_of_the_edit(
    scene: Scene,
) -> None:
    said = scene.general.send("helo", mention_bot=True)
    scene.general.edit(said, f"{scene.us.mention} hello")
    edit = await read_edit(scene)
    scene.general.thread("On it", said)
    again = await read_edit(scene)
    assert edit is not None
    assert again == edit


async def test_a_poll_that_closes_asks_nothing_anew(scene: Scene) -> None:
    said = scene.direct.send("")
    message = scene.build(said, poll=POLL, edited_timestamp="2026-11-21T10:00:00+00:00")
    assert MessageReader().read_edit(message, is_followed=True) is None


# ---------------------------------------------------------------- replies without their message


async def test_a_message_that_was_not_sent_along_is_named_and_taken_when_found(
    scene: Scene,
) -> None:
    answer = scene.general.send("42", sender=scene.us)
    reply = scene.general.send("why?", reply_to=answer, is_ping=False)
    raw = reply.raw | {"guild_id": str(scene.guild.id)}
    del raw["referenced_message"]
    message = scene.bot.build_message(raw)
    reader = MessageReader()
    assert reader.missing_reference(message) == (scene.general.id, answer.id)
    assert read(message) is None
    found = scene.build(answer)
    assert reader.is_addressed_by_name(message, referenced=found)
    heard = read(message, referenced=found)
    assert heard is not None
    assert heard.quoted is not None
    assert (heard.quoted.text, heard.quoted.is_from_bot) == ("42", True)


async def test_nothing_is_missing_where_nothing_was_replied_to(scene: Scene) -> None:
    original = scene.general.send("42", sender=scene.us)
    gone = scene.general.send("gone", sender=scene.us)
    scene.general.delete(gone)
    reader = MessageReader()
    complete = scene.general.send("why?", reply_to=original)
    forward = scene.general.forward(original)
    late = scene.general.send("what?", reply_to=gone)
    by_us = scene.general.send("so", sender=scene.us, reply_to=original).raw
    del by_us["referenced_message"]
    for message in (original, complete, forward, late):
        assert reader.missing_reference(scene.build(message)) is None
    assert reader.missing_reference(scene.bot.build_message(by_us)) is None
