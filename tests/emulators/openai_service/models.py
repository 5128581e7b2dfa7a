"""The models that the emulator lists, with the dates on which some of them end."""

from typing import Any

ENDS: dict[str, str | None] = {
    "gpt-6.2-astra": None,
    "gpt-6.2-sol": None,
    "gpt-6-sol": None,
    "gpt-6-luna": None,
    "gpt-5.6-luna": None,
    "gpt-5.4-nano": "2027-04-01",
    "gpt-5-mini": "2026-12-11",
    "gpt-4o": "2027-01-14",
    "gpt-4o-mini": "2027-01-14",
    "gpt-4.1-mini": "2027-01-14",
    "gpt-4-vision-preview": "2024-12-06",
    "gpt-3.5-turbo": "2026-10-23",
    "dall-e-2": "2026-05-12",
    "dall-e-3": "2026-05-12",
    "gpt-image-1": "2026-10-23",
    "gpt-image-1-mini": "2026-12-01",
    "gpt-image-2": None,
    "gpt-image-2.6-flare": None,
    "gpt-transcribe": None,
    "gpt-4o-mini-transcribe": "2027-02-26",
    "whisper-1": "2027-02-26",
    "gpt-4o-mini-tts": "2027-01-06",
    "tts-1": "2027-01-06",
    "tts-1-hd": "2027-01-06",
    "gpt-realtime": "2027-01-20",
    "gpt-realtime-2.1": None,
    "gpt-realtime-2.1-mini": None,
    "gpt-audio-1.5": None,
    "gpt-audio-mini": "2027-01-20",
    "text-embedding-3-small": None,
    "text-embedding-3-large": None,
    "omni-moderation-latest": None,
}


def model_object(name: str, end: str | None) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": 1_700_000_000,
        "owned_by": "openai",
        "shutdown_date": end,
    }
