"""/steps: for the answer it stands under, the one replied to, or the last."""

from collections.abc import Mapping
from typing import Any

from handlers.messages import Quoted
from handlers.tools.tool import ToolOutput
from tests.fakes import message
from tests.unit.handlers.bench import Bench, pressed
from tests.unit.handlers.tool_bench import FakeTool, call


async def talk(bench: Bench, *cities: str) -> None:
    for number, city in enumerate(cities, start=1):
        bench.model.scripts += [[call(city=city)], ["Rain."]]
        await bench.say(message(f"weather in {city}?", number=number))


async def test_it_shows_what_went_in_and_what_came_out() -> None:
    bench = Bench(tools=lambda _: [FakeTool()])
    await talk(bench, "Rome")
    await bench.say(pressed(message(number=9), "steps", under="out1"))
    assert bench.platform.said[-1] == (
        '**1\\. 🔧 weather: Rome**\n```json\n{\n  "city": "Rome"\n}\n```\n```\nrain in Rome\n```'
    )


async def test_it_means_the_answer_pressed_under_replied_to_or_the_last() -> None:
    bench = Bench(tools=lambda _: [FakeTool()])
    await talk(bench, "Rome", "Oslo", "Bonn")
    await bench.say(pressed(message(number=7), "steps", under="out1"))
    reply = Quoted("out2", "Parley", is_from_bot=True)
    await bench.say(message(number=8, text="", command="steps", quoted=reply))
    await bench.say(message(number=9, text="", command="steps"))
    shown = bench.platform.said[3:]
    assert ["Rome" in shown[0], "Oslo" in shown[1], "Bonn" in shown[2]] == [True] * 3


async def test_where_nothing_was_done_it_says_so() -> None:
    bench = Bench()
    await bench.say(message(text="", command="steps"))
    await bench.say(message("hi", number=2))
    await bench.say(message(text="", number=3, command="steps"))
    await bench.say(pressed(message(number=4), "steps", under="gone"))
    assert bench.platform.said[0].startswith("I no longer find that answer")
    assert bench.platform.said[2].startswith("Nothing but thinking")
    assert bench.platform.said[3].startswith("I no longer find that answer")


async def test_long_ones_are_shortened_and_whole_in_a_file() -> None:
    async def flood(arguments: Mapping[str, Any]) -> ToolOutput:
        return ToolOutput("line ```\n" * 2_000)

    bench = Bench(tools=lambda _: [FakeTool(work=flood)])
    bench.model.scripts = [[call(city=str(n), number=n) for n in range(16)], ["Much."]]
    await bench.say(message("go"))
    await bench.say(message(text="", number=2, command="steps"))
    shown = next(text for text in bench.platform.said if text.startswith("**1"))
    assert len(shown) < 4_000
    assert "the file holds all of it" in shown
    assert shown.count("```") == 2 * 2 * 10
    whole = bench.platform.sent_files["steps.md"].decode()
    assert whole.count("line") == 16 * 2_000


async def test_a_title_that_looks_like_markdown_is_shown_as_it_is() -> None:
    bench = Bench(tools=lambda _: [FakeTool()])
    await talk(bench, "**a_b** [x](https://e.org)")
    await bench.say(message(text="", number=2, command="steps"))
    assert "weather: \\*\\*a\\_b\\*\\*" in bench.platform.said[-1]
