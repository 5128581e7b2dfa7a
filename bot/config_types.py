"""What values in the configuration may look like. Each refusal says the mend."""

from typing import Annotated
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, BeforeValidator, Field

from bot.config_sources import parse_yaml


def _refuse_truth(value: object) -> object:
    """YAML's true is no number, though Python counts with it."""
    if isinstance(value, bool):
        raise ValueError("must be a number")  # noqa: TRY004  # pydantic turns ValueError into its own
    return value


def split(value: object) -> object:
    """A list in one text, as variables hold it: YAML, JSON, or with commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith(("[", "- ")):
        return parse(value)
    return [item for part in value.split(",") if (item := part.strip())]


def parse(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return parse_yaml(value)
    except yaml.YAMLError as exc:
        raise ValueError("is neither valid YAML nor valid JSON") from exc


def _check_url(*schemes: str) -> AfterValidator:
    starts = " or ".join(f"{scheme}://" for scheme in schemes)

    def check(value: str) -> str:
        try:
            parts = urlsplit(value)
            is_whole = parts.scheme in schemes and bool(parts.hostname)
            _ = parts.port  # raises if it is no number
        except ValueError:
            is_whole = False
        if value and not is_whole:
            raise ValueError(f"must be a whole address that starts with {starts}")
        return value.rstrip("/")

    return AfterValidator(check)


def _check_bot_url(value: str) -> str:
    if not urlsplit(value).path:
        raise ValueError("must be followed by /bot, as in http://127.0.0.1:8081/bot")
    return value


def _check_secret(value: str) -> str:
    if not value.isascii():  # it could not even be sent
        raise ValueError("holds a character that no key has; copy it anew")
    return value


def _check_member(value: object) -> str:
    member = str(value).strip()
    platform, _, number = member.partition(":")
    digits = number.removeprefix("-") if platform == "telegram" else number
    if platform not in ("telegram", "discord") or not (digits.isascii() and digits.isdigit()):
        raise ValueError("must look like telegram:123456 or discord:123456, with the platform's id")
    return member


def _check_person(value: object) -> str:
    if "-" in (member := _check_member(value)):
        raise ValueError("must be a person; a group's id belongs in access.users")
    return member


Secret = Annotated[str, Field(repr=False), AfterValidator(_check_secret)]
HttpUrl = Annotated[str, _check_url("https", "http")]
BotUrl = Annotated[HttpUrl, AfterValidator(_check_bot_url)]
SocketUrl = Annotated[str, _check_url("wss", "ws")]
Count = Annotated[int, BeforeValidator(_refuse_truth)]
Number = Annotated[float, BeforeValidator(_refuse_truth), Field(allow_inf_nan=False)]
Seconds = Annotated[Number, Field(ge=0)]
Price = Annotated[Number, Field(ge=0)]
Texts = Annotated[tuple[str, ...], BeforeValidator(split)]
Member = Annotated[str, BeforeValidator(_check_member)]
Person = Annotated[str, BeforeValidator(_check_person)]
