"""How the two chat APIs put an answer on the wire, whole and in events."""

import itertools
import json
import time
import uuid
from typing import Any, Protocol

from tests.emulators.openai_service.records import ChatCall
from tests.emulators.openai_service.steps import FailInStream, Finish, Usage

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


class Answering(Protocol):
    """One answer in one dialect; events come as the bytes to send."""

    def opening(self) -> bytes: ...
    def delta(self, text: str) -> bytes: ...
    def closing(self, text: str, finish: Finish, usage: Usage) -> bytes: ...
    def failure(self, step: FailInStream) -> bytes: ...
    def whole(self, text: str, finish: Finish, usage: Usage) -> dict[str, Any]: ...


def answering(call: ChatCall) -> Answering:
    return ResponsesAnswer(call) if call.dialect == "responses" else CompletionsAnswer(call)


class CompletionsAnswer:
    def __init__(self, call: ChatCall) -> None:
        self._is_usage_asked = bool((call.body.get("stream_options") or {}).get("include_usage"))
        self._base = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": call.model,
            "service_tier": "default",
            "system_fingerprint": "fp_emulator",
        }

    def opening(self) -> bytes:
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def delta(self, text: str) -> bytes:
        return self._chunk({"content": text})

    def closing(self, text: str, finish: Finish, usage: Usage) -> bytes:
        events = self._chunk({}, finish)
        if self._is_usage_asked:
            events += self._event([], _completion_usage(usage))
        return events + b"data: [DONE]\n\n"

    def failure(self, step: FailInStream) -> bytes:
        error = {"message": step.message, "type": step.code, "param": None, "code": step.code}
        return _data({"error": error})

    def whole(self, text: str, finish: Finish, usage: Usage) -> dict[str, Any]:
        message: dict[str, Any] = {
            "role": "assistant",
            "content": text,
            "refusal": None,
            "annotations": [],
        }
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
        return _data(event | {"usage": usage} if self._is_usage_asked else event)


class ResponsesAnswer:
    def __init__(self, call: ChatCall) -> None:
        body = call.body
        effort = (body.get("reasoning") or {}).get("effort") or "medium"
        self._numbers = itertools.count()
        self._thought: dict[str, Any] | None = None
        if call.is_reasoning and effort != "none":
            self._thought = {"id": f"rs_{uuid.uuid4().hex}", "type": "reasoning", "summary": []}
        self._item_id = f"msg_{uuid.uuid4().hex}"
        self._index = 1 if self._thought else 0
        self._place = {
            "item_id": self._item_id,
            "output_index": self._index,
            "content_index": 0,
        }
        self._base = {
            "id": f"resp_{uuid.uuid4().hex}",
            "object": "response",
            "created_at": int(time.time()),
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": body.get("instructions"),
            "max_output_tokens": body.get("max_output_tokens"),
            "metadata": body.get("metadata") or {},
            "model": call.model,
            "parallel_tool_calls": True,
            "previous_response_id": None,
            "reasoning": {"effort": effort if call.is_reasoning else None, "summary": None},
            "store": body.get("store", True),
            "temperature": 1.0,
            "text": {"format": {"type": "text"}, "verbosity": "medium"},
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "truncation": "disabled",
        }

    def opening(self) -> bytes:
        begun = self._base | {"status": "in_progress", "output": []}
        events = self._event("response.created", response=begun)
        events += self._event("response.in_progress", response=begun)
        if self._thought:
            for name in ("response.output_item.added", "response.output_item.done"):
                events += self._event(name, output_index=0, item=self._thought)
        item = self._message("in_progress", [])
        events += self._event("response.output_item.added", output_index=self._index, item=item)
        return events + self._event("response.content_part.added", part=_part(""), **self._place)

    def delta(self, text: str) -> bytes:
        return self._event("response.output_text.delta", delta=text, logprobs=[], **self._place)

    def closing(self, text: str, finish: Finish, usage: Usage) -> bytes:
        ended = self.whole(text, finish, usage)
        events = self._event("response.output_text.done", text=text, logprobs=[], **self._place)
        events += self._event("response.content_part.done", part=_part(text), **self._place)
        events += self._event(
            "response.output_item.done", output_index=self._index, item=ended["output"][-1]
        )
        return events + self._event(f"response.{ended['status']}", response=ended)

    def failure(self, step: FailInStream) -> bytes:
        if step.event == "error":
            return self._event("error", code=step.code, message=step.message, param=None)
        error = {"code": step.code, "message": step.message}
        failed = self._base | {"status": "failed", "output": [], "error": error}
        return self._event("response.failed", response=failed)

    def whole(self, text: str, finish: Finish, usage: Usage) -> dict[str, Any]:
        reason = _INCOMPLETE.get(finish)
        status = "incomplete" if reason else "completed"
        message = self._message(status, [_part(text)])
        return self._base | {
            "status": status,
            "completed_at": None if reason else int(time.time()),
            "incomplete_details": {"reason": reason} if reason else None,
            "output": [self._thought, message] if self._thought else [message],
            "usage": {
                "input_tokens": usage.input_tokens,
                "input_tokens_details": {
                    "cached_tokens": usage.cached_tokens,
                    "cache_write_tokens": 0,
                },
                "output_tokens": usage.output_tokens,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": usage.input_tokens + usage.output_tokens,
            },
        }

    def _message(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self._item_id,
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": content,
        }

    def _event(self, name: str, **fields: Any) -> bytes:
        event = {"type": name, "sequence_number": next(self._numbers)} | fields
        return f"event: {name}\n".encode() + _data(event)


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


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


def _data(event: Any) -> bytes:
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
