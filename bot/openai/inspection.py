"""What `python -m bot check` tells about the service."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.options import OpenAIOptions
from handlers.errors import ModelMissingError, ServiceError

_NOTICE = timedelta(days=90)


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


async def list_models(client: Client) -> dict[str, date | None]:
    """The models that the server says it has, each with the day on which it is shut down."""

    async def request() -> dict[str, date | None]:
        page = await client.patient_sdk.models.list()
        models = getattr(page, "data", None) or ()
        return {
            model.id: _read_date(getattr(model, "shutdown_date", None))
            for model in models
            if isinstance(getattr(model, "id", None), str)
        }

    return await client.ask(request, model="")


async def inspect_service(
    client: Client, catalogue: ModelCatalogue, options: OpenAIOptions, today: date
) -> tuple[Finding, ...]:
    url = urlsplit(options.url)
    subject = f"openai endpoint {url.hostname}" + (f":{url.port}" if url.port else "")
    try:
        models = await list_models(client)
    except ModelMissingError:
        detail = "reachable, but does not tell which models it has"
        return (Finding(subject, Verdict.WARNING, detail),)
    except ServiceError as exc:
        return (Finding(subject, Verdict.BROKEN, f"{type(exc).__name__}: {exc}"),)
    findings = [Finding(subject, Verdict.OK, f"reachable, {len(models)} models")]
    for key, model in _name_models(options):
        is_needed = key == "chat_model"
        finding = _judge_model(model, models, catalogue, today, is_needed=is_needed)
        findings.append(Finding(f"openai.{key} {model}", *finding))
    return tuple(findings)


def _name_models(options: OpenAIOptions) -> list[tuple[str, str]]:
    """Every model in the configuration, under its key."""
    named = [
        ("chat_model", options.chat_model),
        ("transcription_model", options.transcription_model),
        ("translation_model", options.translation_model),
        ("speech_model", options.speech_model),
        ("image_model", options.image_model),
    ]
    named += [("chat_models", name) for name in options.chat_models if name != options.chat_model]
    return [(key, model) for key, model in named if model]


def _judge_model(
    model: str,
    models: dict[str, date | None],
    catalogue: ModelCatalogue,
    today: date,
    *,
    is_needed: bool,
) -> tuple[Verdict, str]:
    failing = Verdict.BROKEN if is_needed else Verdict.WARNING
    end = models.get(model) or catalogue.shutdown(model)
    if model not in models:
        detail = "the server does not list it"
        return failing, f"{detail}; shut down on {end}" if end and end <= today else detail
    if end is None:
        return Verdict.OK, "present"
    if end <= today:
        return failing, f"to be shut down since {end}"
    verdict = Verdict.WARNING if end - today <= _NOTICE else Verdict.OK
    return verdict, f"present until {end}"


def _read_date(told: object) -> date | None:
    try:
        return date.fromisoformat(str(told or "")[:10])
    except ValueError:
        return None
