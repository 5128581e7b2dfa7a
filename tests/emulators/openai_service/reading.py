"""Requests off the wire, as records."""

import json
import time
from typing import Any

from aiohttp import BodyPartReader, web

from tests.emulators.openai_service.errors import ViolationError
from tests.emulators.openai_service.records import RecordedRequest, Upload

_KEPT_HEADERS = ("content-type", "user-agent", "x-stainless-retry-count", "openai-organization")
_NUMBERS = {
    "temperature": float,
    "n": int,
    "output_compression": int,
    "partial_images": int,
}


async def read(request: web.Request, route: str) -> RecordedRequest:
    headers = {name: request.headers[name] for name in _KEPT_HEADERS if name in request.headers}
    fields: dict[str, Any] = {}
    files: list[Upload] = []
    if request.content_type == "multipart/form-data":
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise ViolationError("Could not parse multipart form.")
            data = bytes(await part.read())
            if part.filename is None:
                _put(fields, part.name, data.decode())
            else:
                kind = part.headers.get("Content-Type", "")
                files.append(Upload(part.name, part.filename, kind, data))
    elif request.can_read_body:
        fields = _json_object(await request.read())
    return RecordedRequest(route, headers, fields, tuple(files), time.monotonic())


def _json_object(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except ValueError as exc:
        raise ViolationError("We could not parse the JSON body of your request.") from exc
    if not isinstance(body, dict):
        raise ViolationError("The body must be a JSON object.")
    return body


def _put(fields: dict[str, Any], name: str, text: str) -> None:
    base, bracket, key = name.partition("[")
    if bracket and key == "]":
        fields.setdefault(base, []).append(text)
    elif bracket:
        fields.setdefault(base, {})[key.removesuffix("]")] = text
    elif base == "stream":
        fields[base] = text == "true"
    else:
        try:
            fields[base] = _NUMBERS.get(base, str)(text)
        except ValueError as exc:
            message = f"Invalid type for '{base}': expected a number."
            raise ViolationError(message, param=base, code="invalid_type") from exc
