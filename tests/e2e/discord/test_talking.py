"""People on Discord talk to the bot: direct chats, servers, threads."""

import asyncio

import pytest

from tests import samples
from tests.e2e.discord.stage import DiscordStage, labels
from tests.emulators.discord import Upload, permissions
from tests.emulators.openai import Answer, Gated


class TestDirect:
    async def test_every_message_is_answered(self, stage: DiscordStage) -> None:
        chat = stage.dm()
        async with stage.running():
            chat.send("Why is the sky blue?")
            answer = await chat.wait_for_bot_message()
            await stage.discord.wait_until(lambda: labels(answer) == ["↻ Retry"])

        assert answer.content == "echo: Why is the sky blue?"
        assert len(chat.bot_messages) == 1

    async def test_the_answer_grows_in_one_message_with_a_stop_button(
        self, stage: DiscordStage
    ) -> None:
        chat = stage.dm()
        gate = asyncio.Event()
        stage.openai.script("chat", Gated(["Once "], gate, ["upon a time."]))
        async with stage.running():
            chat.send("A story")
            answer = await chat.wait_for_bot_message(contains="Once")
            assert labels(answer) == ["⏹ Stop"]
            gate.set()
            await chat.wait_for_bot_message(contains="Once upon a time.")
            await stage.discord.wait_until(lambda: labels(answer) == ["↻ Retry"])

        assert len(chat.bot_messages) == 1

    async def test_photos_are_seen(self, stage: DiscordStage) -> None:
        chat = stage.dm()
        files = [
            Upload(f"{colour}.jpg", samples.jpeg(640, 480, colour), "image/jpeg")
            for colour in ("red", "green", "blue")
        ]
        async with stage.running():
            chat.send("What are these?", attachments=files)
            await chat.wait_for_bot_message(contains="What are these?")

        [request] = stage.openai.chats()
        assert len(request.messages[-1].images) == 3

    async def test_a_voice_message_is_written_down_answered_and_spoken(
        self, stage: DiscordStage
    ) -> None:
        chat = stage.dm()
        stage.openai.transcripts = "how are you"
        async with stage.running():
            chat.send_voice_message(samples.ogg_opus(2), 2)
            await stage.discord.wait_until(lambda: any(m.is_voice for m in chat.bot_messages))

        transcript, answer, voice = chat.bot_messages
        assert transcript.content == "🎤 how are you"
        assert answer.content == "echo: how are you"
        [sound] = voice.files
        assert sound.content[:4] == b"OggS"
        assert voice.raw["attachments"][0]["duration_secs"] > 0

    async def test_a_file_over_the_limit_is_refused_before_it_is_fetched(
        self, stage: DiscordStage
    ) -> None:
        chat = stage.dm()
        file = Upload("long.mp3", b"\0", "audio/mpeg", claimed_bytes=30 * 1024 * 1024)
        async with stage.running():
            chat.send(attachments=[file])
            line = await chat.wait_for_bot_message()

        assert "30 MB" in line.content
        assert "25 MB" in line.content
        assert stage.discord.calls_of("file") == []

    async def test_an_edit_of_the_last_question_is_answered_in_its_place(
        self, stage: DiscordStage
    ) -> None:
        chat = stage.dm()
        async with stage.running():
            question = chat.send("Whats teh time?")
            await chat.wait_for_bot_message()
            chat.edit(question, "What's the time?")
            await chat.wait_for_bot_message(contains="What's the time?")
            chat.send("Thanks")
            await chat.wait_for_bot_message(contains="Thanks")

        asked = [m.text for m in stage.openai.chats()[-1].messages if m.role == "user"]
        assert asked == ["What's the time?", "Thanks"]


class TestServers:
    async def test_only_what_is_addressed_is_answered(self, stage: DiscordStage) -> None:
        async with stage.running():
            stage.general.send("hello all")
            stage.general.send("@everyone dinner!")
            mention = stage.general.send("and you?", mention_bot=True)
            answer = await stage.general.wait_for_bot_message()

        assert answer.content == "echo: Alice: and you?" or "and you?" in answer.content
        assert answer.raw["message_reference"]["message_id"] == str(mention.id)
        assert stage.discord.pings == []
        assert len(stage.openai.chats()) == 1

    async def test_a_reply_to_anybody_brings_that_message_with_its_picture(
        self, stage: DiscordStage
    ) -> None:
        photo = Upload("cat.png", samples.png(), "image/png")
        async with stage.running():
            first = stage.general.send("my cat", sender=stage.bob, attachments=[photo])
            stage.general.send("who is this?", reply_to=first, mention_bot=True)
            await stage.general.wait_for_bot_message()

        said = stage.openai.chats()[0].messages[-1]
        assert len(said.images) == 1
        assert "my cat" in said.text
        assert "Bob" in said.text

    async def test_a_reply_to_the_bot_needs_no_mention(self, stage: DiscordStage) -> None:
        async with stage.running():
            stage.general.send("one", mention_bot=True)
            answer = await stage.general.wait_for_bot_message()
            stage.general.send("two", sender=stage.bob, reply_to=answer, is_ping=False)
            await stage.general.wait_for_bot_message(contains="two")

        said = stage.openai.chats()[-1].messages
        assert any("Alice" in m.text and "one" in m.text for m in said)
        assert "Bob" in said[-1].text

    async def test_a_thread_goes_on_without_mentions_also_after_a_restart(
        self, stage: DiscordStage
    ) -> None:
        thread = stage.general.thread("trip")
        async with stage.running():
            thread.send("before the bot was named")
            thread.send("where to?", mention_bot=True)
            await thread.wait_for_bot_message(contains="where to?")
            thread.send("and when?", sender=stage.bob)
            await thread.wait_for_bot_message(contains="and when?")
        async with stage.running():
            thread.send("and how?")
            await thread.wait_for_bot_message(contains="and how?")

        assert len(stage.openai.chats()) == 3

    async def test_channels_threads_and_direct_chats_know_nothing_of_each_other(
        self, stage: DiscordStage
    ) -> None:
        thread = stage.general.thread("side")
        other = stage.guild.text_channel("other")
        places = (stage.general, thread, other)
        async with stage.running():
            for place in places:
                place.send(f"a secret of {place.name}", mention_bot=True)
                await place.wait_for_bot_message()
            stage.dm().send("a secret of alice")
            await stage.dm().wait_for_bot_message()

        for request in stage.openai.chats():
            assert sum("secret" in m.text for m in request.messages) == 1

    async def test_no_model_can_ping_anybody(self, stage: DiscordStage) -> None:
        words = f"@everyone @here {stage.bob.mention} hello"
        stage.openai.script("chat", Answer(words))
        async with stage.running():
            stage.general.send("ping them", mention_bot=True)
            answer = await stage.general.wait_for_bot_message(contains="hello")

        assert "@everyone" in answer.content
        assert stage.discord.pings == []

    async def test_without_the_content_intent_it_still_serves(
        self, stage: DiscordStage, capfd: pytest.CaptureFixture[str]
    ) -> None:
        stage.discord.world.portal_intents = 0
        chat = stage.dm()
        async with stage.running():
            chat.send("direct")
            await chat.wait_for_bot_message(contains="direct")
            stage.general.send("named", mention_bot=True)
            await stage.general.wait_for_bot_message(contains="named")
            asked = stage.general.slash("ask", prompt="by command")
            await asked.wait_for_reply(contains="by command")

        assert "message content intent is off" in capfd.readouterr().out

    async def test_where_it_may_not_write_it_says_so_to_the_person_and_asks_no_model(
        self, stage: DiscordStage
    ) -> None:
        silent = stage.guild.text_channel("silent")
        silent.allow_bot(permissions.BOT_PERMISSIONS & ~permissions.SEND_MESSAGES)
        async with stage.running():
            silent.send("hello?", mention_bot=True)
            line = await stage.dm().wait_for_bot_message()

        assert "silent" in line.content
        assert stage.openai.chats() == []


class TestAbsence:
    async def test_what_was_said_meanwhile_is_answered_once(self, stage: DiscordStage) -> None:
        chat, thread = stage.dm(), stage.general.thread("trip")
        async with stage.running():
            for place in (chat, thread, stage.general):
                place.send("first", mention_bot=place is not chat)
                await place.wait_for_bot_message(contains="first")
        chat.send("while you were away")
        thread.send("in the thread")
        stage.general.send("not for the bot")
        stage.general.send("in the channel", mention_bot=True)
        async with stage.running():
            await chat.wait_for_bot_message(contains="while you were away")
            await thread.wait_for_bot_message(contains="in the thread")
            await stage.general.wait_for_bot_message(contains="in the channel")
        async with stage.running():
            chat.send("last")
            await chat.wait_for_bot_message(contains="last")

        assert len(stage.openai.chats()) == 7

    async def test_who_writes_for_the_first_time_while_it_stops_is_answered_at_the_next_start(
        self, stage: DiscordStage
    ) -> None:
        chat, other = stage.dm(), stage.dm(stage.bob)
        gate = asyncio.Event()
        stage.openai.script("chat", Gated(["Half "], gate, ["and half."]))
        async with stage.running():
            chat.send("slowly")
            await chat.wait_for_bot_message(contains="Half")
            stopping = asyncio.get_running_loop()
            stopping.call_later(0.2, other.send, "hello")
            stopping.call_later(0.4, gate.set)
        async with stage.running():
            await other.wait_for_bot_message(contains="hello")

        assert [m.content for m in chat.bot_messages] == ["Half and half."]

    async def test_an_event_that_cannot_be_read_ends_nothing(self, stage: DiscordStage) -> None:
        chat = stage.dm()
        async with stage.running():
            [session] = stage.discord.gateway.connected
            session.dispatch("MESSAGE_CREATE", {"id": "1", "channel_id": str(chat.id)})
            chat.send("hello")
            await chat.wait_for_bot_message(contains="hello")

    async def test_a_dropped_gateway_loses_nothing_and_is_said_once(
        self, stage: DiscordStage, capfd: pytest.CaptureFixture[str]
    ) -> None:
        chat = stage.dm()
        async with stage.running():
            chat.send("one")
            await chat.wait_for_bot_message(contains="one")
            stage.discord.gateway.hold()
            stage.discord.gateway.drop()
            chat.send("two")
            stage.discord.gateway.release()
            await chat.wait_for_bot_message(contains="two")
        printed = capfd.readouterr().out
        assert printed.count("discord is not connected") == 1
        assert printed.count("discord is connected again") == 1
        assert "Traceback" not in printed

        assert len(stage.openai.chats()) == 2
