"""People on Discord use slash commands, menus, buttons and forms."""

import asyncio

import pytest

from tests import samples
from tests.e2e.discord.stage import DiscordStage, labels
from tests.emulators.discord import AcceptThenDrop, Fail, Upload
from tests.emulators.openai import Fail as ModelFails
from tests.emulators.openai import Gated

DEFERRED = 5


class TestAsk:
    async def test_a_slow_model_is_waited_for(self, stage: DiscordStage) -> None:
        gate = asyncio.Event()
        stage.openai.script("chat", Gated([], gate, ["At last."]))
        async with stage.running():
            asked = stage.general.slash("ask", prompt="slowly")
            ack = await asked.wait_for_ack()
            stage.discord.clock.advance(60)
            gate.set()
            reply = await asked.wait_for_reply(contains="At last.")
            await stage.discord.wait_until(lambda: labels(reply) == ["↻ Retry"])

        assert ack.kind == DEFERRED
        assert ack.delay_s < 3
        assert not ack.is_ephemeral
        assert asked.replies == [reply]

    async def test_an_answer_that_outlasts_the_token_ends_whole_in_the_channel(
        self, stage: DiscordStage
    ) -> None:
        gate = asyncio.Event()
        stage.openai.script("chat", Gated(["It begins "], gate, ["and it ends."]))
        async with stage.running():
            asked = stage.general.slash("ask", prompt="for ever")
            await asked.wait_for_reply(contains="It begins")
            stage.discord.clock.advance(16 * 60)
            gate.set()
            await stage.general.wait_for_bot_message(contains="It begins and it ends.")

        shown = [m.content for m in stage.general.bot_messages]
        assert shown == ["It begins and it ends."]

    @pytest.mark.parametrize("fault", [AcceptThenDrop(), Fail(503)])
    async def test_a_fault_while_the_thread_is_opened_opens_neither_two_nor_none(
        self, stage: DiscordStage, fault: AcceptThenDrop | Fail
    ) -> None:
        stage.discord.script("create_thread_from_message", fault)
        async with stage.running():
            asked = stage.general.slash("ask", prompt="Plan a trip", thread=True)
            starter = await asked.wait_for_reply(contains="Plan a trip")
            await stage.discord.wait_until(lambda: starter.id in stage.discord.world.channels)
            await stage.discord.channel(starter.id).wait_for_bot_message(contains="echo")

        assert [m.content for m in stage.general.bot_messages] == [starter.content]
        stage.discord.world.calls[:] = [c for c in stage.discord.calls if c.status != 400]

    async def test_a_picture_comes_with_it(self, stage: DiscordStage) -> None:
        file = Upload("cat.png", samples.png(), "image/png")
        async with stage.running():
            asked = stage.general.slash("ask", prompt="what is it?", file=file)
            await asked.wait_for_reply(contains="what is it?")

        assert len(stage.openai.chats()[0].messages[-1].images) == 1

    async def test_a_thread_is_opened_when_it_is_asked_for(self, stage: DiscordStage) -> None:
        async with stage.running():
            asked = stage.general.slash("ask", prompt="Plan a trip", thread=True)
            starter = await asked.wait_for_reply(contains="Plan a trip")
            await stage.discord.wait_until(lambda: starter.id in stage.discord.world.channels)
            thread = stage.discord.channel(starter.id)
            await thread.wait_for_bot_message(contains="echo")
            thread.send("and then?", sender=stage.bob)
            await thread.wait_for_bot_message(contains="and then?")
        async with stage.running():
            thread.send("still there?")
            await thread.wait_for_bot_message(contains="still there?")

        assert [m for m in stage.general.bot_messages if "echo" in m.content] == []
        assert len(stage.openai.chats()[-1].messages) == 5

    async def test_where_the_bot_is_not_it_answers_by_the_app_alone(
        self, stage: DiscordStage
    ) -> None:
        friends = stage.discord.private_chat(stage.alice, stage.bob)
        async with stage.running():
            asked = friends.slash("ask", stage.alice, as_user_app=True, prompt="hello")
            reply = await asked.wait_for_reply(contains="hello")
            await stage.discord.wait_until(lambda: labels(reply) == ["↻ Retry"])

        assert len(asked.replies) == 1


class TestSettings:
    async def test_settings_and_usage_are_for_the_one_who_asks(self, stage: DiscordStage) -> None:
        async with stage.running():
            for name in ("settings", "usage", "model", "voice"):
                called = stage.general.slash(name)
                reply = await called.wait_for_reply()
                assert reply.is_ephemeral, name

        assert stage.openai.chats() == []

    async def test_a_menu_is_walked_by_its_buttons_in_one_message(
        self, stage: DiscordStage
    ) -> None:
        async with stage.running():
            called = stage.general.slash("settings")
            menu = await called.wait_for_reply()
            stage.general.press(menu, "Pictures")
            await stage.discord.wait_until(lambda: "low" in labels(menu))
            stage.general.press(menu, "low")
            await stage.discord.wait_until(lambda: "✓ low" in labels(menu))
            stage.general.press(menu, "‹ Settings")
            await stage.discord.wait_until(lambda: "Voice" in labels(menu))

        assert "Looking at pictures: low" in menu.content
        assert called.replies == [menu]

    async def test_the_persona_is_edited_in_a_form(self, stage: DiscordStage) -> None:
        async with stage.running():
            opened = stage.general.slash("persona")
            await opened.wait_for_modal()
            sent = stage.general.submit_modal(
                opened, {"In your words; empty: my usual self": "You are a pirate."}
            )
            line = await sent.wait_for_reply()
            again = stage.general.slash("persona")
            form = await again.wait_for_modal()
            stage.general.send("hi", mention_bot=True)
            await stage.general.wait_for_bot_message(contains="hi")

        assert line.is_ephemeral
        assert "You are a pirate." in str(form)
        assert "You are a pirate." in str(stage.openai.chats()[0].body)

    async def test_models_and_voices_are_completed(self, stage: DiscordStage) -> None:
        async with stage.running({"OPENAI__CHAT_MODELS": "gpt-6-luna,gpt-6-sol"}):
            typed = stage.general.type_option("model", "name", "so")
            choices = await typed.wait_for_choices()
            voices = await stage.general.type_option("voice", "name", "al").wait_for_choices()

        assert [choice["value"] for choice in choices] == ["gpt-6-sol", "so"]
        assert "alloy" in [choice["value"] for choice in voices]

    async def test_strangers_are_answered_too_and_only_they_see_it(
        self, stage: DiscordStage
    ) -> None:
        async with stage.running({"ACCESS__MODE": "listed"}):
            asked = stage.general.slash("ask", prompt="let me in")
            line = await asked.wait_for_reply()
            opened = stage.general.slash("persona")
            second = await opened.wait_for_reply()

        assert f"discord:{stage.alice.id}" in line.content
        assert line.is_ephemeral
        assert second.is_ephemeral
        assert stage.openai.chats() == []

    async def test_a_whole_server_can_be_let_in(self, stage: DiscordStage) -> None:
        settings = {"ACCESS__MODE": "listed", "ACCESS__USERS": f"discord:{stage.guild.id}"}
        async with stage.running(settings):
            asked = stage.general.slash("ask", prompt="hello")
            await asked.wait_for_reply(contains="hello")


class TestMessageMenus:
    async def test_a_voice_message_is_written_down(self, stage: DiscordStage) -> None:
        stage.openai.transcripts = "meet me at eight"
        async with stage.running():
            voice = stage.general.send_voice_message(samples.ogg_opus(2), 2, sender=stage.bob)
            called = stage.general.context_menu("Transcribe", voice)
            await called.wait_for_reply(contains="meet me at eight")

        assert stage.openai.chats() == []

    async def test_a_text_is_translated(self, stage: DiscordStage) -> None:
        async with stage.running():
            text = stage.general.send("Guten Morgen", sender=stage.bob)
            called = stage.general.context_menu("Translate to English", text)
            await called.wait_for_reply(contains="Guten Morgen")

    async def test_a_picture_is_described(self, stage: DiscordStage) -> None:
        photo = Upload("cat.png", samples.png(), "image/png")
        async with stage.running():
            message = stage.general.send(sender=stage.bob, attachments=[photo])
            called = stage.general.context_menu("Describe image", message)
            await called.wait_for_reply(contains="echo")
            words = stage.general.send("no picture")
            refused = stage.general.context_menu("Describe image", words)
            line = await refused.wait_for_reply()

        assert "picture" in line.content
        [request] = stage.openai.chats()
        assert len(request.messages[-1].images) == 1

    async def test_any_message_can_be_asked_about_in_a_form(self, stage: DiscordStage) -> None:
        async with stage.running():
            message = stage.general.send("E = mc²", sender=stage.bob)
            opened = stage.general.context_menu("Ask about this", message)
            await opened.wait_for_modal()
            sent = stage.general.submit_modal(opened, {"Your question": "What is c?"})
            await sent.wait_for_reply(contains="What is c?")

        said = stage.openai.chats()[0].messages[-1].text
        assert "E = mc²" in said
        assert "What is c?" in said


class TestButtons:
    async def test_stop_ends_the_answer_under_which_it_stands(self, stage: DiscordStage) -> None:
        stage.openai.script("chat", Gated(["Half an answer"], asyncio.Event()))
        chat = stage.dm()
        async with stage.running():
            chat.send("go")
            answer = await chat.wait_for_bot_message(contains="Half")
            chat.press(answer, "⏹ Stop")
            await chat.wait_for_bot_message(contains="⏹ Stopped.")
            chat.send("next")
            await chat.wait_for_bot_message(contains="next")

        assert stage.openai.disconnects == 1

    async def test_stop_by_command_says_no_more_than_the_answer_does(
        self, stage: DiscordStage
    ) -> None:
        stage.openai.script("chat", Gated(["Half an answer"], asyncio.Event()))
        async with stage.running():
            asked = stage.general.slash("ask", prompt="go")
            await asked.wait_for_reply(contains="Half")
            stopped = stage.general.slash("stop")
            await asked.wait_for_reply(contains="⏹ Stopped.")
            await stage.discord.wait_until(lambda: stopped.original and not stopped.replies)
            idle = await stage.general.slash("stop").wait_for_reply()

        assert "nothing to stop" in idle.content

    async def test_what_was_tried_again_keeps_no_button(self, stage: DiscordStage) -> None:
        chat = stage.dm()
        stage.openai.script("chat", *[ModelFails(400)])
        async with stage.running():
            chat.send("tell me")
            line = await chat.wait_for_bot_message()
            await stage.discord.wait_until(lambda: labels(line) == ["↻ Try again"])
            chat.press(line, "↻ Try again")
            answer = await chat.wait_for_bot_message(contains="echo")
            await stage.discord.wait_until(lambda: labels(line) == [])
            await stage.discord.wait_until(lambda: labels(answer) == ["↻ Retry"])

    async def test_a_press_that_is_told_twice_is_one(self, stage: DiscordStage) -> None:
        async with stage.running():
            asked = stage.general.slash("ask", prompt="once")
            [session] = stage.discord.gateway.connected
            event = next(e for e in reversed(session.sent) if e["t"] == "INTERACTION_CREATE")
            session.dispatch(event["t"], event["d"])
            await asked.wait_for_reply(contains="once")
            stage.dm().send("next")
            await stage.dm().wait_for_bot_message(contains="next")

        assert len(asked.replies) == 1

    async def test_retry_works_after_a_restart_and_only_the_last_answer_has_it(
        self, stage: DiscordStage
    ) -> None:
        chat = stage.dm()
        async with stage.running():
            chat.send("tell me")
            first = await chat.wait_for_bot_message()
            await stage.discord.wait_until(lambda: labels(first) == ["↻ Retry"])
        async with stage.running():
            chat.press(first, "↻ Retry")
            second = await chat.wait_for_bot_message(2)
            await stage.discord.wait_until(lambda: labels(second) == ["↻ Retry"])
            await stage.discord.wait_until(lambda: labels(first) == [])
            chat.send("thanks")
            await chat.wait_for_bot_message(3)

        assert len(stage.openai.chats()[-1].messages) == 3
