"""JSON as it is asked for: what is wanted, and requests that say so. Pure."""

import json
from dataclasses import dataclass, replace
from typing import Any

from handlers.exact.json_schemas import WRAPPED, Schema, WireSchema, to_wire, wire_name
from handlers.messages import Exchange, Step
from handlers.ports.chat import AnswerFormat, ChatRequest, ModelMessage, TextPart
from handlers.prompts.structured import JSON_REPAIR, JSON_SCHEMA, JSON_WORD

_MAX_REPAIRED = 60_000
"""Characters of a wrong answer that the model is shown again."""
_LINE = "/json"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the JSON is to be."""

    schema: Schema | None = None
    name: str = ""
    wire: WireSchema | None = None

    @property
    def format(self) -> AnswerFormat:
        if self.wire is None:
            return AnswerFormat()
        return AnswerFormat(self.wire.schema, wire_name(self.name), self.wire.is_strict)

    @property
    def step(self) -> Step:
        """Tells /steps, and whoever makes the answer again, what was wanted."""
        schema = json.dumps(self.schema, ensure_ascii=False) if self.schema is not None else ""
        line = f"{_LINE} schema={self.name}" if self.name else _LINE
        return Step("JSON", schema, language="json" if schema else "", line=line)


def find_wanted(exchange: Exchange) -> Wanted | None:
    """What an exchange with its steps was wanted to be; None if it was not asked for as JSON."""
    step = next((step for step in exchange.steps if step.line.startswith(_LINE)), None)
    if step is None:
        return None
    if not step.input:
        return Wanted()
    schema = json.loads(step.input)
    return Wanted(schema, step.line.partition("schema=")[2], to_wire(schema))


def as_json(request: ChatRequest, wanted: Wanted) -> ChatRequest:
    """The request with its format, and the word without which the service makes no JSON."""
    request = replace(request, format=wanted.format)
    if wanted.schema is not None or _says_json(request):
        return request
    return _with_words(request, JSON_WORD)


def in_words(request: ChatRequest, wanted: Wanted) -> ChatRequest:
    """The same for a service that does not take the schema itself."""
    schema = json.dumps(wanted.schema, ensure_ascii=False)
    words = JSON_SCHEMA.format(schema=schema)
    return _with_words(replace(request, format=AnswerFormat()), words)


def _with_words(request: ChatRequest, words: str) -> ChatRequest:
    """Joined to the person's: not every server takes a list of parts."""
    *others, last = request.messages
    parts = list(last.parts)
    if isinstance(parts[-1], TextPart):
        parts[-1] = TextPart(f"{parts[-1].text}\n\n{words}")
    else:
        parts.append(TextPart(words))
    return replace(request, messages=(*others, replace(last, parts=tuple(parts))))


def _says_json(request: ChatRequest) -> bool:
    """Whether the question does; the service would be content with any message."""
    texts = [part.text for part in request.messages[-1].parts if isinstance(part, TextPart)]
    return any("json" in text.lower() for text in texts)


def repairing(request: ChatRequest, answer: str, wrong: str) -> ChatRequest:
    """The request that asks once more, after an answer and what is wrong with it."""
    told = TextPart(JSON_REPAIR.format(wrong=wrong))
    more = (
        ModelMessage("assistant", (TextPart(answer[:_MAX_REPAIRED]),)),
        ModelMessage("user", (told,)),
    )
    return replace(request, messages=(*request.messages, *more))


def unwrapped(value: Any, wanted: Wanted) -> Any:
    """The answer without the object that was put around it for the service."""
    is_wrapped = wanted.wire is not None and wanted.wire.is_wrapped
    is_there = isinstance(value, dict) and set(value) == {WRAPPED}
    return value[WRAPPED] if is_wrapped and is_there else value
