from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.discord import DiscordPlatform
from tests.contract.protocol import Platform
from tests.contract.stage import Stage, logging_to
from tests.contract.telegram import TelegramPlatform
from tests.emulators.openai import OpenAIEmulator

PLATFORMS: dict[str, type[Platform]] = {
    "telegram": TelegramPlatform,
    "discord": DiscordPlatform,
}


@pytest.fixture(params=sorted(PLATFORMS))
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    """Ends the test with nothing logged as an error, and nothing that a careful bot leaves."""
    errors: list[str] = []
    with logging_to(errors):
        async with PLATFORMS[request.param]() as platform, OpenAIEmulator() as openai:
            yield Stage(platform, openai, tmp_path, errors)
            assert platform.find_faults() == []
            assert openai.violations == []
    assert errors == []
