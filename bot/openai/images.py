"""Pictures made from words, from other pictures, or from nothing but another picture."""

from collections.abc import Sequence

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.image_bodies import AS_CONFIGURED, ImageBodies
from bot.openai.image_edits import EditRoute, VariationRoute
from bot.openai.image_requests import ImageRequests
from bot.openai.options import OpenAIOptions
from bot.openai.parts import write_text
from handlers.ports.images import ImageOptions, OnPartial, Picture, Pictures

_PATH = "/images/generations"


class ImageRoute:
    """Fills the port ImageGenerator."""

    def __init__(self, client: Client, catalogue: ModelCatalogue, options: OpenAIOptions) -> None:
        self._bodies = ImageBodies(catalogue, options)
        self._requests = ImageRequests(
            client, catalogue, options.image_model, options.image_partials
        )
        is_old = catalogue.edits_square_png(options.image_model)
        self._edits = EditRoute(self._requests, self._bodies, is_square=is_old)
        self._variations = VariationRoute(self._requests, self._bodies)

    async def generate(
        self,
        prompt: str,
        options: ImageOptions = AS_CONFIGURED,
        person: str = "",
        on_partial: OnPartial | None = None,
    ) -> Pictures:
        body = self._bodies.build(options, person) | {"prompt": write_text(prompt)}
        return await self._requests.send(_PATH, body, count=options.count, on_partial=on_partial)

    async def edit(
        self,
        prompt: str,
        pictures: Sequence[Picture],
        mask: Picture | None = None,
        options: ImageOptions = AS_CONFIGURED,
        person: str = "",
        on_partial: OnPartial | None = None,
    ) -> Pictures:
        return await self._edits.edit(
            write_text(prompt), pictures, mask, options, person, on_partial
        )

    async def vary(
        self, picture: Picture, options: ImageOptions = AS_CONFIGURED, person: str = ""
    ) -> Pictures:
        return await self._variations.vary(picture, options, person)
