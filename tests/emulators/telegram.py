"""An emulator of the Telegram Bot API on loopback: strict about limits, with faults on demand.

In a test:

    async with TelegramEmulator() as telegram:
        chat = telegram.private(telegram.user(first_name="Alice"))
        chat.send_text("hello")
        answer = await chat.wait_for_bot_message()
        assert telegram.violations == []

Alone, driven over /control (see telegram_service/control.py):

    python -m tests.emulators.telegram --port 8081
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys

from tests.emulators.telegram_service.faults import (
    AcceptThenDrop,
    Drop,
    Fail,
    Flood,
    Gate,
    Hang,
    Html502,
    Pass,
    Step,
)
from tests.emulators.telegram_service.people import Chat
from tests.emulators.telegram_service.service import TelegramEmulator
from tests.emulators.telegram_service.values import Action, Call, CallbackAnswer, Draft, User
from tests.emulators.telegram_service.world import Message, Revision

__all__ = [
    "AcceptThenDrop",
    "Action",
    "Call",
    "CallbackAnswer",
    "Chat",
    "Draft",
    "Drop",
    "Fail",
    "Flood",
    "Gate",
    "Hang",
    "Html502",
    "Message",
    "Pass",
    "Revision",
    "Step",
    "TelegramEmulator",
    "User",
]


async def serve(token: str, port: int, max_seconds: float, *, is_flood_on: bool) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stopped.set)
    flood = Flood() if is_flood_on else None
    async with TelegramEmulator(token, flood=flood, port=port) as telegram:
        urls = {
            "api_base_url": telegram.api_base_url,
            "file_base_url": telegram.file_base_url,
            "control_url": f"{telegram.root_url}/control",
            "token": token,
        }
        sys.stdout.write(json.dumps(urls) + "\n")
        sys.stdout.flush()
        try:
            await asyncio.wait_for(stopped.wait(), max_seconds)
        except TimeoutError:
            sys.stderr.write(f"stopped after {max_seconds:g} s\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="A Telegram Bot API emulator on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and prints it")
    parser.add_argument("--token", default="123456:TEST")
    parser.add_argument("--max-seconds", type=float, default=3600)
    parser.add_argument("--flood", action="store_true", help="answer 429 at Telegram's pace")
    args = parser.parse_args()
    asyncio.run(serve(args.token, args.port, args.max_seconds, is_flood_on=args.flood))


if __name__ == "__main__":
    main()
