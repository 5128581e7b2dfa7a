"""What holds for every test: nothing of ours blocks the loop, and nothing leaves this machine."""

from collections.abc import Iterator

import pytest

from tests import loop_guard, network_guard


@pytest.fixture(autouse=True)
def _nothing_blocks_the_loop() -> Iterator[None]:
    with loop_guard.watch() as guard:
        yield
    assert not guard.faults, "\n".join(guard.faults)


@pytest.fixture(autouse=True)
def _nothing_leaves_this_machine() -> Iterator[None]:
    with network_guard.forbid() as guard:
        yield
    assert not guard.faults, "\n".join(guard.faults)
