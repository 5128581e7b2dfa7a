import sqlite3
from contextlib import closing
from pathlib import Path

from handlers.messages import ChatSettings, VoiceMode
from handlers.ports.stores import SettingsStore
from storage.stores import Stores, open_stores
from tests.unit.storage.samples import CHAT, OTHER_CHAT, SetClock

CHOSEN = ChatSettings("gpt", "low", "p\u00efrate \x00", VoiceMode.OFF, "nova", "high", "zh-Hans")


async def test_settings_survive_a_restart_and_stay_in_their_chat(
    path: Path, clock: SetClock
) -> None:
    async with open_stores(path, clock) as stores:
        settings: SettingsStore = stores.settings
        assert await settings.load(CHAT) == ChatSettings()
        await settings.save(CHAT, CHOSEN)
    async with open_stores(path, clock) as stores:
        assert await stores.settings.load(CHAT) == CHOSEN
        assert await stores.settings.load(OTHER_CHAT) == ChatSettings()


async def test_a_setting_goes_back_to_the_default(stores: Stores) -> None:
    await stores.settings.save(CHAT, CHOSEN)
    await stores.settings.save(CHAT, ChatSettings(model="gpt"))
    assert await stores.settings.load(CHAT) == ChatSettings(model="gpt")


async def test_what_this_version_does_not_know_is_ignored(path: Path, clock: SetClock) -> None:
    stored = '{"model": "gpt", "mood": "sunny", "voice_mode": "shouting", "voice": 7}'
    async with open_stores(path, clock) as stores:
        await stores.settings.save(CHAT, CHOSEN)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE chats SET settings = ?", (stored,))
        connection.commit()
    async with open_stores(path, clock) as stores:
        assert await stores.settings.load(CHAT) == ChatSettings(model="gpt")
