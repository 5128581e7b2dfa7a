"""Tools: what the model calls is done, shown in a quiet line, and told by /steps."""

import asyncio
import io

from PIL import Image

from tests.contract.protocol import RETRY, STOP
from tests.contract.stage import Stage
from tests.emulators.openai import Answer, Called, Calls, Gated, Page

SKY = "make the sky darker, keep the rest"


async def test_calls_are_carried_out_shown_and_told(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script(
        "chat",
        Calls(
            [
                Called("calculator", {"expression": "12.5% of 80"}),
                Called("current_time", {"start": "2026-11-21", "add": {"days": 33}}),
            ],
            text="Let me see.",
        ),
        Answer("It is 10, and Christmas Eve."),
    )
    async with stage.running():
        chat.say("What is an eighth of 80, and what is in 33 days?")
        answer = await chat.wait_for("Christmas Eve")
        await chat.command("steps")
        steps = await chat.wait_for("12.5% of 80", count=2)

    assert answer.text.startswith("Let me see.\n\nIt is 10, and Christmas Eve.")
    assert "🔧 calculator: 12.5% of 80 = 10" in answer.text
    assert "time: 2026-12-24 00:00 UTC" in answer.text
    assert answer.buttons == (RETRY, "Steps")
    told = [result.output for result in stage.openai.chats()[-1].results]
    assert told[0] == "10"
    assert told[1].startswith("Thursday, 2026-12-24")
    assert [code.text.strip() for code in steps.code[:2]] == [
        '{\n  "expression": "12.5% of 80"\n}',
        "10",
    ]


async def test_make_the_sky_darker_changes_the_picture_that_was_made(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await chat.command("image", "a red fox under the sky")
        await chat.wait_until(lambda: any(one.picture for one in chat.shown), "a picture")
        stage.openai.script(
            "chat", Calls([Called("edit_image", {"prompt": SKY})]), Answer("It is darker now.")
        )
        chat.say("make the sky darker")
        await chat.wait_for("It is darker now.")
        await chat.wait_until(lambda: sum(bool(s.picture) for s in chat.shown) == 2, "the edit")
        made, edited = [one for one in chat.shown if one.picture]
        chat.press("Full size")
        await chat.wait_until(lambda: len(chat.shown) >= 4, "the file")

    assert set(edited.buttons) == {"↻ Again", "Variation", "Edit", "Full size"}
    [edit] = [r for r in stage.openai.requests if r.route == "/images/edits"]
    assert SKY in str(edit.body["prompt"])
    [sent] = [file for file in edit.files if file.field.startswith("image")]
    assert _size(sent.data) == _size(made.picture)


async def test_a_picture_that_a_tool_made_is_made_again_by_its_button_after_a_restart(
    stage: Stage,
) -> None:
    _, chat = stage.alice()
    stage.openai.script(
        "chat", Calls([Called("make_image", {"prompt": "a green owl"})]), Answer("Here it is.")
    )
    async with stage.running():
        chat.say("draw an owl")
        await chat.wait_for("Here it is.")
        await chat.wait_until(lambda: any(one.picture for one in chat.shown), "a picture")
    async with stage.running():
        chat.press("↻ Again")
        await chat.wait_until(lambda: sum(bool(s.picture) for s in chat.shown) == 2, "another")
        chat.press("Steps")
        await chat.wait_for("a green owl")
        chat.say("what did you draw?")
        await chat.wait_for("what did you draw?")

    asked = [r.body["prompt"] for r in stage.openai.requests if r.route == "/images/generations"]
    assert asked == ["a green owl", "a green owl"]
    first = stage.openai.chats()[-1].messages[0]
    assert "[picture 1.1: made by you and sent with your answer]" in first.text
    assert len(first.images) == 1


async def test_killed_after_a_call_it_is_not_made_again(stage: Stage) -> None:
    _, chat = stage.alice()
    gate = asyncio.Event()
    stage.openai.script(
        "chat",
        Calls([Called("make_image", {"prompt": "an owl"})]),
        Gated("Here", gate, " it is."),
    )
    async with stage.process() as bot:
        chat.say("draw an owl")
        await stage.openai.wait_until(lambda: len(stage.openai.chats()) == 2)
        await stage.kill(bot)
    stage.openai.script("chat", Answer("Here it is."))
    async with stage.process():
        await chat.wait_for("Here it is.")
        await chat.wait_until(lambda: any(one.picture for one in chat.shown), "a picture")

    assert len([r for r in stage.openai.requests if r.route == "/images/generations"]) == 1
    assert len(stage.openai.chats()[-1].results) == 1


async def test_what_is_being_done_stands_in_the_preview(stage: Stage) -> None:
    _, chat = stage.alice()
    gate = asyncio.Event()
    stage.openai.script(
        "chat",
        Calls([Called("calculator", {"expression": "2+2"})], text="One moment."),
        Gated("", gate, "Four."),
    )
    async with stage.running():
        chat.say("2+2?")
        preview = await chat.wait_for_preview("calculator: 2+2")
        gate.set()
        await chat.wait_for("Four.")
    assert "One moment." in preview.text
    assert STOP in preview.buttons


async def test_sources_of_a_web_search_are_links_under_the_answer(stage: Stage) -> None:
    _, chat = stage.alice()
    pages = [Page("The [News]", "https://news.example/a_(b)"), Page("Two", "https://two.example/")]
    stage.openai.script("chat", Answer("It rained.", sources=pages, searches=1))
    async with stage.running(OPENAI__CHAT_API="responses"):
        chat.say("what happened?")
        answer = await chat.wait_for("It rained.")
        chat.say("thanks")
        await chat.wait_for("echo: thanks")

    assert "Sources:" in answer.text
    assert set(answer.links) >= {"https://news.example/a_%28b%29", "https://two.example/"}
    hosted = [tool for tool in stage.openai.chats()[0].body["tools"] if "web" in tool["type"]]
    assert len(hosted) == 1
    assert "Sources" not in stage.told()[-2][1]


async def test_a_tool_that_is_off_is_not_offered_and_can_be_put_on_again(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await chat.command("tools", "off calculator")
        await chat.wait_for("✗ calculator")
        chat.say("hi")
        await chat.wait_for("echo: hi")
        chat.press("calculator")
        await chat.wait_until(lambda: "✓ calculator" in chat.texts[0], "the switch")
        chat.say("ho")
        await chat.wait_for("echo: ho")

    before, after = stage.openai.chats()
    assert "calculator" not in before.tools
    assert "calculator" in after.tools
    assert [name for name in after.tools if name != "calculator"] == list(before.tools)


async def test_tools_for_owners_are_told_as_such_and_refused_to_others(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running(TOOLS__OWNERS_ONLY="calculator", TOOLS__ENABLED="calculator"):
        await chat.command("tools")
        menu = await chat.wait_for("🔒 calculator")
        await chat.command("tools", "on calculator")
        await chat.wait_for("for those who run me; nobody else")
        chat.say("hi")
        await chat.wait_for("echo: hi")
    assert menu.buttons == ("‹ Settings",)
    assert stage.openai.chats()[-1].tools == ()


def _size(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.size
