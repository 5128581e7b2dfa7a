"""The first response to an interaction where something stands in its way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from bot.discord.acknowledging import Acknowledger
from bot.discord.controls import components
from bot.discord.interactions import Response
from handlers.errors import StorageError
from handlers.messages import Button, ChatKey, ChatSettings
from handlers.texts import say
from tests.emulators.discord import (
    AcceptThenDrop,
    Channel,
    DiscordEmulator,
    Drop,
    Fail,
    Hang,
    Html502,
    RateLimited,
    Step,
    User,
)
from tests.fakes import FakeSettings
from tests.integration.discord_desk import Desk, open_desk
from tests.unit.emulators.discord_client import point_at

RESPOND = "create_interaction_response"


class SlowSettings(FakeSettings):
    """A database that hangs or fails when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = False
        self.fails = False

    async def load(self, chat: ChatKey) -> ChatSettings:
        if self.hangs:
            await asyncio.Event().wait()
        if self.fails:
            raise StorageError("no room on the disk")
        return await super().load(chat)


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordEmulator]:
    async with DiscordEmulator("test-token") as emulator:
        point_at(emulator, monkeypatch)
        yield emulator


@pytest.fixture
def alice(service: DiscordEmulator) -> User:
    return service.user("alice")


@pytest.fixture
def general(service: DiscordEmulator, alice: User) -> Channel:
    return service.guild("Guild", [alice]).text_channel("general")


@pytest.fixture
def settings() -> SlowSettings:
    return SlowSettings()


@pytest.fixture
async def desk(
    service: DiscordEmulator, general: Channel, settings: SlowSettings
) -> AsyncIterator[Desk]:
    async with open_desk(service, settings) as desk:
        yield desk


async def test_a_late_acknowledgement_is_one_line_in_the_log(
    service: DiscordEmulator,
    general: Channel,
    desk: Desk,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    gate = asyncio.Event()
    desk.waits_for = gate
    with capture_logs() as lines:
        asked = general.slash("ask", prompt="why?")
        await desk.arrived.wait()
        service.clock.advance(3.1)
        gate.set()
        heard, is_acknowledged = await desk.next()
    assert not is_acknowledged
    assert heard.message is not None
    (line,) = lines
    assert line["log_level"] == "warning"
    assert line["interaction_id"] == asked.id
    assert "10062" in line["why"]
    assert asked.token not in f"{lines}{caplog.text}"
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    "step",
    [
        Fail(404, 10062, "Unknown interaction"),
        Fail(403, 50001, "Missing Access"),
        RateLimited(1.0, has_via=False),
    ],
)
async def test_a_refusal_is_final_and_is_logged_without_the_token(
    service: DiscordEmulator, general: Channel, desk: Desk, step: Step
) -> None:
    service.script(RESPOND, step)
    with capture_logs() as lines:
        asked = general.slash("ask", prompt="why?")
        _, is_acknowledged = await desk.next()
    assert not is_acknowledged
    assert len(service.calls_of(RESPOND)) == 1
    assert len(lines) == 1
    assert asked.token not in str(lines)


@pytest.mark.parametrize("step", [Drop(), Html502(), RateLimited(0.1)])
async def test_what_passes_is_tried_again(
    service: DiscordEmulator, general: Channel, desk: Desk, step: Step
) -> None:
    service.script(RESPOND, step)
    asked = general.slash("persona", text="a poet")
    _, is_acknowledged = await desk.next()
    assert is_acknowledged
    assert (await asked.wait_for_ack()).is_ephemeral
    assert service.violations == []


async def test_a_silent_service_is_asked_again_and_at_last_given_up(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    desk.acknowledger = Acknowledger(desk.rest, desk.filling, try_within_s=0.2)
    service.script(RESPOND, Hang())
    asked = general.slash("new")
    _, is_acknowledged = await desk.next()
    assert is_acknowledged
    assert asked.ack is not None
    service.script(RESPOND, *[Hang()] * 30)
    general.slash("new")
    _, is_acknowledged = await desk.next()
    assert not is_acknowledged
    assert service.violations == []


async def test_an_acknowledgement_whose_answer_is_lost_counts(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    service.script(RESPOND, AcceptThenDrop())
    asked = general.slash("new")
    _, is_acknowledged = await desk.next()
    assert is_acknowledged
    assert asked.is_deferred
    assert len(service.calls_of(RESPOND)) == 2
    (violation,) = service.violations
    assert "already been acknowledged" in violation


async def test_what_somebody_else_acknowledged_is_not_ours(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    service.script(RESPOND, Fail(400, 40060, "Interaction has already been acknowledged."))
    general.slash("new")
    _, is_acknowledged = await desk.next()
    assert not is_acknowledged


@pytest.mark.parametrize("trouble", ["hangs", "fails"])
async def test_a_database_in_trouble_holds_up_no_form(
    service: DiscordEmulator, general: Channel, desk: Desk, settings: SlowSettings, trouble: str
) -> None:
    desk.acknowledger = Acknowledger(desk.rest, desk.filling, prepare_within_s=0.1)
    setattr(settings, trouble, True)
    asked = general.slash("persona")
    _, is_acknowledged = await desk.next()
    assert is_acknowledged
    (part,) = (await asked.wait_for_modal())["components"]
    assert part["component"]["required"] is True
    typed = general.type_option("model", "effort", "")
    assert await typed.wait_for_choices() == []
    assert service.violations == []


async def test_while_the_bot_ends_everybody_is_told_so(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    desk.last_words = say("restarting")
    menu = await desk.show_buttons(general, components(((Button("Again", "retry"),),)))
    for asked in (
        general.slash("ask", prompt="why?"),
        general.slash("persona"),
        general.press(menu, "Again"),
    ):
        _, is_acknowledged = await desk.next()
        assert is_acknowledged
        (reply,) = asked.replies
        assert (reply.content, reply.is_ephemeral) == (say("restarting"), True)
    typed = general.type_option("voice", "name", "n")
    assert await typed.wait_for_choices() == []
    assert service.violations == []


async def test_a_message_that_cannot_be_fetched_in_time_is_as_good_as_gone(
    service: DiscordEmulator, general: Channel, desk: Desk
) -> None:
    desk.acknowledger = Acknowledger(desk.rest, desk.filling, prepare_within_s=0.1)
    for step in (Hang(), Fail(403, 50001, "Missing Access")):
        asked = general.context_menu("Ask about this", general.send("42"))
        await desk.next()
        desk.restart()
        service.script("get_message", step)
        sent = general.submit_modal(asked, {"words": "is it right?"})
        heard, is_acknowledged = await desk.next()
        assert is_acknowledged
        assert heard.response is Response.LINE
        assert sent.replies[0].content == say("message_gone")
    assert service.violations == []


async def test_a_malformed_interaction_is_answered_with_a_line(
    service: DiscordEmulator, alice: User, general: Channel, desk: Desk
) -> None:
    said = general.send("42")
    with capture_logs() as lines:
        asked = general.context_menu("Transcribe", said)
        del asked.data["resolved"]  # before the gateway has written it
        heard, is_acknowledged = await desk.next()
    assert is_acknowledged
    assert heard.message is None
    assert asked.replies[0].content == say("error_ours")
    assert lines[0]["error"] == "KeyError"
    assert service.violations == []


async def test_after_the_connection_is_closed_nothing_is_raised(
    service: DiscordEmulator, general: Channel, settings: SlowSettings
) -> None:
    async with open_desk(service, settings) as desk:
        gate = asyncio.Event()
        desk.waits_for = gate
        general.slash("new")
        await desk.arrived.wait()
        await desk.bot.close()
        gate.set()
        _, is_acknowledged = await desk.next()
        assert not is_acknowledged
