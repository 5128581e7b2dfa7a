"""What is known about the models: packaged facts under the operator's own."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from importlib import resources
from typing import Any

import yaml

from bot.openai.options import ModelFacts, OpenAIOptions, SpeechKind
from handlers.messages import Capability, UsageEntry

MAX_IMAGES = 10
_SNAPSHOT = re.compile(r"-\d{4}-?\d{2}-?\d{2}$")


@dataclass(frozen=True, slots=True)
class _Packaged:
    models: Mapping[str, ModelFacts]
    voices: tuple[str, ...]


class ModelCatalogue:
    """Fills the port Catalogue; knows prices and shutdown dates besides."""

    def __init__(self, options: OpenAIOptions) -> None:
        packaged = _load_packaged()
        self.chat_model = options.chat_model
        self.chat_models = tuple(dict.fromkeys((options.chat_model, *options.chat_models)))
        self.voice = options.voice
        self.voices = tuple(dict.fromkeys((options.voice, *(options.voices or packaged.voices))))
        self._is_openai = options.is_openai
        self._told = options.models
        self._models = dict(packaged.models)
        for name, facts in options.models.items():
            self._models[name] = _lay_over(self._models.get(name, ModelFacts()), facts)

    def efforts(self, model: str) -> tuple[str, ...]:
        return next((facts.efforts for facts in self._family(model) if facts.efforts), ())

    def is_base64_only(self, model: str) -> bool:
        """Whether it is an image model that refuses to be asked for base64."""
        told = (facts.is_base64_only for facts in self._family(model))
        return next((answer for answer in told if answer is not None), False)

    def shows_partial_images(self, model: str) -> bool:
        """Whether it is an image model that can be watched at work."""
        told = (facts.shows_partial_images for facts in self._family(model))
        return next((answer for answer in told if answer is not None), False)

    def edits_square_png(self, model: str) -> bool:
        """Whether it is an image model that edits one square PNG and nothing else."""
        told = (facts.edits_square_png for facts in self._family(model))
        return next((answer for answer in told if answer is not None), False)

    def images_per_request(self, model: str) -> int:
        told = (facts.images_per_request for facts in self._family(model))
        return next((count for count in told if count is not None), MAX_IMAGES)

    def tells_times(self, model: str) -> bool:
        """Whether a transcription model may be asked when what was said; the unknown may."""
        told = (facts.tells_times for facts in self._family(model))
        return next((answer for answer in told if answer is not None), True)

    def speech_route(self, model: str) -> SpeechKind:
        """How a model is asked to speak: ``endpoint``, ``realtime`` or ``chat``."""
        told = (facts.speech_route for facts in self._family(model))
        return next((route for route in told if route), "endpoint")

    def takes_tone(self, model: str) -> bool:
        """Whether a speech model may be told how to speak; the unknown may."""
        told = (facts.takes_tone for facts in self._family(model))
        return next((answer for answer in told if answer is not None), True)

    def voices_of(self, model: str) -> tuple[str, ...]:
        """The voices of a model, if it lacks some of the known ones; else none."""
        return next((facts.voices for facts in self._family(model) if facts.voices), ())

    def hears(self, model: str) -> bool:
        """Whether it is a chat model that takes sound."""
        told = (facts.hears for facts in self._family(model))
        return next((answer for answer in told if answer is not None), False)

    def hearing_models(self) -> tuple[str, ...]:
        """OpenAI's own chat models that take sound."""
        return tuple(name for name, facts in self._models.items() if facts.hears)

    def line(self, model: str) -> tuple[str, ...]:
        """The model, those that replace it, those that replace these, and so on; each once."""
        names = [model]
        for name in names:  # grows on its way
            names += [new for new in self._exact(name).replaced_by if new not in names]
        return tuple(names)

    def dimensions(self, model: str) -> int | None:
        """How long an embedding model's vectors are asked to be; None leaves it to the model."""
        return self._exact(model).dimensions

    def shutdown(self, model: str) -> date | None:
        return self._exact(model).shutdown

    def ends(self, model: str) -> date | None:
        """The day on which the server in use loses the model.

        What is packaged are OpenAI's days: servers of one's own keep what they have.
        """
        if self._is_openai:
            return self.shutdown(model)
        told = self._told.get(model)
        return told.shutdown if told is not None else None

    def price(
        self, entry: UsageEntry, picture_tokens: int = 0, spoken_tokens: int = 0
    ) -> UsageEntry:
        """The entry with its cost, or with None where the price is not known.

        ``picture_tokens``: how many of the input tokens are pictures, if they cost another price.
        ``spoken_tokens``: how many of the output tokens are sound.
        """
        return replace(entry, cost_usd=self.cost(entry, picture_tokens, spoken_tokens))

    def cost(
        self, entry: UsageEntry, picture_tokens: int = 0, spoken_tokens: int = 0
    ) -> float | None:
        """US dollars. A token without a price of its own kind costs as much as any other.

        But for sound, which costs a multiple: without its price nobody can say.
        """
        facts = self._exact(entry.model)
        if entry.capability is Capability.WEB_SEARCH:
            return facts.per_search
        is_session = entry.capability is Capability.CODE
        if is_session and not (entry.input_tokens or entry.output_tokens):
            return facts.per_session
        if entry.input_tokens or entry.output_tokens:
            by_tokens = _cost_of_tokens(facts, entry, picture_tokens, spoken_tokens)
            if by_tokens is not None:
                return by_tokens
        for amount, unit, price in (
            (entry.seconds, 60, facts.per_minute),
            (entry.characters, 1_000_000, facts.per_million_characters),
            (entry.images, 1, facts.per_image),
        ):
            if amount and price is not None:
                return amount / unit * price
        return None

    def _exact(self, model: str) -> ModelFacts:
        found = self._models.get(model)
        return found or self._models.get(_SNAPSHOT.sub("", model), ModelFacts())

    def _family(self, model: str) -> Iterator[ModelFacts]:
        """Facts of the model and of the shorter names that it begins with, the longest first.

        A vendor's prefix, as routers have it (``openai/gpt-6-luna``), is not part of the name.
        """
        name = model.rsplit("/", 1)[-1]
        while name:
            if name in self._models:
                yield self._models[name]
            name = _shorten(name)


def _shorten(name: str) -> str:
    """The name up to its last part: ``gpt-image-2.6-flare`` becomes ``gpt-image-2.6``."""
    return name.rpartition("-")[0]


def _cost_of_tokens(
    facts: ModelFacts, entry: UsageEntry, pictures: int, spoken: int
) -> float | None:
    if facts.input_per_million is None or facts.output_per_million is None:
        return None
    if spoken and facts.sound_output_per_million is None:
        return None
    cached_price = facts.cached_input_per_million
    if cached_price is None:
        cached_price = facts.input_per_million
    picture_price = facts.picture_input_per_million
    if picture_price is None:
        picture_price = facts.input_per_million
    fresh = max(entry.input_tokens - entry.cached_tokens, 0)
    pictures = min(pictures, fresh)
    return (
        (fresh - pictures) * facts.input_per_million
        + pictures * picture_price
        + entry.cached_tokens * cached_price
        + max(entry.output_tokens - spoken, 0) * facts.output_per_million
        + spoken * (facts.sound_output_per_million or 0)
    ) / 1_000_000


def _lay_over(known: ModelFacts, told: ModelFacts) -> ModelFacts:
    changes = {f.name: getattr(told, f.name) for f in fields(told)}
    return replace(known, **{k: v for k, v in changes.items() if v is not None and v != ()})


def _load_packaged() -> _Packaged:
    text = resources.files(__package__).joinpath("catalogue.yaml").read_text("utf-8")
    data = yaml.safe_load(text)
    models = {name: _read_facts(facts) for name, facts in data["models"].items()}
    return _Packaged(models=models, voices=tuple(data["voices"]))


def _read_facts(told: Mapping[str, Any]) -> ModelFacts:
    values = dict(told)
    return ModelFacts(
        efforts=tuple(values.pop("efforts", ())),
        replaced_by=tuple(values.pop("replaced_by", ())),
        voices=tuple(values.pop("voices", ())),
        is_base64_only=values.pop("base64_only", None),
        **values,
    )
