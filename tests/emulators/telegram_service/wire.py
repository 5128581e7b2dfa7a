"""Requests in all the shapes that the Bot API takes: query, form, multipart, JSON."""

from __future__ import annotations

import json
import re
from typing import Any

from aiohttp import BodyPartReader, web

from tests.emulators.telegram_service.media import MAX_UPLOAD_BYTES
from tests.emulators.telegram_service.values import ApiError, Json, Upload, breach

PLAIN_TEXT = {  # parameters whose value stays text even if it looks like a number or JSON
    *("text", "caption", "parse_mode", "callback_query_id", "url", "secret_token", "title"),
    *("performer", "name", "description", "short_description", "file_id", "language_code"),
    *("action", "emoji", "photo", "voice", "audio", "document", "message_effect_id"),
}
NUMBER = re.compile(r"-?\d+")


async def read_params(request: web.Request) -> Json:
    params: Json = dict(request.query)
    if request.content_type == "application/json":
        body = await _read_json(request)
        params |= body
    elif request.content_type == "application/x-www-form-urlencoded":
        params |= dict(await request.post())
    elif request.content_type.startswith("multipart/"):
        params |= await _read_parts(request)
    values = {name: _decode(name, value) for name, value in params.items()}
    attached: set[str] = set()
    resolved = {name: _resolve(value, values, attached) for name, value in values.items()}
    return {name: value for name, value in resolved.items() if name not in attached}


async def _read_json(request: web.Request) -> Json:
    try:
        body = await request.json()
    except ValueError as exc:
        raise breach("can't parse request: the body is no JSON") from exc
    if not isinstance(body, dict):
        raise breach("can't parse request: the body is no JSON object")
    return body


async def _read_parts(request: web.Request) -> Json:
    params: Json = {}
    size = 0
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader) or not part.name:
            raise breach("can't parse request: a part without a name")
        content = bytes(await part.read(decode=True))
        size += len(content)
        if size > MAX_UPLOAD_BYTES + (1 << 20):
            raise ApiError("Request Entity Too Large", 413, is_violation=True)
        if part.filename is None:
            params[part.name] = content.decode("utf-8", "surrogateescape")
        else:
            mime = part.headers.get("Content-Type", "application/octet-stream")
            params[part.name] = Upload(part.filename, content, mime)
    return params


def _decode(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise breach("strings must be encoded in UTF-8")
    if name in PLAIN_TEXT:
        return value
    if NUMBER.fullmatch(value):
        return int(value)
    if value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if value.startswith(("{", "[")):
        try:
            return json.loads(value)
        except ValueError as exc:
            raise breach(f"can't parse {name}: invalid JSON") from exc
    return value


def _resolve(value: Any, params: Json, attached: set[str]) -> Any:
    """Put uploaded files where ``attach://name`` stands."""
    if isinstance(value, dict):
        return {key: _resolve(item, params, attached) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item, params, attached) for item in value]
    if isinstance(value, str) and value.startswith("attach://"):
        name = value.removeprefix("attach://")
        if isinstance(params.get(name), Upload):
            attached.add(name)
            return params[name]
    return value
