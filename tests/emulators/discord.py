"""An emulator of Discord (REST and gateway) on loopback: strict about limits, faults on demand.

In a test:

    async with DiscordEmulator("test-token") as discord:
        channel = discord.guild("Guild", [alice]).text_channel()
        channel.send("hello", mention_bot=True)
        answer = await channel.wait_for_bot_message()
        assert discord.violations == []

discord.py is pointed at it through discord.http.Route.BASE = discord.api_base_url and
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(discord.gateway_url).

Alone:

    python -m tests.emulators.discord --port 0
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys

from tests.emulators.discord_service import permissions
from tests.emulators.discord_service.faults import (
    AcceptThenDrop,
    AcceptThenHang,
    Drop,
    Fail,
    Gate,
    Hang,
    Html502,
    Late,
    Pace,
    Pass,
    RateLimited,
    Step,
)
from tests.emulators.discord_service.guilds import Guild
from tests.emulators.discord_service.interactions import Ack, Interaction
from tests.emulators.discord_service.people import Channel
from tests.emulators.discord_service.service import DiscordEmulator
from tests.emulators.discord_service.values import Call, Clock, Pings, Typing, Upload, User
from tests.emulators.discord_service.world import Message, Revision

__all__ = [
    "AcceptThenDrop",
    "AcceptThenHang",
    "Ack",
    "Call",
    "Channel",
    "Clock",
    "DiscordEmulator",
    "Drop",
    "Fail",
    "Gate",
    "Guild",
    "Hang",
    "Html502",
    "Interaction",
    "Late",
    "Message",
    "Pace",
    "Pass",
    "Pings",
    "RateLimited",
    "Revision",
    "Step",
    "Typing",
    "Upload",
    "User",
    "permissions",
]


async def serve(token: str, port: int, max_seconds: float) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stopped.set)
    async with DiscordEmulator(token, port=port) as discord:
        urls = {
            "api_base_url": discord.api_base_url,
            "gateway_url": discord.gateway_url,
            "token": token,
        }
        sys.stdout.write(json.dumps(urls) + "\n")
        sys.stdout.flush()
        try:
            await asyncio.wait_for(stopped.wait(), max_seconds)
        except TimeoutError:
            sys.stderr.write(f"stopped after {max_seconds:g} s\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="A Discord emulator on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and prints it")
    parser.add_argument("--token", default="test-token")
    parser.add_argument("--max-seconds", type=float, default=3600)
    args = parser.parse_args()
    asyncio.run(serve(args.token, args.port, args.max_seconds))


if __name__ == "__main__":
    main()
