"""The Discord emulator's REST, driven by the real discord.py over real sockets."""

import asyncio
import io
import json
import re
import signal
import sys
from typing import Any

import aiohttp
import discord
import pytest
from PIL import Image

from tests.emulators.discord import (
    AcceptThenDrop,
    Channel,
    DiscordEmulator,
    Drop,
    Fail,
    Gate,
    Hang,
    Pace,
    RateLimited,
    Upload,
    User,
    permissions,
)
from tests.emulators.discord_specs import load_discord_spec
from tests.unit.emulators.discord_client import (
    Robot,
    VoiceFile,
    point_at,
    record_voice,
    send_voice,
    wanted_intents,
)

needs_spec = pytest.mark.skipif(load_discord_spec() is None, reason="no folder of specs")


@pytest.fixture
def here(robot: Robot, general: Channel) -> discord.TextChannel:
    return robot.text_channel(general.id)


def refused(code: int, said: str = "", status: int | None = None) -> Any:
    """discord.py's error for a refusal with this code, that says this."""

    def is_it(error: discord.HTTPException) -> bool:
        is_status = status is None or error.status == status
        return error.code == code and is_status and said in str(error)

    return pytest.raises(discord.HTTPException, check=is_it)


# Sending and reading


async def test_what_the_bot_sends_shows_in_the_channel(
    service: DiscordEmulator, general: Channel, here: discord.TextChannel
) -> None:
    sent = await here.send("hello")
    shown = await general.wait_for_bot_message()
    assert (shown.id, shown.content, shown.is_bot) == (sent.id, "hello", True)
    assert sent.created_at == discord.utils.snowflake_time(sent.id)
    assert service.violations == []


async def test_an_edit_keeps_the_former_text_in_the_history(
    service: DiscordEmulator, general: Channel, here: discord.TextChannel
) -> None:
    sent = await here.send("one")
    await sent.edit(content="two")
    (shown,) = general.bot_messages
    assert [revision.content for revision in shown.history] == ["one", "two"]
    assert shown.history[0].time_s < shown.history[1].time_s
    assert (await here.fetch_message(sent.id)).edited_at is not None


async def test_a_deleted_message_is_gone_but_remembered(
    service: DiscordEmulator, general: Channel, here: discord.TextChannel
) -> None:
    sent = await here.send("oops")
    await sent.delete()
    assert general.messages == []
    assert [message.content for message in general.deleted_messages] == ["oops"]
    with refused(10008, status=404):
        await sent.edit(content="back")
    assert service.violations == []
    assert [call.name for call in service.refused_calls] == ["update_message"]


async def test_history_is_read_from_either_end(general: Channel, here: discord.TextChannel) -> None:
    said = [general.send(f"{number}") for number in range(5)]

    async def read(**where: Any) -> list[str]:
        return [message.content async for message in here.history(**where)]

    assert await read(limit=2) == ["4", "3"]
    assert await read(after=discord.Object(said[1].id), limit=2) == ["2", "3"]
    assert await read(before=discord.Object(said[2].id), limit=1) == ["1"]
    assert sorted(await read(around=discord.Object(said[2].id), limit=3)) == ["1", "2", "3"]


async def test_history_after_a_time_leaves_out_what_is_older(
    service: DiscordEmulator, general: Channel, here: discord.TextChannel
) -> None:
    old = general.send("yesterday")
    service.clock.advance(86_400)
    new = general.send("today")
    middle = discord.utils.snowflake_time((old.id + new.id) // 2)
    assert [message.id async for message in here.history(after=middle)] == [new.id]


async def test_a_reply_brings_the_message_it_answers(
    service: DiscordEmulator, alice: User, general: Channel, robot: Robot
) -> None:
    question = general.send("why?", sender=alice)
    message = await robot.take_message()
    answer = await message.reply("because")
    (shown,) = general.bot_messages
    assert shown.reply_to == question.id
    assert shown.pings.users == {alice.id}
    fetched = await message.channel.fetch_message(answer.id)
    assert fetched.reference is not None
    assert isinstance(fetched.reference.resolved, discord.Message)
    assert fetched.reference.resolved.content == "why?"


async def test_a_reply_to_a_deleted_message_is_refused(
    service: DiscordEmulator, general: Channel, robot: Robot
) -> None:
    question = general.send("why?")
    message = await robot.take_message()
    general.delete(question)
    with refused(50035, "Unknown message"):
        await message.reply("because")
    assert service.violations == []


# Limits


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [("x" * 2001, 50035, "2000 or fewer"), ("", 50006, "empty message"), (" \n", 50006, "empty")],
)
async def test_a_text_that_is_too_long_or_empty_is_refused(
    service: DiscordEmulator, here: discord.TextChannel, content: str, code: int, said: str
) -> None:
    with refused(code, said, 400):
        await here.send(content)
    assert len(service.violations) == 1
    assert (await here.send("x" * 2000)).content == "x" * 2000


async def test_a_text_that_an_edit_makes_too_long_or_empty_is_refused(
    service: DiscordEmulator, general: Channel, here: discord.TextChannel
) -> None:
    sent = await here.send("fine")
    with refused(50035, "2000 or fewer"):
        await sent.edit(content="x" * 2001)
    with refused(50006):
        await sent.edit(content=None)
    assert [revision.content for revision in general.bot_messages[0].history] == ["fine"]


async def test_unknown_places_and_missing_rights_have_their_codes(
    service: DiscordEmulator, alice: User, general: Channel, here: discord.TextChannel, robot: Robot
) -> None:
    elsewhere = service.guild("Elsewhere", [alice], has_bot=False).text_channel()
    with refused(50001, status=403):
        await robot.fetch_channel(elsewhere.id)
    general.allow_bot(permissions.VIEW_CHANNEL | permissions.READ_MESSAGE_HISTORY)
    with refused(50013, status=403):
        await here.send("hello")
    general.allow_bot(0)
    with refused(50001, status=403):
        await here.send("hello")
    general.vanish()
    with refused(10003, status=404):
        await here.send("hello")
    assert service.violations == []


async def test_another_persons_message_cannot_be_edited(
    service: DiscordEmulator, general: Channel, robot: Robot
) -> None:
    general.send("mine")
    message = await robot.take_message()
    with refused(50005, status=403):
        await message.edit(content="yours")
    with refused(50013, status=403):
        await message.delete()


async def test_a_wrong_token_is_refused(
    service: DiscordEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Robot(wanted_intents()) as robot:
        with pytest.raises(discord.LoginFailure):
            await robot.login("wrong")


@needs_spec
async def test_a_body_that_the_description_does_not_know_is_a_violation(
    service: DiscordEmulator, general: Channel, robot: Robot
) -> None:
    route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=general.id)
    with refused(50035, "create_message"):
        await robot.http.request(route, json={"content": ["a", "list"]})
    assert "create_message" in service.violations[0]


async def test_an_operation_that_is_not_served_is_a_violation(
    service: DiscordEmulator, robot: Robot
) -> None:
    with pytest.raises(discord.NotFound):
        await robot.http.request(discord.http.Route("GET", "/nowhere"))
    assert service.violations == ["GET /api/v10/nowhere: 404 0 404: Not Found"]


# Nonces


async def test_the_same_nonce_makes_no_second_message(
    service: DiscordEmulator, general: Channel, here: discord.TextChannel
) -> None:
    first = await here.send("once", nonce="turn-7")
    again = await here.send("once", nonce="turn-7")
    assert again.id == first.id
    assert [message.nonce for message in general.bot_messages] == ["turn-7"]
    await here.send("once", nonce="turn-8")
    service.clock.advance(600)
    late = await here.send("once", nonce="turn-7")
    assert len(general.bot_messages) == 3
    assert late.id != first.id


# Files and voice


async def test_files_arrive_with_their_bytes_and_can_be_downloaded(
    service: DiscordEmulator, general: Channel, here: discord.TextChannel
) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (30, 20)).save(drawn, "PNG")
    files = [discord.File(io.BytesIO(drawn.getvalue()), "dot.png")]
    sent = await here.send("look", files=[*files, discord.File(io.BytesIO(b"text"), "a.txt")])
    (shown,) = general.bot_messages
    assert [(file.name, len(file.content)) for file in shown.files] == [
        ("dot.png", len(drawn.getvalue())),
        ("a.txt", 4),
    ]
    picture = sent.attachments[0]
    assert (picture.width, picture.height, picture.content_type) == (30, 20, "image/png")
    assert await picture.read() == drawn.getvalue()
    await sent.edit(attachments=[sent.attachments[1]])
    assert [file.name for file in shown.files] == ["a.txt"]
    assert service.violations == []


async def test_a_persons_file_shows_the_size_it_claims(
    service: DiscordEmulator, general: Channel, robot: Robot
) -> None:
    upload = Upload("film.mp4", b"short", "video/mp4", claimed_bytes=30 << 20)
    general.send("watch", attachments=[upload])
    (attachment,) = (await robot.take_message()).attachments
    assert (attachment.size, attachment.content_type) == (30 << 20, "video/mp4")
    assert service.calls_of("file") == []


async def test_a_file_over_the_limit_of_the_server_is_refused(
    service: DiscordEmulator, alice: User, here: discord.TextChannel, robot: Robot
) -> None:
    with refused(40005, status=413):
        await here.send(file=discord.File(io.BytesIO(bytes((10 << 20) + 1)), "big.bin"))
    boosted = service.guild("Boosted", [alice], filesize_limit=50 << 20)
    channel = boosted.text_channel()
    guild = await robot.take("guild_join")
    assert guild.filesize_limit == 50 << 20
    await robot.take("guild_channel_create")
    roomy = robot.text_channel(channel.id)
    await roomy.send(file=discord.File(io.BytesIO(bytes((10 << 20) + 1)), "big.bin"))
    assert len(channel.bot_messages[0].files[0].content) == (10 << 20) + 1


async def test_a_native_voice_message_is_shown_as_one(
    service: DiscordEmulator, general: Channel, robot: Robot
) -> None:
    ogg = record_voice()
    raw = await send_voice(robot, general.id, VoiceFile(ogg))
    (shown,) = general.bot_messages
    assert shown.is_voice
    assert shown.files[0].content == ogg
    assert raw["attachments"][0]["duration_secs"] == 1.0
    with refused(50162):
        await general_message(robot, general, shown.id).edit(content="heard?")
    assert service.violations == [
        "update_message: 400 50162 Voice messages cannot be edited.",
    ]


def general_message(robot: Robot, channel: Channel, message_id: int) -> discord.PartialMessage:
    return robot.text_channel(channel.id).get_partial_message(message_id)


@pytest.mark.parametrize(
    ("code", "said", "file", "content"),
    [
        (50159, "additional content", VoiceFile(record_voice()), "listen"),
        (50160, "single audio", VoiceFile(b"ID3 no opus"), None),
        (50160, "OpusHead", VoiceFile(record_voice(codec="libvorbis")), None),
        (50161, "metadata", discord.File(io.BytesIO(record_voice()), "v.ogg"), None),
        (50161, "257 bytes", VoiceFile(record_voice(), waveform=bytes(257)), None),
        (50161, "duration_secs 9", VoiceFile(record_voice(), duration_s=9), None),
    ],
)
async def test_a_voice_message_against_the_rules_is_refused(
    service: DiscordEmulator,
    general: Channel,
    robot: Robot,
    code: int,
    said: str,
    file: discord.File,
    content: str | None,
) -> None:
    with refused(code, said, 400):
        await send_voice(robot, general.id, file, content)
    assert general.bot_messages == []


async def test_voice_messages_may_be_forbidden_in_a_channel(
    service: DiscordEmulator, general: Channel, robot: Robot
) -> None:
    general.allow_bot(permissions.BOT_PERMISSIONS & ~permissions.SEND_VOICE_MESSAGES)
    with refused(50173, status=403):
        await send_voice(robot, general.id, VoiceFile(record_voice()))
    assert service.violations == []


# Mentions


@pytest.mark.parametrize(
    ("allowed", "is_everyone", "is_bob"),
    [
        (None, True, True),
        (discord.AllowedMentions.none(), False, False),
        (discord.AllowedMentions(everyone=False, users=True, roles=False), False, True),
    ],
)
async def test_who_is_notified_depends_on_allowed_mentions(
    service: DiscordEmulator,
    general: Channel,
    here: discord.TextChannel,
    allowed: discord.AllowedMentions | None,
    is_everyone: bool,
    is_bob: bool,
) -> None:
    assert general.guild is not None
    bob = general.guild.members[1]
    text = f"@everyone and {bob.mention}"
    if allowed is None:
        await here.send(text)
    else:
        await here.send(text, allowed_mentions=allowed)
    pings = general.bot_messages[0].pings
    assert pings.is_everyone is is_everyone
    assert (bob.id in pings.users) is is_bob
    assert len(service.pings) == int(is_everyone or is_bob)


async def test_a_mention_inside_code_notifies_nobody(
    service: DiscordEmulator, here: discord.TextChannel
) -> None:
    await here.send("```\n@everyone\n``` and `@here`")
    assert service.pings == []


# Components


def view_with(*buttons: discord.ui.Button[Any]) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(button)
    return view


async def test_buttons_are_shown_by_their_labels(
    general: Channel, here: discord.TextChannel
) -> None:
    stop = discord.ui.Button[Any](label="Stop", custom_id="stop:1")
    retry = discord.ui.Button[Any](label="Retry", custom_id="retry:1", row=1)
    await here.send("…", view=view_with(stop, retry))
    assert general.bot_messages[0].buttons == [["Stop"], ["Retry"]]


@pytest.mark.parametrize(
    ("buttons", "said"),
    [
        ([{"custom_id": "a" * 101, "label": "x"}], "components"),
        ([{"custom_id": "a", "label": "x" * 81}], "components"),
        ([{"custom_id": "a", "label": "x"}, {"custom_id": "a", "label": "y"}], "duplicated"),
        ([{"custom_id": "a"}], "label or emoji"),
        ([{"label": "x"}], "required"),
        ([{"custom_id": f"{n}", "label": "x"} for n in range(6)], "components"),
    ],
)
async def test_buttons_against_the_rules_are_refused(
    service: DiscordEmulator,
    general: Channel,
    robot: Robot,
    buttons: list[dict[str, Any]],
    said: str,
) -> None:
    row = {"type": 1, "components": [{"type": 2, "style": 1} | button for button in buttons]}
    route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=general.id)
    with refused(50035, said):
        await robot.http.request(route, json={"content": "x", "components": [row]})
    assert len(service.violations) == 1


# Typing, reactions, threads, direct chats


async def test_typing_is_noted_with_its_time(general: Channel, here: discord.TextChannel) -> None:
    async with here.typing():
        await general.wait_for_typing()
    assert general.typing[0].channel_id == general.id


async def test_reactions_are_shown_and_taken_back(
    service: DiscordEmulator, general: Channel, here: discord.TextChannel, robot: Robot
) -> None:
    asked = general.send("good?")
    message = await robot.take_message()
    await message.add_reaction("👍")
    assert list(asked.reactions) == ["👍"]
    assert robot.user is not None
    await message.remove_reaction("👍", robot.user)
    assert asked.reactions == {}
    with refused(10014):
        await message.add_reaction("nonsense")


async def test_the_bot_opens_a_thread_on_a_message(
    service: DiscordEmulator, general: Channel, robot: Robot
) -> None:
    asked = general.send("long story")
    message = await robot.take_message()
    opened = await message.create_thread(name="Story")
    assert opened.id == asked.id
    thread = service.channel(opened.id)
    await opened.send("once upon a time")
    assert (await thread.wait_for_bot_message(contains="once")).content == "once upon a time"
    thread.send("and then?")
    heard = await robot.take_message()
    assert isinstance(heard.channel, discord.Thread)
    assert heard.channel.parent_id == general.id
    with refused(160004):
        await message.create_thread(name="Again")
    await opened.edit(archived=True)
    guild = robot.text_channel(general.id).guild
    assert await guild.active_threads() == []
    thread.send("still there?")
    assert [active.id for active in await guild.active_threads()] == [opened.id]


async def test_the_bot_opens_a_thread_of_its_own(
    service: DiscordEmulator, general: Channel, here: discord.TextChannel
) -> None:
    opened = await here.create_thread(name="Fresh", type=discord.ChannelType.public_thread)
    assert service.channel(opened.id).parent is general
    with refused(50035, "name"):
        await here.create_thread(name="x" * 101)
    general.allow_bot(permissions.VIEW_CHANNEL | permissions.SEND_MESSAGES)
    with refused(50013):
        await here.create_thread(name="No", type=discord.ChannelType.public_thread)


async def test_a_direct_chat_is_opened_and_may_be_refused(
    service: DiscordEmulator, alice: User, robot: Robot
) -> None:
    user = await robot.fetch_user(alice.id)
    await user.send("hello")
    chat = service.dm(alice)
    assert [message.content for message in chat.bot_messages] == ["hello"]
    chat.send("hi")
    heard = await robot.take_message()
    assert isinstance(heard.channel, discord.DMChannel)
    service.dm(alice, is_refused=True)
    with refused(50007, status=403):
        await heard.channel.send("still there?")
    assert service.violations == []


# Faults


async def test_a_rate_limit_is_waited_for_and_the_message_sent_once(
    service: DiscordEmulator, general: Channel, here: discord.TextChannel
) -> None:
    service.script("create_message", RateLimited(0.05), channel_id=general.id)
    await here.send("hello")
    assert [call.status for call in service.calls_of("create_message")] == [429, 200]
    assert len(general.bot_messages) == 1
    assert service.refused_calls == []


async def test_a_rate_limit_without_via_is_taken_for_a_ban(
    service: DiscordEmulator, here: discord.TextChannel
) -> None:
    service.script("create_message", RateLimited(0.05, has_via=False))
    with refused(0, status=429):
        await here.send("hello")


async def test_a_scripted_refusal_strikes_once(
    service: DiscordEmulator, general: Channel, here: discord.TextChannel
) -> None:
    service.script("create_message", Fail(403, 50013, "Missing Permissions"))
    with refused(50013, status=403):
        await here.send("hello")
    await here.send("hello")
    assert len(general.bot_messages) == 1
    assert service.refused_calls == []


async def test_a_cut_before_or_after_the_message_looks_the_same(
    service: DiscordEmulator, general: Channel, here: discord.TextChannel
) -> None:
    service.script("create_message", Drop(), AcceptThenDrop())
    with pytest.raises(aiohttp.ClientError):
        await here.send("one")
    with pytest.raises(aiohttp.ClientError):
        await here.send("two", nonce="two")
    await here.send("two", nonce="two")
    assert [message.content for message in general.bot_messages] == ["two"]


async def test_a_gate_holds_a_call_until_it_is_opened(
    service: DiscordEmulator, general: Channel, here: discord.TextChannel
) -> None:
    opened = asyncio.Event()
    service.script("create_message", Gate(opened))
    sending = asyncio.create_task(here.send("late"))
    await service.wait_until(lambda: service.calls_of("create_message"))
    assert general.bot_messages == []
    opened.set()
    await sending
    assert len(general.bot_messages) == 1


async def test_closing_ends_a_call_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordEmulator("test-token") as service:
        point_at(service, monkeypatch)
        service.script("get_my_user", Hang())
        robot = Robot(wanted_intents())
        login = asyncio.create_task(robot.login("test-token"))
        await service.wait_until(lambda: service.calls_of("get_my_user"))
    with pytest.raises((aiohttp.ClientError, discord.HTTPException)):
        await login
    await robot.close()


async def test_the_pace_is_told_in_headers_and_kept_by_discord_py(
    service: DiscordEmulator, general: Channel, here: discord.TextChannel
) -> None:
    service.pace = Pace(limit=2, span_s=0.2)
    for number in range(5):
        await here.send(f"{number}")
    assert [message.content for message in general.bot_messages] == list("01234")
    assert {call.status for call in service.calls_of("create_message")} == {200}


async def test_one_too_many_for_the_pace_draws_a_429(
    service: DiscordEmulator, general: Channel, robot: Robot
) -> None:
    service.pace = Pace(limit=1, span_s=60)
    url = f"{service.api_base_url}/channels/{general.id}/messages"
    headers = {"Authorization": "Bot test-token"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(url, json={"content": "1"}) as first:
            assert first.headers["X-RateLimit-Remaining"] == "0"
        async with session.post(url, json={"content": "2"}) as second:
            body = await second.json()
            assert (second.status, second.headers["Via"]) == (429, "1.1 google")
            assert 0 < body["retry_after"] <= 60


def test_a_fault_for_an_operation_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="no operation 'send_message'"):
        DiscordEmulator().script("send_message", Drop())


# Alone


async def test_the_command_line_prints_where_it_listens() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.emulators.discord", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        urls = json.loads(await process.stdout.readline())
        assert re.fullmatch(r"ws://127\.0\.0\.1:\d+/gateway", urls["gateway_url"])
        headers = {"Authorization": f"Bot {urls['token']}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{urls['api_base_url']}/gateway/bot") as response,
        ):
            assert (await response.json())["url"] == urls["gateway_url"]
    finally:
        process.send_signal(signal.SIGTERM)
        status = await process.wait()
    assert status == 0
