"""Text spoken, by whatever route the server has: the endpoint, Realtime, or a chat that speaks."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

import structlog

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.options import OpenAIOptions
from bot.openai.routing import Route, Routes, Today
from bot.openai.speech_chat import ChatSpeech
from bot.openai.speech_endpoint import EndpointSpeech
from bot.openai.speech_narration import Bill
from bot.openai.speech_realtime import RealtimeSpeech
from bot.openai.speech_sounds import tell_sound_mime
from handlers.errors import ModelMissingError, ParleyError
from handlers.ports.sounds import Lost, Speech, SpeechStyle, forget

log = structlog.get_logger(__name__)

AS_CONFIGURED = SpeechStyle()


class SpeechRoute(Protocol):
    @property
    def max_characters(self) -> int: ...

    async def speak(self, text: str, style: SpeechStyle, bill: Bill) -> bytes:
        """Adds to the bill what was billed, also when it fails or is cancelled."""
        ...


_KINDS: Mapping[str, Callable[[Client, ModelCatalogue, OpenAIOptions, str], SpeechRoute]] = {
    "endpoint": EndpointSpeech,
    "realtime": RealtimeSpeech,
    "chat": ChatSpeech,
}


class RoutedSynthesizer:
    """Fills the port SpeechSynthesizer.

    A model that a chat chose is asked by the route that it belongs to. When the server has it no
    more, the operator's routes speak, from then on.
    """

    def __init__(self, routes: Routes[SpeechRoute], catalogue: ModelCatalogue) -> None:
        self.routes = routes
        self.max_characters = min(
            (route.serve.max_characters for route in routes.candidates),
            default=EndpointSpeech.max_characters,
        )
        self._catalogue = catalogue
        self._by_kind: dict[str, SpeechRoute] = {}
        self._gone: set[str] = set()

    def add_kind(self, name: str, route: SpeechRoute) -> None:
        """What asks for chosen models of a kind."""
        self._by_kind[name] = route

    async def speak(
        self, text: str, style: SpeechStyle = AS_CONFIGURED, lost: Lost = forget
    ) -> Speech:
        bill: Bill = []
        try:
            sound = await self._speak(text, style, bill)
            return Speech(sound, tell_sound_mime(sound), tuple(bill))
        except ParleyError as exc:
            exc.usage = tuple(bill)
            raise
        except asyncio.CancelledError:
            lost(*bill)
            raise

    async def _speak(self, text: str, style: SpeechStyle, bill: Bill) -> bytes:
        async def speak_as_configured() -> bytes:
            as_configured = replace(style, model="")
            return await self.routes.use(lambda route: route.speak(text, as_configured, bill))

        model = style.model
        if not model or model in self._gone:
            return await speak_as_configured()
        try:
            return await self._by_kind[self._catalogue.speech_route(model)].speak(text, style, bill)
        except ModelMissingError as exc:
            sound = await speak_as_configured()
            # Only now: a server that answers nothing may be being restarted.
            self._gone.add(model)
            log.warning("speech_model_gone", model=model, reason=str(exc))
            return sound


def open_speech(
    client: Client, catalogue: ModelCatalogue, options: OpenAIOptions, today: Today
) -> RoutedSynthesizer:
    def routes() -> Iterator[Route[SpeechRoute]]:
        for name, model in _choose_models(catalogue, options):
            # Of Realtime on other servers little is known; it is there for who names it.
            is_auto = name != "realtime" or options.is_openai or model == options.speech_model
            serve = _KINDS[name](client, catalogue, options, model)
            yield Route(name, model, serve, is_auto=is_auto)

    synthesizer = RoutedSynthesizer(
        Routes(
            "speech",
            routes(),
            chosen=options.routes.speech,
            ends=catalogue.ends,
            today=today,
        ),
        catalogue,
    )
    for name, kind in _KINDS.items():
        synthesizer.add_kind(name, kind(client, catalogue, options, ""))
    return synthesizer


def _choose_models(catalogue: ModelCatalogue, options: OpenAIOptions) -> Iterator[tuple[str, str]]:
    """Routes and their models, the best first: ``speech_model`` by the route it belongs to."""
    model = options.speech_model
    own = catalogue.speech_route(model) if options.routes.speech != "endpoint" else "endpoint"
    # At OpenAI all that the endpoint has ends on one day; others call theirs what they like.
    for name in (model,) if options.is_openai else catalogue.line(model):
        yield own, name
    others = {"realtime": options.speech_realtime_model, "chat": options.speech_chat_model}
    for kind, name in others.items():
        if name and kind != own:
            yield kind, name
