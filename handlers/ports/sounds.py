"""What the handlers need of speech: heard, translated, spoken."""

from dataclasses import dataclass
from typing import Protocol

from handlers.messages import UsageEntry


@dataclass(frozen=True, slots=True)
class Sound:
    data: bytes
    mime: str
    name: str
    """A file name whose ending tells the format: the service goes by it."""
    duration_s: float = 0.0
    """0 if unknown."""


@dataclass(frozen=True, slots=True)
class Segment:
    """What was said from one second of a recording to another."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    text: str
    usage: tuple[UsageEntry, ...]
    segments: tuple[Segment, ...] = ()
    """The text by its times, if they were asked for and the route has them."""


class Transcriber(Protocol):
    formats: frozenset[str]
    """File endings that the route reads as they are, e.g. ``ogg``."""
    max_bytes: int
    max_seconds: float
    """Of one request, as ``max_bytes``."""

    async def transcribe(
        self, sound: Sound, language: str = "", *, with_times: bool = False
    ) -> Transcript:
        """Words as they were spoken. ``language``: a BCP 47 hint, or empty."""
        ...


class Halfway(Protocol):
    """Where a route of two steps keeps the result of the first, so that it is paid once."""

    @property
    def known(self) -> str | None:
        """What an earlier try kept; None if none did."""
        ...

    async def keep(self, text: str, usage: tuple[UsageEntry, ...]) -> None:
        """Keep a result and note what it cost, which is then told nowhere else."""
        ...


class Translator(Protocol):
    formats: frozenset[str]
    max_bytes: int
    max_seconds: float

    async def translate(self, sound: Sound, halfway: Halfway | None = None) -> Transcript:
        """English text of what was said in any language. Without ``halfway`` nothing is kept."""
        ...


@dataclass(frozen=True, slots=True)
class Speech:
    data: bytes
    mime: str
    """What the service really sent, told from its first bytes: audio/ogg, audio/mpeg, audio/wav."""
    usage: tuple[UsageEntry, ...]


@dataclass(frozen=True, slots=True)
class SpeechStyle:
    """How something is to be said; what is empty is the operator's choice."""

    voice: str = ""
    tone: str = ""
    """In words; left out where the route or the model takes none."""
    speed: float = 0.0
    """0.25 to 4; 0 for the operator's."""
    model: str = ""


class Lost(Protocol):
    def __call__(self, *usage: UsageEntry) -> None: ...


def forget(*usage: UsageEntry) -> None:
    """For whoever does not care what a cancelled call cost."""


class SpeechSynthesizer(Protocol):
    max_characters: int
    """Of one request, on whichever route it goes."""

    async def speak(self, text: str, style: SpeechStyle = ..., lost: Lost = ...) -> Speech:
        """The text, word for word. RouteMissingError if no route is left.

        What a failure cost is in its ``usage``. ``lost`` is given what a call cost that was
        cancelled, before it ends: nobody else can tell.
        """
        ...
