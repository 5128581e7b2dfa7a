"""Models that converse, made to read aloud: tried again when they answer, paid for by tokens."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.speech_reading import is_read_aloud
from bot.openai.tokens import estimate_tokens
from handlers.errors import (
    ModelMissingError,
    RouteMissingError,
    SpeechUnfaithfulError,
)
from handlers.messages import Capability, UsageEntry
from handlers.prompts.reading import insist

log = structlog.get_logger(__name__)

_TOKENS_PER_S = 20.0
"""Of spoken sound."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the service says it billed."""

    input: int
    output: int
    cached: int = 0
    spoken: int = 0
    """Of the output, those that are sound."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one try gave."""

    sound: bytes
    transcript: str
    """Empty if the server tells none."""


Bill = list[UsageEntry]
"""What is added to it as it arises is known whatever becomes of the call."""
Read = Callable[[str], Awaitable[Said]]
"""Has a message read, in one try, and adds to the bill, also when it fails or is cancelled."""


async def read_aloud(client: Client, model: str, script: str, read: Read) -> bytes:
    """The sound.

    SpeechUnfaithfulError if the model said something else twice. RouteMissingError if the server
    lacks the route or the model.
    """
    try:
        for message in (script, insist(script)):
            said = await client.retry(partial(read, message), model=model)
            if await asyncio.to_thread(is_read_aloud, script, said.transcript):
                return said.sound
            log.warning("speech_unfaithful", model=model, is_last=message != script)
    except ModelMissingError as exc:
        raise RouteMissingError(str(exc), model=model) from exc
    raise SpeechUnfaithfulError(f"{model} answered instead of reading")


def price_reading(
    catalogue: ModelCatalogue, model: str, script: str, seconds: float, tokens: Tokens | None,
    *, asked: str, transcript: str,
) -> UsageEntry:  # fmt: skip
    """What a try cost; without ``tokens``, what the sound that came and the words suggest.

    ``asked``: all that the model was given to read.
    """
    billed = tokens or _estimate(asked, transcript, seconds)
    entry = UsageEntry(
        Capability.SPEECH,
        model,
        input_tokens=billed.input,
        cached_tokens=billed.cached,
        output_tokens=billed.output,
        seconds=seconds,
        characters=len(script),
        is_estimate=tokens is None,
    )
    return catalogue.price(entry, spoken_tokens=billed.spoken)


def _estimate(asked: str, transcript: str, seconds: float) -> Tokens:
    spoken = round(seconds * _TOKENS_PER_S)
    written = estimate_tokens(transcript) if transcript else 0
    return Tokens(input=estimate_tokens(asked), output=written + spoken, spoken=spoken)
