"""Sends one chat answer as a step says: whole, in events, too late, or not to its end."""

import asyncio
import contextlib
from collections.abc import Iterable
from itertools import chain

from aiohttp import web

from tests.emulators.openai_service.ledger import Ledger, tokens_of
from tests.emulators.openai_service.records import ChatCall
from tests.emulators.openai_service.spoken_chats import answering, spoken_tokens
from tests.emulators.openai_service.steps import (
    Answer,
    Called,
    Calls,
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
        self,
        request: web.Request,
        call: ChatCall,
        ledger: Ledger,
        stopping: asyncio.Event,
        fingerprint: str = "fp_emulator",
    ) -> None:
        self._request = request
        self._call = call
        self._ledger = ledger
        self._stopping = stopping
        self._answering = answering(call, fingerprint)
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
            case Answer():
                await self._response.write(self._search(step))
                await self._write(pieces(step.text), step.chunk_delay_s)
                await self._response.write(self._answering.cite(step.sources))
                return await self._close(step.finish, step.usage)
            case Calls():
                return await self._stream_calls(step)
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

    async def _stream_calls(self, step: Calls) -> Usage | None:
        await self._write(pieces(step.text))
        last = len(step.calls) - 1
        for number, called in enumerate(step.calls):
            events = list(self._answering.call(called, step.fragment))
            is_whole = number < last or not (step.is_cut or step.finish == "length")
            # Without its end, and its last fragment if there are two.
            told = events if is_whole else events[: max(len(events) - 2, 3)]
            for event in told:
                await self._response.write(event)
            self._sent += called.name + called.text
        if step.is_cut:
            self.is_over = True
            break_connection(self._request)
            return None
        return await self._close(step.finish, step.usage)

    def _search(self, step: Answer) -> bytes:
        self._ledger.bill_searches(self._call.model, step.searches)
        return b"".join(self._answering.search() for _ in range(step.searches))

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
                self._search(step)
            case Calls():
                text, usage, finish = "".join(pieces(step.text)), step.usage, step.finish
            case Gated(chunks, gate, rest):
                await wait_for_any(gate, self._stopping)
                text = "".join((*pieces(chunks), *pieces(rest)))
            case _:
                text = ""
        if text or not isinstance(step, Calls):
            self._answering.delta(text)
        if isinstance(step, Answer):
            self._answering.cite(step.sources)
        calls: tuple[Called, ...] = tuple(step.calls) if isinstance(step, Calls) else ()
        for _ in chain.from_iterable(self._answering.call(called, 64) for called in calls):
            pass
        told = "".join(called.name + called.text for called in calls)
        usage = usage or self._usage(text + told)
        self._ledger.bill_chat(self._call.model, usage, is_told=True)
        self.is_over = True
        return web.json_response(self._answering.whole(text, finish, usage))

    def _usage(self, text: str) -> Usage:
        prompt = self._prompt_usage
        answered = tokens_of(text) + spoken_tokens(self._call.body, text)
        return Usage(prompt.input_tokens, answered, prompt.cached_tokens)
