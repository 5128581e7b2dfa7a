"""The composition root: every object of a running bot, built once, closed in reverse order."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from bot.clock import SystemClock
from bot.config import Config
from bot.openai.service import OpenAIService
from bot.openai.tokens import estimate_tokens
from bot.telegram.platform import TelegramOptions, TelegramPlatform
from bot.web.metrics import PrometheusMeter
from bot.web.server import WebServer
from handlers.access import Access
from handlers.chat import Chat
from handlers.conversation import Conversation, Defaults
from handlers.dispatch import Dispatch, Handler, Limits, Routes
from handlers.hearing import Hearing
from handlers.images import Images
from handlers.media.photos import PhotoStudio
from handlers.media.sounds import SoundStudio
from handlers.memory import Memory
from handlers.messages import ChatKey, VoiceMode
from handlers.ports import Clock, Meter, Sound
from handlers.questions import Questions
from handlers.settings import Settings
from handlers.speaking import Speaking
from handlers.translation import Translation
from handlers.usage import UsageReport
from handlers.vision import Vision
from storage.stores import Stores, open_stores

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot that is built and not yet running."""

    dispatch: Dispatch
    telegram: TelegramPlatform


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
    speaking = Speaking(service.synthesizer, sounds, service.catalogue)
    chat = Chat(
        model=service.chat,
        history=stores.history,
        conversation=Conversation(vision, defaults, estimate_tokens),
        memory=Memory(service.chat, stores.history),
        questions=Questions(vision, hearing.hear),
        speak=speaking.speak,
        clock=clock,
        meter=meter,
    )
    translation = Translation(service.chat, defaults.model, hearing.hear, hearing.hear_in_english)
    settings = Settings(stores.settings, stores.history, service.catalogue, defaults)
    commands: Mapping[str, Handler] = {
        "start": settings.start,
        "help": settings.help,
        "new": settings.new,
        "ask": chat.ask,
        "image": Images(service.images, stores.media).make,
        "transcribe": translation.transcribe,
        "translate": translation.translate,
        "retry": chat.retry,
        "continue": chat.go_on,
        "model": settings.model,
        "voice": settings.voice,
        "persona": settings.persona,
        "settings": settings.settings,
        "usage": UsageReport(stores.usage, clock).show,
    }
    return Routes(chat.answer, commands, chat.deliver), sounds, photos


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
        table, sounds, photos = routes(config, service, stores, clock, meter)
        stack.callback(photos.close)

        async def migrate(old: ChatKey, new: ChatKey) -> None:
            await stores.history.migrate(old, new)

        async def to_mp3(ogg: bytes) -> bytes:
            return (await sounds.convert(Sound(ogg, "audio/ogg", "voice.ogg"), "mp3")).data

        telegram = TelegramPlatform(
            TelegramOptions(
                token=config.telegram.token,
                api_base_url=config.telegram.api_base_url,
                file_base_url=config.telegram.file_url,
                update_interval_s=config.telegram.update_interval_s,
                group_update_interval_s=config.telegram.group_update_interval_s,
                messages_per_s=config.telegram.messages_per_s,
            ),
            migrate,
            to_mp3,
        )
        stack.push_async_callback(telegram.aclose)
        dispatch = Dispatch(
            inbox=stores.inbox,
            settings=stores.settings,
            platforms={telegram.name: telegram},
            access=Access(
                is_open=config.access.mode == "open",
                keys=frozenset((*config.access.owners, *config.access.users)),
                clock=clock,
            ),
            routes=table,
            meter=meter,
            clock=clock,
            limits=Limits(config.limits.queue_per_chat, config.limits.concurrent_turns),
        )

        async def find_reasons() -> tuple[str, ...]:
            reasons: tuple[str, ...] = () if telegram.is_ready else ("telegram is not connected",)
            if not await stores.database.is_ready():
                reasons = (*reasons, "the database does not answer")
            return reasons

        await stack.enter_async_context(
            WebServer(config.web.host, config.web.port, find_reasons=find_reasons, meter=meter)
        )
        yield Bot(dispatch, telegram)


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
    stopping = asyncio.create_task(stop.wait())
    await bot.dispatch.resume()
    polling = asyncio.create_task(bot.telegram.run(bot.dispatch.submit))
    try:
        await asyncio.wait((stopping, polling), return_when=asyncio.FIRST_COMPLETED)
        if polling.done():
            polling.result()  # it ends only by failing
    finally:
        log.info("stopping", grace_s=grace_s)
        polling.cancel()
        stopping.cancel()
        await asyncio.gather(polling, stopping, return_exceptions=True)
        await bot.dispatch.drain(grace_s)
