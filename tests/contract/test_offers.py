"""docs/openai.md: whatever it says can be typed is typed, and brings what it says."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from handlers.command import command_line
from handlers.commands import BY_NAME, COMMANDS
from tests import samples
from tests.contract.fields import fields_of
from tests.contract.offers import PAGE, Step, sections
from tests.contract.stage import Stage
from tests.contract.trying import Scripted, Trying
from tests.emulators.openai import Answer, Called, Calls, Page, Ran, RunScript
from tests.emulators.weather import WeatherEmulator

TEXT = PAGE.read_text("utf-8")
SECTIONS = sections(TEXT)
README = (PAGE.parents[1] / "README.md").read_text("utf-8")
STEPS = [step for blocks in SECTIONS.values() for block in blocks for step in block.steps]
LISTED = {command.name for command in COMMANDS if command.is_listed}

MODEL: Scripted = {
    "What is 12.5% of 80?": Calls([Called("calculator", {"expression": "12.5% of 80"})]),
    "Do I need an umbrella in Berlin?": Calls([Called("weather", {"place": "Berlin", "days": 1})]),
    "Draw a green owl": Calls([Called("make_image", {"prompt": "a green owl"})]),
    "make the sky darker": Calls([Called("edit_image", {"prompt": "the sky darker"})]),
    "Remind me in a moment to turn the oven off": Calls(
        [Called("reminders", {"action": "set", "text": "turn the oven off", "in_minutes": 0.02})]
    ),
    "Remind me every Monday at nine to water the plants": Calls(
        [
            Called(
                "reminders",
                {
                    "action": "set",
                    "text": "water the plants",
                    "at": f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%d}T09:00",
                    "every": {"unit": "week", "weekdays": ["MO"]},
                },
            )
        ]
    ),
    "Is the old bridge open again?": Answer(
        "Yes, since Friday.",
        sources=[Page("The bridge is open", "https://example.com/bridge")],
        searches=1,
    ),
}
"""What it does where it does not answer in the words of the page alone."""

RUNS = (
    RunScript(
        "March, with 143 sold.",
        [Ran("import pandas as pd\nprint(pd.read_csv(path))", "143\n"), Ran("chart()", "")],
        {"sales.png": samples.png(), "totals.csv": b"total\n358\n"},
    ),
    RunScript("February, with 95.", [Ran("print(table.sold.min())", "95\n")]),
)
"""What code does, in the order in which it is asked for."""


@pytest.mark.parametrize("title", SECTIONS)
async def test_what_the_page_says_comes_back(stage: Stage, title: str) -> None:
    _, chat = stage.alice()
    stage.openai.varies = title == "The same answer again"
    stage.openai.code.runs.scripts.extend(RUNS)
    trying = Trying(stage, chat, MODEL)
    async with WeatherEmulator() as weather:
        places = {
            "TOOLS__WEATHER_PLACES_URL": weather.places_url,
            "TOOLS__WEATHER_FORECAST_URL": weather.forecast_url,
        }
        for block in SECTIONS[title]:
            async with stage.running(**places, **block.settings):
                for step in block.steps:
                    await trying.take(step)


def test_every_command_is_on_the_page() -> None:
    assert {step.command for step in STEPS} - {""} == LISTED


def test_the_table_of_the_readme_has_the_commands_that_there_are() -> None:
    rows = re.findall(r"^\| (`/.*?) \|", README.replace("\\|", "¦"), re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`/([a-z]+)", row)} == LISTED


def test_no_command_stands_on_the_page_without_being_tried() -> None:
    prose = re.sub(r"^```parley.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    assert "```" not in prose
    assert not re.findall(r"^ {4}.*", prose, re.MULTILINE)
    called = re.findall(r"(?<![\w/.:(\]])/([a-z]+)(?![\w/.])( [^`]*`)?", prose)
    assert {name for name, _ in called} <= LISTED
    typed = re.findall(r"`(/[^`]* [^`]*)`", prose)
    assert set(typed) <= {step.text for step in STEPS}
    assert len(STEPS) == len(re.findall(r"^> ", TEXT, re.MULTILINE))


def test_what_the_model_is_to_do_belongs_to_a_line_of_the_page() -> None:
    assert set(MODEL) <= {step.text for step in STEPS}


@pytest.mark.parametrize("step", [one for one in STEPS if one.command], ids=lambda s: s.line)
def test_the_fields_of_a_command_take_the_words_that_are_typed(step: Step) -> None:
    _, _, line = step.text.partition(" ")
    filled = fields_of(step.command, line)
    assert sorted(command_line(BY_NAME[step.command], filled).split()) == sorted(line.split())
