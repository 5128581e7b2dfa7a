"""Sends one chat answer as a step says: whole, in events, too late, or not to its end."""

import asyncio
import contextlib
from collections.abc import Iterable

from aiohttp import web

from tests.emulators.openai_service.dialects import answering
from tests.emulators.openai_service.ledger import Ledger, tokens_of
from tests.emulators.openai_service.records import ChatCall
from tests.emulators.openai_service.steps import (
    Answer,
    CutAfter,
    Empty,
    EndWithoutFinish,
    FailInStream,
    Finish,
    Garbage,
    Gated,
    HangAfter,
    Step,
    Usage,
    pieces,
)

_GARBAGE = b'data: {"choices": [{"delta": nonsense\n\n'


async def wait_for_any(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def break_connection(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


class ChatAnswer:
    def __init__(
        self, request: web.Request, call: ChatCall, ledger: Ledger, stopping: asyncio.Event
    ) -> None:
        self._request = request
        self._call = call
        self._ledger = ledger
        self._stopping = stopping
        self._answering = answering(call)
        self._prompt_usage = ledger.read_prompt(call)
        self._sent = ""
        self._response = web.StreamResponse()
        self.is_over = False
        """The service has sent all that it was going to send."""

    async def send(self, step: Step) -> web.StreamResponse:
        told: Usage | None = None
        try:
            if self._call.is_stream:
                told = await self._stream(step)
                return self._response
            return await self._whole(step)
        finally:
            if self._call.is_stream:
                usage = told or self._usage(self._sent)
                self._ledger.bill_chat(self._call.model, usage, is_told=told is not None)

    async def _stream(self, step: Step) -> Usage | None:
        """The usage that the client was told, if the answer came to its end."""
        self._response.content_type = "text/event-stream"
        self._response.charset = "utf-8"
        await self._response.prepare(self._request)
        await self._response.write(self._answering.opening())
        match step:
            case Answer(text, chunk_delay_s, usage, finish):
                await self._write(pieces(text), chunk_delay_s)
                return await self._close(finish, usage)
            case Empty():
                return await self._close("stop")
            case Gated(chunks, gate, rest):
                await self._write(pieces(chunks))
                await wait_for_any(gate, self._stopping)
                await self._write(pieces(rest))
                return await self._close("stop")
            case HangAfter(chunks):
                await self._write(pieces(chunks))
                await self._stopping.wait()
            case CutAfter(chunks):
                await self._write(pieces(chunks))
                self.is_over = True
                break_connection(self._request)
            case FailInStream(chunks):
                await self._write(pieces(chunks))
                await self._response.write(self._answering.failure(step))
            case EndWithoutFinish(chunks):
                await self._write(pieces(chunks))
            case Garbage():
                await self._response.write(_GARBAGE)
        self.is_over = True
        return None

    async def _write(self, chunks: Iterable[str], delay_s: float = 0.0) -> None:
        for chunk in chunks:
            await asyncio.sleep(delay_s)
            await self._response.write(self._answering.delta(chunk))
            self._sent += chunk

    async def _close(self, finish: Finish, usage: Usage | None = None) -> Usage:
        usage = usage or self._usage(self._sent)
        self.is_over = True  # before the write: the client may leave as soon as it has the end
        with contextlib.suppress(ConnectionResetError):
            await self._response.write(self._answering.closing(self._sent, finish, usage))
        return usage

    async def _whole(self, step: Step) -> web.StreamResponse:
        finish: Finish = "stop"
        usage: Usage | None = None
        match step:
            case Answer():
                text, usage, finish = "".join(pieces(step.text)), step.usage, step.finish
                await asyncio.sleep(step.chunk_delay_s)
            case Gated(chunks, gate, rest):
                await wait_for_any(gate, self._stopping)
                text = "".join((*pieces(chunks), *pieces(rest)))
            case _:
                text = ""
        usage = usage or self._usage(text)
        self._ledger.bill_chat(self._call.model, usage, is_told=True)
        self.is_over = True
        return web.json_response(self._answering.whole(text, finish, usage))

    def _usage(self, text: str) -> Usage:
        prompt = self._prompt_usage
        return Usage(prompt.input_tokens, tokens_of(text), prompt.cached_tokens)
