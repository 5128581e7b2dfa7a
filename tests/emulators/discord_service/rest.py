"""REST on the wire: who asks, what goes wrong on demand, what the published description says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.emulators.discord_service.faults import (
    AcceptThenDrop,
    AcceptThenHang,
    Drop,
    Fail,
    Gate,
    Hang,
    Html502,
    Late,
    Pace,
    RateLimited,
    Scripts,
    plenty,
)
from tests.emulators.discord_service.routes import Operation
from tests.emulators.discord_service.values import ApiError, Call
from tests.emulators.discord_service.wire import answer, read_body, refuse
from tests.emulators.discord_service.world import World
from tests.emulators.discord_specs import load_discord_spec

CLOSE_WAIT_S = 0.2
API_PATH = "/api/v10"
FILE_PATH = "/attachments/{channel_id}/{attachment_id}/{name}"
PAGE_502 = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Rest:
    def __init__(
        self, world: World, token: str, operations: list[Operation], pace: Pace | None
    ) -> None:
        self.pace = pace
        self.scripts = Scripts()
        self.operations = operations
        self._world = world
        self._token = token
        self._closing = asyncio.Event()
        self._running: set[asyncio.Task[object]] = set()

    def add_routes(self, app: web.Application) -> None:
        for operation in self.operations:
            handler = self._tracked(self._handler(operation))
            app.router.add_route(operation.method, API_PATH + operation.path, handler)
        app.router.add_get(FILE_PATH, self._tracked(self._give_file))
        app.router.add_route("*", "/{rest:.*}", self._not_served)

    async def close(self) -> None:
        """End what hangs."""
        self._closing.set()
        self._world.changes.announce()
        if self._running:
            _, waiting = await asyncio.wait(self._running, timeout=CLOSE_WAIT_S)
            for task in waiting:
                task.cancel()

    def _tracked(self, handler: Serve) -> Serve:
        async def handle(request: web.Request) -> web.StreamResponse:
            task = asyncio.current_task()
            if task is not None and task not in self._running:
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            return await handler(request)

        return handle

    def _handler(self, operation: Operation) -> Serve:
        async def handle(request: web.Request) -> web.StreamResponse:
            call = self._note(operation.name, request)
            headers = plenty(call)
            try:
                self._authorise(operation, request)
                await read_body(request, call)
                self._world.changes.announce()
                if self.pace is not None:
                    headers = self.pace.headers(call)

                async def carry_out() -> web.Response:
                    self._judge(call)
                    result = await operation.run(call)
                    call.status = 204 if result is None else 200
                    return answer(call.status, result, headers)

                return await self._run_step(request, call, carry_out)
            except ApiError as error:
                return self._finish(call, error, headers)
            finally:
                self._world.changes.announce()

        return handle

    def _note(self, name: str, request: web.Request) -> Call:
        ids, query = dict(request.match_info), dict(request.query)
        call = Call(name, request.method, request.path, time.monotonic(), ids, query)
        self._world.calls.append(call)
        return call

    def _authorise(self, operation: Operation, request: web.Request) -> None:
        said = request.headers.get("Authorization")
        if not operation.has_token_in_path and said != f"Bot {self._token}":
            raise ApiError(401, 0, "401: Unauthorized")

    def _judge(self, call: Call) -> None:
        spec = load_discord_spec()
        if spec is None or call.body is None or not spec.knows(call.name):
            return
        if problem := spec.find_problem(call.name, call.body):
            raise ApiError(400, 50035, f"Invalid Form Body ({problem})", is_violation=True)

    async def _run_step(
        self,
        request: web.Request,
        call: Call,
        carry_out: Callable[[], Awaitable[web.Response]],
    ) -> web.Response:
        match self.scripts.take(call):
            case Fail() | RateLimited() as step:
                call.is_scripted = True
                raise step.error
            case Hang():
                await self._closing.wait()
                return _cut(request, call)
            case Drop():
                return _cut(request, call)
            case AcceptThenDrop() | AcceptThenHang() as step:
                await carry_out()
                if isinstance(step, AcceptThenHang):
                    await self._closing.wait()
                return _cut(request, call)
            case Html502():
                call.status, call.is_scripted = 502, True
                return web.Response(status=502, text=PAGE_502, content_type="text/html")
            case Gate() as step:
                await step.opened.wait()
            case Late() as step:
                response = await carry_out()
                self._world.changes.announce()
                await step.answered.wait()
                return response
        return await carry_out()

    async def _give_file(self, request: web.Request) -> web.StreamResponse:
        call = self._note("file", request)
        self._world.changes.announce()

        async def carry_out() -> web.Response:
            file = self._world.files.get(call.ids["attachment_id"])
            if file is None:
                raise ApiError(404, 0, "404: Not Found")
            call.status = 200
            return web.Response(body=file.content, headers={"Content-Type": file.mime})

        try:
            return await self._run_step(request, call, carry_out)
        except ApiError as error:
            return self._finish(call, error, {})
        finally:
            self._world.changes.announce()

    async def _not_served(self, request: web.Request) -> web.StreamResponse:
        error = ApiError(404, 0, "404: Not Found", is_violation=True)
        return self._finish(self._note(f"{request.method} {request.path}", request), error, {})

    def _finish(self, call: Call, error: ApiError, headers: dict[str, str]) -> web.Response:
        call.status, call.error = error.status, str(error)
        if error.is_violation:
            self._world.note_violation(f"{call.name}: {error}")
        self._world.changes.announce()
        return refuse(error, headers)


def _cut(request: web.Request, call: Call) -> web.Response:
    call.is_cut = True
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
