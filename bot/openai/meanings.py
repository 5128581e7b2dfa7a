"""What a refusal says about the question, by its code and else by its words.

Servers hardly agree on codes, so the words of OpenAI, vLLM, llama.cpp, Ollama and OpenRouter are
known here too. The first meaning that fits holds.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from handlers.errors import (
    ContentRefusedError,
    NothingHeardError,
    ParleyError,
    PicturesUnsupportedError,
    PictureUnreachableError,
    PictureUnreadableError,
    QuestionTooLongError,
    SoundUnreadableError,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    error: type[ParleyError]
    codes: frozenset[str]
    words: re.Pattern[str]


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL)


_REFUSED = Meaning(
    ContentRefusedError,
    frozenset(
        {
            "bio_policy",
            "content_filter",
            "content_policy_violation",
            "image_content_policy_violation",
            "invalid_prompt",
            "misalignment_policy_violation",
            "moderation_blocked",
        }
    ),
    _words(r"content (management )?policy", r"usage polic", r"safety system", r"was flagged"),
)
_TOO_LONG = Meaning(
    QuestionTooLongError,
    frozenset({"context_length_exceeded", "string_above_max_length", "exceed_context_size_error"}),
    _words(
        r"context (length|window|size|limit)",
        r"too many tokens",
        # A 429 "Request too large" is a limit that no waiting lifts.
        r"(prompt|input|request) (is )?too (long|large)",
        r"maximum (context|input|prompt) length",
        r"input token count.*exceeds",
    ),
)
_UNREACHABLE = Meaning(
    PictureUnreachableError,
    frozenset({"failed_to_download_image", "image_file_not_found", "invalid_image_url"}),
    _words(
        r"(download|fetch|retriev)\w*.{0,80}(image|url|http)",
        r"(image|url).{0,80}(download|fetch|retriev)",
    ),
)
_UNREADABLE = Meaning(
    PictureUnreadableError,
    frozenset(
        {
            "empty_image_file",
            "image_file_too_large",
            "image_parse_error",
            "image_too_large",
            "image_too_small",
            "invalid_base64_image",
            "invalid_image",
            "invalid_image_format",
            "invalid_image_mode",
            "unsupported_image_media_type",
        }
    ),
    _words(
        r"(invalid|unsupported|corrupt\w*|decod\w*|load|parse|process|read)\b.{0,40}\bimage",
        r"\bimage\b.{0,60}(invalid|unsupported|corrupt|decode|parse)",
    ),
)
_UNHEARD = Meaning(
    NothingHeardError, frozenset({"audio_too_short"}), _words(r"(audio|file).{0,20}too short")
)
_SOUND_UNREADABLE = Meaning(
    SoundUnreadableError,
    frozenset({"invalid_audio", "unsupported_format"}),
    _words(
        r"(file|audio).{0,60}(format|corrupt|unsupported|decod|invalid|could not|not be)",
        r"(invalid|unsupported|unrecogni[sz]ed|corrupt\w*|decod\w*).{0,40}(file|audio)",
    ),
)

_UNSEEING = Meaning(
    PicturesUnsupportedError,
    frozenset(),
    _words(
        r"(does not|doesn't|do not|don't|cannot|not) (support|accept|process|handle|take)[^.]*"
        r"(image|vision|multimodal|picture)",
        r"(image|vision|multimodal)[^.]*(not supported|unsupported|not allowed|not enabled)",
        r"not a (multimodal|vision)",
    ),
)
OF_TEXT = (_REFUSED, _TOO_LONG, _UNREACHABLE, _UNSEEING, _UNREADABLE)
OF_SOUND = (_REFUSED, _UNHEARD, _SOUND_UNREADABLE)
OF_PICTURE = (_REFUSED, _TOO_LONG, _UNREADABLE)
OF = {"text": OF_TEXT, "sound": OF_SOUND, "picture": OF_PICTURE, "speech": OF_TEXT}
"""By what was sent."""

SCHEMA_CODES = frozenset({"invalid_json_schema"})
SCHEMA_WORDS = _words(
    r"(invalid|unsupported|unrecogni[sz]ed) (json )?schema\b",
    r"schema (conversion failed|contains features)",
    r"fail\w* to parse grammar",
)
MISSING_CODES = frozenset(
    {
        "deprecated_endpoint",
        "deprecated_model",
        "endpoint_deprecated",
        "endpoint_not_found",
        "endpoint_retired",
        "model_deprecated",
        "model_not_found",
        "model_retired",
    }
)
_GONE = r"(no longer|deprecated|decommission|discontinued|retired|shut ?down|sunset|turned off)"
MISSING_WORDS = _words(
    rf"\bmodels?\b.{{0,80}}(not exist|not found|{_GONE})",
    rf"(endpoint|route|\bapi\b).{{0,60}}{_GONE}",
    r"\b(is|are|was|were|been) (sunset|sunsetted|decommissioned|discontinued)\b",
    r"unknown model",
    r"invalid model",
)
VOICE_WORDS = _words(r"\bvoices?\b")
BROKEN_CALL_CODES = frozenset({"tool_use_failed"})
"""The model wrote a call that its own server cannot read: the next time it may do better."""
CREDIT_CODES = frozenset({"billing_hard_limit_reached", "billing_not_active", "insufficient_quota"})
BUSY_CODES = frozenset({"rate_limit_error", "rate_limit_exceeded"})


def find_meaning(
    codes: frozenset[str], message: str, meanings: Iterable[Meaning]
) -> type[ParleyError] | None:
    meanings = tuple(meanings)
    for meaning in meanings:
        if codes & meaning.codes:
            return meaning.error
    for meaning in meanings:
        if meaning.words.search(message):
            return meaning.error
    return None
