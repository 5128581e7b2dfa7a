"""Groups, topics, and the commands that people set their chats up with."""

import asyncio

from tests.e2e.stage import Stage, running
from tests.emulators.openai import Answer, Gated


async def test_a_group_is_answered_on_mention_reply_and_command_only(stage: Stage) -> None:
    alice, _ = stage.alice()
    bob = stage.telegram.user(202, "Bob")
    group = stage.telegram.group("Family", [alice, bob])
    async with running(stage.config()):
        group.send_text("nobody asked you")
        group.send_text("@parley_test_bot what is up?")
        answer = await group.wait_for_bot_message()
        group.send_text("and then?", sender=bob, reply_to=answer)
        await group.wait_for_bot_message(2)
        group.send_text("/ask@parley_test_bot who?")
        await group.wait_for_bot_message(3)

    texts = [[m.text for m in call.messages if m.role == "user"] for call in stage.openai.chats()]
    assert texts[0] == ["Alice: what is up?"]
    assert texts[1][-1].endswith("Bob: and then?")
    assert texts[2][-1] == "Alice: who?"


async def test_a_group_answer_streams_by_edits_with_a_stop_button(stage: Stage) -> None:
    alice, _ = stage.alice()
    group = stage.telegram.group("Family", [alice])
    gate = asyncio.Event()
    stage.openai.script("chat", Gated(["First words"], gate, [" and last."]))
    async with running(stage.config()):
        group.send_text("/ask tell me")
        first = await group.wait_for_bot_message(contains="First words")
        assert first.buttons == [["⏹ Stop"]]
        gate.set()
        await stage.telegram.wait_until(lambda: "last" in first.text)

    assert first.buttons == [["↻ Retry"]]
    assert len(group.bot_messages) == 1
    assert group.drafts == []


async def test_the_stop_button_stops(stage: Stage) -> None:
    alice, _ = stage.alice()
    group = stage.telegram.group("Family", [alice])
    stage.openai.script("chat", Gated(["First words"], asyncio.Event()))
    async with running(stage.config()):
        group.send_text("/ask tell me")
        first = await group.wait_for_bot_message(contains="First words")
        group.press(first, "⏹ Stop")
        await stage.telegram.wait_until(lambda: "Stopped" in first.text)

    assert len(group.bot_messages) == 1


async def test_a_group_is_not_shown_every_word_on_its_own(stage: Stage) -> None:
    alice, _ = stage.alice()
    group = stage.telegram.group("Family", [alice])
    stage.openai.script("chat", Answer([f"w{n} " for n in range(40)], chunk_delay_s=0.02))
    pace = {"TELEGRAM__GROUP_UPDATE_INTERVAL_S": "0.4"}
    async with running(stage.config(pace)):
        group.send_text("/ask tell me")
        answer = await group.wait_for_bot_message()
        await stage.telegram.wait_until(lambda: "w39" in answer.text)

    # How long the gaps are is tested by a clock of its own, in test_pace.
    assert len(answer.history) < 20


async def test_topics_are_chats_of_their_own(stage: Stage) -> None:
    alice, _ = stage.alice()
    forum = stage.telegram.group("Club", [alice], forum=True)
    async with running(stage.config()):
        cars, boats = forum.create_topic("cars"), forum.create_topic("boats")
        forum.send_text("/ask about cars", thread=cars)
        await forum.wait_for_bot_message()
        forum.send_text("/ask about boats", thread=boats)
        await forum.wait_for_bot_message(2)

    assert len(stage.openai.chats()[-1].messages) == 1
    assert [m.thread_id for m in forum.bot_messages] == [cars, boats]


async def test_a_private_chat_does_not_show_in_a_group(stage: Stage) -> None:
    alice, chat = stage.alice()
    group = stage.telegram.group("Family", [alice])
    async with running(stage.config()):
        chat.send_text("my secret")
        await chat.wait_for_bot_message()
        group.send_text("/ask what do you know?")
        await group.wait_for_bot_message()

    assert "secret" not in stage.openai.chats()[-1].prompt


async def test_a_group_that_becomes_a_supergroup_keeps_its_history(stage: Stage) -> None:
    alice, _ = stage.alice()
    group = stage.telegram.group("Family", [alice])
    async with running(stage.config()):
        group.send_text("/ask remember 42")
        await group.wait_for_bot_message()
        heir = group.migrate()
        heir.send_text("/ask which number?")
        await heir.wait_for_bot_message()

    assert "remember 42" in stage.openai.chats()[-1].prompt


async def test_settings_open_with_buttons_and_stay_in_one_message(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config({"OPENAI__CHAT_MODELS": "gpt-6-luna,gpt-6-sol"})):
        chat.send_text("/settings")
        menu = await chat.wait_for_bot_message()
        chat.press(menu, "Model")
        await stage.telegram.wait_until(lambda: "gpt-6-sol" in str(menu.buttons))
        chat.press(menu, "gpt-6-sol")
        await stage.telegram.wait_until(lambda: "✓ gpt-6-sol" in str(menu.buttons))
        chat.send_text("hi")
        await chat.wait_for_bot_message(2)

    assert stage.openai.chats()[-1].model == "gpt-6-sol"
    assert len(stage.telegram.answered_callbacks) == 2


async def test_model_sets_a_model_that_nobody_listed_and_its_effort(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_text("/model brand-new-model high")
        await chat.wait_for_bot_message()
        chat.send_text("hi")
        await chat.wait_for_bot_message(2)

    assert stage.openai.chats()[-1].model == "brand-new-model"
    assert stage.openai.chats()[-1].body["reasoning_effort"] == "high"


async def test_wrong_arguments_get_the_right_usage(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        for number, text in enumerate(("/voice loud", "/image", "/settings colour"), start=1):
            chat.send_text(text)
            line = await chat.wait_for_bot_message(number)
            assert text.split()[0] in line.text
            assert len(line.text.splitlines()) == 1


async def test_new_forgets_and_persona_stays(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_text("/persona You are a pirate.")
        await chat.wait_for_bot_message()
        chat.send_text("one")
        await chat.wait_for_bot_message(2)
        chat.send_text("/new")
        await chat.wait_for_bot_message(3)
        chat.send_text("two")
        await chat.wait_for_bot_message(4)

    last = stage.openai.chats()[-1]
    assert last.system.startswith("You are a pirate.")
    assert [m.text for m in last.messages] == ["two"]


async def test_usage_tells_what_was_billed(stage: Stage) -> None:
    _, chat = stage.alice()
    async with running(stage.config()):
        chat.send_text("hi")
        await chat.wait_for_bot_message()
        chat.send_text("/usage")
        report = await chat.wait_for_bot_message(2)

    assert "gpt-6-luna" in report.text
    assert "$0.0000" in report.text
    assert "tokens" in report.text


async def test_the_menu_of_commands_is_registered(stage: Stage) -> None:
    async with running(stage.config()):
        await stage.telegram.wait_until(lambda: stage.telegram.commands)

    [menu] = stage.telegram.commands.values()
    assert [c["command"] for c in menu] == [
        "start", "help", "new", "ask", "json", "compare", "image", "edit", "variation",
        "describe", "transcribe", "translate", "say", "learn", "files", "analyze", "retry",
        "stop", "cancel", "model", "voice", "persona", "schema", "seed", "footer", "detail",
        "settings", "assistant", "reminders", "timezone", "tools", "steps", "search",
        "remember", "memories", "usage",
    ]  # fmt: skip


async def test_what_falls_out_of_the_window_is_summarised_after_the_answer(stage: Stage) -> None:
    _, chat = stage.alice()
    long_text = "word " * 150
    async with running(stage.config({"HISTORY__MAX_TOKENS": "500"})):
        for number in range(1, 5):
            chat.send_text(f"{number} {long_text}")
            await chat.wait_for_bot_message(number)
    async with running(stage.config({"HISTORY__MAX_TOKENS": "500"})):
        chat.send_text("and now?")
        await chat.wait_for_bot_message(5)

    asked = stage.openai.chats()[:6]
    assert ["keep the memory" in call.system for call in asked] == [False] * 4 + [True, False]
    assert [len(call.messages) for call in asked] == [1, 3, 5, 5, 1, 5]
    assert "What was said earlier" in asked[5].system
    assert asked[5].system.startswith(asked[3].system)
