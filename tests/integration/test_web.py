"""The web server over a real socket."""

from collections.abc import Sequence

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from bot.web.metrics import PrometheusMeter
from bot.web.server import WebServer
from handlers.errors import OperatorError
from handlers.ports.machine import Meter


class Readiness:
    def __init__(self, reasons: Sequence[str] = ()) -> None:
        self.reasons = reasons

    async def __call__(self) -> Sequence[str]:
        return self.reasons


def serve(
    readiness: Readiness | None = None,
    meter: PrometheusMeter | None = None,
    port: int = 0,
    host: str = "127.0.0.1",
    routes: Sequence[web.RouteDef] = (),
) -> WebServer:
    return WebServer(
        host,
        port,
        find_reasons=readiness or Readiness(),
        meter=meter or PrometheusMeter(),
        routes=routes,
    )


async def get(server: WebServer, path: str) -> tuple[int, str, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{server.address}{path}") as response,
    ):
        return response.status, response.headers["Content-Type"], await response.text()


def samples(exposition: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
    }


async def test_a_running_process_is_alive() -> None:
    async with serve(Readiness(["the database is closed"])) as server:
        status, _, body = await get(server, "/healthz")
    assert (status, body) == (200, '{"status": "alive"}')


async def test_it_is_ready_once_there_are_no_reasons_against_it() -> None:
    readiness = Readiness(["telegram: not connected yet"])
    async with serve(readiness) as server:
        status, _, body = await get(server, "/readyz")
        assert status == 503
        assert "telegram: not connected yet" in body
        readiness.reasons = ()
        assert (await get(server, "/readyz"))[0] == 200


async def test_prometheus_reads_what_was_counted() -> None:
    prometheus = PrometheusMeter()
    meter: Meter = prometheus
    meter.count("messages", {"platform": "telegram"})
    meter.count("messages", {"platform": "telegram"})
    meter.count("answers", {"platform": "telegram", "outcome": "complete"})
    meter.count("errors", {"kind": "ServiceBusyError"})
    meter.observe("answer", 0.3, {"platform": "telegram"})
    meter.observe("first_text", 0.2, {"platform": "telegram"})
    async with serve(meter=prometheus) as server:
        status, content_type, body = await get(server, "/metrics")
    assert status == 200
    assert content_type.startswith("text/plain; version=")
    found = samples(body)
    platform = ("platform", "telegram")
    assert found["parley_messages_total", (platform,)] == 2
    assert found["parley_answers_total", (("outcome", "complete"), platform)] == 1
    assert found["parley_errors_total", (("kind", "ServiceBusyError"),)] == 1
    assert found["parley_answer_seconds_sum", (platform,)] == 0.3
    assert found["parley_answer_seconds_bucket", (("le", "0.25"), platform)] == 0
    assert found["parley_answer_seconds_bucket", (("le", "0.5"), platform)] == 1
    assert found["parley_first_text_seconds_count", (platform,)] == 1


def test_what_is_not_declared_is_not_counted() -> None:
    meter = PrometheusMeter()
    meter.count("surprises", {"platform": "telegram"})
    meter.count("messages", {"chat": "1"})
    meter.observe("messages", 1.0, {"platform": "telegram"})
    assert samples(meter.render().decode()) == {}


def test_two_meters_do_not_share_their_counts() -> None:
    one, other = PrometheusMeter(), PrometheusMeter()
    one.count("messages", {"platform": "telegram"})
    assert samples(other.render().decode()) == {}


async def test_a_taken_port_is_told_in_one_line_with_its_key() -> None:
    async with serve() as server:
        with pytest.raises(OperatorError, match=rf"web\.port: {server.port} is taken") as caught:
            async with serve(port=server.port):
                pass
    assert "\n" not in str(caught.value)


async def test_an_address_of_another_machine_is_told_with_its_key() -> None:
    with pytest.raises(OperatorError, match=r"web\.host: 192\.0\.2\.1 is no address"):
        async with serve(host="192.0.2.1"):
            pass


async def test_a_closed_server_answers_no_more() -> None:
    async with serve() as server:
        address = server.address
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"{address}/healthz")


async def test_others_can_serve_here_too() -> None:
    async def receive(_request: web.Request) -> web.Response:
        return web.Response(text="received")

    async with serve(routes=[web.get("/hook", receive)]) as server:
        assert (await get(server, "/hook"))[2] == "received"
        assert (await get(server, "/nothing"))[0] == 404
