"""What updates of the Bot API, as raw JSON, are read as."""

import copy
import dataclasses
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram import Update
from telegram.error import TelegramError

from bot.telegram import utf16
from bot.telegram.incoming import MALFORMED, ChatMigration, UpdateReader, button_press_id
from handlers.messages import (
    Attachment,
    AttachmentKind,
    ChatKey,
    IncomingMessage,
    Origin,
    Quoted,
    Sender,
)

Json = dict[str, Any]

BOT = {"id": 42, "is_bot": True, "first_name": "Parley", "username": "OurBot"}
ALICE = {"id": 7, "is_bot": False, "first_name": "Alice", "last_name": "Li", "language_code": "de"}
BOB = {"id": 8, "is_bot": False, "first_name": "Bob"}
PRIVATE = {"id": 7, "type": "private", "first_name": "Alice"}
GROUP = {"id": -100, "type": "supergroup", "title": "Friends"}
NUMBERS = itertools.count(1000)


def message(chat: Json = PRIVATE, sender: Json | None = ALICE, **content: Any) -> Json:
    raw = {"message_id": 5, "date": 1_700_000_000, "chat": chat, **content}
    return raw if sender is None else {"from": sender, **raw}


def said(text: str, chat: Json = GROUP, **content: Any) -> Json:
    """A message whose @names are marked as mentions, as the service does it."""
    entities = [
        {"type": "mention", "offset": utf16.length(text[:found]), "length": len(name)}
        for name in ("@OurBot", "@ourbot", "@OtherBot")
        for found in range(len(text))
        if text.startswith(name, found)
    ]
    return message(chat, text=text, entities=entities, **content)


def reader() -> UpdateReader:
    return UpdateReader(42, "OurBot", frozenset({"ask", "start", "voice"}))


def read_any(
    raw: Json, kind: str = "message", by: UpdateReader | None = None
) -> IncomingMessage | ChatMigration | None:
    update = Update.de_json({"update_id": next(NUMBERS), kind: raw}, None)
    return (by or reader()).read(update)


def read(raw: Json, kind: str = "message", by: UpdateReader | None = None) -> IncomingMessage:
    found = read_any(raw, kind, by)
    assert isinstance(found, IncomingMessage)
    return found


def attachment(**content: Any) -> Attachment:
    (found,) = read(message(**content)).attachments
    return found


def file(**fields: Any) -> Json:
    return {"file_id": "F", "file_unique_id": "U", **fields}


# ---------------------------------------------------------------- who, where, when


def test_a_private_text_is_read_whole() -> None:
    update = Update.de_json({"update_id": 9, "message": message(text=" hi  @OurBot ")}, None)
    assert reader().read(update) == IncomingMessage(
        key="telegram:42:9",
        chat=ChatKey("telegram", "7"),
        sender=Sender("telegram", "7", "Alice Li", "de"),
        message_id="5",
        text=" hi  @OurBot ",
        sent_at=1_700_000_000.0,
    )


def test_a_forum_topic_is_a_chat_of_its_own() -> None:
    raw = said("@OurBot hi", message_thread_id=3, is_topic_message=True)
    assert read(raw).chat == ChatKey("telegram", "-100", "3")


def test_a_private_topic_is_a_chat_of_its_own() -> None:
    raw = message(text="hi", message_thread_id=3, is_topic_message=True)
    assert read(raw).chat == ChatKey("telegram", "7", "3")


def test_a_chain_of_replies_is_no_chat_of_its_own() -> None:
    assert read(said("@OurBot hi", message_thread_id=3)).chat == ChatKey("telegram", "-100")


def test_an_anonymous_admin_is_the_group_that_they_speak_for() -> None:
    mask = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    raw = said("@OurBot hi", sender_chat=GROUP)
    assert read(raw | {"from": mask}).sender == Sender("telegram", "-100", "Friends")


def test_another_bot_is_not_answered() -> None:
    other = {"id": 43, "is_bot": True, "first_name": "Other"}
    assert read_any(said("@OurBot hi") | {"from": other}) is None


@pytest.mark.parametrize("kind", ["channel_post", "edited_channel_post"])
def test_a_channel_post_is_not_for_the_bot(kind: str) -> None:
    channel = {"id": -9, "type": "channel", "title": "News"}
    assert read_any(message(channel, None, text="hi"), kind) is None


@pytest.mark.parametrize(
    ("here", "content"),
    [(-1, {"migrate_to_chat_id": -100}), (-100, {"migrate_from_chat_id": -1})],
)
def test_a_group_that_becomes_a_supergroup_is_a_migration(here: int, content: Json) -> None:
    found = read_any(message(GROUP | {"id": here}, **content))
    assert isinstance(found, ChatMigration)
    assert (found.old, found.new) == (ChatKey("telegram", "-1"), ChatKey("telegram", "-100"))


# ---------------------------------------------------------------- whom it is for


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@OurBot how are you?", "how are you?"),
        ("@ourbot how are you?", "how are you?"),
        ("@OurBot, hi", "hi"),
        ("@OurBot: hi", "hi"),
        ("@OurBot\n  indented", "  indented"),
        ("hello @OurBot how are you", "hello how are you"),
        ("hello @OurBot", "hello"),
        ("hello @OurBot!", "hello!"),
        ("one\n@OurBot two", "one\ntwo"),
        ("one @OurBot\ntwo", "one\ntwo"),
        ("😀 @OurBot 😀 hi", "😀 😀 hi"),
        ("@OurBot hi @OurBot", "hi"),
        ("@OurBot ask @OtherBot", "ask @OtherBot"),
        ("@OurBot", ""),
    ],
)
def test_a_mention_addresses_the_bot_and_is_cut(text: str, words: str) -> None:
    found = read(said(text))
    assert (found.text, found.is_addressed, found.is_group) == (words, True, True)


def test_a_mention_by_name_addresses_the_bot_and_is_cut() -> None:
    entity = {"type": "text_mention", "offset": 3, "length": 6, "user": BOT}
    assert read(message(GROUP, text="😀 Parley, hi", entities=[entity])).text == "😀, hi"


@pytest.mark.parametrize("text", ["hi all", "hi @OtherBot", "mail me@OurBot.example"])
def test_a_group_message_for_others_is_none(text: str) -> None:
    raw = said(text)
    if "mail" in text:
        raw["entities"] = [{"type": "email", "offset": 5, "length": 17}]
    assert read_any(raw) is None


def test_a_caption_addresses_the_bot_like_a_text() -> None:
    entity = {"type": "mention", "offset": 0, "length": 7}
    photo = [file(width=9, height=9)]
    raw = message(GROUP, photo=photo, caption="@OurBot what?", caption_entities=[entity])
    assert read(raw).text == "what?"


def test_a_reply_to_the_bot_addresses_it() -> None:
    raw = message(GROUP, text="why?", reply_to_message=message(GROUP, BOT, text="so"))
    assert read(raw).is_addressed


def test_a_reply_to_someone_else_does_not_address_the_bot() -> None:
    raw = message(GROUP, text="why?", reply_to_message=message(GROUP, BOB, text="so"))
    assert read_any(raw) is None


@pytest.mark.parametrize(
    "root",
    [
        {"message_id": 3},
        {"message_id": 2, "forum_topic_created": {"name": "T", "icon_color": 1}},
    ],
)
def test_a_message_in_a_topic_that_the_bot_began_is_no_reply_to_it(root: Json) -> None:
    beginning = message(GROUP, BOT) | root
    topic: Json = {"message_thread_id": 3, "is_topic_message": True, "reply_to_message": beginning}
    assert read_any(message(GROUP, text="hi", **topic)) is None
    assert read(said("@OurBot hi", **topic)).quoted is None


# ---------------------------------------------------------------- commands


@pytest.mark.parametrize(
    ("text", "chat", "command", "words"),
    [
        ("/start", PRIVATE, "start", ""),
        ("/start payload", PRIVATE, "start", "payload"),
        ("/START@ourbot x", PRIVATE, "start", "x"),
        ("/ask\nline one\nline two", PRIVATE, "ask", "line one\nline two"),
        ("/what is this", PRIVATE, "what", "is this"),
        ("/usr/bin/env", PRIVATE, "", "/usr/bin/env"),
        ("/start@OtherBot", PRIVATE, "", "/start@OtherBot"),
        ("see /start", PRIVATE, "", "see /start"),
        ("/ask what?", GROUP, "ask", "what?"),
        ("/ask@OurBot what?", GROUP, "ask", "what?"),
        ("/nonsense@OurBot", GROUP, "nonsense", ""),
        ("@OurBot /ask what?", GROUP, "ask", "what?"),
        ("/ask @OurBot what?", GROUP, "ask", "what?"),
    ],
)
def test_a_command_is_its_name_and_its_arguments(
    text: str, chat: Json, command: str, words: str
) -> None:
    found = read(said(text, chat))
    assert (found.command, found.text, found.is_addressed) == (command, words, True)


@pytest.mark.parametrize("text", ["/ask@OtherBot hi", "/nonsense", "/ban him"])
def test_another_bots_command_in_a_group_is_none(text: str) -> None:
    assert read_any(said(text)) is None
    answer = message(GROUP, BOT, text="so")
    assert read_any(said(text, reply_to_message=answer)) is None


# ---------------------------------------------------------------- albums and pastes


def test_a_part_of_a_groups_album_is_kept_for_its_caption() -> None:
    photo = [file(width=9, height=9)]
    found = read(message(GROUP, photo=photo, media_group_id="A"))
    assert (found.album, found.is_addressed) == ("A", False)


def test_the_rest_of_a_split_paste_belongs_to_what_addressed_the_bot() -> None:
    one = reader()
    first = read(said("@OurBot " + "a" * 4088), by=one)
    second = read(message(GROUP, text="b" * 4096, date=1_700_000_001), by=one)
    third = read(message(GROUP, text="c", date=1_700_000_002), by=one)
    assert (first.may_continue, second.may_continue, third.may_continue) == (True, True, False)
    assert all(part.is_addressed for part in (first, second, third))
    assert read_any(message(GROUP, text="d", date=1_700_000_002), by=one) is None


def test_the_rest_of_a_paste_delivered_again_is_the_rest_again() -> None:
    one = reader()
    read(said("@OurBot " + "a" * 4088), by=one)
    rest = Update.de_json({"update_id": 2, "message": message(GROUP, text="b")}, None)
    assert one.read(rest) == one.read(rest) is not None


@pytest.mark.parametrize(
    "rest", [{"date": 1_700_000_003}, {"from": BOB}, {"chat": GROUP | {"id": -101}}]
)
def test_what_comes_late_or_from_elsewhere_is_no_rest_of_a_paste(rest: Json) -> None:
    one = reader()
    read(said("@OurBot " + "a" * 4088), by=one)
    assert read_any(message(GROUP, text="b") | rest, by=one) is None


def test_a_short_question_has_no_rest() -> None:
    one = reader()
    assert not read(said("@OurBot hi"), by=one).may_continue
    assert read_any(message(GROUP, text="b"), by=one) is None


def test_a_long_text_is_measured_in_utf16_units() -> None:
    assert read(message(text="😀" * 2000)).may_continue
    assert not read(message(text="ä" * 3999)).may_continue


# ---------------------------------------------------------------- what hangs on it


def test_the_largest_photo_is_taken() -> None:
    sizes = [
        file(width=90, height=60, file_size=1) | {"file_id": "small"},
        file(width=1280, height=800, file_size=3) | {"file_id": "large"},
        file(width=320, height=200, file_size=2) | {"file_id": "middle"},
    ]
    assert attachment(photo=sizes) == Attachment(
        AttachmentKind.PHOTO, "large", "image/jpeg", size_bytes=3
    )


def test_a_live_photo_is_its_still_picture() -> None:
    live = file(width=9, height=9, duration=2, photo=[file(width=9, height=9)])
    assert attachment(live_photo=live).kind is AttachmentKind.PHOTO


def test_sounds_keep_their_type_and_length() -> None:
    assert attachment(voice=file(duration=3, file_size=9)) == Attachment(
        AttachmentKind.VOICE, "F", "audio/ogg", size_bytes=9, duration_s=3.0
    )
    audio = file(duration=3, mime_type="audio/mpeg", file_name="a.mp3")
    assert attachment(audio=audio) == Attachment(
        AttachmentKind.AUDIO, "F", "audio/mpeg", "a.mp3", duration_s=3.0
    )
    assert attachment(video_note=file(duration=3, length=240)) == Attachment(
        AttachmentKind.VIDEO_NOTE, "F", "video/mp4", duration_s=3.0
    )


@pytest.mark.parametrize(
    ("mime", "name", "kind", "told_mime"),
    [
        ("image/png", "a.png", AttachmentKind.PHOTO, "image/png"),
        ("image/heic", None, AttachmentKind.PHOTO, "image/heic"),
        ("application/octet-stream", "A.HEIC", AttachmentKind.PHOTO, "image/heic"),
        (None, "a.jpeg", AttachmentKind.PHOTO, "image/jpeg"),
        ("audio/flac", "a", AttachmentKind.AUDIO, "audio/flac"),
        ("text/plain", "talk.ogg", AttachmentKind.AUDIO, "audio/ogg"),
        ("application/pdf", "a.pdf", AttachmentKind.DOCUMENT, "application/pdf"),
        ("application/octet-stream", "a.doc", AttachmentKind.OTHER, ""),
        ("video/mp4", "a.mp4", AttachmentKind.VIDEO, "video/mp4"),
        ("video/ogg", "a.ogg", AttachmentKind.VIDEO, "video/ogg"),
        ("application/octet-stream", "A.MOV", AttachmentKind.VIDEO, "video/quicktime"),
        ("image/gif", "a.gif", AttachmentKind.PHOTO, "image/gif"),
        (None, None, AttachmentKind.OTHER, ""),
    ],
)
def test_a_document_is_told_by_its_type_or_its_ending(
    mime: str | None, name: str | None, kind: AttachmentKind, told_mime: str
) -> None:
    found = attachment(document=file(mime_type=mime, file_name=name))
    assert (found.kind, found.mime) == (kind, told_mime)
    if kind is not AttachmentKind.OTHER:
        assert (found.ref, found.name) == ("F", name or "")


def test_a_video_keeps_its_type_length_and_size() -> None:
    video = file(width=9, height=9, duration=61, mime_type="video/quicktime", file_size=5)
    assert attachment(video=video | {"file_name": "a.mov"}) == Attachment(
        AttachmentKind.VIDEO, "F", "video/quicktime", "a.mov", size_bytes=5, duration_s=61.0
    )
    assert attachment(video=VIDEO).mime == "video/mp4"


def test_an_animation_is_no_document() -> None:
    animation = VIDEO | {"file_name": "a.gif.mp4"}
    found = attachment(animation=animation, document=file(mime_type="video/mp4"))
    assert found == Attachment(
        AttachmentKind.ANIMATION, "F", "video/mp4", "a.gif.mp4", duration_s=1.0
    )


def test_stickers_are_told_by_their_emoji() -> None:
    still = attachment(sticker=STICKER | {"emoji": "👍", "file_size": 7})
    assert still == Attachment(
        AttachmentKind.STICKER, "F", "image/webp", size_bytes=7, about="a sticker (👍)"
    )
    video = attachment(sticker=STICKER | {"is_video": True})
    assert (video.ref, video.mime, video.about) == ("F", "video/webm", "an animated sticker")


def test_of_a_drawn_sticker_that_moves_there_is_a_still_or_nothing() -> None:
    moving = STICKER | {"is_animated": True, "emoji": "👍"}
    thumbnail = file(width=128, height=128, file_size=4) | {"file_id": "T"}
    with_still = attachment(sticker=moving | {"thumbnail": thumbnail})
    assert (with_still.kind, with_still.ref, with_still.size_bytes) == (
        AttachmentKind.STICKER,
        "T",
        4,
    )
    assert with_still.about == "an animated sticker (👍), of which only a still can be seen"
    bare = attachment(sticker=moving)
    assert (bare.kind, bare.ref) == (AttachmentKind.STICKER, "")
    assert bare.about == "an animated sticker (👍), which cannot be seen here"


LOCATION = {"latitude": 1.0, "longitude": 2.0}
VIDEO = file(width=9, height=9, duration=1)
POLL = {
    "id": "1",
    "question": "?",
    "options": [],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": True,
    "members_only": False,
}
STICKER = VIDEO | {"type": "regular", "is_animated": False, "is_video": False}
OTHER_CONTENT: list[tuple[Json, str]] = [
    ({"contact": {"phone_number": "1", "first_name": "B"}}, "a contact"),
    ({"location": LOCATION}, "a location"),
    (
        {"venue": {"location": LOCATION, "title": "T", "address": "A"}, "location": LOCATION},
        "a place",
    ),
    ({"poll": POLL}, "a poll"),
    ({"dice": {"value": 3, "emoji": "🎲"}}, "a dice roll"),
    ({"story": {"chat": PRIVATE, "id": 1}}, "a story"),
    ({"paid_media": {"star_count": 1, "paid_media": []}}, "paid media"),
    ({"hologram": {"depth": 3}}, "a message of this kind"),
]


@pytest.mark.parametrize(("content", "words"), OTHER_CONTENT)
def test_what_nobody_reads_is_named_for_people(content: Json, words: str) -> None:
    found = attachment(**content)
    assert (found.kind, found.name) == (AttachmentKind.OTHER, words)


@pytest.mark.parametrize(
    "content",
    [
        {"new_chat_members": [BOT]},
        {"left_chat_member": BOB},
        {"new_chat_title": "T"},
        {"new_chat_photo": [file(width=9, height=9)]},
        {"pinned_message": message(GROUP, text="hi")},
        {"forum_topic_created": {"name": "T", "icon_color": 1}},
        {"group_chat_created": True},
        {},
    ],
)
@pytest.mark.parametrize("chat", [PRIVATE, GROUP])
def test_a_service_message_is_none(chat: Json, content: Json) -> None:
    assert read_any(message(chat, **content)) is None


# ---------------------------------------------------------------- replies and forwards


def test_a_reply_quotes_words_and_media() -> None:
    quoted = message(PRIVATE, BOT, caption="a cat", photo=[file(width=9, height=9)])
    found = read(message(text="why?", reply_to_message=quoted | {"message_id": 4}))
    photo = Attachment(AttachmentKind.PHOTO, "F", "image/jpeg")
    assert found.quoted == Quoted("4", "Parley", "a cat", (photo,), is_from_bot=True)


def test_the_marked_part_of_what_is_replied_to_is_the_quotation() -> None:
    quote = {"text": "a part", "position": 3}
    raw = message(
        text="why?", reply_to_message=message(GROUP, BOB, text="it is a part"), quote=quote
    )
    assert read(raw).quoted == Quoted("5", "Bob", "a part")


@pytest.mark.parametrize(
    ("origin", "author"),
    [
        ({"type": "user", "sender_user": BOB}, "Bob"),
        ({"type": "hidden_user", "sender_user_name": "Carol"}, "Carol"),
        ({"type": "chat", "sender_chat": GROUP}, "Friends"),
        ({"type": "channel", "chat": GROUP | {"type": "channel"}, "message_id": 1}, "Friends"),
    ],
)
def test_a_reply_to_another_chat_names_who_wrote_it(origin: Json, author: str) -> None:
    external = {"origin": origin | {"date": 1}, "voice": file(duration=1)}
    quoted = read(
        message(text="?", external_reply=external, quote={"text": "q", "position": 0})
    ).quoted
    assert quoted is not None
    assert (quoted.author, quoted.text) == (author, "q")
    assert [part.kind for part in quoted.attachments] == [AttachmentKind.VOICE]


def test_a_reply_to_a_story_says_so() -> None:
    quoted = read(message(text="?", reply_to_story={"chat": PRIVATE, "id": 3})).quoted
    assert quoted is not None
    assert quoted.attachments[0].name == "a story"


def test_a_reply_to_something_without_content_quotes_nothing() -> None:
    assert read(message(text="?", reply_to_message=message(new_chat_title="T"))).quoted is None


def test_a_forward_is_the_persons_own_message() -> None:
    origin = {"type": "user", "sender_user": BOB, "date": 1}
    found = read(message(text="their words", forward_origin=origin))
    assert (found.text, found.quoted, found.sender.name) == ("their words", None, "Alice Li")


# ---------------------------------------------------------------- edits and buttons


def test_an_edit_is_about_the_edited_message() -> None:
    found = read(message(text="better", edit_date=1_700_000_009), "edited_message")
    assert (found.origin, found.message_id) == (Origin.EDIT, "5")
    assert found.sent_at < 1_700_000_009.0  # when it was written first: an old edit asks nothing


def test_an_edit_stands_alone() -> None:
    assert not read(message(text="c" * 4096), "edited_message").may_continue
    raw = message(photo=[file(width=9, height=9)], media_group_id="A")
    assert read(raw, "edited_message").album == ""
    assert read_any(raw | {"chat": GROUP}, "edited_message") is None


@pytest.mark.parametrize("content", [{"location": LOCATION}, {"poll": POLL}])
def test_a_location_that_moves_asks_nothing_anew(content: Json) -> None:
    assert read_any(message(**content), "edited_message") is None


def press(data: str | None = "voice auto", shown: Json | None = None) -> Json:
    return {"id": "P", "from": BOB, "chat_instance": "1", "data": data, "message": shown}


def test_a_pressed_button_is_its_command_line() -> None:
    topic: Json = {"message_thread_id": 3, "is_topic_message": True}
    found = read(press(shown=message(GROUP, BOT, text="menu", **topic)), "callback_query")
    assert found.chat == ChatKey("telegram", "-100", "3")
    assert (found.origin, found.command, found.text) == (Origin.BUTTON, "voice", "auto")
    assert (found.sender.id, found.message_id, found.is_group) == ("8", "5", True)


def test_a_button_works_under_a_message_too_old_to_see() -> None:
    found = read(press(shown={"chat": GROUP, "message_id": 5, "date": 0}), "callback_query")
    assert (found.chat, found.message_id) == (ChatKey("telegram", "-100"), "5")


@pytest.mark.parametrize("raw", [press(shown=None), press(None, message(text="menu"))])
def test_a_press_that_says_nothing_is_answered_all_the_same(raw: Json) -> None:
    update = Update.de_json({"update_id": 1, "callback_query": raw}, None)
    assert (reader().read(update), button_press_id(update)) == (None, "P")


def test_stop_under_a_draft_is_the_stop_command() -> None:
    stopped: Json = {"chat": PRIVATE, "message_thread_id": 3, "draft_id": 77}
    found = read(stopped, "stopped_message_generation")
    assert found.chat == ChatKey("telegram", "7", "3")
    assert found.sender == Sender("telegram", "7", "Alice")
    assert (found.command, found.origin, found.is_group) == ("stop", Origin.BUTTON, False)


# ---------------------------------------------------------------- strange text


def test_half_a_surrogate_pair_is_replaced() -> None:
    found = read(message(text="a\ud83d b", sender={**ALICE, "first_name": "\udc00"}))
    assert (found.text, found.sender.name) == ("a\ufffd b", "\ufffd Li")


def test_nul_and_right_to_left_characters_are_kept() -> None:
    text = "\x00 \u202e שלום \u200f"
    assert read(message(text=text)).text == text


@given(st.text(min_size=1))
def test_private_words_are_unchanged(words: str) -> None:
    if not words.startswith("/"):
        assert read(message(text=words)).text == words


@given(st.text(), st.text())
def test_a_mention_is_cut_whole_wherever_it_stands(before: str, after: str) -> None:
    offset = utf16.length(before)
    left = utf16.cut(f"{before}@OurBot{after}", [(offset, 7)])
    assert "".join(left.split()) in {
        "".join((before + rest).split()) for rest in (after, after[1:])
    }


# ---------------------------------------------------------------- malformed updates

REAL = [
    {"message": said("@OurBot hi", reply_to_message=message(GROUP, BOT, text="so"))},
    {"message": said("/ask@OurBot hi", quote={"text": "q", "position": 0})},
    {"message": message(text="hi", external_reply={"origin": {"type": "user", "date": 1}})},
    {"message": message(photo=[file(width=9, height=9)], caption="c", media_group_id="A")},
    {"message": message(document=file(mime_type="image/png", file_name="a.png"))},
    {"message": message(voice=file(duration=3))},
    {"message": message(GROUP, migrate_to_chat_id=-100)},
    {"edited_message": message(text="x", edit_date=1_700_000_001)},
    {"callback_query": press(shown=message(BOT, text="menu"))},
    {"stopped_message_generation": {"chat": PRIVATE, "draft_id": 1}},
    *({"message": message(**content)} for content, _ in OTHER_CONTENT),
]
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.just("\ud800"),
    st.just([]),
    st.just({}),
    st.just([{}]),
    st.sampled_from([PRIVATE, GROUP, ALICE]),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in it."""
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    found = [(value, key) for key in keys]
    for key in keys:
        if isinstance(value[key], dict | list | tuple):
            found += places(value[key])
    return found


@given(st.sampled_from(REAL), st.data())
@settings(max_examples=500, deadline=None)
def test_whatever_an_update_holds_it_never_raises(real: Json, data: st.DataObject) -> None:
    raw = {"update_id": 1, **copy.deepcopy(real)}
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(places(raw)))
        if isinstance(container, dict) and data.draw(st.booleans()):
            del container[key]
        else:
            container[key] = copy.deepcopy(data.draw(JUNK))
        if not places(raw):
            break
    try:
        update = Update.de_json(raw, None)
    except (*MALFORMED, TelegramError):
        return  # the poller's to leave out
    found = reader().read(update)
    if found is not None:
        # What has no encoding could not be stored.
        for container, key in places(dataclasses.asdict(found)):
            if isinstance(container[key], str):
                container[key].encode()
