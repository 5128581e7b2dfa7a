"""/json: valid JSON, or an honest failure."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from handlers.errors import SchemaRefusedError
from handlers.messages import Attachment, AttachmentKind, ChatSettings, Exchange, Quoted
from handlers.ports.chat import AnswerFacts, AnswerFormat, Finish, PicturePart, TextPart
from tests import samples
from tests.fakes import CHAT, message
from tests.unit.handlers.bench import pressed
from tests.unit.handlers.structured_bench import StructuredBench, command

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
PERSON_LINE = f"schema={json.dumps(PERSON)} who is Ada?"
ADA = '{"name": "Ada", "age": 36}'
FILE = Attachment(AttachmentKind.OTHER, "file", "application/json", "person.json")


@pytest.fixture
async def bench() -> AsyncIterator[StructuredBench]:
    bench = StructuredBench()
    yield bench
    await bench.close()


def words_of(bench: StructuredBench, number: int = -1) -> str:
    [part] = bench.model.requests[number].messages[-1].parts
    assert isinstance(part, TextPart)
    return part.text


async def test_any_object_is_asked_for_with_the_word_that_the_service_wants(
    bench: StructuredBench,
) -> None:
    bench.model.scripts = [['{"town":', '"Köln"}']]
    await bench.say(command("json", "my town"))

    [request] = bench.model.requests
    assert request.format == AnswerFormat()
    assert words_of(bench).startswith("my town\n\n")
    assert "JSON" in words_of(bench)
    assert bench.platform.said == ['```json\n{\n  "town": "Köln"\n}\n```']
    [exchange] = bench.store.exchanges
    assert (exchange.question, exchange.answer) == ("my town", '{"town":"Köln"}')
    assert len(bench.store.usage) == 1


async def test_words_that_say_json_reach_the_model_unchanged(bench: StructuredBench) -> None:
    bench.model.scripts = [["[1]"]]
    await bench.say(command("json", "some Json with a one"))

    assert words_of(bench) == "some Json with a one"
    assert bench.platform.said == ["```json\n[\n  1\n]\n```"]


async def test_a_schema_that_the_strict_mode_takes_is_asked_for_strictly(
    bench: StructuredBench,
) -> None:
    bench.model.scripts = [[ADA]]
    await bench.say(command("json", PERSON_LINE))

    assert bench.model.requests[0].format == AnswerFormat(PERSON, "answer", True)
    assert words_of(bench) == "who is Ada?"
    assert bench.store.exchanges[0].question == "who is Ada?"


async def test_an_object_at_the_beginning_is_the_schema_also_with_a_phones_quotes(
    bench: StructuredBench,
) -> None:
    bench.model.scripts = [[ADA]]
    await bench.say(command("json", json.dumps(PERSON).replace('"', "“") + "\nwho is Ada?"))

    assert bench.model.requests[0].format == AnswerFormat(PERSON, "answer", True)
    assert words_of(bench) == "who is Ada?"


async def test_an_object_that_is_no_schema_is_what_is_asked_about(bench: StructuredBench) -> None:
    bench.model.scripts = [["{}"]]
    await bench.say(command("json", '{"nom": "Ada"} in English json'))

    assert bench.model.requests[0].format == AnswerFormat()
    assert words_of(bench) == '{"nom": "Ada"} in English json'


async def test_what_may_be_left_out_is_not_asked_for_strictly(bench: StructuredBench) -> None:
    schema = {**PERSON, "required": ["name"]}
    bench.model.scripts = [['{"name": "Ada"}']]
    await bench.say(command("json", f"schema={json.dumps(schema)} who?"))

    assert bench.model.requests[0].format == AnswerFormat(schema, "answer", is_strict=False)
    assert bench.platform.said == ['```json\n{\n  "name": "Ada"\n}\n```']


async def test_a_list_is_asked_for_inside_an_object_and_given_without_it(
    bench: StructuredBench,
) -> None:
    bench.model.scripts = [['{"answer": [3, 4]}']]
    schema = {"type": "array", "items": {"type": "integer"}}
    await bench.say(command("json", f"schema={json.dumps(schema)} two numbers"))

    asked = bench.model.requests[0].format
    assert asked is not None
    assert asked.schema is not None
    assert asked.schema["properties"] == {"answer": schema}
    assert asked.is_strict
    assert bench.platform.said == ["```json\n[\n  3,\n  4\n]\n```"]


async def test_a_kept_schema_is_used_by_its_name(bench: StructuredBench) -> None:
    bench.schemas.stored["person"] = json.dumps(PERSON)
    bench.model.scripts = [[ADA]]
    await bench.say(command("json", "schema=Person who is Ada?"))
    await bench.say(command("json", "schema=nobody who is Ada?", number=2))

    assert bench.model.requests[0].format == AnswerFormat(PERSON, "person", True)
    assert "no schema of that name" in bench.platform.said[1]
    assert len(bench.model.requests) == 1


@pytest.mark.parametrize("kind", [AttachmentKind.OTHER, AttachmentKind.DOCUMENT])
async def test_a_file_that_is_a_schema_is_used_and_not_asked_about(
    bench: StructuredBench, kind: AttachmentKind
) -> None:
    bench.platform.files["file"] = b"\xef\xbb\xbf" + json.dumps(PERSON).encode()
    bench.model.scripts = [[ADA]]
    await bench.say(command("json", "who is Ada?", replace(FILE, kind=kind)))

    assert bench.model.requests[0].format == AnswerFormat(PERSON, "answer", True)
    assert words_of(bench) == "who is Ada?"


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ('{"type": "objekt", "properties": {}}', "$.type: 'objekt'"),
        ('{"type": "object", "properties": {"age": {"type": "integr"}}}', "$.properties.age.type"),
        ('{"type": "object",\n "properties": }', "line 2, column 16: Expecting value"),
        ('{"type": "string", "pattern": "("}', "$.pattern"),
        ('{"colour": "red"}', "$: it says nothing about the JSON"),
        ('{"$ref": "https://example.org/s.json"}', "https://example.org/s.json: only references"),
        ('{"type": "array", "items": {"$ref": "#/$defs/no"}}', "#/$defs/no: it refers to nothing"),
        ("[1]", "schema=: {…} or a name is missing"),
        ('{"type": "string", "pattern": "a{99999999999}"}', "it cannot be checked here"),
        ('{"$schema": [], "type": "object"}', "$schema: it is no text"),
        ('{"$schema": {}, "type": "object"}', "$schema: it is no text"),
        (
            '{"$ref": "#/const", "const": {"$ref": "https://a.b/c"}}',
            "https://a.b/c: it refers to nothing",
        ),
    ],
)
async def test_what_is_no_schema_is_told_in_a_line_with_the_place(
    bench: StructuredBench, schema: str, told: str
) -> None:
    await bench.say(command("json", f"schema={schema} anything"))

    [line] = bench.platform.said
    assert line.startswith("That JSON Schema has a fault. ")
    assert told in line
    assert bench.model.requests == []


@pytest.mark.parametrize(
    "data",
    [
        {"orders": [{"price": 3}, {"price": 4}]},
        {"type": "Feature", "properties": {"name": "Ulm"}, "geometry": None},
        {"name": "page", "type": "module", "definitions": {"a": 1}},
    ],
)
async def test_a_file_of_data_is_what_is_asked_about(
    bench: StructuredBench, data: dict[str, object]
) -> None:
    """Nobody reads documents here, so that the question is refused for the file alone."""
    bench.platform.files["file"] = json.dumps(data).encode()
    document = replace(FILE, kind=AttachmentKind.DOCUMENT)
    await bench.say(command("json", "the total of it", document))
    named = replace(document, name="person.schema.json")
    await bench.say(command("json", "the total of it", named, number=2))

    material, schema = bench.platform.said
    assert "JSON Schema" not in material
    assert "person.json" in material
    assert schema.startswith("That JSON Schema has a fault. ")


@pytest.mark.parametrize("text", [b"no json", b"\xff\xfe\xfa", b"[" * 200_000])
async def test_a_file_that_is_no_schema_is_told_in_a_line(
    bench: StructuredBench, text: bytes
) -> None:
    bench.platform.files["file"] = text
    await bench.say(command("json", "who is Ada?", FILE))

    assert bench.platform.said[0].startswith("That JSON Schema has a fault. ")
    assert bench.model.requests == []


async def test_what_is_wrong_is_mended_once(bench: StructuredBench) -> None:
    bench.model.scripts = [['{"name": "Ada", "age": "36"}'], [ADA]]
    await bench.say(command("json", PERSON_LINE))

    first, second = bench.model.requests
    assert second.format == first.format
    assert [m.role for m in second.messages[-2:]] == ["assistant", "user"]
    assert second.messages[-2].parts == (TextPart('{"name": "Ada", "age": "36"}'),)
    assert "$.age: '36' is not of type 'integer'" in words_of(bench)
    said, notice = bench.platform.said[0].rsplit("\n", 1)
    assert json.loads(said.removeprefix("```json\n").removesuffix("```")) == json.loads(ADA)
    assert "the second" in notice
    assert bench.store.exchanges[0].answer == ADA
    assert len(bench.store.usage) == 2


async def test_what_never_becomes_json_is_shown_and_can_be_tried_again(
    bench: StructuredBench,
) -> None:
    bench.model.scripts = [["I'd rather not."], ["Still not. " * 200], [ADA]]
    asked = command("json", PERSON_LINE)
    await bench.say(asked)

    [line] = bench.platform.said
    assert "line 1, column 1: Expecting value" in line
    assert "What came:\nStill not." in line
    assert len(line) < 1_000
    assert bench.store.exchanges == []
    assert bench.platform.buttons[0] == ["retry"]

    told = bench.store.rows[asked.key].sent["told"]
    await bench.say(pressed(message(number=2), "retry", under=told[0]))
    assert bench.model.requests[2].format == AnswerFormat(PERSON, "answer", True)
    assert '"Ada"' in bench.platform.said[1]
    assert len(bench.store.usage) == 3


@pytest.mark.parametrize(
    ("finish", "told"),
    [
        (Finish.LENGTH, "reached its length limit"),
        (Finish.CUT, "broke off before its end"),
        (Finish.FILTERED, "safety system"),
    ],
)
async def test_an_answer_that_is_cut_is_told_and_not_asked_for_again(
    bench: StructuredBench, finish: Finish, told: str
) -> None:
    bench.model.scripts = [['{"name": "A', finish]]
    await bench.say(command("json", PERSON_LINE))

    assert told in bench.platform.said[0]
    assert '{"name": "A' in bench.platform.said[0]
    assert len(bench.model.requests) == 1
    assert bench.store.exchanges == []


async def test_json_that_is_whole_at_the_length_limit_is_given_with_a_word_on_it(
    bench: StructuredBench,
) -> None:
    bench.model.scripts = [[ADA + " " * 50, Finish.LENGTH]]
    await bench.say(command("json", PERSON_LINE))

    assert bench.platform.said[0].startswith("```json\n")
    assert bench.platform.said[0].endswith("reached its length limit.")


async def test_a_pattern_that_would_never_end_is_given_up(bench: StructuredBench) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    bench.model.scripts = [[json.dumps({"a": "a" * 60 + "!"})]]
    await bench.say(command("json", f"schema={json.dumps(schema)} go"))

    assert "takes too long to check" in bench.platform.said[0]


async def test_a_service_that_refuses_the_schema_is_given_it_in_words(
    bench: StructuredBench,
) -> None:
    bench.model.scripts = [SchemaRefusedError("no", reason="no such keyword"), [ADA]]
    await bench.say(command("json", PERSON_LINE))

    assert bench.model.requests[1].format == AnswerFormat()
    assert json.dumps(PERSON) in words_of(bench)
    assert '"Ada"' in bench.platform.said[0]


async def test_what_comes_with_the_message_is_asked_about(bench: StructuredBench) -> None:
    bench.platform.files["photo"] = samples.jpeg(320, 240)
    photo = Attachment(AttachmentKind.PHOTO, "photo", "image/jpeg")
    voice = Attachment(AttachmentKind.VOICE, "voice", "audio/ogg")
    bench.model.scripts = [["{}"], ["{}"]]
    await bench.say(command("json", "", quoted=Quoted("0", "Bob", "10 apples, 3 pears")))
    await bench.say(command("json", "", photo, voice, number=2))

    replied, shown = (request.messages[-1].parts for request in bench.model.requests)
    assert isinstance(replied[0], TextPart)
    assert "10 apples" in replied[0].text
    assert isinstance(shown[0], PicturePart)
    assert shown[1] == TextPart("spoken words\n\nAnswer with JSON, one object and nothing else.")
    assert bench.store.exchanges[0].question == "Give this as JSON."


async def test_nothing_asked_is_told_how_to_ask(bench: StructuredBench) -> None:
    await bench.say(command("json"))

    assert bench.platform.said == [
        "Please write it like this: /json [schema={…}|schema=name] what you want"
    ]


async def test_what_was_said_before_is_there_and_its_buttons_go(bench: StructuredBench) -> None:
    bench.store.exchanges = [Exchange("hi", "hello", answer_message_ids=("5",), id=1, ordinal=1)]
    bench.model.scripts = [["{}"]]
    await bench.say(command("json", "what I said"))

    [request] = bench.model.requests
    assert [message.role for message in request.messages] == ["user", "assistant", "user"]
    outcome = bench.store.rows["test:1"].outcome
    assert outcome is not None
    assert outcome.delivery is not None
    assert outcome.delivery.supersedes == "5"


async def test_long_json_is_shown_by_its_beginning_and_comes_whole_as_a_file(
    bench: StructuredBench,
) -> None:
    value = {"items": [{"number": number} for number in range(300)]}
    bench.model.scripts = [[json.dumps(value)]]
    await bench.say(command("json", "numbers"))

    shown, file = bench.platform.said
    assert shown.startswith('```json\n{\n  "items": [')
    assert "\n…\n```\n" in shown
    assert len(shown) < 1_200
    assert file == "file answer.json"
    assert json.loads(bench.platform.sent_files["answer.json"]) == value


async def test_ticks_in_the_json_do_not_end_its_block(bench: StructuredBench) -> None:
    bench.model.scripts = [['{"code": "```x```"}']]
    await bench.say(command("json", "code"))

    [said] = bench.platform.said
    assert said.count("```") == 2
    inner = said.removeprefix("```json\n").removesuffix("```")
    assert json.loads(inner) == {"code": "```x```"}


async def test_after_a_crash_the_first_answer_is_not_paid_again(bench: StructuredBench) -> None:
    bench.model.scripts = [["no json"], [asyncio.Event()]]
    await bench.dispatch.submit([command("json", "a town")])
    await bench.model.waiting.wait()
    bench.model.scripts = [['{"town": "Ulm"}']]
    await bench.crash()
    await bench.store.all_done(1)

    assert len(bench.model.requests) == 3
    assert bench.model.requests[2].messages[-2].parts == (TextPart("no json"),)
    assert '"Ulm"' in bench.platform.said[-1]


async def test_stop_leaves_nothing_half(bench: StructuredBench) -> None:
    bench.model.scripts = [['{"a": ', asyncio.Event()]]
    await bench.dispatch.submit([command("json", "a town")])
    await bench.model.waiting.wait()
    await bench.say(command("stop", number=2))
    await bench.store.all_done(2)

    assert bench.platform.said == ["⏹ Stopped."]
    assert bench.platform.previews == ['```json\n{"a": ']
    assert bench.store.exchanges == []
    assert len(bench.store.usage) == 1


async def test_retry_makes_the_same_json_anew_in_its_place(bench: StructuredBench) -> None:
    bench.schemas.stored["person"] = json.dumps(PERSON)
    bench.model.scripts = [["{}"], [ADA], [ADA.replace("36", "37")]]
    await bench.say(command("json", "a word"))
    await bench.say(command("json", "schema=person who is Ada?", number=2))
    shown = bench.store.exchanges[1].answer_message_ids[0]
    assert bench.platform.buttons == [["retry"], ["retry"]]
    await bench.say(pressed(message(number=3), "retry", under=shown))

    first, second = bench.model.requests[1:]
    assert second == first
    assert [exchange.answer for exchange in bench.store.exchanges][1] == ADA.replace("36", "37")
    assert len(bench.store.exchanges) == 2
    assert '"age": 37' in bench.platform.said[2]


async def test_retry_under_an_older_answer_only_loses_its_button(bench: StructuredBench) -> None:
    bench.model.scripts = [["{}"], ["{}"]]
    await bench.say(command("json", "one"))
    await bench.say(command("json", "two", number=2))
    older = bench.store.exchanges[0].answer_message_ids[0]
    await bench.say(pressed(message(number=3), "retry", under=older))

    assert bench.platform.dropped == 1
    assert len(bench.model.requests) == 2


async def test_retry_of_anything_else_is_not_ours(bench: StructuredBench) -> None:
    await bench.say(command("retry"))
    bench.store.exchanges = [Exchange("hi", "hello", id=1, ordinal=1)]
    await bench.say(command("retry", number=2))

    assert bench.retried == 2
    assert bench.model.requests == []


async def test_the_line_under_it_tells_how_it_was_made(bench: StructuredBench) -> None:
    bench.settings.stored[CHAT] = replace(ChatSettings(), footer=True, seed=7)
    bench.model.scripts = [[AnswerFacts("gpt-x", "fp_1", seed=7), "{}"]]
    await bench.say(command("json", "nothing"))

    assert bench.model.requests[0].seed == 7
    assert bench.platform.said[0].endswith("⚙️ seed 7 · gpt-x · fp_1 · 1 in, 1 out")
