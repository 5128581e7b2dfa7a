"""What a model was found to lack: learned from refusals, and left out from then on.

No server tells beforehand what it takes. So everything is asked for; what is refused as such is
asked for again without it, once, and remembered until the process ends.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import structlog

from bot.openai.failures import Failure
from bot.openai.fields import find, find_list, find_text
from handlers.ports.chat import ChatRequest

log = structlog.get_logger(__name__)


class Lack(StrEnum):
    OLD_BOUND = "max_tokens"
    """It wants the newer max_completion_tokens."""
    TOOLS = "tools"
    THINKING_WITH_TOOLS = "thinking with tools"
    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    TEMPERATURE = "temperature"
    SEED = "seed"
    WEB_SEARCH = "web search"
    INCLUDE = "include"
    STREAM_OPTIONS = "stream_options"
    ROUTE = "route"
    """The server has no such route, or not for this model."""


@dataclass(frozen=True, slots=True)
class Lacks:
    found: frozenset[Lack] = frozenset()
    tools: frozenset[str] = frozenset()
    """Names of functions whose description it refuses."""

    def __contains__(self, lack: Lack) -> bool:
        return lack in self.found


@dataclass(slots=True)
class Experience:
    """What was learned of each model on one route.

    By the effort, too: what a model refuses while it thinks it takes when it does not.
    """

    _learned: dict[tuple[str, str], Lacks] = field(default_factory=dict)

    def of(self, request: ChatRequest) -> Lacks:
        return self._learned.get((request.model, request.effort), Lacks())

    def learn(
        self, request: ChatRequest, known: Lacks, body: Mapping[str, Any], refusal: Failure
    ) -> bool:
        """Whether a request may go again without something that it had.

        ``known``: what was left out of it already.
        """
        tool = _find_refused_tool(refusal, body)
        if tool and tool not in known.tools:
            self._add(request, refusal, tools=frozenset({tool}))
            return True
        lack = _find_lack(refusal, body)
        if lack is None or lack in known:
            return False
        self._add(request, refusal, found=frozenset({lack}))
        return True

    def learn_route(self, request: ChatRequest, refusal: Failure) -> None:
        self._add(request, refusal, found=frozenset({Lack.ROUTE}))

    def _add(
        self,
        request: ChatRequest,
        refusal: Failure,
        found: frozenset[Lack] = frozenset(),
        tools: frozenset[str] = frozenset(),
    ) -> None:
        lacks = self.of(request)
        log.warning(
            "service_lacks",
            model=request.model,
            effort=request.effort,
            lack=", ".join(sorted(found | tools)),
            reason=refusal.detail,
        )
        self._learned[request.model, request.effort] = Lacks(
            lacks.found | found, lacks.tools | tools
        )


_REFUSING = frozenset({400, 404, 422, 500, 501})
"""404 from routers of which no server takes it all; 500 and 501 from llama.cpp."""
_UNSUPPORTED = re.compile(
    r"support|permitted|forbidden|unknown|unrecogni[sz]ed|unexpected|not allowed|not available"
    r"|unavailable|not enabled|not implemented|cannot be used|deprecated",
    re.IGNORECASE,
)
_UNSUPPORTED_BY_500 = re.compile(r"support|requires --|not implemented", re.IGNORECASE)
_TOOLS = re.compile(r"\btools?\b|\btool[ _](use|call|choice)|function[ _-]?call", re.IGNORECASE)
_TOOLS_UNSUPPORTED = re.compile(rf"{_UNSUPPORTED.pattern}|requires --", re.IGNORECASE)
_THINKING = re.compile(r"reasoning", re.IGNORECASE)
_NO_NONE = re.compile(r"support.{0,20}['\"`]?none\b", re.IGNORECASE)
_SEARCH = re.compile(r"web[_ ]?search", re.IGNORECASE)
_FORMAT = re.compile(r"response_format|text\.format|json_(schema|object)")
_FORMAT_UNSUPPORTED = re.compile(rf"{_UNSUPPORTED.pattern}|must be", re.IGNORECASE)
_BAD_SCHEMA = re.compile(r"invalid schema|invalid_json_schema", re.IGNORECASE)
_REFUSED_TOOL = re.compile(r"schema for function ['\"`]([^'\"`]+)", re.IGNORECASE)
_TOOL_PLACE = re.compile(r"\btools\[(\d+)\]")
_PLAIN = {
    Lack.TEMPERATURE: re.compile(r"\btemperature\b"),
    Lack.SEED: re.compile(r"\bseed\b"),
    Lack.STREAM_OPTIONS: re.compile(r"\bstream_options\b"),
    Lack.INCLUDE: re.compile(r"\binclude\b|reasoning\.encrypted_content|encrypted content"),
}
"""Fields that can be left out without more, by the word for each."""


def _find_refused_tool(refusal: Failure, body: Mapping[str, Any]) -> str:
    """The name of the one function that is at fault; empty if it is not about one."""
    names = [_name_of(tool) for tool in find_list(body, "tools")]
    if refusal.status not in (400, 422):
        return ""
    told = _REFUSED_TOOL.search(refusal.message)
    if told and told[1] in names:
        return told[1]
    place = _TOOL_PLACE.search(f"{refusal.param} {refusal.message}")
    return names[int(place[1])] if place and int(place[1]) < len(names) else ""


def _name_of(tool: Any) -> str:
    """Empty for what is no function."""
    return find_text(tool, "function", "name") or find_text(tool, "name")


def _find_lack(refusal: Failure, body: Mapping[str, Any]) -> Lack | None:
    """What of a request's body a refusal says is not to be had; None if it says nothing so."""
    if refusal.status not in _REFUSING:
        return None
    words = f"{refusal.param} {refusal.code} {refusal.message}"
    if refusal.status >= 500 and not _UNSUPPORTED_BY_500.search(words):
        return None
    if "max_tokens" in body and "max_completion_tokens" in words:
        return Lack.OLD_BOUND
    lack = _find_format(words, body) or _find_search(words, body) or _find_tools(words, body)
    if lack is not None or not _UNSUPPORTED.search(words):
        return lack
    named = (lack for lack, word in _PLAIN.items() if lack.value in body and word.search(words))
    return next(named, None)


def _find_format(words: str, body: Mapping[str, Any]) -> Lack | None:
    form = find(body, "response_format") or find(body, "text", "format")
    if form is None or _BAD_SCHEMA.search(words):
        return None
    if not (_FORMAT.search(words) and _FORMAT_UNSUPPORTED.search(words)):
        return None
    is_schema = find_text(form, "type") == "json_schema"
    return Lack.JSON_SCHEMA if is_schema else Lack.JSON_OBJECT


def _find_search(words: str, body: Mapping[str, Any]) -> Lack | None:
    kinds = {find_text(tool, "type") for tool in find_list(body, "tools")}
    is_asked = "web_search_options" in body or "web_search" in kinds
    if is_asked and _SEARCH.search(words) and _UNSUPPORTED.search(words):
        return Lack.WEB_SEARCH
    return None


def _find_tools(words: str, body: Mapping[str, Any]) -> Lack | None:
    if "tools" not in body:
        return None
    is_thinking = "messages" in body and body.get("reasoning_effort") != "none"
    if _TOOLS.search(words):
        if is_thinking and _THINKING.search(words):
            return Lack.THINKING_WITH_TOOLS
        return Lack.TOOLS if _TOOLS_UNSUPPORTED.search(words) else None
    # Some models cannot but think.
    return Lack.TOOLS if not is_thinking and _NO_NONE.search(words) else None
