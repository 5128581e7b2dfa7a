"""Pictures that are made: whole, or in events with their beginnings first."""

import asyncio
import base64
import hashlib
import io
import json
import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from PIL import Image

from tests.emulators.openai_service.records import RecordedRequest
from tests.emulators.openai_service.replies import Reply, json_reply
from tests.emulators.openai_service.steps import (
    CutAfter,
    EndWithoutFinish,
    FailInStream,
    Garbage,
    Gated,
    HangAfter,
    Step,
)
from tests.emulators.openai_service.streams import break_connection, wait_for_any

_PARTIAL_TOKENS = 100
_OUTPUT_TOKENS = {"low": 272, "medium": 1_056, "auto": 1_056, "high": 4_160}


def draw(request: RecordedRequest, _words: str) -> Reply:
    """Pictures in a colour that follows from the prompt."""
    body = request.body
    count = int(body.get("n") or 1)
    encoded = base64.b64encode(paint(request)).decode()
    if "response_format" in body:
        # The shape of older models: no usage, and what they made of the prompt.
        image = {"b64_json": encoded}
        if request.route == "/images/generations":
            image["revised_prompt"] = f"{body['prompt']}, in great detail"
        return json_reply({"created": int(time.time()), "data": [image] * count}, {"images": count})
    usage = _usage(request)
    answer = {
        "created": int(time.time()),
        "data": [{"b64_json": encoded} for _ in range(count)],
        **_looks(request),
        "usage": usage,
    }
    return json_reply(answer, _billed(usage, count))


async def send_watched(
    request: web.Request, recorded: RecordedRequest, step: Step | None, stopping: asyncio.Event
) -> tuple[web.StreamResponse, Mapping[str, float]]:
    """A picture in events, and what is billed for it.

    A gate, or a fault, comes between its beginnings and its end.
    """
    beginnings, last, billed = await asyncio.to_thread(_watched, recorded)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for event in () if isinstance(step, Garbage) else beginnings:
        await response.write(event)
    match step:
        case HangAfter():
            await stopping.wait()
        case CutAfter():
            break_connection(request)
        case EndWithoutFinish():
            pass
        case FailInStream():
            await response.write(_failure(step))
        case Garbage():
            await response.write(b"data: {nonsense\n\n")
        case _:
            if isinstance(step, Gated):
                await wait_for_any(step.gate, stopping)
            await response.write(last)
            return response, billed
    return response, {}


def _watched(request: RecordedRequest) -> tuple[tuple[bytes, ...], bytes, Mapping[str, float]]:
    """The events of a picture that is watched: those of its beginnings, the last, what is billed.

    Each beginning is darker than the picture.
    """
    kind = "image_edit" if request.route == "/images/edits" else "image_generation"
    usage, looks = _usage(request), _looks(request)
    partials = int(request.body.get("partial_images") or 0)
    beginnings = tuple(
        _event(
            {
                "type": f"{kind}.partial_image",
                "b64_json": base64.b64encode(paint(request, (number + 1, partials + 1))).decode(),
                "created_at": int(time.time()),
                "partial_image_index": number,
                **looks,
            }
        )
        for number in range(partials)
    )
    usage["output_tokens"] += _PARTIAL_TOKENS * partials
    usage["total_tokens"] += _PARTIAL_TOKENS * partials
    last = _event(
        {
            "type": f"{kind}.completed",
            "b64_json": base64.b64encode(paint(request)).decode(),
            "created_at": int(time.time()),
            "usage": usage,
            **looks,
        }
    )
    return beginnings, last, _billed(usage, 1)


def _failure(step: FailInStream) -> bytes:
    error = {"code": step.code, "message": step.message, "type": step.code, "param": None}
    return _event({"type": "error", "error": error})


def _event(body: Mapping[str, Any]) -> bytes:
    return f"event: {body['type']}\ndata: {json.dumps(body)}\n\n".encode()


def paint(request: RecordedRequest, done: tuple[int, int] = (1, 1)) -> bytes:
    body = request.body
    width, height = _dimensions(request)
    prompt = str(body.get("prompt") or request.route)
    colour = tuple(
        part * done[0] // done[1] for part in hashlib.sha256(prompt.encode()).digest()[:3]
    )
    is_clear = body.get("background") == "transparent"
    mode, fill = ("RGBA", (*colour, 0)) if is_clear else ("RGB", colour)
    buffer = io.BytesIO()
    image = Image.new(mode, (width, height), fill)
    if request.files:
        # What is made from a picture shows the first of its pixels in the middle.
        with Image.open(io.BytesIO(request.files[0].data)) as source:
            middle = source.convert("RGB").resize((width // 2, height // 2))
        image.paste(middle, (width // 4, height // 4))
    image.save(buffer, str(body.get("output_format") or "png"))
    return buffer.getvalue()


def _dimensions(request: RecordedRequest) -> tuple[int, int]:
    size = str(request.body.get("size") or "auto")
    if size == "auto":
        return 1024, 1024
    width, height = map(int, size.split("x"))
    return width, height


def _looks(request: RecordedRequest) -> dict[str, Any]:
    body = request.body
    width, height = _dimensions(request)
    quality = str(body.get("quality") or "auto")
    return {
        "background": "transparent" if body.get("background") == "transparent" else "opaque",
        "output_format": str(body.get("output_format") or "png"),
        "quality": "medium" if quality == "auto" else quality,
        "size": f"{width}x{height}",
    }


def _usage(request: RecordedRequest) -> dict[str, Any]:
    body = request.body
    text_tokens, image_tokens = -(-len(str(body["prompt"])) // 4), 323 * len(request.files)
    quality = str(body.get("quality") or "auto")
    output_tokens = _OUTPUT_TOKENS.get(quality, 6_208) * int(body.get("n") or 1)
    return {
        "input_tokens": text_tokens + image_tokens,
        "input_tokens_details": {"text_tokens": text_tokens, "image_tokens": image_tokens},
        "output_tokens": output_tokens,
        "total_tokens": text_tokens + image_tokens + output_tokens,
    }


def _billed(usage: Mapping[str, Any], count: int) -> dict[str, float]:
    return {
        "images": count,
        "input_tokens": usage["input_tokens"],
        "output_tokens": usage["output_tokens"],
    }
