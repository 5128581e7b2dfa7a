"""The tool of Responses that makes a picture: its rules, and its answer in events."""

import asyncio
import base64
import itertools
import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from tests.emulators.openai_service.drawing import draw, paint
from tests.emulators.openai_service.errors import (
    ApiError,
    ViolationError,
    names,
    refuse_unknown,
    refuse_unless,
    require_choice,
)
from tests.emulators.openai_service.ledger import Ledger
from tests.emulators.openai_service.pictures import check_edit, check_generation
from tests.emulators.openai_service.records import ChatCall, RecordedRequest, Upload
from tests.emulators.openai_service.steps import (
    CutAfter,
    Empty,
    EndWithoutFinish,
    FailInStream,
    HangAfter,
    Step,
    Usage,
)
from tests.emulators.openai_service.streams import break_connection

_TOOL = "image_generation"
_KNOWN = names(
    "type action background complexity input_fidelity input_image_mask model moderation"
    " output_compression output_format partial_images quality size"
)
_OWN = frozenset({"type", "action", "input_image_mask"})
"""What the image endpoints do not have."""
_ABLE = re.compile(r"gpt-(4o|4\.1|5|6)")
_DATA_URL = re.compile(r"data:(image/\w+);base64,(.*)", re.DOTALL)
_DEFAULT_MODEL = "gpt-image-2"


def asks_for_picture(call: ChatCall) -> bool:
    choice = call.body.get("tool_choice")
    return isinstance(choice, dict) and choice.get("type") == _TOOL


def read_order(call: ChatCall) -> RecordedRequest:
    """What the tool is asked for, as a request to an image endpoint. Decodes pictures."""
    if call.dialect != "responses" or not _ABLE.match(call.model):
        message = f"Hosted tool '{_TOOL}' is not supported with {call.model}."
        raise ApiError(message, param="tools", code="invalid_value")
    tools = [tool for tool in call.body.get("tools") or () if tool.get("type") == _TOOL]
    refuse_unless(len(tools) == 1, "The tool that was chosen is not among the tools.", "tools")
    [tool] = tools
    refuse_unknown(tool, _KNOWN, "tools[0].")
    require_choice(tool, "action", frozenset({"generate", "edit", "auto"}))
    seen = call.last_user
    files = [
        Upload("image[]", f"{number}.png", _mime(image.data), image.data)
        for number, image in enumerate(seen.images)
    ]
    if mask := tool.get("input_image_mask"):
        files.append(_mask(str(mask.get("image_url") or "")))
    is_edit = bool(files) and tool.get("action") != "generate"
    refuse_unless(is_edit or tool.get("action") != "edit", "There is nothing to edit.", "action")
    body = {name: value for name, value in tool.items() if name not in _OWN}
    body = {"model": _DEFAULT_MODEL, **body, "prompt": seen.text}
    route = "/images/edits" if is_edit else "/images/generations"
    order = RecordedRequest(route, {}, body, tuple(files), time.monotonic())
    (check_edit if is_edit else check_generation)(order)
    return order


def _mime(data: bytes) -> str:
    if data.startswith(b"\xff\xd8"):
        return "image/jpeg"
    return "image/webp" if data[8:12] == b"WEBP" else "image/png"


def _mask(url: str) -> Upload:
    match = _DATA_URL.fullmatch(url)
    if match is None:
        raise ViolationError("Invalid mask.", param="tools[0].input_image_mask")
    return Upload("mask", "mask.png", match[1], base64.b64decode(match[2]))


async def send_picture(
    request: web.Request,
    call: ChatCall,
    order: RecordedRequest,
    step: Step | None,
    ledger: Ledger,
    stopping: asyncio.Event,
) -> web.StreamResponse:
    """The answer in events, or whole. A fault comes between its beginnings and its end."""
    usage = Usage(ledger.read_prompt(call).input_tokens, 30)
    answer = await asyncio.to_thread(_Answer, call, order, usage, is_empty=isinstance(step, Empty))
    if not call.is_stream:
        _bill(ledger, call, usage, answer)
        return web.json_response(answer.response)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for event in answer.beginning():
        await response.write(event)
    match step:
        case HangAfter():
            await stopping.wait()
        case CutAfter():
            break_connection(request)
        case EndWithoutFinish():
            pass
        case FailInStream():
            await response.write(answer.failure(step))
        case _:
            _bill(ledger, call, usage, answer)
            for event in answer.end():
                await response.write(event)
    return response


def _bill(ledger: Ledger, call: ChatCall, usage: Usage, answer: "_Answer") -> None:
    ledger.bill_chat(call.model, usage, is_told=True)
    ledger.bill(answer.model, answer.billed)


class _Answer:
    def __init__(
        self, call: ChatCall, order: RecordedRequest, usage: Usage, *, is_empty: bool
    ) -> None:
        self._order = order
        self._numbers = itertools.count()
        self._id = f"ig_{uuid.uuid4().hex}"
        self.model = str(order.body["model"])
        drawn = draw(order, "")
        told = json.loads(drawn.body)
        self.billed: Mapping[str, float] = {} if is_empty else drawn.billed
        self._item = {
            "id": self._id,
            "type": f"{_TOOL}_call",
            "status": "completed",
            "result": told["data"][0]["b64_json"],
            "revised_prompt": f"{order.body['prompt']}, as it was understood",
            "output_format": told["output_format"],
            "size": told["size"],
        }
        nothing = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        self._output = [] if is_empty else [self._item]
        self.response = {
            "id": f"resp_{uuid.uuid4().hex}",
            "object": "response",
            "status": "completed",
            "model": call.model,
            "error": None,
            "incomplete_details": None,
            "output": self._output,
            "usage": {
                "input_tokens": usage.input_tokens,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": usage.output_tokens,
                "total_tokens": usage.input_tokens + usage.output_tokens,
            },
            "tool_usage": {"image_gen": nothing if is_empty else told["usage"]},
        }

    def beginning(self) -> Iterator[bytes]:
        begun = {**self.response, "status": "in_progress", "output": [], "usage": None}
        yield self._event("response.created", response=begun)
        item = {**self._item, "status": "in_progress", "result": None}
        yield self._event("response.output_item.added", output_index=0, item=item)
        yield self._event(f"response.{_TOOL}_call.generating", item_id=self._id, output_index=0)
        partials = int(self._order.body.get("partial_images") or 0)
        for number in range(partials):
            picture = paint(self._order, (number + 1, partials + 1))
            yield self._event(
                f"response.{_TOOL}_call.partial_image",
                item_id=self._id,
                output_index=0,
                partial_image_index=number,
                partial_image_b64=base64.b64encode(picture).decode(),
            )

    def end(self) -> Iterator[bytes]:
        for item in self._output:
            yield self._event(f"response.{_TOOL}_call.completed", item_id=self._id, output_index=0)
            yield self._event("response.output_item.done", output_index=0, item=item)
        yield self._event("response.completed", response=self.response)

    def failure(self, step: FailInStream) -> bytes:
        error = {"code": step.code, "message": step.message}
        if step.event == "error":
            return self._event("error", param=None, **error)
        failed = {**self.response, "status": "failed", "output": [], "error": error}
        return self._event("response.failed", response=failed)

    def _event(self, name: str, **fields: Any) -> bytes:
        event = {"type": name, "sequence_number": next(self._numbers), **fields}
        return f"event: {name}\ndata: {json.dumps(event)}\n\n".encode()
