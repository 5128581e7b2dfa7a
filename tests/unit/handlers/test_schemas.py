"""/schema: kept by name, bounded, shown and removed."""

import json
from collections.abc import AsyncIterator

import pytest

from handlers.exact.saved_schemas import MAX_SCHEMAS
from handlers.messages import Attachment, AttachmentKind, Quoted
from tests.unit.handlers.structured_bench import StructuredBench, command

TOWN = {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]}
TEXT = json.dumps(TOWN)
FILE = Attachment(AttachmentKind.OTHER, "file", "application/json", "town.json")


@pytest.fixture
async def bench() -> AsyncIterator[StructuredBench]:
    bench = StructuredBench()
    bench.platform.files["file"] = TEXT.encode()
    yield bench
    await bench.close()


async def test_one_is_kept_shown_and_removed(bench: StructuredBench) -> None:
    await bench.say(command("schema", f"add Town {TEXT}"))
    await bench.say(command("schema", "list", number=2))
    await bench.say(command("schema", "show town", number=3))
    await bench.say(command("schema", "remove town", number=4))
    await bench.say(command("schema", number=5))

    added, listed, shown, removed, none = bench.platform.said
    assert "/json schema=town" in added
    assert "- town" in listed
    assert json.loads(shown.removeprefix("```json\n").removesuffix("```")) == TOWN
    assert "town is gone" in removed
    assert "No schema is kept" in none
    assert bench.platform.buttons[1:3] == [["schema show town"], ["schema remove town"]]


async def test_it_may_be_a_file_or_what_is_replied_to(bench: StructuredBench) -> None:
    fenced = f"Here it is:\n```json\n{TEXT}\n```".partition("\n")[2]
    await bench.say(command("schema", "add one", FILE))
    await bench.say(command("schema", "add two", number=2, quoted=Quoted("0", "Bob", fenced)))
    quoted = Quoted("0", "Bob", "", (FILE,))
    await bench.say(command("schema", "add three", number=3, quoted=quoted))

    assert {name: json.loads(text) for name, text in bench.schemas.stored.items()} == {
        "one": TOWN,
        "two": TOWN,
        "three": TOWN,
    }


@pytest.mark.parametrize(
    "line",
    [
        "add",
        "add one",
        "add two words {}",
        "show",
        "remove a/b",
        "rename a b",
        f"add {'x' * 33} {{}}",
    ],
)
async def test_a_wrong_call_is_told_in_a_line(bench: StructuredBench, line: str) -> None:
    await bench.say(command("schema", line))

    [said] = bench.platform.said
    assert said.startswith(("Please write it like this: /schema", "That JSON Schema has a fault."))
    assert bench.schemas.stored == {}


async def test_what_is_no_schema_is_not_kept_and_the_place_is_told(bench: StructuredBench) -> None:
    await bench.say(command("schema", 'add x {"type": "objct"}'))
    await bench.say(command("schema", f"add x {TEXT} and more", number=2))
    await bench.say(command("schema", f"add x {TEXT[:-1]}", number=3))

    first, second, third = bench.platform.said
    assert "$.type: 'objct'" in first
    assert "more follows it: and more" in second
    assert "line 1, column" in third
    assert bench.schemas.stored == {}


async def test_a_schema_is_bounded_in_size_and_depth(bench: StructuredBench) -> None:
    deep = '{"items": ' * 50 + "{}" + "}" * 50
    await bench.say(command("schema", f"add x {json.dumps({**TOWN, 'title': 'x' * 40_000})}"))
    await bench.say(command("schema", f"add x {deep}", number=2))
    huge = Attachment(AttachmentKind.OTHER, "no", "application/json", "x.json", size_bytes=10**7)
    await bench.say(command("schema", "add x", huge, number=3))

    assert all("too large" in line for line in bench.platform.said)
    assert len(bench.platform.said) == 3


async def test_a_chat_keeps_only_so_many_but_may_replace_one(bench: StructuredBench) -> None:
    bench.schemas.stored = {f"s{number}": "{}" for number in range(MAX_SCHEMAS)}
    await bench.say(command("schema", f"add more {TEXT}"))
    await bench.say(command("schema", f"add s3 {TEXT}", number=2))

    assert "remove one first" in bench.platform.said[0]
    assert len(bench.schemas.stored) == MAX_SCHEMAS
    assert json.loads(bench.schemas.stored["s3"]) == TOWN


async def test_an_unknown_name_is_told(bench: StructuredBench) -> None:
    await bench.say(command("schema", "show no"))
    await bench.say(command("schema", "remove no", number=2))

    assert all("no schema of that name" in line for line in bench.platform.said)


@pytest.mark.parametrize("gap", ["\n", "  ", "\u00a0", "\t"])
async def test_words_may_be_parted_by_a_new_line(bench: StructuredBench, gap: str) -> None:
    await bench.say(command("schema", f"add{gap}town{gap}{TEXT}"))
    await bench.say(command("schema", f"show{gap}town", number=2))

    assert json.loads(bench.schemas.stored["town"]) == TOWN
    assert '"town"' in bench.platform.said[1]


async def test_a_value_is_no_reference_whatever_it_looks_like(bench: StructuredBench) -> None:
    value = {"$ref": "https://example.org/no"}
    words = {"const": value, "enum": [value], "default": {"$ref": "#/no"}, "examples": [value]}
    await bench.say(command("schema", f"add values {json.dumps({'type': 'object', **words})}"))
    # Properties may have the names of those words: what they are is a schema again.
    named = {"type": "object", "properties": {"default": value}}
    await bench.say(command("schema", f"add named {json.dumps(named)}", number=2))

    assert list(bench.schemas.stored) == ["values"]
    assert "only references inside" in bench.platform.said[1]
