"""The gateway: sessions that outlive their connections, events in order, replay after a resume."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.emulators.discord_service import permissions
from tests.emulators.discord_service.values import Json
from tests.emulators.discord_service.world import Event, World

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE, RESUME = 0, 1, 2, 3, 4, 6
RECONNECT, REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK, SOUNDS = 7, 8, 9, 10, 11, 31
UNKNOWN_OP, NOT_DECODABLE, NOT_AUTHENTICATED, WRONG_TOKEN = 4001, 4002, 4003, 4004
ALREADY_IDENTIFIED, BAD_SHARD, BAD_INTENTS, FORBIDDEN_INTENTS = 4005, 4010, 4013, 4014
MAX_PAYLOAD_BYTES = 4096
CLOSE_WAIT_S = 0.5


class _CloseError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(slots=True)
class Session:
    """One identify; ``sent`` keeps all its events, for a resume."""

    id: str
    intents: int
    shard: tuple[int, int]
    sent: list[Json] = field(default_factory=list)
    connection: Connection | None = None
    resumed: int = 0

    @property
    def is_connected(self) -> bool:
        return self.connection is not None

    def dispatch(self, name: str, data: Json) -> None:
        payload: Json = {"op": DISPATCH, "t": name, "s": len(self.sent) + 1, "d": data}
        self.sent.append(payload)
        if self.connection is not None:
            self.connection.send(payload)

    def sees(self, event: Event) -> bool:
        shard, count = self.shard
        home = 0 if event.guild_id is None else (event.guild_id >> 22) % count
        return home == shard and (not event.intents or bool(self.intents & event.intents))


class Connection:
    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.session: Session | None = None
        self._request = request
        self._outbox: asyncio.Queue[Json] = asyncio.Queue()

    def send(self, payload: Json) -> None:
        self._outbox.put_nowait(payload)

    async def write(self) -> None:
        while not self.socket.closed:
            payload = await self._outbox.get()
            try:
                await self.socket.send_str(json.dumps(payload))
            except ConnectionError:
                return

    def cut(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()


class Gateway:
    """``identifies`` and ``resumes`` list what the bot sent, with ``time_s`` (monotonic)."""

    def __init__(self, world: World, token: str, heartbeat_interval_s: float, shards: int) -> None:
        self.world = world
        self.url = ""
        self.shards = shards
        self.sessions: list[Session] = []
        self.identifies: list[Json] = []
        self.resumes: list[Json] = []
        self.heartbeats = 0
        self.presences: list[Json] = []
        self.is_open = True
        self._token = token
        self._heartbeat_interval_s = heartbeat_interval_s
        self._connections: set[Connection] = set()
        self._gate = asyncio.Event()
        self._gate.set()

    # What tests do

    @property
    def connected(self) -> list[Session]:
        return [session for session in self.sessions if session.is_connected]

    def drop(self) -> None:
        """Cut all connections without a word; the sessions can be resumed."""
        for connection in list(self._connections):
            connection.cut()
        self._forget_connections()

    def hold(self) -> None:
        """Greet no new connection until release(): events meanwhile wait for the resume."""
        self._gate.clear()

    def release(self) -> None:
        self._gate.set()

    def ask_to_reconnect(self) -> None:
        """Op 7: the client closes and resumes."""
        for connection in list(self._connections):
            connection.send({"op": RECONNECT, "d": None})

    def invalidate(self, *, is_resumable: bool = False) -> None:
        """Op 9; unless it is resumable, the sessions are gone with what was not yet received."""
        for connection in list(self._connections):
            connection.send({"op": INVALID_SESSION, "d": is_resumable})
        if not is_resumable:
            self.forget_sessions()

    def forget_sessions(self) -> None:
        """The next resume is answered with op 9, as after minutes without a connection."""
        for session in self.sessions:
            session.connection = None
        self.sessions.clear()

    def dispatch(self, event: Event) -> None:
        for session in self.sessions:
            if not session.sees(event):
                continue
            data = event.data
            if event.has_content and not session.intents & permissions.MESSAGE_CONTENT:
                data = self.world.withhold(data)
            session.dispatch(event.name, data)
        self.world.changes.announce()

    # Serving

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if not self.is_open:
            return web.Response(status=503)
        socket = web.WebSocketResponse(timeout=CLOSE_WAIT_S)
        await socket.prepare(request)
        connection = Connection(socket, request)
        writer = asyncio.create_task(connection.write())
        self._connections.add(connection)
        try:
            await self._gate.wait()
            interval_ms = int(self._heartbeat_interval_s * 1000)
            connection.send({"op": HELLO, "d": {"heartbeat_interval": interval_ms}})
            await self._read(connection)
        except _CloseError as error:
            if error.code not in {
                WRONG_TOKEN,
                FORBIDDEN_INTENTS,
            }:  # wrong settings, not bad manners
                self.world.note_violation(f"gateway: {error.code} {error.reason}")
            await socket.close(code=error.code, message=error.reason.encode())
        finally:
            writer.cancel()
            self._connections.discard(connection)
            self._leave(connection)
        return socket

    async def close(self) -> None:
        self.is_open = False
        self._gate.set()
        for connection in list(self._connections):
            await connection.socket.close(code=1001)

    async def _read(self, connection: Connection) -> None:
        async for message in connection.socket:
            if message.type is not WSMsgType.TEXT:
                raise _CloseError(NOT_DECODABLE, "Decode error.")
            if len(message.data.encode()) > MAX_PAYLOAD_BYTES:
                raise _CloseError(NOT_DECODABLE, "Payload too large.")
            try:
                payload = json.loads(message.data)
                op, data = payload["op"], payload.get("d")
            except (ValueError, KeyError, TypeError) as exc:
                raise _CloseError(NOT_DECODABLE, "Decode error.") from exc
            self._take(connection, op, data)
            self.world.changes.announce()

    def _take(self, connection: Connection, op: object, data: Any) -> None:
        if op == HEARTBEAT:
            self.heartbeats += 1
            connection.send({"op": HEARTBEAT_ACK, "d": None})
        elif op == IDENTIFY:
            self._identify(connection, data)
        elif op == RESUME:
            self._resume(connection, data)
        elif connection.session is None:
            raise _CloseError(NOT_AUTHENTICATED, "Not authenticated.")
        elif op == PRESENCE:
            self.presences.append(data)
        elif op == REQUEST_MEMBERS:
            self._give_members(connection.session, data)
        elif op not in {VOICE_STATE, SOUNDS}:
            raise _CloseError(UNKNOWN_OP, f"Unknown opcode {op}.")

    def _identify(self, connection: Connection, data: Json) -> None:
        if connection.session is not None:
            raise _CloseError(ALREADY_IDENTIFIED, "Already authenticated.")
        said = {key: value for key, value in data.items() if key != "token"}
        self.identifies.append(said | {"time_s": time.monotonic()})
        if data.get("token") != self._token:
            raise _CloseError(WRONG_TOKEN, "Authentication failed.")
        intents = data.get("intents")
        if not isinstance(intents, int) or not 0 <= intents <= permissions.ALL_INTENTS:
            raise _CloseError(BAD_INTENTS, "Invalid intents.")
        if intents & permissions.PRIVILEGED_INTENTS & ~self.world.portal_intents:
            raise _CloseError(FORBIDDEN_INTENTS, "Disallowed intents.")
        shard, count = data.get("shard") or (0, 1)
        if not 0 <= shard < count:
            raise _CloseError(BAD_SHARD, "Invalid shard.")
        session = Session(f"session{self.world.clock.snowflake()}", intents, (shard, count))
        self.sessions.append(session)
        self._attach(session, connection)
        self._greet(session)

    def _greet(self, session: Session) -> None:
        world = self.world
        mine = [
            guild
            for guild in world.guilds.values()
            if guild.has_bot and session.sees(Event("", {}, guild.id))
        ]
        ready: Json = {"v": 10, "user": world.bot.raw, "session_id": session.id}
        ready |= {"resume_gateway_url": self.url, "shard": list(session.shard)}
        ready["guilds"] = [{"id": str(guild.id), "unavailable": True} for guild in mine]
        ready["application"] = {"id": str(world.application_id), "flags": application_flags(world)}
        session.dispatch("READY", ready)
        if session.intents & permissions.GUILDS:
            with_members = bool(session.intents & permissions.GUILD_MEMBERS)
            for guild in mine:
                session.dispatch("GUILD_CREATE", guild.created_event(with_members=with_members))

    def _resume(self, connection: Connection, data: Json) -> None:
        said = {key: value for key, value in data.items() if key != "token"}
        self.resumes.append(said | {"time_s": time.monotonic()})
        if data.get("token") != self._token:
            raise _CloseError(WRONG_TOKEN, "Authentication failed.")
        known = [session for session in self.sessions if session.id == data.get("session_id")]
        seen = data.get("seq") or 0
        if not known or seen > len(known[0].sent):
            connection.send({"op": INVALID_SESSION, "d": False})
            return
        session = known[0]
        missed = session.sent[seen:]
        self._attach(session, connection)
        session.resumed += 1
        for payload in missed:
            connection.send(payload)
        session.dispatch("RESUMED", {})

    def _give_members(self, session: Session, data: Json) -> None:
        guild = self.world.guilds.get(int(data["guild_id"]))
        if guild is None:
            return
        wanted = {str(number) for number in data.get("user_ids") or []}
        found = [
            guild.member(user)
            for user in [*guild.members, self.world.bot]
            if not wanted or str(user.id) in wanted
        ]
        chunk: Json = {"guild_id": str(guild.id), "members": found, "nonce": data.get("nonce")}
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk | {"chunk_index": 0, "chunk_count": 1})

    def _attach(self, session: Session, connection: Connection) -> None:
        if session.connection is not None:
            session.connection.cut()
        session.connection, connection.session = connection, session

    def _leave(self, connection: Connection) -> None:
        """A client that closes with 1000 or 1001 is gone for good, with its session."""
        session = connection.session
        if session is None or session.connection is not connection:
            return
        session.connection = None
        if connection.socket.close_code in {1000, 1001} and session in self.sessions:
            self.sessions.remove(session)
        self.world.changes.announce()

    def _forget_connections(self) -> None:
        for session in self.sessions:
            session.connection = None
        self._connections.clear()
        self.world.changes.announce()


def application_flags(world: World) -> int:
    """Small bots have the "limited" flags for the privileged intents switched on in the portal."""
    flags = 0
    for intent, flag in (
        (permissions.GUILD_PRESENCES, 1 << 13),
        (permissions.GUILD_MEMBERS, 1 << 15),
        (permissions.MESSAGE_CONTENT, 1 << 19),
    ):
        flags |= flag if world.portal_intents & intent else 0
    return flags
