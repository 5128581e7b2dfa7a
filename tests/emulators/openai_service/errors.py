"""The service's refusals, in the shape in which it gives them."""

from collections.abc import Mapping
from typing import Any

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class ApiError(Exception):
    """An answer other than 200."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.param = param
        self.code = code
        self.headers = dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        default = "server_error" if self.status >= 500 else "invalid_request_error"
        return {
            "error": {
                "message": self.message,
                "type": _TYPES.get(self.status, default),
                "param": self.param,
                "code": self.code,
            }
        }


class ViolationError(ApiError):
    """The client broke a rule of the service: a fault of the program under test."""


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def refuse_unknown(body: Mapping[str, Any], known: frozenset[str], where: str = "") -> None:
    for name in body:
        if name not in known:
            raise ViolationError(
                f"Unknown parameter: '{where}{name}'.",
                param=where + name,
                code="unknown_parameter",
            )


def require(body: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if body.get(name) in (None, "", []):
            raise ViolationError(
                f"Missing required parameter: '{name}'.",
                param=name,
                code="missing_required_parameter",
            )


def refuse_unless(is_right: bool, message: str, param: str, code: str = "invalid_value") -> None:
    if not is_right:
        raise ViolationError(message, param=param, code=code)


def require_choice(body: Mapping[str, Any], name: str, choices: frozenset[str]) -> None:
    value = body.get(name)
    if value is not None and value not in choices:
        supported = ", ".join(f"'{choice}'" for choice in sorted(choices))
        raise ViolationError(
            f"Invalid value: '{value}'. Supported values are: {supported}.",
            param=name,
            code="invalid_value",
        )


def require_range(body: Mapping[str, Any], name: str, lowest: float, highest: float) -> None:
    value = body.get(name)
    if value is None:
        return
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    refuse_unless(is_number, f"Invalid type for '{name}': expected a number.", name, "invalid_type")
    refuse_unless(
        lowest <= value <= highest,
        f"Invalid '{name}': expected a value from {lowest} to {highest}, got {value}.",
        name,
    )


def require_length(body: Mapping[str, Any], name: str, longest: int) -> None:
    value = body.get(name)
    if isinstance(value, str) and len(value) > longest:
        raise ViolationError(
            f"Invalid '{name}': string too long. Expected at most {longest} characters, "
            f"got {len(value)}.",
            param=name,
            code="string_above_max_length",
        )
