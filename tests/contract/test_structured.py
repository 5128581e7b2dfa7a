"""JSON that is valid, schemas that are kept, answers that can be had again."""

import json
from typing import Any

import pytest

from tests.contract.protocol import Chat
from tests.contract.stage import Stage
from tests.emulators.openai import Answer

TOWN = {
    "type": "object",
    "properties": {"town": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["town", "people"],
}
CLOSED = {**TOWN, "additionalProperties": False}


async def the_json(chat: Chat, count: int = 1) -> Any:
    """What stands in the count-th code block of JSON."""

    def blocks() -> list[str]:
        return [
            code.text
            for shown in chat.shown
            if not shown.is_being_written
            for code in shown.code
            if code.language == "json"
        ]

    await chat.wait_until(lambda: len(blocks()) >= count, "JSON")
    return json.loads(blocks()[count - 1])


def the_format(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = stage.openai.chats()[-1].body["response_format"]
    return found


async def test_json_without_a_schema_is_any_object_and_joins_the_conversation(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await chat.command("json", "my town")
        assert "answer" in await the_json(chat)
        assert the_format(stage) == {"type": "json_object"}
        chat.say("thanks")
        await chat.wait_for("echo: thanks")

    roles = [role for role, _ in stage.told()]
    assert roles == ["user", "assistant", "user"]
    assert stage.told()[0] == ("user", "my town")


async def test_json_of_a_schema_is_asked_for_strictly(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script("chat", Answer('{"town": "Ulm", "people": 126000}'))
    async with stage.running():
        await chat.command("json", f"schema={json.dumps(TOWN)} a town")
        assert await the_json(chat) == {"town": "Ulm", "people": 126000}

    asked = the_format(stage)["json_schema"]
    assert (asked["schema"], asked["strict"]) == (CLOSED, True)


async def test_json_that_is_wrong_is_mended_once_and_then_owned_up_to(stage: Stage) -> None:
    _, chat = stage.alice()
    wrong, right = Answer('{"town": "Ulm"}'), Answer('{"town": "Ulm", "people": 1}')
    stage.openai.script("chat", wrong, right, wrong, wrong)
    async with stage.running():
        await chat.command("json", f"schema={json.dumps(TOWN)} a town")
        assert await the_json(chat) == {"town": "Ulm", "people": 1}
        await chat.command("json", f"schema={json.dumps(TOWN)} a town")
        line = await chat.wait_for("did not become the JSON")

    assert "'people' is a required property" in line.text
    assert '{"town": "Ulm"}' in line.text
    assert len(stage.openai.chats()) == 4


async def test_a_schema_is_kept_listed_used_and_removed(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await chat.command("schema", f"add town {json.dumps(TOWN)}")
        await chat.wait_for("Kept.")
        await chat.command("schema", "list")
        await chat.wait_for("Schemas of this chat")
        await chat.command("json", "schema=town a town")
        assert set(await the_json(chat)) == {"town", "people"}
        chat.press("town")
        assert await the_json(chat, 2) == TOWN
        chat.press("Remove")
        await chat.wait_for("is gone")
        await chat.command("schema", 'add bad {"type":"objct"}')
        line = await chat.wait_for("has a fault")

    assert the_format(stage)["json_schema"]["name"] == "town"
    assert "$.type: 'objct'" in line.text


@pytest.mark.parametrize("api", ["chat_completions", "responses"])
async def test_the_line_under_an_answer_tells_seed_and_fingerprint(stage: Stage, api: str) -> None:
    _, chat = stage.alice()
    async with stage.running(OPENAI__CHAT_API=api):
        await chat.command("seed", "7")
        await chat.wait_for("Seed: 7")
        await chat.command("footer", "on")
        await chat.wait_for("fingerprint and tokens")
        chat.say("hello")
        answer = await chat.wait_for("⚙️")

    assert stage.openai.chats()[-1].seed == 7
    _, _, line = answer.text.partition("⚙️")
    assert "seed 7 · " in line
    assert " · fp_emulator · " in line.replace("\\", "")
    assert " in, " in line
    assert ("usual route takes no seed" in line) is (api == "responses")


async def test_the_same_seed_gives_the_same_answer(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await chat.command("seed", "7")
        await chat.wait_for("Seed: 7")
        await chat.command("compare", "tell a tale")
        said = await chat.wait_for("With seed 7")

    assert [call.seed for call in stage.openai.chats()].count(7) == 2
    assert "With seed 7: the same twice." in said.text.replace("**", "")
    assert "Without a seed: the same twice." in said.text.replace("**", "")
    assert not any(one.picture for one in chat.shown)


async def test_where_answers_differ_a_picture_shows_how(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.varies = True
    async with stage.running():
        await chat.command("compare", "tell a tale")
        said = await chat.wait_for("Without a seed")
        await chat.wait_until(lambda: any(one.picture for one in chat.shown), "a picture")

    assert "I took 42" in said.text
    assert "With seed 42: the same twice." in said.text.replace("**", "")
    assert "Without a seed: different" in said.text.replace("**", "")
    assert len([one for one in chat.shown if one.picture]) == 1
