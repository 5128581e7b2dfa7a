"""The Telegram emulator, driven by the real python-telegram-bot over real sockets."""

import asyncio
import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import imageio_ffmpeg
import pytest
from PIL import Image
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    MessageEntity,
    ReplyParameters,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from tests.emulators.telegram import (
    AcceptThenDrop,
    Chat,
    Drop,
    Fail,
    Flood,
    Gate,
    Hang,
    Html502,
    Pass,
    TelegramEmulator,
)
from tests.emulators.telegram_specs import load_telegram_spec

TOKEN = "123456:TEST"
KEYS = InlineKeyboardMarkup([[InlineKeyboardButton("Stop", callback_data="stop:1")]])
needs_spec = pytest.mark.skipif(load_telegram_spec() is None, reason="no folder of specs")


@pytest.fixture(autouse=True)
def timedelta_opted_in(monkeypatch: pytest.MonkeyPatch) -> None:
    # without it the library warns whenever it builds a RetryAfter, and warnings are errors here
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator(TOKEN) as emulator:
        yield emulator


def bot_for(telegram: TelegramEmulator, token: str = TOKEN) -> Bot:
    return Bot(token, base_url=telegram.api_base_url, base_file_url=telegram.file_base_url)


@pytest.fixture
async def bot(telegram: TelegramEmulator) -> AsyncIterator[Bot]:
    async with bot_for(telegram) as bot:
        yield bot


@pytest.fixture
def alice(telegram: TelegramEmulator) -> Chat:
    return telegram.private(telegram.user(first_name="Alice", username="alice"))


@pytest.fixture
def family(telegram: TelegramEmulator) -> Chat:
    return telegram.group("Family", [telegram.user(), telegram.user(first_name="Bob")])


def draw_jpeg(width: int = 900, height: int = 600) -> bytes:
    drawn = io.BytesIO()
    Image.effect_noise((width, height), 40).convert("RGB").save(drawn, "JPEG")
    return drawn.getvalue()


def record_voice(duration_s: float = 1.0, codec: str = "libopus", form: str = "ogg") -> bytes:
    program = imageio_ffmpeg.get_ffmpeg_exe()  # type: ignore[attr-defined,no-untyped-call]  # untyped
    sound = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={duration_s}"]
    command = [program, "-v", "error", *sound, "-c:a", codec, "-f", form, "pipe:1"]
    return subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - fixed


def bold(offset: int, length: int) -> MessageEntity:
    return MessageEntity(MessageEntity.BOLD, offset, length)


def refused(said: str) -> Any:
    # the library drops "Bad Request: " and turns the first letter into a capital
    return pytest.raises(BadRequest, match=f"(?i){re.escape(said)}")


# Updates


async def test_updates_stay_until_a_later_offset_acknowledges_them(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    sent = [alice.send_text("one"), alice.send_text("two")]
    first = await bot.get_updates()
    again = await bot.get_updates()
    assert [update.update_id for update in first] == [update.update_id for update in again]
    assert [update.message.message_id for update in first if update.message] == [
        message["message_id"] for message in sent
    ]
    rest = await bot.get_updates(offset=first[0].update_id + 1)
    assert [update.message.text for update in rest if update.message] == ["two"]
    assert await bot.get_updates(offset=rest[-1].update_id + 1) == ()
    assert telegram.pending_updates == []


async def test_a_long_poll_ends_when_an_update_comes(bot: Bot, alice: Chat) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await alice.world.changes.wait_until(lambda: alice.world.calls[-1].method == "getUpdates", 5)
    alice.send_text("/start now @parley_test_bot")
    (update,) = await poll
    assert update.message is not None
    kinds = [(entity.type, entity.offset, entity.length) for entity in update.message.entities]
    assert kinds == [("bot_command", 0, 6), ("mention", 11, 16)]


async def test_a_second_poll_ends_the_first_with_a_conflict(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=30))
    await telegram.wait_until(lambda: telegram.calls_of("getUpdates"))
    async with bot_for(telegram) as twin:
        second = asyncio.create_task(twin.get_updates(timeout=30))
        with pytest.raises(Conflict):
            await first
        alice.send_text("hi")
        assert len(await second) == 1


async def test_a_kind_that_was_not_asked_for_is_not_delivered(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    await bot.get_updates(allowed_updates=["edited_message"])
    message = alice.send_text("hi")
    alice.edit(message, "hi there")
    (update,) = await bot.get_updates()
    assert update.edited_message is not None
    assert update.edited_message.text == "hi there"


async def test_a_duplicate_comes_although_it_was_acknowledged(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    alice.send_text("hi")
    (update,) = await bot.get_updates()
    telegram.push_duplicate()
    offset = update.update_id + 1
    again = await bot.get_updates(offset=offset)
    assert [one.update_id for one in again] == [update.update_id]
    assert await bot.get_updates(offset=offset) == ()


async def test_a_new_process_finds_what_the_dead_one_left(
    telegram: TelegramEmulator, alice: Chat
) -> None:
    async with bot_for(telegram) as before:
        alice.send_text("answered")
        (update,) = await before.get_updates()
        polling = asyncio.create_task(before.get_updates(offset=update.update_id + 1, timeout=30))
        await telegram.wait_until(lambda: len(telegram.calls_of("getUpdates")) == 2)
        polling.cancel()
    alice.send_text("while it was dead")
    async with bot_for(telegram) as after:
        (update,) = await after.get_updates(timeout=30)
    assert update.message is not None
    assert update.message.text == "while it was dead"


async def test_getupdates_is_refused_while_a_webhook_is_set(bot: Bot) -> None:
    await bot.set_webhook("https://example.org/hook")
    with pytest.raises(Conflict):
        await bot.get_updates()
    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == ()


async def test_a_wrong_token_is_unauthorized_and_a_wrong_method_not_found(
    telegram: TelegramEmulator, bot: Bot
) -> None:
    with pytest.raises(InvalidToken):
        async with bot_for(telegram, "123456:WRONG"):
            pass
    with pytest.raises((BadRequest, InvalidToken, TelegramError), match="ot found"):
        await bot.do_api_request("sendNonsense")


# Messages


async def test_a_message_is_stored_trimmed_with_its_entities_moved(bot: Bot, alice: Chat) -> None:
    sent = await bot.send_message(alice.id, "\n  👋 hello\r\n world \n", entities=[bold(6, 5)])
    assert sent.text == "👋 hello\n world"
    (shown,) = alice.bot_messages
    assert (shown.text, shown.entities) == (
        "👋 hello\n world",
        [{"type": "bold", "offset": 3, "length": 5}],
    )


async def test_a_leading_code_block_keeps_its_indentation(bot: Bot, alice: Chat) -> None:
    block = MessageEntity(MessageEntity.PRE, 0, 8)
    sent = await bot.send_message(alice.id, "    code", entities=[block])
    assert sent.text == "    code"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x" * 4097, "message is too long"),
        ("😀" * 2049, "too long"),
        (" \n\u200b", "text is empty"),
    ],
)
async def test_a_text_outside_the_limits_is_refused(
    telegram: TelegramEmulator, bot: Bot, alice: Chat, text: str, said: str
) -> None:
    with refused(said):
        await bot.send_message(alice.id, text)
    assert len(telegram.violations) == 1
    assert alice.messages == []


async def test_text_at_the_limit_is_taken(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    await bot.send_message(alice.id, "x" * 4096)
    await bot.send_message(alice.id, "<b>" + "😀" * 2048 + "</b> ", parse_mode="HTML")
    assert alice.bot_messages[1].entities == [{"type": "bold", "offset": 0, "length": 4096}]
    assert telegram.violations == []


@pytest.mark.parametrize(
    ("entity", "said"),
    [
        (bold(1, 2), "begins in a middle of a UTF-16 symbol"),
        (bold(0, 1), "ends in a middle of a UTF-16 symbol"),
        (bold(0, 9), "ends after the end"),
        (bold(9, 1), "begins after the end"),
        (MessageEntity("shiny", 0, 2), "unsupported entity type"),
        (MessageEntity(MessageEntity.TEXT_LINK, 0, 2), "Can't find field"),
    ],
)
async def test_a_bad_entity_is_refused(
    telegram: TelegramEmulator, bot: Bot, alice: Chat, entity: MessageEntity, said: str
) -> None:
    with refused(said):
        await bot.send_message(alice.id, "😀 hi", entities=[entity])
    assert len(telegram.violations) == 1


@pytest.mark.parametrize(
    ("entities", "said"),
    [
        ([bold(i, 1) for i in range(101)], "101 entities"),
        ([bold(0, 5), MessageEntity("italic", 3, 5)], "cross"),
        ([MessageEntity("blockquote", 0, 9), MessageEntity("blockquote", 2, 3)], "nested"),
    ],
)
async def test_entities_that_telegram_would_mend_in_silence_are_violations(
    telegram: TelegramEmulator, bot: Bot, alice: Chat, entities: list[MessageEntity], said: str
) -> None:
    await bot.send_message(alice.id, "x" * 200, entities=entities)
    assert len(alice.bot_messages[0].entities) <= 100
    assert [said in violation for violation in telegram.violations] == [True]


async def test_nested_and_adjacent_entities_are_fine(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    entities = [bold(0, 9), MessageEntity("italic", 0, 4), MessageEntity("code", 4, 5), bold(9, 3)]
    await bot.send_message(alice.id, "x" * 20, entities=entities)
    assert telegram.violations == []


async def test_edits_are_kept_in_the_history_and_an_unchanged_one_is_refused(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    sent = await bot.send_message(alice.id, "one", reply_markup=KEYS)
    with refused("message is not modified"):
        await bot.edit_message_text("one ", alice.id, sent.message_id, reply_markup=KEYS)
    await bot.edit_message_text("two", alice.id, sent.message_id)
    with refused("message is not modified"):
        await bot.edit_message_reply_markup(alice.id, sent.message_id)
    (shown,) = alice.bot_messages
    assert shown.buttons == []
    assert [(past.text, past.buttons) for past in shown.history] == [
        ("one", (("Stop",),)),
        ("two", ()),
    ]
    assert telegram.violations == []


async def test_only_own_messages_that_exist_can_be_edited(bot: Bot, alice: Chat) -> None:
    with refused("message to edit not found"):
        await bot.edit_message_text("x", alice.id, 99)
    message = alice.send_text("mine")
    with refused("message can't be edited"):
        await bot.edit_message_text("x", alice.id, message["message_id"])


async def test_a_deleted_message_is_gone(bot: Bot, alice: Chat) -> None:
    sent = await bot.send_message(alice.id, "soon gone")
    await bot.delete_message(alice.id, sent.message_id)
    assert alice.messages == []
    with refused("message to delete not found"):
        await bot.delete_message(alice.id, sent.message_id)


async def test_a_reply_to_nothing_is_refused_unless_allowed(bot: Bot, alice: Chat) -> None:
    question = alice.send_text("why?")
    await bot.send_message(
        alice.id, "because", reply_parameters=ReplyParameters(question["message_id"])
    )
    assert alice.bot_messages[0].reply_to == question["message_id"]
    with refused("message to be replied not found"):
        await bot.send_message(alice.id, "because", reply_parameters=ReplyParameters(99))
    await bot.send_message(
        alice.id, "so", reply_parameters=ReplyParameters(99, allow_sending_without_reply=True)
    )
    assert alice.bot_messages[1].reply_to is None


async def test_an_unknown_chat_and_one_that_blocked_the_bot_are_refused(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    with refused("chat not found"):
        await bot.send_message(5, "hi")
    alice.block()
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(alice.id, "hi")
    assert telegram.violations == []


async def test_topics_are_known_by_their_thread(telegram: TelegramEmulator, bot: Bot) -> None:
    forum = telegram.group("Work", [telegram.user()], forum=True)
    thread = forum.create_topic("Cooking")
    await bot.send_message(forum.id, "in the topic", message_thread_id=thread)
    assert forum.bot_messages[0].thread_id == thread
    with refused("message thread not found"):
        await bot.send_message(forum.id, "nowhere", message_thread_id=thread + 1)


async def test_a_callback_is_answered_once(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    sent = await bot.send_message(alice.id, "working", reply_markup=KEYS)
    alice.press(sent.message_id, "Stop")
    (update,) = await bot.get_updates()
    query = update.callback_query
    assert query is not None
    assert query.data == "stop:1"
    await query.answer("stopped")
    assert [answer.text for answer in telegram.answered_callbacks] == ["stopped"]
    with refused("query is too old"):
        await query.answer()
    with pytest.raises(LookupError):
        alice.press(sent.message_id, "Retry")


async def test_callback_data_over_64_bytes_is_refused(bot: Bot, alice: Chat) -> None:
    keys = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="é" * 33)]])
    with refused("BUTTON_DATA_INVALID"):
        await bot.send_message(alice.id, "x", reply_markup=keys)


async def test_commands_are_kept_by_scope_and_language(
    telegram: TelegramEmulator, bot: Bot
) -> None:
    await bot.set_my_commands([BotCommand("ask", "Ask")], language_code="de")
    assert telegram.commands[("default", "de")] == [{"command": "ask", "description": "Ask"}]
    with refused("BOT_COMMAND_INVALID"):
        await bot.set_my_commands([("Ask", "capital")])
    assert await bot.set_my_description("A bot")


async def test_actions_and_reactions_are_seen(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    message = alice.send_text("hi")
    await bot.send_chat_action(alice.id, "typing")
    await bot.set_message_reaction(alice.id, message["message_id"], "👀")
    assert [action.action for action in alice.actions] == ["typing"]
    assert alice.messages[0].reactions == [{"type": "emoji", "emoji": "👀"}]
    with refused("wrong parameter action"):
        await bot.send_chat_action(alice.id, "dancing")


# Drafts


async def test_a_draft_with_a_stop_button_can_be_stopped(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    await bot.get_updates(allowed_updates=["message", "stopped_message_generation"])
    await bot.send_message_draft(alice.id, 7, "", api_kwargs={"can_stop": True})
    await bot.send_message_draft(
        alice.id, 7, "Once upon", entities=[bold(0, 4)], api_kwargs={"can_stop": True}
    )
    assert (await alice.wait_for_draft("Once")).draft_id == 7
    assert [draft.text for draft in alice.drafts] == ["", "Once upon"]
    alice.stop_draft()
    (update,) = await bot.get_updates()
    stopped = update.api_kwargs["stopped_message_generation"]
    assert (stopped["draft_id"], stopped["chat"]["id"]) == (7, alice.id)
    assert telegram.violations == []


async def test_a_stop_is_not_delivered_unless_it_was_named(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    await bot.send_message_draft(alice.id, 7, "x", api_kwargs={"can_stop": True})
    alice.stop_draft()
    assert await bot.get_updates() == ()


async def test_drafts_are_for_private_chats_and_numbered(
    bot: Bot, alice: Chat, family: Chat
) -> None:
    with refused("TEXTDRAFT_PEER_INVALID"):
        await bot.send_message_draft(family.id, 1, "x")
    with refused("non-zero"):
        await bot.send_message_draft(alice.id, 0, "x")
    await bot.send_message_draft(alice.id, 1, "x")
    with pytest.raises(LookupError, match="no draft with a Stop button"):
        alice.stop_draft()


# Files


async def test_a_photo_comes_in_several_sizes_and_downloads_as_it_was(
    bot: Bot, alice: Chat
) -> None:
    picture = draw_jpeg()
    alice.send_photo(picture, "look")
    (update,) = await bot.get_updates()
    assert update.message is not None
    sizes = update.message.photo
    assert [max(size.width, size.height) for size in sizes] == [90, 320, 800, 900]
    largest = await (await sizes[-1].get_file()).download_as_bytearray()
    assert bytes(largest) == picture
    small = await (await sizes[0].get_file()).download_as_bytearray()
    with Image.open(io.BytesIO(small)) as drawn:
        assert drawn.size == (sizes[0].width, sizes[0].height)


async def test_bytes_that_are_no_picture_can_be_sent_by_people(bot: Bot, alice: Chat) -> None:
    alice.send_photo(b"")
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert len(update.message.photo) > 0


async def test_a_file_over_20_mb_cannot_be_fetched(bot: Bot, alice: Chat) -> None:
    message = alice.send_document(bytes((20 << 20) + 1), "big.pdf", "application/pdf")
    with refused("file is too big"):
        await bot.get_file(message["document"]["file_id"])
    with refused("wrong file_id"):
        await bot.get_file("unknown")


async def test_a_sent_photo_is_shown_with_its_bytes(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    picture = draw_jpeg(300, 200)
    sent = await bot.send_photo(alice.id, picture, caption="drawn", caption_entities=[bold(0, 5)])
    assert alice.bot_messages[0].photo == picture
    assert (sent.photo[-1].width, sent.caption) == (300, "drawn")
    await bot.send_photo(alice.id, sent.photo[-1].file_id)
    assert alice.bot_messages[1].photo == picture
    assert telegram.violations == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not a picture", "IMAGE_PROCESS_FAILED"),
        (draw_jpeg()[:900], "IMAGE_PROCESS_FAILED"),
        (draw_jpeg(2100, 100), "PHOTO_INVALID_DIMENSIONS"),
        (bytes((10 << 20) + 1), "too big for a photo"),
    ],
)
async def test_a_photo_that_telegram_could_not_show_is_refused(
    telegram: TelegramEmulator, bot: Bot, alice: Chat, content: bytes, said: str
) -> None:
    with refused(said):
        await bot.send_photo(alice.id, content)
    assert len(telegram.violations) == 1


async def test_a_voice_must_be_whole_ogg_opus(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    voice = record_voice(2)
    sent = await bot.send_voice(alice.id, voice)
    assert sent.voice is not None
    assert sent.voice.duration == timedelta(seconds=2)
    assert alice.bot_messages[0].voice == voice
    assert telegram.violations == []
    wrong = {
        "mp3": record_voice(codec="libmp3lame", form="mp3"),
        "flac in ogg": record_voice(codec="flac"),
        "cut off": voice[:-40],
        "text": b"OggS but not really",
    }
    for content in wrong.values():
        with refused("a voice must be OGG/Opus"):
            await bot.send_voice(alice.id, content)
    assert len(telegram.violations) == len(wrong)


async def test_a_person_who_forbids_voice_messages_gets_none(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    alice.forbids_voice = True
    with refused("VOICE_MESSAGES_FORBIDDEN"):
        await bot.send_voice(alice.id, record_voice())
    await bot.send_audio(alice.id, record_voice(), filename="answer.ogg")
    assert alice.bot_messages[0].audio is not None


async def test_albums_share_a_group_id_both_ways(bot: Bot, alice: Chat) -> None:
    for caption in ("first", "second"):
        alice.send_photo(draw_jpeg(), caption, album="holiday")
    incoming = [update.message for update in await bot.get_updates()]
    assert [message and message.media_group_id for message in incoming] == ["holiday", "holiday"]
    media = [InputMediaPhoto(draw_jpeg(200, 100), caption=text) for text in ("a", "b")]
    sent = await bot.send_media_group(alice.id, media)
    assert len({message.media_group_id for message in sent}) == 1
    assert [message.text for message in alice.bot_messages] == ["a", "b"]
    with refused("number of items"):
        await bot.send_media_group(alice.id, media[:1])


async def test_everything_that_people_send_is_readable_by_the_library(
    bot: Bot, alice: Chat
) -> None:
    voice = alice.send_voice(record_voice(), 1)
    alice.send_audio(b"ID3", "song.mp3")
    alice.send_video_note(b"mp4")
    alice.send_video(b"mp4", caption="clip")
    alice.send_document(b"%PDF", "a.pdf", "application/pdf", "read this")
    alice.send_photo(b"jpeg", as_document=True)
    alice.send_sticker()
    alice.send_contact()
    alice.send_location()
    alice.send_dice()
    alice.send_poll("Tea?")
    alice.forward(voice["message_id"], origin="Somebody")
    alice.send_text("and that?", reply_to=voice, quote="part")
    pasted = alice.send_paste("é😀" * 4000)
    assert "".join(message["text"] for message in pasted) == "é😀" * 4000
    updates = await bot.get_updates()
    assert len(updates) == 13 + len(pasted)
    assert [update.message is not None for update in updates] == [True] * len(updates)
    forwarded, reply = updates[11].message, updates[12].message
    assert forwarded is not None
    assert forwarded.forward_origin is not None
    assert reply is not None
    assert reply.reply_to_message is not None
    assert reply.reply_to_message.voice is not None


# Groups


async def test_a_group_that_became_a_supergroup_answers_at_its_new_id(
    telegram: TelegramEmulator, bot: Bot, family: Chat
) -> None:
    heir = family.migrate()
    notices = [update.message for update in await bot.get_updates()]
    assert [message and message.migrate_to_chat_id for message in notices] == [heir.id, None]
    assert [message and message.migrate_from_chat_id for message in notices] == [None, family.id]
    with pytest.raises(ChatMigrated) as caught:
        await bot.send_message(family.id, "hi")
    assert caught.value.new_chat_id == heir.id
    await bot.send_message(heir.id, "hi")
    assert (await bot.get_chat(heir.id)).type == "supergroup"


# Faults and flood


async def test_scripted_failures_strike_in_order_and_only_the_named_chat(
    telegram: TelegramEmulator, bot: Bot, alice: Chat, family: Chat
) -> None:
    too_many = Fail(429, "Too Many Requests: retry after 3", retry_after=3)
    telegram.script("sendMessage", too_many, Pass(), Html502(), chat_id=alice.id)
    await bot.send_message(family.id, "not concerned")
    with pytest.raises(RetryAfter) as caught:
        await bot.send_message(alice.id, "one")
    assert caught.value.retry_after == timedelta(seconds=3)
    await bot.send_message(alice.id, "two")
    with pytest.raises(NetworkError):
        await bot.send_message(alice.id, "three")
    await bot.send_message(alice.id, "four")
    assert [message.text for message in alice.bot_messages] == ["two", "four"]
    statuses = [call.status for call in telegram.calls_of("sendMessage", chat_id=alice.id)]
    assert statuses == [429, 200, 502, 200]


async def test_a_cut_connection_leaves_the_message_unsent_or_sent(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    telegram.script("sendMessage", Drop(), AcceptThenDrop())
    for text in ("lost", "arrived"):
        with pytest.raises(NetworkError):
            await bot.send_message(alice.id, text)
    assert [message.text for message in alice.bot_messages] == ["arrived"]
    assert all(call.is_cut for call in telegram.calls_of("sendMessage"))


async def test_a_hanging_call_is_never_answered(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    telegram.script("sendMessage", Hang())
    with pytest.raises(TimedOut):
        await bot.send_message(alice.id, "x", read_timeout=0.1)
    assert alice.messages == []


async def test_a_gated_call_waits_for_its_gate(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    opened = asyncio.Event()
    telegram.script("sendMessage", Gate(opened))
    sending = asyncio.create_task(bot.send_message(alice.id, "late"))
    await telegram.wait_until(lambda: telegram.calls_of("sendMessage"))
    assert alice.messages == []
    opened.set()
    await sending
    assert (await alice.wait_for_bot_message(contains="late")).text == "late"


async def test_a_failing_download_is_scripted_as_file(
    telegram: TelegramEmulator, bot: Bot, alice: Chat
) -> None:
    message = alice.send_document(b"data", "a.txt")
    telegram.script("file", Html502())
    file = await bot.get_file(message["document"]["file_id"])
    with pytest.raises(NetworkError):
        await file.download_as_bytearray()
    assert bytes(await file.download_as_bytearray()) == b"data"


async def test_flood_control_answers_429_until_time_has_passed(
    telegram: TelegramEmulator, bot: Bot, alice: Chat, family: Chat
) -> None:
    now = [100.0]
    telegram.flood = Flood(burst=3, group_per_min=2, group_edit_gap_s=5, clock=lambda: now[0])
    for number in range(3):
        sent = await bot.send_message(alice.id, f"burst {number}")
    with pytest.raises(RetryAfter):
        await bot.edit_message_text("too soon", alice.id, sent.message_id)
    await bot.send_chat_action(alice.id, "typing")
    now[0] += 1
    await bot.edit_message_text("in time", alice.id, sent.message_id)
    for number in range(2):
        sent = await bot.send_message(family.id, f"group {number}")
    with pytest.raises(RetryAfter) as caught:
        await bot.send_message(family.id, "third in a minute")
    assert caught.value.retry_after == timedelta(seconds=60)
    await bot.edit_message_text("first edit", family.id, sent.message_id)
    with pytest.raises(RetryAfter):
        await bot.edit_message_text("second edit", family.id, sent.message_id)
    telegram.flood = None
    await bot.edit_message_text("free", family.id, sent.message_id)
    assert telegram.violations == []


async def test_waiting_in_vain_says_what_the_chat_shows(bot: Bot, alice: Chat) -> None:
    await bot.send_message(alice.id, "something else")
    with pytest.raises(TimeoutError, match="something else"):
        await alice.wait_for_bot_message(contains="answer", timeout_s=0)


# The wire


@needs_spec
@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"disable_web_page_preview": True}, "unknown field 'disable_web_page_preview'"),
        ({"reply_parameters": {"message_id": 1, "loud": True}}, "unknown field 'loud'"),
        ({"reply_parameters": {}}, "'message_id' is missing"),
        ({"protect_content": "maybe"}, "not Boolean"),
    ],
)
async def test_a_request_unlike_telegrams_description_is_a_violation(
    telegram: TelegramEmulator, bot: Bot, alice: Chat, extra: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadRequest):
        await bot.send_message(alice.id, "x", api_kwargs=extra)
    assert said in telegram.violations[0]


async def test_json_form_and_query_say_the_same(telegram: TelegramEmulator, alice: Chat) -> None:
    url = f"{telegram.api_base_url}{TOKEN}/sendMessage"
    fields = {"chat_id": str(alice.id), "text": "5"}
    parts = aiohttp.FormData(fields, default_to_multipart=True)
    async with aiohttp.ClientSession() as session:
        for how in ({"json": fields}, {"data": fields}, {"data": parts}, {"params": fields}):
            async with session.post(url, **how) as response:
                assert (await response.json())["ok"] is True
    assert [message.text for message in alice.bot_messages] == ["5"] * 4
    assert telegram.violations == []


async def test_it_runs_alone_is_driven_over_http_and_stops_at_sigterm() -> None:
    command = [sys.executable, "-m", "tests.emulators.telegram", "--port", "0"]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env=os.environ
    )
    try:
        assert process.stdout is not None
        urls = json.loads(await process.stdout.readline())
        bot = Bot(urls["token"], base_url=urls["api_base_url"], base_file_url=urls["file_base_url"])
        async with bot, aiohttp.ClientSession() as session:

            async def control(action: str, **body: object) -> Any:
                async with session.post(f"{urls['control_url']}/{action}", json=body) as response:
                    return await response.json()

            await control("send_text", chat_id=7, text="hello", first_name="Zoe")
            picture = base64.b64encode(draw_jpeg()).decode()
            await control("send_photo", chat_id=7, base64=picture, caption="look")
            updates = await bot.get_updates()
            assert [update.effective_user.first_name for update in updates if update.effective_user]
            fail = {"kind": "fail", "code": 400, "description": "Bad Request: no"}
            await control("script", method="sendMessage", steps=[fail])
            with pytest.raises(BadRequest):
                await bot.send_message(7, "refused")
            await bot.send_message(7, "answer", reply_markup=KEYS)
            waited = await control("wait", chat_id=7, contains="answer")
            await control("press", chat_id=7, message_id=waited["message_id"], button="Stop")
            messages = await control("messages", chat_id=7)
            assert [message.get("text") for message in messages] == ["hello", None, "answer"]
            calls = await control("calls")
            assert [call["status"] for call in calls][-2:] == [400, 200]
            assert await control("violations") == []
    finally:
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
