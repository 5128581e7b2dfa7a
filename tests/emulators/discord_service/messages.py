"""REST for messages: send, edit, read, delete; reactions and typing."""

from __future__ import annotations

import time
from urllib.parse import unquote

from tests.emulators.discord_service import permissions, rules
from tests.emulators.discord_service.files import StoredFile, check_voice_message
from tests.emulators.discord_service.places import ChannelState
from tests.emulators.discord_service.values import (
    CANNOT_DM,
    MISSING_PERMISSIONS,
    UNKNOWN_CHANNEL,
    UNKNOWN_EMOJI,
    UNKNOWN_MESSAGE,
    ApiError,
    Call,
    Json,
    Typing,
    breach,
    invalid_form,
    unknown,
)
from tests.emulators.discord_service.world import (
    REPLY,
    VOICE,
    Message,
    World,
    emoji_of,
)

NONCE_KEPT_S = 300
KEPT_FIELDS = ("content", "embeds", "components", "tts", "nonce", "message_reference")


class Messages:
    def __init__(self, world: World) -> None:
        self._world = world

    async def create(self, call: Call) -> Json:
        channel, body = self.channel(call), call.fields
        self._check_may_send(channel, body, has_files=bool(call.files))
        if (twin := self._twin(body)) is not None:
            return twin.raw
        message = await self.post(channel, call, body)
        if message.nonce is not None:
            self._world.nonces[message.nonce] = (message, self._world.clock.now())
        return message.raw

    async def post(
        self,
        channel: ChannelState,
        call: Call,
        body: Json,
        *,
        extra: Json | None = None,
        limit_bytes: int | None = None,
    ) -> Message:
        """A new message of the bot; ``extra`` marks the answer to an interaction."""
        rules.check_content(body, is_interaction=extra is not None)
        is_voice = bool((body.get("flags") or 0) & VOICE)
        limit = channel.filesize_limit if limit_bytes is None else limit_bytes
        rules.check_files(body, call.files, set(), limit)
        if is_voice:
            await check_voice_message(body, call.files)
        else:
            rules.check_not_empty(body, len(call.files))
        replied_author = rules.check_reference(channel, body)
        shown, pings = rules.judge_mentions(channel, body, replied_author)
        fields = {key: body[key] for key in KEPT_FIELDS if body.get(key) is not None}
        fields |= shown | {"flags": body.get("flags") or 0}
        if replied_author is None:
            fields.pop("message_reference", None)
        else:
            ids = {"message_id": str(body["message_reference"]["message_id"]), "type": 0}
            ids["channel_id"] = str(channel.id)
            fields |= {"type": REPLY, "message_reference": ids}
        files = self._store(channel, call, body)
        message = channel.add(self._world.bot, fields | (extra or {}), files)
        message.pings = pings
        return message

    async def update(self, call: Call) -> Json:
        channel, body = self.channel(call), call.fields
        message = self.message(channel, call.number("message_id"))
        channel.require()
        if not message.is_bot:
            raise breach(50005, "Cannot edit a message authored by another user", 403)
        if channel.archived:
            raise ApiError(400, 50083, "Thread is archived")
        await self.rewrite(message, call, body)
        return message.raw

    async def rewrite(
        self,
        message: Message,
        call: Call,
        body: Json,
        *,
        extra: Json | None = None,
        limit_bytes: int | None = None,
    ) -> None:
        """Change what the body names; what stays must not be empty. An edit notifies nobody."""
        channel = message.channel
        if message.is_voice:
            raise breach(50162, "Voice messages cannot be edited.")
        rules.check_content(body, is_interaction=True)
        limit = channel.filesize_limit if limit_bytes is None else limit_bytes
        known = {str(file.id) for file in message.files}
        rules.check_files(body, call.files, known, limit)
        kept = self._kept(message, body)
        empty: Json = {"content": "", "embeds": [], "components": []}
        fields = {key: body[key] or none for key, none in empty.items() if key in body}
        rules.check_not_empty(message.body | fields, len(kept) + len(call.files))
        if "content" in fields or "allowed_mentions" in body:
            named = {"content": message.content} | fields
            named["allowed_mentions"] = body.get("allowed_mentions")
            shown, _ = rules.judge_mentions(channel, named, None)
            fields |= shown
        files = kept + self._store(channel, call, body)
        channel.rewrite(message, fields | (extra or {}), files)

    async def delete(self, call: Call) -> None:
        channel = self.channel(call)
        channel.require()
        message = self.message(channel, call.number("message_id"))
        may_manage = channel.guild is not None and channel.allowed & permissions.MANAGE_MESSAGES
        if not message.is_bot and not may_manage:
            raise ApiError(403, MISSING_PERMISSIONS, "Missing Permissions")
        channel.remove(message)

    async def get(self, call: Call) -> Json:
        channel = self.channel(call)
        channel.require(permissions.READ_MESSAGE_HISTORY)
        return self._readable(self.message(channel, call.number("message_id")).raw)

    async def list_recent(self, call: Call) -> list[Json]:
        """Newest first, whichever side of ``before``, ``after`` or ``around`` was asked for."""
        channel = self.channel(call)
        channel.require()
        limit = int(call.query.get("limit", "50"))
        if not 1 <= limit <= 100:
            said = "int value should be between 1 and 100."
            raise invalid_form("limit", "NUMBER_TYPE_MAX", said)
        if not channel.allowed & permissions.READ_MESSAGE_HISTORY:
            return []
        found = channel.messages
        if "before" in call.query:
            found = [one for one in found if one.id < int(call.query["before"])][-limit:]
        elif "after" in call.query:
            found = [one for one in found if one.id > int(call.query["after"])][:limit]
        elif "around" in call.query:
            middle = int(call.query["around"])
            place = sum(one.id < middle for one in found)
            begin = max(0, place - limit // 2)
            found = found[begin : begin + limit]
        else:
            found = found[-limit:]
        return [self._readable(message.raw) for message in reversed(found)]

    async def type(self, call: Call) -> None:
        channel = self.channel(call)
        self._check_may_send(channel, {}, has_files=False)
        channel.typing.append(Typing(channel.id, time.monotonic()))

    async def react(self, call: Call) -> None:
        message, emoji = self._reaction(call)
        message.channel.require(permissions.READ_MESSAGE_HISTORY, permissions.ADD_REACTIONS)
        users = message.reactions.setdefault(emoji, [])
        if self._world.bot not in users:
            users.append(self._world.bot)
            self._tell_reaction("MESSAGE_REACTION_ADD", message, emoji)

    async def unreact(self, call: Call) -> None:
        message, emoji = self._reaction(call)
        users = message.reactions.get(emoji, [])
        if self._world.bot not in users:
            raise unknown(UNKNOWN_EMOJI, "Emoji")
        users.remove(self._world.bot)
        if not users:
            del message.reactions[emoji]
        self._tell_reaction("MESSAGE_REACTION_REMOVE", message, emoji)

    # Finding

    def channel(self, call: Call) -> ChannelState:
        channel = self._world.channels.get(call.number("channel_id"))
        if channel is None:
            raise unknown(UNKNOWN_CHANNEL, "Channel")
        if not channel.has_bot:
            raise ApiError(403, 50001, "Missing Access")
        return channel

    def message(self, channel: ChannelState, message_id: int) -> Message:
        message = channel.message(message_id)
        if message is None:
            raise unknown(UNKNOWN_MESSAGE, "Message")
        return message

    def _readable(self, raw: Json) -> Json:
        if self._world.portal_intents & permissions.MESSAGE_CONTENT:
            return raw
        return self._world.withhold(raw)

    def _twin(self, body: Json) -> Message | None:
        """The message that was sent with the same nonce within minutes, by the same bot."""
        if not body.get("enforce_nonce") or body.get("nonce") is None:
            return None
        message, sent_s = self._world.nonces.get(str(body["nonce"]), (None, 0.0))
        is_recent = self._world.clock.now() - sent_s < NONCE_KEPT_S
        return message if is_recent else None

    @staticmethod
    def _check_may_send(channel: ChannelState, body: Json, *, has_files: bool) -> None:
        is_voice = bool((body.get("flags") or 0) & VOICE)
        if channel.is_dm_refused:
            raise ApiError(403, CANNOT_DM, "Cannot send messages to this user")
        channel.require(
            permissions.SEND_MESSAGES_IN_THREADS if channel.is_thread else permissions.SEND_MESSAGES
        )
        if has_files:
            channel.require(permissions.ATTACH_FILES)
        if is_voice and not channel.allowed & permissions.SEND_VOICE_MESSAGES:
            raise ApiError(403, 50173, "Cannot send voice messages in this channel")
        if channel.archived and channel.locked:
            raise ApiError(400, 50083, "Thread is archived")

    def _store(self, channel: ChannelState, call: Call, body: Json) -> list[StoredFile]:
        described = {str(one.get("id")): one for one in body.get("attachments") or []}
        files = []
        for index, upload in sorted(call.files.items()):
            told = described.get(str(index), {})
            extra = {
                key: told[key]
                for key in ("description", "duration_secs", "waveform")
                if key in told
            }
            files.append(self._world.files.add(upload, channel.id, extra))
        return files

    def _kept(self, message: Message, body: Json) -> list[StoredFile]:
        if body.get("attachments") is None:
            return list(message.files)
        by_id = {str(file.id): file for file in message.files}
        named = [str(one.get("id")) for one in body["attachments"]]
        return [by_id[number] for number in named if number in by_id]

    def _reaction(self, call: Call) -> tuple[Message, str]:
        message = self.message(self.channel(call), call.number("message_id"))
        emoji = unquote(call.ids["emoji_name"])
        name, _, number = emoji.partition(":")
        is_custom = bool(name) and number.isdecimal()
        if not is_custom and (not emoji or emoji.isascii()):
            raise ApiError(400, UNKNOWN_EMOJI, "Unknown Emoji", is_violation=True)
        return message, emoji

    def _tell_reaction(self, name: str, message: Message, emoji: str) -> None:
        channel = message.channel
        intents = permissions.GUILD_MESSAGE_REACTIONS
        if channel.guild is None:
            intents = permissions.DIRECT_MESSAGE_REACTIONS
        data = {"user_id": str(self._world.bot.id), "message_id": str(message.id)}
        channel.tell(name, data | {"emoji": emoji_of(emoji), "burst": False, "type": 0}, intents)
