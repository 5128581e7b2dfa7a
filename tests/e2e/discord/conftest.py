from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.discord.stage import DiscordStage
from tests.emulators.discord import DiscordEmulator
from tests.emulators.openai import OpenAIEmulator


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[DiscordStage]:
    """Emulated services that end the test without a violation of their rules."""
    async with DiscordEmulator() as discord, OpenAIEmulator() as openai:
        yield DiscordStage(discord, openai, tmp_path)
        assert discord.violations == []
        assert discord.refused_calls == []
        assert openai.violations == []
