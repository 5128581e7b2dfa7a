"""What some models do not have, and how they say so.

None of these refusals is a violation: nobody can know before, and a client may learn from them.
"""

from collections.abc import Collection, Mapping
from typing import Literal

from tests.emulators.openai_service.errors import ApiError
from tests.emulators.openai_service.records import ChatCall

Feature = Literal[
    "tools",
    "json_schema",
    "json_object",
    "temperature",
    "seed",
    "web_search",
    "effort none",
    "stream_options",
    "include",
    "chat_completions",
    "responses",
]


def refuse(call: ChatCall, refused: Mapping[str, Collection[Feature]]) -> None:
    """ApiError if the request asks for what its model has not; ``refused``: by model."""
    if call.is_reasoning:
        _refuse_while_thinking(call)
    for feature in refused.get(call.model, ()):
        if _asks_for(call, feature):
            raise _make_refusal(call, feature)


def _refuse_while_thinking(call: ChatCall) -> None:
    effort = call.body.get("reasoning_effort") or (call.body.get("reasoning") or {}).get("effort")
    if effort == "none":
        return
    for name in ("temperature", "top_p"):
        if call.body.get(name) not in (None, 1):
            raise _unsupported_value(name, call)
    if call.dialect == "chat_completions" and call.tools:
        raise ApiError(
            f"Function tools with reasoning_effort are not supported for {call.model} in "
            "/v1/chat/completions. To use function tools, use /v1/responses or set "
            "reasoning_effort to 'none'.",
            param="reasoning_effort",
        )


def _asks_for(call: ChatCall, feature: Feature) -> bool:
    body = call.body
    match feature:
        case "tools":
            return bool(call.tools)
        case "json_schema" | "json_object":
            return bool(call.format["type"] == feature)
        case "web_search":
            kinds = [tool.get("type") for tool in body.get("tools") or ()]
            return "web_search_options" in body or "web_search" in kinds
        case "effort none":
            return body.get("reasoning_effort") == "none"
        case "chat_completions" | "responses":
            return call.dialect == feature
    return feature in body


def _make_refusal(call: ChatCall, feature: Feature) -> ApiError:
    if feature == "temperature":
        return _unsupported_value(feature, call)
    message, param = _WORDS.get(feature, ("Unrecognized request argument supplied: {feature}", ""))
    return ApiError(
        message.format(feature=feature, model=call.model),
        status=404 if feature in ("chat_completions", "responses") else 400,
        param=param or None,
        code="unsupported_value" if message.startswith("Unsupported value") else None,
    )


_NO_FORMAT = (
    "Invalid parameter: 'response_format' of type '{feature}' is not supported with this model.",
    "response_format",
)
_NO_ROUTE = ("This model is not supported in this endpoint.", "")
_WORDS: dict[Feature, tuple[str, str]] = {
    "tools": ("registry.ollama.ai/library/{model} does not support tools", ""),
    "json_schema": _NO_FORMAT,
    "json_object": _NO_FORMAT,
    "web_search": ("Hosted tool 'web_search' is not supported with {model}.", "tools"),
    "effort none": (
        "Unsupported value: 'reasoning_effort' does not support 'none' with this model.",
        "reasoning_effort",
    ),
    "chat_completions": _NO_ROUTE,
    "responses": _NO_ROUTE,
}
"""The message and the param of each; what has none is an argument that nobody knows."""


def _unsupported_value(name: str, call: ChatCall) -> ApiError:
    return ApiError(
        f"Unsupported value: '{name}' does not support {call.body.get(name)} with this model. "
        "Only the default (1) value is supported.",
        param=name,
        code="unsupported_value",
    )
