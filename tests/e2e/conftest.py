from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.stage import Stage
from tests.emulators.openai import OpenAIEmulator
from tests.emulators.telegram import TelegramEmulator


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Emulated services that end the test without a violation of their rules."""
    async with TelegramEmulator() as telegram, OpenAIEmulator() as openai:
        yield Stage(telegram, openai, tmp_path)
        assert telegram.violations == []
        assert openai.violations == []
