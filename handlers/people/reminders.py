"""/reminders and /timezone; and a reminder itself, when it is due."""

import asyncio

from handlers.commands import wrong_arguments
from handlers.errors import NothingToDoError
from handlers.menus import in_rows
from handlers.messages import Button
from handlers.people.alarm import KEY
from handlers.people.schedules import read_zone, to_local
from handlers.ports.reminders import PeopleStore, Reminder, ReminderStore
from handlers.texts import say
from handlers.turn import Turn

MAX_SHOWN = 25
MAX_LINE = 120


class Reminders:
    def __init__(self, store: ReminderStore, people: PeopleStore) -> None:
        self._store = store
        self._people = people

    async def show(self, turn: Turn) -> None:
        """/reminders [forget number|all]: those of this person in this chat."""
        words = turn.message.text.lower().split()
        own = await self._store.of_person(turn.message.chat, turn.message.sender.key)
        if words:
            if words[0] != "forget" or len(words) != 2:  # the word and a number
                raise wrong_arguments("reminders")
            forgotten = _chosen(own, words[1])
            await self._store.remove([one.id for one in forgotten])
            own = tuple(one for one in own if one not in forgotten)
        if not own:
            await turn.reply.menu(say("reminders_none"), ())
            return
        shown = own[:MAX_SHOWN]
        lines = await asyncio.to_thread(lambda: [describe(one) for one in shown])
        buttons = [
            Button(say("button_forget", number=number), f"reminders forget #{one.id}")
            for number, one in enumerate(shown, 1)
        ]
        numbered = [f"{number}. {line}" for number, line in enumerate(lines, 1)]
        await turn.reply.menu("\n".join([say("reminders"), *numbered]), in_rows(buttons))

    async def timezone(self, turn: Turn) -> None:
        """/timezone [Europe/Berlin]: of this person, in all of their chats."""
        person, name = turn.message.sender.key, turn.message.text.strip()
        if name:
            zone = await asyncio.to_thread(read_zone, name)
            if zone is None:
                raise NothingToDoError("timezone_unknown")
            await self._people.save_timezone(person, zone.key)
        known = await self._people.timezone(person)
        line = say("timezone", zone=known) if known else say("timezone_none")
        await turn.reply.line("timezone", line)

    async def remind(self, turn: Turn) -> None:
        """A reminder that is due. Nobody can type it: its key is the alarm's."""
        if not turn.message.key.startswith(KEY):
            raise NothingToDoError("unknown_command")
        await turn.reply.line("reminder", turn.message.text)


def describe(reminder: Reminder) -> str:
    """One line: when, again how often, and what."""
    zone = read_zone(reminder.timezone)
    when = f"{to_local(reminder.due_at, zone):%Y-%m-%d %H:%M}" if zone is not None else "?"
    again = say("reminder_repeats", rule=_often(reminder.rule)) if reminder.rule else ""
    text = " ".join(reminder.text.split())
    text = f"{text[: MAX_LINE - 1]}…" if len(text) > MAX_LINE else text
    return f"{when}{again}: {text}"


def _often(rule: str) -> str:
    told = dict(part.partition("=")[::2] for part in rule.split(";"))
    unit = told["FREQ"].lower()
    count = told.get("INTERVAL", "1")
    words = unit if count == "1" else f"{unit} x {count}"
    return f"{words} {told['BYDAY']}" if "BYDAY" in told else words


def _chosen(own: tuple[Reminder, ...], word: str) -> tuple[Reminder, ...]:
    """Those that ``all``, ``2`` (as they are listed) or ``#17`` (a button's) means."""
    if word == "all":
        return own
    digits = word.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):  # 64 bits
        raise wrong_arguments("reminders")
    if word.startswith("#"):
        return tuple(one for one in own if one.id == int(digits))
    if not 1 <= int(digits) <= len(own):
        raise NothingToDoError("reminder_gone")
    return (own[int(digits) - 1],)
