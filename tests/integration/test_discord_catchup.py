"""What was said while no session told it: read once, in order, bounded."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import structlog

from bot.discord.intake import IntakeOptions
from handlers.messages import IncomingMessage, Sender
from tests.emulators.discord import Channel, DiscordEmulator, Drop, Fail, Gate, Pass, User
from tests.emulators.discord import permissions as allowed
from tests.integration.discord_room import (
    SELDOM_S,
    House,
    Ledger,
    key_of,
    lists,
    running,
    talk_once,
)
from tests.unit.emulators.discord_client import point_at


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordEmulator]:
    async with DiscordEmulator("test-token") as emulator:
        point_at(emulator, monkeypatch)
        yield emulator
        assert emulator.violations == []


@pytest.fixture
def alice(service: DiscordEmulator) -> User:
    return service.user("alice")


@pytest.fixture
def bob(service: DiscordEmulator) -> User:
    return service.user("bob")


@pytest.fixture
def general(service: DiscordEmulator, alice: User, bob: User) -> Channel:
    return service.guild("Guild", [alice, bob]).text_channel("general")


@pytest.fixture
def dm(service: DiscordEmulator, alice: User) -> Channel:
    return service.dm(alice)


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def warnings(logs: list[structlog.typing.EventDict]) -> list[structlog.typing.EventDict]:
    return [log for log in logs if log["log_level"] == "warning"]


# While the bot was not running


async def test_what_was_said_meanwhile_is_read_once_and_in_order(
    service: DiscordEmulator, general: Channel, dm: Channel, house: House, ledger: Ledger
) -> None:
    thread = general.thread("Plans")
    await talk_once(service, ledger, general, dm, thread)
    for number in range(3):
        general.send(f"among us {number}")
        general.send(f"bot {number}", mention_bot=True)
        dm.send(f"direct {number}")
        thread.send(f"followed {number}")
    async with running(service, house, ledger):
        await house.hear(9)
        general.send("live", mention_bot=True)
        await house.hear(10)
    said = {
        channel.id: [m.text for m in house.messages if m.chat == key_of(channel)]
        for channel in (general, dm, thread)
    }
    assert said == {
        general.id: ["bot 0", "bot 1", "bot 2", "live"],
        dm.id: ["direct 0", "direct 1", "direct 2"],
        thread.id: ["followed 0", "followed 1", "followed 2"],
    }
    async with running(service, house, ledger):
        for channel in (general, dm, thread):
            channel.send("again", mention_bot=True)
        await house.hear(13)
    assert house.texts[10:] == ["again"] * 3
    assert house.twice == []


async def test_a_bot_that_knows_no_place_reads_nothing(
    service: DiscordEmulator, general: Channel, dm: Channel, house: House, ledger: Ledger
) -> None:
    general.send("before its time", mention_bot=True)
    dm.send("too early")
    async with running(service, house, ledger):
        dm.send("hello")
        assert await house.hear(1) == ["hello"]
    assert lists(service) == 0


async def test_a_thread_that_went_to_sleep_is_still_one_of_its_server(
    service: DiscordEmulator, general: Channel, house: House, ledger: Ledger
) -> None:
    thread = general.thread("Plans")
    await talk_once(service, ledger, thread)
    thread.send("before it sleeps")
    thread.set_archived(archived=True)
    async with running(service, house, ledger):
        assert await house.hear(1) == ["before it sleeps"]
    assert house.messages[0].chat == key_of(thread)
    assert house.messages[0].is_group


async def test_a_thread_in_which_the_bot_was_named_meanwhile_is_followed_from_there_on(
    service: DiscordEmulator, general: Channel, bob: User, house: House, ledger: Ledger
) -> None:
    thread = general.thread("Plans")
    house.strangers = {bob.id}
    await talk_once(service, ledger, thread)
    place = ledger.place(thread)
    assert place is not None
    await ledger.save([type(place)(place.chat, is_followed=False, seen=place.seen)])
    thread.send("not for it")
    thread.send("nor by a stranger", sender=bob, mention_bot=True)
    thread.send("nor after one")
    thread.send("join us", mention_bot=True)
    thread.send("and now?")
    async with running(service, house, ledger):
        assert await house.hear(3) == ["nor by a stranger", "join us", "and now?"]
    place = ledger.place(thread)
    assert place is not None
    assert place.is_followed


async def test_without_the_right_to_read_along_direct_messages_and_mentions_are_found(
    monkeypatch: pytest.MonkeyPatch, house: House, ledger: Ledger
) -> None:
    async with DiscordEmulator("test-token", portal_intents=0) as service:
        point_at(service, monkeypatch)
        alice = service.user("alice")
        general = service.guild("Guild", [alice]).text_channel()
        thread = general.thread("Plans")
        dm = service.dm(alice)
        await talk_once(service, ledger, general, thread, dm)
        general.send("by name", mention_bot=True)
        thread.send("withheld")
        thread.send("in the thread", mention_bot=True)
        dm.send("direct")
        async with running(service, house, ledger):
            heard = await house.hear(3)
        assert sorted(heard) == ["by name", "direct", "in the thread"]
        assert service.violations == []


# While the connection was gone


async def test_after_a_connection_that_is_resumed_nothing_is_lost_read_or_told_twice(
    service: DiscordEmulator, general: Channel, dm: Channel, house: House, ledger: Ledger
) -> None:
    async with running(service, house, ledger):
        dm.send("one")
        await house.hear(1)
        service.gateway.hold()
        service.gateway.drop()
        dm.send("two")
        general.send("three", mention_bot=True)
        service.gateway.release()
        dm.send("four")
        assert await house.hear(4) == ["one", "two", "three", "four"]
    assert house.twice == []
    assert lists(service) == 0
    assert len(service.gateway.resumes) == 1


@pytest.mark.parametrize("is_invalidated", [True, False])
async def test_what_a_lost_session_did_not_tell_is_read_when_the_next_begins(
    service: DiscordEmulator,
    general: Channel,
    dm: Channel,
    house: House,
    ledger: Ledger,
    *,
    is_invalidated: bool,
) -> None:
    thread = general.thread("Plans")
    async with running(service, house, ledger) as run:
        dm.send("one")
        thread.send("two", mention_bot=True)
        await house.hear(2)
        service.gateway.hold()
        if is_invalidated:
            service.gateway.invalidate()
        else:
            service.gateway.drop()
            service.gateway.forget_sessions()
        dm.send("three")
        thread.send("four")
        service.gateway.release()
        await run.until_connected()
        dm.send("five")
        thread.send("six")
        await house.hear(6)
    assert [m.text for m in house.messages if m.chat == key_of(dm)] == ["one", "three", "five"]
    assert [m.text for m in house.messages if m.chat == key_of(thread)] == ["two", "four", "six"]
    assert house.twice == []
    assert len(service.gateway.identifies) == 2


# Live against caught up


async def test_what_is_said_while_a_place_is_read_comes_after_what_is_found_there(
    service: DiscordEmulator, general: Channel, dm: Channel, house: House, ledger: Ledger
) -> None:
    await talk_once(service, ledger, general, dm)
    asked = dm.send("one")
    dm.send("two")
    opened = asyncio.Event()
    service.script("list_messages", Gate(opened), channel_id=dm.id)
    async with running(service, house, ledger) as run:
        dm.send("three")
        dm.edit(asked, "one, that is")
        general.send("elsewhere", mention_bot=True)
        run.intake.put(
            IncomingMessage("discord:i:1", key_of(dm), Sender("discord", "1", "Alice"), "1", "now")
        )
        await run.ear.until_heard("three")
        assert sorted(await house.hear(2)) == ["elsewhere", "now"]
        opened.set()
        heard = [text for text in await house.hear(6) if text not in {"elsewhere", "now"}]
    # Discord showed the first as it is now; that it was changed is told as well.
    assert heard == ["one, that is", "two", "three", "one, that is"]
    assert house.twice == []


async def test_connects_during_a_catch_up_add_one_round_to_it(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    await talk_once(service, ledger, dm)
    dm.send("one")
    first, second = asyncio.Event(), asyncio.Event()
    service.script("list_messages", Gate(first), Gate(second), channel_id=dm.id)
    async with running(service, house, ledger) as run:
        await service.wait_until(lambda: lists(service) == 1)
        for _ in range(3):
            run.intake.on_connect(0)
        dm.send("two")
        await run.ear.until_heard("two")
        first.set()
        await service.wait_until(lambda: lists(service) == 2)
        dm.send("three")
        await run.ear.until_heard("three")
        second.set()
        assert await house.hear(3) == ["one", "two", "three"]
        dm.send("four")
        assert await house.hear(4) == ["one", "two", "three", "four"]
    assert lists(service) == 2
    assert house.twice == []


async def test_a_few_places_are_read_at_a_time_and_direct_chats_before_servers(
    service: DiscordEmulator, general: Channel, house: House, ledger: Ledger
) -> None:
    chats = [service.dm(service.user(f"person{number}")) for number in range(5)]
    await talk_once(service, ledger, *chats, general)
    for chat in chats:
        chat.send("meanwhile")
    general.send("meanwhile", mention_bot=True)
    opened = asyncio.Event()
    for channel in (*chats, general):
        service.script("list_messages", Gate(opened), channel_id=channel.id)
    async with running(service, house, ledger) as run:
        await service.wait_until(lambda: lists(service) >= 4)
        general.send("live", mention_bot=True)
        await run.ear.until_heard(f"{service.world.bot.mention} live")
        asked = [call.channel_id for call in service.calls_of("list_messages")]
        opened.set()
        await house.hear(7)
    assert asked == [chat.id for chat in reversed(chats)][:4]


async def test_a_servers_places_are_read_once_its_channels_are_known_and_direct_chats_at_once(
    service: DiscordEmulator, general: Channel, dm: Channel, house: House, ledger: Ledger
) -> None:
    await talk_once(service, ledger, general, dm)
    general.send("by name", mention_bot=True)
    dm.send("direct")
    are_known = asyncio.Event()
    shards: list[int] = []

    async def until_ready(shard_id: int) -> None:
        shards.append(shard_id)
        await are_known.wait()

    async with running(service, house, ledger, until_ready=until_ready):
        assert await house.hear(1) == ["direct"]
        assert lists(service, general) == 0
        are_known.set()
        assert await house.hear(2) == ["direct", "by name"]
    assert shards == [0]


async def test_a_shard_reads_what_is_its_own(
    monkeypatch: pytest.MonkeyPatch, house: House, ledger: Ledger
) -> None:
    async with DiscordEmulator("test-token", shards=2) as service:
        point_at(service, monkeypatch)
        alice = service.user("alice")
        by_shard: dict[int, Channel] = {}
        while set(by_shard) != {0, 1}:
            service.clock.advance(0.001)
            guild = service.guild("Guild", [alice])
            by_shard[(guild.id >> 22) % 2] = guild.text_channel()
        dm = service.dm(alice)
        await talk_once(service, ledger, dm, *by_shard.values())
        async with running(service, house, ledger) as run:
            await service.wait_until(lambda: lists(service) == 3)
            await run.until_connected()
            for shard, read in ((1, [by_shard[1]]), (0, [by_shard[0], dm])):
                before = {
                    channel.id: lists(service, channel) for channel in (*by_shard.values(), dm)
                }
                run.intake.on_connect(shard)
                for channel in read:
                    channel.send("after", mention_bot=True)
                for channel in read:
                    expected = before[channel.id] + 1
                    await service.wait_until(
                        lambda c=channel, n=expected: lists(service, c) == n  # type: ignore[misc]
                    )
                after = {
                    channel.id: lists(service, channel) for channel in (*by_shard.values(), dm)
                }
                assert {c for c in after if after[c] > before[c]} == {c.id for c in read}
            await house.hear(3)
        assert house.twice == []


# Bounds


async def test_of_very_much_the_newest_is_read_and_the_rest_counted(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    await talk_once(service, ledger, dm)
    for number in range(230):
        dm.send(f"{number}")
    options = IntakeOptions(save_every_s=SELDOM_S, max_messages=120)
    with structlog.testing.capture_logs() as logs:
        async with running(service, house, ledger, options):
            dm.send("live")
            heard = await house.hear(121)
    assert heard == [*(f"{number}" for number in range(110, 230)), "live"]
    (warning,) = [log for log in warnings(logs) if "chat" in log]
    assert (warning["messages"], warning["left_out_at_least"]) == (120, 1)
    assert [call.query["limit"] for call in service.calls_of("list_messages")] == ["100", "21"]


async def test_all_is_read_over_several_pages_where_that_is_within_bounds(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    await talk_once(service, ledger, dm)
    for number in range(230):
        dm.send(f"{number}")
    options = IntakeOptions(save_every_s=SELDOM_S, max_messages=230)
    with structlog.testing.capture_logs() as logs:
        async with running(service, house, ledger, options):
            assert await house.hear(230) == [f"{number}" for number in range(230)]
    assert warnings(logs) == []


async def test_what_is_too_old_is_left_out_and_not_looked_at_again(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    await talk_once(service, ledger, dm)
    dm.send("old")
    dm.send("old too")
    service.clock.advance(3600)
    dm.send("new")
    service.clock.advance(60)
    options = IntakeOptions(save_every_s=SELDOM_S, max_age_s=1800)
    with structlog.testing.capture_logs() as logs:
        async with running(service, house, ledger, options):
            assert await house.hear(1) == ["new"]
        (warning,) = warnings(logs)
        assert (warning["messages"], warning["left_out_at_least"]) == (1, 2)
        service.clock.advance(3600)
        async with running(service, house, ledger, options):
            dm.send("live")
            assert await house.hear(2) == ["new", "live"]
    assert len(warnings(logs)) == 1


async def test_what_is_all_too_old_is_passed_by(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    await talk_once(service, ledger, dm)
    last = dm.send("old")
    service.clock.advance(3600)
    options = IntakeOptions(save_every_s=0.01, max_age_s=1800)
    async with running(service, house, ledger, options):
        await ledger.until(lambda: (p := ledger.place(dm)) is not None and p.seen == str(last.id))
    assert house.texts == []


async def test_of_very_many_places_the_liveliest_are_read(
    service: DiscordEmulator, house: House, ledger: Ledger
) -> None:
    chats = [service.dm(service.user(f"person{number}")) for number in range(4)]
    await talk_once(service, ledger, *chats)
    for chat in chats:
        chat.send(f"meanwhile {chat.members[0].name}")
    options = IntakeOptions(save_every_s=SELDOM_S, max_places=2)
    with structlog.testing.capture_logs() as logs:
        async with running(service, house, ledger, options):
            heard = await house.hear(2)
    assert sorted(heard) == ["meanwhile person2", "meanwhile person3"]
    (warning,) = warnings(logs)
    assert (warning["places"], warning["left_out"]) == (2, 2)


# When a place cannot be read


async def test_a_place_that_fails_for_a_while_is_read_all_the_same(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    await talk_once(service, ledger, dm)
    dm.send("meanwhile")
    service.script("list_messages", Fail(503), Fail(503), Fail(503))
    async with running(service, house, ledger) as run:
        dm.send("live")
        assert await house.hear(2) == ["meanwhile", "live"]
    assert run.pauses == [0.5, 2.0, 5.0]


async def test_a_place_that_cannot_be_read_lets_go_what_it_held_and_is_read_after_the_next_connect(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    await talk_once(service, ledger, dm)
    dm.send("meanwhile")
    service.script("list_messages", *[Fail(503)] * 4)
    with structlog.testing.capture_logs() as logs:
        async with running(service, house, ledger):
            dm.send("live")
            assert await house.hear(1) == ["live"]
    assert "was not caught up" in warnings(logs)[-1]["event"]
    async with running(service, house, ledger):
        assert await house.hear(2) == ["live", "meanwhile"]
    place = ledger.place(dm)
    assert place is not None
    assert place.seen == str(dm.messages[-1].id)


async def test_a_place_that_could_not_be_read_is_read_later_without_a_new_connect(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    await talk_once(service, ledger, dm)
    dm.send("while you were away")
    service.script("list_messages", *[Drop()] * 4)
    options = IntakeOptions(save_every_s=SELDOM_S, fill_every_s=0.05)
    async with running(service, house, ledger, options):
        await house.until(lambda: "while you were away" in house.texts)
    assert house.twice == []


async def test_a_server_that_the_bot_was_removed_from_is_not_asked(
    service: DiscordEmulator, alice: User, dm: Channel, house: House, ledger: Ledger
) -> None:
    guild = service.guild("Left", [alice])
    await talk_once(service, ledger, guild.text_channel("general"))
    asked = lists(service)
    guild.kick_bot()
    async with running(service, house, ledger) as run:
        dm.send("hello")
        await house.hear(1)
        await run.intake.flush(5)
    assert lists(service) == asked
    assert service.refused_calls == []


async def test_a_place_where_the_bot_may_not_look_any_more_is_skipped(
    service: DiscordEmulator, general: Channel, dm: Channel, house: House, ledger: Ledger
) -> None:
    await talk_once(service, ledger, general, dm)
    general.send("unseen", mention_bot=True)
    dm.send("meanwhile")
    general.allow_bot(0)
    with structlog.testing.capture_logs() as logs:
        async with running(service, house, ledger):
            assert await house.hear(1) == ["meanwhile"]
            await service.wait_until(
                lambda: [c.status for c in service.calls_of("list_messages")].count(403) == 1
            )
            general.allow_bot(allowed.BOT_PERMISSIONS)
            general.send("back", mention_bot=True)
            assert await house.hear(2) == ["meanwhile", "back"]
    assert warnings(logs) == []


async def test_a_place_that_is_gone_is_forgotten(
    service: DiscordEmulator, general: Channel, house: House, ledger: Ledger
) -> None:
    thread = general.thread("Plans")
    await talk_once(service, ledger, thread, general)
    thread.vanish()
    async with running(service, house, ledger):
        await service.wait_until(lambda: lists(service, thread) == 1)
        general.send("elsewhere", mention_bot=True)
        await house.hear(1)
    place = ledger.place(thread)
    assert place is not None
    assert (place.seen, place.is_followed) == ("", False)
    async with running(service, house, ledger):
        general.send("again", mention_bot=True)
        await house.hear(2)
    assert lists(service, thread) == 1


async def test_a_connection_that_breaks_while_a_page_is_read_loses_nothing(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    await talk_once(service, ledger, dm)
    for number in range(150):
        dm.send(f"{number}")
    # The library itself asks again after a cut connection, five times.
    service.script("list_messages", Pass(), Drop())
    options = IntakeOptions(save_every_s=SELDOM_S, max_messages=200)
    async with running(service, house, ledger, options):
        assert await house.hear(150) == [f"{number}" for number in range(150)]


async def test_what_is_being_read_when_the_bot_ends_is_read_at_the_next_start(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    await talk_once(service, ledger, dm)
    dm.send("meanwhile")
    service.script("list_messages", Gate(asyncio.Event()))
    async with running(service, house, ledger) as run:
        await service.wait_until(lambda: lists(service) == 1)
        dm.send("live")
        await run.ear.until_heard("live")
    assert house.texts == []
    async with running(service, house, ledger):
        assert await house.hear(2) == ["meanwhile", "live"]
