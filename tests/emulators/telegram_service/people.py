"""What people do in a chat, and how tests look at it."""

from __future__ import annotations

import time
from typing import Any, TypeVar

from tests.emulators.telegram_service.media import StoredFile
from tests.emulators.telegram_service.text import (
    MAX_TEXT_UNITS,
    detect_entities,
    utf16_len,
)
from tests.emulators.telegram_service.values import Draft, Json, User, without_nones
from tests.emulators.telegram_service.world import ChatState, Message

T = TypeVar("T")
Target = int | Json | Message  # a message: its id, its raw dict, or what chat.messages holds


def message_id_of(target: Target) -> int:
    if isinstance(target, Message):
        return target.message_id
    message_id: int = target["message_id"] if isinstance(target, dict) else target
    return message_id


class Chat(ChatState):
    """``sender`` is by default the private chat's person or the group's first member. What people
    do is put into the update queue, and the raw message is returned.
    """

    # Sending

    def send_text(
        self,
        text: str,
        *,
        sender: User | None = None,
        reply_to: Target | None = None,
        quote: str | None = None,
        thread: int | None = None,
    ) -> Json:
        if utf16_len(text) > MAX_TEXT_UNITS:
            raise ValueError("the apps split what is longer than 4096: use send_paste")
        content = without_nones({"text": text, "entities": detect_entities(text) or None})
        return self._say(content, sender=sender, reply_to=reply_to, quote=quote, thread=thread)

    def send_paste(self, text: str, *, sender: User | None = None) -> list[Json]:
        """A long text as the apps send it: cut at every 4096 UTF-16 units."""
        parts, part, units = [], "", 0
        for character in text:
            size = utf16_len(character)
            if units + size > MAX_TEXT_UNITS:
                parts.append(part)
                part, units = "", 0
            part, units = part + character, units + size
        return [self.send_text(piece, sender=sender) for piece in [*parts, part]]

    def send_photo(
        self,
        content: bytes,
        caption: str = "",
        *,
        album: str | None = None,
        as_document: bool = False,
        name: str = "photo.jpg",
        mime: str = "image/jpeg",
        **how: Any,
    ) -> Json:
        """``album`` is the media_group_id that the photos of one album share."""
        extra = self._caption(caption) | ({"media_group_id": album} if album else {})
        if as_document:
            return self.send_document(content, name, mime, caption, album=album, **how)
        sizes, file = self.world.files.add_photo(content)
        return self._say({"photo": sizes} | extra, file, **how)

    def send_voice(self, content: bytes, duration: int = 1, caption: str = "", **how: Any) -> Json:
        file = self.world.files.add(content, "voice", "oga", mime="audio/ogg")
        voice = file.raw | {"duration": duration, "mime_type": "audio/ogg"}
        return self._say({"voice": voice} | self._caption(caption), file, **how)

    def send_audio(
        self,
        content: bytes,
        name: str = "song.mp3",
        mime: str = "audio/mpeg",
        duration: int = 1,
        caption: str = "",
        **how: Any,
    ) -> Json:
        file = self._file(content, "music", name, mime)
        audio = file.raw | {"duration": duration, "mime_type": mime, "file_name": name}
        return self._say({"audio": audio} | self._caption(caption), file, **how)

    def send_video_note(self, content: bytes, duration: int = 1, **how: Any) -> Json:
        file = self._file(content, "video_notes", "note.mp4", "video/mp4")
        note = file.raw | {"duration": duration, "length": 240}
        return self._say({"video_note": note}, file, **how)

    def send_video(self, content: bytes, duration: int = 1, caption: str = "", **how: Any) -> Json:
        """As the app makes it of any video: MP4."""
        file = self._file(content, "videos", "video.mp4", "video/mp4")
        video = file.raw | {"duration": duration, "width": 320, "height": 240}
        content_fields = {"video": video | {"mime_type": "video/mp4"}} | self._caption(caption)
        return self._say(content_fields, file, **how)

    def send_animation(
        self, content: bytes, duration: int = 1, caption: str = "", **how: Any
    ) -> Json:
        """A GIF as the app sends it: MP4 without sound, and for old clients a document too."""
        file = self._file(content, "animations", "giphy.mp4", "video/mp4")
        document = file.raw | {"file_name": "giphy.mp4", "mime_type": "video/mp4"}
        animation = document | {"duration": duration, "width": 320, "height": 240}
        fields = {"animation": animation, "document": document} | self._caption(caption)
        return self._say(fields, file, **how)

    def send_document(
        self,
        content: bytes,
        name: str,
        mime: str = "application/octet-stream",
        caption: str = "",
        *,
        album: str | None = None,
        **how: Any,
    ) -> Json:
        file = self._file(content, "documents", name, mime)
        document = file.raw | {"file_name": name, "mime_type": mime}
        extra = self._caption(caption) | ({"media_group_id": album} if album else {})
        return self._say({"document": document} | extra, file, **how)

    def send_sticker(
        self,
        emoji: str = "👍",
        content: bytes = b"RIFF",
        *,
        kind: str = "webp",
        thumbnail: bytes = b"",
        **how: Any,
    ) -> Json:
        """``kind``: webp, which is still; webm, a video; tgs, a drawing that moves."""
        mimes = {"webp": "image/webp", "webm": "video/webm", "tgs": "application/x-tgsticker"}
        file = self._file(content, "stickers", f"sticker.{kind}", mimes[kind])
        sticker = file.raw | {"type": "regular", "emoji": emoji, "width": 512, "height": 512}
        sticker |= {"is_animated": kind == "tgs", "is_video": kind == "webm"}
        if thumbnail:
            small = self._file(thumbnail, "thumbnails", "thumbnail.webp", "image/webp")
            sticker["thumbnail"] = small.raw | {"width": 128, "height": 128}
        return self._say({"sticker": sticker}, file, **how)

    def send_contact(self, phone: str = "+15550100", name: str = "Bob", **how: Any) -> Json:
        return self._say({"contact": {"phone_number": phone, "first_name": name}}, **how)

    def send_location(self, latitude: float = 52.5, longitude: float = 13.4, **how: Any) -> Json:
        return self._say({"location": {"latitude": latitude, "longitude": longitude}}, **how)

    def send_dice(self, value: int = 6, **how: Any) -> Json:
        return self._say({"dice": {"emoji": "🎲", "value": value}}, **how)

    def send_poll(
        self, question: str, options: tuple[str, ...] = ("Yes", "No"), **how: Any
    ) -> Json:
        answers = [
            {"text": text, "voter_count": 0, "persistent_id": str(index)}
            for index, text in enumerate(options)
        ]
        flags = {"is_closed": False, "is_anonymous": True, "allows_multiple_answers": False}
        flags |= {"allows_revoting": True, "members_only": False}
        poll: Json = {"id": self._number(), "question": question, "options": answers}
        poll |= {"total_voter_count": 0, "type": "regular"} | flags
        return self._say({"poll": poll}, **how)

    def send_raw(self, content: Json, **how: Any) -> Json:
        """Any other content, as the fields of a Message."""
        return self._say(content, **how)

    def forward(self, target: Target, *, origin: User | str | None = None, **how: Any) -> Json:
        """``origin`` is who wrote it first; a str for one who hides the account. The message may
        be another chat's if its raw dict is given.
        """
        if isinstance(target, dict):
            raw, file = target, None
        else:
            known = self._known(target)
            raw, file = known.raw, known.file
        own = {"message_id", "date", "chat", "from", "reply_to_message", "message_thread_id"}
        content = {key: value for key, value in raw.items() if key not in own | {"reply_markup"}}
        if isinstance(origin, str):
            source: Json = {"type": "hidden_user", "sender_user_name": origin}
        else:
            source = {"type": "user", "sender_user": origin.raw if origin else raw["from"]}
        content["forward_origin"] = source | {"date": raw["date"]}
        return self._say(content, file, **how)

    # Doing

    def edit(self, target: Target, text: str) -> Json:
        message = self._known(target)
        is_text = "text" in message.raw
        key, entities = ("text", "entities") if is_text else ("caption", "caption_entities")
        self.rewrite(message, without_nones({key: text, entities: detect_entities(text) or None}))
        raw = message.copy_raw()
        self.world.updates.push({"edited_message": raw})
        return raw

    def press(self, target: Target, button: str, *, sender: User | None = None) -> Json:
        """Press an inline button, named by its label or its data; returns the callback query."""
        message = self._known(target)
        offered = [key for row in message.keyboard for key in row if "callback_data" in key]
        named = [key for key in offered if button in {key["text"], key["callback_data"]}]
        if not named:
            raise LookupError(f"no button {button!r} under {message!r}: {message.buttons}")
        query: Json = {"id": self._number(), "from": self._sender(sender).raw}
        query |= {"message": message.copy_raw(), "chat_instance": str(self.id)}
        query["data"] = named[0]["callback_data"]
        self.world.callbacks[query["id"]] = query
        self.world.updates.push({"callback_query": query})
        return query

    def stop_draft(self, draft_id: int | None = None) -> Json:
        """Press Stop on a draft (the newest by default); returns the update's content."""
        stoppable = [draft for draft in self.drafts if draft.can_stop]
        named = [draft for draft in stoppable if draft_id in {None, draft.draft_id}]
        if not named:
            raise LookupError(f"no draft with a Stop button: {self.drafts[-3:]}")
        draft = named[-1]
        stopped: Json = {"chat": self.info, "draft_id": draft.draft_id}
        if draft.thread_id is not None:
            stopped["message_thread_id"] = draft.thread_id
        self.world.updates.push({"stopped_message_generation": stopped})
        return stopped

    def create_topic(self, name: str, *, sender: User | None = None) -> int:
        """The id for ``thread=``."""
        created = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        message = self.add(self._sender(sender), created)
        thread_id = message.message_id
        message.raw |= {"message_thread_id": thread_id, "is_topic_message": True}
        self.threads.add(thread_id)
        self.world.updates.push({"message": message.copy_raw()})
        return thread_id

    def block(self) -> None:
        """A person blocks the bot; a group throws it out."""
        self._change_membership(is_member=False)

    def unblock(self) -> None:
        self._change_membership(is_member=True)

    def migrate(self) -> Chat:
        """The group becomes a supergroup: its id changes, the old one answers 400 from now on."""
        number = int(self._number())
        info = self.info | {"id": -1_002_000_000_000 - number, "type": "supergroup"}
        heir = Chat(self.world, info, tuple(self.members))
        heir.threads |= self.threads
        self._say({"migrate_to_chat_id": heir.id})
        heir._say({"migrate_from_chat_id": self.id})
        self.migrated_to = heir.id
        return heir

    # Looking

    async def wait_for_bot_message(
        self, count: int = 1, contains: str = "", timeout_s: float = 10, *, after: int = 0
    ) -> Message:
        """The count-th of the bot's messages with an id over ``after`` that hold ``contains``."""

        def matching() -> list[Message]:
            said = (message for message in self.bot_messages if message.message_id > after)
            return [message for message in said if contains in message.text]

        await self.world.changes.wait_until(lambda: len(matching()) >= count, timeout_s)
        return self._nth(matching(), count, f"bot messages with {contains!r}")

    async def wait_for_draft(self, contains: str = "", timeout_s: float = 10) -> Draft:
        def matching() -> list[Draft]:
            return [draft for draft in self.drafts if contains in draft.text]

        await self.world.changes.wait_until(matching, timeout_s)
        return self._nth(matching(), 1, f"drafts with {contains!r}")

    def _nth(self, found: list[T], count: int, what: str) -> T:
        if len(found) < count:
            tail = [(call.method, call.status, call.error) for call in self.world.calls[-5:]]
            raise TimeoutError(
                f"{len(found)} {what}, {count} wanted; the chat shows {self.messages[-5:]},"
                f" drafts {[draft.text for draft in self.drafts[-3:]]}, last calls {tail}"
            )
        return found[count - 1]

    def _say(
        self,
        content: Json,
        file: StoredFile | None = None,
        *,
        sender: User | None = None,
        reply_to: Target | None = None,
        quote: str | None = None,
        thread: int | None = None,
    ) -> Json:
        replied = None if reply_to is None else self._known(reply_to).message_id
        content = content | self.reply_fields(replied, quote)
        if thread is not None:
            self.threads.add(thread)
            content |= {"message_thread_id": thread, "is_topic_message": True}
        raw = self.add(self._sender(sender), content, file).copy_raw()
        self.world.updates.push({"message": raw})
        return raw

    def _known(self, target: Target) -> Message:
        message = self.message(message_id_of(target))
        if message is None:
            raise LookupError(f"the chat does not show message {message_id_of(target)}")
        return message

    def _sender(self, sender: User | None) -> User:
        return sender or self.members[0]

    def _number(self) -> str:
        return str(next(self.world.numbers))

    def _file(self, content: bytes, folder: str, name: str, mime: str) -> StoredFile:
        extension = name.rpartition(".")[2] or "bin"
        return self.world.files.add(content, folder, extension, mime=mime, name=name)

    @staticmethod
    def _caption(caption: str) -> Json:
        if not caption:
            return {}
        found = detect_entities(caption)
        return {"caption": caption} | ({"caption_entities": found} if found else {})

    def _change_membership(self, *, is_member: bool) -> None:
        self.is_blocked = not is_member
        bot = self.world.bot.raw
        inside: Json = {"status": "member", "user": bot}
        outside: Json = {"status": "kicked", "user": bot, "until_date": 0}
        change: Json = {"chat": self.info, "from": self.members[0].raw, "date": int(time.time())}
        old, new = (outside, inside) if is_member else (inside, outside)
        self.world.updates.push(
            {"my_chat_member": change | {"old_chat_member": old, "new_chat_member": new}}
        )
        self.world.changes.announce()
