"""Function calls: how they are offered, put together from pieces, and given back."""

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.openai.fields import find, find_text
from bot.openai.parts import write_text
from handlers.ports.chat import ToolCall, ToolRound, ToolSpec

_LONGEST_DESCRIPTION = 1024
"""Of a function; OpenAI refuses the whole request over a longer one."""
_LONGEST_NAME = 64
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")


@dataclass(slots=True)
class _Begun:
    id: str = ""
    name: str = ""
    arguments: str = ""


class CallPieces:
    """The calls of one streamed answer in Chat Completions.

    OpenAI numbers them and sends the id and the name once. Others leave out the number, or give
    every call the same one; send no id, or the name with every piece; or send a call whole.
    """

    def __init__(self) -> None:
        self._begun: list[_Begun] = []
        self._by_number: dict[int, _Begun] = {}

    def add(self, pieces: Iterable[Any]) -> bool:
        """Take the pieces of one event; whether one of them began a call after another."""
        before = len(self._begun)
        for piece in pieces:
            self._add(piece)
        return len(self._begun) > max(before, 1)

    def _add(self, piece: Any) -> None:
        if not isinstance(piece, Mapping):
            return
        number = find(piece, "index")
        number = number if isinstance(number, int) else None
        told = _Begun(find_text(piece, "id"), find_text(piece, "function", "name"))
        told.arguments = _read_arguments(find(piece, "function", "arguments"))
        call = self._find(number, told)
        if call is None:
            self._begun.append(told)
            call = told
        else:
            call.id = call.id or told.id
            if told.name != call.name:
                call.name += told.name
            call.arguments += told.arguments
        if number is not None:
            self._by_number[number] = call

    def _find(self, number: int | None, told: _Begun) -> _Begun | None:
        """The call that a piece goes on with; None if it begins one."""
        if number is not None:
            call = self._by_number.get(number)
        elif told.id:
            call = next((begun for begun in self._begun if begun.id == told.id), None)
            call = call or (self._begun[-1] if self._begun and not self._begun[-1].id else None)
        else:
            call = self._begun[-1] if self._begun else None
        if call is None or (told.id and call.id and told.id != call.id):
            return None
        is_other_name = bool(told.name and call.name and told.name != call.name)
        if is_other_name and (number is None or call.arguments):
            return None
        is_another = told.arguments.lstrip().startswith("{") and is_object(call.arguments)
        return None if is_another else call

    @property
    def is_broken(self) -> bool:
        """Whether there is a call that nobody can make, since it names no function."""
        return any(not call.name for call in self._begun)

    def gather(self) -> tuple[ToolCall, ...]:
        """All of them, in order, each with an id of its own."""
        calls: list[ToolCall] = []
        for begun in self._begun:
            is_taken = any(call.id == begun.id for call in calls)
            if is_taken or not begun.id:
                # For good: the id goes back with the result, and is asked for again.
                begun.id = make_id()
            calls.append(ToolCall(begun.id, begun.name, begun.arguments))
        return tuple(calls)


def make_id() -> str:
    return f"call_{uuid.uuid4().hex}"


def is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _read_arguments(told: Any) -> str:
    """JSON as a text; some servers send the object itself."""
    if isinstance(told, str):
        return told
    return json.dumps(told, ensure_ascii=False) if isinstance(told, Mapping) else ""


def write_function(spec: ToolSpec) -> dict[str, Any]:
    """A function as both dialects describe it."""
    description = write_text(spec.description)
    if len(description) > _LONGEST_DESCRIPTION:
        description = description[: _LONGEST_DESCRIPTION - 1] + "…"
    return {"name": spec.name, "description": description, "parameters": dict(spec.parameters)}


def write_round(done: ToolRound) -> list[dict[str, Any]]:
    """What was called and what came of it, as messages of Chat Completions."""
    called: dict[str, Any] = {
        "role": "assistant",
        "content": write_text(done.text) or None,
        "tool_calls": [
            {
                "id": call.id,
                "type": "function",
                # Servers parse what they are given back, and fail over what is no object.
                "function": _write_call(call, "{}"),
            }
            for call in done.calls
        ],
    }
    answers = [
        {"role": "tool", "tool_call_id": result.call_id, "content": write_text(result.output)}
        for result in done.results
    ]
    return [called, *answers]


def write_items(done: ToolRound) -> list[dict[str, Any]]:
    """The same as items of Responses; ``carried`` stands for the model's own, where it fits."""
    results = [
        {
            "type": "function_call_output",
            "call_id": result.call_id,
            "output": write_text(result.output),
        }
        for result in done.results
    ]
    return [*(_read_carried(done) or _write_called(done)), *results]


def carry(items: Iterable[Any]) -> str:
    """What a model put out before it called, to be given back as it was.

    Without what it thought it would begin to think anew, and the service refuses its calls. What it
    thought goes back encrypted or not at all: the service keeps nothing that it could be named by.
    """
    kept = [_without_nulls(item) for item in items if isinstance(item, Mapping)]
    thoughts = [item for item in kept if item.get("type") == "reasoning"]
    is_more_than_calls = thoughts or any("phase" in item for item in kept)
    is_readable = all(find_text(thought, "encrypted_content") for thought in thoughts)
    return json.dumps(kept, ensure_ascii=False) if is_more_than_calls and is_readable else ""


def _read_carried(done: ToolRound) -> list[dict[str, Any]]:
    """The carried items; none if they are not those of this round."""
    try:
        items = json.loads(done.carried or "[]")
    except ValueError:
        return []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return []
    called = {find_text(i, "call_id") for i in items if i.get("type") == "function_call"}
    if called != {call.id for call in done.calls}:
        return []
    return [i | {"name": _write_name(find_text(i, "name"))} if "name" in i else i for i in items]


def _write_called(done: ToolRound) -> list[dict[str, Any]]:
    text = write_text(done.text)
    said = [{"role": "assistant", "content": text}] if text.strip() else []
    calls = [
        {"type": "function_call", "call_id": call.id} | _write_call(call) for call in done.calls
    ]
    return [*said, *calls]


def _write_call(call: ToolCall, instead: str = "") -> dict[str, Any]:
    """``instead`` of arguments that are no JSON object; empty gives them as they are."""
    arguments = write_text(call.arguments)
    return {
        "name": _write_name(call.name),
        "arguments": arguments if not instead or is_object(arguments) else instead,
    }


def _write_name(name: str) -> str:
    """A model may call what was never offered, by a name that the service refuses."""
    return _NOT_IN_NAMES.sub("_", name)[:_LONGEST_NAME] or "_"


def _without_nulls(item: Mapping[str, Any]) -> dict[str, Any]:
    # The service writes nulls that it does not take back.
    return {name: value for name, value in item.items() if value is not None}
