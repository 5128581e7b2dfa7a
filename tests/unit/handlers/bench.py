"""A whole bot of handlers over fakes, for tests to talk to."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from handlers.access import Access
from handlers.answers.answering import Answering
from handlers.answers.chat import Chat
from handlers.answers.context_window import MESSAGE_TOKENS
from handlers.answers.conversation import Conversation, Defaults
from handlers.answers.memory import Memory
from handlers.answers.questions import Questions
from handlers.answers.steps import Steps
from handlers.answers.tool_choice import ToolChoice
from handlers.dispatch import Dispatch, Handler, Limits, Routes
from handlers.errors import ParleyError
from handlers.media.photos import PhotoStudio
from handlers.media.videos import VideoStudio
from handlers.messages import Attachment, IncomingMessage, MediaRef, Origin
from handlers.people.settings import Settings
from handlers.pictures.gallery import Gallery
from handlers.pictures.image_edits import ImageEdits
from handlers.pictures.images import Images
from handlers.pictures.picture_sources import PictureSources
from handlers.pictures.vision import Vision
from handlers.pictures.watching import Watching
from handlers.sounds.speech_settings import SpeechSettings
from handlers.tools.running import ToolLimits, ToolRunner
from handlers.tools.tool import HostedSwitch, Tool
from handlers.tools.toolbox import Toolbox, ToolRules
from handlers.turn import Turn
from tests.fakes import (
    FakeCatalogue,
    FakeClock,
    FakeImages,
    FakeMeter,
    FakeModel,
    FakePlatform,
    FakeSettings,
    FakeStore,
)


class FakeMedia:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.gate: asyncio.Event | None = None
        self.waiting = asyncio.Event()
        self.fails_with: Exception | None = None
        """Raised when a file is next asked for."""
        self.puts_badly: Exception | None = None
        """Raised whenever a file is to be kept."""

    async def put(self, data: bytes, mime: str, width: int = 0, height: int = 0) -> MediaRef:
        if self.gate is not None:
            self.waiting.set()
            await self.gate.wait()
        if self.puts_badly is not None:
            raise self.puts_badly
        ref = MediaRef(f"{len(self.files):08x}".ljust(64, "0"), mime, width, height)
        self.files[ref.sha256] = data
        return ref

    async def get(self, ref: MediaRef) -> bytes | None:
        if self.fails_with is not None:
            failure, self.fails_with = self.fails_with, None
            raise failure
        return self.files.get(ref.sha256)


class Bench:
    """Everything is public, so that a test may script it and look at it."""

    def __init__(
        self,
        *,
        is_open: bool = True,
        budget_tokens: int = 1_000,
        tools: Callable[["Bench"], Sequence[Tool]] = lambda _: (),
        switches: Sequence[HostedSwitch] = (),
        rules: ToolRules | None = None,
        limits: ToolLimits | None = None,
        owners: frozenset[str] = frozenset(),
    ) -> None:
        """``tools``: those that the model may call, made of what the bench has by then."""
        self.store = FakeStore()
        self.settings = FakeSettings()
        self.platform = FakePlatform()
        self.model = FakeModel()
        self.clock = FakeClock()
        self.meter = FakeMeter()
        self.media = FakeMedia()
        self.photos = PhotoStudio()
        self.words = "spoken words"
        self.hears_badly: ParleyError | None = None
        self.heard: list[Attachment] = []
        self.spoken: list[str] = []
        self.speaks_badly = False
        self.pauses: list[float] = []
        vision = Vision(self.photos, self.media)
        defaults = Defaults(model="fake", budget_tokens=budget_tokens)
        watching = Watching(vision, VideoStudio(), self._hear, budget_tokens)
        self._access = Access(is_open=is_open, keys=frozenset(), clock=self.clock, owners=owners)
        self.images = FakeImages()
        self.gallery = gallery = Gallery(self.media, self.store, self.photos)
        self.toolbox = Toolbox(tools(self), switches, rules, self._access.is_owner)
        conversation = Conversation(vision, defaults, tokens)
        self.chat = Chat(
            answering=Answering(
                model=self.model,
                conversation=conversation,
                toolbox=self.toolbox,
                runner=ToolRunner(self.toolbox, limits or ToolLimits()),
                clock=self.clock,
                meter=self.meter,
            ),
            history=self.store,
            conversation=conversation,
            memory=Memory(self.model, self.store),
            questions=Questions(watching, self._hear),
            speak=self._speak,
            gallery=gallery,
            clock=self.clock,
        )
        images = Images(self.images, gallery)
        sources = PictureSources(gallery, self.photos, self.media)
        edits = ImageEdits(self.images, gallery, sources)
        settings = Settings(self.settings, self.store, FakeCatalogue(), defaults)
        commands: dict[str, Handler] = {
            "ask": self.chat.ask,
            "detail": settings.detail,
            "settings": settings.settings,
            "voice": SpeechSettings(self.settings, FakeCatalogue(), defaults).voice,
            "model": settings.model,
            "describe": self.chat.describe,
            "retry": self.chat.retry,
            "continue": self.chat.go_on,
            "image": images.make,
            "again": images.again,
            "fullsize": images.full_size,
            "edit": edits.edit,
            "variation": edits.variation,
            "tools": ToolChoice(self.toolbox, self.settings).tools,
            "steps": Steps(self.store).steps,
        }
        self.conversation = conversation
        self.commands = commands
        """Those of other capabilities can be added."""
        self._routes = Routes(self.chat.answer, commands, self.chat.deliver)
        self.dispatch = self._open_dispatch()

    def _open_dispatch(self) -> Dispatch:
        return Dispatch(
            inbox=self.store,
            settings=self.settings,
            platforms={"test": self.platform},
            access=self._access,
            routes=self._routes,
            meter=self.meter,
            clock=self.clock,
            limits=Limits(),
            pause=self._pause,
        )

    def restart(self) -> None:
        """A new process: what is kept in the store is all that it knows."""
        self.dispatch = self._open_dispatch()

    async def _pause(self, seconds: float) -> None:
        """No waiting in tests; a database that failed is mended by the time it is tried again."""
        self.pauses.append(seconds)
        self.store.fails_with = None

    async def _hear(self, turn: Turn, attachment: Attachment) -> str:
        self.heard.append(attachment)
        if self.hears_badly is not None:
            raise self.hears_badly
        return self.words

    async def _speak(self, turn: Turn, text: str) -> None:
        if self.speaks_badly:
            raise ZeroDivisionError("a fault of our own")
        self.spoken.append(text)

    async def say(self, *messages: IncomingMessage) -> None:
        """Send messages and wait until each is done."""
        done = sum(row.is_over for row in self.store.rows.values())
        await self.dispatch.submit(messages)
        await self.store.all_done(done + sum(len(m.keys) for m in messages))

    async def close(self) -> None:
        await self.dispatch.drain(0)
        self.photos.close()


def tokens(text: str) -> int:
    """Exact and simple, for tests: a token a word."""
    return len(text.split())


EXCHANGE_TOKENS = 2 * MESSAGE_TOKENS
"""What an exchange costs beside its words."""


def pressed(message: IncomingMessage, command: str, under: str = "") -> IncomingMessage:
    """The press of a button that carries ``command``."""
    return replace(message, command=command, text="", origin=Origin.BUTTON, message_id=under)
