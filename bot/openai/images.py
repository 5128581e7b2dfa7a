"""Pictures made from words, from other pictures, or from nothing but another picture."""

from collections.abc import Sequence

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.image_bodies import AS_CONFIGURED, ImageBodies
from bot.openai.image_edits import EditRoute, VariationRoute
from bot.openai.image_requests import ImageRequests
from bot.openai.image_tool import ImageToolRoute
from bot.openai.options import OpenAIOptions
from bot.openai.parts import write_text
from bot.openai.routing import Route, Routes, Today
from handlers.ports.images import ImageOptions, OnPartial, OnRound, Picture, Pictures

_PATH = "/images/generations"


class EndpointRoute:
    """One model at the image endpoints."""

    def __init__(
        self, client: Client, catalogue: ModelCatalogue, options: OpenAIOptions, model: str
    ) -> None:
        self._bodies = ImageBodies(catalogue, options, model)
        self._requests = ImageRequests(client, catalogue, model, options.image_partials)
        is_old = catalogue.edits_square_png(model)
        self._edits = EditRoute(self._requests, self._bodies, is_square=is_old)
        self._variations = VariationRoute(self._requests, self._bodies)

    async def generate(
        self,
        prompt: str,
        options: ImageOptions,
        person: str,
        on_partial: OnPartial | None,
        on_round: OnRound | None,
    ) -> Pictures:
        return await self._requests.send(
            _PATH,
            self._bodies.build(options, person) | {"prompt": prompt},
            count=options.count,
            on_partial=on_partial,
            on_round=on_round,
        )

    async def edit(
        self,
        prompt: str,
        pictures: Sequence[Picture],
        mask: Picture | None,
        options: ImageOptions,
        person: str,
        on_partial: OnPartial | None,
        on_round: OnRound | None,
    ) -> Pictures:
        return await self._edits.edit(prompt, pictures, mask, options, person, on_partial, on_round)

    async def vary(
        self, picture: Picture, options: ImageOptions, person: str, on_round: OnRound | None
    ) -> Pictures:
        return await self._variations.vary(picture, options, person, on_round)


ImageServing = EndpointRoute | ImageToolRoute


class RoutedImages:
    """Fills the port ImageGenerator, by whatever route the server has."""

    def __init__(
        self,
        routes: Routes[ImageServing],
        edits: Routes[ImageServing],
        variations: EndpointRoute,
    ) -> None:
        """``edits``: the same anew, for a server may have one endpoint and lack the other."""
        self.routes = routes
        self.edits = edits
        self._variations = variations

    async def generate(
        self,
        prompt: str,
        options: ImageOptions = AS_CONFIGURED,
        person: str = "",
        on_partial: OnPartial | None = None,
        on_round: OnRound | None = None,
    ) -> Pictures:
        words = write_text(prompt)
        return await self.routes.use(
            lambda route: route.generate(words, options, person, on_partial, on_round)
        )

    async def edit(
        self,
        prompt: str,
        pictures: Sequence[Picture],
        mask: Picture | None = None,
        options: ImageOptions = AS_CONFIGURED,
        person: str = "",
        on_partial: OnPartial | None = None,
        on_round: OnRound | None = None,
    ) -> Pictures:
        words = write_text(prompt)
        return await self.edits.use(
            lambda route: route.edit(words, pictures, mask, options, person, on_partial, on_round)
        )

    async def vary(
        self,
        picture: Picture,
        options: ImageOptions = AS_CONFIGURED,
        person: str = "",
        on_round: OnRound | None = None,
    ) -> Pictures:
        return await self._variations.vary(picture, options, person, on_round)


def open_images(
    client: Client, catalogue: ModelCatalogue, options: OpenAIOptions, today: Today
) -> RoutedImages:
    models = catalogue.line(options.image_model)
    endpoints: list[Route[ImageServing]] = [
        Route("endpoint", model, EndpointRoute(client, catalogue, options, model))
        for model in models
    ]
    # Nobody else was seen to host the tool; a server may ignore one that it does not know.
    tools: list[Route[ImageServing]] = [
        Route(
            "responses",
            model,
            ImageToolRoute(client, catalogue, options, model),
            is_auto=options.is_openai,
            note=f"by {options.chat_model}",
        )
        for model in models
    ]

    def routes(capability: str) -> Routes[ImageServing]:
        return Routes(
            capability,
            (*endpoints, *tools),
            chosen=options.routes.images,
            ends=catalogue.ends,
            today=today,
            key="images",
        )

    variations = EndpointRoute(client, catalogue, options, options.image_model)
    return RoutedImages(routes("images"), routes("edits"), variations)
