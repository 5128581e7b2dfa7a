"""Whatever people do in some chats, another chat never shows it."""

import asyncio
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.messages import ChatKey, ChatSettings, MediaRef
from handlers.ports.stores import Outcome
from storage.stores import Stores, open_stores
from tests.unit.storage.samples import SetClock, exchange, message, usage

CHATS = tuple(
    ChatKey(platform, chat, thread)
    for platform in ("telegram", "discord")
    for chat in ("1", "11")
    for thread in ("", "1")
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "retry", "trim", "summarise", "reset", "choose"]),
        st.integers(0, len(CHATS) - 1),
        st.integers(1, 20),
    ),
    max_size=25,
)


async def act(stores: Stores, number: int, action: str, chat: ChatKey, exchange_id: int) -> None:
    """``exchange_id`` may belong to any chat, or to none."""
    mark = str(chat)
    if action in {"ask", "retry", "trim"}:
        question = message(str(number), mark, chat)
        await stores.inbox.accept([question])
        marked = replace(
            exchange(number), question=mark, answer=mark, media=(MediaRef(mark, "image/png"),)
        )
        outcome = {
            "ask": Outcome(exchange=marked, usage=(usage(),)),
            "retry": Outcome(exchange=marked, replaces=exchange_id),
            "trim": Outcome(window_start=exchange_id),
        }[action]
        stored = await stores.inbox.answer(question, outcome)
        await stores.inbox.done(
            question, exchange_id=exchange_id or stored, answer_message_ids=(mark,)
        )
    elif action == "summarise":
        await stores.history.save_summary(chat, mark, exchange_id, [usage()])
    elif action == "reset":
        await stores.history.reset(chat)
    else:
        await stores.settings.save(chat, ChatSettings(persona=mark))


async def check(steps: list[tuple[str, int, int]], path: Path) -> None:
    silent = defaultdict(lambda: True)
    async with open_stores(path, SetClock()) as stores:
        for number, (action, chosen, exchange_id) in enumerate(steps):
            await act(stores, number, action, CHATS[chosen], exchange_id)
            silent[CHATS[chosen]] = False
        for chat in CHATS:
            loaded = await stores.history.load(chat)
            seen = [*loaded.exchanges, *await stores.history.unsummarised(chat)]
            marks = {one.question for one in seen} | {one.answer for one in seen}
            marks |= {ref.sha256 for one in seen for ref in one.media}
            marks |= {name for one in seen for name in one.answer_message_ids}
            marks |= {loaded.summary, (await stores.settings.load(chat)).persona}
            assert marks <= ({""} if silent[chat] else {"", str(chat)})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_a_chat_shows_only_its_own(steps: list[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(steps, Path(folder) / "parley.db"))
