"""The emulator's rules for functions, forms and seeds; the real client breaks them."""

import json
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.emulators.openai import Answer, Called, Calls, OpenAIEmulator, Page
from tests.unit.emulators.openai_samples import client_of, completions, responses

MODEL = "gpt-4o-mini"
THINKER = "gpt-6-luna"
OBJECT: dict[str, Any] = {"type": "object", "properties": {}}
ASKED = {"role": "user", "content": "hi"}


@pytest.fixture
async def service() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(is_spec_checked=False) as emulator:  # or the spec would answer for it
        yield emulator


@pytest.fixture
async def client(service: OpenAIEmulator) -> AsyncIterator[AsyncOpenAI]:
    async with client_of(service) as client:
        yield client


def nested(**function: Any) -> dict[str, Any]:
    told = {"name": "f", "parameters": OBJECT} | function
    return {"type": "function", "function": told}


def flat(**function: Any) -> dict[str, Any]:
    return {"type": "function", "name": "f", "parameters": OBJECT, "strict": False} | function


def called(*ids: str) -> dict[str, Any]:
    function = {"name": "f", "arguments": "{}"}
    calls = [{"id": name, "type": "function", "function": function} for name in ids]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def result(call_id: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": "done"}


@pytest.mark.parametrize(
    ("more", "part_of_message"),
    [
        ({"tools": [nested(name="a b")]}, "does not match pattern"),
        ({"tools": [nested(name="f" * 65)]}, "does not match pattern"),
        ({"tools": [nested(), nested()]}, "Two functions"),
        ({"tools": [nested(description="x" * 1025)]}, "string too long"),
        ({"tools": [nested(parameters={"type": "string"})]}, "Invalid schema for function 'f'"),
        ({"tools": [nested(parameters={"type": "nonsense"})]}, "Invalid schema for function 'f'"),
        (
            {"tools": [nested(parameters={"type": "object", "properties": {}}, strict=True)]},
            "additionalProperties",
        ),
        ({"tools": [flat()]}, "Unknown parameter"),
        ({"tools": []}, "Invalid 'tools'"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"messages": [ASKED, called("a")]}, "did not have response messages: a"),
        ({"messages": [ASKED, called("a", "b"), result("a")]}, "response messages: b"),
        ({"messages": [ASKED, called("a"), ASKED, result("a")]}, "response messages: a"),
        ({"messages": [ASKED, called("a"), result("b")]}, "must be a response"),
        ({"messages": [ASKED, result("a")]}, "must be a response"),
        ({"messages": [ASKED, called("a", "a"), result("a")]}, "Duplicate"),
        ({"extra_body": {"seed": 1.5}}, "seed"),
        ({"extra_body": {"seed": True}}, "seed"),
        ({"extra_body": {"seed": 2**63}}, "seed"),
        ({"extra_body": {"web_search_options": {}}}, "Web search options"),
        ({"response_format": {"type": "json"}}, "json_object"),
    ],
)
async def test_a_chat_completion_that_breaks_a_rule_of_functions_is_refused(
    service: OpenAIEmulator, client: AsyncOpenAI, more: dict[str, Any], part_of_message: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=part_of_message):
        await completions(client, **({"model": MODEL} | more))
    assert len(service.violations) == 1


CALL = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "a", "output": "done"}


@pytest.mark.parametrize(
    ("more", "part_of_message"),
    [
        ({"tools": [nested()]}, "strict"),
        ({"tools": [{k: v for k, v in flat().items() if k != "strict"}]}, "strict"),
        ({"input": [ASKED, CALL]}, "No tool output found for function call a"),
        ({"input": [ASKED, OUTPUT]}, "No tool call found"),
        ({"input": [ASKED, CALL, OUTPUT, OUTPUT]}, "No tool call found"),
        ({"input": [ASKED, CALL | {"name": "a.b"}, OUTPUT]}, "does not match pattern"),
        ({"input": [ASKED, {"type": "reasoning", "id": "rs_1", "summary": []}]}, "not persisted"),
        (
            {"input": [ASKED, {"type": "reasoning", "id": "rs_1", "encrypted_content": "x"}]},
            "could not be verified",
        ),
        (
            {"instructions": "Answer with JSON.", "text": {"format": {"type": "json_object"}}},
            "word 'json'",
        ),
    ],
)
async def test_a_response_that_breaks_a_rule_of_functions_is_refused(
    service: OpenAIEmulator, client: AsyncOpenAI, more: dict[str, Any], part_of_message: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=part_of_message):
        await responses(client, **({"model": MODEL} | more))
    assert len(service.violations) == 1


async def test_what_was_thought_before_a_call_must_be_given_back(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    service.script("/responses", Calls([Called("f", {"a": 1})]))
    include = ["reasoning.encrypted_content"]
    asked: dict[str, Any] = {"model": THINKER, "tools": [flat()], "include": include}
    stream = await responses(client, **asked)
    ended = [event async for event in stream][-1]
    assert ended.type == "response.completed"
    thought, call = (item.model_dump(exclude_none=True) for item in ended.response.output)
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "done"}

    with pytest.raises(openai.BadRequestError, match="without its required 'reasoning' item"):
        await responses(client, **asked, input=[ASKED, call, output])
    await responses(client, **asked, input=[ASKED, thought, call, output])
    assert [result.output for result in service.chats()[-1].results] == ["done"]


async def test_what_was_thought_is_only_given_to_who_asks_for_it(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    whole = await client.responses.create(model=THINKER, input="hi", store=False)
    thought = whole.output[0]
    assert thought.type == "reasoning"
    assert thought.encrypted_content is None


async def test_the_real_client_puts_streamed_calls_together(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    service.script("chat", *[Calls([Called("f", {"city": "Zürich"}), Called("f")], "So")] * 2)
    told: dict[int, str] = {}
    async for chunk in await completions(client, model=MODEL, tools=[nested()]):
        for piece in chunk.choices[0].delta.tool_calls or () if chunk.choices else ():
            assert piece.function is not None
            told[piece.index] = told.get(piece.index, "") + (piece.function.arguments or "")
    assert [json.loads(text) for text in told.values()] == [{"city": "Zürich"}, {}]

    done = [
        event.arguments
        async for event in await responses(client, model=MODEL, tools=[flat()])
        if event.type == "response.function_call_arguments.done"
    ]
    assert [json.loads(text) for text in done] == [{"city": "Zürich"}, {}]


async def test_whole_answers_have_calls_and_sources(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    page = Page("One", "https://one.org")
    steps = (Calls([Called("f")]), Answer("News.", sources=[page], searches=1))
    service.script("chat", *steps, *steps)
    asked: Any = [ASKED]
    tools: Any = [nested()]
    calling = await client.chat.completions.create(model=MODEL, messages=asked, tools=tools)
    assert calling.choices[0].finish_reason == "tool_calls"
    assert calling.choices[0].message.tool_calls is not None
    citing = await client.chat.completions.create(model=MODEL, messages=asked)
    annotations = citing.choices[0].message.annotations or []
    assert [annotation.url_citation.url for annotation in annotations] == ["https://one.org"]

    whole = await client.responses.create(model=MODEL, input="hi")
    assert [item.type for item in whole.output] == ["function_call"]
    found = await client.responses.create(model=MODEL, input="hi")
    assert [item.type for item in found.output] == ["web_search_call", "message"]
    assert service.billed[MODEL, "searches"] == 2


async def test_a_form_is_kept_without_a_script(
    service: OpenAIEmulator, client: AsyncOpenAI
) -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"$ref": "#/$defs/name"},
            "tags": {"type": "array", "items": {"enum": ["a", "b"]}},
            "more": {"anyOf": [{"type": "null"}, {"type": "string"}]},
        },
        "required": ["name", "tags", "more"],
        "additionalProperties": False,
        "$defs": {"name": {"type": "string", "maxLength": 4}},
    }
    form: Any = {"type": "json_schema", "name": "x", "schema": schema, "strict": True}
    whole = await client.responses.create(model=MODEL, input="hi", text={"format": form})
    assert json.loads(whole.output_text) == {"name": "echo", "tags": ["a"], "more": None}
    assert service.violations == []
