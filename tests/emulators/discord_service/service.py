"""The emulator itself: REST and gateway on loopback, and the tests' handle on its world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.emulators.discord_service import permissions
from tests.emulators.discord_service.commands import Commands
from tests.emulators.discord_service.directory import Directory, open_dm
from tests.emulators.discord_service.faults import Pace, Step
from tests.emulators.discord_service.files import DEFAULT_FILESIZE_LIMIT
from tests.emulators.discord_service.gateway import Gateway
from tests.emulators.discord_service.guilds import Guild
from tests.emulators.discord_service.interactions import Interaction, Interactions
from tests.emulators.discord_service.messages import Messages
from tests.emulators.discord_service.people import Channel, as_channel
from tests.emulators.discord_service.places import GROUP_DM
from tests.emulators.discord_service.rest import API_PATH, CLOSE_WAIT_S, Rest
from tests.emulators.discord_service.routes import list_operations
from tests.emulators.discord_service.values import Call, Clock, Json, Pings, User
from tests.emulators.discord_service.wire import MAX_REQUEST_BYTES
from tests.emulators.discord_service.world import Message, World


class DiscordEmulator:
    """``violations`` collects what a careful bot never does; a test ends with it == [].

    Everything lives in this process: a bot that dies and comes back finds its channels, messages,
    commands and interactions as they were, and a gateway session that it may resume. ``pace`` may
    be set or taken away (None) at any time. ``portal_intents`` are the privileged intents that the
    developer portal grants.
    """

    def __init__(
        self,
        token: str = "test-token",  # noqa: S107 - made up
        *,
        pace: Pace | None = None,
        portal_intents: int = permissions.PRIVILEGED_INTENTS,
        heartbeat_interval_s: float = 41.25,
        shards: int = 1,
        username: str = "Parley",
        clock: Clock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        clock = clock or Clock()
        bot = User(clock.snowflake(), username, username, is_bot=True)
        self.token = token
        self.clock = clock
        self.world = World(bot, Channel, clock, portal_intents=portal_intents)
        self.gateway = Gateway(self.world, token, heartbeat_interval_s, shards)
        self.world.dispatch = self.gateway.dispatch
        messages = Messages(self.world)
        operations = list_operations(
            messages,
            Interactions(self.world, messages),
            Commands(self.world),
            Directory(self.world, messages, self.gateway),
        )
        self._rest = Rest(self.world, token, operations, pace)
        self._host, self._port = host, port
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MAX_REQUEST_BYTES)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/gateway/", self.gateway.serve)
        self._rest.add_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_WAIT_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.world.files.root_url = self.root_url
        self.gateway.url = self.gateway_url
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.gateway.close()
        await self._rest.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def root_url(self) -> str:
        return f"http://{self._host}:{self._port}"

    @property
    def api_base_url(self) -> str:
        return f"{self.root_url}{API_PATH}"

    @property
    def gateway_url(self) -> str:
        return f"ws://{self._host}:{self._port}/gateway"

    @property
    def pace(self) -> Pace | None:
        return self._rest.pace

    @pace.setter
    def pace(self, pace: Pace | None) -> None:
        self._rest.pace = pace

    # People and places

    def user(self, name: str = "alice", display_name: str | None = None) -> User:
        number = self.clock.snowflake()
        user = User(number, name.lower(), display_name or name.capitalize())
        self.world.users[number] = user
        return user

    def guild(
        self,
        name: str = "Guild",
        members: Sequence[User] = (),
        *,
        bot_permissions: int = permissions.BOT_PERMISSIONS,
        filesize_limit: int = DEFAULT_FILESIZE_LIMIT,
        has_bot: bool = True,
    ) -> Guild:
        """Without the bot in it, its people may still use the app where they installed it."""
        people = tuple(members) or (self.user(),)
        guild = Guild(self.world, name, people, bot_permissions, filesize_limit, has_bot=has_bot)
        if has_bot:
            guild.invite_bot()
        return guild

    def dm(self, user: User, *, is_refused: bool = False) -> Channel:
        """The direct chat with the bot; ``is_refused``: the person takes no messages from it."""
        channel = as_channel(open_dm(self.world, user))
        channel.is_dm_refused = is_refused
        return channel

    def private_chat(self, *members: User) -> Channel:
        """A chat of people without the bot, where they may use it as a user-installed app."""
        return Channel(self.world, GROUP_DM, members=members)

    def channel(self, channel_id: int) -> Channel:
        """Also what the bot opened: a thread, a direct chat."""
        return as_channel(self.world.channels[channel_id])

    # Faults

    def script(self, name: str, *steps: Step, channel_id: int | None = None) -> None:
        """The next calls of an operation (in one channel, if given) meet these steps, in order.

        Operations have the names of Discord's description, see routes.py; "file" is a download.
        """
        known = {operation.name for operation in self._rest.operations} | {"file"}
        if name not in known:
            raise ValueError(f"no operation {name!r}: {sorted(known)}")
        self._rest.scripts.add(name, steps, channel_id)

    # Looking

    @property
    def calls(self) -> list[Call]:
        return self.world.calls

    def calls_of(self, *names: str, channel_id: int | None = None) -> list[Call]:
        return [
            call
            for call in self.calls
            if call.name in names and channel_id in {None, call.channel_id}
        ]

    @property
    def violations(self) -> list[str]:
        return self.world.violations

    @property
    def refused_calls(self) -> list[Call]:
        """What was answered with a 4xx other than 429 and other than a scripted one."""
        return [
            call
            for call in self.calls
            if call.status and 400 <= call.status < 500 and call.status != 429
            if not call.is_scripted
        ]

    @property
    def interactions(self) -> list[Interaction]:
        return list(self.world.interactions.values())

    @property
    def pings(self) -> list[tuple[Message, Pings]]:
        """The bot's messages that notified anybody."""
        channels = self.world.channels.values()
        sent = [message for channel in channels for message in channel.bot_messages]
        return [(message, message.pings) for message in sent if message.pings]

    def commands(self, guild: Guild | None = None) -> list[Json]:
        return self.world.commands.get(guild.id if guild else None, [])

    async def wait_until(self, predicate: Callable[[], object], timeout_s: float = 10) -> None:
        if not await self.world.changes.wait_until(predicate, timeout_s):
            raise TimeoutError(f"the condition was not met; last calls: {self.calls[-5:]!r:.2000}")

    async def wait_until_ready(self, timeout_s: float = 10) -> None:
        """Until a gateway session is connected."""
        await self.wait_until(lambda: self.gateway.connected, timeout_s)
