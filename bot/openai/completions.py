"""Chat Completions: the dialect that every server speaks."""

import re
from collections.abc import Iterable
from typing import Any

from bot.openai.answer import Event, Gathered, Tokens
from bot.openai.failures import read_failure
from bot.openai.fields import find, find_count, find_list, find_text
from bot.openai.formats import choose_type, write_schema, write_system
from bot.openai.lacks import Lack, Lacks
from bot.openai.parts import locate_picture, write_asker, write_text
from bot.openai.sources import Sources
from bot.openai.tool_calls import CallPieces, write_function, write_round
from handlers.ports.chat import (
    AnswerFormat,
    ChatRequest,
    Finish,
    HostedTool,
    ModelMessage,
    TextPart,
)

_OLD_BOUND, _NEW_BOUND = "max_tokens", "max_completion_tokens"
# Servers have words of their own for a whole answer; what none of them says is not one.
_COMPLETE = (
    *("stop", "end_turn", "eos", "eos_token", "stop_sequence", "completed"),
    *("tool_calls", "tool_call", "tool_use", "function_call"),
)
_FINISHES = {
    **dict.fromkeys(_COMPLETE, Finish.COMPLETE),
    "length": Finish.LENGTH,
    "max_tokens": Finish.LENGTH,
    "content_filter": Finish.FILTERED,
}
_SEARCHING_MODEL = re.compile(r"-search(-|$)")
"""Elsewhere the option that makes a model search is refused."""


class Completions:
    path = "/chat/completions"

    def __init__(self, *, is_openai: bool, max_output_tokens: int | None) -> None:
        self._is_openai = is_openai
        self._max_output_tokens = max_output_tokens

    def open_reader(self) -> "CompletionsReader":
        return CompletionsReader()

    def build_body(self, request: ChatRequest, lacks: Lacks) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": request.model,
            "messages": list(_write_messages(request, lacks)),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if Lack.STREAM_OPTIONS in lacks:
            del body["stream_options"]
        if request.effort:
            body["reasoning_effort"] = request.effort
        if self._max_output_tokens is not None:
            # OpenAI's reasoning models refuse the old name; other servers ignore the new one.
            is_new = self._is_openai or Lack.OLD_BOUND in lacks
            body[_NEW_BOUND if is_new else _OLD_BOUND] = self._max_output_tokens
        if request.seed is not None and Lack.SEED not in lacks:
            body["seed"] = request.seed
        if request.temperature is not None and Lack.TEMPERATURE not in lacks:
            body["temperature"] = request.temperature
        body |= _write_tools(request, lacks)
        if request.format is not None:
            body |= _write_format(request.format, lacks)
        if self._is_openai:
            body |= write_asker(request)
        return body


def _write_messages(request: ChatRequest, lacks: Lacks) -> Iterable[dict[str, Any]]:
    system = write_system(request.system, request.format, lacks)
    if system:
        yield {"role": "system", "content": system}
    yield from map(_write_message, request.messages)
    for done in request.rounds:
        yield from write_round(done)


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


def _write_tools(request: ChatRequest, lacks: Lacks) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if HostedTool.WEB_SEARCH in request.hosted and _SEARCHING_MODEL.search(request.model):
        fields["web_search_options"] = {}
    if Lack.WEB_SEARCH in lacks:
        fields.clear()
    tools = [spec for spec in request.tools if spec.name not in lacks.tools]
    if tools and Lack.TOOLS not in lacks:
        fields["tools"] = [{"type": "function", "function": write_function(s)} for s in tools]
        if Lack.THINKING_WITH_TOOLS in lacks:
            fields["reasoning_effort"] = "none"
    return fields


def _write_format(wanted: AnswerFormat, lacks: Lacks) -> dict[str, Any]:
    kind = choose_type(wanted, lacks)
    if not kind:
        return {}
    form: dict[str, Any] = {"type": kind}
    if kind == "json_schema":
        form["json_schema"] = write_schema(wanted)
    return {"response_format": form}


class CompletionsReader:
    def __init__(self) -> None:
        self._calls = CallPieces()
        self._sources = Sources()
        self._model = ""
        self._fingerprint = ""

    def read(self, raw: Any) -> Event:
        self._model = find_text(raw, "model") or self._model
        self._fingerprint = find_text(raw, "system_fingerprint") or self._fingerprint
        text, finish, has_call = "", None, False
        for choice in find_list(raw, "choices"):
            # A server that does not stream has the whole message in the place of a piece.
            for place in ("delta", "message"):
                text += _read_content(choice, place) + find_text(choice, place, "refusal")
                has_call |= self._calls.add(find_list(choice, place, "tool_calls"))
                self._sources.add(find_list(choice, place, "annotations"))
            reason = find_text(choice, "finish_reason")
            if reason:
                finish = _FINISHES.get(reason, Finish.CUT)
        # Where some servers, Perplexity's for one, tell what they found.
        self._sources.add(find_list(raw, "search_results") or find_list(raw, "citations"))
        error = find(raw, "error")
        return Event(
            text=text,
            finish=finish,
            tokens=_read_usage(find(raw, "usage")),
            failure=read_failure(error) if error and not text else None,
            has_call=has_call,
        )

    def gather(self) -> Gathered:
        return Gathered(
            calls=self._calls.gather(),
            is_broken=self._calls.is_broken,
            sources=self._sources.found,
            model=self._model,
            fingerprint=self._fingerprint,
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
