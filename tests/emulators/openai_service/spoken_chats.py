"""Chat completions that answer with sound: their rules, and how they are put on the wire."""

import base64
import json
import uuid
from collections.abc import Mapping
from typing import Any

from tests.emulators.openai_service import dialects
from tests.emulators.openai_service.dialects import Answering, CompletionsAnswer
from tests.emulators.openai_service.errors import (
    names,
    refuse_unknown,
    refuse_unless,
    require,
    require_choice,
)
from tests.emulators.openai_service.records import ChatCall
from tests.emulators.openai_service.sounds import (
    SPOKEN_TOKENS_A_SECOND,
    VOICES,
    encode_tone,
    seconds_of,
    tone,
)
from tests.emulators.openai_service.steps import Finish, Usage

_FORMATS = names("wav aac mp3 flac opus pcm16")


def is_spoken(body: Mapping[str, Any]) -> bool:
    return "audio" in (body.get("modalities") or ())


def check_sound(body: Mapping[str, Any]) -> None:
    """What the service asks of ``modalities`` and ``audio``."""
    modalities = body.get("modalities") or ["text"]
    refuse_unless(
        isinstance(modalities, list) and set(modalities) <= {"text", "audio"},
        f"Invalid modalities: {modalities}.",
        "modalities",
    )
    if not is_spoken(body):
        return
    refuse_unless(
        "audio" in str(body["model"]).split("-"),
        "Invalid value: 'audio'. This model does not support the requested output modalities.",
        "modalities",
    )
    require(body, "audio")
    audio = body["audio"]
    refuse_unless(isinstance(audio, dict), "'audio' must be an object.", "audio", "invalid_type")
    refuse_unknown(audio, frozenset({"voice", "format"}), "audio.")
    require(audio, "voice", "format")
    require_choice(audio, "format", _FORMATS)
    if isinstance(audio["voice"], str):
        require_choice(audio, "voice", VOICES)
    refuse_unless(
        not body.get("stream") or audio["format"] == "pcm16",
        f"Unsupported value: 'audio.format' does not support '{audio['format']}' when stream=true. "
        "Supported values are: 'pcm16'.",
        "audio.format",
        "unsupported_value",
    )


def spoken_tokens(body: Mapping[str, Any], text: str) -> int:
    return round(seconds_of(text) * SPOKEN_TOKENS_A_SECOND) if is_spoken(body) else 0


def answering(call: ChatCall, fingerprint: str) -> Answering:
    if is_spoken(call.body):
        return SpokenAnswer(call, fingerprint)
    return dialects.answering(call, fingerprint)


class SpokenAnswer(CompletionsAnswer):
    def __init__(self, call: ChatCall, fingerprint: str) -> None:
        super().__init__(call, fingerprint)
        self._body = call.body
        self._id = f"audio_{uuid.uuid4().hex}"

    def opening(self) -> bytes:
        return self._chunk({"role": "assistant", "refusal": None, "audio": {"id": self._id}})

    def delta(self, text: str) -> bytes:
        sound = base64.b64encode(tone(seconds_of(text))).decode()
        said = self._chunk({"audio": {"id": self._id, "transcript": text}})
        return said + self._chunk({"audio": {"id": self._id, "data": sound}})

    def closing(self, text: str, finish: Finish, usage: Usage) -> bytes:
        return self._with_details(super().closing(text, finish, usage), text)

    def whole(self, text: str, finish: Finish, usage: Usage) -> dict[str, Any]:
        answer = super().whole(text, finish, usage)
        sound = encode_tone(self._body["audio"]["format"], seconds_of(text)) if text else b""
        answer["choices"][0]["message"] |= {
            "content": None,
            "audio": {
                "id": self._id,
                "data": base64.b64encode(sound).decode(),
                "expires_at": self._base["created"] + 3600,
                "transcript": text,
            },
        }
        self._tell_tokens(answer["usage"], text)
        return answer

    def _with_details(self, events: bytes, text: str) -> bytes:
        lines = []
        for line in events.split(b"\n\n"):
            if b'"usage": {' in line:
                event = json.loads(line.removeprefix(b"data: "))
                self._tell_tokens(event["usage"], text)
                line = b"data: " + json.dumps(event).encode()  # noqa: PLW2901  # the same event
            lines.append(line)
        return b"\n\n".join(lines)

    def _tell_tokens(self, usage: dict[str, Any], text: str) -> None:
        spoken = min(spoken_tokens(self._body, text), usage["completion_tokens"])
        written = usage["completion_tokens"] - spoken
        details = usage.setdefault("completion_tokens_details", {})
        details |= {"audio_tokens": spoken, "text_tokens": written}
