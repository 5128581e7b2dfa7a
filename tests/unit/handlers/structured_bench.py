"""A bot that makes JSON and compares, over fakes; schemas are checked by the real checker."""

from handlers.access import Access
from handlers.answers.conversation import Conversation, Defaults
from handlers.answers.memory import Memory
from handlers.answers.questions import Questions
from handlers.dispatch import Dispatch, Limits, Routes
from handlers.exact.reproducing import Reproducing
from handlers.exact.saved_schemas import SavedSchemas
from handlers.exact.schema_checks import SchemaChecks
from handlers.exact.schemas import Schemas
from handlers.exact.structured import Structured
from handlers.media.photos import PhotoStudio
from handlers.media.videos import VideoStudio
from handlers.messages import Attachment, ChatKey, Delivery, IncomingMessage
from handlers.pictures.vision import Vision
from handlers.pictures.watching import Watching
from handlers.ports.stores import SavedSchema
from handlers.turn import Turn
from tests.fakes import (
    FakeClock,
    FakeMeter,
    FakeModel,
    FakePlatform,
    FakeSettings,
    FakeStore,
    message,
)
from tests.unit.handlers.bench import FakeMedia, tokens


class FakeSchemas:
    def __init__(self) -> None:
        self.stored: dict[str, str] = {}

    async def load(self, _: ChatKey) -> tuple[SavedSchema, ...]:
        return tuple(SavedSchema(name, text) for name, text in sorted(self.stored.items()))

    async def save(self, _: ChatKey, schema: SavedSchema, most: int) -> bool:
        if len(set(self.stored) - {schema.name}) >= most:
            return False
        self.stored[schema.name] = schema.text
        return True

    async def remove(self, _: ChatKey, name: str) -> bool:
        return self.stored.pop(name, None) is not None


class StructuredBench:
    """Everything is public, so that a test may script it and look at it."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.settings = FakeSettings()
        self.schemas = FakeSchemas()
        self.platform = FakePlatform()
        self.model = FakeModel()
        self.clock = FakeClock()
        self.media = FakeMedia()
        self.photos = PhotoStudio()
        self.retried = 0
        """How often something else than JSON was to be made again."""
        self.heard: list[Attachment] = []
        self.restart()

    def restart(self) -> None:
        """A new process: what is kept in the stores is all that it knows."""
        vision = Vision(self.photos, self.media)
        conversation = Conversation(vision, Defaults(model="fake", budget_tokens=1_000), tokens)
        questions = Questions(Watching(vision, VideoStudio(), self._hear, 1_000), self._hear)
        saved, checks = SavedSchemas(self.schemas), SchemaChecks(cpu_s=1)
        structured = Structured(
            model=self.model,
            history=self.store,
            conversation=conversation,
            memory=Memory(self.model, self.store),
            questions=questions,
            schemas=saved,
            checks=checks,
        )
        reproducing = Reproducing(
            model=self.model,
            store=self.settings,
            conversation=conversation,
            questions=questions,
        )
        commands = {
            "json": structured.json,
            "retry": structured.retrying(self._retry),
            "schema": Schemas(saved, checks).schema,
            "seed": reproducing.seed,
            "footer": reproducing.footer,
            "compare": reproducing.compare,
        }
        self.dispatch = Dispatch(
            inbox=self.store,
            settings=self.settings,
            platforms={"test": self.platform},
            access=Access(is_open=True, keys=frozenset(), clock=self.clock),
            routes=Routes(structured.json, commands, _deliver),
            meter=FakeMeter(),
            clock=self.clock,
            limits=Limits(),
        )

    async def _retry(self, turn: Turn) -> None:
        self.retried += 1

    async def _hear(self, turn: Turn, attachment: Attachment) -> str:
        self.heard.append(attachment)
        return "spoken words"

    async def say(self, *messages: IncomingMessage) -> None:
        """Send messages and wait until each is done."""
        done = sum(row.is_over for row in self.store.rows.values())
        await self.dispatch.submit(messages)
        await self.store.all_done(done + len(messages))

    async def crash(self) -> None:
        """The process ends in the middle of its work, and another takes up what is left."""
        await self.dispatch.drain(0)
        self.restart()
        await self.dispatch.resume()

    async def close(self) -> None:
        await self.dispatch.drain(0)
        self.photos.close()


async def _deliver(turn: Turn, delivery: Delivery) -> None:
    await turn.deliver(delivery)


def command(
    name: str, text: str = "", *attachments: Attachment, number: int = 1, **more: object
) -> IncomingMessage:
    return message(text, number=number, command=name, attachments=attachments, **more)
