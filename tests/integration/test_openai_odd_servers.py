"""Servers that speak the service's language with an accent: each body as it would come."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from handlers.errors import AnswerEmptyError, ServiceDownError
from handlers.ports.chat import Finish
from tests.integration.openai_room import ask, open_room, read, started


@asynccontextmanager
async def answering(body: object, content_type: str = "application/json") -> AsyncIterator[str]:
    """A server that gives this one body, whatever it is asked; its base_url."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(text=text, content_type=content_type)

    app = web.Application()
    app.router.add_post("/v1/{route:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


def events(*payloads: object) -> str:
    return "".join(f"data: {json.dumps(payload)}\n\n" for payload in payloads)


COMPLETION = {
    "choices": [{"message": {"content": "All at once."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3},
}
RESPONSE = {
    "object": "response",
    "status": "completed",
    "output": [
        {"type": "reasoning"},
        {"type": "message", "content": [{"type": "output_text", "text": "All at once."}]},
    ],
    "usage": {"input_tokens": 7, "output_tokens": 3},
}


@pytest.mark.parametrize(
    ("dialect", "body"), [("chat_completions", COMPLETION), ("responses", RESPONSE)]
)
async def test_a_whole_answer_to_a_streaming_request_is_taken(dialect: str, body: object) -> None:
    async with answering(body) as url, open_room(url, chat_api=dialect) as room:
        stream = await started(room.chat, ask("Hello"))
        assert await read(stream) == "All at once."

    assert stream.finish is Finish.COMPLETE
    assert [(u.input_tokens, u.output_tokens, u.is_estimate) for u in stream.usage] == [
        (7, 3, False)
    ]


async def test_a_last_event_that_holds_the_only_text_is_taken() -> None:
    body = events({"type": "response.completed", "response": RESPONSE})
    async with (
        answering(body, "text/event-stream") as url,
        open_room(url, chat_api="responses") as room,
    ):
        assert await read(await started(room.chat, ask("Hello"))) == "All at once."


@pytest.mark.parametrize("reason", ["error", "abort", "who knows"])
async def test_an_unknown_reason_to_finish_is_no_whole_answer(reason: str) -> None:
    body = events(
        {"choices": [{"delta": {"content": "Half"}}]},
        {"choices": [{"delta": {}, "finish_reason": reason}]},
    )
    async with answering(body, "text/event-stream") as url, open_room(url) as room:
        stream = await started(room.chat, ask("Hello"))
        assert await read(stream) == "Half"

    assert stream.finish is Finish.CUT


async def test_a_completed_event_of_an_incomplete_answer_is_no_whole_answer() -> None:
    body = events(
        {"type": "response.output_text.delta", "delta": "Half"},
        {"type": "response.completed", "response": {**RESPONSE, "status": "incomplete"}},
    )
    async with (
        answering(body, "text/event-stream") as url,
        open_room(url, chat_api="responses") as room,
    ):
        stream = await started(room.chat, ask("Hello"))
        await read(stream)

    assert stream.finish is Finish.CUT


async def test_a_message_in_a_piece_s_place_and_parts_in_a_text_s_place_are_read() -> None:
    body = events(
        {"choices": [{"delta": {"content": [{"type": "text", "text": "One "}]}}]},
        {"choices": [{"message": {"content": "two"}, "finish_reason": "stop"}]},
    )
    async with answering(body, "text/event-stream") as url, open_room(url) as room:
        assert await read(await started(room.chat, ask("Hello"))) == "One two"


@pytest.mark.parametrize("choices", [5, "none", None, [None]])
async def test_choices_that_are_none_are_no_answer(choices: object) -> None:
    body = events({"choices": choices})
    async with answering(body, "text/event-stream") as url, open_room(url) as room:
        with pytest.raises(ServiceDownError):
            await started(room.chat, ask("Hello"))


async def test_what_an_empty_answer_cost_is_told() -> None:
    usage = {"prompt_tokens": 130, "completion_tokens": 90}
    body = events({"choices": [{"delta": {}, "finish_reason": "length"}], "usage": usage})
    async with answering(body, "text/event-stream") as url, open_room(url) as room:
        stream = room.chat.ask(ask("Hello"))
        with pytest.raises(AnswerEmptyError):
            await stream.start()

    assert [(u.input_tokens, u.output_tokens) for u in stream.usage] == [(130, 90)]
