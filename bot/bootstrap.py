"""The composition root: every object of a running bot, built once, closed in reverse order."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from bot.clock import SystemClock
from bot.config import Config
from bot.discord.platform import DiscordOptions, DiscordPlatform
from bot.discord.replies import ReplyTools
from bot.openai.service import OpenAIService
from bot.openai.tokens import estimate_tokens
from bot.telegram.platform import TelegramOptions, TelegramPlatform
from bot.web.metrics import PrometheusMeter
from bot.web.server import WebServer
from handlers.access import Access
from handlers.chat import Chat
from handlers.conversation import Conversation, Defaults
from handlers.dispatch import Dispatch, Handler, Limits, Routes
from handlers.errors import StorageError
from handlers.filling import Filling
from handlers.gallery import Gallery
from handlers.hearing import Hearing
from handlers.image_edits import ImageEdits
from handlers.images import Images
from handlers.media.photos import PhotoStudio
from handlers.media.sounds import SoundStudio
from handlers.media.videos import VideoStudio
from handlers.memory import Memory
from handlers.messages import ChatKey, IncomingMessage, VoiceMode
from handlers.picture_sources import PictureSources
from handlers.ports.machine import Clock, Meter
from handlers.ports.platforms import Platform
from handlers.ports.sounds import Sound
from handlers.questions import Questions
from handlers.settings import Settings
from handlers.speaking import Speaking
from handlers.transcription import Transcription, VoiceNotes
from handlers.translation import Translation
from handlers.usage import UsageReport
from handlers.vision import Vision
from handlers.watching import Watching
from storage.stores import Stores, open_stores

log = structlog.get_logger(__name__)

TIDY_EVERY_S = 3600.0


class Runner(Platform, Protocol):
    """A platform with its connection."""

    @property
    def is_ready(self) -> bool: ...

    async def run(self, submit: Callable[[list[IncomingMessage]], Awaitable[None]]) -> None:
        """Connect and hand over what comes in, until cancelled; else it ends only by failing."""
        ...

    async def aclose(self) -> None:
        """After the last reply."""
        ...


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot that is built and not yet running."""

    dispatch: Dispatch
    runners: tuple[Runner, ...]


def routes(
    config: Config, service: OpenAIService, stores: Stores, clock: Clock, meter: Meter
) -> tuple[Routes, SoundStudio, PhotoStudio]:
    """What every message and command is answered by."""
    sounds, photos = SoundStudio(), PhotoStudio()
    defaults = Defaults(
        model=service.catalogue.chat_model,
        persona=config.chat.persona,
        detail=config.chat.detail,
        language=config.chat.language,
        voice_mode=VoiceMode(config.chat.voice),
        budget_tokens=config.history.max_tokens,
    )
    vision = Vision(photos, stores.media)
    hearing = Hearing(service.transcriber, service.translator, sounds)
    watching = Watching(vision, VideoStudio(), hearing.hear, defaults.budget_tokens)
    speaking = Speaking(service.synthesizer, sounds, service.catalogue)
    chat = Chat(
        model=service.chat,
        history=stores.history,
        conversation=Conversation(vision, defaults, estimate_tokens),
        memory=Memory(service.chat, stores.history),
        questions=Questions(watching, hearing.hear),
        speak=speaking.speak,
        clock=clock,
        meter=meter,
    )
    transcription = Transcription(hearing.hear, hearing.hear_with_times)
    translation = Translation(
        service.chat, defaults.model, hearing.hear, hearing.hear_in_english, photos
    )
    voice_notes = VoiceNotes(chat.answer, transcription.write_down, translation.translate)
    gallery = Gallery(stores.media, stores.history, photos)
    images = Images(service.images, gallery)
    sources = PictureSources(gallery, photos, stores.media)
    edits = ImageEdits(service.images, gallery, sources)
    settings = Settings(stores.settings, stores.history, service.catalogue, defaults)
    commands: Mapping[str, Handler] = {
        "start": settings.start,
        "help": settings.help,
        "new": settings.new,
        "ask": chat.ask,
        "describe": chat.describe,
        "image": images.make,
        "again": images.again,
        "fullsize": images.full_size,
        "edit": edits.edit,
        "variation": edits.variation,
        "transcribe": transcription.transcribe,
        "translate": translation.translate,
        "retry": chat.retry,
        "continue": chat.go_on,
        "model": settings.model,
        "voice": settings.voice,
        "persona": settings.persona,
        "detail": settings.detail,
        "settings": settings.settings,
        "usage": UsageReport(stores.usage, clock).show,
    }
    return Routes(voice_notes.answer, commands, chat.deliver), sounds, photos


@asynccontextmanager
async def build(config: Config, clock: Clock | None = None) -> AsyncIterator[Bot]:
    """Open everything. OperatorError: the operator can mend what is wrong."""
    clock = clock or SystemClock()
    meter = PrometheusMeter()
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(
            open_stores(config.storage.path, clock, config.storage.media_path)
        )
        service = await stack.enter_async_context(OpenAIService(config.openai.to_options()))
        await stack.enter_async_context(_tidied(stores))
        table, sounds, photos = routes(config, service, stores, clock, meter)
        stack.callback(photos.close)
        access = Access(
            is_open=config.access.mode == "open",
            keys=frozenset((*config.access.owners, *config.access.users)),
            clock=clock,
        )
        runners: list[Runner] = []
        if config.telegram.token:
            runners.append(_telegram(config, stores, sounds))
        if config.discord.token:
            filling = Filling(service.catalogue, stores.settings)
            tools = ReplyTools(_to_mp3(sounds), sounds.waveform, photos.shrink)
            runners.append(_discord(config, stores, filling, tools, access, clock))
        for runner in runners:
            stack.push_async_callback(runner.aclose)
        dispatch = Dispatch(
            inbox=stores.inbox,
            settings=stores.settings,
            platforms={runner.name: runner for runner in runners},
            access=access,
            routes=table,
            meter=meter,
            clock=clock,
            limits=Limits(config.limits.queue_per_chat, config.limits.concurrent_turns),
        )

        async def find_reasons() -> tuple[str, ...]:
            reasons = [f"{r.name} is not connected" for r in runners if not r.is_ready]
            if not await stores.database.is_ready():
                reasons.append("the database does not answer")
            return tuple(reasons)

        await stack.enter_async_context(
            WebServer(config.web.host, config.web.port, find_reasons=find_reasons, meter=meter)
        )
        yield Bot(dispatch, tuple(runners))


@asynccontextmanager
async def _tidied(stores: Stores) -> AsyncIterator[None]:
    """What is kept for a time only is erased in time, also while nobody writes."""
    task = asyncio.create_task(_tidy(stores))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _tidy(stores: Stores) -> None:
    while True:
        try:
            await stores.inbox.tidy()
        except StorageError as failure:
            log.warning("what is old could not be erased yet", detail=str(failure))
        await asyncio.sleep(TIDY_EVERY_S)


def _to_mp3(sounds: SoundStudio) -> Callable[[bytes], Awaitable[bytes]]:
    async def convert(ogg: bytes) -> bytes:
        return (await sounds.convert(Sound(ogg, "audio/ogg", "voice.ogg"), "mp3")).data

    return convert


def _telegram(config: Config, stores: Stores, sounds: SoundStudio) -> TelegramPlatform:
    section = config.telegram

    async def migrate(old: ChatKey, new: ChatKey) -> None:
        await stores.history.migrate(old, new)

    return TelegramPlatform(
        TelegramOptions(
            token=section.token,
            api_base_url=section.api_base_url,
            file_base_url=section.file_url,
            update_interval_s=section.update_interval_s,
            group_update_interval_s=section.group_update_interval_s,
            messages_per_s=section.messages_per_s,
        ),
        migrate,
        _to_mp3(sounds),
    )


def _discord(
    config: Config,
    stores: Stores,
    filling: Filling,
    tools: ReplyTools,
    access: Access,
    clock: Clock,
) -> DiscordPlatform:
    section = config.discord
    return DiscordPlatform(
        DiscordOptions(
            token=section.token,
            api_base_url=section.api_base_url,
            gateway_url=section.gateway_url,
            update_interval_s=section.update_interval_s,
            catch_up_hours=section.catch_up_hours,
        ),
        places=stores.places,
        filling=filling,
        tools=tools,
        allows=access.allows,
        clock=clock,
    )


async def run(config: Config) -> int:
    """Run until SIGTERM or Ctrl-C; the exit code. OperatorError as ``build`` says it."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with build(config) as bot:
        await serve(bot, stop, config.run.shutdown_grace_s)
    log.info("stopped")
    return 0


async def serve(bot: Bot, stop: asyncio.Event, grace_s: float) -> None:
    """Answer people until ``stop`` is set, then let running answers end for ``grace_s``."""
    stopping: asyncio.Task[Any] = asyncio.create_task(stop.wait())
    await bot.dispatch.resume()
    running: list[asyncio.Task[Any]] = [
        asyncio.create_task(runner.run(bot.dispatch.submit)) for runner in bot.runners
    ]
    try:
        await asyncio.wait((stopping, *running), return_when=asyncio.FIRST_COMPLETED)
        for task in running:
            if task.done():
                task.result()  # it ends only by failing
    finally:
        log.info("stopping", grace_s=grace_s)
        for task in (stopping, *running):
            task.cancel()
        await asyncio.gather(stopping, *running, return_exceptions=True)
        await bot.dispatch.drain(grace_s)
