"""What is said on Discord, handed over in order and once; the places where the bot is active."""

import asyncio
from collections.abc import AsyncIterator

import discord
import pytest
import structlog

from bot.discord.address import Address
from bot.discord.intake import IntakeOptions
from handlers.errors import StorageError
from handlers.messages import ChatKey, IncomingMessage, Origin, Sender
from tests.emulators.discord import Channel, DiscordEmulator, Fail, Hang, User
from tests.emulators.discord_service.world import Event
from tests.integration.discord_room import (
    SELDOM_S,
    House,
    Ledger,
    key_of,
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


def interaction(service: DiscordEmulator, channel: Channel, **changes: object) -> IncomingMessage:
    number = service.clock.snowflake()
    values: dict[str, object] = {
        "key": f"discord:i:{number}",
        "chat": key_of(channel),
        "sender": Sender("discord", "1", "Alice"),
        "message_id": str(number),
        "text": "asked by command",
        "command": "ask",
        "reply_ref": Address().encode(),
    }
    return IncomingMessage(**(values | changes))  # type: ignore[arg-type]  # real fields


# What is handed over


async def test_direct_messages_and_mentions_are_handed_over_in_order_and_talk_among_people_is_not(
    service: DiscordEmulator, general: Channel, dm: Channel, house: House, ledger: Ledger
) -> None:
    async with running(service, house, ledger):
        for number in range(10):
            general.send(f"among us {number}")
            general.send(f"bot {number}", mention_bot=True)
            dm.send(f"direct {number}")
        heard = await house.hear(20)
    assert heard == [text for n in range(10) for text in (f"bot {n}", f"direct {n}")]
    assert house.twice == []
    assert {message.chat for message in house.messages} == {key_of(general), key_of(dm)}


async def test_an_edit_is_handed_over_where_the_bot_is_active_and_nowhere_else(
    service: DiscordEmulator, general: Channel, dm: Channel, house: House, ledger: Ledger
) -> None:
    async with running(service, house, ledger):
        elsewhere = general.send("talk")
        asked = dm.send("first")
        general.edit(elsewhere, f"{service.world.bot.mention} named too late")
        dm.edit(asked, "second")
        dm.send("third")
        assert await house.hear(3) == ["first", "second", "third"]
    assert [m.origin for m in house.messages] == [Origin.MESSAGE, Origin.EDIT, Origin.MESSAGE]
    assert house.messages[1].key.startswith(f"{house.messages[0].key}:")


async def test_an_interaction_keeps_its_place_in_the_line_and_makes_one_where_the_bot_may_write(
    service: DiscordEmulator, general: Channel, dm: Channel, house: House, ledger: Ledger
) -> None:
    away = service.guild("Elsewhere", has_bot=False).text_channel()
    async with running(service, house, ledger) as run:
        run.intake.put(interaction(service, dm))
        hidden = Address(may_write=False).encode()
        run.intake.put(interaction(service, away, text="from afar", reply_ref=hidden))
        general.send("by mention", mention_bot=True)
        heard = await house.hear(3)
    assert heard == ["asked by command", "from afar", "by mention"]
    assert set(ledger.stored) == {key_of(dm), key_of(general)}


async def test_a_reply_whose_original_discord_left_out_is_completed(
    service: DiscordEmulator, general: Channel, house: House, ledger: Ledger
) -> None:
    original = general.send("the original")
    async with running(service, house, ledger):
        _send_without_reference(service, general, original.id)
        await house.hear(1)
    quoted = house.messages[0].quoted
    assert quoted is not None
    assert quoted.text == "the original"


@pytest.mark.parametrize("step", [Fail(404, 10008), Fail(503), Hang()])
async def test_a_reply_whose_original_does_not_come_is_handed_over_without_it(
    service: DiscordEmulator,
    general: Channel,
    house: House,
    ledger: Ledger,
    step: Fail | Hang,
) -> None:
    original = general.send("the original")
    service.script("get_message", step)
    async with running(service, house, ledger):
        _send_without_reference(service, general, original.id)
        general.send("next", mention_bot=True)
        assert await house.hear(2) == ["what about it?", "next"]
    assert house.messages[0].quoted is None


def _send_without_reference(service: DiscordEmulator, channel: Channel, original_id: int) -> None:
    """A reply as Discord tells it when it did not look for the original."""
    original = channel.message(original_id)
    assert original is not None
    assert channel.guild is not None
    held, service.world.dispatch = service.world.dispatch, lambda event: None
    reply = channel.send("what about it?", reply_to=original, mention_bot=True)
    service.world.dispatch = held
    data = {key: value for key, value in reply.raw.items() if key != "referenced_message"}
    data |= {"guild_id": str(channel.guild_id)}
    data |= {"member": channel.guild.member(reply.author, with_user=False)}
    service.world.dispatch(
        Event("MESSAGE_CREATE", data, channel.guild_id, channel.message_intent, has_content=True)
    )


# When it is not taken


async def test_what_is_not_accepted_comes_again_before_anything_else(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    house.faults = [StorageError("locked"), RuntimeError("odd"), StorageError("locked")] * 4
    async with running(service, house, ledger) as run:
        with structlog.testing.capture_logs() as logs:
            for number in range(5):
                dm.send(f"{number}")
            assert await house.hear(5) == [f"{n}" for n in range(5)]
        assert house.tries[:13] == house.tries[:1] * 13
        assert run.pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30]
    assert house.twice == []
    assert [log["error"] for log in logs][:3] == ["StorageError", "RuntimeError", "StorageError"]


async def test_what_can_never_be_taken_does_not_stop_the_rest(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    house.poison = "poison"
    house.gate = asyncio.Event()
    async with running(service, house, ledger):
        for text in ("first", "before", "poison", "after"):
            dm.send(text)
        house.gate.set()
        assert await house.hear(3) == ["first", "before", "after"]
    assert house.twice == []


async def test_a_place_that_cannot_be_stored_holds_its_message_back_until_it_is(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    ledger.faults = [StorageError("locked")] * 3
    async with running(service, house, ledger):
        dm.send("hello")
        assert await house.hear(1) == ["hello"]
    assert ledger.saves[0][0].chat == key_of(dm)


async def test_more_than_there_is_room_for_is_read_later_and_in_order(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    options = IntakeOptions(save_every_s=SELDOM_S, max_waiting=4)
    async with running(service, house, ledger, options) as run:
        dm.send("hello")
        await house.hear(1)
        house.gate = asyncio.Event()
        with structlog.testing.capture_logs() as logs:
            for number in range(20):
                dm.send(f"{number}")
            await run.ear.until_heard("19")
            run.intake.put(interaction(service, dm))  # these always have room
            house.gate.set()
            dm.send("20")
            heard = await house.hear(23)
    assert [text for text in heard if text != "asked by command"] == [
        "hello",
        *(f"{n}" for n in range(21)),
    ]
    assert house.twice == []
    assert logs[0]["event"].startswith("too many messages wait")
    assert [log["messages"] for log in logs if log["event"] == "caught up"] == [17]


# Places


async def test_a_place_is_stored_before_its_first_message_is_handed_over(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    house.gate = asyncio.Event()
    async with running(service, house, ledger) as run:
        asked = dm.send("hello")
        await house.until(lambda: len(house.tries) > 0)
        place = ledger.place(dm)
        assert place is not None
        assert int(place.seen) < asked.id
        ledger.is_dead = True
        await run.stop()
    assert house.messages == []
    ledger.is_dead = False
    house.gate = None
    async with running(service, house, ledger):
        assert await house.hear(1) == ["hello"]
    assert house.twice == []


async def test_what_a_crash_left_half_recorded_is_found_again_under_its_key(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    async with running(service, house, ledger) as run:
        dm.send("one")
        dm.send("two")
        await house.hear(2)
        ledger.is_dead = True
        await run.stop()
    ledger.is_dead = False
    dm.send("three")
    async with running(service, house, ledger):
        assert await house.hear(3) == ["one", "two", "three"]
    assert house.twice == ["one", "two"]


async def test_how_far_places_were_read_is_written_together_and_not_per_message(
    service: DiscordEmulator, general: Channel, dm: Channel, house: House, ledger: Ledger
) -> None:
    async with running(service, house, ledger):
        general.send("bot", mention_bot=True)
        dm.send("hello")
        await house.hear(2)
        entered = len(ledger.saves)
        for number in range(30):
            general.send(f"among us {number}")
            dm.send(f"{number}")
        await house.hear(32)
        assert len(ledger.saves) == entered
    assert len(ledger.saves) == entered + 1
    assert {place.seen for place in ledger.saves[-1]} == {
        str(general.messages[-1].id),
        str(dm.messages[-1].id),
    }


async def test_how_far_places_were_read_is_written_now_and_then(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    ledger.faults = [StorageError("locked")]
    async with running(service, house, ledger, IntakeOptions(save_every_s=0.01)):
        asked = dm.send("hello")
        await ledger.until(lambda: (p := ledger.place(dm)) is not None and p.seen == str(asked.id))


async def test_what_is_not_handed_over_yet_is_not_recorded_as_seen(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    async with running(service, house, ledger) as run:
        first = dm.send("one")
        await house.hear(1)
        house.gate = asyncio.Event()
        dm.send("two")
        await house.until(lambda: len(house.tries) > 1)
        dm.send("three")
        await run.stop()
    place = ledger.place(dm)
    assert place is not None
    assert place.seen == str(first.id)


async def test_the_bots_own_messages_are_passed_by(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    async with running(service, house, ledger) as run:
        dm.send("hello")
        await house.hear(1)
        await run.rest.create_message(dm.id, {"content": "my answer"}, nonce="1")
        dm.send("thanks")
        assert await house.hear(2) == ["hello", "thanks"]
    place = ledger.place(dm)
    assert place is not None
    assert place.seen == str(dm.messages[-1].id)


# Threads


async def test_a_thread_in_which_the_bot_was_named_is_followed_also_after_a_restart(
    service: DiscordEmulator, general: Channel, house: House, ledger: Ledger
) -> None:
    thread = general.thread("Plans")
    async with running(service, house, ledger):
        thread.send("not yet")
        thread.send("join us", mention_bot=True)
        thread.send("and now?")
        assert await house.hear(2) == ["join us", "and now?"]
    async with running(service, house, ledger):
        thread.send("still here?")
        assert await house.hear(3) == ["join us", "and now?", "still here?"]
    place = ledger.place(thread)
    assert place is not None
    assert place.is_followed


async def test_that_a_thread_is_followed_is_stored_before_the_message_is_handed_over(
    service: DiscordEmulator, general: Channel, house: House, ledger: Ledger
) -> None:
    thread = general.thread("Plans")
    house.gate = asyncio.Event()
    async with running(service, house, ledger) as run:
        thread.send("join us", mention_bot=True)
        await house.until(lambda: len(house.tries) > 0)
        place = ledger.place(thread)
        assert place is not None
        assert place.is_followed
        await run.stop()


async def test_strangers_who_talk_among_themselves_in_a_followed_thread_are_not_heard(
    service: DiscordEmulator, general: Channel, alice: User, bob: User, house: House, ledger: Ledger
) -> None:
    thread = general.thread("Plans", sender=alice)
    house.strangers.add(bob.id)
    async with running(service, house, ledger):
        thread.send("join us", sender=alice, mention_bot=True)
        thread.send("lunch?", sender=bob)
        thread.send("who are you?", sender=bob, mention_bot=True)
        thread.send("go on", sender=alice)
        assert await house.hear(3) == ["join us", "who are you?", "go on"]


async def test_what_came_before_the_end_is_handed_over_before_it(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    house.gate = asyncio.Event()
    async with running(service, house, ledger) as run:
        dm.send("first")
        await house.until(lambda: len(house.tries) > 0)
        run.intake.put(interaction(service, dm, text="by command"))
        flushing = asyncio.create_task(run.intake.flush(10))
        house.gate.set()
        await flushing
        assert house.texts == ["first", "by command"]


async def test_what_cannot_be_judged_is_left_out_and_the_rest_goes_on(
    service: DiscordEmulator, dm: Channel, house: House, ledger: Ledger
) -> None:
    def may_answer(message: discord.Message) -> bool:
        if message.content == "odd":
            raise discord.ClientException("Parent channel not found")
        return True

    async with running(service, house, ledger, may_answer=may_answer):
        for text in ("one", "odd", "two"):
            dm.send(text)
        assert await house.hear(2) == ["one", "two"]


async def test_where_the_bot_may_not_write_only_friends_are_told(
    service: DiscordEmulator, general: Channel, alice: User, bob: User, house: House, ledger: Ledger
) -> None:
    house.strangers.add(bob.id)
    async with running(service, house, ledger, may_answer=lambda _: False) as run:
        general.send("hello?", sender=alice, mention_bot=True)
        general.send("and me?", sender=bob, mention_bot=True)
        await run.ear.until_heard(f"{service.world.bot.mention} and me?")
        await run.intake.flush(5)
        assert run.muted == [f"{service.world.bot.mention} hello?"]
    assert house.texts == []


async def test_strangers_make_neither_a_place_nor_a_thread_that_is_followed(
    service: DiscordEmulator, general: Channel, bob: User, house: House, ledger: Ledger
) -> None:
    house.strangers = {bob.id}
    thread = general.thread("Plans")
    async with running(service, house, ledger):
        thread.send("join us", sender=bob, mention_bot=True)
        thread.send("nobody's business")
        general.send("you there", sender=bob, mention_bot=True)
        service.dm(bob).send("let me in")
        assert await house.hear(3) == ["join us", "you there", "let me in"]
    assert ledger.stored == {}


async def test_a_thread_that_the_bot_opened_is_followed_from_its_first_message_on(
    service: DiscordEmulator, general: Channel, house: House, ledger: Ledger
) -> None:
    asked = general.send("shall we?")
    async with running(service, house, ledger) as run:
        thread = general.thread("Plans", asked)
        await run.intake.follow(key_of(thread))
        place = ledger.place(thread)
        assert place is not None
        assert place.is_followed
    thread.send("while it was away")
    async with running(service, house, ledger):
        thread.send("and after")
        assert await house.hear(2) == ["while it was away", "and after"]


async def test_that_a_thread_cannot_be_stored_is_told_to_who_opened_it(
    service: DiscordEmulator, house: House, ledger: Ledger
) -> None:
    async with running(service, house, ledger) as run:
        ledger.faults = [StorageError("locked")]
        with pytest.raises(StorageError):
            await run.intake.follow(ChatKey("discord", "1", "2"))


async def test_what_is_followed_before_the_places_are_read_goes_on_from_where_it_was(
    service: DiscordEmulator, general: Channel, house: House, ledger: Ledger
) -> None:
    thread = general.thread("Plans")
    await talk_once(service, ledger, thread)
    before = ledger.place(thread)
    ledger.gate = asyncio.Event()
    async with running(service, house, ledger) as run:
        following = asyncio.create_task(run.intake.follow(key_of(thread)))
        thread.send("hello")
        await run.ear.until_heard("hello")
        ledger.gate.set()
        await following
        assert ledger.place(thread) == before
        assert await house.hear(1) == ["hello"]
