"""Works on a recording as a bot does, and prints the most memory that this process held, in MB.

``python -m tests.unit.media.hour_of_sound FILE``
"""

import asyncio
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from handlers.media.recordings import Recording, Span
from handlers.media.sounds import SoundStudio
from handlers.ports.sounds import Sound

AT_ONCE = 3
COPIES = 3
"""A piece is there about so often while it is sent."""


@dataclass(frozen=True, slots=True)
class Route:
    formats = frozenset({"mp3", "ogg", "wav"})
    max_bytes = 25_000_000
    max_seconds = 1390.0


async def work(path: Path) -> int:
    studio = SoundStudio()
    async with AsyncExitStack() as stack:
        sound = Sound(await asyncio.to_thread(path.read_bytes), "", path.name)
        assert await studio.fit(sound, Route()) is None
        opening = studio.record(sound, Route())
        del sound
        recording = await stack.enter_async_context(opening)
        for first in range(0, len(recording.spans), AT_ONCE):
            spans = recording.spans[first : first + AT_ONCE]
            held = await asyncio.gather(*(_sent(recording, span) for span in spans))
            del held
    return len(recording.spans)


async def _sent(recording: Recording, span: Span) -> list[bytes]:
    sound = await recording.read(span)
    return [bytes(bytearray(sound.data)) for _ in range(COPIES)]


def peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    before_mb = peak_mb()
    pieces = asyncio.run(work(Path(sys.argv[1])))
    sys.stdout.write(f"{pieces} {before_mb:.0f} {peak_mb():.0f}\n")
