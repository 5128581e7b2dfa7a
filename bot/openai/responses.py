"""Responses: OpenAI's own dialect."""

from typing import Any

from bot.openai.answer import Event, Tokens
from bot.openai.client import Client, Wire
from bot.openai.failures import read_failure
from bot.openai.fields import find, find_count, find_list, find_text
from bot.openai.parts import locate_picture, write_asker, write_text
from handlers.ports.chat import ChatRequest, Finish, ModelMessage, TextPart

_TEXT_EVENTS = {"response.output_text.delta", "response.refusal.delta"}
_INCOMPLETE = {"max_output_tokens": Finish.LENGTH, "content_filter": Finish.FILTERED}
_LAST_EVENTS = {"response.completed", "response.incomplete", "response.failed"}
_BETWEEN_MESSAGES = "\n\n"


class Responses:
    def __init__(self, client: Client, *, is_openai: bool, max_output_tokens: int | None) -> None:
        self._client = client
        self._is_openai = is_openai
        self._max_output_tokens = max_output_tokens

    async def send(self, request: ChatRequest) -> Wire:
        return await self._client.stream("/responses", self.build_body(request))

    def open_reader(self) -> "ResponsesReader":
        return ResponsesReader()

    def build_body(self, request: ChatRequest) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": request.model,
            "input": [_write_message(message) for message in request.messages],
            "stream": True,
            # The history is ours; what the service keeps nobody here could erase.
            "store": False,
        }
        if request.system:
            body["instructions"] = write_text(request.system)
        if request.effort:
            body["reasoning"] = {"effort": request.effort}
        if self._max_output_tokens is not None:
            body["max_output_tokens"] = self._max_output_tokens
        if self._is_openai:
            body |= write_asker(request)
        return body


def _write_message(message: ModelMessage) -> dict[str, Any]:
    match message.parts:
        case (TextPart(text),):
            # What the assistant said may only go in as a plain string.
            return {"role": message.role, "content": write_text(text)}
    parts: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            parts.append({"type": "input_text", "text": write_text(part.text)})
        else:
            parts.append(
                {"type": "input_image", "image_url": locate_picture(part), "detail": part.detail}
            )
    return {"role": message.role, "content": parts}


class ResponsesReader:
    def __init__(self) -> None:
        self._place: tuple[Any, Any] | None = None
        self._has_text = False

    def read(self, raw: Any) -> Event:
        kind = find_text(raw, "type")
        if kind in _TEXT_EVENTS:
            self._has_text = True
            return Event(text=self._separate(raw) + find_text(raw, "delta"))
        if kind in _LAST_EVENTS:
            return self._read_whole(find(raw, "response"), kind.removeprefix("response."))
        if find_text(raw, "object") == "response":
            # A server that does not stream sends what the last event would hold.
            return self._read_whole(raw, find_text(raw, "status"))
        if kind == "error":
            # Its own type is the event's, and says nothing of the failure.
            told = {name: find(raw, name) for name in ("code", "message")}
            return Event(failure=read_failure(told))
        return Event()

    def _read_whole(self, response: Any, ending: str) -> Event:
        """The end of an answer; its text too, if no event brought it piece by piece."""
        tokens = _read_usage(find(response, "usage"))
        text = "" if self._has_text else _read_text(response)
        status = find_text(response, "status") or ending
        if "failed" in (status, ending):
            return Event(failure=read_failure(find(response, "error")), tokens=tokens)
        finish = Finish.COMPLETE
        if (status, ending) != ("completed", "completed"):
            reason = find_text(response, "incomplete_details", "reason")
            finish = _INCOMPLETE.get(reason, Finish.CUT)
        return Event(text=text, finish=finish, tokens=tokens)

    def _separate(self, raw: Any) -> str:
        """What stands between two messages of one answer, each of which is a text of its own."""
        place = (find(raw, "output_index"), find(raw, "content_index"))
        is_next = self._place is not None and place != self._place
        self._place = place
        return _BETWEEN_MESSAGES if is_next else ""


def _read_text(response: Any) -> str:
    messages = [item for item in find_list(response, "output") if find(item, "type") == "message"]
    parts = [part for message in messages for part in find_list(message, "content")]
    return "".join(find_text(part, "text") + find_text(part, "refusal") for part in parts)


def _read_usage(usage: Any) -> Tokens | None:
    asked = find_count(usage, "input_tokens")
    answered = find_count(usage, "output_tokens")
    if asked is None or answered is None:
        return None
    cached = find_count(usage, "input_tokens_details", "cached_tokens")
    return Tokens(input=asked, output=answered, cached=cached or 0)
