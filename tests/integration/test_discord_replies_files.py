"""Pictures and spoken answers on Discord."""

import base64
from functools import cache

import pytest

from bot.discord.address import Address
from handlers.errors import DeliveryRefusedError
from handlers.ports.images import Picture
from tests.emulators.discord import Drop, Fail, permissions
from tests.integration.discord_replies_room import Notes, Pauses, contents, opened, room
from tests.samples import jpeg
from tests.unit.emulators.discord_client import record_voice


@cache
def ogg() -> bytes:
    return record_voice(1.0)


# ---------------------------------------------------------------- pictures


async def test_a_picture_hangs_on_a_message_and_is_sent_once() -> None:
    async with room() as here:
        asked, notes = here.question(here.general), Notes()
        for _ in range(2):
            async with opened(here.replies(), asked, notes) as reply:
                await reply.photo("photo", Picture(jpeg(), "image/jpeg"), "a *fine* one")

        [message] = here.general.bot_messages
        assert [(f.name, f.mime, f.content) for f in message.files] == [
            ("picture.jpg", "image/jpeg", jpeg())
        ]
        assert "fine" in message.content
        assert notes.ids("photo") == (str(message.id),)
        here.assert_ordinary()


@pytest.mark.parametrize("is_hidden", [True, False])
async def test_a_picture_fills_the_thinking_message(is_hidden: bool) -> None:
    async with room() as here:
        interaction, call = await here.called(is_hidden=is_hidden)
        here.discord.script("update_original_webhook_message", Drop())
        async with opened(here.replies(pause=Pauses()), call) as reply:
            await reply.photo("photo", Picture(jpeg(), "image/jpeg"))
            await reply.settle()

        [message] = interaction.replies
        assert [file.content for file in message.files] == [jpeg()]
        assert message.is_ephemeral == is_hidden
        here.assert_ordinary()


async def test_a_picture_whose_answer_was_lost_is_there_once() -> None:
    async with room() as here:
        here.discord.script("create_message", Drop(), Fail(503))
        async with opened(here.replies(pause=Pauses()), here.question(here.general)) as reply:
            await reply.photo("photo", Picture(jpeg(), "image/jpeg"))

        assert len(here.general.bot_messages) == 1


async def test_a_picture_over_the_limit_is_made_smaller_first() -> None:
    async with room() as here:
        limit = len(jpeg()) - 10
        _, call = await here.called(file_bytes=limit)
        async with opened(here.replies(), call) as reply:
            await reply.photo("photo", Picture(jpeg(), "image/jpeg"))

        [message] = here.general.bot_messages
        assert here.tools.shrunk_to == [limit]
        assert len(message.files[0].content) == limit
        here.assert_ordinary()


async def test_a_picture_that_is_too_large_all_the_same_is_made_smaller_once_more() -> None:
    async with room() as here:
        here.discord.script("create_message", Fail(413, 40005))
        async with opened(here.replies(), here.question(here.general)) as reply:
            await reply.photo("photo", Picture(jpeg(), "image/jpeg"))

        assert here.tools.shrunk_to == [len(jpeg()) // 2]
        assert len(here.general.bot_messages) == 1


async def test_a_picture_that_is_refused_even_then_is_refused() -> None:
    async with room() as here:
        here.discord.script("create_message", Fail(413, 40005), Fail(413, 40005))
        async with opened(here.replies(), here.question(here.general)) as reply:
            with pytest.raises(DeliveryRefusedError):
                await reply.photo("photo", Picture(jpeg(), "image/jpeg"))


# ---------------------------------------------------------------- spoken answers


async def test_a_spoken_answer_is_a_real_voice_message() -> None:
    async with room() as here:
        asked, notes = here.question(here.general), Notes()
        for _ in range(2):
            async with opened(here.replies(), asked, notes) as reply:
                await reply.finish("whole")
                await reply.voice("voice", ogg(), 1.0)

        _, message = here.general.bot_messages
        assert message.is_voice
        [file] = message.files
        assert (file.name, file.content) == ("voice-message.ogg", ogg())
        assert base64.b64decode(file.raw["waveform"]) == bytes(range(256))
        assert file.raw["duration_secs"] == 1.0
        assert (message.content, message.reply_to) == ("", None)
        assert notes.ids("voice") == (str(message.id),)
        here.assert_ordinary()


@pytest.mark.parametrize("is_hidden", [True, False])
async def test_a_spoken_answer_to_a_command_follows_the_written_one(is_hidden: bool) -> None:
    async with room() as here:
        interaction, call = await here.called(is_hidden=is_hidden)
        async with opened(here.replies(), call) as reply:
            await reply.finish("whole")
            await reply.voice("voice", ogg(), 1.0)

        messages = interaction.replies if is_hidden else here.general.bot_messages
        assert [message.is_voice for message in messages] == [False, True]
        assert messages[1].is_ephemeral == is_hidden
        here.assert_ordinary()


@pytest.mark.parametrize("is_hidden", [True, False])
async def test_a_spoken_answer_fills_no_thinking_message(is_hidden: bool) -> None:
    async with room() as here:
        interaction, call = await here.called(is_hidden=is_hidden)
        async with opened(here.replies(), call) as reply:
            await reply.voice("voice", ogg(), 1.0)
            await reply.settle()

        messages = interaction.replies if is_hidden else here.general.bot_messages
        assert [message.is_voice for message in messages] == [True]
        here.assert_ordinary()


async def test_where_voice_messages_are_forbidden_a_file_is_sent() -> None:
    async with room() as here:
        allowed = permissions.BOT_PERMISSIONS & ~permissions.SEND_VOICE_MESSAGES
        here.general.allow_bot(allowed)
        async with opened(here.replies(), here.question(here.general), notes := Notes()) as reply:
            await reply.voice("voice", ogg(), 1.0)

        [message] = here.general.bot_messages
        assert not message.is_voice
        assert [(f.name, f.mime, f.content[:3]) for f in message.files] == [
            ("answer.mp3", "audio/mpeg", b"ID3")
        ]
        assert notes.ids("voice") == (str(message.id),)


async def test_a_voice_message_that_discord_cannot_read_is_a_file() -> None:
    async with room() as here:
        here.discord.script("create_message", Fail(400, 50161))
        async with opened(here.replies(), here.question(here.general)) as reply:
            await reply.voice("voice", ogg(), 1.0)

        assert [file.name for m in here.general.bot_messages for file in m.files] == ["answer.mp3"]


async def test_a_spoken_answer_that_no_form_fits_is_refused_without_a_request() -> None:
    async with room() as here:
        _, call = await here.called(file_bytes=50)
        assert Address.decode(call.reply_ref).file_bytes == 50
        async with opened(here.replies(), call) as reply:
            with pytest.raises(DeliveryRefusedError):
                await reply.voice("voice", ogg(), 1.0)

        assert contents(here.general) == [""]
        assert here.count("create_message", "update_original_webhook_message") == 0


async def test_a_spoken_answer_to_a_channel_that_is_gone_is_refused() -> None:
    async with room() as here:
        asked = here.question(here.general)
        here.general.vanish()
        async with opened(here.replies(), asked) as reply:
            with pytest.raises(DeliveryRefusedError):
                await reply.voice("voice", ogg(), 1.0)

        assert here.count("create_message") == 1
