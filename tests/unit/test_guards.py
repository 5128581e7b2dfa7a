"""The guards that tests/conftest.py puts around every test do catch what they are for."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import loop_guard, network_guard

PICTURE = "import io; from PIL import Image; Image.new('RGB', (2, 2)).save(io.BytesIO(), 'PNG')"
SOUND = "from pydub import AudioSegment; AudioSegment.from_file(__file__)"


@pytest.fixture(autouse=True)
def _forgotten_faults() -> Iterator[None]:
    yield
    loop_guard.GUARD.faults.clear()
    network_guard.GUARD.faults.clear()


def compile_as(file: Path, body: str) -> Callable[[], None]:
    """A function ``work`` that seems to stand in ``file``."""
    scope: dict[str, Any] = {"__file__": __file__}
    source = f"def work():\n    {body}\n"
    exec(compile(source, str(file), "exec"), scope)  # noqa: S102  # the test's own words
    work: Callable[[], None] = scope["work"]
    return work


OURS = loop_guard.ROOT / "handlers" / "made_up.py"
BLOCKING = (
    "import time; time.sleep(0)",
    "import subprocess; subprocess.run(['true'])",
    "open(__file__).close()",
    "import pathlib; pathlib.Path(__file__).read_bytes()",
    "import sqlite3; sqlite3.connect(':memory:').close()",
    "import socket; socket.getaddrinfo('127.0.0.1', 1)",
    PICTURE,
    SOUND,
)


@pytest.mark.parametrize("body", BLOCKING)
async def test_our_code_may_not_block_the_loop(body: str) -> None:
    with pytest.raises(loop_guard.LoopBlockedError, match=r"handlers/made_up\.py:2 "):
        compile_as(OURS, body)()


async def test_a_hidden_error_is_still_a_fault() -> None:
    with contextlib.suppress(BaseException):
        compile_as(OURS, "import time; time.sleep(0)")()
    assert len(loop_guard.GUARD.faults) == 1


@pytest.mark.parametrize("body", BLOCKING[:-1])
async def test_in_a_thread_it_may(body: str) -> None:
    await asyncio.to_thread(compile_as(OURS, body))
    assert not loop_guard.GUARD.faults


async def test_processes_are_started_by_asyncio() -> None:
    process = await asyncio.create_subprocess_exec("true")
    assert await process.wait() == 0


async def test_a_test_may_read_a_file() -> None:
    compile_as(Path(__file__), "open(__file__).close()")()


async def test_a_long_step_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_guard, "MAX_STEP_CPU_S", 0.0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    monkeypatch.undo()
    assert "kept the event loop busy" in loop_guard.GUARD.faults[0]


@pytest.mark.parametrize(
    "reach",
    [
        lambda: socket.create_connection(("192.0.2.1", 1), timeout=1),
        lambda: socket.getaddrinfo("example.org", 443),
        lambda: socket.gethostbyname("example.org"),
    ],
)
def test_other_machines_cannot_be_reached(reach: Callable[[], object]) -> None:
    with pytest.raises(network_guard.NetworkForbiddenError):
        reach()


async def test_the_loop_cannot_reach_other_machines() -> None:
    with pytest.raises(network_guard.NetworkForbiddenError):
        await asyncio.open_connection("192.0.2.1", 1)


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()[:2], timeout=5).close()
