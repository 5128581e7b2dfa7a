"""A whole bot of handlers over fakes, for tests to talk to."""

from dataclasses import replace

from handlers.access import Access
from handlers.chat import Chat
from handlers.context_window import MESSAGE_TOKENS
from handlers.conversation import Conversation, Defaults
from handlers.dispatch import Dispatch, Limits, Routes
from handlers.errors import ParleyError
from handlers.gallery import Gallery
from handlers.image_edits import ImageEdits
from handlers.images import Images
from handlers.media.photos import PhotoStudio
from handlers.media.videos import VideoStudio
from handlers.memory import Memory
from handlers.messages import Attachment, IncomingMessage, MediaRef, Origin
from handlers.picture_sources import PictureSources
from handlers.questions import Questions
from handlers.settings import Settings
from handlers.turn import Turn
from handlers.vision import Vision
from handlers.watching import Watching
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

    async def put(self, data: bytes, mime: str, width: int = 0, height: int = 0) -> MediaRef:
        ref = MediaRef(f"{len(self.files):064x}", mime, width, height)
        self.files[ref.sha256] = data
        return ref

    async def get(self, ref: MediaRef) -> bytes | None:
        return self.files.get(ref.sha256)


class Bench:
    """Everything is public, so that a test may script it and look at it."""

    def __init__(self, *, is_open: bool = True, budget_tokens: int = 1_000) -> None:
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
        self.chat = Chat(
            model=self.model,
            history=self.store,
            conversation=Conversation(vision, defaults, tokens),
            memory=Memory(self.model, self.store),
            questions=Questions(watching, self._hear),
            speak=self._speak,
            clock=self.clock,
            meter=self.meter,
        )
        self.images = FakeImages()
        gallery = Gallery(self.media, self.store, self.photos)
        images = Images(self.images, gallery)
        sources = PictureSources(gallery, self.photos, self.media)
        edits = ImageEdits(self.images, gallery, sources)
        settings = Settings(self.settings, self.store, FakeCatalogue(), defaults)
        commands = {
            "ask": self.chat.ask,
            "detail": settings.detail,
            "settings": settings.settings,
            "voice": settings.voice,
            "model": settings.model,
            "describe": self.chat.describe,
            "retry": self.chat.retry,
            "continue": self.chat.go_on,
            "image": images.make,
            "again": images.again,
            "fullsize": images.full_size,
            "edit": edits.edit,
            "variation": edits.variation,
        }
        self.dispatch = Dispatch(
            inbox=self.store,
            settings=self.settings,
            platforms={"test": self.platform},
            access=Access(is_open=is_open, keys=frozenset(), clock=self.clock),
            routes=Routes(self.chat.answer, commands, self.chat.deliver),
            meter=self.meter,
            clock=self.clock,
            limits=Limits(),
            pause=self._pause,
        )

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
