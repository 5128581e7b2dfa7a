"""Which route is taken, when it is left, and what is remembered."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import pytest
from structlog.testing import capture_logs

from bot.openai.routing import Picked, Route, Routes
from handlers.errors import (
    ModelMissingError,
    RouteMissingError,
    ServiceBusyError,
    ServiceDownError,
    ServiceRejectedError,
)
from handlers.messages import Capability, UsageEntry

TODAY = date(2026, 11, 21)
ENDS = {"old": date(2027, 1, 6), "older": date(2026, 10, 23)}


class Way:
    """A way to be served; remembers how often it was tried."""

    def __init__(self, name: str, failure: Exception | None = None) -> None:
        self.name = name
        self.failure = failure
        self.calls = 0
        self.gate: asyncio.Barrier | None = None

    async def serve(self) -> str:
        self.calls += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return self.name


def gone() -> ModelMissingError:
    return ModelMissingError("404 gone", model="m")


def open_routes(
    *ways: Way,
    models: tuple[str, ...] = (),
    chosen: str = "auto",
    named_only: tuple[str, ...] = (),
    today: Callable[[], date] = lambda: TODAY,
) -> Routes[Way]:
    pairs = zip(ways, models or ("new",) * len(ways), strict=True)
    routes = [Route(w.name, model, w, is_auto=w.name not in named_only) for w, model in pairs]
    return Routes("speech", routes, chosen=chosen, ends=ENDS.get, today=today)


async def use(routes: Routes[Way]) -> str:
    return await routes.use(Way.serve)


def left(logs: Sequence[Mapping[str, object]]) -> list[tuple[object, object]]:
    return [(log["from"], log["to"]) for log in logs if log["event"] == "route_gone"]


async def test_a_missing_route_is_left_once_remembered_and_logged_once() -> None:
    first, second = Way("endpoint", gone()), Way("chat")
    routes = open_routes(first, second)
    with capture_logs() as logs:
        assert [await use(routes), await use(routes)] == ["chat", "chat"]
    assert (first.calls, second.calls) == (1, 2)
    assert left(logs) == [("endpoint (new)", "chat (new)")]
    assert logs[0]["capability"] == "speech"


async def test_calls_at_the_same_time_leave_it_once() -> None:
    first, second, third = Way("endpoint", gone()), Way("realtime"), Way("chat")
    first.gate = asyncio.Barrier(6)
    routes = open_routes(first, second, third)
    with capture_logs() as logs:
        calls = [asyncio.create_task(use(routes)) for _ in range(5)]
        await first.gate.wait()
        assert await asyncio.gather(*calls) == ["realtime"] * 5
    assert len(logs) == 1
    assert third.calls == 0


@pytest.mark.parametrize(
    "failure", [ServiceBusyError("429"), ServiceDownError("500"), ServiceRejectedError("400")]
)
async def test_any_other_failure_is_passed_on_and_the_route_kept(failure: Exception) -> None:
    first, second = Way("endpoint", failure), Way("chat")
    routes = open_routes(first, second)
    with pytest.raises(type(failure)):
        await use(routes)
    first.failure = None
    assert await use(routes) == "endpoint"
    assert second.calls == 0


async def test_where_no_route_is_left_it_says_so_and_all_are_asked_again() -> None:
    first, second = Way("endpoint", gone()), Way("chat", gone())
    routes = open_routes(first, second)
    with capture_logs() as logs:
        for _ in range(2):
            with pytest.raises(RouteMissingError):
                await use(routes)
    assert (first.calls, second.calls) == (2, 2)
    assert left(logs) == []
    first.failure = None
    assert await use(routes) == "endpoint"


async def test_a_route_is_not_left_before_another_one_serves() -> None:
    first, second = Way("endpoint", gone()), Way("chat", ServiceDownError("500"))
    routes = open_routes(first, second)
    with pytest.raises(ServiceDownError):
        await use(routes)
    first.failure = None
    assert await use(routes) == "endpoint"


async def test_a_route_that_was_left_is_found_again_when_its_successor_goes() -> None:
    first, second = Way("endpoint", gone()), Way("chat")
    routes = open_routes(first, second)
    await use(routes)
    first.failure, second.failure = None, gone()
    with capture_logs() as logs:
        assert [await use(routes), await use(routes)] == ["endpoint", "endpoint"]
    assert left(logs) == [("chat (new)", "endpoint (new)")]
    assert second.calls == 2


async def test_what_a_route_cost_that_failed_is_told() -> None:
    failure = gone()
    failure.usage = (UsageEntry(Capability.SPEECH, "m", seconds=3),)
    with pytest.raises(RouteMissingError) as missing:
        await use(open_routes(Way("endpoint", failure)))
    assert missing.value.usage == failure.usage


async def test_a_route_that_the_operator_names_is_not_left_for_another() -> None:
    first, second = Way("endpoint", gone()), Way("chat")
    with pytest.raises(RouteMissingError, match=r"openai\.routes\.speech is endpoint"):
        await use(open_routes(first, second, chosen="endpoint"))
    assert second.calls == 0


async def test_another_model_of_the_named_route_is_taken() -> None:
    first, second = Way("endpoint", gone()), Way("endpoint")
    routes = open_routes(first, second, models=("a", "b"), chosen="endpoint")
    assert await use(routes) == "endpoint"
    assert routes.picked == Picked("endpoint", "b", None)


async def test_what_is_only_for_those_who_name_it_is_taken_by_them_alone() -> None:
    first, second = Way("endpoint", gone()), Way("responses")
    with pytest.raises(RouteMissingError):
        await use(open_routes(first, second, named_only=("responses",)))
    assert second.calls == 0
    routes = open_routes(first, second, named_only=("responses",), chosen="responses")
    assert await use(routes) == "responses"


async def test_a_name_that_has_no_route_here_is_told() -> None:
    routes = open_routes(Way("endpoint"), chosen="realtime")
    assert routes.picked is None
    with pytest.raises(RouteMissingError, match="no such route"):
        await use(routes)


async def test_what_is_past_its_day_is_tried_last() -> None:
    ways = Way("a"), Way("b"), Way("c")
    routes = open_routes(*ways, models=("older", "old", "new"))
    assert routes.ranking == (
        Picked("b", "old", ENDS["old"]),
        Picked("c", "new", None),
        Picked("a", "older", ENDS["older"]),
    )
    assert await use(routes) == "b"


async def test_the_day_comes_while_it_runs() -> None:
    days = [date(2027, 1, 5)]
    routes = open_routes(Way("a"), Way("b"), models=("old", "new"), today=lambda: days[0])
    assert await use(routes) == "a"
    days[0] = date(2027, 1, 6)
    assert await use(routes) == "b"


async def test_what_is_past_its_day_and_still_answers_serves_for_want_of_better() -> None:
    routes = open_routes(Way("a"), Way("b", gone()), models=("older", "new"))
    assert await use(routes) == "a"
