"""The HTTP client of the Telegram room, over real sockets."""

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from telegram import Bot
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest

from bot.telegram.transport import AiohttpRequest, NotSentError
from handlers.errors import FileTooLargeError, FileUnavailableError
from tests.emulators.telegram import AcceptThenDrop, Drop, Hang, TelegramEmulator

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
TOKEN = "123456:TEST"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


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


def bot_at(telegram: TelegramEmulator, request: AiohttpRequest) -> Bot:
    return Bot(TOKEN, telegram.api_base_url, telegram.file_base_url, request, request)


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def test_words_arrive_as_they_are() -> None:
    async with TelegramEmulator(TOKEN) as telegram, bot_at(telegram, AiohttpRequest()) as bot:
        chat = telegram.private(telegram.user())
        await bot.send_message(chat.id, "ä & b=c + 😀\n%20")
        assert telegram.calls_of("sendMessage")[0].params["text"] == "ä & b=c + 😀\n%20"


async def test_half_a_surrogate_pair_does_not_stop_a_message() -> None:
    async with TelegramEmulator(TOKEN) as telegram, bot_at(telegram, AiohttpRequest()) as bot:
        chat = telegram.private(telegram.user())
        await bot.send_message(chat.id, "a\ud83db")
        assert telegram.calls_of("sendMessage")[0].params["text"] == "a?b"


async def test_files_arrive_whole_beside_their_words() -> None:
    content = bytes(range(256)) * 12_000  # about 3 MB: more than goes out in one piece
    async with TelegramEmulator(TOKEN) as telegram, bot_at(telegram, AiohttpRequest()) as bot:
        chat = telegram.private(telegram.user())
        await bot.send_document(chat.id, content, caption="für dich", filename="Käse.bin")
        params = telegram.calls_of("sendDocument")[0].params
        assert params["caption"] == "für dich"
        assert params["document"].name == "Käse.bin"
        assert params["document"].content == content


async def test_no_cookie_is_kept_and_a_get_has_no_body() -> None:
    seen: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        response = web.Response(body=b"file")
        response.set_cookie("who", "bot")
        return response

    async with serving(handler) as url, AiohttpRequest() as request:
        assert await request.retrieve(f"{url}/a") == b"file"
        assert await request.retrieve(f"{url}/b") == b"file"
    assert [(each.method, "Cookie" in each.headers) for each in seen] == [("GET", False)] * 2


async def test_a_redirect_is_not_followed() -> None:
    visited = []

    async def handler(request: web.Request) -> web.Response:
        visited.append(request.path)
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async with serving(handler) as url, AiohttpRequest() as request:
        with pytest.raises(NetworkError):
            await request.post(f"{url}/botT/getMe")
        with pytest.raises(FileUnavailableError):
            await request.download(f"{url}/file", 10)
    assert visited == ["/botT/getMe", "/file"]


async def test_a_refused_connection_was_not_sent_and_keeps_the_token_secret() -> None:
    async with AiohttpRequest() as request:
        with pytest.raises(NotSentError) as caught:
            await request.post(f"http://127.0.0.1:{closed_port()}/bot{TOKEN}/sendMessage")
    shown = "".join(traceback.format_exception(caught.value))
    assert "ClientConnectorError" in shown
    assert TOKEN not in shown


async def test_an_address_that_is_none_was_not_sent_and_keeps_the_token_secret() -> None:
    async with AiohttpRequest() as request:
        with pytest.raises(NotSentError) as caught:
            await request.post(f"http://[/bot{TOKEN}/sendMessage")
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("fault", [Drop(), AcceptThenDrop()])
async def test_a_cut_connection_may_have_been_served(fault: Drop | AcceptThenDrop) -> None:
    async with TelegramEmulator(TOKEN) as telegram, bot_at(telegram, AiohttpRequest()) as bot:
        chat = telegram.private(telegram.user())
        telegram.script("sendMessage", fault)
        with pytest.raises(NetworkError) as caught:
            await bot.send_message(chat.id, "hi")
        assert not isinstance(caught.value, NotSentError)
        assert TOKEN not in "".join(traceback.format_exception(caught.value))
        assert len(telegram.calls_of("sendMessage")) == 1


@pytest.mark.parametrize(
    ("request_s", "call_s"), [(0.05, BaseRequest.DEFAULT_NONE), (None, 0.05), (60, 0.05)]
)
async def test_silence_times_out_by_default_and_by_call(
    request_s: float | None, call_s: float
) -> None:
    request = AiohttpRequest(read_timeout_s=request_s)
    async with TelegramEmulator(TOKEN) as telegram, bot_at(telegram, request) as bot:
        telegram.script("getMyName", Hang())
        with pytest.raises(TimedOut):
            await bot.get_my_name(read_timeout=call_s)


async def test_cancellation_passes_through() -> None:
    async with TelegramEmulator(TOKEN) as telegram, bot_at(telegram, AiohttpRequest()) as bot:
        telegram.script("getMyName", Hang())
        call = asyncio.create_task(bot.get_my_name())
        await telegram.wait_until(lambda: telegram.calls_of("getMyName"))
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_without_a_free_connection_nothing_is_sent() -> None:
    request = AiohttpRequest(1, connect_timeout_s=0.05, pool_timeout_s=0.05)
    async with TelegramEmulator(TOKEN) as telegram, bot_at(telegram, request) as bot:
        telegram.script("getMyName", Hang())
        first = asyncio.create_task(bot.get_my_name())
        await telegram.wait_until(lambda: telegram.calls_of("getMyName"))
        with pytest.raises(NotSentError):
            await bot.get_my_description()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first


async def test_it_can_be_shut_down_twice_and_begun_anew() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=b"ok")

    async with serving(handler) as url:
        request = AiohttpRequest()
        assert await request.retrieve(url) == b"ok"
        await request.shutdown()
        await request.shutdown()
        with pytest.raises(NotSentError):
            await request.retrieve(url)
        async with request:
            assert await request.retrieve(url) == b"ok"


async def test_the_environments_proxy_is_used_but_for_its_exceptions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def proxy(request: web.Request) -> web.Response:
        return web.Response(text=f"proxy for {request.raw_path}")

    async def direct(_: web.Request) -> web.Response:
        return web.Response(text="direct")

    async with serving(proxy) as proxy_url, serving(direct) as url:
        monkeypatch.setenv("http_proxy", proxy_url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        async with AiohttpRequest() as request:
            far = await request.retrieve("http://telegram.test/a")
            assert far == b"proxy for http://telegram.test/a"
            assert await request.retrieve(url) == b"direct"


# ---------------------------------------------------------------- files


async def test_a_file_of_just_the_bound_is_taken() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 200_000)

    async with serving(handler) as url, AiohttpRequest() as request:
        assert await request.download(url, 200_000) == b"x" * 200_000
        with pytest.raises(FileTooLargeError):
            await request.download(url, 199_999)


async def test_a_file_that_tells_too_large_a_size_is_not_begun() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1001"})
        await response.prepare(request)
        await asyncio.Event().wait()
        return response

    async with serving(handler) as url, AiohttpRequest() as request:
        with pytest.raises(FileTooLargeError):
            await request.download(url, 1000)


async def test_a_file_that_hides_its_size_is_cut_off_at_the_bound() -> None:
    is_cut = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
        except ConnectionError:
            is_cut.set()
        return response

    async with serving(handler) as url, AiohttpRequest() as request:
        with pytest.raises(FileTooLargeError) as caught:
            await request.download(url, 20_000_000)
        await asyncio.wait_for(is_cut.wait(), 10)
    assert caught.value.values == {"size": "more than 20 MB", "limit": "20 MB"}


async def test_a_file_that_is_gone_is_unavailable() -> None:
    async with TelegramEmulator(TOKEN) as telegram, AiohttpRequest() as request:
        with pytest.raises(FileUnavailableError, match="404"):
            await request.download(f"{telegram.file_base_url}{TOKEN}/photos/none.jpg", 100)


async def test_a_file_that_breaks_off_is_an_error() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        if request.transport is not None:
            request.transport.abort()
        return response

    async with serving(handler) as url, AiohttpRequest() as request:
        with pytest.raises(NetworkError):
            await request.download(url, 100)
