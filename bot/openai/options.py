"""What the operator chose for the service. bot/config.py builds it; this room reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from urllib.parse import urlsplit

OPENAI_URL = "https://api.openai.com/v1"

ChatApi = Literal["auto", "responses", "chat_completions"]
SpeechRouteName = Literal["auto", "endpoint", "realtime", "chat"]
SpeechKind = Literal["endpoint", "realtime", "chat"]
TranscriptionRouteName = Literal["auto", "endpoint", "chat"]
TranslationRouteName = Literal["auto", "endpoint", "chat"]
ImageRouteName = Literal["auto", "endpoint", "responses"]


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known about a model; an empty field is unknown. Prices are US dollars."""

    input_per_million: float | None = None
    """Per million input tokens, as the next two."""
    cached_input_per_million: float | None = None
    output_per_million: float | None = None
    picture_input_per_million: float | None = None
    """Of the input tokens, those that are pictures; unknown: as much as any other."""
    sound_output_per_million: float | None = None
    """Of the output tokens, those that are sound; unknown: nobody can say what it cost."""
    per_minute: float | None = None
    """Of sound, heard or spoken."""
    per_million_characters: float | None = None
    """Of text, spoken."""
    per_image: float | None = None
    per_search: float | None = None
    """Of the web, by the service, for an answer of this model."""
    per_session: float | None = None
    """Of a container in which code is run."""
    efforts: tuple[str, ...] = ()
    """Reasoning efforts that it takes."""
    shutdown: date | None = None
    """From this day it does not answer."""
    is_base64_only: bool | None = None
    """An image model that always answers base64, and refuses to be asked for it."""
    shows_partial_images: bool | None = None
    """An image model that can be watched at work."""
    edits_square_png: bool | None = None
    """An image model of the old kind: it edits one square PNG under 4 MB."""
    images_per_request: int | None = None
    """If it makes fewer than 10."""
    tells_times: bool | None = None
    """False for a transcription model that does not tell when what was said."""
    dimensions: int | None = None
    """An embedding model's vectors are asked to be so long; for those that can be asked."""
    hears: bool | None = None
    """A chat model that takes sound in a question."""
    speech_route: SpeechKind | None = None
    """How it is asked to speak; unknown: by the speech endpoint."""
    takes_tone: bool | None = None
    """False for a speech model that refuses to be told how to speak."""
    voices: tuple[str, ...] = ()
    """Those that it has, if it lacks some of the known ones."""
    replaced_by: tuple[str, ...] = ()
    """What does the same at the same endpoint and is tried when this one is gone, best first."""


@dataclass(frozen=True, slots=True)
class RouteChoices:
    """By which route each capability is served; ``auto`` takes what is there, and moves on."""

    speech: SpeechRouteName = "auto"
    transcription: TranscriptionRouteName = "auto"
    translation: TranslationRouteName = "auto"
    images: ImageRouteName = "auto"


@dataclass(frozen=True, slots=True)
class OpenAIOptions:
    api_key: str = field(default="", repr=False)
    base_url: str = ""
    """Empty for OpenAI itself."""
    chat_api: ChatApi = "auto"
    chat_model: str = "gpt-6-luna"
    chat_models: tuple[str, ...] = ()
    """Offered in menus; the default model is always among them."""
    timeout_s: float = 30.0
    """The longest silence: before the first event of an answer, and between two of them."""
    whole_answer_timeout_s: float | None = None
    """The same for answers that come in one piece (pictures, speech, transcripts); None is six
    times ``timeout_s``, since such a service is silent for as long as it works."""
    max_output_tokens: int | None = None
    transcription_model: str = "gpt-transcribe"
    translation_model: str = "whisper-1"
    """Empty: translate by transcription and chat from the start."""
    speech_model: str = "gpt-4o-mini-tts"
    voice: str = "alloy"
    voices: tuple[str, ...] = ()
    """Offered in menus; empty for those of the packaged list."""
    speech_instructions: str = ""
    speech_speed: float = 1.0
    """0.25 to 4, as far as the model goes."""
    speech_realtime_model: str = "gpt-realtime-2.1-mini"
    """Speaks where the endpoint has ended; empty: nothing does. As the next one."""
    speech_chat_model: str = "gpt-audio-1.5"
    embedding_model: str = "text-embedding-3-small"
    """Empty: documents are searched by words alone."""
    image_model: str = "gpt-image-2.6-flare"
    image_size: str = "auto"
    image_quality: str = "auto"
    image_partials: int = 2
    """How often a picture is shown while it is made, 0 to 3, where the model can; each costs about
    100 output tokens."""
    routes: RouteChoices = RouteChoices()
    models: Mapping[str, ModelFacts] = field(default_factory=dict)
    """Overrides, field by field, what the packaged list says of a model, and adds to it."""

    @property
    def url(self) -> str:
        return self.base_url or OPENAI_URL

    @property
    def is_openai(self) -> bool:
        """Whether the server is OpenAI's own, so that it knows every newer parameter."""
        host = urlsplit(self.url).hostname or ""
        return host == "api.openai.com" or host.endswith(".api.openai.com")

    @property
    def whole_timeout_s(self) -> float:
        return self.whole_answer_timeout_s or 6 * self.timeout_s
