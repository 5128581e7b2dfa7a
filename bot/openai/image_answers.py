"""What the image routes answer: pictures, and what they cost."""

import asyncio
import base64
import binascii
from typing import Any

from bot.openai.fields import find_count, find_list, find_text
from handlers.errors import AnswerEmptyError, ServiceDownError, ServiceRejectedError
from handlers.messages import Capability, UsageEntry
from handlers.ports.images import Picture

_MIMES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


async def read_pictures(answer: Any) -> tuple[Picture, ...]:
    """Those of a whole answer, never none."""
    if isinstance(answer, str):
        # The SDK hands over as a string what is no JSON: a proxy's page, say.
        raise ServiceDownError("the answer is no JSON")
    pictures = tuple([await read_picture(image) for image in find_list(answer, "data")])
    if not pictures:
        raise AnswerEmptyError("no picture came")
    return pictures


async def read_picture(image: Any) -> Picture:
    encoded = find_text(image, "b64_json")
    url = find_text(image, "url")
    if not encoded and url.startswith("data:"):
        encoded = url.partition(",")[2]
    if not encoded:
        # An address that a server names is not fetched: it may lie inside the operator's network.
        raise ServiceRejectedError("a picture came as an address, not as bytes")
    try:
        data = await asyncio.to_thread(base64.b64decode, encoded)
    except binascii.Error as exc:
        raise ServiceDownError("a picture came broken") from exc
    return Picture(data, tell_picture_mime(data), find_text(image, "revised_prompt"))


def read_usage(answer: Any, model: str, count: int) -> tuple[UsageEntry, int]:
    """What was used, and how many of the input tokens were pictures."""
    asked = find_count(answer, "usage", "input_tokens")
    made = find_count(answer, "usage", "output_tokens")
    if asked is None or made is None:
        return UsageEntry(Capability.IMAGE, model, images=count, is_estimate=True), 0
    entry = UsageEntry(
        Capability.IMAGE, model, input_tokens=asked, output_tokens=made, images=count
    )
    pictures = find_count(answer, "usage", "input_tokens_details", "image_tokens")
    return entry, pictures or 0


def tell_picture_mime(data: bytes) -> str:
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    for opening, mime in _MIMES.items():
        if data.startswith(opening):
            return mime
    raise ServiceDownError("what came is no picture that is known")
