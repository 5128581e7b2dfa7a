"""The code interpreter: answers of Responses that run in the background, each in a container.

A background answer has to be stored by the service, or nobody could ask for it: ``forget`` erases
it there as soon as what it gave is kept here.
"""

import re
import time
from collections.abc import Callable
from typing import Any

from bot.openai.catalogue import ModelCatalogue
from bot.openai.client import Client
from bot.openai.code_answers import read_look
from bot.openai.containers import Containers
from bot.openai.fields import find_text
from bot.openai.lacks import Lacks
from bot.openai.options import OpenAIOptions
from bot.openai.responses import Responses
from handlers.errors import (
    CodeMissingError,
    ContainerGoneError,
    ModelMissingError,
    ParleyError,
    RouteMissingError,
    ServiceDownError,
    ServiceRejectedError,
)
from handlers.ports.chat import ChatRequest
from handlers.ports.code import ContainerFile, Look, MadeFile, Opened, RunState

_PATH = "/responses"
TOOL = "code_interpreter"
ASK_AGAIN_S = 600.0
"""A server that had no code interpreter is asked again after so long: it may have been renewed."""
_CONTAINER = re.compile(
    r"container\b.{0,80}\b(expired|not found|no longer|deleted|exist)", re.IGNORECASE | re.DOTALL
)
_TOOL = re.compile(
    r"code_interpreter|tools?\[|\bbackground\b|unknown tool|tool type", re.IGNORECASE
)


class CodeRuns:
    """Fills the port CodeInterpreter."""

    def __init__(
        self,
        client: Client,
        catalogue: ModelCatalogue,
        options: OpenAIOptions,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._catalogue = catalogue
        self._containers = Containers(client, catalogue)
        self._dialect = Responses(
            is_openai=options.is_openai, max_output_tokens=options.max_output_tokens
        )
        self._monotonic = monotonic
        self._missing_until = float("-inf")

    # ------------------------------------------------------------ containers

    async def open(self, name: str) -> Opened:
        if self._monotonic() < self._missing_until:
            raise CodeMissingError("it had none a moment ago", model=TOOL)
        try:
            return await self._containers.open(name)
        except CodeMissingError:
            self._remember_missing()
            raise

    async def is_alive(self, container: str) -> bool:
        return await self._containers.is_alive(container)

    async def upload(self, container: str, name: str, data: bytes, mime: str) -> str:
        return await self._containers.upload(container, name, data, mime)

    async def list_files(self, container: str) -> tuple[ContainerFile, ...]:
        return await self._containers.list_files(container)

    async def fetch(self, file: MadeFile, max_bytes: int) -> bytes | None:
        return await self._containers.fetch(file, max_bytes)

    # ------------------------------------------------------------ runs

    async def begin(self, request: ChatRequest, container: str, key: str) -> str:
        body = self._dialect.build_body(request, Lacks())
        del body["stream"]
        body |= {
            "background": True,
            "store": True,
            "tools": [{"type": TOOL, "container": container}],
            "include": ["code_interpreter_call.outputs"],
        }
        try:
            begun = await self._post_once(body, request.model, key)
        except ModelMissingError as exc:
            raise _what_is_missing(exc, request.model) from exc
        except ServiceRejectedError as exc:
            if _CONTAINER.search(str(exc)):
                raise ContainerGoneError(str(exc)) from exc
            if _TOOL.search(str(exc)):
                # This model's lack; another one that people choose may have it.
                raise CodeMissingError(str(exc), model=request.model) from exc
            raise
        run = find_text(begun, "id")
        if not run:
            raise ServiceDownError("a run came without its id")
        return run

    async def _post_once(self, body: dict[str, Any], model: str, key: str) -> object:
        """A busy server has done nothing yet, and is asked again; one that broke may be at work."""

        async def attempt() -> object:
            try:
                with self._client.mapped_errors(model):
                    return await self._client.post(_PATH, body, key=key)
            except ServiceDownError as broken:
                return broken

        begun = await self._client.retry(attempt, model=model)
        if isinstance(begun, ParleyError):
            raise begun
        return begun

    async def look(self, run: str) -> Look:
        path = f"{_PATH}/{run}?include[]=code_interpreter_call.outputs"
        try:
            told = await self._client.ask(lambda: self._client.get(path), model=TOOL)
        except RouteMissingError:
            return Look(RunState.EXPIRED)
        return await read_look(told, self._client, self._catalogue)

    async def cancel(self, run: str) -> None:
        try:
            await self._client.ask(
                lambda: self._client.post(f"{_PATH}/{run}/cancel", {}), model=TOOL
            )
        except (RouteMissingError, ServiceRejectedError):
            return  # it is over, or gone

    async def forget(self, run: str) -> None:
        try:
            await self._client.ask(lambda: self._client.delete(f"{_PATH}/{run}"), model=TOOL)
        except RouteMissingError:
            return

    def _remember_missing(self) -> None:
        self._missing_until = self._monotonic() + ASK_AGAIN_S


def _what_is_missing(exc: ModelMissingError, model: str) -> ParleyError:
    if _CONTAINER.search(str(exc)):
        return ContainerGoneError(str(exc))
    return ModelMissingError(str(exc), model=model)
