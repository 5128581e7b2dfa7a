# ruff: noqa: DTZ001  # local times without a zone are what this is about
"""Due times, over changes of the clock and ends of months."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.people.schedules import (
    FREQUENCIES,
    next_after,
    read_local,
    read_zone,
    to_epoch,
    to_local,
    write_rule,
)

BERLIN = ZoneInfo("Europe/Berlin")


def _at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def _days(begins: str, rule: str, count: int, zone: ZoneInfo = BERLIN) -> list[str]:
    """The next times, in the zone, after the first."""
    first = datetime.fromisoformat(begins)
    at, found = to_epoch(first, zone), []
    for _ in range(count):
        due = next_after(first, zone, rule, at)
        assert due is not None
        at = due
        found.append(to_local(at, zone).isoformat(timespec="minutes"))
    return found


def test_once_is_due_once() -> None:
    nine = datetime(2026, 11, 22, 9)
    assert next_after(nine, BERLIN, "", _at("2026-11-22T07:59")) == _at("2026-11-22T08:00")
    assert next_after(nine, BERLIN, "", _at("2026-11-22T08:00")) is None


def test_nine_o_clock_stays_nine_o_clock_when_the_clocks_change() -> None:
    rule = write_rule("day", 1, (), datetime(2026, 10, 24, 9))
    assert _days("2026-10-24T09:00", rule, 2) == ["2026-10-25T09:00", "2026-10-26T09:00"]
    first, second = (_at("2026-10-24T07:00"), _at("2026-10-25T08:00"))
    assert next_after(datetime(2026, 10, 24, 9), BERLIN, rule, first) == second


def test_a_time_that_the_clock_skips_comes_all_the_same() -> None:
    rule = write_rule("day", 1, (), datetime(2027, 3, 27, 2, 30))
    assert _days("2027-03-27T02:30", rule, 2) == ["2027-03-28T03:30", "2027-03-29T02:30"]


def test_a_time_that_the_clock_shows_twice_comes_once() -> None:
    rule = write_rule("day", 1, (), datetime(2026, 10, 24, 2, 30))
    assert _days("2026-10-24T02:30", rule, 2) == ["2026-10-25T02:30", "2026-10-26T02:30"]


def test_months_without_that_day_have_their_last() -> None:
    rule = write_rule("month", 1, (), datetime(2027, 1, 31, 8))
    found = _days("2027-01-31T08:00", rule, 3)
    assert found == ["2027-02-28T08:00", "2027-03-31T08:00", "2027-04-30T08:00"]


def test_the_leap_day_has_the_last_of_february() -> None:
    rule = write_rule("year", 1, (), datetime(2028, 2, 29, 8))
    assert _days("2028-02-29T08:00", rule, 2) == ["2029-02-28T08:00", "2030-02-28T08:00"]


def test_weekdays() -> None:
    rule = write_rule("week", 1, ("MO", "FR"), datetime(2026, 11, 23, 8))
    found = _days("2026-11-23T08:00", rule, 3)
    assert found == ["2026-11-27T08:00", "2026-11-30T08:00", "2026-12-04T08:00"]


@pytest.mark.parametrize(
    ("unit", "count", "weekdays"), [("second", 1, ()), ("day", 0, ()), ("week", 1, ("XX",))]
)
def test_what_is_no_repetition_is_refused(unit: str, count: int, weekdays: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="repetition"):
        write_rule(unit, count, weekdays, datetime(2026, 11, 21))


def test_zones_and_times_are_read_or_not() -> None:
    assert read_zone("Europe/Berlin") == BERLIN
    assert [read_zone(name) for name in ("", "Nowhere/City", "../etc/passwd", "a" * 300)] == [
        None
    ] * 4
    assert read_local("2026-11-22") == datetime(2026, 11, 22, 9)
    assert read_local("2026-11-22T07:05") == datetime(2026, 11, 22, 7, 5)
    assert [read_local(text) for text in ("soon", "2026-11-22T07:05+01:00", "")] == [None] * 3


@given(
    begins=st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)),
    unit=st.sampled_from(sorted(FREQUENCIES)),
    count=st.integers(1, 12),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]),
    later_s=st.floats(0, 3e6),
)
def test_what_repeats_is_always_due_again_and_later(
    begins: datetime, unit: str, count: int, zone: str, later_s: float
) -> None:
    rule = write_rule(unit, count, (), begins.replace(microsecond=0))
    after = to_epoch(begins, ZoneInfo(zone)) + later_s
    due = next_after(begins.replace(microsecond=0), ZoneInfo(zone), rule, after)
    assert due is not None
    assert due > after
