"""Discord's REST API, in the few calls that Parley makes.

All go through discord.py's HTTP client, which keeps Discord's rate limits: it waits before a
bucket is empty, and waits out a 429. Bodies are written here and not by the library, which knows
no voice messages. Raises what ``discord`` and ``aiohttp`` raise, TimeoutError after ``timeout_s``.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from discord.http import HTTPClient, Route

Json = dict[str, Any]

TIMEOUT_S = 40.0
"""For a small request; one that is silent for longer is asked again by those who can. Longer than
the library waits for a limit to pass: what was never sent must not count as lost."""
UPLOAD_TIMEOUT_S = 90.0
GATE_SHUT_S = 2.0
"""Longer than Discord's limit on all requests together usually asks to wait."""
ORIGINAL = "@original"


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    data: bytes
    mime: str
    details: Json | None = None
    """More fields of the attachment: what makes a voice message one."""


class Rest:
    """Waits until the bot is logged in; what a person asked before that is not lost."""

    def __init__(self) -> None:
        self._http: HTTPClient | None = None
        self._is_open = asyncio.Event()
        self.application_id = 0

    def open(self, http: HTTPClient, application_id: int) -> None:
        """The bot is logged in."""
        self._http, self.application_id = http, application_id
        self._is_open.set()

    @property
    def is_open(self) -> bool:
        return self._is_open.is_set()

    # ------------------------------------------------------------ messages in channels

    async def create_message(
        self, channel_id: int, body: Json, uploads: Sequence[Upload] = (), *, nonce: str
    ) -> Json:
        """The message, or the one that was sent with the same nonce in the last minutes."""
        route = Route("POST", "/channels/{channel_id}/messages", channel_id=channel_id)
        return await self._send(route, {**body, "nonce": nonce, "enforce_nonce": True}, uploads)

    async def edit_message(
        self, channel_id: int, message_id: int, body: Json, uploads: Sequence[Upload] = ()
    ) -> Json:
        route = Route(
            "PATCH",
            "/channels/{channel_id}/messages/{message_id}",
            channel_id=channel_id,
            message_id=message_id,
        )
        return await self._send(route, body, uploads)

    async def delete_message(self, channel_id: int, message_id: int) -> None:
        await self._send(
            Route(
                "DELETE",
                "/channels/{channel_id}/messages/{message_id}",
                channel_id=channel_id,
                message_id=message_id,
            )
        )

    async def get_message(self, channel_id: int, message_id: int) -> Json:
        return await self._send(
            Route(
                "GET",
                "/channels/{channel_id}/messages/{message_id}",
                channel_id=channel_id,
                message_id=message_id,
            )
        )

    async def list_messages(
        self, channel_id: int, *, before: int | None = None, limit: int = 100
    ) -> list[Json]:
        """Newest first."""
        route = Route("GET", "/channels/{channel_id}/messages", channel_id=channel_id)
        params = {"limit": str(limit)} | ({"before": str(before)} if before else {})
        return await self._send(route, params=params)  # type: ignore[return-value]  # a list

    async def type(self, channel_id: int) -> None:
        """Show "is typing" for ten seconds."""
        await self._send(Route("POST", "/channels/{channel_id}/typing", channel_id=channel_id))

    async def open_dm(self, user_id: int) -> int:
        """The id of the direct chat with a person."""
        channel = await self._send(
            Route("POST", "/users/@me/channels"), {"recipient_id": str(user_id)}
        )
        return int(channel["id"])

    async def start_thread(self, channel_id: int, message_id: int, name: str) -> int:
        """The id of the thread on a message, which is also the message's."""
        route = Route(
            "POST",
            "/channels/{channel_id}/messages/{message_id}/threads",
            channel_id=channel_id,
            message_id=message_id,
        )
        return int((await self._send(route, {"name": name}))["id"])

    # ------------------------------------------------------------ answers to interactions

    async def follow_up(self, token: str, body: Json, uploads: Sequence[Upload] = ()) -> Json:
        """A message by an interaction's token. Has no nonce: twice are two."""
        return await self._send(self._hook("POST", token), body, uploads)

    async def edit_reply(
        self, token: str, message: str, body: Json, uploads: Sequence[Upload] = ()
    ) -> Json:
        """``message``: a follow-up's id or ORIGINAL."""
        return await self._send(self._hook("PATCH", token, message), body, uploads)

    async def delete_reply(self, token: str, message: str) -> None:
        await self._send(self._hook("DELETE", token, message))

    def _hook(self, method: str, token: str, message: str = "") -> Route:
        path = "/webhooks/{webhook_id}/{webhook_token}"
        ids: Json = {"webhook_id": self.application_id, "webhook_token": token}
        if message == ORIGINAL:
            path += f"/messages/{ORIGINAL}"
        elif message:
            path += "/messages/{message_id}"
            ids["message_id"] = message
        return Route(method, path, **ids)

    # ------------------------------------------------------------ the application

    async def put_commands(self, commands: list[Json]) -> None:
        """Replace all commands that are offered everywhere."""
        route = Route(
            "PUT",
            "/applications/{application_id}/commands",
            application_id=self.application_id,
        )
        await self._send(route, commands)

    async def _send(
        self,
        route: Route,
        body: Json | list[Json] | None = None,
        uploads: Sequence[Upload] = (),
        params: dict[str, str] | None = None,
    ) -> Json:
        await self._is_open.wait()
        assert self._http is not None  # noqa: S101  # it is open
        content: Json = {}
        if uploads:
            content["form"] = _form(body or {}, uploads)
        elif body is not None:
            content["json"] = body
        if params:
            content["params"] = params
        try:
            async with asyncio.timeout(UPLOAD_TIMEOUT_S if uploads else TIMEOUT_S):
                answer: Json = await self._http.request(route, **content)
        except (asyncio.CancelledError, TimeoutError):
            self._open_gate_later(self._http)
            raise
        return answer

    @staticmethod
    def _open_gate_later(http: HTTPClient) -> None:
        """The request that met the limit on all requests shuts the library's gate for all, and
        opens it after the wait; if it was given up meanwhile, nobody ever would.
        """
        gate = http._global_over  # noqa: SLF001  # there is no other handle on it
        if not gate.is_set():
            asyncio.get_running_loop().call_later(GATE_SHUT_S, gate.set)


def _form(body: Json | list[Json], uploads: Sequence[Upload]) -> list[Json]:
    assert isinstance(body, dict)  # noqa: S101  # only messages carry files
    attachments = [
        {"id": number, "filename": upload.name, **(upload.details or {})}
        for number, upload in enumerate(uploads)
    ]
    text = json.dumps({**body, "attachments": attachments})
    form: list[Json] = [{"name": "payload_json", "value": text}]
    form += [
        {
            "name": f"files[{number}]",
            "value": upload.data,
            "filename": upload.name,
            "content_type": upload.mime,
        }
        for number, upload in enumerate(uploads)
    ]
    return form
