"""The OpenAI service for tests and for trying the bot by hand.

``python -m tests.emulators.openai`` runs it alone and prints its address.
"""

import argparse
import asyncio
import signal
import sys

from tests.emulators.openai_service.records import (
    ChatCall,
    RecordedRequest,
    SeenMessage,
    SeenPicture,
    SeenResult,
    Upload,
)
from tests.emulators.openai_service.runs import Ran, RunScript
from tests.emulators.openai_service.server import OpenAIEmulator
from tests.emulators.openai_service.sounds import VOICES
from tests.emulators.openai_service.steps import (
    Answer,
    Called,
    Calls,
    CloseSocket,
    CutAfter,
    Empty,
    EndWithoutFinish,
    Fail,
    FailInStream,
    Garbage,
    Gated,
    Hang,
    HangAfter,
    Page,
    Step,
    Usage,
)

__all__ = [
    "VOICES",
    "Answer",
    "Called",
    "Calls",
    "ChatCall",
    "CloseSocket",
    "CutAfter",
    "Empty",
    "EndWithoutFinish",
    "Fail",
    "FailInStream",
    "Garbage",
    "Gated",
    "Hang",
    "HangAfter",
    "OpenAIEmulator",
    "Page",
    "Ran",
    "RecordedRequest",
    "RunScript",
    "SeenMessage",
    "SeenPicture",
    "SeenResult",
    "Step",
    "Upload",
    "Usage",
]


async def _run(arguments: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    emulator = OpenAIEmulator(
        api_key=arguments.api_key,
        port=arguments.port,
        chunk_delay_s=arguments.delay_ms / 1000,
        chunk_count=arguments.chunks,
        is_spec_checked=not arguments.no_spec,
        kept_requests=100,
    )
    async with emulator:
        sys.stdout.write(f"{emulator.base_url}\n")
        sys.stdout.flush()
        loop.call_later(arguments.max_seconds, stop.set)
        await stop.wait()
    for violation in emulator.violations:
        sys.stderr.write(f"{violation}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="An emulator of the OpenAI API.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--api-key", help="the only key it takes; without, any will do")
    parser.add_argument("--delay-ms", type=float, default=0.0, help="before each chunk")
    parser.add_argument("--chunks", type=int, help="of an answer; without, word by word")
    parser.add_argument("--no-spec", action="store_true", help="do not judge by the published spec")
    parser.add_argument("--max-seconds", type=float, default=3600.0)
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
