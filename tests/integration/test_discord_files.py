"""Fetching what people sent on Discord, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from bot.discord.client import ParleyBot
from bot.discord.files import PAUSES_S, FileFetcher
from bot.discord.rest import Rest
from handlers.errors import FileTooLargeError, FileUnavailableError, ParleyError
from handlers.messages import Attachment, AttachmentKind
from tests.emulators.discord import (
    AcceptThenDrop,
    Channel,
    DiscordEmulator,
    Drop,
    Fail,
    Gate,
    Hang,
    Html502,
    Message,
    Pass,
    Upload,
)
from tests.unit.discord.ear import Ear
from tests.unit.emulators.discord_client import point_at

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CAT = b"a picture of a cat"
MAX_BYTES = 100_000


class Pauses(list[float]):
    """What is waited for, which is nothing."""

    async def __call__(self, pause_s: float) -> None:
        self.append(pause_s)


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordEmulator]:
    async with DiscordEmulator() as emulator:
        point_at(emulator, monkeypatch)
        yield emulator


@pytest.fixture
def chat(service: DiscordEmulator) -> Channel:
    return service.dm(service.user("alice"))


@pytest.fixture
def sent(chat: Channel) -> Message:
    return chat.send(attachments=[Upload("cat.bin", CAT)])


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
async def rest(service: DiscordEmulator) -> AsyncIterator[Rest]:
    async with ParleyBot(Ear()) as bot:
        await bot.login(service.token)
        rest = Rest()
        rest.open(bot.http, bot.application_id or 0)
        yield rest


@asynccontextmanager
async def fetching(rest: Rest, pauses: Pauses, **limits: Any) -> AsyncIterator[FileFetcher]:
    files = FileFetcher(rest, MAX_BYTES, pause=pauses, **limits)
    try:
        yield files
    finally:
        await files.aclose()


@pytest.fixture
async def files(rest: Rest, pauses: Pauses) -> AsyncIterator[FileFetcher]:
    async with fetching(rest, pauses) as files:
        yield files


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def at(url: str) -> Attachment:
    """A file that came with a command."""
    return Attachment(AttachmentKind.PHOTO, url)


def hanging_on(service: DiscordEmulator, message: Message, url: str = "") -> Attachment:
    """A file of a message, or of one that it forwards, with its own address or another."""
    snapshots = message.raw.get("message_snapshots") or []
    holder = snapshots[0]["message"] if snapshots else message.raw
    (file,) = holder["attachments"]
    place = f"{message.channel.id}/{message.id}/{file['id']}"
    return at(f"{url or file['url']} {place}")


def refused(kind: type[ParleyError], said: str = "") -> Any:
    """The error, of which no word is a part of an address."""

    def is_it(error: ParleyError) -> bool:
        told = f"{error} {error.values}"
        return said in told and "http:" not in told and "/attachments" not in told

    return pytest.raises(kind, check=is_it)


# ---------------------------------------------------------------- what is there


async def test_the_bytes_of_a_file_are_fetched(
    service: DiscordEmulator, sent: Message, files: FileFetcher
) -> None:
    assert await files.fetch(hanging_on(service, sent)) == CAT
    assert len(service.calls_of("file")) == 1
    assert service.calls_of("get_message") == []


async def test_a_file_of_just_the_limit_is_fetched(
    service: DiscordEmulator, chat: Channel, files: FileFetcher
) -> None:
    whole = bytes(MAX_BYTES)
    said = chat.send(attachments=[Upload("cat.bin", whole)])
    assert await files.fetch(hanging_on(service, said)) == whole


async def test_nothing_that_tells_who_asks_is_sent(files: FileFetcher) -> None:
    asked: list[web.BaseRequest] = []

    async def give(request: web.Request) -> web.Response:
        asked.append(request)
        answer = web.Response(body=CAT)
        answer.set_cookie("who", "you")
        return answer

    async with serving(give) as url:
        for _ in range(2):
            assert await files.fetch(at(f"{url}/cat?ex=1&is=2&hm=3")) == CAT
    assert [request.path_qs for request in asked] == ["/cat?ex=1&is=2&hm=3"] * 2
    for request in asked:
        assert not {"Authorization", "Cookie"} & set(request.headers)


async def test_a_redirect_is_not_followed(files: FileFetcher) -> None:
    asked = []

    async def send_on(request: web.Request) -> web.Response:
        asked.append(request.path)
        raise web.HTTPFound("/elsewhere")

    async with serving(send_on) as url:
        with refused(FileUnavailableError, "HTTP 302"):
            await files.fetch(at(f"{url}/cat"))
    assert asked == ["/cat"]


# ---------------------------------------------------------------- too large


async def test_a_file_that_is_larger_than_it_claimed_is_not_read(
    service: DiscordEmulator, chat: Channel, files: FileFetcher
) -> None:
    huge = Upload("cat.bin", bytes(30 << 20), claimed_bytes=10)
    said = chat.send(attachments=[huge])
    with refused(FileTooLargeError) as raised:
        await files.fetch(hanging_on(service, said))
    assert raised.value.values == {"size": "30 MB", "limit": "97.7 KB"}
    assert str(raised.value) == "photo"


async def test_a_file_of_unknown_length_is_read_up_to_the_limit(files: FileFetcher) -> None:
    is_cut = asyncio.Event()

    async def give_on_and_on(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        try:
            while True:
                await answer.write(bytes(10_000))
        except ConnectionError:
            is_cut.set()
        return answer

    async with serving(give_on_and_on) as url:
        with refused(FileTooLargeError) as raised:
            await files.fetch(at(url))
        async with asyncio.timeout(10):
            await is_cut.wait()
    assert raised.value.values == {"size": "more than 97.7 KB", "limit": "97.7 KB"}


async def test_what_is_packed_is_not_unpacked(files: FileFetcher) -> None:
    bomb = b"\x1f\x8b packed"

    async def give(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    async with serving(give) as url:
        assert await files.fetch(at(url)) == bomb


# ---------------------------------------------------------------- what breaks


@pytest.mark.parametrize(
    ("faults", "pause_count"),
    [
        ((Drop(),), 0),  # a connection that was kept open: it is asked for at once on a new one
        ((Drop(), Drop()), 1),
        ((AcceptThenDrop(), Drop(), Html502()), 2),
        ((Fail(500), Fail(503)), 2),
        ((Fail(429),), 1),
    ],
)
async def test_what_passes_is_waited_out(
    service: DiscordEmulator,
    sent: Message,
    files: FileFetcher,
    pauses: Pauses,
    faults: tuple[Any, ...],
    pause_count: int,
) -> None:
    service.script("file", *faults)
    assert await files.fetch(hanging_on(service, sent)) == CAT
    assert pauses == list(PAUSES_S[:pause_count])


@pytest.mark.parametrize("faults", [[Drop()] * 6, [Html502()] * 3, [Fail(500)] * 3])
async def test_what_does_not_pass_is_given_up(
    service: DiscordEmulator, sent: Message, files: FileFetcher, pauses: Pauses, faults: list[Any]
) -> None:
    service.script("file", *faults, Pass())
    with refused(FileUnavailableError):
        await files.fetch(hanging_on(service, sent))
    assert len(service.calls_of("file")) == len(faults)
    assert pauses == list(PAUSES_S)


async def test_a_file_that_breaks_off_is_fetched_anew(files: FileFetcher, pauses: Pauses) -> None:
    tries = 0

    async def break_off_once(request: web.Request) -> web.StreamResponse:
        nonlocal tries
        tries += 1
        answer = web.StreamResponse(headers={"Content-Length": str(len(CAT))})
        await answer.prepare(request)
        await answer.write(CAT if tries > 1 else CAT[:5])
        if tries == 1 and request.transport is not None:
            request.transport.close()
        return answer

    async with serving(break_off_once) as url:
        assert await files.fetch(at(url)) == CAT
    assert pauses == [PAUSES_S[0]]


async def test_a_server_that_falls_silent_is_asked_again(
    service: DiscordEmulator, sent: Message, rest: Rest, pauses: Pauses
) -> None:
    service.script("file", Hang())
    async with fetching(rest, pauses, silence_timeout_s=0.2) as files:
        assert await files.fetch(hanging_on(service, sent)) == CAT
    service.script("file", Hang(), Hang(), Hang())
    async with fetching(rest, pauses, silence_timeout_s=0.05) as files:
        with refused(FileUnavailableError, "TimeoutError"):
            await files.fetch(hanging_on(service, sent))


async def test_a_file_that_only_trickles_is_given_up(rest: Rest, pauses: Pauses) -> None:
    async def trickle(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while request.transport is not None and not request.transport.is_closing():
            await answer.write(b".")
            await asyncio.sleep(0.01)
        return answer

    async with serving(trickle) as url, fetching(rest, pauses, total_timeout_s=0.3) as files:
        with refused(FileUnavailableError, "too long"):
            await files.fetch(at(url))


@pytest.mark.parametrize("url", ["", "no address", "http://[::1", "http://127.0.0.1:1/f"])
async def test_an_address_where_nothing_is_gives_no_file(files: FileFetcher, url: str) -> None:
    with refused(FileUnavailableError):
        await files.fetch(at(url.replace(" ", "-")))


# ---------------------------------------------------------------- expired addresses


@pytest.mark.parametrize("status", [403, 404])
async def test_an_expired_address_is_asked_for_anew(
    service: DiscordEmulator, sent: Message, files: FileFetcher, status: int
) -> None:
    service.script("file", Fail(status))
    assert await files.fetch(hanging_on(service, sent)) == CAT
    assert [call.ids["message_id"] for call in service.calls_of("get_message")] == [str(sent.id)]


@pytest.mark.parametrize("is_forward", [True, False])
async def test_the_fresh_address_is_the_one_that_is_taken(
    service: DiscordEmulator, chat: Channel, sent: Message, files: FileFetcher, *, is_forward: bool
) -> None:
    chat.send(attachments=[Upload("dog.bin", b"a dog")])
    holder = chat.forward(sent) if is_forward else sent
    old = f"{service.root_url}/attachments/1/2/cat.bin?ex=1"
    assert await files.fetch(hanging_on(service, holder, old)) == CAT


async def test_a_fresh_address_is_asked_for_once(
    service: DiscordEmulator, sent: Message, files: FileFetcher
) -> None:
    service.script("file", Fail(404), Fail(404), Pass())
    with refused(FileUnavailableError, "HTTP 404"):
        await files.fetch(hanging_on(service, sent))
    assert len(service.calls_of("get_message")) == 1


async def test_a_file_of_a_command_has_no_fresh_address(
    service: DiscordEmulator, files: FileFetcher
) -> None:
    with refused(FileUnavailableError, "HTTP 404"):
        await files.fetch(at(f"{service.root_url}/attachments/1/2/cat.bin"))
    assert service.calls_of("get_message") == []


async def test_a_file_is_gone_with_its_message(
    service: DiscordEmulator, chat: Channel, sent: Message, files: FileFetcher
) -> None:
    attachment = hanging_on(service, sent)
    service.script("file", Fail(404))
    chat.delete(sent)
    with refused(FileUnavailableError, "NotFound"):
        await files.fetch(attachment)


async def test_a_file_that_was_taken_off_its_message_is_gone(
    service: DiscordEmulator, chat: Channel, sent: Message, files: FileFetcher
) -> None:
    attachment = hanging_on(service, sent)
    service.script("file", Fail(404))
    chat.rewrite(sent, {}, [])
    with refused(FileUnavailableError, "hang on its message"):
        await files.fetch(attachment)


async def test_before_the_login_an_expired_address_is_waited_for_no_longer_than_a_file(
    service: DiscordEmulator, sent: Message, pauses: Pauses
) -> None:
    service.script("file", Fail(404))
    async with fetching(Rest(), pauses, total_timeout_s=0.2) as files:
        with refused(FileUnavailableError, "too long"):
            await files.fetch(hanging_on(service, sent))


# ---------------------------------------------------------------- the end


async def test_closing_ends_what_is_being_fetched(
    service: DiscordEmulator, sent: Message, files: FileFetcher
) -> None:
    gate = Gate(asyncio.Event())
    service.script("file", gate)
    task = asyncio.create_task(files.fetch(hanging_on(service, sent)))
    await service.wait_until(lambda: service.calls_of("file"))
    await files.aclose()
    with refused(FileUnavailableError, "ending"):
        await task
    with refused(FileUnavailableError, "ending"):
        await files.fetch(hanging_on(service, sent))
    await files.aclose()
    gate.opened.set()


async def test_a_fetch_that_is_cancelled_leaves_no_connection(
    service: DiscordEmulator, sent: Message, files: FileFetcher
) -> None:
    service.script("file", Hang())
    task = asyncio.create_task(files.fetch(hanging_on(service, sent)))
    await service.wait_until(lambda: service.calls_of("file"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await files.fetch(hanging_on(service, sent)) == CAT
