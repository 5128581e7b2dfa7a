"""Pictures: what is sent is really decoded, and what is made is really a picture."""

import base64
import binascii
import hashlib
import io
import math
import re
import time
import warnings
from functools import lru_cache, partial
from typing import Any

from PIL import Image

from tests.emulators.openai_service.errors import (
    ApiError,
    ViolationError,
    names,
    refuse_unknown,
    refuse_unless,
    require,
    require_choice,
    require_length,
    require_range,
)
from tests.emulators.openai_service.records import RecordedRequest, SeenPicture, Upload
from tests.emulators.openai_service.replies import Making, Reply, json_reply

_MAX_SEEN_BYTES = 20 * 1024 * 1024
_MAX_EDITED_BYTES = 50 * 1024 * 1024
_MAX_MASK_BYTES = 4 * 1024 * 1024
_MAX_EDITED = 16
_MAX_PROMPT = 32_000
_DATA_URL = re.compile(r"data:image/(png|jpeg|gif|webp);base64,(.*)", re.DOTALL)
_OLD_SIZES = frozenset({"auto", "1024x1024", "1536x1024", "1024x1536"})
_GENERATION = names(
    "prompt model n quality output_format output_compression stream partial_images size moderation"
    " background user safety_identifier response_format style complexity frame_count"
    " frame_duration_ms svg"
)
_EDIT = (_GENERATION | {"input_fidelity"}) - {"moderation", "style"}
_OUTPUT_TOKENS = {"low": 272, "medium": 1_056, "auto": 1_056, "high": 4_160}


def seen_picture(url: object, detail: object, param: str) -> SeenPicture:
    """A picture in a question, decoded as the service would."""
    if not isinstance(url, str):
        raise ViolationError(f"Invalid type for '{param}'.", param=param, code="invalid_type")
    if url.startswith(("https://", "http://")):
        return SeenPicture(url=url, detail=str(detail or "auto"), tokens=765)
    match = _DATA_URL.fullmatch(url)
    if not match:
        raise ViolationError(
            f"Invalid '{param}'. Expected a URL, or a base64 data URL of a png, jpeg, gif or webp.",
            param=param,
            code="invalid_image_url",
        )
    try:
        data = base64.b64decode(match[2], validate=True)
    except binascii.Error as exc:
        raise ViolationError(
            "Invalid base64 image_url.", param=param, code="invalid_base64"
        ) from exc
    if len(data) > _MAX_SEEN_BYTES:
        raise ViolationError(f"Image of {len(data)} bytes is too large.", param=param)
    width, height, colour = _decode(data, param)
    return SeenPicture(
        "", str(detail or "auto"), data, width, height, colour, _tokens(width, height, detail)
    )


@lru_cache(maxsize=64)
def _decode(data: bytes, param: str) -> tuple[int, int, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data), formats=["PNG", "JPEG", "GIF", "WEBP"]) as image:
                pixel = image.convert("RGB").resize((1, 1), Image.Resampling.BOX).tobytes()
                return image.width, image.height, f"#{pixel.hex()}"
        except (OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError) as exc:
            raise ViolationError(
                "You uploaded an unsupported image. Please make sure your image is valid and has "
                "one of the following formats: ['png', 'jpeg', 'gif', 'webp'].",
                param=param,
                code="invalid_image_format",
            ) from exc


def _tokens(width: int, height: int, detail: object) -> int:
    if detail == "low":
        return 85
    scale = min(1.0, 2048 / max(width, height))
    scale = min(scale, 768 / min(width, height))
    return 85 + 170 * math.ceil(width * scale / 512) * math.ceil(height * scale / 512)


def check_generation(request: RecordedRequest) -> Making:
    refuse_unknown(request.body, _GENERATION)
    _check_options(dict(request.body))
    return partial(_draw, request)


def check_edit(request: RecordedRequest) -> Making:
    refuse_unknown(request.body, _EDIT)
    _check_options(dict(request.body))
    images = [file for file in request.files if file.field in ("image", "image[]")]
    masks = [file for file in request.files if file.field == "mask"]
    refuse_unless(len(images) > 0, "Missing required parameter: 'image'.", "image")
    refuse_unless(len(images) <= _MAX_EDITED, "Too many images: at most 16.", "image")
    sizes = [_edited_size(image, _MAX_EDITED_BYTES) for image in images]
    for mask in masks:
        size = _edited_size(mask, _MAX_MASK_BYTES)
        refuse_unless(size == sizes[0], "The mask must have the first image's size.", "mask")
        with Image.open(io.BytesIO(mask.data)) as image:
            has_alpha = image.format == "PNG" and "A" in image.getbands()
        refuse_unless(has_alpha, "The mask must be a PNG with an alpha channel.", "mask")
    return partial(_draw, request)


def _edited_size(file: Upload, max_bytes: int) -> tuple[int, int]:
    refuse_unless(len(file.data) < max_bytes, f"'{file.field}' is too large.", file.field)
    width, height, _ = _decode(file.data, file.field)
    return width, height


def _check_options(body: dict[str, Any]) -> None:
    require(body, "prompt")
    require_length(body, "prompt", _MAX_PROMPT)
    require_range(body, "n", 1, 10)
    require_choice(body, "moderation", frozenset({"low", "auto"}))
    require_choice(body, "background", frozenset({"transparent", "opaque", "auto"}))
    require_choice(body, "output_format", frozenset({"png", "jpeg", "webp"}))
    require_range(body, "output_compression", 0, 100)
    model = str(body.get("model") or "")
    if not model.startswith(("gpt-image", "chatgpt-image")):
        return
    for name in ("response_format", "style"):
        refuse_unless(name not in body, f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    has_sizes_of_2 = not re.match(r"gpt-image-1(\.5|-mini)?($|-)", model)
    newer = {"xhigh", "max"} if re.match(r"gpt-image-2\.", model) else set[str]()
    require_choice(body, "quality", frozenset({"low", "medium", "high", "auto"} | newer))
    size = str(body.get("size") or "auto")
    is_size = size in _OLD_SIZES or (has_sizes_of_2 and _is_free_size(size))
    refuse_unless(is_size, f"Invalid value: '{size}'.", "size")
    format_ = body.get("output_format") or "png"
    if body.get("background") == "transparent":
        refuse_unless(format_ != "jpeg", "Transparent needs png or webp.", "background")
    if body.get("output_compression") is not None:
        refuse_unless(format_ != "png", "Compression needs jpeg or webp.", "output_compression")


def _is_free_size(size: str) -> bool:
    match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", size)
    if not match:
        return False
    width, height = int(match[1]), int(match[2])
    is_whole = width % 16 == 0 and height % 16 == 0
    return is_whole and max(width, height) <= 3840 and 1 / 3 <= width / height <= 3


def _draw(request: RecordedRequest, _words: str) -> Reply:
    """Pictures in a colour that follows from the prompt."""
    body = request.body
    if body.get("stream"):
        raise ApiError("The emulator does not stream pictures.", status=501)
    prompt, count = str(body["prompt"]), int(body.get("n") or 1)
    size, format_ = str(body.get("size") or "auto"), str(body.get("output_format") or "png")
    width, height = (1024, 1024) if size == "auto" else map(int, size.split("x"))
    colour = tuple(hashlib.sha256(prompt.encode()).digest()[:3])
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, format_)
    encoded = base64.b64encode(buffer.getvalue()).decode()
    quality = str(body.get("quality") or "auto")
    text_tokens, image_tokens = -(-len(prompt) // 4), 323 * len(request.files)
    output_tokens = _OUTPUT_TOKENS.get(quality, 6_208) * count
    answer = {
        "created": int(time.time()),
        "data": [{"b64_json": encoded} for _ in range(count)],
        "background": "opaque",
        "output_format": format_,
        "quality": "medium" if quality == "auto" else quality,
        "size": f"{width}x{height}",
        "usage": {
            "input_tokens": text_tokens + image_tokens,
            "input_tokens_details": {"text_tokens": text_tokens, "image_tokens": image_tokens},
            "output_tokens": output_tokens,
            "total_tokens": text_tokens + image_tokens + output_tokens,
        },
    }
    billed = {
        "images": count,
        "input_tokens": text_tokens + image_tokens,
        "output_tokens": output_tokens,
    }
    return json_reply(answer, billed)
