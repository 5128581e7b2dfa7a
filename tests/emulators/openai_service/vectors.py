"""Embeddings that follow from the words, and a moderation that knows a few bad ones."""

import base64
import hashlib
import math
import re
import struct
from collections.abc import Sequence
from functools import partial
from typing import Any

from rs_bpe.bpe import openai

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
_MAX_REQUEST_TOKENS = 300_000
_TOKENIZER = openai.cl100k_base()
_CATEGORIES = names(
    "harassment harassment/threatening hate hate/threatening illicit illicit/violent self-harm"
    " self-harm/instructions self-harm/intent sexual sexual/minors violence violence/graphic"
)
_WORD = re.compile(r"\w+")
_EMPTY = names(
    "a an and are as at by do does for from has have how in is it its me of on or please say tell"
    " that the their there they this to was what when where which who will with you"
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
    counts = [_count(text) for text in inputs]
    for place, tokens in enumerate(counts):
        name = f"input[{place}]"
        message = f"Invalid '{name}': maximum input length is {_MAX_TOKENS} tokens."
        refuse_unless(tokens <= _MAX_TOKENS, message, name)
    message = f"Requested {sum(counts)} tokens, max {_MAX_REQUEST_TOKENS} tokens per request."
    refuse_unless(sum(counts) <= _MAX_REQUEST_TOKENS, message, "input")
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
    tokens = sum(map(_count, inputs))
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    answer = {"object": "list", "model": model, "data": data, "usage": usage}
    return json_reply(answer, {"input_tokens": tokens})


def _inputs(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if value and isinstance(value[0], int):
        return [" ".join(map(str, value))]
    return [item if isinstance(item, str) else " ".join(map(str, item)) for item in value]


def _count(text: str) -> int:
    return int(_TOKENIZER.count(text))


def _vector(text: str, size: int) -> list[float]:
    """As if meaning were the words that carry some: texts are alike as far as they share those."""
    vector = [0.0] * size
    for word in sorted(set(_WORD.findall(text.lower())) - _EMPTY) or ["nothing"]:
        digest = hashlib.sha256(word.encode()).digest()
        vector[int.from_bytes(digest[:4]) % size] += 1.0 if digest[4] % 2 else -1.0
    if not any(vector):  # two words that undo each other
        vector[0] = 1.0
    length = math.sqrt(sum(value * value for value in vector))
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
