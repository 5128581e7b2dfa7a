"""What the bodies of all image routes have in common."""

import re
from typing import Any

from bot.openai.catalogue import ModelCatalogue
from bot.openai.options import OpenAIOptions
from handlers.errors import PictureOptionError
from handlers.ports.images import ImageOptions

AS_CONFIGURED = ImageOptions()
_AUTO = ("", "auto")
_SQUARE = re.compile(r"(\d+)x\1")


class ImageBodies:
    def __init__(self, catalogue: ModelCatalogue, options: OpenAIOptions, model: str) -> None:
        self.model = model
        self._options = options
        self._is_base64_only = catalogue.is_base64_only(model)

    def build(self, chosen: ImageOptions, person: str) -> dict[str, Any]:
        return self._bare(person) | self.looks(chosen)

    def looks(self, chosen: ImageOptions) -> dict[str, Any]:
        """How the picture is to be, as every route but the old ones says it."""
        # What is left to the service is not sent: older models do not know the word "auto".
        options = self._options
        asked = {
            "size": chosen.size or options.image_size,
            "quality": chosen.quality or options.image_quality,
            "background": chosen.background,
            "output_format": chosen.format,
        }
        return {name: value for name, value in asked.items() if value not in _AUTO}

    def build_square(self, chosen: ImageOptions, person: str) -> dict[str, Any]:
        """For a route that takes one square picture and gives others."""
        for value, words in (
            (chosen.quality, "this quality"),
            (chosen.background, "this background"),
            (chosen.format, "this format"),
        ):
            if value not in _AUTO:
                raise PictureOptionError(value, option=words)
        size = chosen.size or self._options.image_size
        if size in _AUTO or (not chosen.size and not _SQUARE.fullmatch(size)):
            return self._bare(person)
        if not _SQUARE.fullmatch(size):
            raise PictureOptionError(size, option="this size")
        return self._bare(person) | {"size": size}

    def _bare(self, person: str) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self.model}
        if not self._is_base64_only:
            body["response_format"] = "b64_json"
        return body | self.asker(person)

    def asker(self, person: str) -> dict[str, Any]:
        return {"safety_identifier": person} if self._options.is_openai and person else {}
