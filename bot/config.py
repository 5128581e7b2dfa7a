"""config.yaml and the environment become one frozen Config.

What each key means stands in config.yaml. Precedence: PARLEY_<SECTION>__<KEY> over YAML over the
plain names (OPENAI_API_KEY and its like) in the environment over those in .env. An empty value
means the key's default; for a token the default is none. Nothing is read but what is passed in.
"""

import dataclasses
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from bot import config_sources as sources
from bot.config_mends import explain
from bot.config_types import (
    BotUrl,
    Count,
    HttpUrl,
    Member,
    Number,
    Person,
    Price,
    Seconds,
    Secret,
    SocketUrl,
    Texts,
    parse,
    split,
)
from bot.internet.options import FORECAST_URL, PLACES_URL
from bot.mcp.options import McpOptions
from bot.openai.options import (
    ChatApi,
    ImageRouteName,
    ModelFacts,
    OpenAIOptions,
    RouteChoices,
    SpeechKind,
    SpeechRouteName,
    TranscriptionRouteName,
    TranslationRouteName,
)
from handlers.errors import ConfigError

TELEGRAM_URL = "https://api.telegram.org/bot"
DISCORD_URL = "https://discord.com/api/v10"
_OPENAI = OpenAIOptions()


class Section(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True
    )
    empty_counts: ClassVar[frozenset[str]] = frozenset()
    """Keys for which an empty text is a choice of its own and not the default."""

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, values: object) -> object:
        if not isinstance(values, dict):
            return values
        return {
            key: value
            for key, value in values.items()
            if key in cls.empty_counts
            or key not in cls.model_fields
            or not (isinstance(value, str) and not value.strip())
        }


class TelegramSection(Section):
    token: Secret = ""
    api_base_url: BotUrl = TELEGRAM_URL
    file_base_url: HttpUrl = ""
    mode: Literal["polling"] = "polling"
    update_interval_s: Seconds = 1.0
    group_update_interval_s: Seconds = 1.5
    messages_per_s: Seconds = 30.0

    @property
    def file_url(self) -> str:
        """``file_base_url``, or what belongs to ``api_base_url``: .../bot has .../file/bot."""
        if self.file_base_url:
            return self.file_base_url
        host, _, last = self.api_base_url.rpartition("/")
        return f"{host}/file/{last}"


class DiscordSection(Section):
    token: Secret = ""
    api_base_url: HttpUrl = DISCORD_URL
    gateway_url: SocketUrl = ""
    update_interval_s: Seconds = 1.0
    catch_up_hours: Annotated[Number, Field(ge=0)] = 24.0


class ModelSection(Section):
    """The fields of ModelFacts."""

    input_per_million: Price | None = None
    cached_input_per_million: Price | None = None
    output_per_million: Price | None = None
    picture_input_per_million: Price | None = None
    sound_output_per_million: Price | None = None
    per_minute: Price | None = None
    per_million_characters: Price | None = None
    per_image: Price | None = None
    per_search: Price | None = None
    per_session: Price | None = None
    efforts: Texts = ()
    shutdown: date | None = None
    is_base64_only: bool | None = None
    shows_partial_images: bool | None = None
    edits_square_png: bool | None = None
    images_per_request: Annotated[Count, Field(ge=1)] | None = None
    tells_times: bool | None = None
    dimensions: Annotated[Count, Field(ge=1)] | None = None
    hears: bool | None = None
    speech_route: SpeechKind | None = None
    takes_tone: bool | None = None
    voices: Texts = ()
    replaced_by: Texts = ()


class RoutesSection(Section):
    """The fields of RouteChoices."""

    speech: SpeechRouteName = "auto"
    transcription: TranscriptionRouteName = "auto"
    translation: TranslationRouteName = "auto"
    images: ImageRouteName = "auto"


class OpenAISection(Section):
    """The fields of OpenAIOptions, whose defaults are the defaults here."""

    empty_counts = frozenset(
        {"translation_model", "embedding_model", "speech_realtime_model", "speech_chat_model"}
    )

    api_key: Secret = _OPENAI.api_key
    base_url: HttpUrl = _OPENAI.base_url
    chat_api: ChatApi = _OPENAI.chat_api
    chat_model: str = _OPENAI.chat_model
    chat_models: Texts = _OPENAI.chat_models
    timeout_s: Annotated[Number, Field(gt=0)] = _OPENAI.timeout_s
    whole_answer_timeout_s: Annotated[Number, Field(gt=0)] | None = _OPENAI.whole_answer_timeout_s
    max_output_tokens: Annotated[Count, Field(ge=1)] | None = _OPENAI.max_output_tokens
    transcription_model: str = _OPENAI.transcription_model
    translation_model: str = _OPENAI.translation_model
    speech_model: str = _OPENAI.speech_model
    voice: str = _OPENAI.voice
    voices: Texts = _OPENAI.voices
    speech_instructions: str = _OPENAI.speech_instructions
    speech_speed: Annotated[Number, Field(ge=0.25, le=4)] = _OPENAI.speech_speed
    speech_realtime_model: str = _OPENAI.speech_realtime_model
    speech_chat_model: str = _OPENAI.speech_chat_model
    embedding_model: str = _OPENAI.embedding_model
    image_model: str = _OPENAI.image_model
    image_size: str = _OPENAI.image_size
    image_quality: str = _OPENAI.image_quality
    image_partials: Annotated[Count, Field(ge=0, le=3)] = _OPENAI.image_partials
    routes: Annotated[RoutesSection, BeforeValidator(parse)] = RoutesSection()
    models: Annotated[Mapping[str, ModelSection], BeforeValidator(parse)] = Field(
        default_factory=dict
    )

    def to_options(self) -> OpenAIOptions:
        """The same, for bot/openai."""
        values: dict[str, Any] = {
            field.name: getattr(self, field.name) for field in dataclasses.fields(OpenAIOptions)
        }
        values["models"] = {
            name: ModelFacts(**model.model_dump()) for name, model in self.models.items()
        }
        values["routes"] = RouteChoices(**self.routes.model_dump())
        return OpenAIOptions(**values)


class StorageSection(Section):
    path: Path = Path("parley.db")
    media_path: Path = Path()
    """Never empty in a loaded Config."""


class AccessSection(Section):
    mode: Literal["listed", "open"] = "listed"
    owners: Annotated[tuple[Person, ...], BeforeValidator(split)] = ()
    users: Annotated[tuple[Member, ...], BeforeValidator(split)] = ()


class WebSection(Section):
    host: str = "127.0.0.1"
    port: Annotated[Count, Field(ge=0, le=65535)] = 8080


class HistorySection(Section):
    max_tokens: Annotated[Count, Field(ge=500)] = 16000
    search_by_meaning: bool = True


class ChatSection(Section):
    persona: str = ""
    language: str = ""
    voice: Literal["auto", "on", "off"] = "auto"
    detail: Literal["low", "high", "auto"] = "high"


class DocumentsSection(Section):
    search: Literal["local", "hosted"] = "local"
    min_similarity: Annotated[Number, Field(ge=0, le=1)] = 0.3


class AnalysisSection(Section):
    enabled: bool = True
    timeout_s: Annotated[Number, Field(gt=0)] = 600.0
    model: str = ""


class LimitsSection(Section):
    queue_per_chat: Annotated[Count, Field(ge=100)] = 200
    concurrent_turns: Annotated[Count, Field(ge=1)] = 64


class ToolsSection(Section):
    """The fields of ToolLimits and of ToolRules."""

    empty_counts = frozenset({"enabled"})

    enabled: Texts = ("all",)
    owners_only: Texts = ()
    rounds: Annotated[Count, Field(ge=1, le=50)] = 8
    calls: Annotated[Count, Field(ge=1, le=200)] = 16
    call_timeout_s: Annotated[Number, Field(gt=0)] = 60.0
    total_timeout_s: Annotated[Number, Field(gt=0)] = 600.0
    output_characters: Annotated[Count, Field(ge=500, le=1_000_000)] = 32_000
    own_hosts: Texts = ()
    weather_places_url: HttpUrl = PLACES_URL
    weather_forecast_url: HttpUrl = FORECAST_URL


class McpServerSection(Section):
    """The fields of McpOptions."""

    command: str = ""
    arguments: Texts = ()
    environment: Mapping[str, str] = Field(default_factory=dict)
    url: HttpUrl = ""
    headers: Mapping[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if bool(self.command) == bool(self.url):
            raise ValueError("a server has a command or a url, one of the two")
        return self

    def to_options(self) -> McpOptions:
        return McpOptions(**self.model_dump())


class McpSection(Section):
    servers: Annotated[Mapping[str, McpServerSection], BeforeValidator(parse)] = Field(
        default_factory=dict
    )


class LoggingSection(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class RunSection(Section):
    shutdown_grace_s: Seconds = 8.0


class Config(Section):
    telegram: TelegramSection = TelegramSection()
    discord: DiscordSection = DiscordSection()
    openai: OpenAISection = OpenAISection()
    storage: StorageSection = StorageSection()
    access: AccessSection = AccessSection()
    web: WebSection = WebSection()
    history: HistorySection = HistorySection()
    chat: ChatSection = ChatSection()
    documents: DocumentsSection = DocumentsSection()
    analysis: AnalysisSection = AnalysisSection()
    limits: LimitsSection = LimitsSection()
    tools: ToolsSection = ToolsSection()
    mcp: McpSection = McpSection()
    logging: LoggingSection = LoggingSection()
    run: RunSection = RunSection()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown or logged."""
        values = (self.telegram.token, self.discord.token, self.openai.api_key)
        return tuple(value for value in values if value)

    def placed_in(self, folder: Path) -> Self:
        """The same with absolute paths: relative ones are taken from ``folder``."""
        path = folder / self.storage.path.expanduser()
        media = self.storage.media_path
        if media == Path():
            media = path.with_name(f"{path.stem}-media")
        storage = StorageSection(path=path, media_path=folder / media.expanduser())
        return self.model_copy(update={"storage": storage})


def load_config(path: Path | None, environ: Mapping[str, str]) -> Config:
    """The configuration of a bot that can start; ConfigError, in one line, for any other.

    ``path`` names the YAML file; None means that there is none. .env is looked for beside it, or
    in the working directory.
    """
    folder = _folder(path)
    dotenv = sources.read_dotenv(folder)
    variables = {**dotenv, **environ}
    unexpanded = sources.read_file(path) if path else {}
    written = sources.expand(unexpanded, variables.get)
    values = sources.merge(
        sources.merge(sources.from_plain_names(variables), written),
        sources.from_overrides(variables),
    )
    try:
        config = Config.model_validate(values)
    except ValidationError as exc:
        raise ConfigError(
            explain(exc, Config, sources.origins(variables, written, str(path)))
        ) from exc

    def find_source(section: str, key: str) -> str | None:
        return sources.find_source((section, key), environ, dotenv, unexpanded, str(path))

    _require_platform(config, find_source("telegram", "token"), find_source("discord", "token"))
    _require_key(config, find_source("openai", "api_key"))
    return config.placed_in(folder)


def find_unread_names(path: Path | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Variables that begin with PARLEY_ and set nothing, for want of two underscores."""
    return sources.unread_names({**sources.read_dotenv(_folder(path)), **environ})


def _folder(path: Path | None) -> Path:
    return (path.parent if path else Path()).resolve()


def _require_platform(config: Config, telegram: str | None, discord: str | None) -> None:
    """``telegram``, ``discord``: where the token was given, be it empty."""
    if config.telegram.token or config.discord.token:
        return
    empty = [
        f"{platform}.token: {source} is empty"
        for platform, source in (("telegram", telegram), ("discord", discord))
        if source
    ]
    if empty:
        raise ConfigError(
            f"{', '.join(empty)}, so there is no platform to start; put the token that @BotFather "
            "(Telegram) or discord.com/developers (Discord) gives there"
        )
    raise ConfigError(
        "telegram.token, discord.token: not set, so there is no platform to start; put the token "
        "that @BotFather gives into TELEGRAM_BOT_TOKEN, or the one from discord.com/developers "
        "into DISCORD_BOT_TOKEN, in the environment or in .env"
    )


def _require_key(config: Config, source: str | None) -> None:
    if config.openai.api_key or not config.openai.to_options().is_openai:
        return
    if source:
        raise ConfigError(
            f"openai.api_key: {source} is empty; "
            "put a key from platform.openai.com there, or take the empty value out"
        )
    raise ConfigError(
        "openai.api_key: not set; put a key from platform.openai.com into OPENAI_API_KEY, "
        "or name another server in openai.base_url"
    )
