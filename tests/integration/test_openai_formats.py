"""Answers that are to be JSON, the same again, or found on the web: what each route makes of it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.openai.options import ModelFacts
from handlers.errors import SchemaRefusedError, ServiceRejectedError
from handlers.messages import Capability
from handlers.ports.chat import (
    AnswerFacts,
    AnswerFormat,
    ChatModel,
    ChatRequest,
    ChatStream,
    HostedTool,
    Source,
    ToolSpec,
)
from tests.emulators.openai import Answer, Called, Fail, OpenAIEmulator, Page
from tests.integration.openai_room import KEY, ask, open_room, read, started

TALKER = "gpt-4o-mini"
THINKER = "gpt-6-luna"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
PERSON = AnswerFormat(SCHEMA, "person")
ANY = AnswerFormat()
CLOCK = ToolSpec("get_time", "The time.", {"type": "object", "properties": {}})
SEARCH = frozenset({HostedTool.WEB_SEARCH})


@pytest.fixture
async def emulator() -> AsyncIterator[OpenAIEmulator]:
    async with OpenAIEmulator(api_key=KEY) as emulator:
        yield emulator


@pytest.fixture(params=["responses", "chat_completions"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def follow(chat: ChatModel, request: ChatRequest) -> tuple[ChatStream, str]:
    stream = await started(chat, request)
    return stream, await read(stream)


def bodies(emulator: OpenAIEmulator) -> list[Any]:
    return [request.body for request in emulator.requests]


# ------------------------------------------------------------ JSON


async def test_a_schema_is_asked_for_and_kept(emulator: OpenAIEmulator, dialect: str) -> None:
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        _, text = await follow(room.chat, ask("Who?", model=TALKER, format=PERSON))
    assert json.loads(text) == {"name": "echo: Who?", "age": 1}
    schema = {"name": "person", "schema": SCHEMA, "strict": True}
    (body,) = bodies(emulator)
    if dialect == "responses":
        assert body["text"] == {"format": {"type": "json_schema", **schema}}
    else:
        assert body["response_format"] == {"type": "json_schema", "json_schema": schema}
    assert emulator.violations == []


async def test_any_object_is_asked_for(emulator: OpenAIEmulator, dialect: str) -> None:
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        _, text = await follow(room.chat, ask("Who? As JSON", model=TALKER, format=ANY))
    assert json.loads(text) == {"answer": "echo: Who? As JSON"}
    (body,) = bodies(emulator)
    form = body["text"]["format"] if dialect == "responses" else body["response_format"]
    assert form == {"type": "json_object"}
    assert emulator.violations == []


async def test_the_word_that_the_service_looks_for_in_messages_is_there(
    emulator: OpenAIEmulator,
) -> None:
    async with open_room(emulator.base_url, chat_api="responses") as room:
        for words in ("Who?", "Who? As Json"):
            request = ask(words, model=TALKER, system="Answer with JSON.", format=ANY)
            await follow(room.chat, request)
    assert [len(body["input"]) for body in bodies(emulator)] == [2, 1]
    assert emulator.violations == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string"}}},
        {"type": "object", "properties": {"a": {"type": "nonsense"}}},
        {"type": "string"},
    ],
    ids=["not strict", "no schema", "no object"],
)
async def test_a_schema_that_the_service_refuses_is_told_in_its_words(
    emulator: OpenAIEmulator, dialect: str, schema: dict[str, Any]
) -> None:
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        with pytest.raises(SchemaRefusedError) as raised:
            await started(room.chat, ask("Who?", model=TALKER, format=AnswerFormat(schema)))
        reason = str(raised.value.values["reason"])
        assert reason.startswith("Invalid schema for response_format 'answer'")
        # It is this schema's fault, and no other's.
        await follow(room.chat, ask("Who?", model=TALKER, format=PERSON))
    assert len(emulator.requests) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        Fail(400, message="JSON schema conversion failed:\nUnrecognized schema: 5"),
        Fail(500, message="failed to parse grammar"),
        Fail(400, code="invalid_json_schema", message="x" * 5_000, param="text.format.schema"),
    ],
    ids=["llama.cpp", "grammar", "long"],
)
async def test_other_servers_refuse_a_schema_in_words_of_their_own(
    emulator: OpenAIEmulator, refusal: Fail
) -> None:
    emulator.script("chat", refusal)
    async with open_room(emulator.base_url) as room:
        with pytest.raises(SchemaRefusedError) as raised:
            await started(room.chat, ask("Who?", model=TALKER, format=PERSON))
    assert len(str(raised.value.values["reason"])) <= 300


async def test_a_server_without_schemas_is_told_the_schema_in_words(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    emulator.refused[TALKER] = {"json_schema"}
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        for _ in range(2):
            request = ask("Who?", model=TALKER, system="Be brief.", format=PERSON)
            _, text = await follow(room.chat, request)
            assert json.loads(text) == {"answer": "echo: Who?"}
    assert len(emulator.requests) == 3
    for call in emulator.chats():
        assert call.format == {"type": "json_object"}
        assert "Be brief.\n\n" in call.system
        assert json.dumps(SCHEMA) in call.system
    assert emulator.violations == []


async def test_a_server_without_any_form_is_asked_in_words(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    emulator.refused[TALKER] = {"json_schema", "json_object"}
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        await follow(room.chat, ask("Who?", model=TALKER, format=PERSON))
        await follow(room.chat, ask("Who? JSON", model=TALKER, format=ANY))
    with_schema, without = emulator.chats()
    assert json.dumps(SCHEMA) in with_schema.system
    assert "JSON object" in without.system
    assert with_schema.format["type"] is without.format["type"] is None
    assert len(emulator.requests) == 4


@pytest.mark.parametrize(
    "message",
    [
        "invalid value: `json_schema`, supported values are: `json_object` and `text`",
        "This response_format type is unavailable now",
        "'response_format.type' must be 'text' or 'json_object'",
        "The response_format parameter is unsupported at the moment. Leave it unset.",
    ],
)
async def test_other_servers_refuse_the_form_in_words_of_their_own(
    emulator: OpenAIEmulator, message: str
) -> None:
    emulator.script("chat", Fail(400, message=message))
    async with open_room(emulator.base_url) as room:
        await follow(room.chat, ask("Who?", model=TALKER, format=PERSON))
    assert [body["response_format"]["type"] for body in bodies(emulator)] == [
        "json_schema",
        "json_object",
    ]


# ------------------------------------------------------------ the same again


async def test_a_seed_goes_by_the_route_that_has_one_and_the_facts_say_so(
    emulator: OpenAIEmulator,
) -> None:
    emulator.fingerprint = "fp_today"
    async with open_room(emulator.base_url, chat_api="responses") as room:
        seeded, _ = await follow(room.chat, ask("Hi", model=TALKER, seed=0, temperature=0.0))
        plain, _ = await follow(room.chat, ask("Hi", model=TALKER, temperature=0.5))
    assert [request.route for request in emulator.requests] == ["/chat/completions", "/responses"]
    assert (bodies(emulator)[0]["seed"], bodies(emulator)[0]["temperature"]) == (0, 0.0)
    assert seeded.facts == AnswerFacts(TALKER, "fp_today", 0, 0.0, is_rerouted=True)
    assert plain.facts == AnswerFacts(TALKER, "", None, 0.5)


async def test_the_same_seed_gives_the_same_answer_until_the_fingerprint_changes(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    emulator.varies = True
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        same = [(await follow(room.chat, ask("Hi", model=TALKER, seed=7)))[1] for _ in range(2)]
        other = (await follow(room.chat, ask("Hi", model=TALKER, seed=8)))[1]
        free = [(await follow(room.chat, ask("Hi", model=TALKER)))[1] for _ in range(2)]
        emulator.fingerprint = "fp_later"
        stream, later = await follow(room.chat, ask("Hi", model=TALKER, seed=7))
    assert len(set(same)) == 1
    assert len({*same, other, *free, later}) == 5
    assert stream.facts.fingerprint == "fp_later"


async def test_a_seed_that_a_server_refuses_is_left_out_and_not_claimed(
    emulator: OpenAIEmulator,
) -> None:
    emulator.refused[TALKER] = {"seed"}
    async with open_room(emulator.base_url) as room:
        for _ in range(2):
            stream, _ = await follow(room.chat, ask("Hi", model=TALKER, seed=7))
            assert stream.facts.seed is None
    assert ["seed" in body for body in bodies(emulator)] == [True, False, False]


@pytest.mark.parametrize("how", ["model", "server"])
async def test_a_model_without_the_route_that_has_seeds_goes_without(
    emulator: OpenAIEmulator, how: str
) -> None:
    if how == "model":
        emulator.refused[TALKER] = {"chat_completions"}
    else:
        emulator.retired_routes["/chat/completions"] = 405
    async with open_room(emulator.base_url, chat_api="responses") as room:
        for _ in range(2):
            stream, text = await follow(room.chat, ask("Hi", model=TALKER, seed=7))
            assert text == "echo: Hi"
            assert stream.facts == AnswerFacts(TALKER, "", None, None)
    routes = [request.route for request in emulator.requests]
    assert routes[-2:] == ["/responses", "/responses"]
    assert routes.count("/chat/completions") == (1 if how == "model" else 0)


async def test_a_seed_does_not_cost_a_thinking_model_its_functions(
    emulator: OpenAIEmulator,
) -> None:
    emulator.on_tools = lambda _: [Called("get_time")]
    emulator.refused["gpt-6-astra"] = {"effort none"}
    async with open_room(emulator.base_url, chat_api="responses") as room:
        for model, seed in ((THINKER, 7), ("gpt-6-astra", None)):
            stream, _ = await follow(room.chat, ask("Hi", model=model, seed=7, tools=(CLOCK,)))
            assert [call.name for call in stream.calls] == ["get_time"]
            assert stream.facts.seed == seed
    assert emulator.violations == []


async def test_a_temperature_that_a_thinking_model_refuses_is_left_out_and_not_claimed(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        for effort, told in (("low", None), ("low", None), ("none", 0.2)):
            request = ask("Hi", model=THINKER, temperature=0.2, effort=effort)
            stream, _ = await follow(room.chat, request)
            assert stream.facts.temperature == told
    assert ["temperature" in body for body in bodies(emulator)] == [True, False, False, True]


async def test_a_temperature_out_of_bounds_is_no_lack(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        with pytest.raises(ServiceRejectedError):
            await started(room.chat, ask("Hi", model=TALKER, temperature=3.0))
    assert len(emulator.requests) == 1


async def test_several_lacks_are_found_one_after_another(emulator: OpenAIEmulator) -> None:
    emulator.refused["small"] = {"tools", "seed", "temperature", "json_schema", "stream_options"}
    request = ask("Hi", model="small", seed=1, temperature=0.1, tools=(CLOCK,), format=PERSON)
    async with open_room(emulator.base_url) as room:
        for _ in range(2):
            await follow(room.chat, request)
    assert len(emulator.requests) == 7
    assert bodies(emulator)[-1].keys() == {"model", "messages", "stream", "response_format"}


# ------------------------------------------------------------ the web


async def test_a_search_of_the_web_is_told_with_its_sources_and_its_price(
    emulator: OpenAIEmulator,
) -> None:
    pages = [Page("One", "https://one.org/a"), Page("Two", "https://two.org")]
    emulator.script("chat", Answer("News.", sources=[*pages, pages[0]], searches=2))
    facts = {TALKER: ModelFacts(per_search=0.01)}
    async with open_room(emulator.base_url, chat_api="responses", models=facts) as room:
        stream, text = await follow(room.chat, ask("News?", model=TALKER, hosted=SEARCH))
    assert text == "News."
    assert bodies(emulator)[0]["tools"] == [{"type": "web_search"}]
    assert stream.sources == (Source("One", "https://one.org/a"), Source("Two", "https://two.org"))
    kinds = [usage.capability for usage in stream.usage]
    assert kinds == [Capability.CHAT, Capability.WEB_SEARCH, Capability.WEB_SEARCH]
    assert [usage.cost_usd for usage in stream.usage[1:]] == [0.01, 0.01]
    assert emulator.violations == []


async def test_a_search_without_a_known_price_is_counted_without_one(
    emulator: OpenAIEmulator,
) -> None:
    emulator.script("chat", Answer("News.", searches=1))
    async with open_room(emulator.base_url, chat_api="responses") as room:
        stream, _ = await follow(room.chat, ask("News?", model=TALKER, hosted=SEARCH))
    assert [(u.capability, u.cost_usd) for u in stream.usage[1:]] == [(Capability.WEB_SEARCH, None)]


async def test_completions_search_only_where_the_model_can(emulator: OpenAIEmulator) -> None:
    searcher = "gpt-5-search-api"
    emulator.script("chat", Answer("News.", sources=[Page("One", "https://one.org")]))
    async with open_room(emulator.base_url) as room:
        stream, _ = await follow(room.chat, ask("News?", model=searcher, hosted=SEARCH))
        await follow(room.chat, ask("News?", model=TALKER, hosted=SEARCH))
    assert stream.sources == (Source("One", "https://one.org"),)
    assert [body.get("web_search_options") for body in bodies(emulator)] == [{}, None]
    assert emulator.violations == []


async def test_a_server_that_does_not_search_answers_without_and_is_remembered(
    emulator: OpenAIEmulator, dialect: str
) -> None:
    model = "gpt-4o-search-preview"
    emulator.refused[model] = {"web_search"}
    async with open_room(emulator.base_url, chat_api=dialect) as room:
        for _ in range(2):
            await follow(room.chat, ask("News?", model=model, hosted=SEARCH, tools=(CLOCK,)))
    asked = [len(b["tools"]) + ("web_search_options" in b) for b in bodies(emulator)]
    assert asked == [2, 1, 1]


async def test_any_object_is_not_searched_for(emulator: OpenAIEmulator) -> None:
    async with open_room(emulator.base_url, chat_api="responses") as room:
        await follow(room.chat, ask("JSON", model=TALKER, hosted=SEARCH, format=ANY))
    assert "tools" not in bodies(emulator)[0]
