"""The Realtime API: a WebSocket on which a model reads the last message of a conversation aloud."""

import asyncio
import contextlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from tests.emulators.openai_service.errors import ViolationError
from tests.emulators.openai_service.ledger import Ledger
from tests.emulators.openai_service.realtime_events import (
    Event,
    SpokenResponse,
    count_events,
    new_event,
)
from tests.emulators.openai_service.realtime_rules import check_event
from tests.emulators.openai_service.steps import (
    Answer,
    Chunks,
    CloseSocket,
    CutAfter,
    Empty,
    EndWithoutFinish,
    FailInStream,
    Garbage,
    Gated,
    Hang,
    HangAfter,
    Step,
    Usage,
    pieces,
)
from tests.emulators.openai_service.streams import break_connection, wait_for_any

ROUTE = "/realtime"
_DEFAULTS: Event = {
    "type": "realtime",
    "object": "realtime.session",
    "output_modalities": ["audio"],
    "instructions": "You are a helpful assistant. Act like a human.",
    "tools": [],
    "tool_choice": "auto",
    "max_output_tokens": "inf",
    "tracing": None,
    "audio": {
        "input": {"format": {"type": "audio/pcm", "rate": 24_000}, "turn_detection": None},
        "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "alloy", "speed": 1.0},
    },
}


@dataclass(slots=True)
class SeenSession:
    """What a client did in one session."""

    model: str
    events: list[Mapping[str, Any]] = field(default_factory=list)
    """In order, also those that were refused."""
    is_left_early: bool = False
    """The client closed it before the response that it asked for was over."""
    is_over: bool = False

    def sent(self, kind: str) -> list[Mapping[str, Any]]:
        return [event for event in self.events if event.get("type") == kind]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a session needs of the emulator that it is in."""

    ledger: Ledger
    specs_folder: Path | None
    stopping: asyncio.Event
    violations: list[str]
    tell_change: Callable[[], None]


class Session:
    def __init__(
        self, request: web.Request, seen: SeenSession, step: Step | None, around: Surroundings
    ) -> None:
        self._request = request
        self._seen = seen
        self._step = step
        self._around = around
        self._socket = web.WebSocketResponse()
        self._numbers = count_events()
        self._session = _DEFAULTS | {"id": f"sess_{uuid.uuid4().hex}", "model": seen.model}
        self._messages: list[str] = []
        self._response: asyncio.Task[None] | None = None

    async def serve(self, *, is_missing: bool) -> web.WebSocketResponse:
        """``is_missing``: there is no such model, which the service says after the upgrade."""
        await self._socket.prepare(self._request)
        try:
            if is_missing:
                await self._refuse_model()
            elif isinstance(self._step, CloseSocket) and not self._step.chunks:
                await self._close(self._step)
            elif isinstance(self._step, Hang):
                await self._read()
            else:
                await self._send(self._event("session.created", session=self._session))
                await self._read()
        finally:
            await self._end()
        return self._socket

    async def _refuse_model(self) -> None:
        message = f"The model `{self._seen.model}` does not exist or you do not have access to it."
        error = _error("invalid_request_error", "model_not_found", message)
        await self._send(self._event("error", error=error))
        await self._socket.close(code=4000, message=b"invalid_request_error.model_not_found")

    async def _read(self) -> None:
        """The client's events, until it goes or the emulator stops."""
        stopping = asyncio.ensure_future(self._around.stopping.wait())
        try:
            while not stopping.done():
                message = asyncio.ensure_future(self._socket.receive())
                await asyncio.wait((message, stopping), return_when=asyncio.FIRST_COMPLETED)
                if not message.done():
                    message.cancel()
                elif message.result().type is not WSMsgType.TEXT:
                    break
                else:
                    await self._take(message.result().data)
        finally:
            stopping.cancel()

    async def _end(self) -> None:
        self._seen.is_over = True
        if self._response is not None and not self._response.done():
            self._seen.is_left_early = not self._around.stopping.is_set()
            self._response.cancel()
        if self._response is not None:
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await self._response
        self._around.tell_change()

    async def _take(self, data: str) -> None:
        event = json.loads(data)
        self._seen.events.append(event)
        self._around.tell_change()
        try:
            check_event(event, self._seen.model, self._around.specs_folder)
        except ViolationError as exc:
            self._around.violations.append(f"{ROUTE}: {exc.message}")
            error = _error("invalid_request_error", exc.code, exc.message, exc.param)
            await self._send(self._event("error", error=error))
            return
        match event["type"]:
            case "session.update":
                self._session = _merge(self._session, event["session"])
                await self._send(self._event("session.updated", session=self._session))
            case "conversation.item.create":
                item = {"id": f"item_{uuid.uuid4().hex}", "status": "completed"} | event["item"]
                self._messages.append(" ".join(part["text"] for part in item["content"]))
                for kind in ("conversation.item.added", "conversation.item.done"):
                    await self._send(self._event(kind, previous_item_id=None, item=item))
            case "response.create":
                self._response = asyncio.create_task(self._respond())

    # ------------------------------------------------------------ answering

    async def _respond(self) -> None:
        prompt = "\n".join((self._session["instructions"], *self._messages))
        response = SpokenResponse(self._session, prompt, self._numbers)
        told: Usage | None = None
        try:
            if self._step is None or isinstance(self._step, Answer | Gated):
                told = await self._speak(response, self._step)
            else:
                await self._fail(response, self._step)
        finally:
            usage = told or response.usage()
            self._around.ledger.bill_chat(self._seen.model, usage, is_told=told is not None)

    async def _speak(self, response: SpokenResponse, step: Answer | Gated | None) -> Usage:
        chunks: Chunks = step.text if isinstance(step, Answer) else self._messages[-1]
        finish, usage = "stop", None
        await self._send(*response.opening())
        if isinstance(step, Gated):
            await self._say(response, step.chunks)
            await wait_for_any(step.gate, self._around.stopping)
            chunks = step.rest
        if isinstance(step, Answer):
            finish, usage = step.finish, step.usage
        await self._say(response, chunks)
        await self._send(*response.closing(finish, usage))
        return usage or response.usage()

    async def _fail(self, response: SpokenResponse, step: Step) -> None:
        if isinstance(step, Empty):
            await self._send(*response.opening()[:1], *response.empty())
            return
        await self._send(*response.opening())
        match step:
            case HangAfter(chunks):
                await self._say(response, chunks)
                await self._around.stopping.wait()
            case CutAfter(chunks):
                await self._say(response, chunks)
                break_connection(self._request)
            case EndWithoutFinish(chunks):
                await self._say(response, chunks)
                await self._socket.close()
            case CloseSocket(chunks=chunks):
                await self._say(response, chunks)
                await self._close(step)
            case FailInStream(chunks, code, message, event):
                await self._say(response, chunks)
                if event == "error":
                    await self._send(self._event("error", error=_error(code, code, message)))
                else:
                    await self._send(*response.failure(code, code, message))
            case Garbage():
                await self._socket.send_str('{"type": "response.output_audio.delta", nonsense')

    async def _say(self, response: SpokenResponse, chunks: Chunks) -> None:
        for words in pieces(chunks):
            await self._send(*response.piece(words))

    async def _close(self, step: CloseSocket) -> None:
        await self._socket.close(code=step.code, message=step.reason.encode())

    async def _send(self, *events: Event) -> None:
        for event in events:
            await self._socket.send_str(json.dumps(event))

    def _event(self, kind: str, **fields: Any) -> Event:
        return new_event(self._numbers, kind, **fields)


def _error(kind: str, code: str | None, message: str, param: str | None = None) -> Event:
    return {"type": kind, "code": code, "message": message, "param": param, "event_id": None}


def _merge(known: Event, told: Mapping[str, Any]) -> Event:
    merged = dict(known)
    for name, value in told.items():
        is_deeper = isinstance(value, Mapping) and isinstance(known.get(name), dict)
        merged[name] = _merge(known[name], value) if is_deeper else value
    return merged
