"""The emulator itself: routes, keys, scripts, and what it saw."""

import asyncio
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.emulators import specs
from tests.emulators.openai_service.code import ROUTES as CODE_ROUTES
from tests.emulators.openai_service.code import CodeService, is_background
from tests.emulators.openai_service.drawing import send_watched
from tests.emulators.openai_service.errors import ApiError, ViolationError
from tests.emulators.openai_service.hearing import check_recordings, recordings
from tests.emulators.openai_service.hosted_pictures import (
    asks_for_picture,
    read_order,
    send_picture,
)
from tests.emulators.openai_service.inventing import Inventing, echo
from tests.emulators.openai_service.ledger import Ledger, tokens_of
from tests.emulators.openai_service.models import ENDS, model_object
from tests.emulators.openai_service.profiles import Profile
from tests.emulators.openai_service.reading import read
from tests.emulators.openai_service.realtime import SeenSession, Session, Surroundings
from tests.emulators.openai_service.records import ChatCall, RecordedRequest
from tests.emulators.openai_service.refusals import Feature, refuse
from tests.emulators.openai_service.replies import Making, Reply
from tests.emulators.openai_service.rules import CHAT_ROUTES, ROUTES, Judged, judge
from tests.emulators.openai_service.steps import (
    Answer,
    Called,
    Calls,
    CutAfter,
    Empty,
    EndWithoutFinish,
    Fail,
    Garbage,
    Gated,
    Hang,
    HangAfter,
    Step,
    pieces,
    split_evenly,
)
from tests.emulators.openai_service.streams import ChatAnswer, break_connection, wait_for_any
from tests.emulators.openai_service.vector_stores import ROUTES as FILE_SEARCH_ROUTES
from tests.emulators.openai_service.vector_stores import FileSearchService

Words = str | Callable[[RecordedRequest], str]

_MAX_BODY_BYTES = 900 * 1024 * 1024
_GRACE_S = 0.5


class OpenAIEmulator:
    """The OpenAI service on 127.0.0.1, as strict as the real one.

    Requests that break its rules are answered 400 (or 413) and kept in ``violations``.
    With no script it answers ``echo: <last user text>`` and what it saw in the pictures.
    """

    def __init__(
        self,
        *,
        api_key: str | None = "sk-test",
        port: int = 0,
        chunk_delay_s: float = 0.0,
        chunk_count: int | None = None,
        specs_folder: Path | None = None,
        is_spec_checked: bool = True,
        today: date = date(2026, 11, 21),
        kept_requests: int = 10_000,
        profile: Profile | None = None,
    ) -> None:
        """``api_key`` None takes any; ``chunk_count`` None streams word by word.

        Without a ``profile`` it has every route, and takes any model that has not ended by
        ``today``; a profile has a day of its own.
        """
        self.api_key = api_key
        self.chunk_delay_s = chunk_delay_s
        self.chunk_count = chunk_count
        self.answer: Callable[[ChatCall], str | Step] = echo
        self.on_tools: Callable[[ChatCall], Sequence[Called]] | None = None
        """What to call, asked when functions are offered; nothing answers as without them."""
        self.varies = False
        """True: no two answers are alike, but for those with the same seed and fingerprint."""
        self.fingerprint = "fp_emulator"
        self.refused: dict[str, set[Feature]] = {}
        """By model, what it refuses."""
        self.transcripts: Words = "hello from the recording"
        self.translations: Words = "hello in English"
        self.context_tokens = 400_000
        self.old_image_models: set[str] = {"dall-e-2"}
        """Those that take one square PNG."""
        self.shows_partial_images = True
        """False: a request to watch a picture is answered with a plain, whole one."""
        self.missing_models: set[str] = set()
        """Answered 404, beside those whose shutdown date has come by ``today``."""
        self.retired_routes: dict[str, int] = {}
        """Route -> the status (404, 410) with which it refuses everything."""
        self.requests: list[RecordedRequest] = []
        """Also those that were refused; the newest ``kept_requests``."""
        self.violations: list[str] = []
        self.sessions: list[SeenSession] = []
        """Of the Realtime API."""
        self.disconnects = 0
        """Streaming chat requests that the client left before their end."""
        self.ledger = Ledger()
        self._inventing = Inventing()
        self._port = port
        self._profile = profile
        self._today = profile.today if profile is not None else today
        self._ends = dict(profile.models) if profile is not None else ENDS
        self._kept_requests = kept_requests
        self._folder = (specs_folder or specs.specs_folder()) if is_spec_checked else None
        self.code = CodeService(self.ledger, self._folder)
        """Containers, and the answers that run code in them."""
        self.file_search = FileSearchService(self._folder)
        self._calls: list[ChatCall] = []
        self._counts: Counter[str] = Counter()
        self._scripts: defaultdict[str, deque[Step]] = defaultdict(deque)
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        for route in ROUTES:
            app.router.add_post(f"/v1{route}", self._serve)
        for method, route in CODE_ROUTES:
            app.router.add_route(method, f"/v1{route}", partial(self._serve_kept, self.code))
        for method, route in FILE_SEARCH_ROUTES:
            serve = partial(self._serve_kept, self.file_search)
            app.router.add_route(method, f"/v1{route}", serve)
        app.router.add_get("/v1/realtime", self._serve_realtime)
        app.router.add_get("/v1/models", self._serve)
        app.router.add_get("/v1/models/{name}", self._serve)
        app.router.add_route("*", "/{path:.*}", self._serve_nothing)
        self._runner = web.AppRunner(
            app, handler_cancellation=True, shutdown_timeout=_GRACE_S, access_log=None
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def billed(self) -> dict[tuple[str, str], float]:
        """By model and kind; see Ledger."""
        return self.ledger.billed

    def prefix_share(self, cache_key: str | None = None) -> float:
        return self.ledger.prefix_share(cache_key)

    def script(self, route: str, *steps: Step) -> None:
        """Steps for the next requests of a route; ``chat`` is either chat route."""
        code_routes = {f"{method} {path}" for method, path in CODE_ROUTES + FILE_SEARCH_ROUTES}
        if route not in ROUTES | code_routes | {"chat", "/models", "/realtime"}:
            raise ValueError(f"no such route: {route}")
        self._scripts[route].extend(steps)

    def chats(self) -> list[ChatCall]:
        """Chat requests that broke no rule, in order."""
        return list(self._calls)

    async def wait_for_request(self, route: str, count: int = 1, timeout_s: float = 10) -> None:
        """Until ``count`` requests of a route (or ``chat``) have come since the start."""
        await self.wait_until(lambda: self._counts[route] >= count, timeout_s)

    async def wait_until(self, is_so: Callable[[], bool], timeout_s: float = 10) -> None:
        """Until something that the emulator counts has come about; asked at each change."""
        async with asyncio.timeout(timeout_s):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()

    # ------------------------------------------------------------ serving

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        route = request.path.removeprefix("/v1")
        try:
            self._authorise(request)
            if self._lacks(route):
                return await self._serve_nothing(request)
            if route in self.retired_routes:
                return _refusal(
                    ApiError("This endpoint was shut down.", status=self.retired_routes[route])
                )
            recorded = await read(request, route)
            if request.method == "GET":
                return self._answer_models(recorded, request.match_info.get("name"))
            return await self._answer(request, recorded, await self._judge(recorded))
        except ApiError as error:
            if isinstance(error, ViolationError):
                self.violations.append(f"{route}: {error.message}")
            return _refusal(error)

    async def _answer(
        self, request: web.Request, recorded: RecordedRequest, judged: Judged
    ) -> web.StreamResponse:
        step = self._next_step(recorded.route)
        if isinstance(step, Fail):
            return _failure(step)
        if not isinstance(judged, ChatCall):
            return await self._answer_whole(request, recorded, judged, step)
        if is_background(judged):
            return web.json_response(self.code.runs.begin(judged, _key(request)))
        if asks_for_picture(judged):
            return await self._draw(request, judged, step)
        return await self._answer_chat(request, judged, step)

    def _authorise(self, request: web.Request) -> None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not key or self.api_key not in (None, key):
            raise ApiError("Incorrect API key provided.", status=401, code="invalid_api_key")

    async def _judge(self, recorded: RecordedRequest) -> Judged:
        """In a thread, since it decodes pictures and sound; recorded once it is judged."""
        judged: Judged | None = None
        try:
            found = await asyncio.to_thread(
                judge, recorded, self._folder, frozenset(self.old_image_models)
            )
            if isinstance(found, ChatCall):
                refuse(found, self.refused)
            judged = found
        finally:
            if isinstance(judged, ChatCall):
                self._calls.append(judged)
                del self._calls[: -self._kept_requests]
            self._record(recorded)
        model = str(recorded.body.get("model") or "")
        if self._is_gone(model):
            message = f"The model '{model}' does not exist or you do not have access to it."
            raise ApiError(message, status=404, param="model", code="model_not_found")
        if isinstance(judged, ChatCall) and recordings(judged):
            # Only then: who has waited for the request may leave before this is over.
            await asyncio.to_thread(check_recordings, judged)
        if isinstance(judged, ChatCall) and tokens_of(judged.prompt) > self.context_tokens:
            message = "Your input exceeds the context window of this model."
            raise ApiError(message, param="input", code="context_length_exceeded")
        return judged

    def _lacks(self, route: str) -> bool:
        is_listing = route.startswith("/models")
        return not (self._profile is None or is_listing or route in self._profile.routes)

    def _is_gone(self, model: str) -> bool:
        if self._profile is not None and model not in self._ends:
            return True
        end = self._ends.get(model)
        is_over = end is not None and date.fromisoformat(end) <= self._today
        return is_over or model in self.missing_models

    def _record(self, recorded: RecordedRequest) -> None:
        self.requests.append(recorded)
        del self.requests[: -self._kept_requests]
        self._counts[recorded.route] += 1
        self._counts["chat"] += recorded.route in CHAT_ROUTES
        self._changed.set()

    def _next_step(self, route: str) -> Step | None:
        for name in (route, "chat") if route in CHAT_ROUTES else (route,):
            if self._scripts[name]:
                return self._scripts[name].popleft()
        return None

    async def _answer_chat(
        self, request: web.Request, call: ChatCall, step: Step | None
    ) -> web.StreamResponse:
        answer = ChatAnswer(request, call, self.ledger, self._stopping, self.fingerprint)
        try:
            if self._is_silent(step, is_stream=call.is_stream):
                return await self._hang(request)
            if not call.is_stream and isinstance(step, CutAfter | EndWithoutFinish | Garbage):
                cut = Reply(b'{"id": "chatcmpl-1", "choi', "application/json")
                return await self._spoil(request, cut, step)
            return await answer.send(step or self._default(call))
        except (asyncio.CancelledError, ConnectionResetError):
            if call.is_stream and not answer.is_over and not self._stopping.is_set():
                self.disconnects += 1
                self._changed.set()
            raise

    async def _draw(
        self, request: web.Request, call: ChatCall, step: Step | None
    ) -> web.StreamResponse:
        order = await asyncio.to_thread(read_order, call)
        model = str(order.body["model"])
        if self._is_gone(model):
            message = f"The model '{model}' does not exist."
            raise ApiError(message, param="tools[0].model", code="model_not_found")
        return await send_picture(request, call, order, step, self.ledger, self._stopping)

    def _default(self, call: ChatCall) -> Step:
        called = self.on_tools(call) if self.on_tools is not None and call.tools else ()
        if called:
            return Calls(called)
        answer = self.answer(call)
        if recordings(call) and isinstance(self.transcripts, str):
            answer = self.transcripts
        if not isinstance(answer, str):
            return answer
        answer = self._inventing.finish(call, answer, self.fingerprint if self.varies else "")
        is_long = call.max_tokens is not None and tokens_of(answer) > call.max_tokens
        text = answer[: call.max_tokens * 4] if is_long and call.max_tokens else answer
        chunks = pieces(text) if self.chunk_count is None else split_evenly(text, self.chunk_count)
        return Answer(chunks, self.chunk_delay_s, finish="length" if is_long else "stop")

    async def _answer_whole(
        self, request: web.Request, recorded: RecordedRequest, making: Making, step: Step | None
    ) -> web.StreamResponse:
        is_watched = bool(recorded.body.get("stream")) and self.shows_partial_images
        if self._is_silent(step, is_stream=is_watched):
            return await self._hang(request)
        if is_watched:
            response, billed = await send_watched(request, recorded, step, self._stopping)
            self.ledger.bill(str(recorded.body.get("model") or ""), billed)
            return response
        if isinstance(step, Gated):
            await wait_for_any(step.gate, self._stopping)
        reply: Reply = await asyncio.to_thread(making, self._words(recorded, step))
        if isinstance(step, CutAfter | EndWithoutFinish | Garbage):
            half = Reply(reply.body[: len(reply.body) // 2], reply.content_type)
            return await self._spoil(request, half, step)
        self.ledger.bill(str(recorded.body.get("model") or ""), reply.billed)
        body = b"" if isinstance(step, Empty) and recorded.route == "/audio/speech" else reply.body
        return web.Response(body=body, headers={"Content-Type": reply.content_type})

    def _words(self, recorded: RecordedRequest, step: Step | None) -> str:
        if isinstance(step, Empty):
            return ""
        if isinstance(step, Answer):
            return "".join(pieces(step.text))
        is_translated = recorded.route == "/audio/translations"
        words = self.translations if is_translated else self.transcripts
        return words if isinstance(words, str) else words(recorded)

    @staticmethod
    def _is_silent(step: Step | None, *, is_stream: bool) -> bool:
        return isinstance(step, Hang) or (isinstance(step, HangAfter) and not is_stream)

    async def _hang(self, request: web.Request) -> web.StreamResponse:
        await self._stopping.wait()
        break_connection(request)
        return web.Response()

    async def _spoil(self, request: web.Request, reply: Reply, step: Step) -> web.StreamResponse:
        """A body that breaks off, ends too early, or is no sense at all."""
        response = web.StreamResponse(headers={"Content-Type": reply.content_type})
        await response.prepare(request)
        await response.write(b"<html>no sense" if isinstance(step, Garbage) else reply.body)
        if isinstance(step, CutAfter):
            break_connection(request)
        return response

    async def _serve_kept(
        self, service: CodeService | FileSearchService, request: web.Request
    ) -> web.StreamResponse:
        resource = request.match_info.route.resource
        route = (resource.canonical if resource is not None else "").removeprefix("/v1")
        family = f"/{route.split('/')[1]}"
        try:
            self._authorise(request)
            if self._lacks(family):
                return await self._serve_nothing(request)
            if family in self.retired_routes:
                gone = ApiError(f"Invalid URL ({request.path})", status=self.retired_routes[family])
                return _refusal(gone)
            recorded = await service.read(request, route)
            self._record(recorded)
            step = self._next_step(f"{request.method} {route}")
            if isinstance(step, Fail):
                return _failure(step)
            return service.answer(request, recorded, _key(request))
        except ApiError as error:
            if isinstance(error, ViolationError):
                self.violations.append(f"{route}: {error.message}")
            return _refusal(error)
        finally:
            self._changed.set()  # what is there has changed since it was recorded

    async def _serve_realtime(self, request: web.Request) -> web.StreamResponse:
        route = "/realtime"
        try:
            self._authorise(request)
            recorded = RecordedRequest(route, {}, dict(request.query), (), time.monotonic())
            self._record(recorded)
            if self._lacks(route):
                return await self._serve_nothing(request)
        except ApiError as error:
            return _refusal(error)
        if self._lacks(route):
            return await self._serve_nothing(request)
        if route in self.retired_routes:
            status = self.retired_routes[route]
            return _refusal(ApiError("This endpoint was shut down.", status=status))
        step = self._next_step(route)
        if isinstance(step, Fail):
            return _failure(step)
        seen = SeenSession(request.query.get("model", ""))
        self.sessions.append(seen)
        around = Surroundings(
            self.ledger, self._folder, self._stopping, self.violations, self._changed.set
        )
        session = Session(request, seen, step, around)
        return await session.serve(is_missing=self._is_gone(seen.model))

    def _answer_models(self, recorded: RecordedRequest, name: str | None) -> web.Response:
        self._record(recorded)
        step = self._next_step("/models")
        if isinstance(step, Fail):
            return _failure(step)
        names = [model for model in self._ends if model not in self.missing_models]
        if name is None:
            return web.json_response({"object": "list", "data": [self._listed(n) for n in names]})
        if name in names:
            return web.json_response(self._listed(name))
        message = f"The model '{name}' does not exist"
        raise ApiError(message, status=404, param="model", code="model_not_found")

    def _listed(self, name: str) -> dict[str, Any]:
        return model_object(name, self._ends[name])

    async def _serve_nothing(self, request: web.Request) -> web.StreamResponse:
        if self._profile is not None and not self._profile.is_openai:
            return web.Response(status=404, text="404 page not found")
        message = f"Invalid URL ({request.method} {request.path})"
        return _refusal(ApiError(message, status=404))


def _key(request: web.Request) -> str:
    return request.headers.get("Authorization", "")


def _refusal(error: ApiError) -> web.Response:
    return web.json_response(error.body, status=error.status, headers=error.headers)


def _failure(step: Fail) -> web.Response:
    return _refusal(
        ApiError(
            step.message,
            status=step.status,
            code=step.code,
            param=step.param,
            headers=step.headers,
        )
    )
