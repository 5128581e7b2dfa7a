"""What servers tell and answer, as it comes out of their thread: bounded, and none of the SDK's."""

from dataclasses import dataclass

from handlers.ports.chat import ToolSpec


@dataclass(frozen=True, slots=True)
class ToldTool:
    """A tool as its server tells it."""

    server: str
    name: str
    """The server's own."""
    spec: ToolSpec
    summary: str
    is_lasting: bool


@dataclass(frozen=True, slots=True)
class Picture:
    data: bytes
    mime: str


@dataclass(frozen=True, slots=True)
class CallResult:
    text: str
    pictures: tuple[Picture, ...] = ()
    is_failed: bool = False


def failed(reason: str) -> CallResult:
    return CallResult(f"Error: {reason}", is_failed=True)
