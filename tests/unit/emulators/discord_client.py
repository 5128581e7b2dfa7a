"""The real discord.py as a bot of the emulator, and what its tests send."""

from __future__ import annotations

import asyncio
import base64
import io
import subprocess
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord
import imageio_ffmpeg
import pytest
import yarl
from discord import app_commands
from discord.http import handle_message_parameters

from tests.emulators.discord import DiscordEmulator

WAIT_S = 10


class Robot(discord.AutoShardedClient):
    """Keeps what the gateway told, by event, for take()."""

    def __init__(self, intents: discord.Intents) -> None:
        super().__init__(intents=intents, guild_ready_timeout=0.05, chunk_guilds_at_startup=False)
        self.tree: app_commands.CommandTree[Robot] = app_commands.CommandTree(self)
        self._told: defaultdict[str, asyncio.Queue[Any]] = defaultdict(asyncio.Queue)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """It would wait five seconds before every identify but the first."""

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        super().dispatch(event, *args, **kwargs)
        self._told[event].put_nowait(args[0] if args else None)

    async def take(self, event: str) -> Any:
        """The next event of a name."""
        async with asyncio.timeout(WAIT_S):
            return await self._told[event].get()

    async def take_message(self) -> discord.Message:
        """The next message that is not the bot's own."""
        while True:
            message: discord.Message = await self.take("message")
            if message.author != self.user:
                return message

    def text_channel(self, channel_id: int) -> discord.TextChannel:
        channel = self.get_channel(channel_id)
        assert isinstance(channel, discord.TextChannel)
        return channel


def point_at(emulator: DiscordEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", emulator.api_base_url)
    gateway = yarl.URL(emulator.gateway_url)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)


@asynccontextmanager
async def running(
    emulator: DiscordEmulator,
    *,
    intents: discord.Intents | None = None,
    robot: Robot | None = None,
) -> AsyncIterator[Robot]:
    if robot is None:
        robot = Robot(intents or wanted_intents())
    async with robot:
        task = asyncio.create_task(robot.start(emulator.token))
        ready = asyncio.create_task(robot.wait_until_ready())
        await asyncio.wait({task, ready}, timeout=WAIT_S, return_when=asyncio.FIRST_COMPLETED)
        try:
            if task.done():
                task.result()
            assert ready.done()
            yield robot
        finally:
            ready.cancel()
            async with asyncio.timeout(WAIT_S):
                await robot.close()
                await task


def wanted_intents(*, content: bool = True) -> discord.Intents:
    intents = discord.Intents.default()
    intents.message_content = content
    return intents


def record_voice(duration_s: float = 1.0, codec: str = "libopus", form: str = "ogg") -> bytes:
    program = imageio_ffmpeg.get_ffmpeg_exe()  # type: ignore[attr-defined,no-untyped-call]  # untyped
    sound = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={duration_s}"]
    command = [program, "-v", "error", *sound, "-c:a", codec, "-f", form, "pipe:1"]
    return subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - fixed


class VoiceFile(discord.File):
    """discord.py has no voice messages: a file that tells its length and its waveform."""

    def __init__(self, ogg: bytes, duration_s: float = 1.0, waveform: bytes = b"\x10\x80") -> None:
        super().__init__(io.BytesIO(ogg), "voice-message.ogg")
        self._told: dict[str, Any] = {"duration_secs": duration_s}
        self._told |= {"waveform": base64.b64encode(waveform).decode()}

    def to_dict(self, index: int) -> dict[str, Any]:
        return super().to_dict(index) | self._told


async def send_voice(robot: Robot, channel_id: int, file: discord.File, content: Any = None) -> Any:
    extra = {} if content is None else {"content": content}
    flags = discord.MessageFlags(voice=True)
    with handle_message_parameters(file=file, flags=flags, **extra) as parameters:
        return await robot.http.send_message(channel_id, params=parameters)
