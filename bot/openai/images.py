"""Pictures made from words, by the images endpoint."""

import asyncio
import base64
import binascii
from typing import Any

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.options import OpenAIOptions
from bot.openai.parts import write_text
from handlers.errors import AnswerEmptyError, ServiceDownError, ServiceRejectedError
from handlers.messages import Capability, UsageEntry
from handlers.ports import Picture, Pictures

_AUTO = ("", "auto")
_MIMES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


class ImageRoute:
    """Fills the port ImageGenerator."""

    def __init__(self, client: Client, catalogue: ModelCatalogue, options: OpenAIOptions) -> None:
        self._client = client
        self._catalogue = catalogue
        self._options = options
        self._model = options.image_model

    async def generate(self, prompt: str, person: str = "") -> Pictures:
        body = self._build_body(prompt, person)
        images = self._client.patient_sdk.images
        answer = await self._client.ask(lambda: images.generate(**body), model=self._model)
        if isinstance(answer, str):
            # The SDK hands over as a string what is no JSON: a proxy's page, say.
            raise ServiceDownError("the answer is no JSON")
        found = getattr(answer, "data", None) or ()
        pictures = tuple([await _read_picture(image) for image in found])
        if not pictures:
            raise AnswerEmptyError("no picture came")
        return Pictures(pictures, self._catalogue.price(self._read_usage(answer, len(pictures))))

    def _build_body(self, prompt: str, person: str) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self._model, "prompt": write_text(prompt), "n": 1}
        # What is left to the service is not sent: older models do not know the word "auto".
        if self._options.image_size not in _AUTO:
            body["size"] = self._options.image_size
        if self._options.image_quality not in _AUTO:
            body["quality"] = self._options.image_quality
        if not self._catalogue.is_base64_only(self._model):
            body["response_format"] = "b64_json"
        if self._options.is_openai and person:
            body["safety_identifier"] = person
        return body

    def _read_usage(self, answer: Any, count: int) -> UsageEntry:
        usage = getattr(answer, "usage", None)
        asked = getattr(usage, "input_tokens", None)
        made = getattr(usage, "output_tokens", None)
        if not isinstance(asked, int) or not isinstance(made, int):
            return UsageEntry(Capability.IMAGE, self._model, images=count, is_estimate=True)
        return UsageEntry(
            Capability.IMAGE, self._model, input_tokens=asked, output_tokens=made, images=count
        )


async def _read_picture(image: Any) -> Picture:
    encoded = getattr(image, "b64_json", None) or ""
    url = getattr(image, "url", None) or ""
    if not encoded and url.startswith("data:"):
        encoded = url.partition(",")[2]
    if not encoded:
        # An address that a server names is not fetched: it may lie inside the operator's network.
        raise ServiceRejectedError("a picture came as an address, not as bytes")
    try:
        data = await asyncio.to_thread(base64.b64decode, encoded)
    except binascii.Error as exc:
        raise ServiceDownError("a picture came broken") from exc
    return Picture(data, tell_picture_mime(data), getattr(image, "revised_prompt", None) or "")


def tell_picture_mime(data: bytes) -> str:
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    for opening, mime in _MIMES.items():
        if data.startswith(opening):
            return mime
    raise ServiceDownError("what came is no picture that is known")
