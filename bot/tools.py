"""The tools that come with Parley, and the rules that the configuration makes for all."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.config import Config, ToolsSection
from bot.internet.pages import WebPages
from bot.internet.weather import OpenMeteo
from bot.mcp.servers import connected_tools
from bot.plugins import installed_tools
from handlers.access import Access
from handlers.media.documents.studio import DocumentStudio
from handlers.people.alarm import Alarm
from handlers.pictures.gallery import Gallery
from handlers.ports.chat import HostedTool
from handlers.ports.images import ImageGenerator
from handlers.ports.machine import Clock
from handlers.tools.calculator import Calculator
from handlers.tools.current_time import CurrentTime
from handlers.tools.pictures import EditImage, MakeImage
from handlers.tools.reminders import RemindersTool
from handlers.tools.running import ToolLimits
from handlers.tools.tool import HostedSwitch, Tool
from handlers.tools.toolbox import Toolbox, ToolRules, ToolSource
from handlers.tools.weather import Weather
from handlers.tools.web_page import WebPage
from storage.stores import Stores

SWITCHES = (
    HostedSwitch("web_search", "look things up on the web, with sources", HostedTool.WEB_SEARCH),
)


def own_tools(clock: Clock, generator: ImageGenerator, gallery: Gallery) -> tuple[Tool, ...]:
    return (
        CurrentTime(clock),
        Calculator(),
        MakeImage(generator, gallery),
        EditImage(generator, gallery),
    )


@dataclass(frozen=True, slots=True)
class OutsideTools:
    """Those that need a connection or a clock of their own, and those of others."""

    tools: tuple[Tool, ...]
    sources: tuple[ToolSource, ...]
    """Of those that come and go."""


@asynccontextmanager
async def outside_tools(
    config: Config, stores: Stores, clock: Clock, alarm: Alarm
) -> AsyncIterator[OutsideTools]:
    section = config.tools
    servers = {name: one.to_options() for name, one in config.mcp.servers.items()}
    plugins = await asyncio.to_thread(installed_tools)
    async with (
        WebPages(frozenset(section.own_hosts)) as pages,
        OpenMeteo(section.weather_places_url, section.weather_forecast_url) as weather,
        connected_tools(servers, stores.media) as connected,
    ):
        tools = (
            Weather(weather),
            WebPage(pages, DocumentStudio()),
            RemindersTool(stores.reminders, stores.people, clock, alarm.look_again),
            *plugins,
        )
        yield OutsideTools(tools, (connected,))


def toolbox(
    section: ToolsSection, access: Access, tools: Sequence[Tool], sources: Sequence[ToolSource]
) -> Toolbox:
    """Of ``tools``, in this order, then of the sources': those that the operator lets exist."""
    rules = ToolRules(frozenset(section.enabled), frozenset(section.owners_only))
    return Toolbox(tools, SWITCHES, rules, access.is_owner, sources)


def limits(section: ToolsSection) -> ToolLimits:
    return ToolLimits(
        rounds=section.rounds,
        calls=section.calls,
        call_timeout_s=section.call_timeout_s,
        total_timeout_s=section.total_timeout_s,
        output_characters=section.output_characters,
    )
