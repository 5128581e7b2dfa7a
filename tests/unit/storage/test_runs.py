"""Where the code of chats is run, and what is still to be erased there."""

from pathlib import Path

from handlers.messages import Attachment, AttachmentKind, ChatKey, Delivery, Exchange
from handlers.ports.code import Container, ContainerStore, KeptUpload, RunStore
from handlers.ports.stores import Outcome
from storage.stores import Stores, open_stores
from tests.unit.storage import samples
from tests.unit.storage.samples import SetClock, message

CHAT, OTHER = ChatKey("telegram", "1"), ChatKey("telegram", "-100")
FILE = Attachment(AttachmentKind.DOCUMENT, "ref", "text/csv", "s.csv", 12)
FIRST = Container("cntr_1", (KeptUpload("/mnt/data/s.csv", FILE),), "/mnt/data/font.otf")


async def test_it_outlives_a_restart_each_chat_with_its_own(path: Path, clock: SetClock) -> None:
    async with open_stores(path, clock) as stores:
        store: ContainerStore = stores.containers
        await store.save(CHAT, Container("cntr_0"))
        await store.save(CHAT, FIRST)
        await store.save(OTHER, Container("cntr_2"))
    async with open_stores(path, clock) as stores:
        assert await stores.containers.load(CHAT) == FIRST
        assert await stores.containers.load(OTHER) == Container("cntr_2")
        assert await stores.containers.load(ChatKey("telegram", "9")) is None


async def test_of_two_chats_that_are_joined_the_later_container_stays(stores: Stores) -> None:
    await stores.containers.save(CHAT, FIRST)
    await stores.containers.save(OTHER, Container("cntr_2"))
    await stores.history.migrate(CHAT, OTHER)
    assert await stores.containers.load(OTHER) == Container("cntr_2")
    assert await stores.database.find_problems() == ()


async def test_runs_are_due_in_time_and_outlive_a_restart(path: Path, clock: SetClock) -> None:
    async with open_stores(path, clock) as stores:
        runs: RunStore = stores.runs
        for run, at in (("late", 30.0), ("second", 20.0), ("first", 10.0), ("gone", 5.0)):
            await runs.save(run, at)
        await runs.save("late", 15.0)
        await runs.save("second", 40.0)
        await runs.drop("gone")
        await runs.drop("unknown")
    async with open_stores(path, clock) as stores:
        assert await stores.runs.due(15.0, 10) == ("first", "late")
        assert await stores.runs.due(15.0, 1) == ("first",)
        assert await stores.runs.due(9.0, 10) == ()


async def test_what_answered_an_exchange_is_kept_with_it(stores: Stores) -> None:
    asked = message("1")
    await stores.inbox.accept([asked])
    await stores.inbox.answer(asked, Outcome(Delivery("8"), Exchange("q", "8", command="analyze")))
    [exchange] = (await stores.history.load(samples.CHAT)).exchanges
    assert exchange.command == "analyze"
    again = message("2")
    await stores.inbox.accept([again])
    await stores.inbox.answer(again, Outcome(Delivery("9"), Exchange("q", "9"), exchange.id))
    [exchange] = (await stores.history.load(samples.CHAT)).exchanges
    assert (exchange.answer, exchange.command) == ("9", "")
