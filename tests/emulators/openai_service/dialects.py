"""How the two chat APIs put an answer on the wire, whole and in events."""

import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from tests.emulators.openai_service.records import ChatCall
from tests.emulators.openai_service.response_events import ResponsesAnswer
from tests.emulators.openai_service.steps import Called, FailInStream, Finish, Page, Usage
from tests.emulators.openai_service.wire import data, fragments


class Answering(Protocol):
    """One answer in one dialect, told in order: searches, text, sources, calls, the end.

    Events come as the bytes to send. What is told is also in the whole answer.
    """

    def opening(self) -> bytes: ...
    def search(self) -> bytes: ...
    def delta(self, text: str) -> bytes: ...
    def cite(self, pages: Sequence[Page]) -> bytes: ...
    def call(self, called: Called, fragment: int) -> Iterator[bytes]:
        """The beginning of a call, its arguments, and last, where there is one, its end."""
        ...

    def closing(self, text: str, finish: Finish, usage: Usage) -> bytes:
        """``text``: all that was said."""
        ...

    def failure(self, step: FailInStream) -> bytes: ...
    def whole(self, text: str, finish: Finish, usage: Usage) -> dict[str, Any]: ...


def answering(call: ChatCall, fingerprint: str = "fp_emulator") -> Answering:
    if call.dialect == "responses":
        return ResponsesAnswer(call)
    return CompletionsAnswer(call, fingerprint)


class CompletionsAnswer:
    def __init__(self, call: ChatCall, fingerprint: str = "fp_emulator") -> None:
        self._is_usage_asked = bool((call.body.get("stream_options") or {}).get("include_usage"))
        self._text = ""
        self._annotations: list[dict[str, Any]] = []
        self._calls: list[dict[str, Any]] = []
        self._base: dict[str, Any] = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": call.model,
            "service_tier": "default",
            "system_fingerprint": fingerprint,
        }

    def opening(self) -> bytes:
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def search(self) -> bytes:
        return b""  # this dialect tells of none

    def delta(self, text: str) -> bytes:
        self._text += text
        return self._chunk({"content": text})

    def cite(self, pages: Sequence[Page]) -> bytes:
        end = len(self._text)
        for page in pages:
            cited = {"title": page.title, "url": page.url, "start_index": 0, "end_index": end}
            self._annotations.append({"type": "url_citation", "url_citation": cited})
        return self._chunk({"annotations": self._annotations}) if pages else b""

    def call(self, called: Called, fragment: int) -> Iterator[bytes]:
        number, call_id = len(self._calls), f"call_{uuid.uuid4().hex[:24]}"
        function = {"name": called.name, "arguments": called.text}
        self._calls.append({"id": call_id, "type": "function", "function": function})
        begun = {"index": number, "id": call_id, "type": "function"}
        yield self._chunk({"tool_calls": [begun | {"function": function | {"arguments": ""}}]})
        for piece in fragments(called.text, fragment):
            yield self._chunk({"tool_calls": [{"index": number, "function": {"arguments": piece}}]})
        yield b""

    def closing(self, text: str, finish: Finish, usage: Usage) -> bytes:
        events = self._chunk({}, finish)
        if self._is_usage_asked:
            events += self._event([], _completion_usage(usage))
        return events + b"data: [DONE]\n\n"

    def failure(self, step: FailInStream) -> bytes:
        error = {"message": step.message, "type": step.code, "param": None, "code": step.code}
        return data({"error": error})

    def whole(self, text: str, finish: Finish, usage: Usage) -> dict[str, Any]:
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None if self._calls and not text else text,
            "refusal": None,
            "annotations": self._annotations,
        }
        if self._calls:
            message["tool_calls"] = self._calls
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        return self._base | {
            "object": "chat.completion",
            "choices": [choice],
            "usage": _completion_usage(usage),
        }

    def _chunk(self, delta: dict[str, Any], finish: Finish | None = None) -> bytes:
        return self._event(
            [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}], None
        )

    def _event(self, choices: list[dict[str, Any]], usage: dict[str, Any] | None) -> bytes:
        event = self._base | {"object": "chat.completion.chunk", "choices": choices}
        return data(event | {"usage": usage} if self._is_usage_asked else event)


def _completion_usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
