"""/tools: a menu, switches by button and by word, and what only owners may use."""

from dataclasses import replace

import pytest

from handlers.messages import ChatSettings, IncomingMessage, Origin, Sender
from handlers.ports.chat import HostedTool
from handlers.tools.tool import HostedSwitch, ToolDefault
from handlers.tools.toolbox import ToolRules
from tests.fakes import CHAT, message
from tests.unit.handlers.bench import Bench
from tests.unit.handlers.tool_bench import FakeTool

OWNER = Sender("test", "9", "Olga")


def open_bench(*more: str) -> Bench:
    tools = [FakeTool("weather"), FakeTool("news", default=ToolDefault.OFF), FakeTool("shell")]
    tools += [FakeTool(name) for name in more]
    return Bench(
        tools=lambda _: tools,
        switches=[HostedSwitch("web_search", "the web", HostedTool.WEB_SEARCH)],
        rules=ToolRules(owners_only=frozenset({"shell"})),
        owners=frozenset({OWNER.key}),
    )


def tools(words: str = "", number: int = 1, **changes: object) -> IncomingMessage:
    return message(words, number=number, command="tools", **changes)


async def test_the_menu_tells_what_there_is_and_offers_the_other_state() -> None:
    bench = open_bench()
    await bench.say(tools())
    assert bench.platform.said[0].splitlines()[1:] == [
        "✓ weather: knows the weather",
        "✗ news: knows the news",
        "🔒 shell: knows the shell (for those who run me)",
        "✓ web_search: the web",
    ]
    assert bench.platform.buttons == [
        ["tools off weather", "tools on news", "tools off web_search", "settings"]
    ]


async def test_a_press_switches_and_shows_the_menu_as_it_is_now() -> None:
    bench = open_bench()
    await bench.say(replace(tools("off weather"), origin=Origin.BUTTON))
    assert bench.settings.stored[CHAT] == ChatSettings(tools_off=("weather",))
    assert "✗ weather" in bench.platform.said[0]
    assert bench.platform.buttons[0][0] == "tools on weather"
    await bench.say(tools("on WEATHER", 2))
    await bench.say(tools("on news", 3))
    assert bench.settings.stored[CHAT] == ChatSettings(tools_on=("news",))
    await bench.say(tools("off news", 4))
    assert bench.settings.stored[CHAT] == ChatSettings()


async def test_all_of_them_can_be_switched_at_once() -> None:
    bench = open_bench()
    await bench.say(tools("off all"))
    assert bench.settings.stored[CHAT].tools_off == ("weather", "web_search")
    await bench.say(tools("on all", 2, sender=OWNER))
    assert bench.settings.stored[CHAT] == ChatSettings(tools_on=("news",))


async def test_owners_see_and_switch_what_is_theirs_and_nobody_else_does() -> None:
    bench = open_bench()
    await bench.say(tools("off shell"))
    assert bench.platform.said == ["That tool is for those who run me; nobody else can switch it."]
    assert bench.settings.stored == {}
    await bench.say(tools("off shell", 2, sender=OWNER))
    assert bench.settings.stored[CHAT].tools_off == ("shell",)
    assert "✗ shell" in bench.platform.said[1]


@pytest.mark.parametrize("words", ["weather", "off", "maybe weather", "off weather now"])
async def test_wrong_words_are_told_how(words: str) -> None:
    bench = open_bench()
    await bench.say(tools(words))
    assert bench.platform.said == ["Please write it like this: /tools [on|off] [name|all]"]


async def test_an_unknown_tool_is_told_in_one_line() -> None:
    bench = open_bench()
    await bench.say(tools("off nothing"))
    assert bench.platform.said == ["There is no tool of that name here. /tools lists them."]


async def test_more_tools_than_buttons_are_left_to_typing() -> None:
    bench = open_bench(*(f"tool{n}" for n in range(40)), "x" * 60)
    await bench.say(tools())
    assert len(bench.platform.buttons[0]) == 24
    assert "works for all" in bench.platform.said[0]
    assert all(len(action) <= 64 for action in bench.platform.buttons[0])


async def test_a_name_that_no_button_can_carry_is_left_to_typing() -> None:
    bench = open_bench("x" * 60)
    await bench.say(tools())
    assert not any("x" * 60 in action for action in bench.platform.buttons[0])
    assert "works for all" in bench.platform.said[0]
    await bench.say(tools(f"off {'x' * 60}", 2))
    assert bench.settings.stored[CHAT].tools_off == ("x" * 60,)


async def test_without_tools_the_menu_says_so(bench: Bench) -> None:
    await bench.say(tools())
    assert "There are no tools here." in bench.platform.said[0]
