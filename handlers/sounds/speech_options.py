"""How something is to be said, as people write it: ``speed=1.2 tone="calm and slow" text``."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from handlers.errors import SpeechOptionError
from handlers.messages import ChatSettings
from handlers.ports.sounds import SpeechStyle
from handlers.texts import say

VOICE_MESSAGE = "voice"
FORMATS = ("mp3", "wav", "flac", "aac", "ogg")
"""Of files; ``voice`` is a voice message."""
SLOWEST, FASTEST = 0.25, 4.0
MAX_TONE = 500
"""Characters: it is sent along with every piece."""
MAX_MODEL = 100
SHOWN_TONE = 80
"""So much of it is shown in menus."""
DEFAULT = "default"

_QUOTES = (('"', '"'), ("“", "”"), ("„", "“"), ("„", "”"), ("«", "»"), ("'", "'"), ("「", "」"))
_QUOTED = "|".join(f"{begin}[^{begin}{end}]*{end}(?!\\S)" for begin, end in _QUOTES)
_OPTION = re.compile(rf"\s*(voice|speed|tone|format|model)=({_QUOTED}|\S*)", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,2}(?:[.,]\d{1,4})?|[.,]\d{1,4}")


@dataclass(frozen=True, slots=True)
class Manner:
    """A style, and what becomes of the sound."""

    style: SpeechStyle
    format: str = ""
    """Empty for voice messages, else one of FORMATS."""


def manner_of(settings: ChatSettings) -> Manner:
    style = SpeechStyle(settings.voice, settings.tone, settings.speed, settings.speech_model)
    return Manner(style, settings.speech_format)


def read_options(
    line: str, settings: ChatSettings, voices: Collection[str]
) -> tuple[ChatSettings, str]:
    """The settings as the options before the words change them, and the words as written.

    Each option stands once: what looks like one later on is a part of the words. ``default`` is the
    operator's choice. SpeechOptionError for a value that cannot be.
    """
    seen = set[str]()
    while (found := _OPTION.match(line)) is not None and (name := found[1].lower()) not in seen:
        seen.add(name)
        settings = _chosen(settings, name, _unquoted(name, found[2]), voices)
        line = line[found.end() :]
    return settings, line.strip()


def choose(settings: ChatSettings, name: str, value: str, voices: Collection[str]) -> ChatSettings:
    """The settings with one option changed; SpeechOptionError."""
    return _chosen(settings, name, value.strip(), voices)


def _chosen(settings: ChatSettings, name: str, value: str, voices: Collection[str]) -> ChatSettings:
    is_default = value.lower() == DEFAULT
    match name:
        case "voice":
            return replace(settings, voice="" if is_default else _voice(value, voices))
        case "speed":
            return replace(settings, speed=0.0 if is_default else _speed(value))
        case "tone":
            return replace(settings, tone="" if is_default else _tone(value))
        case "model":
            return replace(settings, speech_model="" if is_default else _model(value))
    return replace(settings, speech_format="" if is_default else _format(value))


def _unquoted(name: str, value: str) -> str:
    for begin, end in _QUOTES:
        if value.startswith(begin):
            if len(value) < 2 or not value.endswith(end):
                continue
            return value[1:-1].strip()
    if value.startswith(tuple(begin for begin, _ in _QUOTES)):
        # Its end is missing: the words that follow could be either.
        raise SpeechOptionError(value, name=name, allowed=f'{name}="calm and slow"')
    return value.rstrip(",;")


def _voice(value: str, voices: Collection[str]) -> str:
    known = {voice.lower(): voice for voice in voices}
    if value.lower() not in known:
        raise SpeechOptionError(value, name="voice", allowed=", ".join(voices))
    return known[value.lower()]


def _speed(value: str) -> float:
    number = value.lower().removesuffix("x").removesuffix("×")
    if not _NUMBER.fullmatch(number):
        raise SpeechOptionError(value, name="speed", allowed=f"{SLOWEST:g} to {FASTEST:g}")
    speed = float(number.replace(",", "."))
    if not SLOWEST <= speed <= FASTEST:
        raise SpeechOptionError(value, name="speed", allowed=f"{SLOWEST:g} to {FASTEST:g}")
    return speed


def _tone(value: str) -> str:
    value = " ".join(value.split())
    if not 0 < len(value) <= MAX_TONE:
        allowed = f'up to {MAX_TONE} characters, like tone="calm and slow"'
        raise SpeechOptionError(value[:50], name="tone", allowed=allowed)
    return value


def _format(value: str) -> str:
    value = value.lower().removeprefix(".")
    if value == VOICE_MESSAGE:
        return ""
    if value not in FORMATS:
        allowed = ", ".join((VOICE_MESSAGE, *FORMATS))
        raise SpeechOptionError(value, name="format", allowed=allowed)
    return value


def _model(value: str) -> str:
    if not 0 < len(value) <= MAX_MODEL or len(value.split()) != 1:
        raise SpeechOptionError(value[:50], name="model", allowed="the name of a speech model")
    return value


def describe(settings: ChatSettings) -> str:
    """How a chat's answers are spoken, in one line for people."""
    tone = settings.tone
    if len(tone) > SHOWN_TONE:
        tone = f"{tone[:SHOWN_TONE].rstrip()} …"
    line = say(
        "speech_style",
        speed=f"{settings.speed:g}×" if settings.speed else say("default"),
        tone=tone or say("default"),
        format=format_label(settings),
    )
    return line + (
        say("speech_model", model=settings.speech_model) if settings.speech_model else ""
    )


def format_label(settings: ChatSettings) -> str:
    if not settings.speech_format:
        return say("voice_message")
    return say("speech_file", format=settings.speech_format)
