"""The poll loop against the Bot API emulator: what is confirmed, repeated, left out, and when."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import structlog
from telegram import Bot

from bot.telegram.incoming import ChatMigration, UpdateReader
from bot.telegram.polling import IDLE_PAUSE_S, LONGEST_BACKOFF_S, Poller
from bot.telegram.transport import AiohttpRequest
from handlers.errors import ConfigError, StorageError
from handlers.messages import AttachmentKind, ChatKey, IncomingMessage
from tests.emulators.telegram import Drop, Fail, Gate, Hang, Html502, Step, TelegramEmulator

TOKEN = "123456:TEST"
COMMANDS = frozenset({"ask", "voice"})


@pytest.fixture(autouse=True)
def durations_as_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without it the library warns whenever it builds a RetryAfter.
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@dataclass
class House:
    """What the poller feeds, and how long it paused."""

    faults: list[Exception] = field(default_factory=list)
    batches: list[list[str]] = field(default_factory=list)
    messages: list[IncomingMessage] = field(default_factory=list)
    order: list[object] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    was_called: asyncio.Event = field(default_factory=asyncio.Event)

    async def accept(self, messages: list[IncomingMessage]) -> None:
        self.batches.append([message.text or message.command for message in messages])
        self.was_called.set()
        if self.faults:
            raise self.faults.pop(0)
        self.messages += messages
        self.order += [message.text for message in messages]

    async def migrate(self, migration: ChatMigration) -> None:
        self.order.append((migration.old, migration.new))

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]


def make_poller(
    telegram: TelegramEmulator,
    house: House,
    *,
    pause: Callable[[float], Awaitable[None]] | None = None,
    timeout_s: int = 30,
) -> Poller:
    request = AiohttpRequest()
    bot = Bot(TOKEN, telegram.api_base_url, telegram.file_base_url, request, request)
    return Poller(
        bot,
        UpdateReader(123456, "parley_test_bot", COMMANDS),
        house.accept,
        house.migrate,
        poll_timeout_s=timeout_s,
        pause=pause or house.pause,
    )


@asynccontextmanager
async def running(poller: Poller) -> AsyncIterator[asyncio.Task[None]]:
    async with poller._bot:
        task = asyncio.create_task(poller.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait({task})


def offsets(telegram: TelegramEmulator) -> list[int | None]:
    return [call.params.get("offset") for call in telegram.calls_of("getUpdates")]


# ---------------------------------------------------------------- the good days


async def test_updates_are_accepted_in_order_and_then_confirmed() -> None:
    house = House()
    async with TelegramEmulator(TOKEN) as telegram:
        chat = telegram.private(telegram.user())
        for number in range(150):
            chat.send_text(f"{number}")
        async with running(make_poller(telegram, house)):
            await telegram.wait_until(lambda: not telegram.pending_updates)
        assert house.texts == [f"{number}" for number in range(150)]
        first = telegram.updates[0]["update_id"]
        assert offsets(telegram) == [None, first + 100, first + 150]
        first_call, call, *_ = telegram.calls_of("getUpdates")
        assert first_call.params["timeout"] == 0
        assert (call.params["timeout"], call.params["limit"]) == (30, 100)
        assert sorted(call.params["allowed_updates"]) == [
            "callback_query",
            "edited_message",
            "message",
            "stopped_message_generation",
        ]
        assert telegram.violations == []


async def test_nothing_is_confirmed_while_it_is_being_committed() -> None:
    committed = asyncio.Event()

    class SlowHouse(House):
        async def accept(self, messages: list[IncomingMessage]) -> None:
            await super().accept(messages)
            await committed.wait()

    house = SlowHouse()
    async with TelegramEmulator(TOKEN) as telegram:
        telegram.private(telegram.user()).send_text("hi")
        async with running(make_poller(telegram, house)):
            await house.was_called.wait()
            assert len(telegram.pending_updates) == len(telegram.calls_of("getUpdates")) == 1
            committed.set()
            await telegram.wait_until(lambda: not telegram.pending_updates)


async def test_what_a_failed_commit_left_comes_again() -> None:
    house = House(faults=[StorageError("full"), StorageError("full")])
    async with TelegramEmulator(TOKEN) as telegram:
        chat = telegram.private(telegram.user())
        chat.send_text("one")
        chat.send_text("two")
        async with running(make_poller(telegram, house)):
            await telegram.wait_until(lambda: not telegram.pending_updates)
    assert house.batches == [["one", "two"]] * 3
    assert house.texts == ["one", "two"]
    assert len(house.pauses) == 2
    assert house.pauses[0] <= 0.5
    assert 0.5 <= house.pauses[1] <= 1.0


async def test_a_stop_before_the_commit_leaves_the_updates_to_telegram() -> None:
    class DyingHouse(House):
        async def accept(self, messages: list[IncomingMessage]) -> None:
            await super().accept(messages)
            await asyncio.Event().wait()

    house = DyingHouse()
    async with TelegramEmulator(TOKEN) as telegram:
        telegram.private(telegram.user()).send_text("hi")
        async with running(make_poller(telegram, house)):
            await house.was_called.wait()
        assert len(telegram.pending_updates) == 1
        assert offsets(telegram) == [None]


async def test_a_stop_in_the_middle_of_a_poll_makes_no_further_call() -> None:
    house = House()
    async with TelegramEmulator(TOKEN) as telegram:
        async with running(make_poller(telegram, house)) as task:
            await telegram.wait_until(lambda: telegram.calls_of("getUpdates"))
            before = asyncio.all_tasks()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert asyncio.all_tasks() <= before - {task}
        assert len(telegram.calls_of("getUpdates")) == 1


async def test_messages_before_a_migration_are_accepted_before_it() -> None:
    house = House()
    async with TelegramEmulator(TOKEN) as telegram:
        alice = telegram.user()
        group = telegram.private(alice)
        group.send_text("before")
        old = {"id": -5, "type": "group", "title": "Friends"}
        moved = {"message_id": 2, "date": 1, "chat": old, "migrate_to_chat_id": -1005}
        telegram.push_update({"message": moved | {"from": alice.raw}})
        group.send_text("after")
        async with running(make_poller(telegram, house)):
            await telegram.wait_until(lambda: not telegram.pending_updates)
    keys = (ChatKey("telegram", "-5"), ChatKey("telegram", "-1005"))
    assert house.order == ["before", keys, "after"]


async def test_a_broken_update_does_not_stop_the_others() -> None:
    house = House()
    async with TelegramEmulator(TOKEN) as telegram:
        chat = telegram.private(telegram.user())
        chat.send_text("one")
        telegram.push_update({"message": {"text": "secret words"}})
        telegram.push_update({"message": "no message at all"})
        chat.send_text("two")
        with structlog.testing.capture_logs() as logs:
            async with running(make_poller(telegram, house)):
                await telegram.wait_until(lambda: not telegram.pending_updates)
        broken = [update["update_id"] for update in telegram.updates[1:3]]
    assert house.texts == ["one", "two"]
    assert [line.get("update_id") for line in logs] == broken
    assert "secret words" not in repr(logs)


async def test_a_person_whose_message_cannot_be_parsed_is_answered_all_the_same() -> None:
    house = House()
    async with TelegramEmulator(TOKEN) as telegram:
        alice = telegram.user()
        chat = telegram.private(alice)
        chat.send_text("one")
        message = {"message_id": 77, "date": "soon", "chat": chat.info, "from": alice.raw}
        telegram.push_update({"message": message | {"photo": 5}})
        chat.send_text("two")
        async with running(make_poller(telegram, house)):
            await telegram.wait_until(lambda: not telegram.pending_updates)
        first, unreadable, last = house.messages
    assert (first.text, last.text) == ("one", "two")
    assert [attachment.kind for attachment in unreadable.attachments] == [AttachmentKind.OTHER]
    assert (unreadable.chat, unreadable.message_id) == (first.chat, "77")
    assert unreadable.key.rpartition(":")[0] == first.key.rpartition(":")[0]


# ---------------------------------------------------------------- pressed buttons


def push_press(telegram: TelegramEmulator, query_id: str = "P") -> None:
    alice = telegram.user()
    chat = telegram.private(alice)
    message = {"message_id": 1, "date": 1, "chat": chat.info, "text": "menu"}
    query = {"id": query_id, "from": alice.raw, "chat_instance": "1", "data": "voice auto"}
    telegram.world.callbacks[query_id] = query | {"message": message}
    telegram.push_update({"callback_query": query | {"message": message}})


async def test_a_pressed_button_is_accepted_and_answered() -> None:
    house = House()
    async with TelegramEmulator(TOKEN) as telegram:
        push_press(telegram)
        async with running(make_poller(telegram, house)):
            await telegram.wait_until(lambda: telegram.answered_callbacks)
        assert [answer.query_id for answer in telegram.answered_callbacks] == ["P"]
    assert [(message.command, message.text) for message in house.messages] == [("voice", "auto")]


async def test_a_press_that_cannot_be_answered_disturbs_nothing() -> None:
    house = House()
    async with TelegramEmulator(TOKEN) as telegram:
        telegram.script("answerCallbackQuery", Fail(400, "Bad Request: query is too old"))
        push_press(telegram)
        with structlog.testing.capture_logs() as logs:
            async with running(make_poller(telegram, house)):
                await telegram.wait_until(lambda: telegram.calls_of("answerCallbackQuery"))
                telegram.private(telegram.user()).send_text("hi")
                await telegram.wait_until(lambda: not telegram.pending_updates)
    assert house.texts == ["auto", "hi"]
    assert [line["event"] for line in logs] == ["button press could not be answered"]


async def test_an_answer_to_a_press_ends_with_the_poller() -> None:
    house = House()
    async with TelegramEmulator(TOKEN) as telegram:
        telegram.script("answerCallbackQuery", Hang())
        push_press(telegram)
        before = asyncio.all_tasks()
        async with running(make_poller(telegram, house)) as task:
            await telegram.wait_until(lambda: telegram.calls_of("answerCallbackQuery"))
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            ours = [each for each in asyncio.all_tasks() - before if "Poller" in repr(each)]
            assert ours == []


# ---------------------------------------------------------------- the bad days


@pytest.mark.parametrize("fault", [Fail(500, "Internal Server Error"), Html502(), Drop()])
async def test_polling_outlives_a_failing_server(fault: Step) -> None:
    house = House()
    async with TelegramEmulator(TOKEN) as telegram:
        telegram.script("getUpdates", *[fault] * 10)
        telegram.private(telegram.user()).send_text("hi")
        poller = make_poller(telegram, house)
        async with running(poller):
            await telegram.wait_until(lambda: not telegram.pending_updates)
            assert poller.is_ready
    assert house.texts == ["hi"]
    assert len(house.pauses) == 10
    for number, pause_s in enumerate(house.pauses):
        longest_s = min(0.5 * 2**number, LONGEST_BACKOFF_S)
        assert longest_s / 2 <= pause_s <= longest_s


async def test_a_success_begins_the_backoff_anew() -> None:
    house = House()
    async with TelegramEmulator(TOKEN) as telegram:
        chat = telegram.private(telegram.user())
        chat.send_text("one")
        telegram.script("getUpdates", Drop(), Drop(), Drop())
        async with running(make_poller(telegram, house)):
            await telegram.wait_until(lambda: not telegram.pending_updates)
            # The poll that waits is answered, the next one fails.
            telegram.script("getUpdates", Drop())
            chat.send_text("two")
            await telegram.wait_until(lambda: not telegram.pending_updates)
    assert house.texts == ["one", "two"]
    assert house.pauses[3] <= 0.5


async def test_it_is_not_ready_before_the_first_answer_nor_after_many_failures() -> None:
    opened = asyncio.Event()
    third = asyncio.Event()
    house = House()

    async def pause(_: float) -> None:
        house.pauses.append(0)
        if len(house.pauses) == 3:
            third.set()
            await asyncio.Event().wait()

    async with TelegramEmulator(TOKEN) as telegram:
        telegram.script("getUpdates", Gate(opened), Drop(), Drop(), Drop())
        telegram.private(telegram.user()).send_text("hi")
        poller = make_poller(telegram, house, pause=pause)
        async with running(poller):
            await telegram.wait_until(lambda: telegram.calls_of("getUpdates"))
            states = [(poller.is_ready, poller.last_success is None)]
            opened.set()
            await third.wait()
            states.append((poller.is_ready, poller.last_success is None))
    assert house.texts == ["hi"]
    assert states == [(False, True), (False, False)]


async def test_a_bot_that_nobody_writes_to_is_ready_at_once() -> None:
    async with TelegramEmulator(TOKEN) as telegram:
        poller = make_poller(telegram, House())
        async with running(poller):
            await telegram.wait_until(lambda: len(telegram.calls_of("getUpdates")) == 2)
            assert poller.is_ready
            assert telegram.calls_of("getUpdates")[1].params["timeout"] == 30


async def test_retry_after_is_waited_for() -> None:
    house = House()
    async with TelegramEmulator(TOKEN) as telegram:
        telegram.script("getUpdates", Fail(429, "Too Many Requests", retry_after=17))
        telegram.private(telegram.user()).send_text("hi")
        async with running(make_poller(telegram, house)):
            await telegram.wait_until(lambda: not telegram.pending_updates)
    assert house.pauses == [17]


async def test_a_second_program_with_the_token_is_told_once() -> None:
    house = House()
    async with TelegramEmulator(TOKEN) as telegram:
        conflict = Fail(409, "Conflict: terminated by other getUpdates request")
        telegram.script("getUpdates", conflict, conflict, conflict)
        telegram.private(telegram.user()).send_text("hi")
        with structlog.testing.capture_logs() as logs:
            async with running(make_poller(telegram, house)):
                await telegram.wait_until(lambda: not telegram.pending_updates)
    told = [line["event"] for line in logs if line["log_level"] == "error"]
    assert told == ["another program polls with this token; stop it, or use another bot"]
    assert house.texts == ["hi"]


async def test_a_webhook_is_removed_and_what_waits_is_kept() -> None:
    house = House()
    async with TelegramEmulator(TOKEN) as telegram:
        telegram.private(telegram.user()).send_text("hi")
        telegram.world.updates.webhook_url = "https://elsewhere.test"
        telegram.script("deleteWebhook", Fail(500, "Internal Server Error"))
        async with running(make_poller(telegram, house)):
            await telegram.wait_until(lambda: not telegram.pending_updates)
        drops = [call.params["drop_pending_updates"] for call in telegram.calls_of("deleteWebhook")]
    assert drops == [False, False]
    assert house.texts == ["hi"]


@pytest.mark.parametrize("method", ["deleteWebhook", "getUpdates"])
async def test_a_refused_token_is_the_operators_to_mend(method: str) -> None:
    async with TelegramEmulator(TOKEN) as telegram:
        telegram.script(method, Fail(401, "Unauthorized"))
        async with running(make_poller(telegram, House())) as task:
            with pytest.raises(ConfigError, match=r"telegram\.token") as caught:
                await task
    assert TOKEN not in str(caught.value)


async def test_a_server_that_does_not_wait_is_not_asked_without_end() -> None:
    house = House()
    third = asyncio.Event()

    async def pause(seconds: float) -> None:
        house.pauses.append(seconds)
        if len(house.pauses) == 3:
            third.set()
            await asyncio.Event().wait()

    async with TelegramEmulator(TOKEN) as telegram:
        poller = make_poller(telegram, house, pause=pause, timeout_s=0)
        async with running(poller):
            await third.wait()
        assert len(telegram.calls_of("getUpdates")) == 3
    assert house.pauses == [IDLE_PAUSE_S] * 3
