"""What a client may say in a Realtime session: the service's rules, then the published spec."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.emulators import specs
from tests.emulators.openai_service.errors import (
    ViolationError,
    names,
    refuse_unknown,
    refuse_unless,
    require,
    require_choice,
    require_range,
)
from tests.emulators.openai_service.sounds import VOICES

_VOICES = VOICES - names("fable nova onyx")
_SCHEMAS = {
    "session.update": "RealtimeClientEventSessionUpdate",
    "conversation.item.create": "RealtimeClientEventConversationItemCreate",
    "response.create": "RealtimeClientEventResponseCreate",
    "response.cancel": "RealtimeBetaClientEventResponseCancel",
}
_SESSION = names(
    "type output_modalities model instructions audio include tracing tools tool_choice"
    " parallel_tool_calls reasoning max_output_tokens truncation prompt"
)
_RESPONSE = names(
    "output_modalities instructions audio tools tool_choice parallel_tool_calls reasoning"
    " max_output_tokens conversation metadata prompt input"
)
_EFFORTS = names("minimal low medium high xhigh")


def check_event(event: Mapping[str, Any], model: str, specs_folder: Path | None) -> None:
    kind = str(event.get("type") or "")
    if kind not in _SCHEMAS:
        supported = ", ".join(f"'{name}'" for name in _SCHEMAS)
        message = f"Invalid value: '{kind}'. Supported values are: {supported}."
        raise ViolationError(message, param="type", code="invalid_value")
    match kind:
        case "session.update":
            _check_session(event.get("session"), model)
        case "conversation.item.create":
            _check_item(event.get("item"))
        case "response.create":
            _check_response(event.get("response") or {})
    if specs_folder is not None:
        problem = specs.problem_with(_SCHEMAS[kind], event, specs_folder)
        if problem:
            raise ViolationError(problem, code="invalid_by_the_published_spec")


def _check_session(session: Any, model: str) -> None:
    refuse_unless(isinstance(session, dict), "'session' must be an object.", "session")
    refuse_unknown(session, _SESSION, "session.")
    require(session, "type")
    require_choice(session, "type", frozenset({"realtime"}))
    _check_modalities(session.get("output_modalities"), "session.output_modalities")
    if "reasoning" in session:
        is_able = model.startswith("gpt-realtime-2")
        refuse_unless(is_able, "This model does not support reasoning.", "session.reasoning")
        require_choice(session["reasoning"], "effort", _EFFORTS)
    audio = session.get("audio") or {}
    refuse_unknown(audio, frozenset({"input", "output"}), "session.audio.")
    output = audio.get("output") or {}
    refuse_unknown(output, frozenset({"format", "voice", "speed"}), "session.audio.output.")
    require_range(output, "speed", 0.25, 1.5)
    if isinstance(output.get("voice"), str):
        require_choice(output, "voice", _VOICES)
    if output.get("format", {}).get("type") == "audio/pcm":
        is_right = output["format"].get("rate") == 24_000
        refuse_unless(is_right, "Only 24000 is supported.", "session.audio.output.format.rate")


def _check_item(item: Any) -> None:
    refuse_unless(isinstance(item, dict), "'item' must be an object.", "item")
    require(item, "type", "role", "content")
    allowed = {"user": "input_text", "system": "input_text", "assistant": "output_text"}
    require_choice(item, "role", frozenset(allowed))
    for part in item["content"]:
        require_choice(part, "type", frozenset({allowed[item["role"]]}))
        require(part, "text")


def _check_response(response: Mapping[str, Any]) -> None:
    refuse_unknown(response, _RESPONSE, "response.")
    _check_modalities(response.get("output_modalities"), "response.output_modalities")


def _check_modalities(modalities: Any, param: str) -> None:
    message = f"Invalid modalities: {modalities}. Supported combinations are: ['text'], ['audio']."
    refuse_unless(modalities in (None, ["audio"], ["text"]), message, param)
