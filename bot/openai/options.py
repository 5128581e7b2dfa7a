"""What the operator chose for the service. bot/config.py builds it; this room reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from urllib.parse import urlsplit

OPENAI_URL = "https://api.openai.com/v1"

ChatApi = Literal["auto", "responses", "chat_completions"]


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known about a model; an empty field is unknown. Prices are US dollars."""

    input_per_million: float | None = None
    """Per million input tokens, as the next two."""
    cached_input_per_million: float | None = None
    output_per_million: float | None = None
    picture_input_per_million: float | None = None
    """Of the input tokens, those that are pictures; unknown: as much as any other."""
    per_minute: float | None = None
    """Of sound, heard or spoken."""
    per_million_characters: float | None = None
    """Of text, spoken."""
    per_image: float | None = None
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
    image_model: str = "gpt-image-2.6-flare"
    image_size: str = "auto"
    image_quality: str = "auto"
    image_partials: int = 2
    """How often a picture is shown while it is made, 0 to 3, where the model can; each costs about
    100 output tokens."""
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
