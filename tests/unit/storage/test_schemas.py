"""Schemas that chats keep under a name."""

from pathlib import Path

from handlers.messages import ChatKey
from handlers.ports.stores import SavedSchema, SchemaStore
from storage.stores import Stores, open_stores
from tests.unit.storage.samples import SetClock

CHAT, OTHER = ChatKey("telegram", "1"), ChatKey("telegram", "-100")


async def names(stores: Stores, chat: ChatKey = CHAT) -> list[str]:
    store: SchemaStore = stores.schemas
    return [schema.name for schema in await store.load(chat)]


async def test_they_outlive_a_restart_each_chat_with_its_own(path: Path, clock: SetClock) -> None:
    async with open_stores(path, clock) as stores:
        assert await stores.schemas.save(CHAT, SavedSchema("b", "{}"), 5)
        assert await stores.schemas.save(CHAT, SavedSchema("a", '{"type": "null"}'), 5)
        assert await stores.schemas.save(OTHER, SavedSchema("c", "{}"), 5)
    async with open_stores(path, clock) as stores:
        schemas = (SavedSchema("a", '{"type": "null"}'), SavedSchema("b", "{}"))
        assert await stores.schemas.load(CHAT) == schemas
        assert await names(stores, OTHER) == ["c"]
        assert await names(stores, ChatKey("telegram", "9")) == []


async def test_a_name_is_replaced_and_no_more_than_so_many_are_kept(stores: Stores) -> None:
    assert await stores.schemas.save(CHAT, SavedSchema("a", "1"), 2)
    assert await stores.schemas.save(CHAT, SavedSchema("b", "1"), 2)
    assert not await stores.schemas.save(CHAT, SavedSchema("c", "1"), 2)
    assert await stores.schemas.save(CHAT, SavedSchema("b", "2"), 2)
    assert await stores.schemas.load(CHAT) == (SavedSchema("a", "1"), SavedSchema("b", "2"))


async def test_one_is_removed_and_one_that_is_not_there_is_not(stores: Stores) -> None:
    await stores.schemas.save(CHAT, SavedSchema("a", "1"), 2)
    await stores.schemas.save(OTHER, SavedSchema("a", "1"), 2)
    assert await stores.schemas.remove(CHAT, "a")
    assert not await stores.schemas.remove(CHAT, "a")
    assert not await stores.schemas.remove(ChatKey("telegram", "9"), "a")
    assert (await names(stores), await names(stores, OTHER)) == ([], ["a"])


async def test_they_go_with_a_chat_that_is_joined_with_another(stores: Stores) -> None:
    await stores.schemas.save(CHAT, SavedSchema("a", "old"), 5)
    await stores.schemas.save(CHAT, SavedSchema("b", "old"), 5)
    await stores.schemas.save(OTHER, SavedSchema("a", "new"), 5)
    await stores.schemas.save(OTHER, SavedSchema("c", "new"), 5)
    await stores.history.migrate(CHAT, OTHER)
    assert await stores.schemas.load(OTHER) == (
        SavedSchema("a", "new"),
        SavedSchema("b", "old"),
        SavedSchema("c", "new"),
    )
    assert await stores.database.find_problems() == ()
