"""The table of Bot API methods, and those that show no message."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable

from tests.emulators.telegram_service.media import MAX_DOWNLOAD_BYTES
from tests.emulators.telegram_service.sending import Sending, find_chat
from tests.emulators.telegram_service.values import (
    Action,
    ApiError,
    CallbackAnswer,
    Json,
    bad_request,
    breach,
)
from tests.emulators.telegram_service.world import World
from tests.emulators.telegram_specs import load_telegram_spec

Method = Callable[[Json], Awaitable[object]]
MAX_POLL_S = 50
MAX_COMMANDS = 100
ACTIONS = {
    *("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice"),
    *("upload_document", "choose_sticker", "find_location", "record_video_note"),
    "upload_video_note",
}
GIFT_KINDS = (
    *("unlimited_gifts", "limited_gifts", "unique_gifts"),
    *("premium_subscription", "gifts_from_channels"),
)
ACCEPTED = (  # kept by name and answered with True
    *("setMyDescription", "setMyShortDescription", "setMyName", "setChatMenuButton"),
    *("setMyDefaultAdministratorRights", "pinChatMessage", "unpinChatMessage", "leaveChat"),
)


class Methods:
    def __init__(self, world: World) -> None:
        self._world = world
        sending = Sending(world)
        table: dict[str, Method] = {
            "getMe": self.get_me,
            "getUpdates": self.get_updates,
            "setWebhook": self.set_webhook,
            "deleteWebhook": self.delete_webhook,
            "getWebhookInfo": self.get_webhook_info,
            "setMyCommands": self.set_commands,
            "getMyCommands": self.get_commands,
            "deleteMyCommands": self.delete_commands,
            "sendMessage": sending.send_message,
            "sendMessageDraft": sending.send_draft,
            "editMessageText": sending.edit_text,
            "editMessageCaption": sending.edit_caption,
            "editMessageReplyMarkup": sending.edit_markup,
            "editMessageMedia": sending.edit_media,
            "sendPhoto": sending.send_photo,
            "sendVoice": sending.send_voice,
            "sendAudio": sending.send_audio,
            "sendDocument": sending.send_document,
            "sendMediaGroup": sending.send_album,
            "deleteMessage": self.delete_message,
            "sendChatAction": self.send_action,
            "answerCallbackQuery": self.answer_callback,
            "setMessageReaction": self.react,
            "getFile": self.get_file,
            "getChat": self.get_chat,
            "getChatMember": self.get_member,
        }
        self._table = {name.lower(): method for name, method in table.items()}
        for name in ACCEPTED:
            self._table[name.lower()] = self._accept(name)

    async def run(self, name: str, params: Json) -> object:
        method = self._table.get(name.lower())
        if method is None:
            spec = load_telegram_spec()
            if spec is not None and spec.knows(name):
                self._world.note_violation(f"{name} is not emulated")
            raise ApiError("Not Found: method not found", 404)
        return await method(params)

    async def get_me(self, params: Json) -> Json:
        return self._world.bot.raw | {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
            "has_topics_enabled": True,
        }

    async def get_updates(self, params: Json) -> list[Json]:
        updates = self._world.updates
        updates.allow(params.get("allowed_updates"))
        limit = min(max(int(params.get("limit", 100)), 1), 100)
        timeout_s = min(max(float(params.get("timeout", 0)), 0), MAX_POLL_S)
        return await updates.poll(int(params.get("offset", 0)), limit, timeout_s)

    async def set_webhook(self, params: Json) -> bool:
        self._world.updates.allow(params.get("allowed_updates"))
        self._world.updates.webhook_url = str(params.get("url", ""))
        return self._forget_if_asked(params)

    async def delete_webhook(self, params: Json) -> bool:
        self._world.updates.webhook_url = ""
        return self._forget_if_asked(params)

    def _forget_if_asked(self, params: Json) -> bool:
        if params.get("drop_pending_updates"):
            self._world.updates.forget_pending()
        return True

    async def get_webhook_info(self, params: Json) -> Json:
        updates = self._world.updates
        return {
            "url": updates.webhook_url,
            "has_custom_certificate": False,
            "pending_update_count": len(updates.pending),
        }

    async def set_commands(self, params: Json) -> bool:
        commands = params.get("commands") or []
        if len(commands) > MAX_COMMANDS:
            raise breach("BOT_COMMANDS_TOO_MUCH")
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command.get("command", "")):
                raise breach("BOT_COMMAND_INVALID")
            if not 1 <= len(command.get("description", "")) <= 256:
                raise breach("BOT_COMMAND_DESCRIPTION_INVALID")
        self._world.commands[_scope(params)] = commands
        self._world.changes.announce()
        return True

    async def get_commands(self, params: Json) -> list[Json]:
        return self._world.commands.get(_scope(params), [])

    async def delete_commands(self, params: Json) -> bool:
        self._world.commands.pop(_scope(params), None)
        return True

    async def delete_message(self, params: Json) -> bool:
        chat = find_chat(self._world, params)
        message = chat.message(params.get("message_id"))
        if message is None:
            raise bad_request("message to delete not found")
        if not message.is_bot and not chat.is_private:
            raise bad_request("message can't be deleted")
        chat.remove(message.message_id)
        return True

    async def send_action(self, params: Json) -> bool:
        chat = find_chat(self._world, params)
        action = params.get("action")
        if action not in ACTIONS:
            raise breach("wrong parameter action in request")
        thread_id = params.get("message_thread_id")
        chat.actions.append(Action(str(action), thread_id, time.monotonic()))
        self._world.changes.announce()
        return True

    async def answer_callback(self, params: Json) -> bool:
        query_id, text = str(params.get("callback_query_id")), str(params.get("text", ""))
        if self._world.callbacks.pop(query_id, None) is None:
            raise bad_request(
                "query is too old and response timeout expired or query ID is invalid"
            )
        if len(text) > 200:
            raise breach("MESSAGE_TOO_LONG")
        is_alert = bool(params.get("show_alert"))
        self._world.answered_callbacks.append(CallbackAnswer(query_id, text, is_alert))
        self._world.changes.announce()
        return True

    async def react(self, params: Json) -> bool:
        message = find_chat(self._world, params).message(params.get("message_id"))
        if message is None:
            raise bad_request("message to react not found")
        reactions, spec = params.get("reaction") or [], load_telegram_spec()
        for reaction in reactions:
            if spec is not None and not spec.allows_reaction(reaction.get("emoji", "")):
                raise breach("REACTION_INVALID")
        if len(reactions) > 1:
            raise breach("REACTIONS_TOO_MANY")
        message.reactions = reactions
        self._world.changes.announce()
        return True

    async def get_file(self, params: Json) -> Json:
        file = self._world.files.get(params.get("file_id"))
        # a smaller size of a picture is drawn, so its own size is known only now
        content = await file.read()
        if len(content) > MAX_DOWNLOAD_BYTES:
            raise bad_request("file is too big")
        return file.raw | {"file_size": len(content), "file_path": file.path}

    async def get_chat(self, params: Json) -> Json:
        chat = self._world.chats.get(params.get("chat_id", 0))
        if chat is None:
            raise bad_request("chat not found")
        gifts = dict.fromkeys(GIFT_KINDS, False)
        return chat.info | {
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": gifts,
        }

    async def get_member(self, params: Json) -> Json:
        chat = find_chat(self._world, params)
        for user in [*chat.members, self._world.bot]:
            if user.id == params.get("user_id"):
                return {"status": "member", "user": user.raw}
        raise bad_request("PARTICIPANT_ID_INVALID")

    def _accept(self, name: str) -> Method:
        async def accept(params: Json) -> bool:
            self._world.properties[name] = params
            self._world.changes.announce()
            return True

        return accept


def _scope(params: Json) -> tuple[str, str]:
    scope = params.get("scope") or {"type": "default"}
    place = {key: value for key, value in scope.items() if key != "type"}
    detail = json.dumps(place, sort_keys=True) if place else ""
    return f"{scope.get('type')}{detail}", str(params.get("language_code", ""))
