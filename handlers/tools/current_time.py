"""The tool that knows what time it is, and counts with dates."""

import difflib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from handlers.media.threads import run_to_end
from handlers.ports.chat import ToolSpec
from handlers.ports.machine import Clock
from handlers.tools.tool import Tool, ToolOutput
from handlers.turn import Turn

_UNITS = ("years", "months", "weeks", "days", "hours", "minutes", "seconds")
_MOST = 1_000_000
_PARAMETERS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "time_zone": {
            "type": "string",
            "description": "IANA name such as Europe/Berlin, or a city. UTC if left out.",
        },
        "start": {
            "type": "string",
            "description": "ISO 8601 date or time to count from, in that zone. Now if left out.",
        },
        "add": {
            "type": "object",
            "description": "What to add to it; negative to go back.",
            "properties": {
                unit: {"type": "integer", "minimum": -_MOST, "maximum": _MOST} for unit in _UNITS
            },
            "additionalProperties": False,
        },
        "until": {
            "type": "string",
            "description": "ISO 8601 date or time: tells how long it is until then.",
        },
    },
    "additionalProperties": False,
}


class _UnclearError(Exception):
    """The message is for the model."""


class CurrentTime(Tool):
    spec = ToolSpec(
        "current_time",
        "The date and time now, in any time zone; dates and times reckoned forward and back; how "
        "long it is from one to another. You do not know the time without it.",
        _PARAMETERS,
    )
    summary = "date and time anywhere, and counting with dates"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def call(self, turn: Turn, arguments: Mapping[str, Any]) -> ToolOutput:  # noqa: ARG002
        # Time zones are files.
        return await run_to_end(lambda: _reckon(arguments, self._clock.now()))


def _reckon(arguments: Mapping[str, Any], now: float) -> ToolOutput:
    try:
        zone = _find_zone(arguments.get("time_zone", ""))
        start = arguments.get("start", "")
        moment = _read(start, zone) if start else datetime.fromtimestamp(now, zone)
        moment = _added(moment, arguments.get("add", {}))
        told = _told(moment)
        if until := arguments.get("until", ""):
            told += f"\n{_between(moment, _read(until, zone))}"
    except _UnclearError as unclear:
        return ToolOutput(f"Error: {unclear}", is_failed=True)
    except (OverflowError, ValueError):
        return ToolOutput("Error: no calendar reaches that far.", is_failed=True)
    return ToolOutput(told, title=f"current_time: {_short(moment)}")


@lru_cache(maxsize=1)
def _cities() -> dict[str, str]:
    """Time zones by their whole name and by the city in it, in lower case."""
    names = sorted(available_timezones() - {"localtime", "posixrules"})
    cities = {name.rpartition("/")[2].lower(): name for name in reversed(names) if "/" in name}
    return cities | {name.lower(): name for name in names}


def _find_zone(name: str) -> tzinfo:
    wanted = "_".join(name.split()).lower()
    if wanted in ("", "utc", "z", "gmt"):
        return UTC
    cities = _cities()
    if wanted not in cities:
        near = [cities[one] for one in difflib.get_close_matches(wanted[:50], cities, 3)]
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise _UnclearError(f"there is no time zone {name[:50]!r}.{hint}")
    return ZoneInfo(cities[wanted])


def _read(text: str, zone: tzinfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _UnclearError(f"{text[:50]!r} is no ISO 8601 date or time.") from None
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def _added(moment: datetime, add: Mapping[str, int]) -> datetime:
    """Years to days by the calendar on the wall, the rest by the clock in the hand."""
    months = moment.month - 1 + add.get("months", 0) + 12 * add.get("years", 0)
    year, month = moment.year + months // 12, months % 12 + 1
    day = min(moment.day, _days_in(year, month))  # a month after January 31st is February's last
    moment = moment.replace(year=year, month=month, day=day)
    moment += timedelta(weeks=add.get("weeks", 0), days=add.get("days", 0))
    rest = timedelta(**{unit: add.get(unit, 0) for unit in ("hours", "minutes", "seconds")})
    return (moment.astimezone(UTC) + rest).astimezone(moment.tzinfo) if rest else moment


def _days_in(year: int, month: int) -> int:
    first = datetime(year, month, 1, tzinfo=UTC)
    if (year, month) == (9999, 12):
        return 31
    return (datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC) - first).days


def _short(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} {_zone_name(moment)}"


def _zone_name(moment: datetime) -> str:
    return getattr(moment.tzinfo, "key", "UTC")


def _told(moment: datetime) -> str:
    offset = moment.strftime("%z")
    year, week, _ = moment.isocalendar()
    return (
        f"{moment:%A, %Y-%m-%d %H:%M:%S} {_zone_name(moment)} (UTC{offset[:3]}:{offset[3:5]}), "
        f"day {moment.timetuple().tm_yday} of the year, ISO week {year}-W{week:02}"
    )


def _between(start: datetime, end: datetime) -> str:
    total = end.astimezone(UTC) - start.astimezone(UTC)
    word = "until" if total >= timedelta(0) else "since"
    seconds = abs(round(total.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    days_on_the_wall = abs((end.date() - start.date()).days)
    return (
        f"{word} {_short(end)}: {days} days, {hours} h, {rest // 60} min, {rest % 60} s "
        f"({seconds:,} seconds; {days_on_the_wall} calendar days; {days_on_the_wall / 7:.1f} weeks)"
    )
