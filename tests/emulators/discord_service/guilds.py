"""A server as tests handle it: its channels, and whether the bot is in it."""

from __future__ import annotations

from tests.emulators.discord_service import permissions
from tests.emulators.discord_service.people import Channel
from tests.emulators.discord_service.places import TEXT, GuildState
from tests.emulators.discord_service.values import User
from tests.emulators.discord_service.world import Event


class Guild(GuildState):
    def text_channel(self, name: str = "general", *, bot_permissions: int | None = None) -> Channel:
        """``bot_permissions`` where they differ from those of the server."""
        channel = Channel(self.world, TEXT, name, guild=self)
        channel.bot_permissions = bot_permissions
        channel.tell("CHANNEL_CREATE", channel.raw, permissions.GUILDS)
        return channel

    def add_member(self, user: User) -> None:
        self.members.append(user)
        data = self.member(user) | {"guild_id": str(self.id)}
        self.world.dispatch(Event("GUILD_MEMBER_ADD", data, self.id, permissions.GUILD_MEMBERS))

    def add_role(self, name: str) -> int:
        """The role's id, for ``<@&id>``."""
        self.roles[name] = self.world.clock.snowflake()
        role = next(one for one in self.raw["roles"] if one["id"] == str(self.roles[name]))
        data = {"guild_id": str(self.id), "role": role}
        self.world.dispatch(Event("GUILD_ROLE_CREATE", data, self.id, permissions.GUILDS))
        return self.roles[name]

    def invite_bot(self) -> None:
        self.has_bot = True
        data = self.created_event(with_members=False)
        del data["unavailable"]  # so it is when the bot joins; at its start the key is False
        self.world.dispatch(Event("GUILD_CREATE", data, self.id, permissions.GUILDS))

    def kick_bot(self) -> None:
        self.has_bot = False
        self.world.dispatch(
            Event("GUILD_DELETE", {"id": str(self.id)}, self.id, permissions.GUILDS)
        )
