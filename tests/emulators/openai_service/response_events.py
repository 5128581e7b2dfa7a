"""How the Responses API puts an answer on the wire."""

import itertools
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from tests.emulators.openai_service.functions import encrypted
from tests.emulators.openai_service.records import ChatCall
from tests.emulators.openai_service.steps import Called, FailInStream, Finish, Page, Usage
from tests.emulators.openai_service.wire import data, fragments

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


class ResponsesAnswer:
    def __init__(self, call: ChatCall) -> None:
        body = call.body
        effort = (body.get("reasoning") or {}).get("effort") or "medium"
        self._numbers = itertools.count()
        self._mark = uuid.uuid4().hex[:24]
        self._output: list[dict[str, Any]] = []
        self._message: dict[str, Any] | None = None
        self._part: dict[str, Any] = {}
        self._place: dict[str, Any] = {}
        """Of a message that is begun and not ended."""
        self._thinks = call.is_reasoning and effort != "none"
        if self._thinks:
            self._output.append(self._think(body.get("include") or ()))
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
            "temperature": body.get("temperature", 1.0),
            "text": {"format": {"type": "text"}, "verbosity": "medium"},
            "tool_choice": "auto",
            "tools": body.get("tools") or [],
            "top_p": 1.0,
            "truncation": "disabled",
        }

    def _think(self, include: Sequence[str]) -> dict[str, Any]:
        name = f"rs_{self._mark}"
        thought: dict[str, Any] = {"id": name, "type": "reasoning", "summary": []}
        if "reasoning.encrypted_content" in include:
            thought["encrypted_content"] = encrypted(name)
        return thought

    def opening(self) -> bytes:
        begun = self._base | {"status": "in_progress", "output": []}
        events = self._event("response.created", response=begun)
        events += self._event("response.in_progress", response=begun)
        for index, thought in enumerate(self._output):
            hidden = {k: v for k, v in thought.items() if k != "encrypted_content"}
            added = hidden | {"encrypted_content": "gAAA"} if thought != hidden else hidden
            events += self._event("response.output_item.added", output_index=index, item=added)
            events += self._event("response.output_item.done", output_index=index, item=thought)
        return events

    def search(self) -> bytes:
        index = len(self._output)
        begun = {"id": f"ws_{uuid.uuid4().hex}", "type": "web_search_call", "status": "in_progress"}
        action = {"type": "search", "query": "emulated", "queries": ["emulated"]}
        done = begun | {"status": "completed", "action": action}
        self._output.append(done)
        events = self._event("response.output_item.added", output_index=index, item=begun)
        for name in ("in_progress", "searching", "completed"):
            kind = f"response.web_search_call.{name}"
            events += self._event(kind, output_index=index, item_id=begun["id"])
        return events + self._event("response.output_item.done", output_index=index, item=done)

    def delta(self, text: str) -> bytes:
        events = self._begin_message()
        self._part["text"] += text
        return events + self._event(
            "response.output_text.delta", delta=text, logprobs=[], **self._place
        )

    def cite(self, pages: Sequence[Page]) -> bytes:
        events = self._begin_message() if pages else b""
        for number, page in enumerate(pages):
            cited = {
                "type": "url_citation",
                "title": page.title,
                "url": page.url,
                "start_index": 0,
                "end_index": len(self._part["text"]),
            }
            self._part["annotations"].append(cited)
            events += self._event(
                "response.output_text.annotation.added",
                annotation=cited,
                annotation_index=number,
                **self._place,
            )
        return events

    def call(self, called: Called, fragment: int) -> Iterator[bytes]:
        yield self._end_message("completed")
        index = len(self._output)
        mark = "r" if self._thinks else "n"
        done = {
            "id": f"fc_{uuid.uuid4().hex}",
            "type": "function_call",
            "status": "completed",
            "call_id": f"call_{mark}{self._mark}_{index}",
            "name": called.name,
            "arguments": called.text,
        }
        self._output.append(done)
        begun = done | {"status": "in_progress", "arguments": ""}
        place = {"item_id": done["id"], "output_index": index}
        yield self._event("response.output_item.added", output_index=index, item=begun)
        kind = "response.function_call_arguments"
        for piece in fragments(called.text, fragment):
            yield self._event(f"{kind}.delta", delta=piece, **place)
        told = {"arguments": called.text, "name": called.name}
        yield self._event(f"{kind}.done", **told, **place) + self._event(
            "response.output_item.done", output_index=index, item=done
        )

    def closing(self, text: str, finish: Finish, usage: Usage) -> bytes:
        events = b""
        if self._message is None and not any(i["type"] == "function_call" for i in self._output):
            events = self._begin_message()
        events += self._end_message("incomplete" if finish in _INCOMPLETE else "completed")
        ended = self.whole(text, finish, usage)
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
        output = [dict(item) for item in self._output]
        if reason and output and output[-1]["type"] != "reasoning":
            output[-1]["status"] = status
        return self._base | {
            "status": status,
            "completed_at": None if reason else int(time.time()),
            "incomplete_details": {"reason": reason} if reason else None,
            "output": output,
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

    def _begin_message(self) -> bytes:
        if self._message is not None:
            return b""
        self._part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        self._message = {
            "id": f"msg_{uuid.uuid4().hex}",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [self._part],
        }
        index = len(self._output)
        self._output.append(self._message)
        self._place = {
            "item_id": self._message["id"],
            "output_index": index,
            "content_index": 0,
        }
        begun = self._message | {"status": "in_progress", "content": []}
        events = self._event("response.output_item.added", output_index=index, item=begun)
        return events + self._event("response.content_part.added", part=self._part, **self._place)

    def _end_message(self, status: str) -> bytes:
        if self._message is None or not self._place:
            return b""
        place, self._place = self._place, {}
        done = self._message | {"status": status}
        text = self._part["text"]
        events = self._event("response.output_text.done", text=text, logprobs=[], **place)
        events += self._event("response.content_part.done", part=self._part, **place)
        return events + self._event(
            "response.output_item.done", output_index=place["output_index"], item=done
        )

    def _event(self, name: str, /, **fields: Any) -> bytes:
        event = {"type": name, "sequence_number": next(self._numbers)} | fields
        return f"event: {name}\n".encode() + data(event)
