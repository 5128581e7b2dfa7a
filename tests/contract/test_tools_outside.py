"""Tools that reach beyond the chat: the weather, a page of the web, a reminder."""

import json
import sys
from collections.abc import Sequence

from tests.contract.protocol import Chat
from tests.contract.stage import Stage
from tests.emulators.openai import Answer, Called, Calls
from tests.emulators.pages import Page, PagesEmulator
from tests.emulators.weather import WeatherEmulator


def results(stage: Stage) -> list[str]:
    """What the last request told the model of the calls before it."""
    body = next(r.body for r in reversed(stage.openai.requests) if "messages" in r.body)
    messages: Sequence[dict[str, str]] = body["messages"]
    return [message["content"] for message in messages if message["role"] == "tool"]


async def test_the_weather_is_told(stage: Stage) -> None:
    _, chat = stage.alice()
    stage.openai.script(
        "chat",
        Calls([Called("weather", json.dumps({"place": "Berlin", "days": 1}))]),
        Answer("Light rain, 12 degrees."),
    )
    async with WeatherEmulator() as weather:
        settings = {
            "TOOLS__WEATHER_PLACES_URL": weather.places_url,
            "TOOLS__WEATHER_FORECAST_URL": weather.forecast_url,
        }
        async with stage.running(**settings):
            chat.say("Do I need an umbrella in Berlin?")
            answer = await chat.wait_for("Light rain")

    [told] = results(stage)
    assert json.loads(told)["now"]["sky"] == "light rain"
    assert "Berlin, State of Berlin, Germany (Open-Meteo.com)" in answer.text


async def test_a_page_is_read_and_a_private_address_is_not(stage: Stage) -> None:
    _, chat = stage.alice()
    async with PagesEmulator() as pages:
        html = "<html><body><h1>News</h1><p>The bridge is open.</p></body></html>"
        pages.pages["/news"] = Page(html.encode(), headers={"Content-Type": "text/html"})
        private = {"url": f"http://localhost:{pages.port}/news"}
        stage.openai.script(
            "chat",
            Calls(
                [
                    Called("read_web_page", json.dumps({"url": pages.url("/news")})),
                    Called("read_web_page", json.dumps(private)),
                ]
            ),
            Answer("It is open."),
        )
        async with stage.running(TOOLS__OWN_HOSTS=pages.host):
            chat.say("Is the bridge open?")
            await chat.wait_for("It is open.")

    own, refused = results(stage)
    assert "The bridge is open." in own
    assert "public address" in refused
    assert pages.requests == [f"{pages.host}/news"]


async def test_a_reminder_comes_once_also_when_the_bot_was_away(stage: Stage) -> None:
    _, chat = stage.alice()
    remind = {"action": "set", "text": "turn the oven off", "in_minutes": 0.02}
    stage.openai.script(
        "chat", Calls([Called("reminders", json.dumps(remind))]), Answer("I will."), Answer("Yes?")
    )
    async with stage.running():
        chat.say("Remind me to turn the oven off")
        await chat.wait_for("I will.")
        reminded = await chat.wait_for("⏰ turn the oven off")
        await chat.command("reminders")
        await chat.wait_for("There are no reminders here")
    async with stage.running():
        chat.say("still there?")
        await chat.wait_for("Yes?")

    assert reminded.text == "⏰ turn the oven off"
    assert sum("⏰ turn" in text for text in chat.texts) == 1


async def _listed(chat: Chat, summary: str) -> None:
    """Nobody waits for a server of tools: it is there soon after the start."""
    asked = 0
    while not any(summary in text for text in chat.texts):
        asked += 1
        await chat.command("tools")
        await chat.wait_for("Tools of this chat", count=asked)


async def test_a_server_of_tools_is_asked(stage: Stage) -> None:
    _, chat = stage.alice()
    server = {"time": {"command": sys.executable, "arguments": ["-m", "mcp_server_time"]}}
    asked = json.dumps({"timezone": "Asia/Tokyo"})
    stage.openai.script(
        "chat", Calls([Called("time_get_current_time", asked)]), Answer("It is late in Tokyo.")
    )
    async with stage.running(MCP__SERVERS=json.dumps(server)):
        await _listed(chat, "time: Get current time")
        chat.say("How late is it in Tokyo?")
        answer = await chat.wait_for("It is late in Tokyo.")

    [told] = results(stage)
    assert json.loads(told)["timezone"] == "Asia/Tokyo"
    assert ": Asia/Tokyo" in answer.text
