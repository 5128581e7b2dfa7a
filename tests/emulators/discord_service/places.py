"""Servers, channels, threads and direct chats: who is in them, what the bot may do there."""

from __future__ import annotations

from tests.emulators.discord_service import permissions
from tests.emulators.discord_service.files import DEFAULT_FILESIZE_LIMIT, StoredFile
from tests.emulators.discord_service.values import (
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    ApiError,
    Json,
    Typing,
    User,
    timestamp_of,
)
from tests.emulators.discord_service.world import Event, Message, World

TEXT, DM, GROUP_DM = 0, 1, 3
PUBLIC_THREAD, PRIVATE_THREAD = 11, 12
PREMIUM_TIERS = {50 << 20: 2, 100 << 20: 3}  # by the size of files that they allow
JOINED_AT = "2024-01-01T00:00:00+00:00"


class GuildState:
    """``filesize_limit`` shows to discord.py only where a boost level has it (10, 50, 100 MiB)."""

    def __init__(
        self,
        world: World,
        name: str,
        members: tuple[User, ...],
        bot_permissions: int,
        filesize_limit: int = DEFAULT_FILESIZE_LIMIT,
        *,
        has_bot: bool = True,
    ) -> None:
        self.world = world
        self.id = world.clock.snowflake()
        self.name = name
        self.members = list(members)
        self.bot_permissions = bot_permissions
        self.filesize_limit = filesize_limit
        self.has_bot = has_bot
        self.bot_role_id = world.clock.snowflake()
        self.roles: dict[str, int] = {}
        world.guilds[self.id] = self

    @property
    def channels(self) -> list[ChannelState]:
        return [channel for channel in self.world.channels.values() if channel.guild is self]

    @property
    def raw(self) -> Json:
        return {
            "id": str(self.id),
            "name": self.name,
            "owner_id": str(self.members[0].id),
            "roles": self._roles(),
            "emojis": [],
            "features": [],
            "verification_level": 0,
            "default_message_notifications": 1,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": PREMIUM_TIERS.get(self.filesize_limit, 0),
            "preferred_locale": "en-US",
            "system_channel_flags": 0,
        }

    def created_event(self, *, with_members: bool) -> Json:
        """GUILD_CREATE's data; without the members intent it tells of the bot alone."""
        told = [*self.members] if with_members else []
        places = [channel.raw for channel in self.channels if not channel.is_thread]
        threads = [place.raw for place in self.channels if place.is_thread and not place.archived]
        return self.raw | {
            "joined_at": JOINED_AT,
            "large": False,
            "unavailable": False,
            "member_count": len(self.members) + 1,
            "members": [self.member(user) for user in [*told, self.world.bot]],
            "channels": places,
            "threads": threads,
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def member(self, user: User, *, with_user: bool = True) -> Json:
        roles = [str(self.bot_role_id)] if user is self.world.bot else []
        member: Json = {"roles": roles, "joined_at": JOINED_AT, "deaf": False, "mute": False}
        member |= {"nick": None, "avatar": None, "pending": False, "flags": 0}
        return member | ({"user": user.raw} if with_user else {})

    def _roles(self) -> list[Json]:
        everyone = self.bot_permissions & permissions.MEMBER_PERMISSIONS
        roles = [self._role(self.id, "@everyone", everyone, 0)]
        roles += [self._role(number, name, 0, 1) for name, number in self.roles.items()]
        mine = self._role(self.bot_role_id, "Parley", self.bot_permissions, 2)
        return [*roles, mine | {"managed": True, "tags": {"bot_id": str(self.world.bot.id)}}]

    @staticmethod
    def _role(number: int, name: str, allowed: int, position: int) -> Json:
        role: Json = {"id": str(number), "name": name, "permissions": str(allowed)}
        role |= {"position": position, "color": 0, "hoist": False, "managed": False, "flags": 0}
        colors = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}
        return role | {"mentionable": True, "colors": colors}


class ChannelState:
    """A channel, a thread (it has a ``parent``) or a direct chat (it has no ``guild``)."""

    def __init__(
        self,
        world: World,
        kind: int,
        name: str = "",
        *,
        guild: GuildState | None = None,
        members: tuple[User, ...] = (),
        parent: ChannelState | None = None,
        number: int | None = None,
    ) -> None:
        self.world = world
        self.id = number or world.clock.snowflake()
        self.kind = kind
        self.name = name
        self.guild = guild
        self.members = list(members)
        self.parent = parent
        self.typing: list[Typing] = []
        self.ephemeral_messages: list[Message] = []
        self.deleted_messages: list[Message] = []
        self.bot_permissions: int | None = None
        self.is_dm_refused = False
        self.archived = self.locked = False
        self.owner = members[0] if members else world.bot
        self._messages: dict[int, Message] = {}
        world.channels[self.id] = self

    @property
    def messages(self) -> list[Message]:
        """What everybody in the channel sees, oldest first."""
        return list(self._messages.values())

    @property
    def bot_messages(self) -> list[Message]:
        return [message for message in self._messages.values() if message.is_bot]

    @property
    def is_thread(self) -> bool:
        return self.kind in {PUBLIC_THREAD, PRIVATE_THREAD}

    @property
    def has_bot(self) -> bool:
        """Whether the bot is in there; else it comes only as somebody's user-installed app."""
        return self.guild.has_bot if self.guild else self.kind == DM

    @property
    def guild_id(self) -> int | None:
        return self.guild.id if self.guild else None

    @property
    def filesize_limit(self) -> int:
        return self.guild.filesize_limit if self.guild else DEFAULT_FILESIZE_LIMIT

    @property
    def message_intent(self) -> int:
        return permissions.GUILD_MESSAGES if self.guild else permissions.DIRECT_MESSAGES

    @property
    def allowed(self) -> int:
        """What the bot may do here."""
        if self.guild is None:
            return permissions.BOT_PERMISSIONS if self.has_bot else 0
        if not self.guild.has_bot:
            return 0
        if self.bot_permissions is not None:
            return self.bot_permissions
        return self.parent.allowed if self.parent else self.guild.bot_permissions

    def require(self, *needed: int) -> None:
        """ApiError if the bot lacks one of these; seeing the channel is always needed."""
        if not self.allowed & permissions.VIEW_CHANNEL:
            raise ApiError(403, MISSING_ACCESS, "Missing Access")
        if any(not self.allowed & bit for bit in needed):
            raise ApiError(403, MISSING_PERMISSIONS, "Missing Permissions")

    @property
    def raw(self) -> Json:
        raw: Json = {"id": str(self.id), "type": self.kind, "flags": 0}
        raw["last_message_id"] = str(max(self._messages)) if self._messages else None
        if self.guild is None:
            people = [user.raw for user in self.members]
            return raw | {"recipients": people} | ({"name": self.name} if self.name else {})
        raw |= {"guild_id": str(self.guild.id), "name": self.name, "rate_limit_per_user": 0}
        if not self.is_thread:
            overwrites = {"permission_overwrites": self._overwrites()}
            return raw | overwrites | {"position": 0, "nsfw": False, "topic": None}
        times = {"archive_timestamp": timestamp_of(self.id), "auto_archive_duration": 1440}
        times["create_timestamp"] = timestamp_of(self.id)
        raw["thread_metadata"] = times | {"archived": self.archived, "locked": self.locked}
        raw |= {"parent_id": str(self.parent.id) if self.parent else None}
        raw |= {"owner_id": str(self.owner.id), "member_count": len(self.members)}
        if self.world.bot in self.members:
            joined = {"join_timestamp": timestamp_of(self.id), "flags": 0}
            raw["member"] = {"id": str(self.id), "user_id": str(self.world.bot.id)} | joined
        count = len(self._messages)
        return raw | {"message_count": count, "total_message_sent": count}

    def _overwrites(self) -> list[Json]:
        if self.bot_permissions is None or self.guild is None:
            return []
        denied = self.guild.bot_permissions & ~self.bot_permissions
        allowed = self.bot_permissions & ~self.guild.bot_permissions
        who = {"id": str(self.world.bot.id), "type": 1}
        return [who | {"allow": str(allowed), "deny": str(denied)}]

    # Messages

    def message(self, message_id: int) -> Message | None:
        return self._messages.get(message_id)

    def add(self, author: User, body: Json, files: list[StoredFile] | None = None) -> Message:
        """Everybody sees it, and the gateway tells; an ephemeral one goes to one person alone."""
        if self.archived:
            self.set_archived(archived=False)
        message = Message(self, author, body, files)
        if message.is_ephemeral:
            self.ephemeral_messages.append(message)
        else:
            self._messages[message.id] = message
        if self.is_thread and author not in self.members:
            self.add_member(author)
        self.world.tell("MESSAGE_CREATE", message)
        return message

    def rewrite(self, message: Message, body: Json, files: list[StoredFile] | None = None) -> None:
        message.body |= body | {"edited_timestamp": self.world.clock.timestamp()}
        if files is not None:
            message.files = files
        message.remember()
        self.world.tell("MESSAGE_UPDATE", message)

    def remove(self, message: Message) -> None:
        message.is_deleted = True
        self._messages.pop(message.id, None)
        self.deleted_messages.append(message)
        if message in self.ephemeral_messages:
            self.ephemeral_messages.remove(message)
            self.world.changes.announce()
        else:
            self.tell("MESSAGE_DELETE", {"id": str(message.id)}, self.message_intent)

    def add_member(self, user: User) -> None:
        """Somebody joins the thread, by writing, by being mentioned or by asking to."""
        self.members.append(user)
        joined = {"id": str(self.id), "user_id": str(user.id), "flags": 0}
        joined["join_timestamp"] = self.world.clock.timestamp()
        data: Json = {"id": str(self.id), "guild_id": str(self.guild_id)}
        data |= {"member_count": len(self.members), "added_members": [joined]}
        self.world.dispatch(Event("THREAD_MEMBERS_UPDATE", data, self.guild_id, permissions.GUILDS))

    def set_archived(self, *, archived: bool, locked: bool | None = None) -> None:
        self.archived = archived
        self.locked = self.locked if locked is None else locked
        self.world.dispatch(Event("THREAD_UPDATE", self.raw, self.guild_id, permissions.GUILDS))
        self.world.changes.announce()

    def tell(self, name: str, data: Json, intent: int) -> None:
        """Dispatch an event of this channel, if the bot is in it."""
        self.world.changes.announce()
        if not self.has_bot:
            return
        data = {"channel_id": str(self.id)} | data
        if self.guild is not None:
            data["guild_id"] = str(self.guild.id)
        self.world.dispatch(Event(name, data, self.guild_id, intent))
