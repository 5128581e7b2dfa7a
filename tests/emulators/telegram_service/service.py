"""The emulator itself: a Bot API server on loopback, and the tests' handle on its world."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.emulators.telegram_service.control import add_control_routes
from tests.emulators.telegram_service.faults import (
    AcceptThenDrop,
    Drop,
    Fail,
    Flood,
    Gate,
    Hang,
    Html502,
    Scripts,
    Step,
)
from tests.emulators.telegram_service.media import MAX_UPLOAD_BYTES
from tests.emulators.telegram_service.methods import Methods
from tests.emulators.telegram_service.people import Chat
from tests.emulators.telegram_service.values import ApiError, Call, CallbackAnswer, Json, User
from tests.emulators.telegram_service.wire import read_params
from tests.emulators.telegram_service.world import World
from tests.emulators.telegram_specs import load_telegram_spec

CLOSE_WAIT_S = 0.2
PAGE_502 = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"


class TelegramEmulator:
    """``violations`` collects what a careful bot never does; a test ends with it == [].

    ``flood`` may be set or taken away (None) at any time. Everything lives in this process: a bot
    that dies and comes back finds its chats, files and unacknowledged updates as they were.
    """

    def __init__(
        self,
        token: str = "123456:TEST",  # noqa: S107 - made up
        *,
        flood: Flood | None = None,
        username: str = "parley_test_bot",
        first_name: str = "Parley",
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        bot = User(int(token.partition(":")[0]), first_name, username, is_bot=True)
        self.token = token
        self.flood = flood
        self.world = World(bot)
        self._methods = Methods(self.world)
        self._scripts = Scripts()
        self._closing = asyncio.Event()
        self._running: set[asyncio.Task[object]] = set()
        self._host, self._port = host, port
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MAX_UPLOAD_BYTES * 2)
        app.router.add_route("*", "/bot{token:[^/]+}/{method}", self._tracked(self._answer))
        app.router.add_get("/file/bot{token:[^/]+}/{path:.+}", self._tracked(self._give_file))
        add_control_routes(app, self)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_WAIT_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self.world.updates.is_closing = True
        self.world.changes.announce()
        if self._running:
            _, waiting = await asyncio.wait(self._running, timeout=CLOSE_WAIT_S)
            for task in waiting:
                task.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def root_url(self) -> str:
        return f"http://{self._host}:{self._port}"

    @property
    def api_base_url(self) -> str:
        return f"{self.root_url}/bot"

    @property
    def file_base_url(self) -> str:
        return f"{self.root_url}/file/bot"

    # People and chats

    def user(
        self,
        id: int | None = None,  # noqa: A002 - Telegram's own word
        first_name: str = "Alice",
        username: str | None = None,
        language_code: str | None = "en",
    ) -> User:
        if id is None:
            id = 1000 + next(self.world.numbers)  # noqa: A001 - see above
        return User(id, first_name, username, language_code)

    def private(self, user: User) -> Chat:
        known = self.world.chats.get(user.id)
        if isinstance(known, Chat):
            return known
        info: Json = {"id": user.id, "type": "private", "first_name": user.first_name}
        if user.username:
            info["username"] = user.username
        return Chat(self.world, info, (user,))

    def group(
        self,
        title: str,
        members: Sequence[User],
        *,
        forum: bool = False,
        supergroup: bool = False,
    ) -> Chat:
        """A basic group unless said otherwise; a forum is always a supergroup."""
        number = next(self.world.numbers)
        if forum or supergroup:
            info: Json = {"id": -1_001_000_000_000 - number, "title": title, "type": "supergroup"}
        else:
            info = {"id": -4_000_000 - number, "title": title, "type": "group"}
        return Chat(self.world, info | ({"is_forum": True} if forum else {}), tuple(members))

    def chat(self, chat_id: int) -> Chat:
        chat = self.world.chats[chat_id]
        if not isinstance(chat, Chat):
            raise TypeError(f"chat {chat_id} is no chat of people")
        return chat

    def push_update(self, update: Json) -> Json:
        """Queue a raw update; it is numbered if it has no update_id, and returned so."""
        return self.world.updates.push(update)

    def push_duplicate(self, update: Json | None = None) -> Json:
        """Deliver an update (the newest by default) once more, even if it was acknowledged."""
        return self.world.updates.push_again(update or self.updates[-1])

    # Faults

    def script(self, method: str, *steps: Step, chat_id: int | None = None) -> None:
        """The next calls of ``method`` (of one chat, if given) meet these steps, in order.

        The method "file" is the download of a file.
        """
        self._scripts.add(method, steps, chat_id)

    # Looking

    @property
    def calls(self) -> list[Call]:
        return self.world.calls

    def calls_of(self, *methods: str, chat_id: int | None = None) -> list[Call]:
        return [
            call
            for call in self.calls
            if call.method in methods and chat_id in {None, call.chat_id}
        ]

    @property
    def violations(self) -> list[str]:
        return self.world.violations

    @property
    def updates(self) -> list[Json]:
        """All that were ever queued or would have been, had the bot asked for their kind."""
        return self.world.updates.all

    @property
    def pending_updates(self) -> list[Json]:
        return self.world.updates.pending

    @property
    def commands(self) -> dict[tuple[str, str], list[Json]]:
        """By scope (``default``, ``all_private_chats``, ``chat{"chat_id": 5}``) and language."""
        return self.world.commands

    @property
    def answered_callbacks(self) -> list[CallbackAnswer]:
        return self.world.answered_callbacks

    async def wait_until(self, predicate: Callable[[], object], timeout_s: float = 10) -> None:
        if not await self.world.changes.wait_until(predicate, timeout_s):
            raise TimeoutError(f"the condition was not met; last calls: {self.calls[-5:]!r:.2000}")

    # Serving

    def _tracked(
        self, handler: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            task = asyncio.current_task()
            if task is not None and task not in self._running:
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            if request.match_info["token"] != self.token:
                return _refuse(ApiError("Unauthorized", 401))
            return await handler(request)

        return handle

    async def _answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        call = Call(method, {}, time.monotonic())
        try:
            call.params = await read_params(request)
        except ApiError as error:
            self.calls.append(call)
            return self._finish(call, error)
        self.calls.append(call)
        self.world.changes.announce()

        async def carry_out() -> web.Response:
            result = await self._carry_out(method, call)
            call.status = 200
            return web.json_response({"ok": True, "result": result})

        try:
            return await self._run_step(request, call, carry_out)
        except ApiError as error:
            return self._finish(call, error)
        finally:
            self.world.changes.announce()

    async def _give_file(self, request: web.Request) -> web.Response:
        call = Call("file", {"path": request.match_info["path"]}, time.monotonic())
        self.calls.append(call)

        async def carry_out() -> web.Response:
            file = self.world.files.at_path(request.match_info["path"])
            if file is None:
                raise ApiError("Not Found", 404)
            call.status = 200
            return web.Response(body=await file.read(), content_type="application/octet-stream")

        try:
            return await self._run_step(request, call, carry_out)
        except ApiError as error:
            return self._finish(call, error)

    async def _run_step(
        self,
        request: web.Request,
        call: Call,
        carry_out: Callable[[], Awaitable[web.Response]],
    ) -> web.Response:
        step = self._scripts.take(call.method, call.chat_id)
        match step:
            case Fail():
                raise step.error
            case Hang():
                await self._closing.wait()
                return _cut(request, call)
            case Drop():
                return _cut(request, call)
            case AcceptThenDrop():
                await carry_out()
                return _cut(request, call)
            case Html502():
                call.status = 502
                return web.Response(status=502, text=PAGE_502, content_type="text/html")
            case Gate():
                await step.opened.wait()
        return await carry_out()

    async def _carry_out(self, method: str, call: Call) -> object:
        spec = load_telegram_spec()
        if spec is not None and (problems := spec.find_problems(method, call.params)):
            for problem in problems[1:]:
                self.world.note_violation(problem)
            raise ApiError(f"Bad Request: {problems[0]}", is_violation=True)
        if self.flood is not None and call.chat_id is not None:
            self.flood.check(method, call.chat_id)
        return await self._methods.run(method, call.params)

    def _finish(self, call: Call, error: ApiError) -> web.Response:
        call.status, call.error = error.code, error.description
        if error.is_violation:
            self.world.note_violation(f"{call.method}: {error.description}")
        self.world.changes.announce()
        return _refuse(error)


def _refuse(error: ApiError) -> web.Response:
    return web.json_response(error.body, status=error.code)


def _cut(request: web.Request, call: Call) -> web.Response:
    call.is_cut = True
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
