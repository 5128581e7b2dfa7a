from dataclasses import replace

import pytest

from handlers.messages import Capability, Sender, UsageEntry
from handlers.ports.stores import Outcome, UsageStore
from storage.stores import Stores
from tests.unit.storage.samples import ADA, NOON, SetClock, message, usage

DAY_S = 24 * 3600


async def spend(stores: Stores, key: str, *entries: UsageEntry, sender: Sender = ADA) -> None:
    asked = replace(message(key), sender=sender)
    await stores.inbox.accept([asked])
    await stores.inbox.answer(asked, Outcome(usage=entries))


async def test_nobody_used_anything(stores: Stores) -> None:
    store: UsageStore = stores.usage
    assert await store.by_day(ADA.key, 0) == []
    assert await store.by_month(ADA.key, 0) == []


async def test_calls_of_a_day_are_added_up_per_capability_and_model(stores: Stores) -> None:
    speech = UsageEntry(Capability.SPEECH, "tts", seconds=1.5, characters=20, is_estimate=True)
    picture = UsageEntry(Capability.IMAGE, "image", images=2, cost_usd=0.04)
    await spend(stores, "1", usage(0.5), usage(0.25), speech)
    await spend(stores, "2", usage(None), speech, picture)
    chat_total, image_total, speech_total = await stores.usage.by_day(ADA.key, 0)
    assert (chat_total.capability, chat_total.model) == ("chat", "gpt")
    assert (chat_total.calls, chat_total.unpriced_calls) == (3, 1)
    assert (chat_total.input_tokens, chat_total.output_tokens) == (30, 15)
    assert chat_total.cost_usd == pytest.approx(0.75)
    assert (image_total.images, image_total.cost_usd) == (2, 0.04)
    assert (speech_total.seconds, speech_total.characters) == (3.0, 40)
    assert (speech_total.estimated_calls, speech_total.unpriced_calls) == (2, 2)
    assert speech_total.cost_usd == 0.0


async def test_days_and_months_are_utc_and_the_newest_comes_first(
    stores: Stores, clock: SetClock
) -> None:
    midnight = NOON - 12 * 3600
    for key, time in enumerate((midnight - 1, midnight, midnight + DAY_S - 1, midnight + DAY_S)):
        clock.time = time
        await spend(stores, str(key), usage())
    clock.time = NOON + 30 * DAY_S
    await spend(stores, "next month", usage())
    days = [(total.period, total.calls) for total in await stores.usage.by_day(ADA.key, 0)]
    assert days == [("2026-12-21", 1), ("2026-11-22", 1), ("2026-11-21", 2), ("2026-11-20", 1)]
    months = [(total.period, total.calls) for total in await stores.usage.by_month(ADA.key, 0)]
    assert months == [("2026-12", 1), ("2026-11", 4)]
    assert [total.calls for total in await stores.usage.by_month(ADA.key, midnight)] == [1, 3]


async def test_a_person_sees_only_their_own(stores: Stores) -> None:
    bob = Sender("telegram", "2", "Ada")
    namesake = Sender("discord", "1", "Ada")
    await spend(stores, "1", usage())
    await spend(stores, "2", usage(), usage(), sender=bob)
    await spend(stores, "3", usage(), sender=namesake)
    assert [total.calls for total in await stores.usage.by_day(ADA.key, 0)] == [1]
    assert [total.calls for total in await stores.usage.by_day(bob.key, 0)] == [2]
