"""A whole answer of a route that does not stream."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    body: bytes
    content_type: str
    billed: Mapping[str, float] = field(default_factory=dict)
    """By kind: input_tokens, output_tokens, seconds, characters, images."""


Making = Callable[[str], Reply]
"""Makes the reply to a request that broke no rule; given the words that a sound is to say."""


def json_reply(body: Any, billed: Mapping[str, float] | None = None) -> Reply:
    return Reply(json.dumps(body).encode(), "application/json", billed or {})
