"""What ``check`` asks Discord, and what it says of the answers."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.discord.check import Finding, check_token
from bot.discord.permissions import REQUIRED_PERMISSIONS
from handlers.errors import KeyRefusedError, ServiceDownError, ServiceError, ServiceRejectedError
from tests.emulators.discord import (
    DiscordEmulator,
    Drop,
    Fail,
    Hang,
    Html502,
    RateLimited,
    Step,
    permissions,
)

TOKEN = "a-token-that-nobody-may-see"
ME = {"id": "5", "username": "Parley", "discriminator": "0"}
APPLICATION = {"id": "5", "flags": 1 << 19, "approximate_guild_count": 3}
CALLS = ["get_my_user", "get_my_oauth2_application"]


@pytest.fixture(autouse=True)
def _discord_is_where_it_was_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)


@pytest.fixture
async def service() -> AsyncIterator[DiscordEmulator]:
    async with DiscordEmulator(TOKEN) as emulator:
        yield emulator


async def look(service: DiscordEmulator, token: str = TOKEN) -> list[Finding]:
    return await check_token(token, service.api_base_url, service.gateway_url)


@asynccontextmanager
async def answering(answer: Callable[[web.Request], web.Response]) -> AsyncIterator[str]:
    """The API's address at a server that answers in this way."""

    async def handle(request: web.Request) -> web.Response:
        return answer(request)

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/v10"
    finally:
        await runner.cleanup()


def as_json(body: object, status: int = 200) -> web.Response:
    # The library takes it for JSON only if the type says so and nothing more.
    text = body if isinstance(body, str) else json.dumps(body)
    kind = {"Content-Type": "application/json"}
    return web.Response(body=text.encode(), status=status, headers=kind)


def of_application(application: object, me: object = ME) -> Callable[[web.Request], web.Response]:
    return lambda request: as_json(application if "oauth2" in request.path else me)


def is_one_safe_line(error: ServiceError, start: str) -> bool:
    said = str(error)
    return said.startswith(f"{start}: ") and "\n" not in said and TOKEN not in said


async def test_a_bot_that_may_read_is_named_with_its_invite_link(service: DiscordEmulator) -> None:
    name, invite = await look(service)
    assert name == Finding("Parley")
    assert not invite.is_warning
    url = urlsplit(invite.text.split()[-1])
    assert (url.scheme, url.netloc, url.path) == ("https", "discord.com", "/oauth2/authorize")
    asked = parse_qs(url.query)
    assert asked["client_id"] == [str(service.world.application_id)]
    assert asked["scope"] == ["bot applications.commands"]
    assert asked["permissions"] == [str(REQUIRED_PERMISSIONS.value)]
    assert [call.name for call in service.calls] == CALLS
    assert (service.violations, service.refused_calls) == ([], [])


def test_the_invite_asks_for_what_is_needed_and_for_nothing_more() -> None:
    needed = (
        permissions.VIEW_CHANNEL
        | permissions.READ_MESSAGE_HISTORY
        | permissions.SEND_MESSAGES
        | permissions.SEND_MESSAGES_IN_THREADS
        | permissions.CREATE_PUBLIC_THREADS
        | permissions.ATTACH_FILES
        | permissions.SEND_VOICE_MESSAGES
    )
    assert REQUIRED_PERMISSIONS.value == needed


async def test_without_the_message_content_intent_it_says_where_to_switch_it_on() -> None:
    async with DiscordEmulator(TOKEN, portal_intents=0) as service:
        name, intent, invite = await look(service)
    assert [finding.is_warning for finding in (name, intent, invite)] == [False, True, False]
    assert intent.text.startswith("the message content intent is off: ")
    assert "discord.com/developers/applications, Bot, Privileged Gateway Intents" in intent.text


@pytest.mark.parametrize(
    ("flags", "may_read"), [(1 << 18, True), (1 << 19, True), (1 << 15, False)]
)
async def test_the_intent_counts_for_large_bots_and_for_small_ones(
    flags: int, *, may_read: bool
) -> None:
    async with answering(of_application(APPLICATION | {"flags": flags})) as url:
        findings = await check_token(TOKEN, url)
    assert any(finding.is_warning for finding in findings) is not may_read


@pytest.mark.parametrize(
    ("me", "count", "expected"),
    [
        (ME, 0, "Parley, in 0 servers"),
        (ME, 1, "Parley, in 1 server"),
        (ME | {"discriminator": "1234"}, 12, "Parley#1234, in 12 servers"),
        ({"username": "Parley"}, None, "Parley"),
    ],
)
async def test_the_bot_is_named_with_the_number_of_its_servers(
    me: object, count: int | None, expected: str
) -> None:
    application = APPLICATION | {"approximate_guild_count": count}
    async with answering(of_application(application, me)) as url:
        findings = await check_token(TOKEN, url)
    assert findings[0] == Finding(expected)


async def test_a_bot_that_no_link_can_invite_is_a_warning() -> None:
    async with answering(of_application(APPLICATION | {"bot_require_code_grant": True})) as url:
        findings = await check_token(TOKEN, url)
    [warning] = [finding for finding in findings if finding.is_warning]
    assert "Requires OAuth2 Code Grant" in warning.text


@pytest.mark.parametrize("token", ["wrong-token", "Bot wrong-token", "gültig", "two\nlines", "a\r"])
async def test_an_unknown_token_is_refused_and_not_repeated(
    service: DiscordEmulator, token: str
) -> None:
    with pytest.raises(KeyRefusedError) as raised:
        await look(service, token)
    assert is_one_safe_line(raised.value, "discord.token")
    assert token not in str(raised.value)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("step", "error"),
    [
        (Drop(), ServiceDownError),
        (Fail(503), ServiceDownError),
        (Fail(400, 50035), ServiceRejectedError),
        (Fail(403, 50001), ServiceRejectedError),
        (Fail(404), ServiceRejectedError),
        (RateLimited(1, has_via=False), ServiceRejectedError),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, type) else value.__name__,
)
async def test_what_discord_refuses_is_one_line(
    service: DiscordEmulator, name: str, step: Step, error: type[ServiceError]
) -> None:
    service.script(name, *[step] * 3)  # a cut connection is tried again
    with pytest.raises(error) as raised:
        await look(service)
    assert type(raised.value) is error
    assert is_one_safe_line(raised.value, "discord.api_base_url")
    assert raised.value.__cause__ is not None


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "step", [Hang(), Html502(), Fail(500), RateLimited(3600), RateLimited(3600, is_global=True)]
)
async def test_a_discord_that_makes_wait_is_not_waited_for(
    service: DiscordEmulator, name: str, step: Step
) -> None:
    service.script(name, step)
    with pytest.raises(ServiceDownError) as raised:
        await check_token(TOKEN, service.api_base_url, timeout_s=0.3)
    assert is_one_safe_line(raised.value, "discord.api_base_url")


async def test_an_address_where_nobody_listens_is_down() -> None:
    async with answering(of_application(APPLICATION)) as url:
        pass
    with pytest.raises(ServiceDownError) as raised:
        await check_token(TOKEN, url)
    assert is_one_safe_line(raised.value, "discord.api_base_url")


@pytest.mark.parametrize("status", [200, 429])
@pytest.mark.parametrize(
    "text",
    [
        *("<html>Welcome</html>", "[]", '["a"]', "null", "7", '"text"', "{}", "not json", ""),
        '{"username": 7}',
        '{"username": "Parley", "id": "5", "flags": "many"}',
        '{"username": "Parley", "flags": 0, "id": "no number"}',
        '{"username": "Parley", "flags": null, "id": null}',
    ],
)
async def test_a_server_that_is_not_discord_is_told_so(text: str, status: int) -> None:
    via = {"Via": "1.1 a-proxy"}

    def answer(_: web.Request) -> web.Response:
        response = as_json(text, status)
        response.headers.update(via)
        return response

    async with answering(answer) as url:
        with pytest.raises(ServiceRejectedError) as raised:
            await check_token(TOKEN, url)
    assert is_one_safe_line(raised.value, "discord.api_base_url")


@pytest.mark.parametrize("status", [200, 400, 403, 404, 429])
async def test_a_web_page_in_the_place_of_discord_is_rejected(status: int) -> None:
    page = "<html>a page that quotes " + TOKEN + "</html>"
    async with answering(
        lambda _: web.Response(text=page, status=status, content_type="text/html")
    ) as url:
        with pytest.raises(ServiceRejectedError) as raised:
            await check_token(TOKEN, url)
    assert is_one_safe_line(raised.value, "discord.api_base_url")
