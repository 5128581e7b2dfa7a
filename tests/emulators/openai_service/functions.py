"""The service's rules for functions: how they are offered, called, and answered."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.emulators.openai_service.errors import (
    ViolationError,
    refuse_unknown,
    refuse_unless,
    require,
    require_length,
)
from tests.emulators.openai_service.records import Dialect, SeenMessage, SeenResult
from tests.emulators.openai_service.schemas import problem_with_schema, problem_with_strictness

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MOST_TOOLS = 128
_LONGEST_DESCRIPTION = 1024
_FUNCTION_KEYS = frozenset({"name", "description", "parameters", "strict"})
_THOUGHTFUL = re.compile(r"call_r([0-9a-f]{24})_\d+")
"""The id of a call that was thought about; in it, the id of the thought."""


# ------------------------------------------------------------ what is offered


def check_tools(dialect: Dialect, body: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the functions that are offered."""
    tools = body.get("tools")
    if tools is None:
        refuse_unless(
            body.get("tool_choice") in (None, "none", "auto"),
            "'tool_choice' is only allowed when 'tools' are specified.",
            "tool_choice",
        )
        return ()
    is_list = isinstance(tools, list) and 0 < len(tools) <= _MOST_TOOLS
    refuse_unless(is_list, f"Invalid 'tools': expected 1 to {_MOST_TOOLS} of them.", "tools")
    names: list[str] = []
    for index, tool in enumerate(tools):
        name = _check_tool(dialect, tool, f"tools[{index}]")
        refuse_unless(not name or name not in names, f"Two functions are named '{name}'.", "tools")
        names.append(name)
    return tuple(filter(None, names))


def _check_tool(dialect: Dialect, tool: Any, path: str) -> str:
    kind = tool.get("type") if isinstance(tool, dict) else None
    if dialect == "responses" and kind != "function":
        return ""  # a hosted one, which the published spec judges
    refuse_unless(kind == "function", f"Invalid value: '{kind}'.", f"{path}.type")
    if dialect == "responses":
        # Required, because strict is what leaving it out means.
        refuse_unless("strict" in tool, f"Missing: '{path}.strict'.", f"{path}.strict")
        function, where = {k: v for k, v in tool.items() if k != "type"}, path
    else:
        refuse_unknown(tool, frozenset({"type", "function"}), f"{path}.")
        function, where = tool.get("function"), f"{path}.function"
    refuse_unless(isinstance(function, dict), f"'{where}' is no object.", where, "invalid_type")
    refuse_unknown(function, _FUNCTION_KEYS, f"{where}.")
    require(function, "name")
    _check_name(function["name"], f"{where}.name")
    named = {f"{where}.description": function.get("description")}
    require_length(named, f"{where}.description", _LONGEST_DESCRIPTION)
    parameters = function.get("parameters")
    problem = problem_with_schema(parameters) if parameters is not None else ""
    if not problem and parameters is not None and function.get("strict"):
        problem = problem_with_strictness(parameters)
    refuse_unless(
        not problem,
        f"Invalid schema for function '{function['name']}': {problem}.",
        f"{where}.parameters",
        "invalid_function_parameters",
    )
    return str(function["name"])


def _check_name(name: Any, where: str) -> None:
    refuse_unless(
        isinstance(name, str) and _NAME.fullmatch(name) is not None,
        f"Invalid '{where}': string does not match pattern. "
        "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
        where,
    )


# ------------------------------------------------------------ what was called, in messages


def check_called_messages(items: Sequence[Mapping[str, Any]]) -> tuple[SeenResult, ...]:
    """Every call is answered at once, and nothing else is."""
    pending: dict[str, str] = {}
    results: list[SeenResult] = []
    for index, item in enumerate(items):
        path = f"messages[{index}]"
        if item.get("role") == "tool":
            name = pending.pop(str(item.get("tool_call_id")), None)
            if name is None:
                message = (
                    f"Invalid parameter: {path} with role 'tool' must be a response to a preceding"
                    " message with 'tool_calls'."
                )
                raise ViolationError(message, param=f"{path}.role")
            output = item.get("content")
            told = output if isinstance(output, str) else ""
            results.append(SeenResult(str(item["tool_call_id"]), name, told))
            continue
        _require_answers(pending)
        if item.get("role") == "user":
            results.clear()
        if item.get("tool_calls") is not None:
            pending = _check_calls(item, path)
    _require_answers(pending)
    return tuple(results)


def _require_answers(pending: Mapping[str, str]) -> None:
    refuse_unless(
        not pending,
        "An assistant message with 'tool_calls' must be followed by tool messages responding to "
        "each 'tool_call_id'. The following tool_call_ids did not have response messages: "
        f"{', '.join(pending)}",
        "messages",
    )


def _check_calls(item: Mapping[str, Any], path: str) -> dict[str, str]:
    calls, where = item["tool_calls"], f"{path}.tool_calls"
    is_list = isinstance(calls, list) and len(calls) > 0
    refuse_unless(is_list, f"Invalid '{where}': expected calls.", where, "invalid_type")
    refuse_unless(item.get("role") == "assistant", f"'{where}' are the assistant's.", where)
    names: dict[str, str] = {}
    for place, call in enumerate(calls):
        spot = f"{where}[{place}]"
        refuse_unknown(call, frozenset({"id", "type", "function"}), f"{spot}.")
        require(call, "id", "type", "function")
        refuse_unless(call["type"] == "function", f"Invalid '{spot}.type'.", f"{spot}.type")
        refuse_unknown(call["function"], frozenset({"name", "arguments"}), f"{spot}.function.")
        _check_call(call["function"], f"{spot}.function")
        refuse_unless(call["id"] not in names, f"Duplicate '{spot}.id'.", f"{spot}.id")
        names[call["id"]] = call["function"]["name"]
    return names


def _check_call(call: Mapping[str, Any], where: str) -> None:
    _check_name(call.get("name"), f"{where}.name")
    is_text = isinstance(call.get("arguments"), str)
    refuse_unless(is_text, f"'{where}.arguments' is no string.", where, "invalid_type")


# ------------------------------------------------------------ what was called, in items


def check_called_items(items: Sequence[Mapping[str, Any]]) -> tuple[SeenResult, ...]:
    """Every call is answered, nothing else is, and what was thought before a call is there."""
    names: dict[str, str] = {}
    pending: set[str] = set()
    thoughts: set[str] = set()
    results: list[SeenResult] = []
    for index, item in enumerate(items):
        where = f"input[{index}]"
        match item.get("type", "message"):
            case "message" if item.get("role") == "user":
                results.clear()
            case "reasoning":
                thoughts.add(_check_thought(item, where))
            case "function_call":
                require(item, "call_id", "name")
                _check_call(item, where)
                _require_thought(item, thoughts)
                names[item["call_id"]] = item["name"]
                pending.add(item["call_id"])
            case "function_call_output":
                call_id = item.get("call_id")
                refuse_unless(
                    call_id in pending,
                    f"No tool call found for function call output with call_id {call_id}.",
                    "input",
                )
                pending.discard(str(call_id))
                output = item.get("output")
                told = output if isinstance(output, str) else ""
                results.append(SeenResult(str(call_id), names[str(call_id)], told))
    missing = ", ".join(sorted(pending))
    refuse_unless(not pending, f"No tool output found for function call {missing}.", "input")
    return tuple(results)


def _check_thought(item: Mapping[str, Any], where: str) -> str:
    known = frozenset({"type", "id", "summary", "content", "encrypted_content", "status"})
    refuse_unknown(item, known, f"{where}.")
    require(item, "id")
    refuse_unless(
        bool(item.get("encrypted_content")),
        f"Item with id '{item['id']}' not found. Items are not persisted when `store` is set to "
        "false. Try again with `store` set to true, or remove this item from your input.",
        "input",
    )
    refuse_unless(
        item["encrypted_content"] == encrypted(item["id"]),
        f"The encrypted content for item {item['id']} could not be verified.",
        "input",
        "invalid_encrypted_content",
    )
    return str(item["id"])


def _require_thought(call: Mapping[str, Any], thoughts: set[str]) -> None:
    told = _THOUGHTFUL.fullmatch(call["call_id"])
    refuse_unless(
        told is None or f"rs_{told[1]}" in thoughts,
        f"Item '{call.get('id')}' of type 'function_call' was provided without its required "
        f"'reasoning' item: 'rs_{told[1] if told else ''}'.",
        "input",
    )


def encrypted(thought_id: str) -> str:
    """What nobody but the service can make or read."""
    return f"gAAAA{hashlib.sha256(thought_id.encode()).hexdigest()}"


def seen_item(item: Mapping[str, Any]) -> SeenMessage:
    """What the model reads of an item that is no message."""
    match item.get("type"):
        case "function_call":
            return SeenMessage("assistant", f"[calls {item['name']} {item['arguments']}]")
        case "function_call_output":
            return SeenMessage("tool", str(item.get("output")))
        case "reasoning":
            return SeenMessage("reasoning", str(item.get("encrypted_content")))
    return SeenMessage("item", str(item))
