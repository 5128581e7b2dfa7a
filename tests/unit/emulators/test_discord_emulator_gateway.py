"""The Discord emulator's gateway, driven by the real discord.py over real sockets."""

import asyncio

import aiohttp
import discord
import pytest

from tests.emulators.discord import Channel, DiscordEmulator, User, permissions
from tests.unit.emulators.discord_client import (
    WAIT_S,
    Robot,
    point_at,
    record_voice,
    running,
    wanted_intents,
)

# Identify


async def test_a_bot_that_is_ready_knows_its_servers_and_itself(
    service: DiscordEmulator, general: Channel, robot: Robot
) -> None:
    assert robot.user is not None
    assert robot.user.id == robot.application_id == service.world.bot.id
    assert [guild.name for guild in robot.guilds] == ["Guild"]
    mine = robot.guilds[0].me.guild_permissions
    assert mine.send_messages
    assert mine.value == permissions.BOT_PERMISSIONS
    assert robot.text_channel(general.id).name == "general"
    assert service.gateway.identifies[0]["shard"] == [0, 1]
    await service.wait_until(lambda: service.gateway.heartbeats)
    assert service.violations == []


async def test_each_shard_hears_of_its_own_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordEmulator("test-token", shards=2) as service:
        point_at(service, monkeypatch)
        guilds = [service.guild("Guild")]
        while {(guild.id >> 22) % 2 for guild in guilds} != {0, 1}:
            service.clock.advance(0.001)
            guilds.append(service.guild("Guild"))
        async with running(service) as robot:
            assert {guild.id for guild in robot.guilds} == {guild.id for guild in guilds}
            for session in service.gateway.connected:
                shard, count = session.shard
                told = [int(guild["id"]) for guild in session.sent[0]["d"]["guilds"]]
                assert told == [one.id for one in guilds if (one.id >> 22) % count == shard]
            assert len(service.gateway.connected) == 2


async def test_a_privileged_intent_that_the_portal_does_not_grant_ends_the_bot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with DiscordEmulator("test-token", portal_intents=0) as service:
        point_at(service, monkeypatch)
        async with Robot(wanted_intents()) as robot:
            task = asyncio.create_task(robot.start("test-token"))
            await asyncio.wait({task}, timeout=WAIT_S)
            await robot.close()
            with pytest.raises(discord.PrivilegedIntentsRequired):
                await task
        assert service.gateway.sessions == []
        assert service.violations == []


async def test_a_wrong_token_is_told_by_the_gateway(service: DiscordEmulator) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(service.gateway_url) as ws:
        assert (await ws.receive_json(timeout=WAIT_S))["op"] == 10
        await ws.send_json({"op": 2, "d": {"token": "wrong", "intents": 1}})
        assert (await ws.receive(timeout=WAIT_S)).data == 4004


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("no json", 4002),
        ('{"op": 3, "d": {}}', 4003),
        ('{"op": 2, "d": {"token": "test-token"}}', 4013),
        ('{"op": 2, "d": {"token": "test-token", "intents": 1, "shard": [1, 1]}}', 4010),
    ],
)
async def test_what_the_gateway_does_not_understand_ends_the_connection(
    service: DiscordEmulator, said: str, code: int
) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(service.gateway_url) as ws:
        await ws.receive_json(timeout=WAIT_S)
        await ws.send_str(said)
        assert (await ws.receive(timeout=WAIT_S)).data == code
    assert service.violations[0].startswith(f"gateway: {code}")


# What people write


async def test_what_people_write_edit_and_delete_is_told(
    service: DiscordEmulator, general: Channel, robot: Robot
) -> None:
    assert general.guild is not None
    bob = general.guild.members[1]
    sent = general.send("hello", sender=bob)
    heard = await robot.take_message()
    assert (heard.id, heard.content, heard.author.id) == (sent.id, "hello", bob.id)
    assert isinstance(heard.author, discord.Member)
    general.edit(sent, "hello there")
    assert (await robot.take("message_edit")).id == sent.id
    general.react(sent, "👍", sender=bob)
    reaction = await robot.take("reaction_add")
    assert (reaction.emoji, reaction.count) == ("👍", 1)
    general.delete(sent)
    assert (await robot.take("message_delete")).id == sent.id


async def test_a_mention_a_reply_and_a_voice_message_arrive_as_such(
    service: DiscordEmulator, general: Channel, robot: Robot
) -> None:
    assert robot.user is not None
    general.send("hello", mention_bot=True)
    assert (await robot.take_message()).mentions == [robot.guilds[0].me]
    mine = await robot.text_channel(general.id).send("I said")
    answer = general.bot_messages[-1]
    general.send("you said?", reply_to=answer)
    heard = await robot.take_message()
    assert heard.reference is not None
    assert heard.reference.message_id == mine.id
    assert robot.user.id in [user.id for user in heard.mentions]
    general.send_voice_message(record_voice(), 1.0)
    spoken = await robot.take_message()
    assert spoken.flags.voice
    assert spoken.attachments[0].is_voice_message()
    general.forward(answer)
    assert (await robot.take_message()).message_snapshots[0].content == "I said"


async def test_without_the_intent_only_what_concerns_the_bot_has_content(
    service: DiscordEmulator, alice: User, general: Channel
) -> None:
    async with running(service, intents=wanted_intents(content=False)) as robot:
        general.send("a secret")
        assert (await robot.take_message()).content == ""
        asked = general.send("help", mention_bot=True)
        assert (await robot.take_message()).content == asked.content
        service.dm(alice).send("between us")
        assert (await robot.take_message()).content == "between us"
        general.send("so?", reply_to=general.messages[0], mention_bot=True)
        heard = await robot.take_message()
        assert heard.reference is not None
        assert isinstance(heard.reference.resolved, discord.Message)
        assert heard.reference.resolved.content == ""


async def test_a_thread_that_people_open_is_told_with_what_is_said_there(
    service: DiscordEmulator, general: Channel, robot: Robot
) -> None:
    thread = general.thread("Plans")
    assert (await robot.take("thread_create")).id == thread.id
    thread.send("who comes?", mention_bot=True)
    await robot.take_message()  # "alice started a thread", in the channel above
    heard = await robot.take_message()
    assert isinstance(heard.channel, discord.Thread)
    assert heard.channel.name == "Plans"
    assert service.world.bot in thread.members
    thread.set_archived(archived=True)
    assert (await robot.take("raw_thread_update")).thread_id == thread.id
    thread.vanish()
    assert (await robot.take("raw_thread_delete")).thread_id == thread.id


async def test_a_bot_that_is_thrown_out_hears_so(
    service: DiscordEmulator, alice: User, robot: Robot
) -> None:
    guild = service.guild("Elsewhere", [alice])
    channel = guild.text_channel()
    assert (await robot.take("guild_join")).id == guild.id
    guild.kick_bot()
    assert (await robot.take("guild_remove")).id == guild.id
    channel.send("anybody?", mention_bot=True)
    service.dm(alice).send("hello?")
    assert (await robot.take_message()).content == "hello?"


# Connections that end


async def test_a_dropped_connection_resumes_without_loss(
    service: DiscordEmulator, general: Channel, robot: Robot
) -> None:
    general.send("before")
    await robot.take_message()
    service.gateway.hold()
    service.gateway.drop()
    for number in range(3):
        general.send(f"meanwhile {number}")
    service.gateway.release()
    heard = [await robot.take_message() for _ in range(3)]
    assert [message.content for message in heard] == [f"meanwhile {n}" for n in range(3)]
    await robot.take("resumed")
    assert (len(service.gateway.identifies), len(service.gateway.resumes)) == (1, 1)
    general.send("after")
    assert (await robot.take_message()).content == "after"
    assert service.violations == []


async def test_op_7_makes_the_bot_reconnect_and_resume(
    service: DiscordEmulator, general: Channel, robot: Robot
) -> None:
    service.gateway.ask_to_reconnect()
    await robot.take("resumed")
    general.send("still here?")
    assert (await robot.take_message()).content == "still here?"
    assert len(service.gateway.identifies) == 1


@pytest.mark.parametrize("is_resumable", [True, False])
async def test_an_invalid_session_is_resumed_or_begun_anew(
    service: DiscordEmulator, general: Channel, robot: Robot, is_resumable: bool
) -> None:
    await robot.take("ready")
    service.gateway.invalidate(is_resumable=is_resumable)
    await robot.take("resumed" if is_resumable else "ready")
    assert len(service.gateway.identifies) == (1 if is_resumable else 2)
    general.send("hello again")
    assert (await robot.take_message()).content == "hello again"


async def test_what_a_forgotten_session_missed_is_lost(
    service: DiscordEmulator, general: Channel, robot: Robot
) -> None:
    await robot.take("ready")
    service.gateway.hold()
    service.gateway.drop()
    general.send("lost")
    service.gateway.forget_sessions()
    service.gateway.release()
    await robot.take("ready")
    general.send("found")
    assert (await robot.take_message()).content == "found"


async def test_while_the_gateway_is_shut_no_connection_is_made(
    service: DiscordEmulator, general: Channel
) -> None:
    service.gateway.is_open = False
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(service.gateway_url)


async def test_a_new_process_finds_the_world_as_the_dead_one_left_it(
    service: DiscordEmulator, general: Channel
) -> None:
    async with running(service) as before:
        await before.text_channel(general.id).send("I was here")
    general.send("while it was dead")
    async with running(service) as after:
        channel = after.text_channel(general.id)
        said = [message.content async for message in channel.history(oldest_first=True)]
        assert said == ["I was here", "while it was dead"]
        assert len(service.gateway.sessions) == 1
    assert service.gateway.sessions == []


async def test_events_come_in_the_order_in_which_people_acted(
    service: DiscordEmulator, alice: User, general: Channel, robot: Robot
) -> None:
    chat = service.dm(alice)
    for number in range(20):
        (general if number % 2 else chat).send(f"{number}")
    async with asyncio.timeout(WAIT_S):
        heard = [(await robot.take_message()).content for _ in range(20)]
    assert heard == [f"{number}" for number in range(20)]
