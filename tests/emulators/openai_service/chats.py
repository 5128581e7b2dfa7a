"""Chat requests of both dialects: the service's rules, and one form for what they ask."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from tests.emulators.openai_service.errors import (
    ApiError,
    ViolationError,
    names,
    refuse_unknown,
    refuse_unless,
    require,
    require_choice,
    require_length,
    require_range,
)
from tests.emulators.openai_service.functions import (
    check_called_items,
    check_called_messages,
    check_tools,
    seen_item,
)
from tests.emulators.openai_service.pictures import seen_picture
from tests.emulators.openai_service.records import (
    ChatCall,
    Dialect,
    RecordedRequest,
    SeenMessage,
    SeenPicture,
    SeenResult,
)
from tests.emulators.openai_service.schemas import problem_with_schema, problem_with_strictness
from tests.emulators.openai_service.spoken_chats import check_sound

_COMMON = (
    "metadata model moderation parallel_tool_calls prompt_cache_key prompt_cache_options"
    " prompt_cache_retention safety_identifier service_tier store stream stream_options temperature"
    " tool_choice tools top_logprobs top_p user"
)
_KNOWN: dict[Dialect, frozenset[str]] = {
    "chat_completions": names(
        f"{_COMMON} audio frequency_penalty function_call functions logit_bias logprobs"
        " max_completion_tokens max_tokens messages modalities n prediction presence_penalty"
        " reasoning_effort response_format seed stop verbosity web_search_options"
    ),
    "responses": names(
        f"{_COMMON} access_programs background background_options context_management conversation"
        " image include input instructions max_output_tokens max_tool_calls previous_response_id"
        " prompt reasoning text truncation"
    ),
}
_SYSTEM = frozenset({"system", "developer"})
_ROLES: dict[Dialect, dict[str, frozenset[str]]] = {  # role -> the kinds of parts it may have
    "chat_completions": {
        "system": frozenset({"text"}),
        "developer": frozenset({"text"}),
        "user": frozenset({"text", "image_url", "input_audio", "file"}),
        "assistant": frozenset({"text", "refusal"}),
        "tool": frozenset({"text"}),
    },
    "responses": {
        "system": frozenset({"input_text"}),
        "developer": frozenset({"input_text"}),
        "user": frozenset({"input_text", "input_image", "input_file"}),
        "assistant": frozenset({"output_text", "refusal"}),
    },
}
_PART_KEYS = {
    "text": frozenset({"type", "text", "prompt_cache_breakpoint"}),
    "input_text": frozenset({"type", "text", "prompt_cache_breakpoint"}),
    "output_text": frozenset({"type", "text", "annotations", "logprobs"}),
    "image_url": frozenset({"type", "image_url", "prompt_cache_breakpoint"}),
    "input_image": frozenset({"type", "image_url", "file_id", "detail", "prompt_cache_breakpoint"}),
}
_MESSAGE_KEYS: dict[Dialect, frozenset[str]] = {
    "chat_completions": frozenset(
        {"role", "content", "name", "refusal", "audio", "tool_calls", "tool_call_id"}
    ),
    "responses": frozenset({"type", "role", "content", "id", "status", "phase"}),
}
_DETAILS = frozenset({"low", "high", "auto", "original"})
_EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})
_LONGEST_TEXT = 10_485_760
_HIGHEST_SEED = 2**63 - 1
_FORMAT_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def check_completions(request: RecordedRequest) -> ChatCall:
    body = request.body
    refuse_unknown(body, _KNOWN["chat_completions"])
    require(body, "model", "messages")
    is_reasoning = _check_sampling(body, body.get("reasoning_effort"), "reasoning_effort")
    if is_reasoning:
        refuse_unless(
            "max_tokens" not in body,
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            "max_tokens",
            "unsupported_parameter",
        )
    for name in ("max_tokens", "max_completion_tokens"):
        require_range(body, name, 1, 10_000_000)
    require_range(body, "n", 1, 128)
    refuse_unless(
        "stream_options" not in body or body.get("stream") is True,
        "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        "stream_options",
    )
    seed = body.get("seed")
    is_seed = seed is None or (isinstance(seed, int) and not isinstance(seed, bool))
    refuse_unless(is_seed, "Invalid type for 'seed': expected an integer.", "seed", "invalid_type")
    require_range(body, "seed", -_HIGHEST_SEED - 1, _HIGHEST_SEED)
    is_searching = "-search" in body["model"]
    refuse_unless(
        "web_search_options" not in body or is_searching,
        f"Web search options not supported with {body['model']}.",
        "web_search_options",
    )
    check_sound(body)
    messages = _messages("chat_completions", body["messages"], "messages")
    results = check_called_messages(body["messages"])
    form = body.get("response_format")
    if isinstance(form, dict):
        schema = form.get("json_schema") or {}
        _check_format({**schema, "type": form.get("type")}, messages, "response_format")
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    return _call("chat_completions", body, messages, results, is_reasoning, limit)


def check_responses(request: RecordedRequest) -> ChatCall:
    body = request.body
    refuse_unknown(body, _KNOWN["responses"])
    require(body, "model", "input")
    effort = (body.get("reasoning") or {}).get("effort")
    is_reasoning = _check_sampling(body, effort, "reasoning.effort")
    require_range(body, "max_output_tokens", 16, 10_000_000)
    if body.get("previous_response_id"):
        previous = body["previous_response_id"]
        raise ApiError(
            f"Previous response with id '{previous}' not found.",
            param="previous_response_id",
            code="previous_response_not_found",
        )
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    messages = _messages("responses", items, "input")
    results = check_called_items(items)
    form = (body.get("text") or {}).get("format")
    if isinstance(form, dict):
        _check_format(form, messages, "text.format")  # it does not look at the instructions
    if body.get("instructions"):
        messages.insert(0, SeenMessage("system", str(body["instructions"])))
    limit = body.get("max_output_tokens")
    return _call("responses", body, messages, results, is_reasoning, limit)


def _check_sampling(body: Mapping[str, Any], effort: Any, effort_name: str) -> bool:
    """The rules of both dialects; whether the model is a reasoning one."""
    model = str(body["model"])
    is_reasoning = bool(re.match(r"gpt-([5-9]|\d\d)|o\d", model)) and "chat-latest" not in model
    require_choice({effort_name: effort}, effort_name, _EFFORTS)
    refuse_unless(
        effort is None or is_reasoning or not model.startswith("gpt-"),
        f"Unsupported parameter: '{effort_name}' is not supported with this model.",
        effort_name,
        "unsupported_parameter",
    )
    require_range(body, "temperature", 0, 2)
    require_range(body, "top_p", 0, 1)
    for name in ("safety_identifier", "prompt_cache_key"):
        require_length(body, name, 64)
    return is_reasoning


def _messages(dialect: Dialect, items: Any, where: str) -> list[SeenMessage]:
    refuse_unless(isinstance(items, list), f"'{where}' must be a list.", where, "invalid_type")
    messages = []
    for index, item in enumerate(items):
        path = f"{where}[{index}]"
        refuse_unless(isinstance(item, dict), f"'{path}' is no object.", path, "invalid_type")
        if dialect == "responses" and item.get("type", "message") != "message":
            messages.append(seen_item(item))
            continue
        refuse_unknown(item, _MESSAGE_KEYS[dialect], f"{path}.")
        require_choice({f"{path}.role": item.get("role", "")}, f"{path}.role", _roles(dialect))
        messages.append(_message(dialect, item, path))
    return messages


def _roles(dialect: Dialect) -> frozenset[str]:
    return frozenset(_ROLES[dialect])


def _message(dialect: Dialect, item: Mapping[str, Any], path: str) -> SeenMessage:
    role, content = item["role"], item.get("content")
    if not content and item.get("tool_calls"):
        return SeenMessage(role, f"[calls {item['tool_calls']}]")
    if content == "" and role == "tool":
        return SeenMessage(role, "")
    parts = [{"type": None, "text": content}] if isinstance(content, str) else content
    is_list = isinstance(parts, list) and len(parts) > 0
    message = f"Invalid value for '{path}.content': expected a string or a list of parts."
    refuse_unless(is_list, message, f"{path}.content", "invalid_type")
    texts, images = [], []
    for index, part in enumerate(parts or ()):
        where = f"{path}.content[{index}]"
        kind = part.get("type")
        if kind is not None:
            require_choice({f"{where}.type": kind}, f"{where}.type", _ROLES[dialect][role])
            refuse_unknown(part, _PART_KEYS.get(kind, frozenset(part)), f"{where}.")
        if kind in ("image_url", "input_image"):
            images.append(_picture(part, kind, where))
            continue
        text = part.get("text") or part.get("refusal") or ""
        require_length({f"{where}.text": text}, f"{where}.text", _LONGEST_TEXT)
        texts.append(text)
    return SeenMessage(role, "\n".join(texts), tuple(images))


def _picture(part: Mapping[str, Any], kind: str, where: str) -> SeenPicture:
    holder = part.get("image_url") if kind == "image_url" else part
    param = f"{where}.image_url"
    if not isinstance(holder, dict):
        message = f"Invalid type for '{param}': expected an object."
        raise ViolationError(message, param=param, code="invalid_type")
    require_choice(holder, "detail", _DETAILS)
    url = holder.get("url") if kind == "image_url" else holder.get("image_url")
    return seen_picture(url, holder.get("detail"), param)


def _check_format(form: Mapping[str, Any], messages: list[SeenMessage], param: str) -> None:
    """``form`` as Responses writes it. A schema may be anybody's: refusing it is no violation."""
    kinds = frozenset({"text", "json_object", "json_schema"})
    require_choice({f"{param}.type": form.get("type", "")}, f"{param}.type", kinds)
    if form["type"] == "json_object":
        searched = param == "text.format"
        _require_the_word_json(messages, "input" if searched else "messages")
    if form["type"] != "json_schema":
        return
    name, schema = form.get("name"), form.get("schema")
    is_name = isinstance(name, str) and _FORMAT_NAME.fullmatch(name) is not None
    refuse_unless(is_name, f"Invalid '{param}.name': it does not match.", f"{param}.name")
    problem = problem_with_schema(schema)
    if not problem and form.get("strict"):
        problem = problem_with_strictness(schema or {})
    if problem:
        raise ApiError(
            f"Invalid schema for response_format '{name}': {problem}.",
            param=f"{param}.schema",
            code="invalid_json_schema",
        )


def _require_the_word_json(messages: list[SeenMessage], param: str) -> None:
    refuse_unless(
        any("json" in message.text.lower() for message in messages),
        f"'{param}' must contain the word 'json' in some form, to use json_object.",
        param,
    )


def _call(
    dialect: Dialect,
    body: Mapping[str, Any],
    messages: list[SeenMessage],
    results: tuple[SeenResult, ...],
    is_reasoning: bool,
    max_tokens: int | None,
) -> ChatCall:
    offered = json.dumps(body["tools"]) if body.get("tools") else ""
    return ChatCall(
        dialect=dialect,
        model=str(body["model"]),
        system="\n".join(m.text for m in messages if m.role in _SYSTEM),
        messages=tuple(m for m in messages if m.role not in _SYSTEM),
        body=body,
        prompt=offered + "".join(map(_flattened, messages)),
        is_reasoning=is_reasoning,
        max_tokens=max_tokens,
        tools=check_tools(dialect, body),
        results=results,
    )


def _flattened(message: SeenMessage) -> str:
    """A message as four characters a token, its pictures as often as they weigh."""
    weights = []
    for image in message.images:
        mark = hashlib.sha256(image.data or image.url.encode()).hexdigest()
        weights.append((mark * (image.tokens // 16 + 1))[: image.tokens * 4])
    return f"<{message.role}>{message.text}{''.join(weights)}"
