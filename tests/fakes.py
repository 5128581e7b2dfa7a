"""Fakes that fill the ports of handlers/ports, in memory. Nothing is patched with them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from handlers.errors import DeliveryRefusedError, ParleyError, RouteMissingError, StorageError
from handlers.messages import (
    Attachment,
    ButtonRows,
    Capability,
    ChatKey,
    ChatSettings,
    Exchange,
    IncomingMessage,
    Origin,
    Pending,
    Sender,
    UsageEntry,
)
from handlers.ports.chat import AnswerFacts, ChatRequest, Finish, Source, ToolCall
from handlers.ports.images import ImageOptions, OnPartial, OnRound, Picture, Pictures
from handlers.ports.platforms import Activity, SentLog
from handlers.ports.sounds import Halfway, Segment, Sound, Transcript
from handlers.ports.stores import History, Outcome, Place
from tests import samples

CHAT = ChatKey("test", "1")
ALICE = Sender("test", "7", "Alice")


def message(text: str = "hello", *, number: int = 1, **changes: object) -> IncomingMessage:
    """A message of Alice's; ``number`` makes it another one."""
    base = IncomingMessage(
        key=f"test:{number}", chat=CHAT, sender=ALICE, message_id=str(number), text=text
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # the caller names real fields


class FakeClock:
    def __init__(self, now: float = 1_000_000.0) -> None:
        self.time = now

    def now(self) -> float:
        return self.time


class FakeMeter:
    def __init__(self) -> None:
        self.counts: list[tuple[str, dict[str, str]]] = []

    def count(self, name: str, labels: Mapping[str, str]) -> None:
        self.counts.append((name, dict(labels)))

    def observe(self, name: str, seconds: float, labels: Mapping[str, str]) -> None:
        pass


@dataclass
class Row:
    message: IncomingMessage
    is_done: bool = False
    is_failed: bool = False
    steps: dict[str, str] = field(default_factory=dict)
    sent: dict[str, tuple[str, ...]] = field(default_factory=dict)
    outcome: Outcome | None = None
    exchange_id: int = 0

    @property
    def is_over(self) -> bool:
        return self.is_done or self.is_failed


class FakeStore:
    """Inbox and history in one, as they are in one transaction."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.usage: list[UsageEntry] = []
        self.exchanges: list[Exchange] = []
        self.window_start = 0
        self.summary = ""
        self.summarised_through = 0
        self.changed = asyncio.Condition()
        self.fails_with: Exception | None = None
        """Raised when a message is to be finished, and when what is not is asked for; ``failed``
        is set by the first."""
        self.failed = asyncio.Event()
        self.moves_badly = False
        """The next move fails."""
        self.saves_badly = 0
        """So many of the next steps cannot be stored."""

    async def accept(self, messages: Sequence[IncomingMessage]) -> list[IncomingMessage]:
        fresh = [m for m in messages if m.key not in self.rows]
        self.rows |= {m.key: Row(m) for m in fresh}
        return fresh

    async def unfinished(self) -> list[Pending]:
        if self.fails_with is not None:
            raise self.fails_with
        return [
            Pending(
                row.message,
                row.steps,
                row.sent,
                row.outcome.delivery if row.outcome is not None else None,
            )
            for row in self.rows.values()
            if not row.is_done and not row.is_failed
        ]

    async def record_sent(self, key: str, slot: str, ids: tuple[str, ...]) -> None:
        self.rows[key].sent[slot] = ids

    async def save_step(
        self, key: str, name: str, value: str, usage: Sequence[UsageEntry] = ()
    ) -> None:
        if self.saves_badly:
            self.saves_badly -= 1
            raise StorageError("the database is gone for a moment")
        self.rows[key].steps[name] = value
        self.usage += usage
        async with self.changed:
            self.changed.notify_all()

    async def answer(self, message: IncomingMessage, outcome: Outcome) -> int:
        row = self.rows[message.key]
        if row.outcome is not None:
            return row.exchange_id
        row.outcome = outcome
        self.usage += outcome.usage
        if outcome.window_start is not None:
            self.window_start = outcome.window_start
        if outcome.exchange is not None:
            row.exchange_id = self._store(outcome.exchange, outcome.replaces)
        return row.exchange_id

    def _store(self, exchange: Exchange, replaces: int) -> int:
        for place, old in enumerate(self.exchanges):
            if old.id == replaces:
                behind = old.left_behind(exchange.media)
                self.exchanges[place] = replace(
                    exchange, id=old.id, ordinal=old.ordinal, replaced=behind
                )
                return old.id
        number = len(self.exchanges) + 1
        self.exchanges.append(replace(exchange, id=number, ordinal=number))
        return number

    async def fail(self, message: IncomingMessage, usage: Sequence[UsageEntry] = ()) -> None:
        self.usage += usage
        self.rows[message.key].message = message
        for key in message.keys:
            self.rows[key].is_failed = True
        async with self.changed:
            self.changed.notify_all()

    async def take_failed(self, retry: IncomingMessage) -> Pending | None:
        for row in reversed(self.rows.values()):
            is_meant = retry.origin is not Origin.BUTTON or (
                retry.message_id in row.sent.get("told", ())
            )
            if row.is_failed and not row.is_done and is_meant:
                row.is_done = True
                again = replace(
                    row.message,
                    key=retry.key,
                    sender=retry.sender,
                    reply_ref=retry.reply_ref,
                    wants_thread=False,
                    merged_keys=(),
                )
                self.rows[retry.key].message = again
                return Pending(again, dict(row.steps))
        return None

    async def move(self, message: IncomingMessage) -> None:
        if self.moves_badly:
            self.moves_badly = False
            raise StorageError("the database is gone for a moment")
        self.rows[message.key].message = message

    async def done(
        self,
        message: IncomingMessage,
        usage: Sequence[UsageEntry] = (),
        exchange_id: int = 0,
        answer_message_ids: tuple[str, ...] = (),
    ) -> None:
        if self.fails_with is not None:
            self.failed.set()
            raise self.fails_with
        self.usage += usage
        for key in message.keys:
            self.rows[key].is_done = True
        self.exchanges = [
            replace(e, answer_message_ids=answer_message_ids) if e.id == exchange_id else e
            for e in self.exchanges
        ]
        async with self.changed:
            self.changed.notify_all()

    async def all_done(self, count: int) -> None:
        """Wait until so many messages are done."""
        async with self.changed, asyncio.timeout(10):
            await self.changed.wait_for(
                lambda: sum(row.is_over for row in self.rows.values()) >= count
            )

    async def steps_saved(self, count: int) -> None:
        """Wait until there are so many steps."""
        async with self.changed, asyncio.timeout(10):
            await self.changed.wait_for(
                lambda: sum(len(row.steps) for row in self.rows.values()) >= count
            )

    # the history

    async def load(self, _: ChatKey) -> History:
        window = tuple(
            replace(e, steps=(), replaced=()) for e in self.exchanges if e.id > self.window_start
        )
        return History(window, self.summary, self.summarised_through, len(self.exchanges))

    async def unsummarised(self, _: ChatKey) -> tuple[Exchange, ...]:
        return tuple(
            e for e in self.exchanges if self.summarised_through < e.id <= self.window_start
        )

    async def save_summary(
        self, chat: ChatKey, summary: str, through: int, usage: Sequence[UsageEntry]
    ) -> None:
        self.summary, self.summarised_through = summary, through
        self.usage += usage
        async with self.changed:
            self.changed.notify_all()

    async def find(self, _: ChatKey, exchange_id: int) -> Exchange | None:
        return next((e for e in self.exchanges if e.id == exchange_id), None)

    async def find_answer(self, _: ChatKey, message_id: str) -> Exchange | None:
        newest_first = reversed(self.exchanges)
        return next((e for e in newest_first if message_id in e.answer_message_ids), None)

    async def reset(self, _: ChatKey) -> None:
        self.window_start = self.summarised_through = len(self.exchanges)
        self.summary = ""

    async def migrate(self, old: ChatKey, new: ChatKey) -> None:
        pass


class FakeSettings:
    def __init__(self) -> None:
        self.stored: dict[ChatKey, ChatSettings] = {}

    async def load(self, chat: ChatKey) -> ChatSettings:
        return self.stored.get(chat, ChatSettings())

    async def save(self, chat: ChatKey, settings: ChatSettings) -> None:
        self.stored[chat] = settings


class FakeCatalogue:
    chat_model = "fake"
    chat_models: tuple[str, ...] = ("fake", "other")
    voice = "alloy"
    voices: tuple[str, ...] = ("alloy", "nova")

    def efforts(self, model: str) -> tuple[str, ...]:
        return ("low", "high") if model == "other" else ()


class FakeListener:
    """Fills the ports of those who listen. It hears how long a recording is."""

    def __init__(self) -> None:
        self.formats = frozenset({"mp3", "ogg", "wav"})
        self.max_bytes = 25_000_000
        self.max_seconds = 1390.0
        self.tells_times = True
        self.words: Callable[[Sound], str] = lambda sound: f"{sound.duration_s:.0f} seconds"
        self.fails: Callable[[Sound], ParleyError | None] = lambda _: None
        self.translates_in_two_steps = False
        self.second_step_fails: ParleyError | None = None
        """Once."""
        self.sounds: list[Sound] = []
        self.languages: list[str] = []
        self.gate: asyncio.Semaphore | None = None
        """While there is one, so many are heard and the next wait for a release."""
        self.counts: asyncio.Queue[int] = asyncio.Queue()
        """How many it listened to at the same time, at each beginning."""
        self._listening = 0

    async def transcribe(
        self, sound: Sound, language: str = "", *, with_times: bool = False
    ) -> Transcript:
        self.languages.append(language)
        heard = await self._hear(sound, Capability.TRANSCRIPTION)
        if not (with_times and self.tells_times):
            return heard
        return replace(heard, segments=(Segment(0.5, sound.duration_s, heard.text),))

    async def translate(self, sound: Sound, halfway: Halfway | None = None) -> Transcript:
        if not self.translates_in_two_steps or halfway is None:
            heard = await self._hear(sound, Capability.TRANSLATION)
            return replace(heard, text=f"English of {heard.text}")
        if halfway.known is None:
            heard = await self._hear(sound, Capability.TRANSLATION)
            await halfway.keep(heard.text, heard.usage)
        if (failure := self.second_step_fails) is not None:
            self.second_step_fails = None
            raise failure
        usage = UsageEntry(Capability.TRANSLATION, "fake", output_tokens=5, cost_usd=0.0001)
        return Transcript(f"English of {halfway.known}", (usage,))

    async def _hear(self, sound: Sound, capability: Capability) -> Transcript:
        self.sounds.append(sound)
        self._listening += 1
        self.counts.put_nowait(self._listening)
        try:
            if self.gate is not None:
                await self.gate.acquire()
        finally:
            self._listening -= 1
        if (failure := self.fails(sound)) is not None:
            raise failure
        usage = UsageEntry(capability, "fake", seconds=sound.duration_s, cost_usd=0.001)
        return Transcript(self.words(sound), (usage,))


class FakePlaces:
    def __init__(self, *places: Place) -> None:
        self.stored = {place.chat: place for place in places}
        self.saved = asyncio.Condition()

    async def load(self, platform: str) -> tuple[Place, ...]:
        latest_first = reversed(self.stored.values())
        return tuple(place for place in latest_first if place.chat.platform == platform)

    async def save(self, places: Sequence[Place]) -> None:
        for place in places:
            self.stored.pop(place.chat, None)
            self.stored[place.chat] = place
        async with self.saved:
            self.saved.notify_all()


class FakeReply:
    """Remembers what people would see."""

    def __init__(self, platform: "FakePlatform", sent: SentLog) -> None:
        self._platform = platform
        self._sent = sent
        self.shown: list[str] = []

    @asynccontextmanager
    async def working(self, activity: Activity) -> AsyncIterator[None]:
        self._platform.activities.append(activity)
        yield

    def show(self, text: str) -> None:
        self.shown.append(text)
        self._platform.previews.append(text)

    def is_showing(self, message_id: str) -> bool:
        return message_id == "draft" and bool(self.shown or self._platform.is_thinking)

    async def drop_buttons(self) -> None:
        self._platform.dropped += 1

    async def finish(
        self, text: str, notice: str = "", buttons: ButtonRows = (), supersedes: str = ""
    ) -> tuple[str, ...]:
        return await self._say("answer", "\n".join(filter(None, (text, notice))), buttons)

    async def line(
        self, slot: str, text: str, buttons: ButtonRows = (), reply_to: str = ""
    ) -> None:
        await self._say(slot, text, buttons)

    async def tell(self, text: str, buttons: ButtonRows = ()) -> None:
        await self._say("told", text, buttons)

    async def menu(self, text: str, buttons: ButtonRows) -> None:
        await self._say("menu", text, buttons)

    def preview(self, picture: Picture) -> None:
        self._platform.partial_pictures.append(picture)

    async def photo(
        self, slot: str, picture: Picture, caption: str = "", buttons: ButtonRows = ()
    ) -> tuple[str, ...]:
        self._platform.captions.append(caption)
        self._platform.photos.append(picture.data)
        return await self._say(slot, f"photo {len(picture.data)}", buttons)

    @property
    def max_file_bytes(self) -> int:
        return self._platform.max_file_bytes

    async def file(self, slot: str, name: str, data: bytes, mime: str, caption: str = "") -> None:
        self._platform.offered_files.append((name, data))
        if name.endswith(self._platform.refused_files):
            raise DeliveryRefusedError("too large")
        self._platform.sent_files[name] = data
        await self._say(slot, f"file {name}", ())

    async def voice(self, slot: str, ogg: bytes, duration_s: float) -> None:
        await self._say(slot, f"voice {duration_s:.0f} s", ())

    async def _say(self, slot: str, text: str, buttons: ButtonRows) -> tuple[str, ...]:
        if self._platform.gate is not None:
            self._platform.at_gate.set()
            await self._platform.gate.wait()
        if self._platform.refuses:
            raise DeliveryRefusedError("blocked")
        known = self._sent.ids(slot)
        if known and slot != "answer":
            return known
        self._platform.said.append(text)
        self._platform.slots.append(slot)
        self._platform.buttons.append([b.action for row in buttons for b in row])
        ids = (f"out{len(self._platform.said)}",)
        await self._sent.record(slot, ids)
        return ids

    async def settle(self) -> None:
        self._platform.settled += 1

    async def aclose(self) -> None:
        self._platform.closed += 1


class FakePlatform:
    name = "test"
    max_download_bytes = 1_000_000
    asks_by_messages = True

    def __init__(self) -> None:
        self.said: list[str] = []
        self.slots: list[str] = []
        """In which each of them was said."""
        self.buttons: list[list[str]] = []
        self.previews: list[str] = []
        self.activities: list[Activity] = []
        self.files: dict[str, bytes] = {}
        self.sent_files: dict[str, bytes] = {}
        self.refused_files: tuple[str, ...] = ()
        self.offered_files: list[tuple[str, bytes]] = []
        """Also those that were refused."""
        self.max_file_bytes = 50_000_000
        """Endings of files that are too large here."""
        self.photos: list[bytes] = []
        """Also those that a slot says were sent."""
        self.captions: list[str] = []
        """Of photos."""
        self.partial_pictures: list[Picture] = []
        self.refuses = False
        self.known: list[SentLog] = []
        """What each reply knew, and knows now, of what was said before."""
        self.gate: asyncio.Event | None = None
        """While there is one, nothing is said before it is set; ``at_gate`` tells of the first."""
        self.at_gate = asyncio.Event()
        self.closed = 0
        self.settled = 0
        self.threads = 0
        self.refuses_threads = False
        self.dropped = 0
        """How often buttons were taken from a message."""
        self.is_thinking = True
        """A draft with a Stop button stands before there is any text."""

    def open_reply(self, _: IncomingMessage, sent: SentLog) -> FakeReply:
        self.known.append(sent)
        return FakeReply(self, sent)

    async def open_thread(self, message: IncomingMessage, sent: SentLog) -> IncomingMessage:
        """A new thread, or the one that was opened for the message before."""
        if self.refuses_threads:
            return replace(message, wants_thread=False)
        if not sent.ids("thread"):
            self.threads += 1
            await sent.record("thread", (str(self.threads),))
        thread = replace(message.chat, thread=sent.ids("thread")[0])
        return replace(message, chat=thread, wants_thread=False)

    def message_link(self, chat: ChatKey, message_id: str) -> str:
        return ""

    async def download(self, attachment: Attachment) -> bytes:
        return self.files[attachment.ref]


class FakeImages:
    """Makes pictures of one colour; remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ImageOptions]] = []
        """Prompts; "vary" for none."""
        self.sources: list[tuple[Picture, ...]] = []
        """Of each edit or variation, the mask last."""
        self.masks: list[Picture | None] = []
        self.fails_with: Exception | None = None
        self.varies = False
        self.mime = "image/png"
        self.gate: asyncio.Event | None = None
        self.waiting = asyncio.Event()
        self.revised_prompt = ""
        self.cost_usd: float | None = 0.02
        """Of a request."""
        self.most = 10
        """Of one request."""
        self.before_next: Callable[[int], Awaitable[None]] | None = None
        """Called before each request but the first, with how many pictures are made by then."""

    async def generate(
        self,
        prompt: str,
        options: ImageOptions = ImageOptions(),  # noqa: B008  # frozen
        person: str = "",
        on_partial: OnPartial | None = None,
        on_round: OnRound | None = None,
    ) -> Pictures:
        return await self._make(prompt, options, on_round)

    async def edit(
        self,
        prompt: str,
        pictures: Sequence[Picture],
        mask: Picture | None = None,
        options: ImageOptions = ImageOptions(),  # noqa: B008  # frozen
        person: str = "",
        on_partial: OnPartial | None = None,
        on_round: OnRound | None = None,
    ) -> Pictures:
        self.sources.append(tuple(pictures))
        self.masks.append(mask)
        return await self._make(prompt, options, on_round)

    async def vary(
        self,
        picture: Picture,
        options: ImageOptions = ImageOptions(),  # noqa: B008  # frozen
        person: str = "",
        on_round: OnRound | None = None,
    ) -> Pictures:
        if not self.varies:
            raise RouteMissingError("no variations", model="fake")
        self.sources.append((picture,))
        return await self._make("vary", options, on_round)

    def _drawn(self, number: int) -> bytes:
        """Each picture has a size of its own: 16 + the request wide, 16 + its number high."""
        return samples.png(16 + len(self.asked), 16 + number)

    async def _make(self, prompt: str, options: ImageOptions, on_round: OnRound | None) -> Pictures:
        self.asked.append((prompt, options))
        if self.gate is not None:
            self.waiting.set()
            await self.gate.wait()
        if self.fails_with is not None:
            raise self.fails_with
        made = None
        for start in range(0, options.count, self.most):
            if start and self.before_next is not None:
                await self.before_next(start)
            numbers = range(start, min(start + self.most, options.count))
            one = Pictures(
                tuple(Picture(self._drawn(n), self.mime, self.revised_prompt) for n in numbers),
                UsageEntry(Capability.IMAGE, "fake", images=len(numbers), cost_usd=self.cost_usd),
            )
            if on_round is not None:
                await on_round(one)
            made = made + one if made is not None else one
        assert made is not None
        return made


class FakeStream:
    def __init__(self, model: "FakeModel", steps: "Script") -> None:
        self._model = model
        self._steps = steps
        self.finish = Finish.CUT
        self.usage: tuple[UsageEntry, ...] = ()
        self.calls: tuple[ToolCall, ...] = ()
        self.carried = ""
        self.sources: tuple[Source, ...] = ()
        self.facts = AnswerFacts()

    async def start(self) -> None:
        if isinstance(self._steps, Exception):
            raise self._steps
        entry = UsageEntry(Capability.CHAT, "fake", input_tokens=1, output_tokens=1)
        self.usage = (entry,)

    async def __aiter__(self) -> AsyncIterator[str]:
        if isinstance(self._steps, Exception):
            return
        called: list[ToolCall] = []
        for step in self._steps:
            if isinstance(step, Finish):
                self.finish = step
                return
            if isinstance(step, asyncio.Event):
                self._model.waiting.set()
                await step.wait()
            elif isinstance(step, ToolCall):
                called.append(step)
            elif isinstance(step, Source):
                self.sources = (*self.sources, step)
            elif isinstance(step, AnswerFacts):
                self.facts = step
            else:
                yield str(step)
        self.finish = Finish.COMPLETE
        self.calls = tuple(called)

    async def aclose(self) -> None:
        self._model.closed += 1


Script = Sequence[object] | ParleyError | Exception


class FakeModel:
    """Answers "re: <question>" unless told otherwise."""

    def __init__(self) -> None:
        self.requests: list[ChatRequest] = []
        self.scripts: list[Script] = []
        self.waiting = asyncio.Event()
        """Set when an answer has come to an event in its script."""
        self.closed = 0
        self.answer: Callable[[ChatRequest], Iterable[object]] = lambda request: [
            f"re: {getattr(request.messages[-1].parts[-1], 'text', '?')}"
        ]

    def ask(self, request: ChatRequest) -> FakeStream:
        self.requests.append(request)
        script = self.scripts.pop(0) if self.scripts else tuple(self.answer(request))
        return FakeStream(self, script)
