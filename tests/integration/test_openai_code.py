"""The port CodeInterpreter against the emulated service."""

import pytest

from handlers.errors import (
    CodeMissingError,
    ContainerGoneError,
    ContentRefusedError,
    FileUnavailableError,
    ModelMissingError,
    ServiceBusyError,
    ServiceDownError,
)
from handlers.messages import Capability
from handlers.ports.code import CodeInterpreter, Look, MadeFile, RunState
from tests import samples
from tests.emulators.openai import Fail, OpenAIEmulator, Ran, RunScript
from tests.integration.openai_room import KEY, MODEL, ask, open_room

CALLS = (Ran("print(1)", "1\n", [samples.png()]), Ran("boom", "Traceback", is_failed=True))


@pytest.fixture
async def emulator() -> OpenAIEmulator:
    return OpenAIEmulator(api_key=None)


async def ended(code: CodeInterpreter, run: str) -> list[Look]:
    """All that was seen of a run, the end last."""
    looks = [await code.look(run)]
    while not looks[-1].state.is_over:
        assert len(looks) < 20
        looks.append(await code.look(run))
    return looks


async def test_a_run_goes_through_its_states_and_gives_all_it_made(
    emulator: OpenAIEmulator,
) -> None:
    script = RunScript("Both.", CALLS, {"a.csv": b"1\n", "b.png": samples.png(colour="red")})
    emulator.code.runs.scripts.append(script)
    async with emulator, open_room(emulator.base_url) as room:
        code: CodeInterpreter = room.code
        opened = await code.open("parley")
        path = await code.upload(opened.container, "s.csv", b"a,b\n", "text/csv")
        run = await code.begin(ask("sum"), opened.container, "key")
        looks = await ended(code, run)
        look = looks[-1]
        data = [await code.fetch(file, 10_000_000) for file in look.files]
        too_large = await code.fetch(look.files[1], 10)
        listed = await code.list_files(opened.container)
        await code.forget(run)
        await code.forget(run)
        gone = await code.look(run)

    assert opened.usage.capability is Capability.CODE
    assert opened.usage.cost_usd == pytest.approx(0.03)
    assert path.endswith("-s.csv")
    assert {one.state for one in looks[:-1]} == {RunState.QUEUED, RunState.IN_PROGRESS}
    assert any(one.calls and one.calls[-1].is_running for one in looks[:-1])
    assert look.state is RunState.COMPLETED
    assert look.text.split() == ["Both.", "a.csv", "b.png"]
    assert [(c.code, c.logs, c.is_failed) for c in look.calls] == [
        ("print(1)", "1\n", False),
        ("boom", "Traceback", True),
    ]
    assert look.calls[0].pictures == (samples.png(),)
    assert [file.name for file in look.files] == ["a.csv", "b.png"]
    assert data == [b"1\n", samples.png(colour="red")]
    assert too_large is None
    assert [file.is_ours for file in listed] == [True, False, False]
    [usage] = look.usage
    assert (usage.model, usage.input_tokens, usage.cached_tokens) == (MODEL, 1200, 200)
    assert usage.cost_usd == pytest.approx((1000 * 0.1 + 200 * 0.01 + 300 * 0.5) / 1e6)
    assert gone.state is RunState.EXPIRED
    [call] = emulator.chats()
    assert call.body["include"] == ["code_interpreter_call.outputs"]
    assert "stream" not in call.body
    assert emulator.violations == []


async def test_what_is_cancelled_stays_so_and_what_is_over_is_left_alone(
    emulator: OpenAIEmulator,
) -> None:
    async with emulator, open_room(emulator.base_url) as room:
        container = (await room.code.open("parley")).container
        run = await room.code.begin(ask("sum"), container, "key")
        await room.code.cancel(run)
        look = await room.code.look(run)
        await room.code.cancel(run)
        await room.code.cancel("resp_unknown")

    assert look.state is RunState.CANCELLED
    assert emulator.code.runs.cancelled == [run]


async def test_a_container_that_ended_is_told_from_a_server_that_has_none(
    emulator: OpenAIEmulator,
) -> None:
    async with emulator, open_room(emulator.base_url) as room:
        container = (await room.code.open("parley")).container
        assert await room.code.is_alive(container)
        emulator.code.containers.expire()
        assert not await room.code.is_alive(container)
        assert not await room.code.is_alive("cntr_unknown")
        with pytest.raises(ContainerGoneError):
            await room.code.upload(container, "s.csv", b"a", "text/csv")
        with pytest.raises(ContainerGoneError):
            await room.code.begin(ask("sum"), container, "key")
        with pytest.raises(ContainerGoneError):
            await room.code.begin(ask("sum"), "cntr_unknown", "key")
        with pytest.raises(FileUnavailableError):
            await room.code.fetch(MadeFile(container, "cfile_1", "a.csv"), 10)


async def test_what_another_key_opened_is_not_there(emulator: OpenAIEmulator) -> None:
    async with emulator, open_room(emulator.base_url) as room:
        container = (await room.code.open("parley")).container
        run = await room.code.begin(ask("sum"), container, "key")
        async with open_room(emulator.base_url, api_key=f"{KEY}-other") as other:
            assert not await other.code.is_alive(container)
            assert (await other.code.look(run)).state is RunState.EXPIRED


async def test_a_server_without_containers_is_not_asked_again_soon(
    emulator: OpenAIEmulator,
) -> None:
    emulator.retired_routes["/containers"] = 404
    async with emulator, open_room(emulator.base_url) as room:
        with pytest.raises(CodeMissingError):
            await room.code.open("parley")
        del emulator.retired_routes["/containers"]
        with pytest.raises(CodeMissingError):
            await room.code.open("parley")


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (Fail(400, message="Unknown tool type", param="tools[0].type"), CodeMissingError),
        (Fail(400, message="code_interpreter is not supported"), CodeMissingError),
        (Fail(404, message="no such model", code="model_not_found"), ModelMissingError),
        (Fail(500, message="it broke"), ServiceDownError),
        (Fail(429, message="slow down"), ServiceBusyError),
    ],
)
async def test_a_run_that_cannot_begin_has_its_error(
    emulator: OpenAIEmulator, step: Fail, error: type[Exception]
) -> None:
    emulator.script("/responses", *[step] * 9)
    async with emulator, open_room(emulator.base_url) as room:
        container = (await room.code.open("parley")).container
        with pytest.raises(error):
            await room.code.begin(ask("sum"), container, "key")

    tries = [one for one in emulator.requests if one.route == "/responses"]
    # What may have been taken is not asked for twice.
    assert len(tries) == (3 if error is ServiceBusyError else 1)


@pytest.mark.parametrize(
    ("script", "state", "failure"),
    [
        (RunScript("", end="failed"), RunState.FAILED, ServiceDownError),
        (RunScript("", end="incomplete"), RunState.INCOMPLETE, type(None)),
        (
            RunScript("", end="incomplete", reason="content_filter"),
            RunState.INCOMPLETE,
            ContentRefusedError,
        ),
        (RunScript("", end="needs_tool"), RunState.NEEDS_TOOL, type(None)),
        (RunScript("", end="expired"), RunState.EXPIRED, type(None)),
        (RunScript("", end="cancelled", usage=None), RunState.CANCELLED, type(None)),
    ],
)
async def test_a_run_that_comes_to_nothing_says_why(
    emulator: OpenAIEmulator, script: RunScript, state: RunState, failure: type
) -> None:
    emulator.code.runs.scripts.append(script)
    async with emulator, open_room(emulator.base_url) as room:
        container = (await room.code.open("parley")).container
        look = (await ended(room.code, await room.code.begin(ask("sum"), container, "key")))[-1]

    assert look.state is state
    assert isinstance(look.failure, failure)


async def test_files_that_are_only_spoken_of_are_named_by_their_paths(
    emulator: OpenAIEmulator,
) -> None:
    script = RunScript("See it.", files={"a.csv": b"1\n"}, is_cited=False)
    emulator.code.runs.scripts.append(script)
    async with emulator, open_room(emulator.base_url) as room:
        container = (await room.code.open("parley")).container
        look = (await ended(room.code, await room.code.begin(ask("sum"), container, "key")))[-1]

    assert look.files == ()
    assert look.named == ("/mnt/data/a.csv",)
    assert look.text.split() == ["See", "it.", "a.csv"]
