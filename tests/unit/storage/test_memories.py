"""Facts stay with who told them and where, and leave nothing behind once they are erased."""

import random
from pathlib import Path

from handlers.messages import ChatKey
from handlers.ports.stores import FactOwner
from storage.stores import Stores, open_stores
from tests.unit.storage.samples import SetClock

ADA = FactOwner("telegram:1")
ADA_IN_GROUP = FactOwner("telegram:1", "telegram:-5")
BO = FactOwner("telegram:2")


async def add(stores: Stores, owner: FactOwner, text: str) -> bool:
    return await stores.memories.add(owner, text, max_count=100, max_characters=10_000)


async def texts(stores: Stores, owner: FactOwner) -> list[str]:
    return [fact.text for fact in await stores.memories.load(owner)]


def bytes_of(path: Path) -> bytes:
    """All that stands in the database's files."""
    return b"".join(one.read_bytes() for one in path.parent.iterdir() if one.is_file())


async def test_facts_are_kept_in_order_for_their_owner_alone_also_after_a_restart(
    path: Path, clock: SetClock
) -> None:
    async with open_stores(path, clock) as stores:
        for owner, text in ((ADA, "tea"), (ADA_IN_GROUP, "chess"), (BO, "rum"), (ADA, "cats")):
            assert await add(stores, owner, text)
    async with open_stores(path, clock) as stores:
        assert await texts(stores, ADA) == ["tea", "cats"]
        assert await texts(stores, ADA_IN_GROUP) == ["chess"]
        assert await texts(stores, BO) == ["rum"]


async def test_what_is_too_much_is_not_kept(stores: Stores) -> None:
    assert await stores.memories.add(ADA, "12345", max_count=2, max_characters=8)
    assert not await stores.memories.add(ADA, "1234", max_count=2, max_characters=8)
    assert await stores.memories.add(ADA, "123", max_count=2, max_characters=8)
    assert not await stores.memories.add(ADA, "", max_count=2, max_characters=8)
    [first, _] = await stores.memories.load(ADA)
    assert not await stores.memories.change(ADA, first.id, "123456", max_characters=8)
    assert await texts(stores, ADA) == ["12345", "123"]


async def test_what_is_changed_keeps_its_place(stores: Stores) -> None:
    for text in ("tea", "cats", "Rome"):
        await add(stores, ADA, text)
    [first, *_] = await stores.memories.load(ADA)
    assert await stores.memories.change(ADA, first.id, "coffee", max_characters=100)
    assert not await stores.memories.change(BO, first.id, "rum", max_characters=100)
    assert await texts(stores, ADA) == ["coffee", "cats", "Rome"]


async def test_nobody_erases_the_facts_of_another(stores: Stores) -> None:
    await add(stores, ADA, "tea")
    [fact] = await stores.memories.load(ADA)
    assert await stores.memories.erase(BO, [fact.id]) == 0
    assert await stores.memories.erase(ADA_IN_GROUP, [fact.id]) == 0
    assert await texts(stores, ADA) == ["tea"]
    assert await stores.memories.erase(ADA, [fact.id]) == 1
    assert await texts(stores, ADA) == []


async def test_a_group_that_is_renamed_keeps_its_facts(stores: Stores) -> None:
    await add(stores, ADA_IN_GROUP, "chess")
    await stores.history.migrate(ChatKey("telegram", "-5"), ChatKey("telegram", "-1005"))
    assert await texts(stores, ADA_IN_GROUP) == []
    assert await texts(stores, FactOwner("telegram:1", "telegram:-1005")) == ["chess"]


async def test_of_what_is_erased_or_changed_no_byte_is_left(stores: Stores, path: Path) -> None:
    chance = random.Random(7)  # the same each time
    gone: list[str] = []
    for number in range(250):
        text = f"secret{number:04d}end" + "x" * chance.randrange(300)
        await add(stores, FactOwner(f"telegram:{number % 7}"), text)
        owner = FactOwner(f"telegram:{chance.randrange(7)}")
        facts = await stores.memories.load(owner)
        if facts and chance.random() < 0.6:
            fact = chance.choice(facts)
            gone.append(fact.text[:13])
            if chance.random() < 0.5:
                await stores.memories.erase(owner, [fact.id])
            else:
                longer = fact.text.replace("secret", "other") + "y" * chance.randrange(300)
                await stores.memories.change(owner, fact.id, longer, max_characters=100_000)
    content = bytes_of(path)
    assert len(gone) > 100
    assert b"secret" in content  # what is not erased is there to be seen
    left = [text for text in gone if text.startswith("secret") and text.encode() in content]
    assert left == []
