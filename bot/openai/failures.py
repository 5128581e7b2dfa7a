"""The service's failures, mapped once to handlers/errors.py, most specific first."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from json import JSONDecodeError
from typing import Any, Literal

from bot.openai import meanings
from handlers.errors import (
    CreditExhaustedError,
    FileTooLargeError,
    KeyRefusedError,
    ModelMissingError,
    ParleyError,
    PictureOptionError,
    QuestionTooLongError,
    SchemaRefusedError,
    ServiceBusyError,
    ServiceDownError,
    ServiceError,
    ServiceRejectedError,
    ServiceSilentError,
    VoiceMissingError,
)

_MAX_DETAIL = 300
_KEY_LIKE = re.compile(r"\b(sk-|Bearer\s+)[^\s,.'\"]{4,}")

Subject = Literal["text", "sound", "picture", "speech"]
"""What was sent: the same status means another thing of a recording than of a question."""
_OPTIONS = {
    "size": "this size",
    "quality": "this quality",
    "background": "this background",
    "output_format": "this format",
    "n": "so many pictures at once",
}
"""What a picture's parameters are called towards people."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What a server told when it failed; status 0 where it told it in a stream."""

    status: int = 0
    code: str = ""
    kind: str = ""
    message: str = ""
    retry_after_s: float | None = None
    param: str = ""
    """The part of the request that it is about."""

    @property
    def codes(self) -> frozenset[str]:
        return frozenset({self.code, self.kind} - {""})

    @property
    def detail(self) -> str:
        words = [str(self.status or ""), self.code or self.kind, self.message[:_MAX_DETAIL]]
        return " ".join(word for word in words if word)


def foreign_errors() -> tuple[type[Exception], ...]:
    """What the SDK and what is below it raise. To be asked for when something was raised."""
    import openai  # noqa: PLC0415  # loaded long since: this room loads it when it opens

    return (openai.OpenAIError, OSError, JSONDecodeError, RecursionError, UnicodeDecodeError)


def refusals() -> tuple[type[Exception], ...]:
    """What the SDK raises for an answer that is no success. As foreign_errors()."""
    import openai  # noqa: PLC0415  # as above

    return (openai.APIStatusError,)


def read_refusal(exc: Exception, secret: str = "") -> Failure:
    """What the server told in one of refusals(), without the key, should it repeat it."""
    response = getattr(exc, "response", None)
    headers = getattr(response, "headers", {})
    told = read_failure(getattr(exc, "body", None), getattr(exc, "status_code", 0), headers)
    return replace(told, code=_redact(told.code, secret), message=_redact(told.message, secret))


def map_error(
    exc: Exception, *, model: str, secret: str = "", subject: Subject = "text"
) -> ParleyError:
    """The error of ours that ``exc``, one of foreign_errors(), means."""
    import openai  # noqa: PLC0415  # as above

    _redact_in_place(exc, secret)
    match exc:
        case openai.APIStatusError():
            failure = read_failure(exc.body, exc.status_code, exc.response.headers)
            return map_failure(failure, model=model, secret=secret, subject=subject)
        case openai.APIConnectionError() | OSError():
            return _map_connection(exc, secret)
        case openai.APIError():
            failure = read_failure(exc.body or exc.message)
            return map_failure(failure, model=model, secret=secret, subject=subject)
        case JSONDecodeError() | RecursionError() | UnicodeDecodeError():
            return ServiceDownError("the answer is no JSON")
    return ServiceRejectedError(_redact(str(exc), secret))


def _map_connection(exc: Exception, secret: str) -> ServiceError:
    import openai  # noqa: PLC0415  # as above

    cause = exc.__cause__ or exc
    # By name: the HTTP library is the SDK's own choice, and has changed before.
    is_connecting = type(cause).__name__ == "ConnectTimeout"
    if isinstance(exc, openai.APITimeoutError | TimeoutError) and not is_connecting:
        return ServiceSilentError("nothing came in time")
    return ServiceDownError(_redact(f"no connection: {type(cause).__name__} {cause}", secret))


def read_failure(
    body: object, status: int = 0, headers: Mapping[str, str] | None = None
) -> Failure:
    """What is in an error's body, as OpenAI writes it or in a shape that others like better."""
    told: Mapping[str, Any] = body if isinstance(body, Mapping) else {"message": body}
    if isinstance(told.get("error"), Mapping):
        told = told["error"]
    message = told.get("message") or told.get("detail") or told.get("error") or ""
    code = str(told.get("code") or "")
    if not status and code.isdigit() and 400 <= int(code) < 600:
        status = int(code)
    return Failure(
        status=status,
        code=code,
        kind=str(told.get("type") or ""),
        message=str(message),
        retry_after_s=read_retry_after(headers or {}),
        param=str(told.get("param") or ""),
    )


def map_failure(
    failure: Failure, *, model: str, secret: str = "", subject: Subject = "text"
) -> ParleyError:
    failure = replace(
        failure, code=_redact(failure.code, secret), message=_redact(failure.message, secret)
    )
    detail = _redact(failure.detail, secret)
    if subject == "text" and _is_schema_refused(failure):
        return SchemaRefusedError(detail, reason=" ".join(failure.message.split())[:_MAX_DETAIL])
    is_voice = subject == "speech" and _is_about_voice(failure, model)
    told = VoiceMissingError(detail) if is_voice else _map_status(failure, detail, model)
    if told is not None:
        return told
    if subject == "picture" and (told := _map_picture(failure, detail, model)) is not None:
        return told
    if failure.status == 413:
        return FileTooLargeError(detail) if subject == "sound" else QuestionTooLongError(detail)
    meant = meanings.find_meaning(failure.codes, failure.message, meanings.OF[subject])
    if meant is not None:
        return meant(detail)
    return _map_rest(failure, detail)


def _map_status(failure: Failure, detail: str, model: str) -> ParleyError | None:
    """What the status or a code says beyond doubt."""
    status = failure.status
    if status == 401:
        # Without the message: OpenAI's repeats a part of the key.
        return KeyRefusedError(f"401 {failure.code}")
    if status == 402 or failure.codes & meanings.CREDIT_CODES:
        return CreditExhaustedError(detail)
    if status in (404, 405, 410, 501) or _is_model_missing(failure):
        return ModelMissingError(detail, model=model)
    if status >= 500 and failure.retry_after_s is not None:
        return ServiceBusyError(detail, failure.retry_after_s)
    if status >= 500 or status in (408, 425) or failure.codes & meanings.BROKEN_CALL_CODES:
        return ServiceDownError(detail)
    return None


def _map_picture(failure: Failure, detail: str, model: str) -> ParleyError | None:
    """What a route of pictures says of one part of the request."""
    if failure.status not in (400, 422):
        return None
    if failure.param == "model":
        # The route is there, and not for this model.
        return ModelMissingError(detail, model=model)
    if failure.param in _OPTIONS:
        return PictureOptionError(detail, option=_OPTIONS[failure.param])
    return None


def _is_about_voice(failure: Failure, model: str) -> bool:
    """Whether it is one person's voice that is missing, rather than the model or the route."""
    if failure.status not in (0, 400, 404, 422) or failure.codes & meanings.MISSING_CODES:
        return False
    if failure.param.endswith("voice") or failure.code.startswith(("voice_", "invalid_voice")):
        return True
    message = failure.message.replace(model, "") if model else failure.message
    return bool(meanings.VOICE_WORDS.search(message))


def _is_schema_refused(failure: Failure) -> bool:
    """Whether the schema of an answer is at fault; that of a tool is nobody's who asks."""
    if failure.status not in (400, 422, 500) or "for function" in failure.message:
        return False
    is_told = bool(failure.codes & meanings.SCHEMA_CODES)
    return is_told or bool(meanings.SCHEMA_WORDS.search(failure.message))


def _is_model_missing(failure: Failure) -> bool:
    if failure.codes & meanings.MISSING_CODES:
        return True
    return failure.status in (0, 400, 422) and bool(meanings.MISSING_WORDS.search(failure.message))


def _map_rest(failure: Failure, detail: str) -> ParleyError:
    if failure.status == 403:
        return KeyRefusedError(detail)
    if failure.status == 429 or failure.codes & meanings.BUSY_CODES:
        return ServiceBusyError(detail, failure.retry_after_s)
    if failure.status or "invalid_request_error" in failure.codes:
        return ServiceRejectedError(detail)
    return ServiceDownError(detail)


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait, from any of the ways in which servers say so."""
    milliseconds = _read_number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    told = headers.get("retry-after")
    seconds = _read_number(told)
    if seconds is not None or not told:
        return seconds
    try:
        moment = parsedate_to_datetime(told)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


def _read_number(told: str | None) -> float | None:
    try:
        number = float(told or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _redact(text: str, secret: str) -> str:
    if secret:
        text = text.replace(secret, "[key]")
    return _KEY_LIKE.sub("[key]", text)


def _redact_in_place(exc: BaseException, secret: str) -> None:
    """Take the key out of what a traceback would show, should a server repeat it."""
    if secret and secret in str(exc):
        exc.args = tuple(_redact(str(arg), secret) for arg in exc.args)
