"""What was acknowledged is there after kill -9, and nothing is there in part."""

import asyncio
import sys
from pathlib import Path

import pytest

from storage.stores import media_folder, open_stores
from tests.unit.storage.samples import ADA, CHAT, SetClock

BOT = "tests.unit.storage.crashing_bot"
ROOT = Path(__file__).parents[3]


async def kill_after(path: Path, lines: int) -> dict[str, int]:
    """Let the bot acknowledge so much, kill it; the last number of each kind it told."""
    bot = await asyncio.create_subprocess_exec(
        sys.executable, "-m", BOT, str(path), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert bot.stdout is not None
    acknowledged: dict[str, int] = {}
    told = 0
    while told < lines:
        told += note(await bot.stdout.readline(), acknowledged)
    bot.kill()
    rest, _ = await bot.communicate()
    for line in rest.splitlines():
        note(line, acknowledged)
    return acknowledged


def note(line: bytes, acknowledged: dict[str, int]) -> bool:
    """Whether the line acknowledges something; the log stands between such lines."""
    what, _, number = line.decode().strip().partition(" ")
    if what not in {"accepted", "answered", "done"} or not number.isdecimal():
        return False
    acknowledged[what] = int(number)
    return True


@pytest.mark.parametrize("lines", [40, 41, 42])
async def test_nothing_acknowledged_is_lost_by_kill_9(path: Path, lines: int) -> None:
    acknowledged = await kill_after(path, lines)
    assert acknowledged["done"] >= 10
    async with open_stores(path, SetClock()) as stores:
        assert await stores.database.find_problems() == ()
        kept = (await stores.history.load(CHAT)).exchanges
        waiting = await stores.inbox.unfinished()
        [total] = await stores.usage.by_day(ADA.key, 0)
    # Committed but not acknowledged may be one more of each.
    answered = len(kept)
    assert answered - acknowledged["answered"] in (0, 1)
    assert [one.ordinal for one in kept] == list(range(1, answered + 1))
    assert [one.question for one in kept] == [f"question {n}" for n in range(1, answered + 1)]
    assert total.calls == answered
    done = sum(1 for one in kept if one.answer_message_ids)
    assert done - acknowledged["done"] in (0, 1)
    for pending in waiting:
        assert int(pending.message.key) > done
        assert (pending.delivery is not None) == (int(pending.message.key) <= answered)
    accepted = done + len(waiting)
    assert accepted - acknowledged["accepted"] in (0, 1)
    assert not list(media_folder(path).rglob("*.part"))
