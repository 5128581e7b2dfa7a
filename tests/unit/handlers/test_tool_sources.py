"""Tools that come and go: those of servers."""

from functools import partial
from typing import Any

import pytest
from structlog.testing import capture_logs

from handlers.media.memory import MemoryGate
from handlers.messages import ChatSettings, Pending
from handlers.ports.chat import HostedTool
from handlers.tools.tool import HostedSwitch, Tool
from handlers.tools.toolbox import Toolbox, ToolRules
from handlers.turn import Turn
from tests.fakes import FakePlatform, FakeStore, message
from tests.unit.handlers.tool_bench import FakeTool

SWITCH = HostedSwitch("web_search", "look things up", HostedTool.WEB_SEARCH)


def turn(settings: ChatSettings | None = None) -> Turn:
    pending, platform, store = Pending(message()), FakePlatform(), FakeStore()
    gate = MemoryGate(1)
    return Turn(pending, settings or ChatSettings(), platform, store, lambda _: None, gate)


def offered(box: Toolbox, settings: ChatSettings | None = None) -> list[str]:
    return [spec.name for spec in box.offer(turn(settings)).specs]


def named(*names: str) -> list[Tool]:
    return [FakeTool(name=name) for name in names]


def box_of(*sources: list[Tool], **options: Any) -> Toolbox:
    return Toolbox(named("own"), (SWITCH,), sources=[partial(tuple, s) for s in sources], **options)


def test_what_is_offered_listed_and_found_is_what_is_there_now() -> None:
    there: list[Tool] = []
    box = box_of(there)
    assert offered(box) == ["own"]

    there += named("late")
    assert offered(box) == ["own", "late"]
    assert box.names == ("own", "late", "web_search")
    assert box.find("late") is there[0]
    assert offered(box, ChatSettings(tools_off=("late",))) == ["own"]

    there.clear()
    assert offered(box) == ["own"]
    assert box.find("late") is None
    assert box.find_entry("late") is None


def test_own_tools_come_first_then_the_sources_in_their_order() -> None:
    first: list[Tool] = []
    box = box_of(first, named("b"))
    assert offered(box) == ["own", "b"]
    first += named("c", "a")
    assert offered(box) == ["own", "c", "a", "b"]


def test_the_same_is_offered_as_long_as_the_sources_tell_the_same() -> None:
    box = box_of(named("a", "b"))
    assert box.offer(turn()).specs == box.offer(turn()).specs
    assert box.entries is box.entries


@pytest.mark.parametrize("name", ["own", "web_search", "no name"])
def test_a_name_that_is_taken_or_none_is_left_out(name: str) -> None:
    box = box_of(named(name, "good"))
    with capture_logs() as logs:
        assert offered(box) == ["own", "good"]
        assert box.names == ("own", "good", "web_search")
    assert [entry["name"] for entry in logs] == [name]  # said once


def test_the_operators_rules_hold_for_them() -> None:
    rules = ToolRules(frozenset({"own", "late"}), frozenset({"late"}))
    there = named("late", "other")
    assert offered(box_of(there, rules=rules)) == ["own"]
    assert offered(box_of(there, rules=rules, is_owner=lambda _: True)) == ["own", "late"]


def test_a_configured_name_is_missed_once_the_sources_have_told() -> None:
    there: list[Tool] = []
    rules = ToolRules(owners_only=frozenset({"srv_gone"}))
    with capture_logs() as logs:
        box = box_of(there, rules=rules)
        assert not box.names[2:]
        assert not logs
        there += named("srv_there")
        assert "srv_there" in box.names
    assert [entry["names"] for entry in logs] == [["srv_gone"]]
