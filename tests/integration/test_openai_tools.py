"""Functions that the model calls, over real sockets, in both dialects."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from handlers.errors import AnswerEmptyError, ServiceDownError, ServiceRejectedError
from handlers.ports.chat import (
    ChatModel,
    ChatRequest,
    ChatStream,
    Finish,
    ToolCall,
    ToolResult,
    ToolRound,
    ToolSpec,
)
from tests.emulators.openai import Answer, Called, Calls, ChatCall, Fail, OpenAIEmulator, Usage
from tests.integration.openai_room import KEY, Pauses, ask, open_room, read, started

WEATHER = ToolSpec(
    "get_weather",
    "The weather of a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
CLOCK = ToolSpec("get_time", "The time.", {"type": "object", "properties": {}})
PARIS = Called("get_weather", {"city": "Paris, 1er"})
ROME = Called("get_weather", {"city": "Rome"})
TALKER = "gpt-4o-mini"
"""It does not think, so that it takes functions in either dialect."""


@pytest.fixture
async def emulator() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(api_key=KEY) as emulator:
        yield emulator


@pytest.fixture(params=["responses", "chat_completions"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def wants(*specs: ToolSpec, model: str = TALKER, **more: Any) -> ChatRequest:
    return ask("How is it there?", model=model, tools=specs or (WEATHER, CLOCK), **more)


def then(request: ChatRequest, stream: ChatStream, text: str, *outputs: str) -> ChatRequest:
    """The request that goes on after a stream called."""
    results = tuple(
        ToolResult(call.id, output) for call, output in zip(stream.calls, outputs, strict=True)
    )
    done = ToolRound(stream.calls, results, text, stream.carried)
    return replace(request, rounds=(*request.rounds, done))


async def follow(chat: ChatModel, request: ChatRequest) -> tuple[ChatStream, str]:
    stream = await started(chat, request)
    return stream, await read(stream)


def told(calls: tuple[ToolCall, ...]) -> list[tuple[str, Any]]:
    return [(call.name, json.loads(call.arguments)) for call in calls]


async def test_parallel_calls_and_the_text_before_them_are_read(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    emulator.script("chat", Calls([PARIS, ROME, Called("get_time")], ["Let me ", "look."]))
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        stream, text = await follow(room.chat, wants())
    assert text == "Let me look."
    assert told(stream.calls) == [
        ("get_weather", {"city": "Paris, 1er"}),
        ("get_weather", {"city": "Rome"}),
        ("get_time", {}),
    ]
    assert len({call.id for call in stream.calls}) == 3
    assert stream.finish is Finish.COMPLETE
    assert emulator.violations == []


async def test_calls_without_a_word_are_an_answer(emulator: OpenAIEmulator, dialect: str) -> None:
    emulator.script("chat", Calls([PARIS], usage=Usage(50, 9)))
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        stream = await started(room.chat, wants())
        assert [piece async for piece in stream] == []
    assert told(stream.calls) == [("get_weather", {"city": "Paris, 1er"})]
    assert [(u.input_tokens, u.output_tokens, u.is_estimate) for u in stream.usage] == [
        (50, 9, False)
    ]


@pytest.mark.parametrize("model", [TALKER, "gpt-6-luna"])
async def test_two_rounds_lead_to_an_answer(
    emulator: OpenAIEmulator, dialect: str, model: str
) -> None:
    def call_until_told(call: ChatCall) -> list[Called]:
        return {0: [PARIS, ROME], 2: [Called("get_time")]}.get(len(call.results), [])

    emulator.on_tools = call_until_told
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        request = wants(model=model)
        stream, text = await follow(room.chat, request)
        request = then(request, stream, text, "sunny", "")
        stream, text = await follow(room.chat, request)
        request = then(request, stream, text, "noon")
        stream, text = await follow(room.chat, request)
    assert text.endswith("[get_weather: sunny] [get_weather: ] [get_time: noon]")
    assert stream.calls == ()
    assert emulator.violations == []


async def test_responses_give_back_what_the_model_thought(emulator: OpenAIEmulator) -> None:
    emulator.script("chat", Calls([PARIS], "Wait."))
    async with open_room(emulator.base_url, chat_api="responses") as room:
        request = wants(model="gpt-6-luna")
        stream, text = await follow(room.chat, request)
        await follow(room.chat, then(request, stream, text, "sunny"))
    body = emulator.requests[-1].body
    assert body["include"] == ["reasoning.encrypted_content"]
    assert body["store"] is False
    kinds = [item.get("type") for item in body["input"]]
    assert kinds == [None, "reasoning", "message", "function_call", "function_call_output"]
    assert body["input"][1]["encrypted_content"]
    assert emulator.violations == []


@pytest.mark.parametrize("carried", ["", "no JSON", "[]", '[{"type": "function_call"}]', '["x"]'])
async def test_a_round_whose_thoughts_are_gone_goes_in_plain_words(
    emulator: OpenAIEmulator, carried: str
) -> None:
    call = ToolCall("call_1", "get_weather", '{"city": "Rome"}')
    done = ToolRound((call,), (ToolResult("call_1", "rain"),), "Let me see.", carried)
    async with open_room(emulator.base_url, chat_api="responses") as room:
        await follow(room.chat, wants(rounds=(done,)))
    assert emulator.requests[-1].body["input"][1:] == [
        {"role": "assistant", "content": "Let me see."},
        {
            "type": "function_call",
            "call_id": "call_1",
            "name": "get_weather",
            "arguments": '{"city": "Rome"}',
        },
        {"type": "function_call_output", "call_id": "call_1", "output": "rain"},
    ]
    assert emulator.violations == []


async def test_functions_are_offered_as_each_dialect_wants_them(emulator: OpenAIEmulator) -> None:
    for dialect in ("responses", "chat_completions"):
        async with open_room(emulator.base_url, chat_api=dialect) as room:
            await follow(room.chat, wants(WEATHER))
    flat, nested = [request.body["tools"] for request in emulator.requests]
    function = {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": dict(WEATHER.parameters),
    }
    assert flat == [{"type": "function", "strict": False} | function]
    assert nested == [{"type": "function", "function": function}]


async def test_completions_are_given_the_round_as_messages(emulator: OpenAIEmulator) -> None:
    calls = (ToolCall("a", "no.such name", "{broken"), ToolCall("b", "get_time", "{}"))
    done = ToolRound(calls, (ToolResult("a", "no such tool"), ToolResult("b", "noon")))
    async with open_room(emulator.base_url) as room:
        await follow(room.chat, wants(rounds=(done,)))
    assert emulator.requests[-1].body["messages"][1:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "a",
                    "type": "function",
                    "function": {"name": "no_such_name", "arguments": "{}"},
                },
                {
                    "id": "b",
                    "type": "function",
                    "function": {"name": "get_time", "arguments": "{}"},
                },
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": "no such tool"},
        {"role": "tool", "tool_call_id": "b", "content": "noon"},
    ]
    assert emulator.violations == []


async def test_arguments_that_are_no_json_are_the_caller_s_to_judge(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    emulator.script("chat", Calls([Called("get_weather", "{city: Paris")]))
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        stream, _ = await follow(room.chat, wants())
    assert [call.arguments for call in stream.calls] == ["{city: Paris"]


async def test_a_cut_call_is_no_call(emulator: OpenAIEmulator, dialect: str) -> None:
    emulator.script("chat", Calls([PARIS, ROME], "Let me look.", is_cut=True))
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        stream, text = await follow(room.chat, wants())
    assert text == "Let me look."
    assert stream.calls == ()
    assert stream.finish is Finish.CUT
    assert stream.usage[-1].is_estimate


async def test_a_call_that_is_cut_before_anything_is_asked_for_again_and_noted(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    pauses = Pauses()
    emulator.script("chat", Calls([PARIS], is_cut=True), Calls([PARIS]))
    async with open_room(emulator.base_url, pauses, chat_api=dialect) as room:
        stream, _ = await follow(room.chat, wants())
    assert told(stream.calls) == [("get_weather", {"city": "Paris, 1er"})]
    assert len(pauses.waited_s) == 1
    lost, answered = stream.usage
    assert lost.is_estimate
    # The description of what is offered is read, too.
    assert lost.input_tokens > 40
    assert lost.output_tokens > 3
    assert not answered.is_estimate


async def test_a_call_that_is_always_cut_is_the_service_s_fault(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    emulator.script("chat", *[Calls([PARIS], is_cut=True)] * 3)
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        stream = room.chat.ask(wants())
        with pytest.raises(ServiceDownError):
            await stream.start()
    assert len(stream.usage) == 3


async def test_a_call_that_its_own_server_cannot_read_is_asked_for_again(
    emulator: OpenAIEmulator,
) -> None:
    broken = Fail(400, code="tool_use_failed", message="Failed to call a function.")
    emulator.script("chat", broken, Calls([PARIS]))
    async with open_room(emulator.base_url) as room:
        stream, _ = await follow(room.chat, wants())
    assert told(stream.calls) == [("get_weather", {"city": "Paris, 1er"})]


async def test_a_call_that_reached_the_bound_is_no_call(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    emulator.script("chat", Calls([PARIS], "So:", finish="length"))
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        stream, _ = await follow(room.chat, wants())
        assert (stream.finish, stream.calls) == (Finish.LENGTH, ())

        emulator.script("chat", Calls([PARIS], finish="length"))
        with pytest.raises(AnswerEmptyError):
            await started(room.chat, wants())


async def test_a_model_without_functions_answers_without_them_and_is_remembered(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    emulator.refused[TALKER] = {"tools"}
    emulator.on_tools = lambda _: [PARIS]
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        for _ in range(2):
            stream, text = await follow(room.chat, wants())
            assert (text, stream.calls) == ("echo: How is it there?", ())
            assert len(stream.usage) == 1
    assert ["tools" in request.body for request in emulator.requests] == [True, False, False]
    assert emulator.violations == []


@pytest.mark.parametrize(
    "refusal",
    [
        Fail(400, message="registry.ollama.ai/library/gemma:2b does not support tools"),
        Fail(400, message='"auto" tool choice requires --enable-auto-tool-choice to be set'),
        Fail(404, message="No endpoints found that support tool use. Try disabling it."),
        Fail(500, message="tools param requires --jinja flag"),
        Fail(500, message="Unsupported param: tools"),
        Fail(422, message="body.tools: Extra inputs are not permitted"),
        Fail(400, message="`tool calling` is not supported with this model"),
    ],
    ids=["ollama", "vllm", "openrouter", "llama.cpp", "old llama.cpp", "pydantic", "groq"],
)
async def test_other_servers_refuse_functions_in_words_of_their_own(
    emulator: OpenAIEmulator, refusal: Fail
) -> None:
    emulator.script("chat", refusal)
    async with open_room(emulator.base_url) as room:
        _, text = await follow(room.chat, wants())
    assert text == "echo: How is it there?"
    assert ["tools" in request.body for request in emulator.requests] == [True, False]


async def test_what_is_learned_is_logged_without_the_key(
    emulator: OpenAIEmulator, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator.script("chat", Fail(400, message=f"{KEY}: this model does not support tools"))
    async with open_room(emulator.base_url) as room:
        await follow(room.chat, wants())
    said = "".join(capsys.readouterr())
    assert "does not support tools" in said
    assert KEY not in said


@pytest.mark.parametrize(
    "refusal",
    [
        Fail(400, message="The model does not support images."),
        Fail(400, message="Invalid 'messages[1].content': not supported."),
        Fail(400, code="context_length_exceeded", message="The tools and messages are too long."),
        Fail(400, message="Each of the tool calls requires a result, so long as it is there."),
    ],
    ids=["pictures", "content", "too long", "results"],
)
async def test_a_refusal_of_something_else_is_no_reason_to_leave_functions_out(
    emulator: OpenAIEmulator, refusal: Fail
) -> None:
    emulator.script("chat", refusal)
    async with open_room(emulator.base_url) as room:
        with pytest.raises(Exception, match=r"support|long"):
            await started(room.chat, wants())
        await follow(room.chat, wants())
    assert ["tools" in request.body for request in emulator.requests] == [True, True]


async def test_a_thinking_model_is_told_not_to_where_it_cannot_have_both(
    emulator: OpenAIEmulator,
) -> None:
    emulator.on_tools = lambda call: [] if call.results else [PARIS]
    async with open_room(emulator.base_url, chat_api="chat_completions") as room:
        request = wants(model="gpt-6-luna")
        stream, _ = await follow(room.chat, request)
        assert told(stream.calls) == [("get_weather", {"city": "Paris, 1er"})]
        await follow(room.chat, then(request, stream, "", "sunny"))
        await follow(room.chat, replace(request, tools=()))
    assert [(b.get("reasoning_effort"), "tools" in b) for b in bodies(emulator)] == [
        (None, True),
        ("none", True),
        ("none", True),
        (None, False),
    ]


async def test_a_model_that_cannot_but_think_goes_without_functions(
    emulator: OpenAIEmulator,
) -> None:
    emulator.refused["gpt-6-astra"] = {"effort none"}
    async with open_room(emulator.base_url, chat_api="chat_completions") as room:
        for _ in range(2):
            await follow(room.chat, wants(model="gpt-6-astra", effort="high"))
    assert [(b.get("reasoning_effort"), "tools" in b) for b in bodies(emulator)] == [
        ("high", True),
        ("none", True),
        ("high", False),
        ("high", False),
    ]


async def test_one_bad_description_costs_one_function(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    bad = ToolSpec("odd", "Odd.", {"type": "object", "properties": {"a": {"type": "array"}}})
    emulator.on_tools = lambda _: [PARIS]
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        for _ in range(2):
            stream, _ = await follow(room.chat, wants(bad, WEATHER))
            assert [call.name for call in stream.calls] == ["get_weather"]
    assert [len(body["tools"]) for body in bodies(emulator)] == [2, 1, 1]


async def test_a_function_is_known_by_its_place_in_a_refusal(emulator: OpenAIEmulator) -> None:
    message = "Invalid 'tools[1].function.parameters': too many properties."
    emulator.script("chat", Fail(400, message=message, param="tools[1].function.parameters"))
    async with open_room(emulator.base_url) as room:
        await follow(room.chat, wants(CLOCK, WEATHER))
    offered = [[tool["function"]["name"] for tool in body["tools"]] for body in bodies(emulator)]
    assert offered == [["get_time", "get_weather"], ["get_time"]]


async def test_a_function_that_was_not_offered_is_no_fault_of_the_answer_s_schema(
    emulator: OpenAIEmulator,
) -> None:
    emulator.script("chat", Fail(400, message="Invalid schema for function 'other': no object."))
    async with open_room(emulator.base_url) as room:
        with pytest.raises(ServiceRejectedError):
            await started(room.chat, wants())


async def test_a_broken_server_is_asked_again_with_all_that_was_offered(
    emulator: OpenAIEmulator,
) -> None:
    emulator.script("chat", Fail(500, message="unexpected tokens remaining in the tool call"))
    async with open_room(emulator.base_url) as room:
        await follow(room.chat, wants())
    assert ["tools" in body for body in bodies(emulator)] == [True, True]


async def test_a_long_description_is_shortened(emulator: OpenAIEmulator, dialect: str) -> None:
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        await follow(room.chat, wants(replace(WEATHER, description="long " * 400)))
    assert emulator.violations == []


async def test_what_is_offered_and_was_called_is_in_the_estimate(emulator: OpenAIEmulator) -> None:
    emulator.script("chat", Calls([PARIS], "So", is_cut=True))
    emulator.script("chat", Calls([PARIS], "So", is_cut=True))
    call = ToolCall("a", "get_time", "{}")
    done = ToolRound((call,), (ToolResult("a", "many words " * 100),))
    async with open_room(emulator.base_url) as room:
        bare, _ = await follow(room.chat, wants(CLOCK))
        more, _ = await follow(room.chat, wants(CLOCK, rounds=(done,)))
    assert more.usage[-1].input_tokens > bare.usage[-1].input_tokens + 150
    assert bare.usage[-1].output_tokens > 4


async def test_bodies_with_rounds_are_as_the_service_wants_them(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    """The emulator judges each body by the published spec and by the service's own rules."""
    emulator.script("chat", Calls([PARIS, ROME]), Answer("Fine."))
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        request = wants()
        stream, _ = await follow(room.chat, request)
        _, text = await follow(room.chat, then(request, stream, "", "sun", "\ud83d half"))
    assert text == "Fine."
    assert emulator.violations == []


def bodies(emulator: OpenAIEmulator) -> list[Any]:
    return [request.body for request in emulator.requests]
