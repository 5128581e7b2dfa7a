"""One spoken response of a Realtime session, in the events and the order of the service."""

import base64
import itertools
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from tests.emulators.openai_service.ledger import tokens_of
from tests.emulators.openai_service.sounds import SPOKEN_TOKENS_A_SECOND, seconds_of, tone
from tests.emulators.openai_service.steps import Usage

Event = dict[str, Any]

_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}


class SpokenResponse:
    """``said`` grows with each piece; a usage is counted of what was said."""

    def __init__(self, session: Mapping[str, Any], prompt: str, numbers: Iterator[int]) -> None:
        self.said = ""
        self.seconds = 0.0
        self._prompt = prompt
        self._numbers = numbers
        self._output = (session.get("audio") or {}).get("output") or {}
        self._id = f"resp_{uuid.uuid4().hex}"
        self._item_id = f"item_{uuid.uuid4().hex}"
        self._conversation_id = f"conv_{uuid.uuid4().hex}"
        self._place = {
            "response_id": self._id,
            "item_id": self._item_id,
            "output_index": 0,
            "content_index": 0,
        }

    def opening(self) -> list[Event]:
        item = self._item("in_progress", [])
        place = {"response_id": self._id, "output_index": 0}
        part = {"type": "audio", "transcript": ""}
        return [
            self._event("response.created", response=self._response("in_progress", None)),
            self._event("response.output_item.added", **place, item=item),
            self._event("conversation.item.added", previous_item_id=None, item=item),
            self._event("response.content_part.added", **self._place, part=part),
        ]

    def piece(self, words: str) -> list[Event]:
        seconds = seconds_of(words) / float(self._output.get("speed") or 1)
        self.said += words
        self.seconds += seconds
        sound = base64.b64encode(tone(seconds)).decode()
        return [
            self._event("response.output_audio_transcript.delta", **self._place, delta=words),
            self._event("response.output_audio.delta", **self._place, delta=sound),
        ]

    def closing(self, finish: str = "stop", usage: Usage | None = None) -> list[Event]:
        reason = _REASONS.get(finish)
        status = "incomplete" if reason else "completed"
        part = {"type": "audio", "transcript": self.said}
        item = self._item(status, [{"type": "output_audio", "transcript": self.said}])
        place = {"response_id": self._id, "output_index": 0}
        details = {"type": status, "reason": reason} if reason else None
        return [
            self._event("response.output_audio.done", **self._place),
            self._event(
                "response.output_audio_transcript.done", **self._place, transcript=self.said
            ),
            self._event("response.content_part.done", **self._place, part=part),
            self._event("conversation.item.done", previous_item_id=None, item=item),
            self._event("response.output_item.done", **place, item=item),
            self._done(status, details, [item], usage or self.usage()),
        ]

    def empty(self) -> list[Event]:
        return [self._done("completed", None, [], Usage(tokens_of(self._prompt), 0))]

    def failure(self, kind: str, code: str, message: str) -> list[Event]:
        error = {"type": kind, "code": code, "message": message}
        return [self._done("failed", {"type": "failed", "error": error}, [], self.usage())]

    def usage(self) -> Usage:
        return Usage(tokens_of(self._prompt), tokens_of(self.said) + self._spoken())

    def _spoken(self) -> int:
        return round(self.seconds * SPOKEN_TOKENS_A_SECOND)

    def _done(self, status: str, details: Event | None, output: list[Event], usage: Usage) -> Event:
        response = self._response(status, details) | {"output": output, "usage": self._tell(usage)}
        return self._event("response.done", response=response)

    def _tell(self, usage: Usage) -> Event:
        spoken = min(self._spoken(), usage.output_tokens)
        return {
            "total_tokens": usage.input_tokens + usage.output_tokens,
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "input_token_details": {
                "text_tokens": usage.input_tokens,
                "audio_tokens": 0,
                "image_tokens": 0,
                "cached_tokens": usage.cached_tokens,
                "cached_tokens_details": {
                    "text_tokens": usage.cached_tokens,
                    "audio_tokens": 0,
                    "image_tokens": 0,
                },
            },
            "output_token_details": {
                "text_tokens": usage.output_tokens - spoken,
                "audio_tokens": spoken,
            },
        }

    def _response(self, status: str, details: Event | None) -> Event:
        return {
            "object": "realtime.response",
            "id": self._id,
            "status": status,
            "status_details": details,
            "output": [],
            "conversation_id": self._conversation_id,
            "output_modalities": ["audio"],
            "max_output_tokens": "inf",
            "audio": {"output": {k: v for k, v in self._output.items() if k != "speed"}},
            "usage": None,
            "metadata": None,
        }

    def _item(self, status: str, content: list[Event]) -> Event:
        return {
            "id": self._item_id,
            "object": "realtime.item",
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        }

    def _event(self, kind: str, **fields: Any) -> Event:
        return new_event(self._numbers, kind, **fields)


def new_event(numbers: Iterator[int], kind: str, **fields: Any) -> Event:
    return {"type": kind, "event_id": f"event_{next(numbers)}"} | fields


def count_events() -> Iterator[int]:
    return itertools.count(1)
