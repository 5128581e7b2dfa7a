"""Which tools there are, who may use them, and which of them a chat wants."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from handlers.messages import ChatSettings, IncomingMessage
from handlers.ports.chat import HostedTool, ToolSpec
from handlers.tools.arguments import is_usable
from handlers.tools.tool import HostedSwitch, Tool, ToolDefault
from handlers.turn import Turn

log = structlog.get_logger(__name__)

ToolSource = Callable[[], Sequence[Tool]]
"""Tells the tools that there are at that time; it has held their schemas to be sound."""

ALL = "all"
MAX_OFFERED = 128
"""What the service takes in one request."""
MAX_DESCRIPTION = 1_024
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class ToolRules:
    """The operator's."""

    enabled: frozenset[str] = frozenset({ALL})
    """Names of the tools that exist; ``all`` for all there are."""
    owners_only: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        return ALL in self.enabled or name in self.enabled


@dataclass(frozen=True, slots=True)
class ToolEntry:
    """A tool as people see it."""

    name: str
    summary: str
    default: ToolDefault
    is_owners_only: bool

    def is_on(self, settings: ChatSettings) -> bool:
        if self.name in settings.tools_off:
            return False
        return self.default is ToolDefault.ON or self.name in settings.tools_on


@dataclass(frozen=True, slots=True)
class Offer:
    """What the model may use in one answer."""

    specs: tuple[ToolSpec, ...] = ()
    hosted: frozenset[HostedTool] = frozenset()

    def has(self, name: str) -> bool:
        return any(spec.name == name for spec in self.specs)


@dataclass(frozen=True, slots=True)
class _Stock:
    """What there is at a time."""

    told: tuple[Tool, ...]
    """By the sources."""
    tools: Mapping[str, Tool]
    specs: Mapping[str, ToolSpec]
    entries: tuple[ToolEntry, ...]


class Toolbox:
    def __init__(
        self,
        tools: Sequence[Tool] = (),
        switches: Sequence[HostedSwitch] = (),
        rules: ToolRules | None = None,
        is_owner: Callable[[IncomingMessage], bool] = lambda _: False,
        sources: Sequence[ToolSource] = (),
    ) -> None:
        """In this order they are offered, then those of ``sources``: it stays the same as long as
        the sources tell the same, for the sake of the prompt cache."""
        self._rules = rules or ToolRules()
        self._is_owner = is_owner
        self._sources = sources
        self._switches = {one.name: one for one in switches if self._rules.has(one.name)}
        self._own: dict[str, Tool] = {}
        for tool in tools:
            self._add(tool, self._own)
        self._stock = self._stocked(())

    def _stocked(self, told: tuple[Tool, ...]) -> _Stock:
        rules = self._rules
        tools = dict(self._own)
        for tool in told:
            self._add(tool, tools, is_checked=True)
        specs = {
            name: replace(tool.spec, description=tool.spec.description[:MAX_DESCRIPTION])
            for name, tool in tools.items()
        }
        everything: dict[str, Tool | HostedSwitch] = {**tools, **self._switches}
        entries = tuple(
            ToolEntry(name, one.summary, one.default, name in rules.owners_only)
            for name, one in everything.items()
        )
        missing = sorted((rules.enabled | rules.owners_only) - {*everything, ALL})
        if missing and (told or not self._sources):
            log.warning("tools that are configured are not there", names=missing)
        return _Stock(told, tools, specs, entries)

    def _add(self, tool: Tool, to: dict[str, Tool], *, is_checked: bool = False) -> None:
        """A tool of a stranger's that cannot be offered must not take the others with it."""
        name = tool.spec.name
        if not self._rules.has(name):
            return
        why = ""
        if not _NAME.fullmatch(name):
            why = "its name is no name"
        elif name in to or name in self._switches:
            why = "there is another of this name"
        elif not is_checked and not is_usable(tool.spec.parameters):
            why = "its parameters are no JSON Schema of an object"
        if why:
            log.warning("a tool is left out", name=name[:100], why=why)
        else:
            to[name] = tool

    def _now(self) -> _Stock:
        told = tuple(tool for source in self._sources for tool in source())
        if told != self._stock.told:
            self._stock = self._stocked(told)
        return self._stock

    @property
    def entries(self) -> tuple[ToolEntry, ...]:
        """Of the tools that there are now."""
        return self._now().entries

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(entry.name for entry in self.entries)

    def find_entry(self, name: str) -> ToolEntry | None:
        return next((one for one in self.entries if one.name.lower() == name.lower()), None)

    def find(self, name: str) -> Tool | None:
        return self._now().tools.get(name)

    def may_use(self, entry: ToolEntry, message: IncomingMessage) -> bool:
        return not entry.is_owners_only or self._is_owner(message)

    def offer(self, turn: Turn) -> Offer:
        """What this person may use in this chat, in the fixed order."""
        now = self._now()
        usable = {
            entry.name
            for entry in now.entries
            if entry.is_on(turn.settings) and self.may_use(entry, turn.message)
        }
        specs = [spec for name, spec in now.specs.items() if name in usable]
        return Offer(
            tuple(specs[:MAX_OFFERED]),
            frozenset(one.tool for name, one in self._switches.items() if name in usable),
        )
