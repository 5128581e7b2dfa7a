"""The tool that sets, lists and cancels reminders."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from handlers.messages import Origin
from handlers.people.schedules import (
    FARTHEST,
    FREQUENCIES,
    MAX_COUNT,
    WEEKDAYS,
    next_after,
    read_local,
    read_zone,
    to_local,
    write_rule,
)
from handlers.ports.chat import ToolSpec
from handlers.ports.machine import Clock
from handlers.ports.reminders import PeopleStore, Reminder, ReminderStore
from handlers.tools.tool import Tool, ToolOutput
from handlers.turn import Turn

MAX_REMINDERS = 50
"""Of a person in a chat."""
MAX_TEXT = 1_000
A_DAY = timedelta(days=1)
"""A repetition may begin earlier today; what begins in the past otherwise is a mistake."""

_SPEC = ToolSpec(
    name="reminders",
    description=(
        "Set, list or cancel this person's reminders in this chat. To set one give `text` and "
        "either `in_minutes` or `at`, a local time of the person; `every` repeats it. If their "
        "time zone is not known, ask where they are, then pass `timezone` once."
    ),
    parameters={
        "type": "object",
        "properties": {
            "action": {"type": "string", "enum": ["set", "list", "cancel"]},
            "text": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT},
            "in_minutes": {"type": "number", "exclusiveMinimum": 0},
            "at": {"type": "string", "description": "2026-11-21T09:00, without an offset"},
            "every": {
                "type": "object",
                "properties": {
                    "unit": {"type": "string", "enum": list(FREQUENCIES)},
                    "count": {"type": "integer", "minimum": 1, "maximum": MAX_COUNT},
                    "weekdays": {
                        "type": "array",
                        "items": {"type": "string", "enum": list(WEEKDAYS)},
                    },
                },
                "required": ["unit"],
                "additionalProperties": False,
            },
            "timezone": {"type": "string", "description": "IANA name: Europe/Berlin"},
            "id": {"type": "integer", "description": "Of the reminder to cancel, as listed"},
        },
        "required": ["action"],
        "additionalProperties": False,
    },
)


class RemindersTool(Tool):
    spec = _SPEC
    summary = "Reminds you at a time, once or again and again"
    is_lasting = True

    def __init__(
        self,
        store: ReminderStore,
        people: PeopleStore,
        clock: Clock,
        look_again: Callable[[], None],
    ) -> None:
        """``look_again`` wakes the alarm."""
        self._store = store
        self._people = people
        self._clock = clock
        self._look_again = look_again

    async def call(self, turn: Turn, arguments: Mapping[str, Any]) -> ToolOutput:
        match arguments["action"]:
            case "set":
                return await self._set(turn, arguments)
            case "cancel":
                return await self._cancel(turn, arguments)
        own = await self._own(turn)
        return ToolOutput(await asyncio.to_thread(_listed, own) or "There are no reminders.")

    async def _set(self, turn: Turn, arguments: Mapping[str, Any]) -> ToolOutput:
        text = arguments.get("text", "").strip()
        if not text:
            return _wrong("`text` says what to remind of")
        zone = await self._zone(turn, arguments.get("timezone", ""))
        utc = await asyncio.to_thread(ZoneInfo, "UTC")
        if zone is None and "at" in arguments:
            return _wrong("their time zone is not known. Ask where they are, then pass `timezone`")
        try:
            reminder = await asyncio.to_thread(self._planned, turn, text, arguments, zone or utc)
        except ValueError as wrong:
            return _wrong(str(wrong))
        reminder_id = await self._store.add(reminder, MAX_REMINDERS)
        if not reminder_id:
            return _wrong(f"there are {MAX_REMINDERS} reminders already; one must be cancelled")
        self._look_again()
        line = await asyncio.to_thread(_line, replace(reminder, id=reminder_id))
        return ToolOutput(f"Set: {line}", title=f"{self.spec.name}: {line}")

    async def _zone(self, turn: Turn, named: str) -> ZoneInfo | None:
        person = turn.message.sender.key
        zone = await asyncio.to_thread(read_zone, named)
        if zone is not None:
            await self._people.save_timezone(person, zone.key)
            return zone
        known = await self._people.timezone(person)
        return await asyncio.to_thread(read_zone, known)

    def _planned(
        self, turn: Turn, text: str, arguments: Mapping[str, Any], zone: ZoneInfo
    ) -> Reminder:
        """ValueError says to the model what is wrong."""
        message, now = turn.message, self._clock.now()
        begins = _begins(arguments, now, zone)
        if begins < to_local(now, zone) - A_DAY:
            raise ValueError(f"that is past: it is {_clock(now, zone)} there")
        if begins > to_local(now, zone) + FARTHEST:
            raise ValueError("that is too far away: ten years at most")
        rule = ""
        if every := arguments.get("every"):
            rule = write_rule(
                every["unit"], every.get("count", 1), tuple(every.get("weekdays", ())), begins
            )
        due_at = next_after(begins, zone, rule, now)
        if due_at is None:
            raise ValueError(f"that is past: it is {_clock(now, zone)} there")
        if due_at - now > FARTHEST.total_seconds():
            raise ValueError("that is too far away: ten years at most")
        is_replyable = message.origin is Origin.MESSAGE and not message.reply_ref
        return Reminder(
            chat=message.chat,
            sender=message.sender,
            text=text[:MAX_TEXT],
            due_at=due_at,
            begins=begins.isoformat(timespec="seconds"),
            timezone=zone.key,
            rule=rule,
            is_group=message.is_group,
            message_id=message.message_id if is_replyable else "",
        )

    async def _cancel(self, turn: Turn, arguments: Mapping[str, Any]) -> ToolOutput:
        own = await self._own(turn)
        chosen = [one for one in own if one.id == arguments.get("id")]
        if not chosen:
            known = await asyncio.to_thread(_listed, own) or "none"
            return _wrong(f"there is no reminder with this id. There are:\n{known}")
        await self._store.remove([chosen[0].id])
        return ToolOutput(f"Cancelled: {await asyncio.to_thread(_line, chosen[0])}")

    async def _own(self, turn: Turn) -> tuple[Reminder, ...]:
        return await self._store.of_person(turn.message.chat, turn.message.sender.key)


def _begins(arguments: Mapping[str, Any], now: float, zone: ZoneInfo) -> datetime:
    if "in_minutes" in arguments:
        seconds = float(arguments["in_minutes"]) * 60
        if not 0 < seconds <= FARTHEST.total_seconds():
            raise ValueError("that is too far away: ten years at most")
        return to_local(now + seconds, zone).replace(microsecond=0)
    begins = read_local(arguments.get("at", ""))
    if begins is None:
        told = "`at` must be like 2026-11-21T09:00, or give `in_minutes`"
        raise ValueError(f"{told}; it is {_clock(now, zone)}")
    return begins


def _clock(now: float, zone: ZoneInfo) -> str:
    return f"{to_local(now, zone):%A %Y-%m-%dT%H:%M}"


def _listed(reminders: Sequence[Reminder]) -> str:
    return "\n".join(map(_line, reminders))


def _line(reminder: Reminder) -> str:
    zone = read_zone(reminder.timezone) or ZoneInfo("UTC")
    when = f"{to_local(reminder.due_at, zone):%a %Y-%m-%d %H:%M} {reminder.timezone}"
    again = f" ({reminder.rule})" if reminder.rule else ""
    return f"#{reminder.id} {when}{again}: {reminder.text}"


def _wrong(reason: str) -> ToolOutput:
    return ToolOutput(f"Error: {reason}.", is_failed=True)
