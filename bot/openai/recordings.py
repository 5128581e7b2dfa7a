"""Sound on its way to the service: what is accepted, and what came back."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bot.openai.client import Client
from bot.openai.fields import MOST, find_count
from handlers.errors import FileTooLargeError, ServiceDownError
from handlers.messages import Capability, UsageEntry
from handlers.ports.sounds import Sound

FORMATS = frozenset({"flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "ogg", "wav", "webm"})
MAX_BYTES = 25_000_000
"""The service says 25 MB; the form around the file counts too."""
MAX_SECONDS = 1_390.0
"""OpenAI's newer models refuse what is longer than 1,400 s. The older take more, but what so much
sound says would not come in time in one piece."""


async def send_sound(
    client: Client, request: Callable[[], Awaitable[Any]], *, sound: Sound, model: str
) -> Any:
    """The SDK's answer, which has a ``text``."""
    with naming_the_limit(sound):
        answer = await client.ask(request, model=model, subject="sound")
    if not isinstance(getattr(answer, "text", None), str):
        # The SDK hands over as a string what is no JSON: a proxy's page, say.
        raise ServiceDownError("the answer is no transcript")
    return answer


@contextmanager
def naming_the_limit(sound: Sound) -> Iterator[None]:
    """A sound that the service finds too large is told with its size and what may be sent."""
    try:
        yield
    except FileTooLargeError as exc:
        size, limit = write_megabytes(len(sound.data)), write_megabytes(MAX_BYTES)
        raise FileTooLargeError(str(exc), size=size, limit=limit) from exc


def read_usage(answer: Any, sound: Sound, model: str, capability: Capability) -> UsageEntry:
    """What the answer says was billed; else the length of the sound, as an estimate."""
    usage = getattr(answer, "usage", None)
    told = {name: getattr(usage, name, None) for name in ("input_tokens", "output_tokens")}
    asked, answered = find_count(told, "input_tokens"), find_count(told, "output_tokens")
    if asked is not None and answered is not None:
        return UsageEntry(
            capability,
            model,
            input_tokens=asked,
            output_tokens=answered,
            seconds=sound.duration_s,
        )
    seconds = getattr(usage, "seconds", None)
    if isinstance(seconds, int | float) and 0 <= seconds <= MOST:
        return UsageEntry(capability, model, seconds=float(seconds))
    return UsageEntry(capability, model, seconds=sound.duration_s, is_estimate=True)


def write_megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1_000_000:.0f} MB"
