"""The composition root: every object of a running bot, built once, closed in reverse order."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol

import structlog

from bot import tools
from bot.clock import SystemClock
from bot.config import Config
from bot.discord.platform import DiscordOptions, DiscordPlatform
from bot.discord.replies import ReplyTools
from bot.openai.service import OpenAIService
from bot.telegram.platform import TelegramOptions, TelegramPlatform
from bot.web.metrics import PrometheusMeter
from bot.web.server import WebServer
from bot.wiring import Wiring
from handlers.access import Access
from handlers.dispatch import Dispatch, Limits
from handlers.errors import StorageError
from handlers.filling import Filling
from handlers.knowledge.hosted_documents import HostedDocuments
from handlers.media.sounds import SoundStudio
from handlers.messages import ChatKey, IncomingMessage
from handlers.people.alarm import Alarm
from handlers.ports.machine import Clock
from handlers.ports.platforms import Platform
from handlers.ports.sounds import Sound
from handlers.prompts import PICTURE_ANSWERS
from storage.stores import Stores, open_stores

log = structlog.get_logger(__name__)

TIDY_EVERY_S = 3600.0
CATCH_UP_AGAIN_S = 60.0


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
    alarm: Alarm


@asynccontextmanager
async def build(config: Config, clock: Clock | None = None) -> AsyncIterator[Bot]:
    """Open everything. OperatorError: the operator can mend what is wrong."""
    clock = clock or SystemClock()
    meter = PrometheusMeter()
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(
            open_stores(
                config.storage.path, clock, config.storage.media_path, unsaid=PICTURE_ANSWERS
            )
        )
        opening = OpenAIService(config.openai.to_options(), today=lambda: _day(clock))
        service = await stack.enter_async_context(opening)
        await stack.enter_async_context(_beside(_tidy(stores)))
        await stack.enter_async_context(_beside(_catch_up(stores)))
        access = Access(
            is_open=config.access.mode == "open",
            keys=frozenset((*config.access.owners, *config.access.users)),
            clock=clock,
            owners=frozenset(config.access.owners),
        )
        alarm = Alarm(stores.reminders, clock, _platforms(config))
        outside = await stack.enter_async_context(tools.outside_tools(config, stores, clock, alarm))
        hosted = HostedDocuments(
            service.file_search,
            stores.documents,
            stores.hosted,
            clock,
            is_chosen=config.documents.search == "hosted",
        )
        await stack.enter_async_context(_beside(hosted.keep_tidy()))
        wiring = Wiring(
            config, service, stores, clock, meter, access, outside=outside, hosted=hosted
        )
        stack.callback(wiring.photos.close)
        await stack.enter_async_context(_beside(wiring.forgotten_runs.keep_tidy()))
        runners: list[Runner] = []
        if config.telegram.token:
            runners.append(_telegram(config, stores, wiring.sounds))
        if config.discord.token:
            filling = Filling(service.catalogue, stores.settings, lambda: wiring.toolbox.names)
            reply_tools = ReplyTools(
                _to_mp3(wiring.sounds), wiring.sounds.waveform, wiring.photos.shrink
            )
            runners.append(_discord(config, stores, filling, reply_tools, access, clock))
        for runner in runners:
            stack.push_async_callback(runner.aclose)
        dispatch = Dispatch(
            inbox=stores.inbox,
            settings=stores.settings,
            platforms={runner.name: runner for runner in runners},
            access=access,
            routes=wiring.routes(),
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
        yield Bot(dispatch, tuple(runners), alarm)


def _platforms(config: Config) -> tuple[str, ...]:
    """Those that run."""
    tokens = {"telegram": config.telegram.token, "discord": config.discord.token}
    return tuple(name for name, token in tokens.items() if token)


def _day(clock: Clock) -> date:
    return datetime.fromtimestamp(clock.now(), UTC).date()


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let something run beside the answers, until the end of the block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _catch_up(stores: Stores) -> None:
    """What no search finds yet, said before there was an index or elsewhere, is indexed."""
    while True:
        try:
            await stores.recall.catch_up()
        except StorageError as failure:
            log.warning("what was said long ago cannot be searched yet", detail=str(failure))
        await asyncio.sleep(CATCH_UP_AGAIN_S)


async def _tidy(stores: Stores) -> None:
    """What is kept for a time only is erased in time, also while nobody writes."""
    while True:
        try:
            await stores.inbox.tidy()
            await stores.documents.tidy()
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
    endless = [*(runner.run for runner in bot.runners), bot.alarm.run]
    running: list[asyncio.Task[Any]] = [
        asyncio.create_task(run(bot.dispatch.submit)) for run in endless
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
