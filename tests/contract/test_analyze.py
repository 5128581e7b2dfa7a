"""/analyze: files go to where code runs, and charts, files and steps come back."""

import asyncio

import pytest

from tests import samples
from tests.contract.protocol import STOP, Chat
from tests.contract.stage import PLACES, Stage
from tests.emulators.openai import Fail, Ran, RunScript

CSV = b"month,sales\nJan,3\nFeb,5\n"
CODE = "# Read the table\nimport pandas as pd\nprint(pd.read_csv('x').sales.sum())"


def chart(colour: str = "red") -> bytes:
    return samples.png(colour=colour)


def charted(**more: object) -> RunScript:
    """Two pieces of code, a chart and a table."""
    script = {
        "text": "The sales add up to **8**.",
        "calls": (Ran(CODE, "8\n"), Ran("df.plot()", "")),
        "files": {"sales.png": chart(), "totals.csv": b"total\n8\n"},
    }
    return RunScript(**(script | more))  # type: ignore[arg-type]  # by name


def analyse(chat: Chat, words: str = "add it up", data: bytes = CSV, name: str = "s.csv") -> None:
    chat.send_file(data, name, "text/csv", f"/analyze {words}".strip())


def uploads(stage: Stage) -> list[list[str]]:
    """The names of the files in each container, in order."""
    containers = stage.openai.code.containers.all.values()
    return [[f.name for f in one.files.values() if f.source == "user"] for one in containers]


def asked(stage: Stage) -> int:
    return stage.openai.code.runs.begun


async def test_a_table_becomes_a_chart_and_a_file(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.code.runs.scripts.append(charted())
    async with stage.running():
        analyse(chat)
        answer = await chat.wait_for("The sales add up")
        await chat.wait_until(lambda: any("totals.csv" in one.files for one in chat.shown))
        chat.press("Steps")
        steps = await chat.wait_for("Read the table")
        await stage.openai.wait_until(lambda: bool(stage.openai.code.runs.deleted))

    assert "sandbox" not in answer.text
    assert "/mnt/data" not in answer.text
    pictures = [one for one in chat.shown if one.picture]
    assert [one.buttons for one in pictures] == [("Full size",)]
    assert [(block.language, block.text) for block in steps.code[:1]] == [("python", CODE)]
    assert "8" in [block.text for block in steps.code]
    assert uploads(stage) == [["s.csv"]]
    [call] = stage.openai.chats()
    assert call.body["background"] is True
    assert call.body["store"] is True
    assert [tool["type"] for tool in call.body["tools"]] == ["code_interpreter"]
    assert "(sent with this question as s.csv)" in call.system
    assert stage.openai.code.runs.all == {}


@pytest.mark.parametrize("kind", PLACES)
async def test_it_computes_without_files_and_is_part_of_the_conversation(
    stage: Stage, kind: str
) -> None:
    chat = stage.place(kind)
    stage.openai.code.runs.scripts.append(RunScript("It is 42.", [Ran("print(6*7)", "42")]))
    async with stage.running():
        chat.say("/analyze six times seven")
        await chat.wait_for("It is 42.")
        chat.say("sure?")
        await chat.wait_for("sure?")

    assert [text.removeprefix("Alice: ") for _, text in stage.told()] == [
        "six times seven",
        "It is 42.",
        "sure?",
    ]


async def test_files_come_by_reply_and_a_container_is_used_again_until_it_expires(
    stage: Stage,
) -> None:
    _, chat = stage.alice()
    runs = stage.openai.code.runs
    runs.scripts.extend(RunScript(f"Answer {number}.") for number in range(4))
    async with stage.running():
        sent = chat.send_file(CSV, "s.csv", "text/csv", "look")
        await chat.wait_for("look")
        chat.reply(sent, "/analyze add it up")
        await chat.wait_for("Answer 0.")
        analyse(chat, "and this", b"a\n1\n", "t.csv")
        await chat.wait_for("Answer 1.")
    async with stage.running():
        chat.say("/analyze once more")
        await chat.wait_for("Answer 2.")
        before = uploads(stage)
        stage.openai.code.containers.expire()
        chat.say("/analyze and again")
        await chat.wait_for("Answer 3.")
        chat.say("/usage")
        used = await chat.wait_for("code")

    assert before == [["s.csv", "t.csv"]]
    assert uploads(stage) == [["s.csv", "t.csv"], ["s.csv", "t.csv"]]
    assert "(sent earlier as s.csv)" in stage.openai.chats()[-1].system
    assert stage.openai.billed["code_interpreter", "sessions"] == 2
    assert "code-interpreter: $0.06" in used.text


async def test_the_states_are_told_in_one_message(stage: Stage) -> None:
    chat = stage.place("room")
    gate = asyncio.Event()
    stage.openai.code.runs.scripts.append(charted(files={}, gate=gate))
    async with stage.running():
        chat.say("/analyze add it up")
        await chat.wait_for_preview("running code, step 2")
        assert len(chat.shown) == 1
        gate.set()
        answer = await chat.wait_for("The sales add up")

    assert len(chat.shown) == 1
    assert answer.revisions >= 3
    assert "2 steps" in answer.text


@pytest.mark.parametrize("how", ["button", "command"])
@pytest.mark.parametrize("kind", PLACES)
async def test_it_is_cancelled_at_the_service_and_its_steps_are_kept(
    stage: Stage, kind: str, how: str
) -> None:
    chat = stage.place(kind)
    stage.openai.code.runs.scripts.append(charted(gate=asyncio.Event()))
    async with stage.running():
        chat.say("/analyze add it up")
        await chat.wait_for_preview("running code, step 2")
        if how == "button":
            chat.press(STOP)
        else:
            await chat.command("cancel")
        told = await chat.wait_for("cancelled")
        chat.press("Steps")
        steps = await chat.wait_for("Read the table")
        chat.say("next")
        await chat.wait_for("next")

    assert len(stage.openai.code.runs.cancelled) == 1
    assert told.buttons == ("Steps",)
    assert CODE in [block.text for block in steps.code]


async def test_cancel_where_nothing_runs_says_so(stage: Stage) -> None:
    _, chat = stage.alice()
    async with stage.running():
        await chat.command("cancel")
        await chat.wait_for("nothing to stop")


async def test_killed_in_a_run_the_same_run_is_looked_at_again(stage: Stage) -> None:
    _, chat = stage.alice()
    gate = asyncio.Event()
    stage.openai.code.runs.scripts.append(charted(gate=gate))
    async with stage.process() as bot:
        analyse(chat)
        await chat.wait_for_preview("running code, step 2")
        await stage.kill(bot)
    gate.set()
    async with stage.process():
        await chat.wait_for("The sales add up")
        await chat.wait_until(lambda: any("totals.csv" in one.files for one in chat.shown))
        chat.say("/usage")
        used = await chat.wait_for("code-interpreter")

    assert asked(stage) == 1
    assert uploads(stage) == [["s.csv"]]
    assert [bool(one.picture) for one in chat.shown].count(True) == 1
    assert "code-interpreter: $0.03" in used.text


async def test_a_run_that_takes_too_long_is_cancelled_and_that_is_told(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.code.runs.scripts.append(charted(gate=asyncio.Event()))
    async with stage.running(ANALYSIS__TIMEOUT_S="0.6"):
        chat.say("/analyze add it up")
        told = await chat.wait_for("took longer than 0.01 minutes")

    assert len(stage.openai.code.runs.cancelled) == 1
    assert "Traceback" not in told.text


@pytest.mark.parametrize(
    ("end", "line"),
    [
        ("failed", "problem right now"),
        ("incomplete", "ended incomplete"),
        ("expired", "has expired"),
        ("cancelled", "Stopped"),
        ("needs_tool", "asked for a tool"),
    ],
)
async def test_a_run_that_comes_to_nothing_is_told_in_one_line_and_can_be_tried_again(
    stage: Stage, end: str, line: str
) -> None:
    _, chat = stage.alice()
    ended = RunScript("", end=end)  # type: ignore[arg-type]  # one of its ends
    stage.openai.code.runs.scripts.extend([ended, RunScript("There it is.")])
    async with stage.running():
        chat.say("/analyze add it up")
        told = await chat.wait_for(line)
        if end != "cancelled":
            chat.press("↻ Try again")
            await chat.wait_for("There it is.")

    assert len(told.text.splitlines()) == 1
    assert asked(stage) == (2 if end != "cancelled" else 1)


async def test_the_steps_of_a_run_that_failed_are_kept(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.code.runs.scripts.append(charted(end="failed", text="", files={}))
    async with stage.running():
        chat.say("/analyze add it up")
        told = await chat.wait_for("The analysis failed")
        chat.press("Steps")
        steps = await chat.wait_for("Read the table")

    assert told.buttons == ("Steps",)
    assert CODE in [block.text for block in steps.code]


async def test_files_that_the_answer_only_speaks_of_are_sent(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.code.runs.scripts.append(charted(is_cited=False))
    async with stage.running():
        analyse(chat)
        await chat.wait_until(lambda: any("totals.csv" in one.files for one in chat.shown))

    assert any(one.picture for one in chat.shown)
    assert not any("s.csv" in one.files for one in chat.shown)


@pytest.mark.parametrize(
    ("words", "data", "is_needed"),
    [
        ("add it up", CSV, False),
        ("add it up", "月,売上\n1,3\n".encode(), True),
        ("画一个图表", CSV, True),
        ("a chart with Korean labels", CSV, True),
        ("add it up", b"PK\x03\x04\0\0 who knows", True),
    ],
)
async def test_a_font_goes_along_where_it_may_be_needed(
    stage: Stage, words: str, data: bytes, is_needed: bool
) -> None:
    _, chat = stage.alice()
    stage.openai.code.runs.scripts.extend([RunScript("One."), RunScript("Two.")])
    async with stage.running():
        analyse(chat, words, data)
        await chat.wait_for("One.")
        chat.say("/analyze more")
        await chat.wait_for("Two.")

    assert uploads(stage) == [["s.csv", *["NotoSansCJK-Regular.otf"] * is_needed]]
    systems = [call.system for call in stage.openai.chats()]
    assert [("addfont" in system) for system in systems] == [is_needed, is_needed]


@pytest.mark.parametrize("lack", ["containers", "tool"])
async def test_a_server_that_runs_no_code_is_told_of_with_what_to_do(
    stage: Stage, lack: str
) -> None:
    _, chat = stage.alice()
    if lack == "containers":
        stage.openai.retired_routes["/containers"] = 404
    else:
        refusal = Fail(400, message="Tool 'code_interpreter' is not supported with this model.")
        stage.openai.script("/responses", refusal, refusal)
    async with stage.running():
        analyse(chat)
        told = await chat.wait_for("cannot run code")
        analyse(chat)
        await chat.wait_for("cannot run code", count=2)

    assert "/learn" in told.text
    assert "/model" in told.text
    tries = [one for one in stage.openai.requests if one.route == "/containers"]
    assert len(tries) <= 1


async def test_steps_stay_under_each_analysis_and_no_button_is_taken_that_is_not_there(
    stage: Stage,
) -> None:
    chat = stage.place("room")
    stage.openai.code.runs.scripts.extend([charted(files={}), RunScript("No code was needed.")])
    async with stage.running():
        chat.say("/analyze add it up")
        first = await chat.wait_for("The sales add up")
        chat.say("one")
        await chat.wait_for("one")
        chat.say("/analyze and this")
        second = await chat.wait_for("No code was needed")
        chat.say("two")
        await chat.wait_for("two")
        chat.say("three")
        await chat.wait_for("three")
        await chat.wait_until(lambda: [one.buttons for one in chat.shown].count(("↻ Retry",)) == 2)

    assert (first.buttons, second.buttons) == (("Steps",), ())
    assert stage.platform.find_faults() == []


async def test_retry_analyses_again_where_the_files_are(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.code.runs.scripts.extend([charted(), RunScript("Second.")])
    async with stage.running():
        analyse(chat)
        await chat.wait_for("The sales add up")
        await chat.command("retry")
        await chat.wait_for("Second.")
        chat.say("sure?")
        await chat.wait_for("sure?")

    assert asked(stage) == 2
    assert uploads(stage) == [["s.csv"]]
    assert [text for _, text in stage.told()][1:] == ["Second.", "sure?"]


async def test_a_file_that_is_refused_leaves_the_analysis(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.code.runs.scripts.append(charted(files={"a.csv": b"1\n"}))
    refusal = Fail(400, code="container_expired", message="Container is expired.")
    stage.openai.script("GET /containers/{id}/files/{file}", refusal)
    async with stage.running():
        analyse(chat)
        told = await chat.wait_for("The sales add up")
        await stage.openai.wait_until(lambda: bool(stage.openai.code.runs.deleted))

    assert "a.csv could not be fetched" in told.text


async def test_a_run_that_cannot_be_looked_at_is_cancelled_and_erased(stage: Stage) -> None:
    _, chat = stage.alice()
    runs = stage.openai.code.runs
    runs.scripts.append(charted(gate=asyncio.Event()))
    async with stage.running():
        chat.say("/analyze add it up")
        await chat.wait_for_preview("running code, step 2")
        stage.openai.script("GET /responses/{id}", Fail(401, message="no"))
        await chat.wait_for("does not let me in")
        await stage.openai.wait_until(lambda: runs.all == {})

    assert len(runs.cancelled) == 1


async def test_what_could_not_be_erased_is_erased_by_the_next_process(stage: Stage) -> None:
    _, chat = stage.alice()
    runs = stage.openai.code.runs
    runs.scripts.append(charted(gate=asyncio.Event()))
    async with stage.running():
        chat.say("/analyze add it up")
        await chat.wait_for_preview("running code, step 2")
        refusal = Fail(401, message="no")
        stage.openai.script("GET /responses/{id}", refusal)
        stage.openai.script("POST /responses/{id}/cancel", refusal)
        stage.openai.script("DELETE /responses/{id}", refusal)
        await chat.wait_for("does not let me in")
    assert (len(runs.all), runs.cancelled) == (1, [])
    async with stage.running():
        await stage.openai.wait_until(lambda: runs.all == {})

    assert len(runs.cancelled) == 1
