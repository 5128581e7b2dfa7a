"""What a tool is: something that the model may call while it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from handlers.messages import MediaRef
from handlers.ports.chat import HostedTool, ToolSpec
from handlers.turn import Turn


class ToolDefault(StrEnum):
    """Whether a tool can be used in a chat that said nothing about it."""

    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What came of a call."""

    text: str
    """What the model is told."""
    title: str = ""
    """One quiet line for people; empty for the tool's name and its arguments."""
    pictures: tuple[MediaRef, ...] = ()
    """Made by the tool, sent with the answer, part of the exchange."""
    sources: tuple[MediaRef, ...] = ()
    """What the pictures were made from."""
    line: str = ""
    """The command line that makes others like them: ``/image a red fox``."""
    caption: str = ""
    """Under the last of the pictures."""
    is_failed: bool = False


class Tool(Protocol):
    """Inherit from it: what a tool does not say of itself has its value from here."""

    spec: ToolSpec
    summary: str
    """One line for /tools."""
    default: ToolDefault = ToolDefault.ON
    timeout_s: float | None = None
    """For a tool that takes longer than the operator grants to any."""
    is_lasting: bool = False
    """It costs or changes something: after a crash or a failure what came of a call is not asked
    for again, however old it is."""

    async def call(self, turn: Turn, arguments: Mapping[str, Any]) -> ToolOutput:
        """``arguments`` were held against ``spec.parameters``.

        A ParleyError becomes an error that the model is told; so does, with a log entry, any other.
        What it cost is noted with ``turn.spent``. May be called side by side with other calls, is
        cancelled when its time is up or the person stops the answer, and shows nothing by itself.
        """
        ...

    async def carry_out(self, turn: Turn, arguments: Mapping[str, Any], step: str) -> ToolOutput:  # noqa: ARG002  # for those that keep
        """The same, for a tool that keeps what it makes as it goes: in ``step``, which is this
        call's. A call that a crash cut is carried out again, and makes what is still to be made.
        """
        return await self.call(turn, arguments)

    def kept(self, turn: Turn, arguments: Mapping[str, Any], step: str) -> ToolOutput | None:  # noqa: ARG002
        """What a call made before it failed, was stopped or given up; None if nothing lasts."""
        return None


@dataclass(frozen=True, slots=True)
class HostedSwitch:
    """Something that the service does by itself while it answers, as /tools sees it."""

    name: str
    summary: str
    tool: HostedTool
    default: ToolDefault = ToolDefault.ON
