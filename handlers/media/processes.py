"""Programs that work on media: none is left running, and only so much is read of them."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from handlers.media.threads import run_to_end

_CHUNK_BYTES = 64 * 1024
TOLD_BYTES = 64 * 1024
"""So much of what a program writes to its standard error is kept."""


@dataclass(frozen=True, slots=True)
class Ended:
    out: bytes
    told: bytes
    """What it wrote to its standard error, the beginning of it."""
    code: int


async def run(
    command: Sequence[str], max_bytes: int, environment: Mapping[str, str] | None = None
) -> Ended:
    """Run a program to its end with nothing to read; without ``environment`` it has ours.

    One that writes more than ``max_bytes`` is killed, and so is one whose caller is cancelled; it
    is gone when this returns or raises. OSError if it does not start.
    """
    process = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=environment
    )
    try:
        out, told = await asyncio.gather(
            _read(process.stdout, max_bytes, process.kill), _read(process.stderr, TOLD_BYTES)
        )
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()  # reads its pipes to their ends, so that they close
    return Ended(out, told, code)


async def _read(
    stream: asyncio.StreamReader | None, max_bytes: int, too_much: Callable[[], None] | None = None
) -> bytes:
    """All of it, or of more than ``max_bytes`` the beginning: then ``too_much`` is called once.

    The rest is read and dropped, so that the program is not held up by it.
    """
    data = bytearray()
    while stream is not None and (chunk := await stream.read(_CHUNK_BYTES)):
        if len(data) <= max_bytes:
            data += chunk
            if len(data) > max_bytes and too_much is not None:
                too_much()
    return bytes(data)


@asynccontextmanager
async def temporary_folder() -> AsyncIterator[Path]:
    """A folder of this call's own, gone afterwards in any case. OSError if there is no room."""
    stack = ExitStack()  # here before the folder is, so that a cancelled start leaves none behind

    def make() -> Path:
        return Path(stack.enter_context(TemporaryDirectory(prefix="parley-")))

    try:
        yield await run_to_end(make)
    finally:
        await run_to_end(stack.close)
