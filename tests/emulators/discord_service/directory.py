"""REST for where and who: channels, threads, direct chats, servers, people, the application."""

from __future__ import annotations

from collections.abc import Callable

from tests.emulators.discord_service import permissions
from tests.emulators.discord_service.gateway import Gateway, application_flags
from tests.emulators.discord_service.messages import Messages
from tests.emulators.discord_service.places import DM, PRIVATE_THREAD, PUBLIC_THREAD, ChannelState
from tests.emulators.discord_service.values import (
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    UNKNOWN_USER,
    ApiError,
    Call,
    Json,
    User,
    breach,
    invalid_form,
    unknown,
)
from tests.emulators.discord_service.world import (
    THREAD_CREATED,
    THREAD_STARTER,
    Event,
    World,
)

MAX_THREAD_NAME = 100
ARCHIVE_MINUTES = {60, 1440, 4320, 10080}


class Directory:
    def __init__(self, world: World, messages: Messages, gateway: Gateway) -> None:
        self._world = world
        self._messages = messages
        self._gateway = gateway

    # Channels and threads

    async def get_channel(self, call: Call) -> Json:
        channel = self._messages.channel(call)
        channel.require()
        return channel.raw

    async def update_channel(self, call: Call) -> Json:
        """Of a thread its name and whether it is archived or locked."""
        channel, body = self._messages.channel(call), call.fields
        if not channel.is_thread:
            raise ApiError(403, 50013, "Missing Permissions")
        is_mine = channel.owner is self._world.bot
        if not is_mine or body.get("locked") is not None:
            channel.require(permissions.MANAGE_THREADS)
        channel.name = body.get("name") or channel.name
        archived = body.get("archived")
        channel.set_archived(
            archived=channel.archived if archived is None else archived, locked=body.get("locked")
        )
        return channel.raw

    async def create_thread(self, call: Call) -> Json:
        channel, body = self._messages.channel(call), call.fields
        kind = body.get("type", PRIVATE_THREAD)
        if kind not in {PUBLIC_THREAD, PRIVATE_THREAD}:
            raise invalid_form("type", "BASE_TYPE_CHOICES", "Must be one of (11, 12).")
        is_public = kind == PUBLIC_THREAD
        channel.require(
            permissions.CREATE_PUBLIC_THREADS if is_public else permissions.CREATE_PRIVATE_THREADS
        )
        _check_thread(channel, body)
        thread = open_thread(channel, body["name"], self._world.bot, kind=kind)
        if is_public:
            reference = {"channel_id": str(thread.id), "guild_id": str(channel.guild_id)}
            told = {"type": THREAD_CREATED, "content": body["name"], "message_reference": reference}
            channel.add(self._world.bot, told)
        return thread.raw

    async def create_thread_from_message(self, call: Call) -> Json:
        channel, body = self._messages.channel(call), call.fields
        message = self._messages.message(channel, call.number("message_id"))
        channel.require(permissions.CREATE_PUBLIC_THREADS)
        _check_thread(channel, body)
        if message.id in self._world.channels:
            raise ApiError(400, 160004, "A thread has already been created for this message")
        return start_thread(channel, message.id, body["name"], self._world.bot).raw

    async def join_thread(self, call: Call) -> None:
        thread = self._messages.channel(call)
        thread.require()
        if self._world.bot not in thread.members:
            thread.add_member(self._world.bot)

    async def list_active_threads(self, call: Call) -> Json:
        guild = self._guild(call)
        return self._list(lambda one: one.guild_id == guild and one.is_thread and not one.archived)

    async def list_archived_threads(self, call: Call) -> Json:
        parent = self._messages.channel(call)
        parent.require(permissions.READ_MESSAGE_HISTORY)
        return self._list(lambda one: one.parent is parent and one.archived)

    def _list(self, is_wanted: Callable[[ChannelState], bool]) -> Json:
        found = [one for one in self._world.channels.values() if is_wanted(one)]
        found = [one for one in found if one.allowed & permissions.VIEW_CHANNEL]
        members = [one.raw["member"] for one in found if self._world.bot in one.members]
        threads = [one.raw for one in reversed(found)]
        return {"threads": threads, "members": members, "has_more": False}

    # People

    async def create_dm(self, call: Call) -> Json:
        recipient = self._world.users.get(int(call.fields.get("recipient_id") or 0))
        if recipient is None or recipient is self._world.bot:
            raise breach(50033, "Invalid Recipient(s)")
        return open_dm(self._world, recipient).raw

    async def get_user(self, call: Call) -> Json:
        user = self._world.users.get(call.number("user_id"))
        if user is None:
            raise unknown(UNKNOWN_USER, "User")
        return user.raw

    async def get_me(self, call: Call) -> Json:
        return self._world.bot.raw | {"verified": True, "mfa_enabled": True, "flags": 0}

    # Servers

    async def get_guild(self, call: Call) -> Json:
        return self._world.guilds[self._guild(call)].raw

    async def list_my_guilds(self, call: Call) -> list[Json]:
        return [
            {"id": str(one.id), "name": one.name, "icon": None, "owner": False, "features": []}
            | {"permissions": str(one.bot_permissions)}
            for one in self._world.guilds.values()
            if one.has_bot
        ]

    async def list_guild_channels(self, call: Call) -> list[Json]:
        guild = self._world.guilds[self._guild(call)]
        return [channel.raw for channel in guild.channels if not channel.is_thread]

    async def get_member(self, call: Call) -> Json:
        guild = self._world.guilds[self._guild(call)]
        wanted = call.number("user_id")
        for user in [*guild.members, self._world.bot]:
            if user.id == wanted:
                return guild.member(user)
        raise unknown(10007, "Member")

    def _guild(self, call: Call) -> int:
        guild = self._world.guilds.get(call.number("guild_id"))
        if guild is None:
            raise unknown(UNKNOWN_GUILD, "Guild")
        if not guild.has_bot:
            raise ApiError(403, 50001, "Missing Access")
        return guild.id

    # The application

    async def get_application(self, call: Call) -> Json:
        owner: Json = {"id": "1", "username": "owner", "discriminator": "0", "avatar": None}
        return {
            "id": str(self._world.application_id),
            "name": self._world.bot.display_name,
            "description": "",
            "icon": None,
            "bot_public": self._world.is_public,
            "bot_require_code_grant": False,
            "owner": owner,
            "verify_key": "0" * 64,
            "flags": application_flags(self._world),
            "integration_types_config": {"0": {}, "1": {}},
        }

    async def get_gateway(self, call: Call) -> Json:
        return {"url": self._gateway.url}

    async def get_bot_gateway(self, call: Call) -> Json:
        limit = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
        return {
            "url": self._gateway.url,
            "shards": self._gateway.shards,
            "session_start_limit": limit,
        }


def _check_thread(channel: ChannelState, body: Json) -> None:
    if channel.guild is None or channel.is_thread:
        raise breach(50024, "Cannot execute action on this channel type")
    if not 1 <= len(body.get("name") or "") <= MAX_THREAD_NAME:
        said = f"Must be between 1 and {MAX_THREAD_NAME} in length."
        raise invalid_form("name", "BASE_TYPE_BAD_LENGTH", said)
    minutes = body.get("auto_archive_duration")
    if minutes is not None and minutes not in ARCHIVE_MINUTES:
        said = f"Value must be one of {sorted(ARCHIVE_MINUTES)}."
        raise invalid_form("auto_archive_duration", "BASE_TYPE_CHOICES", said)


def open_thread(
    parent: ChannelState,
    name: str,
    owner: User,
    *,
    kind: int = PUBLIC_THREAD,
    number: int | None = None,
) -> ChannelState:
    world = parent.world
    thread = world.channel_type(
        world, kind, name, guild=parent.guild, members=(owner,), parent=parent, number=number
    )
    data = thread.raw | {"newly_created": True}
    world.dispatch(Event("THREAD_CREATE", data, parent.guild_id, permissions.GUILDS))
    world.changes.announce()
    return thread


def start_thread(parent: ChannelState, message_id: int, name: str, owner: User) -> ChannelState:
    """A thread on a message has the message's id, and begins with a message that points at it."""
    message = parent.message(message_id)
    if message is None:
        raise unknown(UNKNOWN_CHANNEL, "Message")
    thread = open_thread(parent, name, owner, number=message_id)
    parent.world.tell("MESSAGE_UPDATE", message)
    reference = {"channel_id": str(parent.id), "message_id": str(message_id)}
    reference["guild_id"] = str(parent.guild_id)
    thread.add(owner, {"type": THREAD_STARTER, "message_reference": reference})
    return thread


def open_dm(world: World, user: User) -> ChannelState:
    for channel in world.channels.values():
        if channel.kind == DM and channel.members == [user]:
            return channel
    return world.channel_type(world, DM, members=(user,))
