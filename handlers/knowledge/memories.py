"""/remember and /memories: facts that people want kept about them, to see, change and erase."""

from collections.abc import Sequence

from handlers.commands import is_number, wrong_arguments
from handlers.errors import NothingToDoError
from handlers.knowledge.facts import MAX_FACT, MAX_FACTS, Facts, Kept
from handlers.menus import in_rows
from handlers.messages import Button, ButtonRows, Origin
from handlers.ports.stores import Fact
from handlers.texts import say
from handlers.turn import Turn

MAX_PAGE = 10
MAX_PAGE_CHARACTERS = 1_500
PER_ROW = 5
FAILED = (Kept.FULL, Kept.TOO_LONG)


class Memories:
    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    async def remember(self, turn: Turn) -> None:
        """/remember fact, or as a reply to what says it."""
        message = turn.message
        text = message.text.strip()
        if not text and message.quoted is not None:
            text = message.quoted.text.strip()
        if not text:
            raise wrong_arguments("remember")
        await self._tell(turn, await self._facts.keep(message, text))

    async def memories(self, turn: Turn) -> None:
        """/memories [change number text|forget number|all], and the buttons of the list."""
        if turn.message.origin is Origin.BUTTON:
            await self._press(turn, turn.message.text.split())
            return
        # People put a new line where they could put a blank.
        action, number, text = [*turn.message.text.split(maxsplit=2), "", "", ""][:3]
        match action.lower():
            case "":
                await self._show(turn)
            case "change" if number and text.strip():
                fact = await self._numbered(turn, number)
                await self._tell(turn, await self._facts.change(turn.message, fact, text))
            case "forget" if number.lower() == "all" and not text:
                await self._forget_all(turn)
            case "forget" if number and not text:
                fact = await self._numbered(turn, number)
                await self._facts.forget(turn.message, fact.id)
                await turn.reply.line("memories", say("fact_forgotten"))
            case _:
                raise wrong_arguments("memories")

    async def _tell(self, turn: Turn, kept: Kept) -> None:
        values = {"count": MAX_FACTS, "characters": MAX_FACT}
        where = say("fact_place_group" if turn.message.is_group else "fact_place_private")
        line = say(kept, **values)
        await turn.reply.line("remember", f"{line} {where}" if kept is Kept.YES else line)

    async def _numbered(self, turn: Turn, number: str) -> Fact:
        facts = await self._facts.of(turn.message)
        if not is_number(number) or not 1 <= int(number) <= len(facts):
            raise NothingToDoError("fact_unknown")
        return facts[int(number) - 1]

    async def _forget_all(self, turn: Turn) -> None:
        facts = await self._facts.of(turn.message)
        if not facts:
            raise NothingToDoError("facts_none")
        await self._facts.forget(turn.message, *(fact.id for fact in facts))
        await turn.reply.line("memories", say("facts_forgotten"))

    # ------------------------------------------------------------ the list and its buttons

    async def _press(self, turn: Turn, words: Sequence[str]) -> None:
        """Each button names whose list it stands under: in a group others may press it too."""
        *action, owner = words or [""]
        if owner != turn.message.sender.id:
            raise NothingToDoError("facts_of_another")
        match action:
            case ["page", number] if is_number(number):
                await self._show(turn, int(number))
            case ["erase", number, page] if is_number(number) and is_number(page):
                await self._facts.forget(turn.message, int(number))
                await self._show(turn, int(page))
            case ["clear"]:
                count = len(await self._facts.of(turn.message))
                yes = Button(say("button_forget_all"), f"memories all {owner}")
                no = Button(say("button_keep"), f"memories page 0 {owner}")
                await turn.reply.menu(say("facts_sure", count=count), ((yes, no),))
            case ["all"]:
                facts = await self._facts.of(turn.message)
                await self._facts.forget(turn.message, *(fact.id for fact in facts))
                await turn.reply.menu(say("facts_forgotten"), ())
            case _:
                raise wrong_arguments("memories")

    async def _show(self, turn: Turn, page: int = 0) -> None:
        facts = await self._facts.of(turn.message)
        if not facts:
            await turn.reply.menu(say("facts_none"), ())
            return
        pages = _pages(facts)
        page = min(page, len(pages) - 1)
        first = 1 + sum(len(one) for one in pages[:page])
        where = say("facts_group" if turn.message.is_group else "facts_private")
        lines = [f"{number}. {fact.text}" for number, fact in enumerate(pages[page], first)]
        buttons = _buttons(pages, page, first, turn.message.sender.id)
        await turn.reply.menu("\n".join([where, *lines, "", say("facts_how")]), buttons)


def _pages(facts: Sequence[Fact]) -> list[list[Fact]]:
    pages: list[list[Fact]] = []
    room = 0
    for fact in facts:
        if len(fact.text) > room or len(pages[-1]) == MAX_PAGE:
            pages.append([])
            room = MAX_PAGE_CHARACTERS
        pages[-1].append(fact)
        room -= len(fact.text)
    return pages


def _buttons(pages: Sequence[Sequence[Fact]], page: int, first: int, owner: str) -> ButtonRows:
    erase = [
        Button(say("button_erase", number=number), f"memories erase {fact.id} {page} {owner}")
        for number, fact in enumerate(pages[page], first)
    ]
    turns = [
        Button(say(label), f"memories page {to} {owner}")
        for label, to in (("button_previous", page - 1), ("button_next", page + 1))
        if 0 <= to < len(pages)
    ]
    last = (*turns, Button(say("button_erase_all"), f"memories clear {owner}"))
    return (*in_rows(erase, PER_ROW), last)
