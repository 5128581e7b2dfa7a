"""When something is due: in a person's own time, once or again and again."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrulestr

FREQUENCIES = {
    "hour": "HOURLY",
    "day": "DAILY",
    "week": "WEEKLY",
    "month": "MONTHLY",
    "year": "YEARLY",
}
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MAX_COUNT = 366
LAST_SURE_DAY = 28
"""Every month has it. A later one means the month's last where there is none."""
FARTHEST = timedelta(days=3660)


def read_zone(name: str) -> ZoneInfo | None:
    """The time zone of an IANA name; None if there is none of that name.

    Reads a file the first time: call it, and what calls it, in a thread.
    """
    try:
        return ZoneInfo(name.strip()) if name.strip() else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def read_local(text: str) -> datetime | None:
    """A local time without a zone; None if it is none. A day alone begins at nine."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if at.tzinfo is not None:
        return None
    return at.replace(hour=9) if len(text.strip()) <= len("2026-11-21") else at


def to_epoch(local: datetime, zone: ZoneInfo) -> float:
    """A time that the clock shows twice is the first; one that it skips comes an hour later."""
    return local.replace(tzinfo=zone).astimezone(UTC).timestamp()


def to_local(at: float, zone: ZoneInfo) -> datetime:
    """Without a zone."""
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None)


def write_rule(unit: str, count: int, weekdays: tuple[str, ...], begins: datetime) -> str:
    """An RFC 5545 RRULE. ValueError for what is none."""
    if unit not in FREQUENCIES or not 1 <= count <= MAX_COUNT or not set(weekdays) <= set(WEEKDAYS):
        raise ValueError("no such repetition")
    if weekdays and (unit, count) != ("day", 1) and unit != "week":
        raise ValueError("weekdays go with weeks, or with every day")
    parts = [f"FREQ={FREQUENCIES[unit]}", f"INTERVAL={count}"]
    if weekdays:
        parts.append("BYDAY=" + ",".join(day for day in WEEKDAYS if day in weekdays))
    if unit == "month" and begins.day > LAST_SURE_DAY:
        days = range(LAST_SURE_DAY, begins.day + 1)
        parts.append("BYMONTHDAY=" + ",".join(map(str, days)) + ";BYSETPOS=-1")
    if unit == "year" and (begins.month, begins.day) == (2, 29):
        parts.append("BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1")
    return ";".join(parts)


def next_after(begins: datetime, zone: ZoneInfo, rule: str, after: float) -> float | None:
    """When it is due next, later than ``after``; None if never again.

    Looks at every time since ``begins``: let that be the last one that was due.
    """
    if not rule:
        due = to_epoch(begins, zone)
        return due if due > after else None
    # By the clock on the wall: nine o'clock stays nine o'clock when summer time begins.
    times = rrulestr(rule, dtstart=begins)
    local = to_local(after, zone) - timedelta(hours=2)
    while (found := times.after(local)) is not None:
        if (due := to_epoch(found, zone)) > after:
            return due
        local = found
    return None
