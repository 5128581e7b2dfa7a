"""Requests as Discord takes them: JSON, or multipart with payload_json and files[n]."""

from __future__ import annotations

import json
import re
from typing import Any

from aiohttp import BodyPartReader, web

from tests.emulators.discord_service.values import (
    TOO_LARGE,
    ApiError,
    Call,
    Json,
    Upload,
    breach,
)

FILE_PART = re.compile(r"files\[(\d+)\]")
MAX_REQUEST_BYTES = 110 << 20


async def read_body(request: web.Request, call: Call) -> None:
    if not request.can_read_body:
        return
    if request.content_type.startswith("multipart/"):
        await _read_parts(request, call)
    elif request.content_type == "application/json":
        call.body = _load(await request.text())
    else:
        said = f"Cannot read a body of type {request.content_type!r}"
        raise breach(50035, said)


async def _read_parts(request: web.Request, call: Call) -> None:
    size = 0
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader) or not part.name:
            raise breach(50109, "The request body has a part without a name.")
        content = bytes(await part.read(decode=True))
        size += len(content)
        if size > MAX_REQUEST_BYTES:
            raise breach(TOO_LARGE, "Request entity too large", 413)
        found = FILE_PART.fullmatch(part.name)
        if part.name == "payload_json":
            call.body = _load(content.decode())
        elif found and part.filename:
            mime = part.headers.get("Content-Type", "application/octet-stream")
            call.files[int(found[1])] = Upload(part.filename, content, mime)
        else:
            raise breach(50035, f"Unknown part {part.name!r}")


def _load(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as exc:
        raise breach(50109, "The request body contains invalid JSON.") from exc


def answer(status: int, body: Any = None, headers: dict[str, str] | None = None) -> web.Response:
    """discord.py takes a body for JSON only if the type says so and nothing more."""
    if body is None:
        return web.Response(status=status, headers=headers)
    kind = {"Content-Type": "application/json"}
    return web.Response(
        status=status, body=json.dumps(body).encode(), headers=kind | (headers or {})
    )


def refuse(error: ApiError, headers: dict[str, str] | None = None) -> web.Response:
    body: Json = error.body
    return answer(error.status, body, (headers or {}) | error.headers)
