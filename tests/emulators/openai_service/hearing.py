"""Recordings in a chat: really decoded, and only for models that hear."""

import base64
import binascii
import re
from typing import Any

from tests.emulators.openai_service.errors import ApiError, refuse_unless, require_choice
from tests.emulators.openai_service.records import ChatCall, Upload
from tests.emulators.openai_service.sounds import decode

_HEARING = re.compile(r"audio|omni|voxtral")


def recordings(call: ChatCall) -> list[dict[str, Any]]:
    """Those of the last message."""
    messages = call.body.get("messages")
    content = messages[-1].get("content") if isinstance(messages, list) and messages else None
    parts = content if isinstance(content, list) else []
    return [part for part in parts if part.get("type") == "input_audio"]


def check_recordings(call: ChatCall) -> None:
    for part in recordings(call):
        if not _HEARING.search(call.model):
            message = "Invalid content type. input_audio is not supported by this model."
            raise ApiError(message, param="messages", code="invalid_value")
        told = part.get("input_audio") or {}
        require_choice(told, "format", frozenset({"wav", "mp3"}))
        try:
            data = base64.b64decode(str(told.get("data")), validate=True)
        except binascii.Error:
            data = b""
        refuse_unless(bool(data), "The recording is no base64.", "input_audio.data")
        ending = str(told.get("format"))
        decode(Upload("input_audio", f"sound.{ending}", "", data), ending)
