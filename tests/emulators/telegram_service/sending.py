"""The Bot API's methods that show something in a chat: messages, drafts, edits, files."""

from __future__ import annotations

import itertools
import time

from tests.emulators.telegram_service.media import (
    MAX_UPLOAD_BYTES,
    StoredFile,
    check_photo,
    check_voice,
)
from tests.emulators.telegram_service.text import (
    MAX_CAPTION_UNITS,
    MAX_TEXT_UNITS,
    format_text,
    is_blank,
    utf16_len,
)
from tests.emulators.telegram_service.values import (
    ApiError,
    Draft,
    Json,
    Upload,
    bad_request,
    breach,
)
from tests.emulators.telegram_service.world import ChatState, Message, World

MAX_DATA_BYTES = 64
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)
BUTTON_KINDS = {
    *("url", "callback_data", "web_app", "login_url", "switch_inline_query", "callback_game"),
    *("switch_inline_query_current_chat", "switch_inline_query_chosen_chat", "copy_text", "pay"),
}
FOLDERS = {"voice": ("voice", "oga"), "audio": ("music", "mp3"), "document": ("documents", "bin")}
MEDIA_FIELDS = {  # what a request says about a file beside the file itself
    "voice": ("duration",),
    "audio": ("duration", "title", "performer"),
    "document": (),
}


def find_chat(world: World, params: Json) -> ChatState:
    """The chat that a request names, if the bot may speak there."""
    if "chat_id" not in params:
        raise breach("chat_id is empty")
    chat_id = params["chat_id"]
    chat = world.chats.get(chat_id) if isinstance(chat_id, int) else None
    if chat is None:
        raise bad_request("chat not found")
    if chat.migrated_to is not None:
        raise ApiError(
            "Bad Request: group chat was upgraded to a supergroup chat",
            parameters={"migrate_to_chat_id": chat.migrated_to},
        )
    if chat.is_blocked:
        where = "blocked by the user" if chat.is_private else f"kicked from the {_kind(chat)} chat"
        raise ApiError(f"Forbidden: bot was {where}", 403)
    return chat


def find_own_message(chat: ChatState, params: Json) -> Message:
    message = chat.message(params.get("message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    if not message.is_bot:
        raise bad_request("message can't be edited")
    return message


def _kind(chat: ChatState) -> str:
    return str(chat.info["type"])


class Sending:
    def __init__(self, world: World) -> None:
        self._world = world

    async def send_message(self, params: Json) -> Json:
        chat = find_chat(self._world, params)
        text, entities = self._text(params, "text", "entities", MAX_TEXT_UNITS)
        if is_blank(text):
            raise breach("message text is empty")
        content: Json = {"text": text} | ({"entities": entities} if entities else {})
        return self._deliver(chat, params, content)

    async def send_draft(self, params: Json) -> bool:
        chat = find_chat(self._world, params)
        if not chat.is_private:
            raise breach("TEXTDRAFT_PEER_INVALID")
        draft_id = params.get("draft_id")
        if not isinstance(draft_id, int) or draft_id == 0:
            raise breach("draft_id must be non-zero")
        text, entities = self._text(params, "text", "entities", MAX_TEXT_UNITS)
        thread_id = self._thread(chat, params).get("message_thread_id")
        stops = {key: bool(params.get(key)) for key in ("can_stop", "keep_on_stop")}
        chat.drafts.append(
            Draft(draft_id, text, tuple(entities), time.monotonic(), thread_id, **stops)
        )
        self._world.changes.announce()
        return True

    async def edit_text(self, params: Json) -> Json:
        chat = find_chat(self._world, params)
        message = find_own_message(chat, params)
        if "text" not in message.raw:
            raise bad_request("there is no text in the message to edit")
        text, entities = self._text(params, "text", "entities", MAX_TEXT_UNITS)
        if is_blank(text):
            raise breach("message text is empty")
        content: Json = {"text": text} | ({"entities": entities} if entities else {})
        return self._rewrite(chat, message, content | self._keyboard(params))

    async def edit_caption(self, params: Json) -> Json:
        chat = find_chat(self._world, params)
        message = find_own_message(chat, params)
        if message.file is None:
            raise bad_request("there is no caption in the message to edit")
        content = {"caption": ""} | self._caption(params) | self._keyboard(params)
        return self._rewrite(chat, message, content)

    async def edit_markup(self, params: Json) -> Json:
        chat = find_chat(self._world, params)
        message = find_own_message(chat, params)
        kept = {
            key: message.raw[key]
            for key in ("text", "entities", "caption", "caption_entities")
            if key in message.raw
        }
        return self._rewrite(chat, message, kept | self._keyboard(params))

    async def edit_media(self, params: Json) -> Json:
        """Another picture, with its caption and its buttons, in the place of one."""
        chat = find_chat(self._world, params)
        message = find_own_message(chat, params)
        media = params.get("media") or {}
        if message.file is None:
            raise bad_request("there is no media in the message to edit")
        if media.get("type") != "photo":
            raise breach(f"this emulator edits no {media.get('type')}")
        content, file = await self._photo(media.get("media"))
        chat.rewrite(message, content | self._caption(media) | self._keyboard(params), file)
        return message.copy_raw()

    async def send_photo(self, params: Json) -> Json:
        chat = find_chat(self._world, params)
        content, file = await self._photo(params.get("photo"))
        return self._deliver(chat, params, content | self._caption(params), file)

    async def send_voice(self, params: Json) -> Json:
        return await self._send_file(params, "voice")

    async def send_audio(self, params: Json) -> Json:
        return await self._send_file(params, "audio")

    async def send_document(self, params: Json) -> Json:
        return await self._send_file(params, "document")

    async def send_album(self, params: Json) -> list[Json]:
        chat = find_chat(self._world, params)
        media = params.get("media")
        if not isinstance(media, list) or not 2 <= len(media) <= 10:
            raise breach("wrong number of items in an album: 2 to 10 may be sent")
        pieces = []
        for item in media:
            kind = item.get("type")
            if kind == "photo":
                content, file = await self._photo(item.get("media"))
            elif kind in {"audio", "document"}:
                content, file = await self._file(kind, item | {kind: item.get("media")})
            else:
                raise breach(f"this emulator has no albums of {kind}")
            pieces.append((content | self._caption(item), file))
        group = {"media_group_id": str(next(self._world.numbers))}
        return [self._deliver(chat, params, content | group, file) for content, file in pieces]

    def _deliver(
        self, chat: ChatState, params: Json, content: Json, file: StoredFile | None = None
    ) -> Json:
        extra = self._reply(chat, params) | self._thread(chat, params) | self._keyboard(params)
        return chat.add(self._world.bot, content | extra, file).copy_raw()

    def _rewrite(self, chat: ChatState, message: Message, content: Json) -> Json:
        parts = ("text", "entities", "caption", "caption_entities", "reply_markup")
        if all(message.raw.get(part) == content.get(part) for part in parts):
            raise bad_request(NOT_MODIFIED)
        chat.rewrite(message, content)
        return message.copy_raw()

    def _text(
        self, params: Json, key: str, entities_key: str, max_units: int
    ) -> tuple[str, list[Json]]:
        text, entities = format_text(
            str(params.get(key, "")),
            params.get(entities_key),
            params.get("parse_mode"),
            note=self._world.note_violation,
        )
        if utf16_len(text) > max_units:
            what = "message caption" if key == "caption" else "message"
            raise breach(f"{what} is too long")
        return text, entities

    def _caption(self, params: Json) -> Json:
        text, entities = self._text(params, "caption", "caption_entities", MAX_CAPTION_UNITS)
        if not text:
            return {}
        return {"caption": text} | ({"caption_entities": entities} if entities else {})

    def _reply(self, chat: ChatState, params: Json) -> Json:
        wanted = params.get("reply_parameters") or {}
        message_id = wanted.get("message_id")
        if message_id is None or chat.message(message_id):
            return chat.reply_fields(message_id)
        if wanted.get("allow_sending_without_reply"):
            return {}
        raise bad_request("message to be replied not found")

    def _thread(self, chat: ChatState, params: Json) -> Json:
        thread_id = params.get("message_thread_id")
        if thread_id is None:
            return {}
        if thread_id not in chat.threads:
            raise bad_request("message thread not found")
        return {"message_thread_id": thread_id, "is_topic_message": True}

    def _keyboard(self, params: Json) -> Json:
        markup = params.get("reply_markup") or {}
        rows = [row for row in markup.get("inline_keyboard", []) if row]
        for button in itertools.chain.from_iterable(rows):
            _check_button(button)
        return {"reply_markup": {"inline_keyboard": rows}} if rows else {}

    async def _send_file(self, params: Json, kind: str) -> Json:
        chat = find_chat(self._world, params)
        if kind == "voice" and chat.forbids_voice:
            raise bad_request("VOICE_MESSAGES_FORBIDDEN")
        content, file = await self._file(kind, params)
        return self._deliver(chat, params, content | self._caption(params), file)

    async def _photo(self, given: object) -> tuple[Json, StoredFile]:
        if isinstance(given, Upload):
            await check_photo(_not_empty(given))
            sizes, file = self._world.files.add_photo(given.content)
            return {"photo": sizes}, file
        known = self._known_file(given)
        return {"photo": [known.raw | {"width": 0, "height": 0}]}, known

    async def _file(self, kind: str, params: Json) -> tuple[Json, StoredFile]:
        given = params.get(kind)
        fields = {key: params[key] for key in MEDIA_FIELDS[kind] if key in params}
        if kind != "document":
            fields.setdefault("duration", 0)
        if not isinstance(given, Upload):
            file = self._known_file(given)
        else:
            if kind == "voice":
                heard_s = await check_voice(_not_empty(given))
                fields["duration"] = fields["duration"] or round(heard_s)
            folder, extension = FOLDERS[kind]
            name = given.name
            mime = "audio/ogg" if kind == "voice" else given.mime
            file = self._world.files.add(_not_empty(given), folder, extension, mime=mime, name=name)
        named = {} if kind == "voice" else {"file_name": file.name}
        return {kind: file.raw | named | {"mime_type": file.mime} | fields}, file

    def _known_file(self, given: object) -> StoredFile:
        if isinstance(given, str) and given.startswith(("http://", "https://")):
            raise breach("this emulator fetches no URLs: upload the file")
        return self._world.files.get(given)


def _not_empty(given: Upload) -> bytes:
    if not given.content:
        raise breach("file must be non-empty")
    if len(given.content) > MAX_UPLOAD_BYTES:
        raise ApiError("Request Entity Too Large", 413, is_violation=True)
    return given.content


def _check_button(button: Json) -> None:
    if not str(button.get("text", "")).strip():
        raise breach("inline keyboard button text is empty")
    if len(BUTTON_KINDS & set(button)) != 1:
        raise breach(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if "callback_data" in button:
        size = len(str(button["callback_data"]).encode())
        if not 1 <= size <= MAX_DATA_BYTES:
            raise breach("BUTTON_DATA_INVALID")
