"""The Discord emulator with a person and a channel, for the tests that drive it."""

from collections.abc import AsyncIterator

import pytest

from tests.emulators.discord import Channel, DiscordEmulator, User
from tests.unit.emulators.discord_client import Robot, point_at, running


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordEmulator]:
    async with DiscordEmulator("test-token") as emulator:
        point_at(emulator, monkeypatch)
        yield emulator


@pytest.fixture
def alice(service: DiscordEmulator) -> User:
    return service.user("alice")


@pytest.fixture
def general(service: DiscordEmulator, alice: User) -> Channel:
    return service.guild("Guild", [alice, service.user("bob")]).text_channel("general")


@pytest.fixture
async def robot(service: DiscordEmulator, general: Channel) -> AsyncIterator[Robot]:
    async with running(service) as robot:
        yield robot
