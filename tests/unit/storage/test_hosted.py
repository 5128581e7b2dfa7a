"""What of documents is at the service, and what becomes rubbish there."""

from handlers.messages import ChatKey
from handlers.ports.documents import HostedFile, HostedState, NewDocument, Rubbish, RubbishKind
from storage.stores import Stores
from tests.unit.storage.samples import ADA, CHAT, OTHER_CHAT, SetClock

FILE, STORE = RubbishKind.FILE, RubbishKind.STORE


def shelf_of(chat: ChatKey) -> str:
    return f"vs-{chat.chat}-{chat.thread}"


async def hosted(
    stores: Stores, name: str, chat: ChatKey = CHAT, *, for_all: bool = False, learn: bool = True
) -> int:
    """A document with a file ``f-name`` in the vector store of whose it is."""
    new = NewDocument(f"sha of {name}", name, "", 0, 1, False, ())
    kept = await stores.documents.keep(chat, new, ADA, is_for_all=for_all)
    if learn:
        await stores.documents.learn(chat, kept.id)
    wanted = "vs-all" if for_all else shelf_of(chat)
    shelf = await stores.hosted.save_shelf(chat, wanted, is_for_all=for_all)
    assert await stores.hosted.save_file(kept.id, shelf, f"f-{name}")
    assert await stores.hosted.set_ready(kept.id, f"f-{name}")
    return kept.id


async def rubbish(stores: Stores) -> list[tuple[str, RubbishKind]]:
    return [(one.id, one.kind) for one in await stores.hosted.rubbish(100)]


async def files(stores: Stores, chat: ChatKey) -> list[str]:
    return [one.file for one in await stores.hosted.files(chat)]


async def test_a_chat_sees_its_own_files_and_those_for_all(stores: Stores) -> None:
    own = await hosted(stores, "a")
    await hosted(stores, "b", OTHER_CHAT)
    await hosted(stores, "c", for_all=True)
    assert await files(stores, CHAT) == ["f-a", "f-c"]
    assert await files(stores, OTHER_CHAT) == ["f-b", "f-c"]
    first = (await stores.hosted.files(CHAT))[0]
    assert first == HostedFile(own, shelf_of(CHAT), "f-a", HostedState.READY)
    assert await rubbish(stores) == []


async def test_no_document_goes_into_a_vector_store_of_others(stores: Stores) -> None:
    own = await hosted(stores, "a")
    await hosted(stores, "b", OTHER_CHAT)
    assert not await stores.hosted.save_file(own, shelf_of(OTHER_CHAT), "f-stray")
    assert await files(stores, CHAT) == ["f-a"]
    assert await rubbish(stores) == [("f-stray", FILE)]


async def test_what_is_forgotten_is_rubbish_and_the_last_takes_the_vector_store(
    stores: Stores,
) -> None:
    one, two = await hosted(stores, "a"), await hosted(stores, "b")
    await stores.documents.forget(CHAT, [one], for_all=False)
    assert await rubbish(stores) == [("f-a", FILE)]
    await stores.documents.forget(CHAT, [two], for_all=False)
    assert await rubbish(stores) == [("f-a", FILE), ("f-b", FILE), (shelf_of(CHAT), STORE)]
    assert await stores.hosted.shelf(CHAT, is_for_all=False) == ""
    await stores.hosted.removed(["f-a", "f-b"])
    assert await stores.hosted.rubbish(5) == (Rubbish(shelf_of(CHAT), STORE),)


async def test_a_document_that_goes_to_others_leaves_its_vector_store(stores: Stores) -> None:
    await hosted(stores, "a")
    new = NewDocument("sha of a", "a", "", 0, 1, False, ())
    await stores.documents.keep(CHAT, new, ADA, is_for_all=True)
    assert await files(stores, CHAT) == await files(stores, OTHER_CHAT) == []
    assert await rubbish(stores) == [("f-a", FILE), (shelf_of(CHAT), STORE)]


async def test_chats_that_become_one_have_one_vector_store(stores: Stores) -> None:
    await hosted(stores, "a")
    await hosted(stores, "b", OTHER_CHAT)
    await stores.history.migrate(CHAT, OTHER_CHAT)
    assert await files(stores, OTHER_CHAT) == ["f-a"]
    assert await rubbish(stores) == [("f-b", FILE), (shelf_of(OTHER_CHAT), STORE)]


async def test_a_file_that_is_brought_again_or_refused_replaces_the_one_before(
    stores: Stores,
) -> None:
    own = await hosted(stores, "a")
    assert await stores.hosted.save_file(own, shelf_of(CHAT), "f-new")
    assert not await stores.hosted.set_ready(own, "f-a")
    assert await rubbish(stores) == [("f-a", FILE)]
    await stores.hosted.refuse(own, "f-new")
    [refused] = await stores.hosted.files(CHAT)
    assert (refused.file, refused.state) == ("", HostedState.REFUSED)
    assert await rubbish(stores) == [("f-a", FILE), ("f-new", FILE)]


async def test_of_two_vector_stores_made_at_once_one_stands(stores: Stores) -> None:
    assert await stores.hosted.save_shelf(CHAT, "first", is_for_all=True) == "first"
    assert await stores.hosted.save_shelf(OTHER_CHAT, "second", is_for_all=True) == "first"
    assert await rubbish(stores) == [("second", STORE)]


async def test_what_never_was_finished_goes_and_nothing_else(
    stores: Stores, clock: SetClock
) -> None:
    await hosted(stores, "a")
    await hosted(stores, "b", OTHER_CHAT, learn=False)
    now = clock.now()
    await stores.hosted.drop_unfinished(now)
    assert await rubbish(stores) == []
    await stores.hosted.drop_unfinished(now + 1)
    assert await rubbish(stores) == [("f-b", FILE), (shelf_of(OTHER_CHAT), STORE)]
    await stores.hosted.drop_all()
    assert await files(stores, CHAT) == []
    assert len(await rubbish(stores)) == 4
