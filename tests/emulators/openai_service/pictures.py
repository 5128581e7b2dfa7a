"""Pictures that are sent: they are really decoded, and judged by the rules of the routes."""

import base64
import binascii
import io
import math
import re
import warnings
from functools import lru_cache, partial
from typing import Any

from PIL import Image

from tests.emulators.openai_service.drawing import draw
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
from tests.emulators.openai_service.replies import Making

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
_OLD_GENERATION = names("prompt model n size response_format user")
_OLD_EDIT = _OLD_GENERATION
_VARIATION = names("model n size response_format user")
_MAX_OLD_PROMPT = 1_000


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
    return partial(draw, request)


def check_edit(request: RecordedRequest) -> Making:
    refuse_unknown(request.body, _EDIT)
    _check_options(dict(request.body))
    images, masks = _uploads(request)
    refuse_unless(len(images) <= _MAX_EDITED, "Too many images: at most 16.", "image")
    is_list = any(image.field == "image[]" for image in images)
    refuse_unless(len(images) == 1 or is_list, "Duplicate parameter: 'image'.", "image")
    sizes = [_edited_size(image, _MAX_EDITED_BYTES) for image in images]
    for image in images:
        _check_format(image, frozenset({"PNG", "WEBP", "JPEG"}))
    _check_masks(masks, sizes[0])
    return partial(draw, request)


def check_old_generation(request: RecordedRequest) -> Making:
    """For models of the kind of dall-e-2."""
    refuse_unknown(request.body, _OLD_GENERATION)
    _check_old_options(dict(request.body))
    require(request.body, "prompt")
    require_length(request.body, "prompt", _MAX_OLD_PROMPT)
    return partial(draw, request)


def check_old_edit(request: RecordedRequest) -> Making:
    """One square PNG, and a mask unless it is transparent itself."""
    refuse_unknown(request.body, _OLD_EDIT)
    _check_old_options(dict(request.body))
    require(request.body, "prompt")
    require_length(request.body, "prompt", _MAX_OLD_PROMPT)
    image, masks = _square(request)
    _check_masks(masks, _edited_size(image, _MAX_MASK_BYTES))
    has_hole = _has_hole(image) or any(_has_hole(mask) for mask in masks)
    refuse_unless(has_hole, "Nothing is transparent, so nothing can be edited.", "mask")
    return partial(draw, request)


def check_variation(request: RecordedRequest, *, is_old: bool) -> Making:
    refuse_unknown(request.body, _VARIATION)
    if not is_old:
        # Not a fault of the client: it cannot know but by asking.
        raise ApiError(
            f"Invalid value: '{request.body.get('model')}'. Value must be 'dall-e-2'.",
            param="model",
            code="invalid_value",
        )
    _check_old_options(dict(request.body))
    _square(request)
    return partial(draw, request)


def _uploads(request: RecordedRequest) -> tuple[list[Upload], list[Upload]]:
    """The images, at least one, and the masks, at most one."""
    images = [file for file in request.files if file.field in ("image", "image[]")]
    masks = [file for file in request.files if file.field == "mask"]
    strange = [file.field for file in request.files if file not in (*images, *masks)]
    refuse_unless(not strange, f"Unknown parameter: {strange}.", "image", "unknown_parameter")
    refuse_unless(len(images) > 0, "Missing required parameter: 'image'.", "image")
    refuse_unless(len(masks) <= 1, "Duplicate parameter: 'mask'.", "mask")
    return images, masks


def _square(request: RecordedRequest) -> tuple[Upload, list[Upload]]:
    images, masks = _uploads(request)
    refuse_unless(len(images) == 1 and images[0].field == "image", "Expected one image.", "image")
    width, height = _edited_size(images[0], _MAX_MASK_BYTES)
    refuse_unless(width == height, "Uploaded image must be a square.", "image")
    _check_format(images[0], frozenset({"PNG"}))
    return images[0], masks


def _check_masks(masks: list[Upload], size: tuple[int, int]) -> None:
    for mask in masks:
        is_alike = _edited_size(mask, _MAX_MASK_BYTES) == size
        refuse_unless(is_alike, "The mask must have the first image's size.", "mask")
        _check_format(mask, frozenset({"PNG"}))
        with Image.open(io.BytesIO(mask.data)) as image:
            has_alpha = "A" in image.getbands()
        refuse_unless(has_alpha, "The mask must be a PNG with an alpha channel.", "mask")


def _check_format(file: Upload, formats: frozenset[str]) -> None:
    with Image.open(io.BytesIO(file.data)) as image:
        format_ = str(image.format)
    mime = f"image/{format_.lower()}"
    refuse_unless(format_ in formats, f"Unsupported format {format_}.", file.field)
    refuse_unless(file.content_type == mime, f"Unsupported mimetype for {mime}.", file.field)


def _has_hole(file: Upload) -> bool:
    with Image.open(io.BytesIO(file.data)) as image:
        return any(image.convert("RGBA").getchannel("A").histogram()[:255])


def _check_old_options(body: dict[str, Any]) -> None:
    require_range(body, "n", 1, 10)
    require_choice(body, "size", frozenset({"256x256", "512x512", "1024x1024"}))
    require_choice(body, "response_format", frozenset({"url", "b64_json"}))


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
    require_range(body, "partial_images", 0, 3)
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
