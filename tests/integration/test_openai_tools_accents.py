"""Calls from servers that number, name and cut them in ways of their own."""

import asyncio
import json
from typing import Any

import pytest

from handlers.errors import AnswerEmptyError, ServiceDownError
from handlers.ports.chat import ChatStream, Finish, Source
from tests.integration.openai_room import ask, open_room, read
from tests.integration.test_openai_chat import Write, serve
from tests.integration.test_openai_odd_servers import answering, events


async def answer_to(body: object, dialect: str = "chat_completions") -> tuple[ChatStream, str]:
    """What comes of one body: a list is streamed, anything else goes whole."""
    kind = "text/event-stream" if isinstance(body, list) else "application/json"
    told = events(*body) if isinstance(body, list) else body
    async with answering(told, kind) as url, open_room(url, chat_api=dialect) as room:
        stream = room.chat.ask(ask("Hello"))
        await stream.start()
        return stream, await read(stream)


def calls_of(stream: ChatStream) -> list[tuple[str, str]]:
    return [(call.name, call.arguments) for call in stream.calls]


def piece(
    name: str | None = None,
    arguments: object = None,
    index: int | None = None,
    call_id: str | None = None,
) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    told = {"index": index, "id": call_id}
    return {key: value for key, value in told.items() if value is not None} | {
        "function": {key: value for key, value in function.items() if value is not None}
    }


def chunk(*pieces: object, finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"delta": {"tool_calls": list(pieces)}, "finish_reason": finish}]}


END = chunk(finish="tool_calls")
A, B = '{"city": "Paris"}', '{"city": "Rome"}'


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(piece("f", A)), chunk(piece("f", B))],
        [chunk(piece("f", A), piece("f", B))],
        [chunk(piece("f", A, 0, "x")), chunk(piece("f", B, 0, "y"))],
        [chunk(piece("f", A, 0)), chunk(piece("f", B, 0))],
        [chunk(piece("f", A, 0, "x")), chunk(piece("f", B, 1, "x"))],
        [chunk(piece("f", '{"city": ', 0)), chunk(piece("f", '"Paris"}', 0)), chunk(piece("f", B))],
        [
            chunk(piece("f", "", call_id="x")),
            chunk(piece(arguments='{"city": ')),
            chunk(piece(arguments='"Paris"}')),
            chunk(piece("f", "", call_id="y")),
            chunk(piece(arguments=B)),
        ],
        [
            chunk(piece("f", "", 0, "x"), piece("f", "", 1, "y")),
            chunk(piece(arguments=A, index=0)),
            chunk(piece(arguments='{"city": ', index=1)),
            chunk(piece(arguments='"Rome"}', index=1)),
        ],
        [
            chunk(piece("f", '{"city": ', 0, "x")),
            chunk(piece("f", '"Paris"}', 0, "x")),
            chunk(piece("f", B, 1, "y")),
        ],
        [chunk(piece("f", {"city": "Paris"})), chunk(piece("f", {"city": "Rome"}))],
    ],
    ids=[
        *("no number", "in one event", "one number", "one number, no id", "one id"),
        *("name in each piece", "id only", "interleaved", "all in each piece", "objects"),
    ],
)
async def test_two_calls_are_two_however_they_come(chunks: list[Any]) -> None:
    stream, _ = await answer_to([*chunks, END])
    assert calls_of(stream) == [("f", A), ("f", B)]
    assert stream.finish is Finish.COMPLETE
    first, second = stream.calls
    assert first.id
    assert second.id not in ("", first.id)
    assert stream.calls == (first, second)


async def test_two_functions_without_arguments_are_two() -> None:
    stream, _ = await answer_to([chunk(piece("f"), piece("g")), END])
    assert calls_of(stream) == [("f", ""), ("g", "")]


async def test_a_name_that_comes_in_pieces_is_put_together() -> None:
    stream, _ = await answer_to([chunk(piece("get_", "", 0)), chunk(piece("time", A, 0)), END])
    assert calls_of(stream) == [("get_time", A)]


@pytest.mark.parametrize("reason", ["stop", "tool_calls", "function_call", "tool_use"])
async def test_calls_stand_whatever_the_whole_answer_s_reason(reason: str) -> None:
    stream, _ = await answer_to([chunk(piece("f", A, 0, "x"), finish=reason)])
    assert calls_of(stream) == [("f", A)]


async def test_a_call_that_follows_its_own_end_is_read() -> None:
    stream, _ = await answer_to([END, chunk(piece("f", A, 0, "x"))])
    assert calls_of(stream) == [("f", A)]


@pytest.mark.parametrize("calls", [5, "x", [None], ["x"], [{}], [{"function": 5}]])
async def test_calls_that_are_none_are_none(calls: object) -> None:
    body = {"choices": [{"delta": {"content": "Hi", "tool_calls": calls}, "finish_reason": "stop"}]}
    stream, text = await answer_to([body])
    assert (text, stream.calls) == ("Hi", ())


async def test_a_call_of_nothing_is_not_made() -> None:
    words = {"choices": [{"delta": {"content": "Hi"}}]}
    stream, text = await answer_to([words, chunk(piece("", A, 0, "x")), END])
    assert (text, stream.finish, stream.calls) == ("Hi", Finish.CUT, ())

    with pytest.raises(ServiceDownError):
        await answer_to([chunk(piece("", A, 0, "x")), END])


async def test_a_stream_that_ends_without_a_reason_has_no_calls() -> None:
    with pytest.raises(ServiceDownError):
        await answer_to([chunk(piece("f", A, 0, "x"))])


async def test_a_whole_message_with_calls_is_taken() -> None:
    message = {"content": None, "tool_calls": [{"id": "x", "function": {"name": "f"}}]}
    body = {"model": "m-1", "choices": [{"message": message, "finish_reason": "tool_calls"}]}
    stream, text = await answer_to(body)
    assert (text, calls_of(stream)) == ("", [("f", "")])
    assert stream.facts.model == "m-1"


def item(number: int, **more: Any) -> dict[str, Any]:
    return {"type": "function_call", "id": f"fc_{number}", "name": "f", **more}


def whole(*output: object, **more: Any) -> dict[str, Any]:
    return {"object": "response", "status": "completed", "output": list(output), **more}


def ended(*output: object) -> dict[str, Any]:
    return {"type": "response.completed", "response": whole(*output)}


def on(kind: str, place: int | None, **more: Any) -> dict[str, Any]:
    where = {} if place is None else {"output_index": place}
    return {"type": f"response.{kind}", **where, **more}


ONE, TWO = item(1, call_id="x", arguments=A), item(2, call_id="y", arguments=B)


@pytest.mark.parametrize(
    "body",
    [
        whole(ONE, TWO),
        [ended(ONE, TWO)],
        [on("output_item.done", 0, item=ONE), on("output_item.done", 1, item=TWO), ended()],
        [on("output_item.done", 0, item=ONE), on("output_item.done", 0, item=TWO), ended(ONE, TWO)],
        [on("output_item.done", None, item=ONE), on("output_item.done", None, item=TWO), ended()],
        [on("output_item.done", 5, item=ONE), ended(ONE, TWO)],
        [
            on("output_item.added", 0, item=item(1, call_id="x", arguments="")),
            on("output_item.added", 1, item=item(2, call_id="y")),
            on("function_call_arguments.delta", 0, delta='{"city": '),
            on("function_call_arguments.delta", 1, delta='{"city": "Ro'),
            on("function_call_arguments.delta", 0, delta='"Paris"}'),
            on("function_call_arguments.done", 1, arguments=B),
            ended(),
        ],
        [
            on("output_item.added", 0, item=item(1, call_id="x")),
            on("function_call_arguments.done", 0, arguments=A),
            on("output_item.done", 0, item={**ONE, "id": "other", "arguments": ""}),
            on("output_item.added", 1, item=item(2, call_id="y")),
            on("output_item.done", 1, item={**TWO, "id": "again"}),
            ended(),
        ],
    ],
    ids=[
        *("whole", "last event only", "no output", "one place", "no place", "part of it"),
        *("no item done", "changing ids"),
    ],
)
async def test_two_items_are_two_calls_however_they_come(body: object) -> None:
    stream, _ = await answer_to(body, "responses")
    assert [(call.id, call.arguments) for call in stream.calls] == [("x", A), ("y", B)]
    assert stream.finish is Finish.COMPLETE


async def test_an_item_without_a_call_s_id_is_given_one() -> None:
    nameless = {"type": "function_call", "name": "f", "arguments": A}
    stream, _ = await answer_to(whole(nameless), "responses")
    assert calls_of(stream) == [("f", A)]
    assert stream.calls[0].id
    assert stream.calls == stream.calls


async def test_an_item_that_is_not_whole_is_no_call() -> None:
    broken = {**ONE, "status": "incomplete"}
    with pytest.raises(ServiceDownError):
        await answer_to(whole(broken), "responses")

    short = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    with pytest.raises(AnswerEmptyError):
        await answer_to(whole(broken, **short), "responses")


@pytest.mark.parametrize("thought", [None, ""])
async def test_thoughts_that_cannot_be_given_back_are_not_carried(thought: str | None) -> None:
    thinking: dict[str, Any] = {"type": "reasoning", "id": "rs_1", "summary": []}
    thinking["encrypted_content"] = thought
    stream, _ = await answer_to(whole(thinking, ONE), "responses")
    assert stream.calls
    assert stream.carried == ""


async def test_what_is_carried_has_no_nulls_and_keeps_its_order() -> None:
    thinking = {"type": "reasoning", "id": "rs_1", "encrypted_content": "secret", "status": None}
    stream, _ = await answer_to(whole(thinking, ONE), "responses")
    assert json.loads(stream.carried) == [
        {"type": "reasoning", "id": "rs_1", "encrypted_content": "secret"},
        ONE,
    ]


@pytest.mark.parametrize(
    ("dialect", "told"),
    [
        ("chat_completions", [chunk(piece("f", A, 0, "x")), chunk(piece("f", B, 1, "y"))]),
        ("chat_completions", [chunk(piece("f", A, 0, "x"), finish="tool_calls")]),
        ("responses", [on("output_item.done", 0, item=ONE)]),
    ],
    ids=["the next begins", "the end", "item done"],
)
async def test_the_end_of_a_call_is_enough_to_start_with(dialect: str, told: list[Any]) -> None:
    async def script(write: Write) -> None:
        await write(events(*told).encode())
        await asyncio.Event().wait()

    async with serve(script) as address, open_room(address, chat_api=dialect) as room:
        stream = room.chat.ask(ask("Hello"))
        await stream.start()
        await stream.aclose()


async def test_a_source_that_only_its_own_event_tells_is_read() -> None:
    cited = {"type": "url_citation", "title": "A", "url": "https://a.org"}
    other = {"type": "file_citation", "title": "F", "url": "https://f.org"}
    body = [
        on("output_text.delta", 0, content_index=0, delta="Hi"),
        on("output_text.annotation.added", 0, annotation=cited),
        on("output_text.annotation.added", 0, annotation=other),
        ended(),
    ]
    stream, _ = await answer_to(body, "responses")
    assert stream.sources == (Source("A", "https://a.org"),)


async def test_sources_are_read_wherever_servers_put_them() -> None:
    cited = {
        "type": "url_citation",
        "url_citation": {"title": " A\n page ", "url": "https://a.org"},
    }
    body = [
        {"choices": [{"delta": {"content": "Hi", "annotations": [cited, cited]}}]},
        {
            "citations": ["https://a.org", "https://b.org", "ftp://c.org", "javascript:x", 5, None],
            "choices": [{"delta": {}, "finish_reason": "stop"}],
        },
    ]
    stream, _ = await answer_to(body)
    assert stream.sources == (Source("A page", "https://a.org"), Source("", "https://b.org"))
