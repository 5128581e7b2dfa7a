from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bot.openai.failures import Subject, map_failure, read_failure, read_retry_after
from handlers.errors import (
    ContentRefusedError,
    CreditExhaustedError,
    FileTooLargeError,
    KeyRefusedError,
    ModelMissingError,
    NothingHeardError,
    ParleyError,
    PictureUnreachableError,
    PictureUnreadableError,
    QuestionTooLongError,
    ServiceBusyError,
    ServiceDownError,
    ServiceRejectedError,
    SoundUnreadableError,
)

KEY = "sk-proj-abcdefgh12345678"


def explain(
    status: int, message: str = "", code: str = "", kind: str = "", subject: Subject = "text"
) -> ParleyError:
    failure = read_failure({"message": message, "code": code, "type": kind}, status)
    return map_failure(failure, model="some-model", secret=KEY, subject=subject)


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (401, "invalid_api_key", "Incorrect API key provided: sk-pr***78.", KeyRefusedError),
        (403, "unsupported_country_region_territory", "Country not supported", KeyRefusedError),
        (403, "", "Your input was flagged", ContentRefusedError),
        (402, "", "Insufficient credits", CreditExhaustedError),
        (429, "insufficient_quota", "You exceeded your current quota", CreditExhaustedError),
        (429, "rate_limit_exceeded", "Rate limit reached", ServiceBusyError),
        (429, "rate_limit_exceeded", "Request too large for some-model", QuestionTooLongError),
        (404, "model_not_found", "The model `x` does not exist", ModelMissingError),
        (404, "", "404 page not found", ModelMissingError),
        (410, "", "Gone", ModelMissingError),
        (501, "", "This server does not support audio", ModelMissingError),
        (400, "", "The model `x` has been deprecated", ModelMissingError),
        (400, "", "The Audio API is deprecated and has been shut down.", ModelMissingError),
        (400, "endpoint_deprecated", "Gone", ModelMissingError),
        (400, "", "Audio translations were sunset on 2027-02-26.", ModelMissingError),
        (400, "", "This endpoint was turned off on May 1.", ModelMissingError),
        (400, "", "The parameter `functions` is deprecated", ServiceRejectedError),
        (400, "", "Please draw no sunset", ServiceRejectedError),
        (400, "context_length_exceeded", "", QuestionTooLongError),
        (400, "", "This model's maximum context length is 4096 tokens.", QuestionTooLongError),
        (400, "", "the request exceeds the available context size", QuestionTooLongError),
        (413, "", "Payload too large", QuestionTooLongError),
        (400, "content_policy_violation", "", ContentRefusedError),
        (400, "moderation_blocked", "Rejected by the safety system", ContentRefusedError),
        (400, "content_filter", "", ContentRefusedError),
        (
            400,
            "invalid_image_url",
            "Timeout while downloading https://a.b",
            PictureUnreachableError,
        ),
        (
            400,
            "invalid_value",
            "Failed to download image from https://a.b",
            PictureUnreachableError,
        ),
        (400, "invalid_image_format", "", PictureUnreadableError),
        (400, "", "You uploaded an unsupported image.", PictureUnreadableError),
        (400, "unsupported_parameter", "Unsupported parameter: 'max_tokens'", ServiceRejectedError),
        (422, "", "Field required", ServiceRejectedError),
        (500, "server_error", "The server had an error", ServiceDownError),
        (503, "", "Overloaded", ServiceDownError),
    ],
)
def test_a_status_and_its_words_name_the_error(
    status: int, code: str, message: str, expected: type[ParleyError]
) -> None:
    assert type(explain(status, message, code)) is expected


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (400, "audio_too_short", "Audio file is too short.", NothingHeardError),
        (400, "", "Invalid file format. Supported formats: ['flac']", SoundUnreadableError),
        (400, "", "The audio file could not be decoded.", SoundUnreadableError),
        (413, "", "Maximum content size limit exceeded", FileTooLargeError),
        (400, "", "The model `whisper-1` has been retired.", ModelMissingError),
        (400, "unknown_parameter", "Unknown parameter: 'x'", ServiceRejectedError),
    ],
)
def test_a_recording_that_is_refused_is_told_as_such(
    status: int, code: str, message: str, expected: type[ParleyError]
) -> None:
    assert type(explain(status, message, code, subject="sound")) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("server_error", ServiceDownError),
        ("rate_limit_exceeded", ServiceBusyError),
        ("context_length_exceeded", QuestionTooLongError),
        ("429", ServiceBusyError),
        ("", ServiceDownError),
    ],
)
def test_a_failure_inside_a_stream_is_told_by_its_code(
    code: str, expected: type[ParleyError]
) -> None:
    assert type(explain(0, "It failed", code)) is expected


def test_a_missing_model_is_named() -> None:
    assert explain(404).values == {"model": "some-model"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500])
def test_no_error_repeats_the_key(status: int) -> None:
    error = explain(status, f"Bad request with Authorization: Bearer {KEY}", code=KEY, kind=KEY)
    assert KEY not in str(error)
    assert "abcdefgh" not in str(error)


def test_a_key_of_any_shape_is_kept_out() -> None:
    key = "local-secret-of-a-server-of-ones-own"
    failure = read_failure({"message": f"{'x' * 280} {key} is no good"}, 400)
    assert "local-secret" not in str(map_failure(failure, model="m", secret=key))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "inner"}}, "inner"),
        ({"error": "a string"}, "a string"),
        ({"detail": "FastAPI"}, "FastAPI"),
        ("<html>", "<html>"),
        (None, ""),
    ],
)
def test_the_message_is_found_in_any_shape_of_body(body: object, message: str) -> None:
    assert read_failure(body, 400).message == message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({}, None),
    ],
)
def test_the_wait_is_read_from_the_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert read_retry_after(headers) == seconds


def test_a_wait_may_be_a_date() -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    asked = read_retry_after({"retry-after": moment})
    assert asked is not None
    assert 200 < asked <= 300


def test_a_broken_server_that_asks_to_wait_is_busy() -> None:
    error = map_failure(read_failure({}, 503, {"retry-after": "2"}), model="m")
    assert isinstance(error, ServiceBusyError)
    assert error.retry_after_s == 2
