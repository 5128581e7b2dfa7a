"""Asked the way a model asks: by a call, against a clock that stands still."""

from typing import Any

import pytest

from handlers.tools.current_time import CurrentTime
from tests.fakes import message
from tests.unit.handlers.bench import Bench
from tests.unit.handlers.tool_bench import call

NOON = 1_795_262_400.0  # 2026-11-21 12:00 UTC, a Saturday


async def ask(**arguments: Any) -> str:
    bench = Bench(tools=lambda b: [CurrentTime(b.clock)])
    bench.clock.time = NOON
    bench.model.scripts = [[call("current_time", **arguments)], ["So."]]
    await bench.say(message("when?"))
    await bench.close()
    return bench.model.requests[-1].rounds[0].results[0].output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            {},
            "Saturday, 2026-11-21 12:00:00 UTC (UTC+00:00), day 325 of the year, ISO week 2026-W4",
        ),
        ({"time_zone": "Europe/Berlin"}, "2026-11-21 13:00:00 Europe/Berlin (UTC+01:00)"),
        ({"time_zone": "new york"}, "2026-11-21 07:00:00 America/New_York (UTC-05:00)"),
        ({"time_zone": "kolkata"}, "17:30:00 Asia/Kolkata (UTC+05:30)"),
        ({"start": "2026-01-31", "add": {"months": 1}}, "Saturday, 2026-02-28 00:00:00 UTC"),
        ({"start": "2024-02-29", "add": {"years": 1}}, "2025-02-28"),
        ({"start": "2026-03-31", "add": {"months": -13}}, "2025-02-28"),
        ({"add": {"weeks": 2, "days": -1}}, "Friday, 2026-12-04 12:00"),
        ({"start": "9999-12-31"}, "9999-12-31"),
        (
            # the clocks are put forward in that night
            {"time_zone": "Europe/Berlin", "start": "2026-03-28T12:00", "add": {"hours": 24}},
            "2026-03-29 13:00:00 Europe/Berlin (UTC+02:00)",
        ),
        (
            {"time_zone": "Europe/Berlin", "start": "2026-03-28T12:00", "add": {"days": 1}},
            "2026-03-29 12:00:00 Europe/Berlin (UTC+02:00)",
        ),
        ({"until": "2026-12-24"}, "until 2026-12-24 00:00 UTC: 32 days, 12 h, 0 min, 0 s"),
        ({"until": "2026-12-24"}, "33 calendar days; 4.7 weeks"),
        ({"until": "2026-11-20T12:00Z"}, "since 2026-11-20 12:00 UTC: 1 days, 0 h"),
    ],
)
async def test_it_knows_the_time_and_counts_with_it(arguments: dict[str, Any], told: str) -> None:
    assert told in await ask(**arguments)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"time_zone": "Europe/Berln"}, "no time zone 'Europe/Berln'. Did you mean Europe/Berlin"),
        ({"time_zone": "../../etc/passwd"}, "no time zone"),
        ({"time_zone": "Europe"}, "no time zone 'Europe'"),
        ({"start": "tomorrow"}, "'tomorrow' is no ISO 8601 date or time"),
        ({"add": {"years": 900_000}}, "no calendar reaches that far"),
        ({"start": "0001-01-01", "add": {"days": -1}}, "no calendar reaches that far"),
        ({"add": {"days": 1.5}}, "add.days: 1.5 is not of type 'integer'"),
        ({"add": {"fortnights": 1}}, "fortnights"),
    ],
)
async def test_what_it_cannot_make_out_is_an_error_for_the_model(
    arguments: dict[str, Any], told: str
) -> None:
    output = await ask(**arguments)
    assert output.startswith("Error: ")
    assert told in output
