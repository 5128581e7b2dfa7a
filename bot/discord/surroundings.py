"""What a reply on Discord works with, and shares with all others."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from bot.discord.restating import Restating

Pause = Callable[[float], Awaitable[None]]
Background = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


@dataclass(frozen=True, slots=True)
class ReplyTools:
    """What is done to files before they are sent."""

    to_mp3: Callable[[bytes], Awaitable[bytes]]
    waveform: Callable[[bytes], Awaitable[bytes]]
    """How loud a recording is: up to 256 numbers, a byte each."""
    shrink: Callable[[bytes, int], Awaitable[tuple[bytes, str]]]
    """A picture of at most so many bytes, and its mime type."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a reply shares with all others."""

    tools: ReplyTools
    background: Background
    """Runs something to its end, whatever becomes of the reply."""
    retire: Callable[[int, str], None]
    """Takes the buttons from a message in a channel, when there is time for it."""
    restating: Restating
    pause: Pause
