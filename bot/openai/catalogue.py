"""What is known about the models: packaged facts under the operator's own."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from importlib import resources
from typing import Any

import yaml

from bot.openai.options import ModelFacts, OpenAIOptions
from handlers.messages import UsageEntry

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
        self._models = dict(packaged.models)
        for name, facts in options.models.items():
            self._models[name] = _lay_over(self._models.get(name, ModelFacts()), facts)

    def efforts(self, model: str) -> tuple[str, ...]:
        return next((facts.efforts for facts in self._family(model) if facts.efforts), ())

    def is_base64_only(self, model: str) -> bool:
        """Whether it is an image model that refuses to be asked for base64."""
        told = (facts.is_base64_only for facts in self._family(model))
        return next((answer for answer in told if answer is not None), False)

    def shutdown(self, model: str) -> date | None:
        return self._exact(model).shutdown

    def price(self, entry: UsageEntry) -> UsageEntry:
        """The entry with its cost, or with None where the price is not known."""
        return replace(entry, cost_usd=self.cost(entry))

    def cost(self, entry: UsageEntry) -> float | None:
        """US dollars. A cached token without a price of its own costs as much as any other."""
        facts = self._exact(entry.model)
        if entry.input_tokens or entry.output_tokens:
            by_tokens = _cost_of_tokens(facts, entry)
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


def _cost_of_tokens(facts: ModelFacts, entry: UsageEntry) -> float | None:
    if facts.input_per_million is None or facts.output_per_million is None:
        return None
    cached_price = facts.cached_input_per_million
    if cached_price is None:
        cached_price = facts.input_per_million
    fresh = max(entry.input_tokens - entry.cached_tokens, 0)
    return (
        fresh * facts.input_per_million
        + entry.cached_tokens * cached_price
        + entry.output_tokens * facts.output_per_million
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
        is_base64_only=values.pop("base64_only", None),
        **values,
    )
