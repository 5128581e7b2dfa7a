from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.stores import Stores, open_stores
from tests.unit.storage.samples import SetClock


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "parley.db"


@pytest.fixture
async def stores(path: Path, clock: SetClock) -> AsyncIterator[Stores]:
    async with open_stores(path, clock) as opened:
        yield opened
