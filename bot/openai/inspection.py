"""What `python -m bot check` tells about the service."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.options import OpenAIOptions
from bot.openai.routing import AUTO, Picked, Routes
from handlers.errors import (
    CreditExhaustedError,
    KeyRefusedError,
    ModelMissingError,
    ParleyError,
    ServiceBusyError,
    ServiceDownError,
    ServiceRejectedError,
    ServiceSilentError,
)

_NOTICE = timedelta(days=90)
_NO_ENDPOINT = "what answers there is no OpenAI-style endpoint; does it need /v1 at its end?"

Models = dict[str, date | None]
"""Each with the day on which it is shut down."""


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check."""

    subject: str
    """What was looked at, in the words of the configuration: ``openai.chat_model gpt-6-luna``."""
    verdict: Verdict
    detail: str


async def list_models(client: Client) -> Models:
    """The models that the server says it has.

    ServiceRejectedError if what it answers is no list of models as OpenAI writes it.
    """

    async def request() -> object:
        # As it came: the SDK's own reader fails in its depths on whatever else a server answers.
        try:
            told = await client.patient_sdk.get("/models", cast_to=object)
            return json.loads(told) if isinstance(told, str) else told
        except (json.JSONDecodeError, UnicodeDecodeError):
            return None

    told = await client.ask(request, model="")
    if not isinstance(told, Mapping) or "data" not in told:
        raise ServiceRejectedError(_NO_ENDPOINT)
    # Servers written in Go write an empty list as null.
    models = [] if told["data"] is None else told["data"]
    if not isinstance(models, list):
        raise ServiceRejectedError(_NO_ENDPOINT)
    return {
        model["id"]: _read_date(model.get("shutdown_date"))
        for model in models
        if isinstance(model, Mapping) and isinstance(model.get("id"), str)
    }


async def inspect_service(
    client: Client,
    catalogue: ModelCatalogue,
    options: OpenAIOptions,
    routes: Iterable[Routes[Any]],
    today: date,
) -> tuple[Finding, ...]:
    host = _name_host(options)
    try:
        models = await list_models(client)
    except ParleyError as exc:
        return (_explain(exc, options),)
    if not models:
        detail = f"{host} is reachable, but lists no models"
        return (Finding("openai.base_url", Verdict.WARNING, detail),)
    detail = f"{host} is reachable, {len(models)} models"
    findings = [Finding("openai.base_url", Verdict.OK, detail)]
    for key, model in _name_models(options):
        is_needed = key == "chat_model"
        finding = _judge_model(model, models, catalogue, today, is_needed=is_needed)
        findings.append(Finding(f"openai.{key} {model}", *finding))
    findings += [_judge_routes(one, models, today) for one in routes]
    return tuple(findings)


def _name_host(options: OpenAIOptions) -> str:
    url = urlsplit(options.url)
    return f"{url.hostname}:{url.port}" if url.port else str(url.hostname)


def _explain(exc: ParleyError, options: OpenAIOptions) -> Finding:
    """The finding that a failure to list models is: the key, what is wrong, and the mend."""
    if isinstance(exc, KeyRefusedError | CreditExhaustedError):
        return Finding("openai.api_key", Verdict.BROKEN, _explain_key(exc, options))
    if isinstance(exc, ModelMissingError):
        return Finding("openai.base_url", *_explain_missing(exc, options))
    return Finding("openai.base_url", Verdict.BROKEN, _explain_host(exc, _name_host(options)))


def _explain_key(exc: ParleyError, options: OpenAIOptions) -> str:
    if isinstance(exc, CreditExhaustedError):
        return f"the account has no credit left ({exc}); pay in, or take a key of another account"
    response = _find_response(exc)
    # OpenAI's own words for 401 are long, and its codes say no more than the number.
    is_plain = response is not None and response.status_code == 401
    told = "401" if is_plain else str(exc).strip()
    if not options.api_key:
        return f"the service wants a key ({told}); put one into OPENAI_API_KEY"
    return f"the service refuses this key ({told}); copy it anew, or make another"


def _explain_missing(exc: ModelMissingError, options: OpenAIOptions) -> tuple[Verdict, str]:
    host = _name_host(options)
    if _is_told_as_openai_does(exc):
        return Verdict.WARNING, f"{host} is reachable, but does not tell which models it has"
    if urlsplit(options.url).path.strip("/"):
        detail = "is reachable, but does not tell which models it has; is the path of the address"
        return Verdict.WARNING, f"{host} {detail} right?"
    return Verdict.BROKEN, f"{host} has nothing at this address (404); does it need /v1 at its end?"


def _is_told_as_openai_does(exc: ParleyError) -> bool:
    """Whether the body of a refusal is one that only a server of this kind writes."""
    response = _find_response(exc)
    try:
        body = response.json() if response is not None else None
    except ValueError:
        return False
    return isinstance(body, Mapping) and isinstance(body.get("error"), Mapping)


def _find_response(exc: BaseException | None) -> Any:
    """The response that was refused, of the SDK's error below ours; None if there was none."""
    while exc is not None:
        if (response := getattr(exc, "response", None)) is not None:
            return response
        exc = exc.__cause__
    return None


def _explain_host(exc: ParleyError, host: str) -> str:
    has_answered = _find_response(exc) is not None
    match exc:
        case ServiceDownError() if not has_answered:
            reason = exc.__cause__.__cause__ if exc.__cause__ else None
            words = f" ({reason})" if str(reason or "") else ""
            return f"nothing answers at {host}{words}; is the address right, and the server up?"
        case ServiceSilentError():
            return f"{host} does not answer in time; is the address right, and the server up?"
        case ServiceBusyError():
            return f"{host} is too busy ({exc}); try again later"
        case ServiceRejectedError() if exc.__cause__ is None:
            return str(exc)
    return f"{host} answers with an error ({exc}); is this the right address?"


def _name_models(options: OpenAIOptions) -> list[tuple[str, str]]:
    """Every model in the configuration, under its key."""
    named = [
        ("chat_model", options.chat_model),
        ("transcription_model", options.transcription_model),
        ("translation_model", options.translation_model),
        ("speech_model", options.speech_model),
        ("image_model", options.image_model),
        ("embedding_model", options.embedding_model),
    ]
    named += [("chat_models", name) for name in options.chat_models if name != options.chat_model]
    return [(key, model) for key, model in named if model]


def _judge_model(
    model: str,
    models: Models,
    catalogue: ModelCatalogue,
    today: date,
    *,
    is_needed: bool,
) -> tuple[Verdict, str]:
    failing = Verdict.BROKEN if is_needed else Verdict.WARNING
    end = models.get(model) or catalogue.ends(model)
    if model not in models:
        detail = "the server does not list it"
        return failing, f"{detail}; shut down on {end}" if end and end <= today else detail
    if end is None:
        return Verdict.OK, "present"
    if end <= today:
        return failing, f"to be shut down since {end}"
    verdict = Verdict.WARNING if end - today <= _NOTICE else Verdict.OK
    return verdict, f"present until {end}"


def _judge_routes(routes: Routes[Any], models: Models, today: date) -> Finding:
    """By which route a capability is served, until when, and by what then."""
    subject = f"openai.routes.{routes.key}"
    ranking = _rank(routes, models, today)
    if not ranking:
        detail = f"{routes.chosen}: nothing here is served in this way; {AUTO} takes what there is"
        return Finding(subject, Verdict.WARNING, detail)
    picked, *others = ranking
    detail = f"{routes.chosen}: {_describe(picked, today)}"
    is_listed = picked.model in models
    if not is_listed:
        detail += ", which the server does not list"
    ending = picked.until is not None and picked.until - today <= _NOTICE
    heirs = [other for other in others if other.model in models and _outlives(other, picked, today)]
    if heirs:
        detail += f"; then {_describe(heirs[0], today)}"
    elif ending or not is_listed:
        detail += "; nothing is known to come after it"
    return Finding(subject, Verdict.OK if is_listed and not ending else Verdict.WARNING, detail)


def _rank(routes: Routes[Any], models: Models, today: date) -> list[Picked]:
    """In the order in which they are taken, where what the server does not list is not there."""
    told = [replace(one, until=models.get(one.model) or one.until) for one in routes.ranking]
    return sorted(told, key=lambda one: (one.model not in models, _is_over(one, today)))


def _describe(one: Picked, today: date) -> str:
    if one.until is None:
        return str(one)
    return f"{one}, {'over since' if _is_over(one, today) else 'until'} {one.until}"


def _is_over(one: Picked, today: date) -> bool:
    return one.until is not None and one.until <= today


def _outlives(other: Picked, picked: Picked, today: date) -> bool:
    if other.until is None or picked.until is None:
        return not _is_over(other, today)
    return other.until > picked.until


def _read_date(told: object) -> date | None:
    try:
        return date.fromisoformat(str(told or "")[:10])
    except ValueError:
        return None
