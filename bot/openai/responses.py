"""Responses: OpenAI's own dialect."""

from typing import Any

from bot.openai.formats import OBJECT, choose_type, write_schema, write_system
from bot.openai.lacks import Lack, Lacks
from bot.openai.parts import locate_picture, write_asker, write_text
from bot.openai.response_events import ResponsesReader
from bot.openai.tool_calls import write_function, write_items
from handlers.ports.chat import AnswerFormat, ChatRequest, HostedTool, ModelMessage, TextPart


class Responses:
    path = "/responses"

    def __init__(self, *, is_openai: bool, max_output_tokens: int | None) -> None:
        self._is_openai = is_openai
        self._max_output_tokens = max_output_tokens

    def open_reader(self) -> ResponsesReader:
        return ResponsesReader()

    def build_body(self, request: ChatRequest, lacks: Lacks) -> dict[str, Any]:
        """There is no seed in this dialect."""
        items = [_write_message(message) for message in request.messages]
        for done in request.rounds:
            items += write_items(done)
        if request.format is not None and choose_type(request.format, lacks) == "json_object":
            items = [*_name_the_form(request), *items]
        body: dict[str, Any] = {
            "model": request.model,
            "input": items,
            "stream": True,
            # The history is ours; what the service keeps nobody here could erase.
            "store": False,
        }
        system = write_system(request.system, request.format, lacks)
        if system:
            body["instructions"] = system
        if request.effort:
            body["reasoning"] = {"effort": request.effort}
        if self._max_output_tokens is not None:
            body["max_output_tokens"] = self._max_output_tokens
        if request.temperature is not None and Lack.TEMPERATURE not in lacks:
            body["temperature"] = request.temperature
        body |= _write_tools(request, lacks)
        if request.format is not None:
            body |= _write_format(request.format, lacks)
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


def _name_the_form(request: ChatRequest) -> list[dict[str, Any]]:
    """The word that the service wants to read before it answers with any object.

    It looks for it in the messages, and not in the instructions.
    """
    parts = [part for message in request.messages for part in message.parts]
    if any("json" in part.text.lower() for part in parts if isinstance(part, TextPart)):
        return []
    return [{"role": "system", "content": OBJECT}]


def _write_tools(request: ChatRequest, lacks: Lacks) -> dict[str, Any]:
    # Strict is this dialect's default, and takes few of the schemas that tools have.
    functions = [
        {"type": "function", "strict": False} | write_function(spec)
        for spec in request.tools
        if spec.name not in lacks.tools and Lack.TOOLS not in lacks
    ]
    tools: list[dict[str, Any]] = [*functions]
    # The service does not search for an answer that is to be any JSON object.
    is_any_object = request.format is not None and request.format.schema is None
    is_search_wanted = HostedTool.WEB_SEARCH in request.hosted and not is_any_object
    if is_search_wanted and Lack.WEB_SEARCH not in lacks:
        tools.append({"type": "web_search"})
    fields: dict[str, Any] = {"tools": tools} if tools else {}
    if functions and Lack.INCLUDE not in lacks:
        # What the model thought, to be given back with the results of its calls.
        fields["include"] = ["reasoning.encrypted_content"]
    return fields


def _write_format(wanted: AnswerFormat, lacks: Lacks) -> dict[str, Any]:
    kind = choose_type(wanted, lacks)
    if not kind:
        return {}
    schema = write_schema(wanted) if kind == "json_schema" else {}
    return {"text": {"format": {"type": kind} | schema}}
