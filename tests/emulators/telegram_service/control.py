"""The same handle over HTTP, for a test, a benchmark or a person in another process.

POST /control/<action> with a JSON object; bytes travel as base64. For instance

    curl -d '{"chat_id": 7, "text": "hello"}' http://127.0.0.1:8081/control/send_text
    curl -d '{"chat_id": 7, "contains": "hello"}' http://127.0.0.1:8081/control/wait

A positive chat_id that is new becomes a person's private chat.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

from tests.emulators.telegram_service import faults
from tests.emulators.telegram_service.people import Chat
from tests.emulators.telegram_service.values import Json, Upload, User
from tests.emulators.telegram_service.world import Message

if TYPE_CHECKING:
    from tests.emulators.telegram_service.service import TelegramEmulator

Run = Callable[[Json], object]
STEPS: dict[str, Callable[..., faults.Step]] = {
    "fail": faults.Fail,
    "hang": faults.Hang,
    "drop": faults.Drop,
    "accept_then_drop": faults.AcceptThenDrop,
    "html_502": faults.Html502,
    "pass": faults.Pass,
}


def add_control_routes(app: web.Application, telegram: TelegramEmulator) -> None:
    control = _Control(telegram)

    async def handle(request: web.Request) -> web.Response:
        action = control.actions.get(request.match_info["action"])
        if action is None:
            return web.json_response({"error": f"actions: {sorted(control.actions)}"}, status=404)
        try:
            body = await request.json() if request.can_read_body else {}
            result = action(body)
            if asyncio.iscoroutine(result):
                result = await result
        except TimeoutError as exc:
            return web.json_response({"error": str(exc)}, status=504)
        except (LookupError, ValueError, TypeError, binascii.Error) as exc:
            return web.json_response({"error": repr(exc)}, status=400)
        return web.json_response(result)

    app.router.add_post("/control/{action}", handle)


class _Control:
    def __init__(self, telegram: TelegramEmulator) -> None:
        self._telegram = telegram
        self._users: dict[int, User] = {}
        self.actions: dict[str, Run] = {
            "group": self._group,
            "send_text": lambda body: self._chat(body).send_text(body["text"], **self._how(body)),
            "send_photo": lambda body: self._chat(body).send_photo(
                _content(body),
                body.get("caption", ""),
                album=body.get("album"),
                as_document=body.get("as_document", False),
                **self._how(body),
            ),
            "send_voice": lambda body: self._chat(body).send_voice(
                _content(body), body.get("duration", 1), **self._how(body)
            ),
            "send_document": lambda body: self._chat(body).send_document(
                _content(body), body["name"], **self._how(body)
            ),
            "edit": lambda body: self._chat(body).edit(body["message_id"], body["text"]),
            "press": lambda body: self._chat(body).press(
                body["message_id"], body["button"], sender=self._sender(body)
            ),
            "stop_draft": lambda body: self._chat(body).stop_draft(body.get("draft_id")),
            "block": lambda body: self._chat(body).block(),
            "messages": lambda body: [
                _describe(message, with_files=body.get("with_files", False))
                for message in self._chat(body).messages
            ],
            "drafts": lambda body: [draft.text for draft in self._chat(body).drafts],
            "wait": self._wait,
            "calls": self._calls,
            "updates": lambda body: self._telegram.pending_updates,
            "violations": lambda body: self._telegram.violations,
            "script": self._script,
        }

    def _user(self, user_id: int, first_name: str) -> User:
        return self._users.setdefault(user_id, self._telegram.user(user_id, first_name))

    def _chat(self, body: Json) -> Chat:
        chat_id = int(body["chat_id"])
        if chat_id in self._telegram.world.chats or chat_id < 0:
            return self._telegram.chat(chat_id)
        return self._telegram.private(self._user(chat_id, body.get("first_name", "Alice")))

    def _sender(self, body: Json) -> User | None:
        if "user_id" not in body:
            return None
        return self._user(int(body["user_id"]), body.get("first_name", "Alice"))

    def _how(self, body: Json) -> Json:
        how: Json = {key: body[key] for key in ("reply_to", "thread") if key in body}
        return how | {"sender": self._sender(body)}

    def _group(self, body: Json) -> Json:
        members = [self._user(user_id, f"Member {user_id}") for user_id in body["member_ids"]]
        forum = bool(body.get("forum"))
        return self._telegram.group(body.get("title", "Group"), members, forum=forum).info

    async def _wait(self, body: Json) -> Json:
        message = await self._chat(body).wait_for_bot_message(
            body.get("count", 1),
            body.get("contains", ""),
            body.get("timeout_s", 10),
            after=body.get("after", 0),
        )
        return _describe(message, with_files=body.get("with_files", False))

    def _calls(self, body: Json) -> list[Json]:
        return [
            {"method": call.method, "params": _plain(call.params), "time_s": call.time_s}
            | {"status": call.status, "error": call.error, "is_cut": call.is_cut}
            for call in self._telegram.calls[int(body.get("since", 0)) :]
        ]

    def _script(self, body: Json) -> bool:
        steps = []
        for step in body["steps"]:
            fields = {key: value for key, value in step.items() if key != "kind"}
            steps.append(STEPS[step["kind"]](**fields))
        self._telegram.script(body["method"], *steps, chat_id=body.get("chat_id"))
        return True


def _content(body: Json) -> bytes:
    return base64.b64decode(body["base64"], validate=True)


def _describe(message: Message, *, with_files: bool) -> Json:
    described = message.copy_raw() | {
        "is_bot": message.is_bot,
        "history": [{"text": past.text, "time_s": past.time_s} for past in message.history],
    }
    if with_files and message.file:
        described["base64"] = base64.b64encode(message.file.content).decode()
    return described


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Upload):
        return {"file": value.name, "bytes": len(value.content), "mime": value.mime}
    return value
