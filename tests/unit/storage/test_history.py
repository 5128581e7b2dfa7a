from dataclasses import replace

from handlers.messages import ChatKey, ChatSettings, Exchange, MediaRef, Step, VoiceMode
from handlers.ports.stores import History, HistoryStore, Outcome
from storage.stores import Stores
from tests.unit.storage.samples import ADA, CHAT, OTHER_CHAT, exchange, message, usage

GROUP = ChatKey("telegram", "-5")
SUPERGROUP = ChatKey("telegram", "-1005")


async def talk(
    stores: Stores, chat: ChatKey, *numbers: int, window_start: int | None = None
) -> int:
    """Store an exchange for each number; the id of the last."""
    exchange_id = 0
    for number in numbers:
        question = message(f"{chat} {number}", chat=chat)
        await stores.inbox.accept([question])
        exchange_id = await stores.inbox.answer(question, Outcome(exchange=exchange(number)))
        await stores.inbox.done(question)
    if window_start is not None:
        await trim(stores, chat, window_start)
    return exchange_id


async def trim(stores: Stores, chat: ChatKey, window_start: int) -> None:
    question = message(f"{chat} trims at {window_start}", chat=chat)
    await stores.inbox.accept([question])
    await stores.inbox.answer(question, Outcome(window_start=window_start))
    await stores.inbox.done(question)


async def answers(stores: Stores, chat: ChatKey) -> list[str]:
    return [one.answer for one in (await stores.history.load(chat)).exchanges]


async def unsummarised(stores: Stores, chat: ChatKey) -> list[str]:
    return [one.answer for one in await stores.history.unsummarised(chat)]


async def test_a_chat_that_nobody_spoke_in_is_empty(stores: Stores) -> None:
    history: HistoryStore = stores.history
    assert await history.load(CHAT) == History()
    assert await history.unsummarised(CHAT) == ()
    await history.reset(CHAT)
    await history.migrate(CHAT, OTHER_CHAT)
    assert await history.load(OTHER_CHAT) == History()


async def test_exchanges_are_counted_per_chat_and_loaded_oldest_first(stores: Stores) -> None:
    for number in (1, 2, 3):
        await talk(stores, CHAT, number)
        await talk(stores, OTHER_CHAT, number + 10)
    loaded = (await stores.history.load(OTHER_CHAT)).exchanges
    assert [one.answer for one in loaded] == ["answer 11", "answer 12", "answer 13"]
    assert [one.ordinal for one in loaded] == [1, 2, 3]
    assert sorted(one.id for one in loaded) == [one.id for one in loaded]


async def test_what_left_the_window_waits_for_the_summary(stores: Stores) -> None:
    second = await talk(stores, CHAT, 1, 2)
    await talk(stores, CHAT, 3, window_start=second)
    assert await answers(stores, CHAT) == ["answer 3"]
    assert await unsummarised(stores, CHAT) == ["answer 1", "answer 2"]
    await stores.history.save_summary(CHAT, "they greeted", second, [usage(cost_usd=0.25)])
    assert await unsummarised(stores, CHAT) == []
    loaded = await stores.history.load(CHAT)
    assert (loaded.summary, loaded.summarised_through) == ("they greeted", second)
    [total] = await stores.usage.by_day(ADA.key, 0)
    assert total.cost_usd == 0.25


async def test_a_summary_that_comes_late_does_not_replace_a_longer_one(stores: Stores) -> None:
    last = await talk(stores, CHAT, 1, 2, 3)
    await trim(stores, CHAT, last)
    await stores.history.save_summary(CHAT, "all", last, [])
    await stores.history.save_summary(CHAT, "less", last - 1, [])
    assert (await stores.history.load(CHAT)).summary == "all"


async def test_a_reset_chat_is_empty_and_goes_on_counting(stores: Stores) -> None:
    second = await talk(stores, CHAT, 1, 2)
    await trim(stores, CHAT, second - 1)
    await stores.history.save_summary(CHAT, "they greeted", second - 1, [])
    await stores.history.reset(CHAT)
    loaded = await stores.history.load(CHAT)
    assert (loaded.exchanges, loaded.summary) == ((), "")
    assert await unsummarised(stores, CHAT) == []
    await talk(stores, CHAT, 3)
    [fresh] = (await stores.history.load(CHAT)).exchanges
    assert (fresh.answer, fresh.ordinal) == ("answer 3", 3)


async def test_a_summary_of_what_was_reset_leaves_only_its_bill(stores: Stores) -> None:
    last = await talk(stores, CHAT, 1, 2)
    await trim(stores, CHAT, last)
    await stores.history.reset(CHAT)
    await stores.history.save_summary(CHAT, "they greeted", last, [usage()])
    assert (await stores.history.load(CHAT)).summary == ""
    assert [total.calls for total in await stores.usage.by_day(ADA.key, 0)] == [1]
    await talk(stores, CHAT, 3)
    assert await answers(stores, CHAT) == ["answer 3"]


async def test_a_reset_of_one_topic_leaves_the_others_alone(stores: Stores) -> None:
    await talk(stores, CHAT, 1)
    await talk(stores, OTHER_CHAT, 2)
    await stores.history.reset(CHAT)
    assert await answers(stores, OTHER_CHAT) == ["answer 2"]


async def test_a_migrated_group_keeps_everything(stores: Stores) -> None:
    second = await talk(stores, GROUP, 1, 2)
    await talk(stores, GROUP, 3, window_start=second)
    await stores.history.save_summary(GROUP, "they greeted", second, [])
    await stores.settings.save(GROUP, ChatSettings(persona="pirate"))
    waiting = message("waiting", chat=GROUP)
    await stores.inbox.accept([waiting])
    before = await stores.history.load(GROUP)
    for _ in range(2):
        await stores.history.migrate(GROUP, SUPERGROUP)
        assert await stores.history.load(SUPERGROUP) == before
        assert (await stores.settings.load(SUPERGROUP)).persona == "pirate"
        [pending] = await stores.inbox.unfinished()
        assert pending.message == replace(waiting, chat=SUPERGROUP)


async def test_a_turn_that_began_before_the_migration_ends_in_the_new_chat(stores: Stores) -> None:
    await talk(stores, GROUP, 1)
    running = message("running", chat=GROUP)
    await stores.inbox.accept([running])
    await stores.history.migrate(GROUP, SUPERGROUP)
    await stores.inbox.answer(running, Outcome(exchange=exchange(2)))
    await talk(stores, GROUP, 3)
    assert await answers(stores, SUPERGROUP) == ["answer 1", "answer 2", "answer 3"]


async def test_a_chat_that_moves_twice_keeps_everything(stores: Stores) -> None:
    third = ChatKey("telegram", "-1006")
    await talk(stores, GROUP, 1)
    await stores.history.migrate(GROUP, SUPERGROUP)
    await talk(stores, SUPERGROUP, 2)
    await stores.history.migrate(SUPERGROUP, third)
    for name in (GROUP, SUPERGROUP, third):
        assert await answers(stores, name) == ["answer 1", "answer 2"]


async def test_migration_into_a_chat_where_people_spoke_already_joins_both(stores: Stores) -> None:
    second = await talk(stores, GROUP, 1, 2)
    await talk(stores, GROUP, 3, window_start=second)
    await stores.history.save_summary(GROUP, "they greeted", second, [])
    await stores.settings.save(
        GROUP, ChatSettings(persona="pirate", voice_mode=VoiceMode.ON, voice="nova")
    )
    await talk(stores, SUPERGROUP, 4)
    await stores.settings.save(SUPERGROUP, ChatSettings(voice="echo"))
    waiting = message("waiting", chat=SUPERGROUP)
    await stores.inbox.accept([waiting])
    for _ in range(2):
        await stores.history.migrate(GROUP, SUPERGROUP)
    loaded = await stores.history.load(SUPERGROUP)
    assert [one.answer for one in loaded.exchanges] == ["answer 3", "answer 4"]
    assert [one.ordinal for one in loaded.exchanges] == [3, 4]
    assert (loaded.summary, loaded.summarised_through) == ("they greeted", second)
    assert await unsummarised(stores, SUPERGROUP) == []
    assert await stores.settings.load(SUPERGROUP) == ChatSettings(
        persona="pirate", voice_mode=VoiceMode.ON, voice="echo"
    )
    [pending] = await stores.inbox.unfinished()
    assert pending.message == waiting
    await talk(stores, SUPERGROUP, 5)
    assert await answers(stores, SUPERGROUP) == ["answer 3", "answer 4", "answer 5"]


async def test_chats_that_were_both_summarised_join_without_losing_a_word(stores: Stores) -> None:
    old_last = await talk(stores, GROUP, 1, 2, 3)
    await trim(stores, GROUP, old_last - 2)
    await stores.history.save_summary(GROUP, "of 1", old_last - 2, [])
    new_last = await talk(stores, SUPERGROUP, 4, 5)
    await trim(stores, SUPERGROUP, new_last - 1)
    await stores.history.save_summary(SUPERGROUP, "of 4", new_last - 1, [])
    await stores.history.migrate(GROUP, SUPERGROUP)
    loaded = await stores.history.load(SUPERGROUP)
    assert loaded.summary == "of 1\n\nof 4"
    assert await unsummarised(stores, SUPERGROUP) == ["answer 2", "answer 3", "answer 4"]
    assert await answers(stores, SUPERGROUP) == ["answer 5"]


async def test_a_reset_in_the_new_chat_holds_for_what_the_old_one_brings(stores: Stores) -> None:
    last = await talk(stores, GROUP, 1, 2)
    await trim(stores, GROUP, last - 1)
    await stores.history.save_summary(GROUP, "of 1", last - 1, [])
    await talk(stores, SUPERGROUP, 3)
    await stores.history.reset(SUPERGROUP)
    await talk(stores, SUPERGROUP, 4)
    await stores.history.migrate(GROUP, SUPERGROUP)
    assert (await stores.history.load(SUPERGROUP)).summary == ""
    assert await answers(stores, SUPERGROUP) == ["answer 4"]
    assert await unsummarised(stores, SUPERGROUP) == []


async def test_an_exchange_is_found_by_its_id_in_its_own_chat_alone(stores: Stores) -> None:
    history: HistoryStore = stores.history
    first = await talk(stores, CHAT, 1)
    await talk(stores, CHAT, 2, window_start=first)
    found = await history.find(CHAT, first)
    assert found is not None
    assert (found.id, found.answer) == (first, "answer 1")
    assert await history.find(OTHER_CHAT, first) is None
    await talk(stores, OTHER_CHAT, 3)
    assert await history.find(OTHER_CHAT, first) is None
    assert await history.find(CHAT, first + 99) is None


async def test_an_exchange_is_found_by_a_message_that_holds_its_answer(stores: Stores) -> None:
    history: HistoryStore = stores.history
    assert await history.find_answer(CHAT, "71") is None
    for number in (7, 8):
        question = message(f"{number}", chat=CHAT)
        await stores.inbox.accept([question])
        exchange_id = await stores.inbox.answer(question, Outcome(exchange=exchange(number)))
        await stores.inbox.done(question, (), exchange_id, (f"{number}0", f"{number}1"))
    found = await history.find_answer(CHAT, "71")
    assert found is not None
    assert (found.answer, found.answer_message_ids) == ("answer 7", ("70", "71"))
    assert await history.find_answer(CHAT, "7") is None
    assert await history.find_answer(OTHER_CHAT, "71") is None


FOX = MediaRef("ab" * 32, "image/png", 640, 480, is_made=True)
STEPS = (
    Step("weather: Rome", '{"city": "Rome"}', "half a pair ?", "json", is_failed=True),
    Step("make_image: a fox", pictures=(FOX,), sources=(FOX,), line="/image a fox"),
)


async def test_steps_are_kept_whole_and_no_window_reads_them(stores: Stores) -> None:
    asked = message("1")
    await stores.inbox.accept([asked])
    half = replace(STEPS[0], output="half a pair \ud800")
    steps = (half, *STEPS[1:])
    kept = replace(exchange(1), media=(FOX,), steps=steps, answer_message_ids=("5",))
    exchange_id = await stores.inbox.answer(asked, Outcome(exchange=kept))
    [loaded] = (await stores.history.load(CHAT)).exchanges
    assert (loaded.steps, loaded.media) == ((), (FOX,))
    for found in (
        await stores.history.find(CHAT, exchange_id),
        await stores.history.find_answer(CHAT, "5"),
    ):
        assert found is not None
        assert found.steps == STEPS


async def test_a_new_answer_in_its_place_has_only_its_own_steps(stores: Stores) -> None:
    first, second = message("1"), message("2")
    await stores.inbox.accept([first, second])
    replaced = await stores.inbox.answer(first, Outcome(exchange=replace(exchange(1), steps=STEPS)))
    anew = replace(exchange(2), steps=STEPS[:1])
    await stores.inbox.answer(second, Outcome(exchange=anew, replaces=replaced))
    found = await stores.history.find(CHAT, replaced)
    assert found is not None
    assert found.steps == STEPS[:1]


async def test_the_last_ordinal_is_known_after_a_fresh_start(stores: Stores) -> None:
    await talk(stores, CHAT, 1, 2)
    await stores.history.reset(CHAT)
    history = await stores.history.load(CHAT)
    assert (history.exchanges, history.last_ordinal, history.next_ordinal) == ((), 2, 3)


async def test_a_mask_stays_one(stores: Stores) -> None:
    media = (MediaRef("a" * 64, "image/png"), MediaRef("b" * 64, "image/png", is_mask=True))
    question = message("edit")
    await stores.inbox.accept([question])
    stored = replace(exchange(1), media=media)
    await stores.inbox.answer(question, Outcome(exchange=stored))
    [found] = (await stores.history.load(CHAT)).exchanges
    assert found.media == media
    assert found.visible == media[:1]


async def test_pictures_of_an_answer_that_was_replaced_are_found_for_good(stores: Stores) -> None:
    def answered(*names: str) -> Exchange:
        refs = [MediaRef(name * 64, "image/png", is_made=True) for name in names]
        steps = tuple(Step(f"draw {ref.mark}", pictures=(ref,), line="/image it") for ref in refs)
        return replace(exchange(1), media=tuple(refs), steps=(*steps, Step("calculator")))

    exchange_id = 0
    for number, names in enumerate(("a", "b", "bc"), start=1):
        question = message(f"ask {number}")
        await stores.inbox.accept([question])
        outcome = Outcome(exchange=answered(*names), replaces=exchange_id)
        exchange_id = await stores.inbox.answer(question, outcome)
    found = await stores.history.find(CHAT, exchange_id)
    assert found is not None
    assert [step.title for step in found.steps] == ["draw bbbbbbbb", "draw cccccccc", "calculator"]
    assert [step.title for step in found.replaced] == ["draw aaaaaaaa"]
