"""Chat Completions: the dialect that every server speaks."""

from typing import Any

from bot.openai.answer import Event, Tokens
from bot.openai.client import Client, Wire
from bot.openai.failures import read_failure
from bot.openai.fields import find, find_count, find_list, find_text
from bot.openai.parts import locate_picture, write_asker, write_text
from handlers.ports.chat import ChatRequest, Finish, ModelMessage, TextPart

_OLD_BOUND, _NEW_BOUND = "max_tokens", "max_completion_tokens"
# Servers have words of their own for a whole answer; what none of them says is not one.
_COMPLETE = ("stop", "end_turn", "eos", "eos_token", "stop_sequence", "completed", "tool_calls")
_FINISHES = {
    **dict.fromkeys(_COMPLETE, Finish.COMPLETE),
    "length": Finish.LENGTH,
    "max_tokens": Finish.LENGTH,
    "content_filter": Finish.FILTERED,
}


class Completions:
    def __init__(self, client: Client, *, is_openai: bool, max_output_tokens: int | None) -> None:
        self._client = client
        self._is_openai = is_openai
        self._max_output_tokens = max_output_tokens
        # OpenAI's reasoning models refuse the old name; other servers ignore the new one.
        self._bound = _NEW_BOUND if is_openai else _OLD_BOUND

    async def send(self, request: ChatRequest) -> Wire:
        import openai  # noqa: PLC0415  # loaded long since: this room loads it when it opens

        try:
            return await self._create(request)
        except openai.BadRequestError as exc:
            if self._bound == _NEW_BOUND or _NEW_BOUND not in str(exc):
                raise
            # OpenAI's own models, behind somebody else's address.
            self._bound = _NEW_BOUND
            return await self._create(request)

    async def _create(self, request: ChatRequest) -> Wire:
        return await self._client.stream("/chat/completions", self.build_body(request))

    def open_reader(self) -> "CompletionsReader":
        return CompletionsReader()

    def build_body(self, request: ChatRequest) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [_write_message(message) for message in request.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.system:
            body["messages"].insert(0, {"role": "system", "content": write_text(request.system)})
        if request.effort:
            body["reasoning_effort"] = request.effort
        if self._max_output_tokens is not None:
            body[self._bound] = self._max_output_tokens
        if self._is_openai:
            body |= write_asker(request)
        return body


def _write_message(message: ModelMessage) -> dict[str, Any]:
    match message.parts:
        case (TextPart(text),):
            # A plain string: not every server takes a list of parts.
            return {"role": message.role, "content": write_text(text)}
    parts: list[dict[str, Any]] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            parts.append({"type": "text", "text": write_text(part.text)})
        else:
            picture = {"url": locate_picture(part), "detail": part.detail}
            parts.append({"type": "image_url", "image_url": picture})
    return {"role": message.role, "content": parts}


class CompletionsReader:
    def read(self, raw: Any) -> Event:
        text, finish = "", None
        for choice in find_list(raw, "choices"):
            # A server that does not stream has the whole message in the place of a piece.
            for place in ("delta", "message"):
                text += _read_content(choice, place) + find_text(choice, place, "refusal")
            reason = find_text(choice, "finish_reason")
            if reason:
                finish = _FINISHES.get(reason, Finish.CUT)
        error = find(raw, "error")
        return Event(
            text=text,
            finish=finish,
            tokens=_read_usage(find(raw, "usage")),
            failure=read_failure(error) if error and not text else None,
        )


def _read_content(choice: Any, place: str) -> str:
    """A text, or the texts of a list of parts."""
    parts = find_list(choice, place, "content")
    return find_text(choice, place, "content") + "".join(find_text(p, "text") for p in parts)


def _read_usage(usage: Any) -> Tokens | None:
    asked = find_count(usage, "prompt_tokens")
    answered = find_count(usage, "completion_tokens")
    if asked is None or answered is None:
        return None
    cached = find_count(usage, "prompt_tokens_details", "cached_tokens")
    return Tokens(input=asked, output=answered, cached=cached or 0)
