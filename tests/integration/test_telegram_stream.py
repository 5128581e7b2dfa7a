"""An answer on its way to the Bot API emulator, and what is left to do after it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.ext import ExtBot

from bot.telegram.delivery import Courier
from bot.telegram.limiter import ChatLimiter
from bot.telegram.outbox import Outbox
from bot.telegram.platform import TelegramOptions, TelegramPlatform
from bot.telegram.retirement import Retirement
from bot.telegram.rich_text import Rendered
from bot.telegram.stream import AnswerStream, parts_of
from bot.telegram.transport import AiohttpRequest
from handlers.errors import FileUnavailableError
from handlers.messages import Attachment, AttachmentKind
from tests.emulators.telegram import Chat, Drop, Fail, Gate, Hang, TelegramEmulator

TOKEN = "123456:TEST"
STOP = InlineKeyboardMarkup([[InlineKeyboardButton("Stop", callback_data="stop")]])
RETRY = InlineKeyboardMarkup([[InlineKeyboardButton("Retry", callback_data="retry")]])


@pytest.fixture(autouse=True)
def durations_as_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without it the library warns whenever it builds a RetryAfter.
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@dataclass
class Notes:
    """Fills the port SentLog, in memory."""

    slots: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def ids(self, slot: str) -> tuple[str, ...]:
        return self.slots.get(slot, ())

    async def record(self, slot: str, message_ids: tuple[str, ...]) -> None:
        self.slots[slot] = message_ids


async def no_pause(_: float) -> None:
    await asyncio.sleep(0)


async def never_migrated(_: int) -> None:
    raise AssertionError


@dataclass
class Time:
    """A clock that only pausing moves, at once unless the test holds it."""

    now: float = 0.0
    runs: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.runs.set()

    async def pause(self, seconds: float) -> None:
        await self.runs.wait()
        self.now += seconds


@dataclass
class Room:
    telegram: TelegramEmulator
    bot: ExtBot[str]
    limiter: ChatLimiter
    time: Time

    def outbox(self, chat_id: int, thread_id: int | None = None) -> Outbox:
        courier = Courier(never_migrated, no_pause)
        has_drafts = chat_id > 0
        return Outbox(
            self.bot,
            self.limiter,
            courier,
            Notes(),
            chat_id,
            thread_id,
            None,
            has_drafts=has_drafts,
        )

    def group(self) -> Chat:
        return self.telegram.group("Friends", [self.telegram.user()])

    async def called(self, method: str, count: int = 1) -> None:
        await self.telegram.wait_until(lambda: len(self.telegram.calls_of(method)) >= count)


@asynccontextmanager
async def room() -> AsyncIterator[Room]:
    async with TelegramEmulator(TOKEN) as telegram:
        time = Time()
        limiter = ChatLimiter(0, 0, 0, clock=lambda: time.now, pause=time.pause)
        bot: ExtBot[str] = ExtBot(
            TOKEN,
            telegram.api_base_url,
            telegram.file_base_url,
            AiohttpRequest(),
            AiohttpRequest(),
            rate_limiter=limiter,
        )
        async with bot:
            yield Room(telegram, bot, limiter, time)
        assert telegram.violations == []


async def finish(outbox: Outbox, stream: AnswerStream, text: str) -> None:
    await stream.close()
    await outbox.put_answer(await parts_of(text), RETRY, is_final=True)


# ---------------------------------------------------------------- previews that hang


async def test_a_final_text_does_not_wait_for_an_edit_that_hangs() -> None:
    async with room() as here:
        group = here.group()
        outbox = here.outbox(group.id)
        stream = AnswerStream(outbox, "key", STOP)
        here.telegram.script("editMessageText", Hang())
        stream.show("one")
        await group.wait_for_bot_message()
        stream.show("one two")
        await here.called("editMessageText")
        async with asyncio.timeout(4):  # the edit would hang for longer
            await finish(outbox, stream, "one two three")

        assert [(m.text, m.buttons) for m in group.bot_messages] == [("one two three", [["Retry"]])]


async def test_a_final_text_does_not_wait_for_a_draft_that_hangs() -> None:
    async with room() as here:
        chat = here.telegram.private(here.telegram.user())
        outbox = here.outbox(chat.id)
        stream = AnswerStream(outbox, "key", STOP)
        here.telegram.script("sendMessageDraft", Hang())
        stream.show("one")
        await here.called("sendMessageDraft")
        async with asyncio.timeout(4):
            await finish(outbox, stream, "one two")

        assert [m.text for m in chat.bot_messages] == ["one two"]


async def test_a_first_message_on_its_way_is_waited_for_and_becomes_the_answer() -> None:
    opened = asyncio.Event()
    async with room() as here:
        group = here.group()
        outbox = here.outbox(group.id)
        stream = AnswerStream(outbox, "key", STOP)
        here.telegram.script("sendMessage", Gate(opened))
        stream.show("one")
        await here.called("sendMessage")
        closing = asyncio.create_task(finish(outbox, stream, "one two"))
        await asyncio.sleep(0)
        opened.set()
        await closing

        assert [m.text for m in group.bot_messages] == ["one two"]


async def test_an_edit_that_telegram_asks_to_delay_is_shown_with_newer_text() -> None:
    async with room() as here:
        group = here.group()
        outbox = here.outbox(group.id)
        stream = AnswerStream(outbox, "key", STOP)
        stream.show("one")
        await group.wait_for_bot_message()
        here.telegram.script("editMessageText", Fail(429, "Too Many Requests", retry_after=1))
        here.time.runs.clear()
        stream.show("one two")
        await here.called("editMessageText")
        stream.show("one two three")
        here.time.runs.set()
        await group.wait_for_bot_message(contains="three")
        await stream.close()

        assert [v.text for v in group.bot_messages[0].history] == ["one", "one two three"]


# ---------------------------------------------------------------- topics and mentions


async def test_an_answer_to_a_deleted_topic_is_sent_to_the_group() -> None:
    async with room() as here:
        group = here.telegram.group("Friends", [here.telegram.user()], forum=True)
        outbox = here.outbox(group.id, 999)
        await outbox.put_answer([Rendered("answer")], RETRY, is_final=True)
        await outbox.send("line", Rendered("line"), None)

        assert [m.text for m in group.bot_messages] == ["answer", "line"]
        assert len(here.telegram.calls_of("sendMessage")) == 3


async def test_names_in_an_answer_are_code_in_a_group_and_as_they_are_elsewhere() -> None:
    async with room() as here:
        group, chat = here.group(), here.telegram.private(here.telegram.user())
        for each in (group, chat):
            outbox = here.outbox(each.id)
            await outbox.put_answer([Rendered("ask @alice")], None, is_final=True)
            await outbox.send("line", Rendered("we, @alice"), None)

        kinds = [[e["type"] for e in m.entities] for m in group.bot_messages]
        assert kinds == [["code"], []]
        assert all(not m.entities for m in chat.bot_messages)


# ---------------------------------------------------------------- old buttons


async def test_old_buttons_go_one_after_the_other_and_failures_do_not_lose_them() -> None:
    async with room() as here:
        group = here.group()
        outbox = here.outbox(group.id)
        for number in range(3):
            await outbox.send(f"{number}", Rendered(f"{number}"), RETRY)
        here.telegram.script(
            "editMessageReplyMarkup",
            Drop(),
            Fail(500, "Internal"),
            Fail(429, "Slow", retry_after=1),
        )
        retirement = Retirement(here.bot, here.limiter, here.time.pause)
        first, second, last = group.bot_messages
        for message in (first, first, second):
            retirement.add(group.id, message.message_id)
        await here.telegram.wait_until(lambda: not first.buttons and not second.buttons)
        await retirement.aclose()

        assert last.buttons == [["Retry"]]
        assert len(here.telegram.calls_of("editMessageReplyMarkup")) == 5


async def test_buttons_of_a_message_that_is_gone_hold_up_no_others() -> None:
    async with room() as here:
        group = here.group()
        await here.outbox(group.id).send("line", Rendered("line"), RETRY)
        retirement = Retirement(here.bot, here.limiter, here.time.pause)
        message = group.bot_messages[0]
        retirement.add(group.id, 12345)
        retirement.add(group.id, message.message_id)
        await here.telegram.wait_until(lambda: not message.buttons)
        await retirement.aclose()


# ---------------------------------------------------------------- files


@asynccontextmanager
async def platform(telegram: TelegramEmulator) -> AsyncIterator[TelegramPlatform]:
    async def nothing(*_: object) -> bytes:
        return b""

    async def stay(*_: object) -> None:
        return None

    options = TelegramOptions(TOKEN, telegram.api_base_url, telegram.file_base_url)
    opened = TelegramPlatform(options, stay, nothing, pause=no_pause)
    try:
        yield opened
    finally:
        await opened.aclose()


@pytest.mark.parametrize(("failures", "tries"), [(2, 3), (3, 3)])
async def test_a_file_is_asked_for_three_times(failures: int, tries: int) -> None:
    async with TelegramEmulator(TOKEN) as telegram, platform(telegram) as opened:
        telegram.script("getFile", *[Drop()] * failures, Fail(400, "Bad Request: no such file"))
        with pytest.raises(FileUnavailableError):
            await opened.download(Attachment(AttachmentKind.PHOTO, "ref"))
        assert len(telegram.calls_of("getFile")) == tries


async def test_a_file_that_telegram_refuses_is_not_asked_for_again() -> None:
    async with TelegramEmulator(TOKEN) as telegram, platform(telegram) as opened:
        telegram.script("getFile", Fail(400, "Bad Request: file is too big"))
        with pytest.raises(FileUnavailableError):
            await opened.download(Attachment(AttachmentKind.PHOTO, "ref"))
        assert len(telegram.calls_of("getFile")) == 1
