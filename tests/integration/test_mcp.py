"""Tools of MCP servers: the official client, real servers, over both transports."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.mcp.options import McpOptions
from bot.mcp.servers import connected_tools
from handlers.media.memory import MemoryGate
from handlers.messages import ChatSettings, MediaRef, Pending
from handlers.tools.tool import Tool, ToolOutput
from handlers.turn import Turn
from tests.fakes import FakePlatform, FakeStore, message

ODD = McpOptions(command=sys.executable, arguments=("-m", "tests.emulators.mcp_server"))
SCRIPT = Path(__file__).parents[1] / "emulators" / "mcp_script.py"
MAX_TEXT = 200_000
TOO_LARGE = "Error: the server's answer is too large; ask for less"


class Media:
    def __init__(self) -> None:
        self.kept: list[bytes] = []

    async def put(self, data: bytes, mime: str, width: int = 0, height: int = 0) -> MediaRef:
        self.kept.append(data)
        return MediaRef("0" * 64, mime, width, height)

    async def get(self, ref: MediaRef) -> bytes | None:
        return None


def turn() -> Turn:
    return Turn(
        Pending(message()),
        ChatSettings(),
        FakePlatform(),
        FakeStore(),
        lambda _: None,
        MemoryGate(1),
    )


def script(fault: str = "") -> McpOptions:
    return McpOptions(command=sys.executable, arguments=("-S", str(SCRIPT), fault))


class Found:
    """The tools that there are now."""

    def __init__(self, source: Callable[[], Sequence[Tool]]) -> None:
        self._source = source

    @property
    def names(self) -> list[str]:
        return [tool.spec.name for tool in self._source()]

    def __getitem__(self, name: str) -> Tool:
        return next(tool for tool in self._source() if tool.spec.name == name)

    async def has(self, server: str) -> None:
        await until(lambda: any(name.startswith(f"{server}_") for name in self.names))


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110  # a thread tells nobody
            await asyncio.sleep(0.005)


@asynccontextmanager
async def connected(media: Media | None = None, **servers: McpOptions) -> AsyncIterator[Found]:
    async with connected_tools(servers, media or Media()) as source:
        yield Found(source)


@asynccontextmanager
async def tools(media: Media | None = None, **servers: McpOptions) -> AsyncIterator[Found]:
    """The same, with every server there."""
    async with connected(media, **servers) as found:
        for name in servers:
            await found.has(name)
        yield found


async def call(tool: Tool, arguments: Mapping[str, Any] | None = None) -> ToolOutput:
    return await tool.call(turn(), arguments or {})


async def test_a_server_from_the_registry_tells_the_time() -> None:
    clock = McpOptions(command=sys.executable, arguments=("-m", "mcp_server_time"))
    async with tools(clock=clock) as found:
        told = await call(found["clock_get_current_time"], {"timezone": "Asia/Tokyo"})
        wrong = await call(found["clock_get_current_time"], {"timezone": "Nowhere/City"})
        parameters = found["clock_get_current_time"].spec.parameters

    assert json.loads(told.text)["timezone"] == "Asia/Tokyo"
    assert parameters["required"] == ["timezone"]
    assert wrong.is_failed


@asynccontextmanager
async def http_server() -> AsyncIterator[McpOptions]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.emulators.mcp_server", str(port),
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    while b"running on" not in await process.stderr.readline():
        pass
    try:
        yield McpOptions(url=f"http://127.0.0.1:{port}/mcp")
    finally:
        process.kill()
        await process.wait()


async def test_a_server_over_http() -> None:
    async with http_server() as options, tools(odd=options) as found:
        told = await call(found["odd_echo"], {"words": "ho", "times": 3})
        large = await call(found["odd_large"], {"size": 5_000_000})
        huge = await call(found["odd_large"], {"size": 13_000_000})
        still = await call(found["odd_echo"], {"words": "still"})

    assert (told.text, told.is_failed) == ("ho ho ho", False)
    assert large.text == "x" * MAX_TEXT + "\n[More was left out.]"
    assert huge.is_failed
    assert "too large" in huge.text
    assert still.text == "still"


async def test_a_program_made_with_the_official_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    options = McpOptions(ODD.command, ODD.arguments, {"ODD_TOKEN": "t"})
    media = Media()
    async with tools(media, odd=options) as found:
        echo, large = found["odd_echo"], found["odd_large"]
        names = (await call(found["odd_environment"])).text.split()
        failed = await call(found["odd_fail"])
        drawn = await call(found["odd_picture"])

    assert echo.spec.description == "Say the words again."
    assert echo.spec.parameters["properties"]["words"]["type"] == "string"
    assert (echo.is_lasting, large.is_lasting) == (False, True)
    assert "ODD_TOKEN" in names
    assert "OPENAI_API_KEY" not in names
    assert failed.is_failed
    assert "fail" in failed.text
    assert [ref.mime for ref in drawn.pictures] == ["image/png"]
    assert media.kept[0].startswith(b"\x89PNG")


async def test_what_is_taken_of_an_answer_is_bounded() -> None:
    media = Media()
    async with tools(media, s=script()) as found:
        many = await call(found["s_many"])
        structured = await call(found["s_struct"])
        forged = await call(found["s_image"])
        long = await call(found["s_long"])
        wide = await call(found["s_wide"])
        deep = await call(found["s_deep"])
        still = await call(found["s_ok"])

    assert many.text.endswith("x" * 20 + "\n[More was left out.]")
    assert len(many.text) < MAX_TEXT + 100
    assert structured.text.startswith('{"a": [0, 1, 2')
    assert len(structured.text) < MAX_TEXT + 100
    assert (forged.text, forged.pictures, media.kept) == ("[image]", (), [])
    assert (long.text, long.is_failed) == (TOO_LARGE, True)
    assert (wide.text, wide.is_failed) == (TOO_LARGE, True)
    assert (deep.text, deep.is_failed) == ("Error: its answer is no JSON-RPC", True)
    assert still.text == "ok"


async def test_the_bots_loop_has_nothing_to_do_with_it() -> None:
    async with tools(s=script()) as found:
        hanging = asyncio.create_task(call(found["s_hang"]))
        await call(found["s_ok"])
        there = asyncio.all_tasks()
        hanging.cancel()

    assert there == {hanging, asyncio.current_task()}


async def test_a_call_that_is_cancelled_is_cancelled_at_its_server_which_goes_on() -> None:
    async with tools(s=script()) as found:
        hanging = asyncio.create_task(call(found["s_hang"]))
        while not (heard := (await call(found["s_heard"])).text).startswith("hang"):
            pass
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)
        assert hanging.cancelled()
        while "cancelled" not in (later := (await call(found["s_heard"])).text):
            pass

    assert later == f"{heard}\n{heard.replace('hang', 'cancelled')}"


async def test_at_the_end_no_program_is_left() -> None:
    async with tools(s=script()) as found:
        pids = [int(one) for one in (await call(found["s_pid"])).text.split()]
        assert all(map(_is_alive, pids))

    assert len(pids) == 2  # the server, and what it started
    await until(lambda: not any(map(_is_alive, pids)))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


async def test_a_server_that_dies_is_told_and_comes_back() -> None:
    async with tools(s=script()) as found:
        gone = await call(found["s_die"])
        assert gone.is_failed
        assert found.names  # it is likely to come back, and the prompt stays the same
        answer = gone
        while answer.is_failed:
            await asyncio.sleep(0.005)
            answer = await call(found["s_ok"])

    assert answer.text == "ok"


async def test_a_server_that_changes_its_tools_is_asked_again() -> None:
    async with tools(s=script()) as found:
        before = found["s_ok"]
        assert found["s_ok"] is before  # nothing is made anew while nothing changes
        await call(found["s_grow"])
        await until(lambda: "s_late" in found.names)


async def test_a_tool_that_is_broken_leaves_the_others() -> None:
    async with tools(s=script("broken")) as found:
        names = found.names

    assert names[0] == "s_ok"
    assert not {"s_list", "s_typo", "s_odd", "s_none", "s_7"} & set(names)


async def test_nobody_waits_for_a_server_and_one_that_is_faulty_leaves_the_others() -> None:
    nothing = McpOptions(command="/no/such/program")
    nobody = McpOptions(url="http://127.0.0.1:9/mcp")
    silent, endless = script("silent"), script("cursor")
    async with connected(
        silent=silent, nothing=nothing, ok=script(), nobody=nobody, endless=endless
    ) as found:
        at_once = found.names
        await found.has("ok")
        assert {name.partition("_")[0] for name in found.names} == {"ok"}

    assert at_once == []


async def test_tools_are_told_in_the_order_of_the_configuration() -> None:
    async with tools(b=script(), a=script()) as found:
        names = found.names

    assert [name for name in names if name.endswith("_ok")] == ["b_ok", "a_ok"]
