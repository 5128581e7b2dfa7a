"""Embeddings that follow from the words, and a moderation that knows a few bad ones."""

import base64
import hashlib
import math
import struct
from collections.abc import Sequence
from functools import partial
from typing import Any

from tests.emulators.openai_service.errors import (
    names,
    refuse_unknown,
    refuse_unless,
    require,
    require_choice,
)
from tests.emulators.openai_service.records import RecordedRequest
from tests.emulators.openai_service.replies import Making, Reply, json_reply

_MAX_INPUTS = 2048
_MAX_TOKENS = 8192
_CATEGORIES = names(
    "harassment harassment/threatening hate hate/threatening illicit illicit/violent self-harm"
    " self-harm/instructions self-harm/intent sexual sexual/minors violence violence/graphic"
)
_FLAGGED_WORDS = ("murder", "kill them")


def check_embeddings(request: RecordedRequest) -> Making:
    body = request.body
    refuse_unknown(body, frozenset({"model", "input", "dimensions", "encoding_format", "user"}))
    require(body, "model", "input")
    require_choice(body, "encoding_format", frozenset({"float", "base64"}))
    inputs = _inputs(body["input"])
    refuse_unless(len(inputs) <= _MAX_INPUTS, "At most 2048 inputs.", "input")
    for text in inputs:
        refuse_unless(len(text) > 0, "Input cannot be an empty string.", "input")
        refuse_unless(len(text) <= 4 * _MAX_TOKENS, "At most 8192 tokens an input.", "input")
    if "dimensions" in body:
        is_shortened = "-3-" in str(body["model"])
        refuse_unless(is_shortened, "This model has fixed dimensions.", "dimensions")
    return partial(_embed, request)


def _embed(request: RecordedRequest, _words: str) -> Reply:
    body = request.body
    model = str(body["model"])
    size = int(body.get("dimensions") or (3072 if "large" in model else 1536))
    inputs = _inputs(body["input"])
    data = [
        {"object": "embedding", "index": index, "embedding": _encoded(_vector(text, size), body)}
        for index, text in enumerate(inputs)
    ]
    tokens = sum(-(-len(text) // 4) for text in inputs)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    answer = {"object": "list", "model": model, "data": data, "usage": usage}
    return json_reply(answer, {"input_tokens": tokens})


def _inputs(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if value and isinstance(value[0], int):
        return [" ".join(map(str, value))]
    return [item if isinstance(item, str) else " ".join(map(str, item)) for item in value]


def _vector(text: str, size: int) -> list[float]:
    vector = [0.0] * size
    for word in text.lower().split():
        digest = hashlib.sha256(word.encode()).digest()
        vector[int.from_bytes(digest[:4]) % size] += 1.0 if digest[4] % 2 else -1.0
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector]


def _encoded(vector: Sequence[float], body: Any) -> list[float] | str:
    if body.get("encoding_format") != "base64":
        return list(vector)
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def check_moderation(request: RecordedRequest) -> Making:
    refuse_unknown(request.body, frozenset({"model", "input"}))
    require(request.body, "input")
    return partial(_moderate, request)


def _moderate(request: RecordedRequest, _words: str) -> Reply:
    value = request.body["input"]
    results = []
    for item in [value] if isinstance(value, str) else value:
        text = item if isinstance(item, str) else str(item.get("text", ""))
        is_flagged = any(word in text.lower() for word in _FLAGGED_WORDS)
        results.append(
            {
                "flagged": is_flagged,
                "categories": {name: is_flagged and name == "violence" for name in _CATEGORIES},
                "category_scores": {
                    name: 0.98 if is_flagged and name == "violence" else 0.01
                    for name in _CATEGORIES
                },
                "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
            }
        )
    model = request.body.get("model") or "omni-moderation-latest"
    return json_reply({"id": "modr-1", "model": model, "results": results})
