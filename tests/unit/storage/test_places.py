"""Where a platform listens, and how far it was read there."""

import asyncio
from pathlib import Path

from handlers.messages import ChatKey, ChatSettings
from handlers.ports.stores import Place, PlaceStore
from storage.stores import Stores, open_stores
from tests.unit.storage.samples import SetClock

CHANNEL = ChatKey("discord", "1", "10")
THREAD = ChatKey("discord", "1", "11")
DIRECT = ChatKey("discord", "12")
ELSEWHERE = ChatKey("telegram", "1", "10")


async def known(stores: Stores) -> tuple[Place, ...]:
    places: PlaceStore = stores.places
    return await places.load("discord")


async def save(stores: Stores, clock: SetClock, *places: Place) -> None:
    clock.time += 1
    await stores.places.save(places)


async def test_places_outlive_a_restart_those_saved_last_first(path: Path, clock: SetClock) -> None:
    channel, thread, direct = Place(CHANNEL, seen="5"), Place(THREAD, True, "6"), Place(DIRECT)
    async with open_stores(path, clock) as stores:
        await save(stores, clock, thread)
        await save(stores, clock, channel)
        await save(stores, clock, direct)
    async with open_stores(path, clock) as stores:
        assert await known(stores) == (direct, channel, thread)
        await save(stores, clock, thread)
        assert await known(stores) == (thread, direct, channel)


async def test_nothing_is_known_at_first_and_nothing_can_be_saved(stores: Stores) -> None:
    assert await known(stores) == ()
    await stores.places.save([])
    assert await known(stores) == ()


async def test_what_is_saved_replaces_all_that_was_known_of_its_chat(
    stores: Stores, clock: SetClock
) -> None:
    await save(stores, clock, Place(CHANNEL, True, "5"), Place(THREAD, True, "6"))
    await save(stores, clock, Place(CHANNEL, False, ""), Place(THREAD, False, "7"))
    assert set(await known(stores)) == {Place(CHANNEL, False, ""), Place(THREAD, False, "7")}


async def test_of_one_chat_twice_in_a_batch_the_later_holds(stores: Stores) -> None:
    await stores.places.save([Place(CHANNEL, True, "5"), Place(CHANNEL, False, "6")])
    assert await known(stores) == (Place(CHANNEL, False, "6"),)


async def test_platforms_see_only_their_own(stores: Stores) -> None:
    await stores.places.save([Place(CHANNEL, seen="5"), Place(ELSEWHERE, seen="6")])
    assert await known(stores) == (Place(CHANNEL, seen="5"),)
    assert await stores.places.load("telegram") == (Place(ELSEWHERE, seen="6"),)
    assert await stores.places.load("web") == ()


async def test_a_save_whose_caller_is_cancelled_is_carried_out_whole(stores: Stores) -> None:
    await stores.places.save([Place(THREAD, seen="1")])
    task = asyncio.create_task(
        stores.places.save([Place(CHANNEL, seen="2"), Place(THREAD, seen="2")])
    )
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert set(await known(stores)) == {Place(CHANNEL, seen="2"), Place(THREAD, seen="2")}


async def test_a_place_goes_with_a_chat_that_gets_another_name(
    stores: Stores, clock: SetClock
) -> None:
    await save(stores, clock, Place(CHANNEL, True, "5"))
    await stores.history.migrate(CHANNEL, THREAD)
    assert await known(stores) == (Place(THREAD, True, "5"),)
    # Whoever still knows the old name writes to the same place.
    await save(stores, clock, Place(CHANNEL, True, "6"))
    assert await known(stores) == (Place(THREAD, True, "6"),)


async def test_two_chats_that_become_one_keep_what_was_seen_last_and_stay_followed(
    stores: Stores, clock: SetClock
) -> None:
    await save(stores, clock, Place(CHANNEL, True, "5"))
    await save(stores, clock, Place(THREAD, False, "9"))
    await stores.history.migrate(CHANNEL, THREAD)
    assert await known(stores) == (Place(THREAD, True, "9"),)
    assert await stores.database.find_problems() == ()


async def test_an_older_sight_does_not_replace_a_newer_one_when_chats_become_one(
    stores: Stores, clock: SetClock
) -> None:
    await save(stores, clock, Place(THREAD, True, "5"))
    await save(stores, clock, Place(DIRECT, False, "6"))
    await save(stores, clock, Place(CHANNEL, False, "9"))
    await stores.history.migrate(CHANNEL, THREAD)
    assert await known(stores) == (Place(THREAD, True, "9"), Place(DIRECT, False, "6"))


async def test_a_place_of_only_one_of_two_chats_stays_when_they_become_one(
    stores: Stores, clock: SetClock
) -> None:
    await save(stores, clock, Place(THREAD, True, "5"))
    await stores.settings.save(CHANNEL, ChatSettings(voice="nova"))
    await stores.history.migrate(CHANNEL, THREAD)
    assert await known(stores) == (Place(THREAD, True, "5"),)
